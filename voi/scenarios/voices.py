"""Voices that read words to a sound: of the person with `--voice`, of both sides in a comparison of drafts."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from voi.audio.resample import resample
from voi.config.config import Config
from voi.config.problems import did_you_mean
from voi.config.settings import Settings
from voi.engines import registry
from voi.engines.base import Tts, VoiceSpec
from voi.engines.device import engine_options
from voi.engines.tts.adapter import TtsAdapter, just
from voi.errors import ConfigError
from voi.session.read_aloud import read_aloud
from voi.text.language import Spoken

DEFAULT_ENGINES = ("hibari", "espeak")
"""Who speaks for the person where nobody is named: the first that is installed. Ears understand hibari better."""
RATE_HZ = 16_000


class PersonsVoice:
    """The voice of the person. Sounds are made once."""

    def __init__(self, tts: Tts, voice: str | None, language: str) -> None:
        self._tts = tts
        self._voice = voice
        self._language = language
        self._made: dict[str, bytes] = {}

    async def sound(self, text: str) -> bytes:
        """The text, spoken: s16le mono at 16 kHz. Raises EngineError, ClientError."""
        if text not in self._made:
            self._made[text] = await spoken(self._tts, text, VoiceSpec(self._voice), self._language)
        return self._made[text]


async def spoken(tts: Tts, text: str, spec: VoiceSpec, language: str, rate_hz: int = RATE_HZ) -> bytes:
    """The text as sound at that rate. Raises EngineError, ClientError."""
    parts = [pcm async for pcm in read_aloud(just(text), tts, spec, Spoken(spec.language, language))]
    return resample(b"".join(parts), tts.info.sample_rate_hz, rate_hz)


@asynccontextmanager
async def persons_voice(
    named: str | None, config: Config, settings: Settings, running: Mapping[str, Tts]
) -> AsyncIterator[PersonsVoice]:
    """The voice `MODEL` or `MODEL/VOICE`; without a name, one that is installed. `running`: models that run already.
    Raises ConfigError, EngineError."""
    usual = next((name for name in DEFAULT_ENGINES if registry.tts_info(name) is not None), DEFAULT_ENGINES[-1])
    model, _, voice = (named or usual).partition("/")
    if model in running:
        yield PersonsVoice(running[model], voice or None, config.language)
        return
    if model not in registry.names("tts"):
        known = (*running, *registry.names("tts"))
        raise ConfigError(f"persons_voice: there is no model and no engine {model!r}{did_you_mean(model, known)}")
    factory = registry.find("tts", model)
    options = engine_options(factory, settings.models_dir, settings.device, {})
    engine = registry.build(factory, "tts", model, options)
    try:
        await engine.warm_up()
        yield PersonsVoice(TtsAdapter(engine), voice or None, config.language)
    finally:
        await engine.close()
