"""The agent's ear for somebody beside the conversation, whose words are in no dialogue."""

from collections.abc import Callable

from voi.audio.resample import Resampler
from voi.config.agents import Agent
from voi.engines.base import STT_RATE_HZ, Stt, SttOptions, Vad
from voi.engines.stt.utterances import Pauses, UtteranceCutter
from voi.text.language import AUTO
from voi.use import Use

PAUSES = Pauses(pause_ms=600, long_ms=4_000, longest_ms=15_000)
"""A short answer is expected."""


class EarBeside:
    """Hears s16le mono at `rate_hz`. `on_use` is told what was used. Close it in any case."""

    def __init__(self, stt: Stt, vad: Vad, agent: Agent, rate_hz: int, on_use: Callable[[Use], None]) -> None:
        language = None if agent.language == AUTO else agent.language
        self._cutter = UtteranceCutter(
            stt, vad, SttOptions(language, agent.stt.prompt, tuple(agent.stt.hot_words)), pauses=PAUSES
        )
        self._resampler = Resampler(rate_hz, STT_RATE_HZ) if rate_hz != STT_RATE_HZ else None
        self._name, self._model = stt.info.name, agent.engines.stt or stt.info.name
        self._on_use = on_use

    async def hear(self, pcm: bytes) -> list[str]:
        """Take sound; returns the utterances that are over now. Raises EngineError."""
        if self._resampler is not None:
            pcm = self._resampler.push(pcm)
        over = await self._cutter.push(pcm)
        for each in over:
            self._on_use(Use("stt", self._name, self._model, sound_ms=round((each.end_s - each.start_s) * 1_000)))
        return [each.text for each in over]

    def close(self) -> None:
        """Release what it holds of the engines."""
        self._cutter.close()
