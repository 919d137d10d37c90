"""What is rendered in advance is what a conversation asks the voice for."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.door import FakeDoor
from voi.config.config import Config
from voi.config.load import load_config
from voi.config.settings import load_settings
from voi.core.facts import Fact
from voi.engines.base import VoiceSpec
from voi.engines.info import TtsInfo
from voi.engines.registry import tts_info
from voi.engines.tts.adapter import TtsAdapter
from voi.session.line import Line
from voi.session.phrases import fixed_pieces
from voi.session.playback import Playback
from voi.session.reply_voice import Piece, ReplyVoice
from voi.session.reply_writer import ReplyWriter
from voi.text.language import Spoken

AGENTS: dict[str, Any] = {
    "ada": {
        "llm_model": "echo",
        "control_agent": "guard",
        "voices": {"character": {"model": "v", "voice": "a", "speed": 1.2}, "narrator": {"model": "w"}},
        "greetings": {
            "choices": [
                "*A door creaks.* Hello, my dear friend! It costs $5.",
                {"content": "I have a file.", "file": "hello.wav"},
            ],
            "voice_tone": "warm",
        },
        "idle_reminder": {"after_s": 5, "choices": ["Still there?"]},
        "language": "en-GB",
    },
    "guard": {"model": "pattern_matching", "denial_phrases": ["as an AI"], "giveup_response": ["No. Never mind."]},
    "toned": {
        "llm_model": "echo",
        "control_agent": "guard",
        "voices": {"character": {"model": "v"}},
        "system_prompt": "Be kind. {character_agent_message_format_voice_tone}",
        "apology": ["Oops.", "Sorry."],
    },
    "mute": {"llm_model": "echo"},
}


@pytest.fixture
def config(tmp_path: Path) -> Config:
    (tmp_path / "hello.wav").write_bytes(b"")
    (tmp_path / "agents.json").write_text(json.dumps(AGENTS))
    models = {"v": {"engine": "espeak", "voice_tone_map": {"warm": "en-gb"}}, "w": {"engine": "espeak"}}
    (tmp_path / "tts_models.json").write_text(json.dumps(models))
    return load_config(
        load_settings(
            agents_file=tmp_path / "agents.json", tts_models_file=tmp_path / "tts_models.json", greetings_dir=tmp_path
        ),
        tts_info,
    )


def test_every_phrase_without_a_file(config: Config) -> None:
    found = [(piece.model, piece.text, piece.voice) for piece in fixed_pieces(config.agents["ada"], config)]
    assert ("w", "A door creaks.", VoiceSpec(None, "warm", 1.0, "en-GB", "narrator")) in found
    texts = [text for _, text, _ in found]
    assert "It costs five dollars." in " ".join(texts)
    assert "Still there?" in texts
    assert "No." in " ".join(texts)
    assert not any("file" in text for text in texts)
    assert any(text.startswith("Sorry, I lost my thread") for text in texts)  # the default apology, where none is set


def test_the_default_apology_of_another_language(config: Config) -> None:
    french = config.agents["ada"].model_copy(update={"language": "fr"})
    said = [(piece.text, piece.voice.language) for piece in fixed_pieces(french, config)]
    assert ("Pardon, j'ai perdu le fil un instant.", "fr") in said


def test_give_ups_in_every_tone_of_a_reply(config: Config) -> None:
    pieces = list(fixed_pieces(config.agents["toned"], config))
    assert {piece.voice.tone for piece in pieces if piece.text.startswith("No.")} == {"neutral", "warm"}
    assert {"Oops.", "Sorry."} <= {piece.text for piece in pieces}


def test_an_agent_that_only_writes_has_none(config: Config) -> None:
    assert list(fixed_pieces(config.agents["mute"], config)) == []


class Recorder:
    """A voice that keeps what it is asked for."""

    info = TtsInfo("recorder", voices=("a",), tones=("neutral", "warm"))

    def __init__(self, model: str, asked: list[tuple[str, str, VoiceSpec]]) -> None:
        self._model, self._asked = model, asked

    async def warm_up(self) -> None: ...
    async def close(self) -> None: ...

    async def stream(self, text: str, voice: VoiceSpec) -> AsyncIterator[bytes]:
        self._asked.append((self._model, text, voice))
        yield bytes(480)


async def test_a_greeting_asks_the_voice_for_just_these(config: Config) -> None:
    """The session's own way from a phrase to the voice, beside ours."""
    agent = config.agents["ada"]
    asked: list[tuple[str, str, VoiceSpec]] = []
    facts: list[Fact] = []
    speaker = Playback(Line(FakeDoor()), facts.append, asyncio.get_running_loop().time, paced=False)
    tts: Any = {name: TtsAdapter(Recorder(name, asked)) for name in config.tts_models}
    phrase = agent.greeting_phrases()[0]
    speaker.open(1)
    voice = ReplyVoice(1, agent, tts, speaker, 24_000, facts.append, lambda _: None, Spoken(agent.language))
    llm: Any = None
    writer = ReplyWriter(1, agent, None, llm, voice, speaker, facts.append, lambda _: None)
    async with asyncio.timeout(60):
        await asyncio.gather(writer.say(phrase.text, phrase.tone, None, None, 24_000), voice.speak())
    ours = [(piece.model, piece.text, piece.voice) for piece in fixed_pieces(agent, config)]
    assert asked == ours[: len(asked)]
    assert len(asked) >= 2


async def test_a_voice_without_a_language_speaks_each_sentence_in_its_own(config: Config) -> None:
    """Numbers too are read in the language of their sentence, and what does not tell it keeps the one before."""
    pytest.importorskip("py3langid")
    agent = config.agents["ada"].model_copy(update={"language": "auto"})
    asked: list[tuple[str, str, VoiceSpec]] = []
    speaker = Playback(Line(FakeDoor()), lambda _: None, asyncio.get_running_loop().time, paced=False)
    tts: Any = {name: TtsAdapter(Recorder(name, asked)) for name in config.tts_models}
    speaker.open(1)
    voice = ReplyVoice(1, agent, tts, speaker, 24_000, lambda _: None, lambda _: None, Spoken("auto", "en"))
    said = ["OK.", "Es gibt hier noch 2 Zimmer.", "OK, 3.", "Il nous reste encore 2 chambres."]
    for number, text in enumerate(said):
        await voice.put(Piece(number, text, "character", "neutral"))
    await voice.end()
    async with asyncio.timeout(60):
        await voice.speak()
    assert [(text, spec.language) for _, text, spec in asked] == [
        ("okay.", "en"), ("Es gibt hier noch zwei Zimmer.", "de"), ("OK, drei.", "de"),
        ("Il nous reste encore deux chambres.", "fr"),
    ]  # fmt: skip
