"""Voices by name: an agent's own, or MODEL/VOICE."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from voi.config.config import Config, VoiceUse
from voi.config.voice_names import known_as
from voi.engines.base import Tts, VoiceSpec
from voi.engines.wanting import unspeakable
from voi.errors import ClientError
from voi.session.read_aloud import chosen_voice
from voi.session.speaker import Speaker
from voi.text.language import AUTO
from voi.transports.wyoming.asked import VoiceAsked


@dataclass(frozen=True, slots=True)
class NamedVoice:
    """`model`: its name in tts_models.json."""

    name: str
    description: str
    model: str
    languages: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class WyomingVoices:
    """The voices of a server. `agents`: in their order, the usual one first."""

    config: Config
    tts: Mapping[str, Tts]
    agents: Sequence[str]

    def all(self) -> Iterator[NamedVoice]:
        """Every voice, the usual one first."""
        for name in self.agents:
            agent = self.config.finished(self.config.agents[name])
            if agent.voices is not None and agent.voices.character.model in self.tts:
                model = agent.voices.character.model
                languages = (agent.language,) if agent.language and agent.language != AUTO else self.languages(model)
                yield NamedVoice(name, agent.title or name, model, languages)
        for model, engine in self.tts.items():
            for voice in engine.info.voices:
                yield NamedVoice(f"{model}/{voice}", f"{voice} ({model})", model, self.languages(model))

    def languages(self, model: str) -> tuple[str, ...]:
        """The languages that the model is known to speak: what its engine says, or what its author configured."""
        if known := self.tts[model].info.languages:
            return known
        configured = self.config.tts_models.get(model)
        language = (configured.language if configured else None) or self.config.language
        return (language,) if language != AUTO else ("en",)

    def speaker(self, wish: VoiceAsked | None) -> Speaker:
        """The voice that is asked for; without a name, the first that speaks the language. Raises ClientError."""
        name, language = (wish.name, wish.language) if wish else (None, None)
        if not name:
            problems: list[str] = []
            for voice in self.all():
                speaker = self._named(voice.name, language)
                if not (problems := self._problems(speaker)):
                    return speaker
            raise ClientError("\n".join(problems) or "No voice runs on this server.")
        speaker = self._named(name, language)
        if problems := self._problems(speaker):
            raise ClientError("\n".join(problems))
        return speaker

    def _named(self, name: str, language: str | None) -> Speaker:
        agent = self.config.agents.get(name)
        if agent is not None and agent.voices is not None and agent.voices.character.model in self.tts:
            choice = agent.voices.character
            spec = VoiceSpec(choice.voice, "neutral", choice.speed, language or agent.language, "character")
            return Speaker(choice.model, self.tts[choice.model], spec)
        model, _, voice = name.partition("/")
        engine = self.tts.get(model)
        known = known_as(voice, engine.info.voices) if engine else None
        if engine is None or known is None:
            raise ClientError(f"There is no voice {name!r}: `describe` lists them.")
        return Speaker(model, engine, chosen_voice(known, "neutral", 1.0, language, engine.info.tone_voices))

    def _problems(self, speaker: Speaker) -> list[str]:
        spec = replace(speaker.spec)
        use = VoiceUse("the speech", speaker.model, spec.voice, (), spec.language)
        return unspeakable([use], {speaker.model: speaker.engine})
