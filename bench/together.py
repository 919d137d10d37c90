"""Whisper and XTTS-v2 together on one device, each in a process of its own as `voi serve` has them: the memory that
they take while N callers speak and are spoken to, beside what `voi doctor` counts on. Full-size random weights.

    python bench/together.py                                       # Whisper small and XTTS-v2, 8 callers
    python bench/together.py --whisper tiny --tiny --callers 2     # on a CPU, to see that it runs

On a GPU it is what the driver has less to give than before, with CUDA's contexts, recordings and all that libraries
take; so nothing else may use the GPU meanwhile. On a CPU it is the most that the processes had resident, Python and
libraries too, which nobody counts on.
"""

import argparse
import asyncio
import json
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[1])]

from extras import require  # type: ignore[import-not-found]

require("whisper", "whisper xtts")

from voi.cli.engine_sizes import size_of_engine
from voi.engines.base import SttOptions, VoiceSpec
from voi.engines.device import MIB
from voi.engines.gpus import ask_driver
from voi.engines.measured_memory import CONTEXT_MIB
from voi.engines.remote import RemoteStt, RemoteTts
from voi.engines.worker_process import WorkerProcess
from voi.errors import EngineError

from whisper_bench import TURN_MS, random_checkpoint, sound  # type: ignore[import-not-found]
from whisper_limits import SIZES  # type: ignore[import-not-found]
from xtts_bench import TEXT, checkpoint  # type: ignore[import-not-found]

GOAL_CALLERS, GOAL_WHISPER, GOAL_BYTES = 8, "small", 9e9
ROUNDS = 2
LOOK_EVERY_S = 0.2


@dataclass
class Taken:
    """MiB on the device: looked at every now and then, since what torch once took it keeps until it is in need."""

    processes: Sequence[WorkerProcess]
    gpu: int | None
    _free_before: int = 0
    most: float = 0.0

    def __post_init__(self) -> None:
        self._free_before = self._free() if self.gpu is not None else 0

    def look(self) -> float:
        """The most until now."""
        now = (self._free_before - self._free()) / MIB if self.gpu is not None else sum(map(_peak, self.processes))
        self.most = max(self.most, now)
        return self.most

    async def watch(self) -> None:
        while True:
            await asyncio.to_thread(self.look)
            await asyncio.sleep(LOOK_EVERY_S)

    def _free(self) -> int:
        driver = ask_driver()
        if not driver.gpus:
            raise OSError(driver.fault)
        assert self.gpu is not None
        return driver.gpus[self.gpu].free


def _peak(process: WorkerProcess) -> float:
    if process.pid is None:  # not started yet
        return 0.0
    status = Path(f"/proc/{process.pid}/status").read_text()
    return int(next(line for line in status.splitlines() if line.startswith("VmHWM:")).split()[1]) / 1024


async def spoken_to(voice: RemoteTts) -> int:
    """Bytes of sound."""
    return sum([len(pcm) async for pcm in voice.stream(TEXT, VoiceSpec(language="en"))])


async def speaks(ears: RemoteStt, number: int) -> None:
    stream = ears.open(SttOptions(language="en"), lambda _: None)
    try:
        stream.feed(sound(TURN_MS, number))
        await stream.flush()
    finally:
        stream.close()


async def measure(whisper: Mapping[str, Any], xtts: Mapping[str, Any], callers: int, gpu: int | None) -> dict[str, int]:
    processes = [WorkerProcess(name) for name in ("whisper", "xtts")]
    ears, voice = RemoteStt(processes[0], "whisper", whisper), RemoteTts(processes[1], "xtts", xtts)
    taken = Taken(processes, gpu)
    try:
        async with asyncio.TaskGroup() as group:
            watching = group.create_task(taken.watch(), name="watching memory")
            for engine in (ears, voice):  # one after the other, as the server loads them
                await engine.warm_up()
            loading = taken.look()
            print(f"loading: {loading:.0f} MiB", flush=True)
            for _ in range(ROUNDS):
                heard = [speaks(ears, number) for number in range(callers)]
                sizes = await asyncio.gather(*(spoken_to(voice) for _ in range(callers)), *heard)
                assert all(sizes[:callers]), "a caller heard nothing"
            watching.cancel()
        return {"loading": round(loading), f"{callers} callers": round(taken.look())}
    finally:
        await asyncio.gather(ears.close(), voice.close())


def counted(whisper: Mapping[str, Any], xtts: Mapping[str, Any], gpu: bool) -> dict[str, int]:
    """By the sizes of the files, as `voi doctor` does."""
    sizes = {
        name: size_of_engine(name, options, Path(), gpu=gpu).total(gpu)
        for name, options in (("whisper", whisper), ("xtts", xtts))
    }
    return sizes | {"CUDA": 2 * CONTEXT_MIB if gpu else 0}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--callers", type=int, default=GOAL_CALLERS)
    parser.add_argument("--whisper", choices=SIZES, default=GOAL_WHISPER, help="its size")
    parser.add_argument("--tiny", action="store_true", help="the tests' XTTS")
    parser.add_argument("--slots", type=int, help="of XTTS; without it, the engine's own")
    parser.add_argument("--max-batch", type=int, help="of Whisper; without it, the engine's own")
    parser.add_argument("--device", default="auto", help="cpu, or cuda:1")
    parser.add_argument("--json", type=Path, help="write the figures here too")
    arguments = parser.parse_args()
    device, gpus = arguments.device, ask_driver().gpus
    if device == "auto":
        device = "cuda:0" if gpus else "cpu"
    gpu = int(device.partition(":")[2] or 0) if device != "cpu" else None
    if gpu is not None and gpu >= len(gpus):
        parser.error(f"there is no {device}")
    name = "CPU" if gpu is None else gpus[gpu].device
    with tempfile.TemporaryDirectory(prefix="voi-together-") as folder:
        whisper: dict[str, Any] = {"model": random_checkpoint(arguments.whisper, Path(folder)), "device": device}
        xtts: dict[str, Any] = {**checkpoint(Path(folder), arguments.tiny), "device": device}
        whisper |= {"max_batch": arguments.max_batch} if arguments.max_batch else {}
        xtts |= {"slots": arguments.slots} if arguments.slots else {}
        expected = counted(whisper, xtts, gpu is not None)
        told = ", ".join(f"{what} {mib:,}" for what, mib in expected.items())
        print(f"{name}: {sum(expected.values()):,} MiB counted on: {told}", flush=True)
        try:
            taken = asyncio.run(measure(whisper, xtts, arguments.callers, gpu))
        except* EngineError as failed:  # on a CPU full-size models are too slow for callers who all speak at once
            sys.exit("\n".join(map(str, failed.exceptions)))
    note = ""
    if (
        gpu is not None
        and (arguments.callers, arguments.whisper) == (GOAL_CALLERS, GOAL_WHISPER)
        and not arguments.tiny
    ):
        is_met = taken[f"{GOAL_CALLERS} callers"] * MIB < GOAL_BYTES
        note = f"; goal of {GOAL_BYTES / 1e9:.0f} GB {'met' if is_met else 'missed'}"
    print(f"taken: {', '.join(f'{what} {mib:,} MiB' for what, mib in taken.items())}{note}")
    if arguments.json:
        figures = {"device": name, "arguments": sys.argv[1:], "counted_mib": expected, "taken_mib": taken}
        arguments.json.write_text(json.dumps(figures, indent=1) + "\n")


if __name__ == "__main__":
    main()
