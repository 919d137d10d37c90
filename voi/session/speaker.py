"""Who reads a text aloud outside of any conversation."""

from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing
from dataclasses import dataclass

from voi.audio.pcm import bytes_to_ms
from voi.config.config import Config
from voi.engines.base import Tts, VoiceSpec
from voi.session.read_aloud import read_aloud
from voi.text.language import Spoken
from voi.use import Use


@dataclass(frozen=True, slots=True)
class Speaker:
    """A running model, by its name in tts_models.json, and the voice."""

    model: str
    engine: Tts
    spec: VoiceSpec

    async def speech(
        self, text: AsyncIterator[str], config: Config, on_use: Callable[[Use], None]
    ) -> AsyncGenerator[bytes, None]:
        """The text as PCM (s16le mono) at the engine's rate, while it arrives. `on_use` is told what was used. Raises
        ClientError for a text without any word, EngineError."""
        info = self.engine.info
        configured = config.tts_models.get(self.model)

        def on_spoken(characters: int, sound_bytes: int) -> None:
            sound_ms = bytes_to_ms(sound_bytes, info.sample_rate_hz)
            on_use(Use("tts", info.name, self.model, sound_ms=sound_ms, characters=characters))

        language = self.spec.language or (configured.language if configured else None)
        spoken = Spoken(language, config.language)
        async with aclosing(read_aloud(text, self.engine, self.spec, spoken, on_spoken)) as speech:
            async for pcm in speech:
                yield pcm
