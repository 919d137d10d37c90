"""CPU time of a turn, stage by stage, in one process and in virtual time: what a busy machine disturbs least.

PYTHONPATH=.:bench python bench/turn_cpu.py [--turns 60] [--repeats 5] [--profile FILE]

A whole session talks with fake engines; nothing waits in real time. The figures are of this process alone:

- frame: 20 ms of the person's sound, while they speak and while nobody does;
- final → request: from the transcript to the LLM's request;
- token → voice: from the token that ends the first sentence to the TTS's request;
- sound → door: from the TTS's first chunk to the door's first sound;
- all: CPU time for each second of conversation.

A stage's figure is the median of the turns in the best of the repeats. PYTHONPATH chooses the version of Voi: a
checkout with its tests, whose fakes talk here.
"""

import argparse
import asyncio
import cProfile
import gc
import statistics
import time
from collections.abc import AsyncIterator
from typing import Any

from tests.fakes import call as calls
from tests.fakes.clock import VirtualLoop
from tests.fakes.engines import FakeLlm, FakeStt, FakeTts, FakeVad
from voi.engines import base
from voi.engines.base import Transcript

from common import config as C

LOUD = (b"\x40\x1f" * 40 + b"\xc0\xe0" * 40) * 4
SOUND = LOUD * (C.TTS_CHUNK_BYTES // len(LOUD))
QUIET = bytes(C.FRAME_BYTES)
SPEECH_MS, PAUSE_MS = 2_000, 9_000
now_ns = time.perf_counter_ns
TYPED = hasattr(base, "TextDelta")
"""In the first version an LLM's stream is of plain texts."""


class Stages:
    """ns of each stage, of every turn."""

    def __init__(self) -> None:
        self.begun: dict[str, int] = {}
        self.took: dict[str, list[int]] = {}

    def begin(self, stage: str) -> None:
        self.begun[stage] = now_ns()

    def end(self, stage: str) -> None:
        if (began := self.begun.pop(stage, None)) is not None:
            self.took.setdefault(stage, []).append(now_ns() - began)


stages = Stages()


class Vad(FakeVad):
    def open(self) -> Any:
        stream = super().open()
        stream.probability = lambda window: float(window[1] != 0)  # type: ignore[method-assign]
        return stream


class SttStream:
    def __init__(self, stt: "Stt", text: str) -> None:
        self.stt, self.text = stt, text

    def feed(self, pcm: bytes, *, speech: bool = True) -> None: ...

    async def flush(self) -> Any:
        await asyncio.sleep(C.STT_DELAY_MS / 1_000)
        stages.begin("final → request")
        return Transcript(self.text)

    def close(self) -> None:
        self.stt.open_streams -= 1


class Stt(FakeStt):
    def __init__(self) -> None:
        super().__init__()
        self.turn = 0

    def open(self, options: Any, on_partial: Any) -> Any:
        self.turn += 1
        self.open_streams += 1
        return SttStream(self, f"{C.TRANSCRIPT} call 1 turn {self.turn}")


class Llm(FakeLlm):
    async def stream(self, request: Any) -> AsyncIterator[Any]:
        stages.end("final → request")
        self.open_streams += 1
        try:
            await asyncio.sleep(C.LLM_FIRST_TOKEN_MS / 1_000)
            for index, token in enumerate(C.REPLY_TOKENS):
                if index + 1 == C.FIRST_SENTENCE_TOKENS:
                    stages.begin("token → voice")
                yield base.TextDelta(token) if TYPED else token
                await asyncio.sleep(C.LLM_TOKEN_PERIOD_MS / 1_000)
            if TYPED:
                yield base.Finished("stop")
        finally:
            self.open_streams -= 1


class Tts(FakeTts):
    async def stream(self, text: str, voice: Any) -> AsyncIterator[bytes]:
        stages.end("token → voice")
        self.open_streams += 1
        try:
            await asyncio.sleep(C.TTS_FIRST_CHUNK_MS / 1_000)
            left = C.speech_bytes(text)
            stages.begin("sound → door")
            while left > 0:
                yield SOUND[:left]
                left -= C.TTS_CHUNK_BYTES
                await asyncio.sleep(C.TTS_CHUNK_MS / 1_000 / C.TTS_SPEED)
        finally:
            self.open_streams -= 1


def watch(door: Any) -> None:
    """Note when the door is given sound; keep nothing. (`play` and `_note` are the first version's.)"""

    class Watched(type(door)):  # type: ignore[misc]
        def tell(self, event: Any) -> None:
            if type(event).__name__ == "Sound":
                stages.end("sound → door")

        def play(self, speech_id: str, pcm: bytes) -> None:
            stages.end("sound → door")

        def _note(self, *event: Any) -> None: ...

    door.__class__ = Watched


async def talk(turns: int) -> float:
    """CPU ms for each second of conversation."""
    turn = {"speculate": False, "min_silence_ms": C.VAD_STOP_MS, "silence_ms": C.VAD_STOP_MS,
            "max_silence_ms": C.VAD_STOP_MS}  # fmt: skip
    engines = calls.FakeEngines(vad=Vad(), stt=Stt(), llm=Llm(), tts={"fake": Tts()})
    async with calls.Call(engines=engines, turn=turn, system_prompt="You are a helpful voice agent.") as call:
        watch(call.door)
        hear, sleep = call.session.hear, asyncio.sleep
        await sleep(0.1)
        began = time.process_time()
        for _ in range(turns):
            for kind, frame, ms in (("frame, speech", LOUD, SPEECH_MS), ("frame, quiet", QUIET, PAUSE_MS)):
                for _ in range(ms // C.FRAME_MS):
                    await sleep(C.FRAME_MS / 1_000)
                    stages.begin(kind)
                    hear(frame)
                    stages.end(kind)
        return (time.process_time() - began) * 1_000 / (turns * (SPEECH_MS + PAUSE_MS) / 1_000)


def run(turns: int) -> tuple[float, dict[str, list[int]]]:
    global stages
    stages = Stages()
    gc.collect()
    gc.freeze()
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        cpu_ms = runner.run(talk(turns))
    return cpu_ms, stages.took


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--turns", type=int, default=60)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--profile", help="write cProfile's figures there")
    args = parser.parse_args()
    run(3)
    if args.profile:
        profile = cProfile.Profile()
        profile.runcall(run, args.turns)
        profile.dump_stats(args.profile)
        return
    results = [run(args.turns) for _ in range(args.repeats)]
    for stage in results[0][1]:
        us = [statistics.median(took[stage]) / 1_000 for _, took in results]
        means = [statistics.mean(took[stage]) / 1_000 for _, took in results]
        print(f"{stage:16} {min(us):8.1f} us median, {min(means):8.1f} mean   ({len(results[0][1][stage])} times)")
    print(f"{'all':16} {min(cpu for cpu, _ in results):8.3f} ms CPU a second")


if __name__ == "__main__":
    main()
