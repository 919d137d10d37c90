"""An agent's fixed phrases, exactly as the TTS will be asked for them, so that their sound can be made in advance."""

from collections.abc import Iterator
from dataclasses import dataclass

from voi.config.agents import Agent
from voi.config.config import Config
from voi.core.reply_parser import ReplyParser
from voi.dialogue import Phrase, ReplySegment
from voi.engines.base import VoiceSpec
from voi.session.chunker import Chunker
from voi.text.language import Spoken
from voi.text.speakable import has_speech, speakable


@dataclass(frozen=True, slots=True)
class FixedPiece:
    """One piece of a phrase. `model`: name in tts_models.json; `text`: speakable."""

    model: str
    text: str
    voice: VoiceSpec


def fixed_pieces(agent: Agent, config: Config) -> Iterator[FixedPiece]:
    """The pieces of all greetings, reminders, apologies, welcomes, goodbyes and late phrases without a sound file. The
    phrases that replace a denied reply are included in every tone that a reply may have."""
    spoken = [*agent.greeting_phrases()]
    spoken += agent.idle_reminder.spoken() if agent.idle_reminder else ()
    if agent.apology is not None:
        spoken += agent.apology.spoken()
    elif (apology := agent.apology_phrase()) is not None:
        spoken.append(apology)
    spoken += agent.welcome_phrases()
    spoken += agent.goodbye_phrases()
    spoken += agent.late_phrase.spoken() if agent.late_phrase else ()
    for phrase in spoken:
        if phrase.file is None:
            yield from _pieces(agent, config, _segments(agent, phrase))
    control = config.control_of(agent)
    tones = config.tones_of(agent) if agent.speaks_json else ("neutral",)
    for response in control.giveup_response if control else ():
        for tone in tones:
            yield from _pieces(agent, config, [ReplySegment(response, "character", tone)])


def _segments(agent: Agent, phrase: Phrase) -> list[ReplySegment]:
    parser = ReplyParser(False, narrated="narrator" in agent.voices_by_role())
    return [ReplySegment(part.text, part.voice, phrase.tone) for part in parser.feed(phrase.text) + parser.close()]


def _pieces(agent: Agent, config: Config, segments: list[ReplySegment]) -> Iterator[FixedPiece]:
    spoken = Spoken(agent.language, config.language)
    cut, choices = Chunker(language=spoken.now), agent.voices_by_role()
    for piece in cut.feed(segments) + cut.close():
        choice = choices.get(piece.voice)
        text = speakable(piece.text.strip(), language := spoken.of(piece.text)).strip()
        if choice is not None and has_speech(piece.text) and text:
            yield FixedPiece(
                choice.model, text, VoiceSpec(choice.voice, piece.tone, choice.speed, language, piece.voice)
            )
