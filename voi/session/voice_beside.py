"""The agent's voice for words beside the conversation, which are in no dialogue and on no playback clock."""

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from contextlib import aclosing

from voi.audio.resample import Resampler
from voi.config.agents import Agent
from voi.config.config import Config
from voi.engines.base import Tts, VoiceSpec
from voi.errors import ClientError
from voi.session.speaker import Speaker
from voi.use import Use


async def spoken_beside(
    text: str, agent: Agent, config: Config, tts: Mapping[str, Tts], rate_hz: int, on_use: Callable[[Use], None]
) -> AsyncGenerator[bytes, None]:
    """The text as PCM (s16le mono) at that rate, in the agent's own voice, while it is made. Raises ClientError if the
    agent has no voice, or the text no word; EngineError."""
    choice = agent.voices.character if agent.voices is not None else None
    engine = tts.get(choice.model) if choice is not None else None
    if choice is None or engine is None:
        raise ClientError("The agent has no voice.")
    spec = VoiceSpec(choice.voice, "neutral", choice.speed, agent.language, "character")
    resampler = Resampler(engine.info.sample_rate_hz, rate_hz)
    async with aclosing(Speaker(choice.model, engine, spec).speech(_once(text), config, on_use)) as speech:
        async for pcm in speech:
            if sound := resampler.push(pcm):
                yield sound
    if sound := resampler.flush():
        yield sound


async def _once(text: str) -> AsyncIterator[str]:
    yield text
