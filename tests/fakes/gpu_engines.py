"""A voice and an ear that compute as models on a GPU do: one step at a time, for all callers together. They write down
who they are and how many one step was for. `plug_in` makes them known to servers in other processes."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from pathlib import Path

from voi.engines.base import SttOptions, SttStream, Transcript, VoiceSpec
from voi.engines.info import SttInfo, TtsInfo

STEP_S = 0.02
CHUNK_MS = 40
RATE_HZ = 24_000
MS_PER_CHARACTER = 20


class BatchTts:
    """`report`: a file that gets a line for each step: this process's id, and for how many texts it was."""

    info = TtsInfo("batch", gpu=True, pings=True, sample_rate_hz=RATE_HZ, voices=("anna",))

    def __init__(self, *, report: str = "") -> None:
        self._report = Path(report) if report else None
        self._waiting: list[asyncio.Future[None]] = []
        self._stepping: asyncio.Task[None] | None = None

    async def warm_up(self) -> None: ...

    async def close(self) -> None:
        if self._stepping is not None:
            self._stepping.cancel()

    async def ping(self) -> None: ...

    async def stream(self, text: str, voice: VoiceSpec) -> AsyncIterator[bytes]:
        for _ in range(0, len(text) * MS_PER_CHARACTER, CHUNK_MS):
            if self._stepping is None or self._stepping.done():
                self._stepping = asyncio.create_task(self._step())
            turn = asyncio.get_running_loop().create_future()
            self._waiting.append(turn)
            await turn
            yield b"\x10\x20" * (RATE_HZ * CHUNK_MS // 1000)

    async def _step(self) -> None:
        while self._waiting:
            await asyncio.sleep(STEP_S)
            batch, self._waiting = self._waiting, []
            if self._report is not None:
                with self._report.open("a") as report:
                    report.write(f"{os.getpid()} {len(batch)}\n")
            for turn in batch:
                if not turn.done():
                    turn.set_result(None)


class BatchStt:
    """Hears one word."""

    info = SttInfo("batch-ear", gpu=True, pings=True)

    async def warm_up(self) -> None: ...
    async def close(self) -> None: ...
    async def ping(self) -> None: ...

    def open(self, options: SttOptions, on_partial: Callable[[Transcript], None] | None) -> SttStream:
        return _Stream()


class _Stream:
    def feed(self, pcm: bytes, *, speech: bool = True) -> None: ...

    async def flush(self) -> Transcript:
        return Transcript("something")

    def close(self) -> None: ...


def plug_in(folder: Path) -> None:
    """With `folder` on its PYTHONPATH a process knows the engines, as it knows those of an installed package."""
    package = folder / "voi_fake_gpu-0.dist-info"
    package.mkdir(parents=True, exist_ok=True)
    (package / "METADATA").write_text("Metadata-Version: 2.1\nName: voi-fake-gpu\nVersion: 0\n")
    here = "tests.fakes.gpu_engines"
    points = f"[voi.engines]\ntts.batch = {here}:BatchTts\nstt.batch-ear = {here}:BatchStt\n"
    (package / "entry_points.txt").write_text(points)
