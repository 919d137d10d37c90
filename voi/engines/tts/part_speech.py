"""Shared by the neural voices that compute a sentence at a time: manners of speaking, and the stream of sound and words
of a text that is spoken in parts."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace

from voi.dialogue import SpokenWord
from voi.engines.tts.espeak import PAUSE_AFTER_MS, parts, plain
from voi.errors import ConfigError, EngineError

TEXT_MAX_CHARACTERS = 10_000
PART_CHARACTERS = 150
"""About eight seconds of speech, the most that one caller computes before the next one's turn."""
PART_DEADLINE_S = 10.0
CHUNK_MS = 200


@dataclass(frozen=True, slots=True)
class Manner:
    """How a text is spoken: factors for speed, pitch and pitch movement, and a gain in decibels."""

    speed: float = 1.0
    pitch: float = 1.0
    movement: float = 1.0
    gain_db: float = 0.0


@dataclass(frozen=True, slots=True)
class SpokenPart:
    """`pcm`: s16le mono. `words`: all words of the text, or none when their times cannot be found."""

    pcm: bytes
    words: tuple[SpokenWord, ...]


SPEED_MIN, SPEED_MAX = 0.3, 3.0
LIMITS = {"speed": (0.5, 2.0), "pitch": (0.5, 2.0), "movement": (0.0, 3.0), "gain_db": (-20.0, 6.0)}


def manner_of(wish: object, usual: Manner, settings: Sequence[str] = tuple(LIMITS)) -> Manner:
    """The manner for an entry of `voice_tone_map`, which may have these settings. Raises ValueError or TypeError."""
    if not isinstance(wish, Mapping):
        raise TypeError(f"must be an object with {', '.join(settings)}.")
    if unknown := sorted(set(wish) - set(settings)):
        raise ValueError(f"does not know {', '.join(map(str, unknown))}; there are {', '.join(settings)}.")
    for name, (least, most) in LIMITS.items():
        if not least <= float(wish.get(name, 1)) <= most:
            raise ValueError(f"{name} must be {least:g} to {most:g}.")
    return replace(usual, **{name: float(value) for name, value in wish.items()})


def manners(
    engine: str,
    tones: Mapping[str, Manner],
    wishes: Mapping[str, object] | None,
    speed: float,
    settings: Sequence[str] = tuple(LIMITS),
) -> dict[str, Manner]:
    """The engine's tones with those of its `voice_tone_map`. Raises ConfigError with the mistakes in that and in the
    option `speed`."""
    found, problems = dict(tones), []
    for tone, wish in (wishes or {}).items():
        try:
            found[tone] = manner_of(wish, tones.get(tone, tones["neutral"]), settings)
        except (TypeError, ValueError) as error:
            problems.append(f"{engine}: `voice_tone_map`, tone {tone!r}: {error}")
    if not SPEED_MIN <= speed <= SPEED_MAX:
        problems.append(f"{engine}: `speed` must be {SPEED_MIN} to {SPEED_MAX}, not {speed}.")
    if problems:
        raise ConfigError(problems)
    return found


async def spoken(
    text: str, rate_hz: int, speak: Callable[[str], Awaitable[SpokenPart]], part_characters: int = PART_CHARACTERS
) -> AsyncGenerator[bytes | SpokenWord, None]:
    """Sound in chunks of 200 ms, and the words of each part before its sound. The next part is asked for only when the
    last was taken, so that callers take turns. Raises EngineError for a text that is too long."""
    if len(text) > TEXT_MAX_CHARACTERS:
        raise EngineError(f"A text of {len(text)} characters is too long to speak; {TEXT_MAX_CHARACTERS} at most.")
    chunk_bytes = rate_hz * CHUNK_MS // 1_000 * 2
    at_ms = 0
    for part in parts(plain(text), part_characters):
        sound = await speak(part)
        for word in sound.words:
            yield replace(word, start_ms=at_ms + word.start_ms, end_ms=at_ms + word.end_ms)
        pause_ms = PAUSE_AFTER_MS.get(part.rstrip("\"')]”’»* ")[-1:], 0)
        pcm = sound.pcm + bytes(pause_ms * rate_hz // 1_000 * 2)
        for start in range(0, len(pcm), chunk_bytes):
            yield pcm[start : start + chunk_bytes]
        at_ms += len(pcm) * 1_000 // (rate_hz * 2)


async def on_thread(engine: str, threads: Executor, work: Callable[[], SpokenPart]) -> SpokenPart:
    """Compute one part off the event loop. Raises EngineError, retryable, when that fails or takes too long."""
    job = asyncio.get_running_loop().run_in_executor(threads, work)
    try:
        async with asyncio.timeout(PART_DEADLINE_S):
            return await job
    except TimeoutError:
        raise EngineError(f"{engine} is too slow: too much is being spoken.", retryable=True) from None
    except EngineError:
        raise
    except Exception as error:
        raise EngineError(f"{engine} failed ({type(error).__name__}).", retryable=True) from error
