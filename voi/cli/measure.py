"""What `voi bench` measures, one engine at a time, with nothing else running."""

import asyncio
import statistics
import time
from collections.abc import Callable
from contextlib import aclosing
from dataclasses import dataclass

from voi.audio.pcm import SAMPLE_BYTES, rms_dbfs
from voi.dialogue import Message
from voi.engines.base import (
    STT_RATE_HZ,
    Llm,
    LlmRequest,
    SentenceTts,
    Stt,
    SttOptions,
    TextDelta,
    TurnDetector,
    Vad,
    VoiceSpec,
)
from voi.engines.tts.adapter import sound_of
from voi.errors import ClientError, EngineError

SENTENCE = "Good morning! I would like to book a table for two, tomorrow at seven, if that is possible."
VAD_WINDOWS = 2_000
QUIET_DBFS = -45
TURN_BYTES = 8 * STT_RATE_HZ * SAMPLE_BYTES
Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Measured:
    """Measured values of one figure, in `unit`. `meaning`: what the median implies."""

    engine: str
    what: str
    unit: str
    values: list[float]
    meaning: str = ""

    @property
    def median(self) -> float:
        return statistics.median(self.values)


async def speech(tts: SentenceTts) -> bytes:
    """SENTENCE as 16 kHz sound."""
    from voi.audio.resample import resample

    pcm = b"".join([chunk async for chunk in sound_of(tts, SENTENCE, VoiceSpec())])
    return resample(pcm, tts.info.sample_rate_hz, STT_RATE_HZ)


def measure_vad(vad: Vad, pcm: bytes) -> list[Measured]:
    """Time of one window's inference, inline as in a call."""
    windows = _windows(vad, pcm)
    stream = vad.open()
    took_us = []
    for index in range(VAD_WINDOWS):
        began_ns = time.perf_counter_ns()
        stream.probability(windows[index % len(windows)])
        took_us.append((time.perf_counter_ns() - began_ns) / 1_000)
    stream.close()
    windows_per_s = STT_RATE_HZ / vad.info.window_samples
    callers = int(1e6 / (statistics.median(took_us) * windows_per_s))
    what = f"one window of {1_000 / windows_per_s:.0f} ms"
    return [Measured(f"VAD {vad.info.name}", what, "µs", took_us, f"{callers:,} callers a core, if that were all")]


async def measure_stt(stt: Stt, vad: Vad, pcm: bytes, rounds: int, live_rounds: int, on: Progress) -> list[Measured]:
    """Times of transcribing the whole recording at once, and of the final text after speech in real time."""
    # By level, because VADs are unsure about synthetic voices.
    windows = [(window, rms_dbfs(window) > QUIET_DBFS) for window in _windows(vad, pcm)]
    while windows and not windows[-1][1]:
        windows.pop()  # in the silence after the speech, the text would be ready before `flush` asks for it
    if not windows:
        raise ClientError("There is no speech in the recording, only silence.")
    window_s = vad.info.window_samples / STT_RATE_HZ
    factors, finals_ms = [], []
    for number in range(rounds):
        on(f"STT {stt.info.name}: {number + 1} of {rounds}")
        factors.append(await _final_s(stt, windows, 0) / (len(windows) * window_s))
    for number in range(live_rounds):
        on(f"STT {stt.info.name}, in real time ({len(windows) * window_s:.0f} s): {number + 1} of {live_rounds}")
        finals_ms.append(await _final_s(stt, windows, window_s) * 1_000)
    speech = f"of {len(windows) * window_s:.1f} s of speech"
    return [
        Measured(f"STT {stt.info.name}", "real-time factor, whole", "×", factors, speech),
        Measured(f"STT {stt.info.name}", "final text after the last word", "ms", finals_ms, "fed in real time"),
    ]


async def _final_s(stt: Stt, windows: list[tuple[bytes, bool]], window_s: float) -> float:
    stream = stt.open(SttOptions(), lambda _: None)
    try:
        began_s = time.perf_counter()
        for index, (window, voiced) in enumerate(windows):
            await asyncio.sleep(max(0.0, began_s + index * window_s - time.perf_counter()) if window_s else 0)
            stream.feed(window, speech=voiced)
        fed_s = time.perf_counter()
        await stream.flush()
        # Even if all sound is fed at once, work may begin while it is being fed.
        return time.perf_counter() - (fed_s if window_s else began_s)
    finally:
        stream.close()


async def measure_tts(label: str, tts: SentenceTts, rounds: int, on: Progress) -> list[Measured]:
    """Time to the first sound in ms, and the real-time factor (seconds of work for a second of speech), for each of
    `rounds` sentences. `on` gets a line of progress. Raises EngineError."""
    firsts_ms, factors = [], []
    for number in range(rounds):
        on(f"TTS {label}: {number + 1} of {rounds}")
        began_s = time.perf_counter()
        n_bytes = 0
        async for chunk in sound_of(tts, SENTENCE, VoiceSpec()):
            if not n_bytes:
                firsts_ms.append((time.perf_counter() - began_s) * 1_000)
            n_bytes += len(chunk)
        if not n_bytes:
            raise EngineError(f"TTS {label} made no sound.")
        factors.append((time.perf_counter() - began_s) / (n_bytes / SAMPLE_BYTES / tts.info.sample_rate_hz))
    meaning = f"speaks {1 / statistics.median(factors):,.0f} times faster than life"
    return [
        Measured(f"TTS {label}", "first sound", "ms", firsts_ms),
        Measured(f"TTS {label}", "real-time factor", "×", factors, meaning),
    ]


async def measure_turn(turn: TurnDetector, pcm: bytes, rounds: int, on: Progress) -> list[Measured]:
    """Times so many judgements on the end of `pcm` (16 kHz s16le), one after the other. Raises EngineError."""
    took_ms = []
    for number in range(rounds):
        on(f"Turn detection {turn.info.name}: {number + 1} of {rounds}")
        began_s = time.perf_counter()
        await turn.probability(pcm[-TURN_BYTES:])
        took_ms.append((time.perf_counter() - began_s) * 1_000)
    return [Measured(f"turn {turn.info.name}", "one judgement", "ms", took_ms)]


async def measure_llm(llm: Llm, model: str, rounds: int, on: Progress) -> list[Measured]:
    """Time to the first token in ms, over `rounds` short answers. `on` gets a line of progress. Raises EngineError."""
    request = LlmRequest(model, (Message("user", SENTENCE),), max_tokens=60)
    firsts_ms = []
    for number in range(rounds):
        on(f"LLM {model}: {number + 1} of {rounds}")
        began_s = time.perf_counter()
        stream = llm.stream(request)
        async with aclosing(stream):  # type: ignore[type-var]
            async for event in stream:
                if not isinstance(event, TextDelta):
                    continue
                firsts_ms.append((time.perf_counter() - began_s) * 1_000)
                break
            else:
                raise EngineError(f"LLM model {model} answered nothing.")
    return [Measured(f"LLM {model}", "first text", "ms", firsts_ms)]


def _windows(vad: Vad, pcm: bytes) -> list[bytes]:
    size = vad.info.window_samples * SAMPLE_BYTES
    return [pcm[start : start + size] for start in range(0, len(pcm) - size + 1, size)]
