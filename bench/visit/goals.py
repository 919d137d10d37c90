"""The goals: Whisper's and XTTS's benchmarks, the tail of a pass, and both on one device."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from voi.engines.stt.whisper.acceptance import Acceptance
from voi.engines.stt.whisper.alignment import costs, token_frames
from voi.engines.stt.whisper.passes import Pass
from voi.engines.tts.xtts.options import TUNING

from visit.common import Findings, wall_ms
from visit.right import whisper


def bench(find: Findings, module: Any, arguments: str) -> None:
    """What another benchmark writes, as findings."""
    file = find.path.with_suffix(".bench.json")
    sys.argv = [module.__name__, *arguments.split(), "--json", str(file)]
    try:
        module.main()
    finally:
        if file.exists():
            find.note(**json.loads(file.read_text()))
            file.unlink()


def quick(find: Findings) -> None:
    """On a CPU the device's limits are not measured, which takes seconds, and turns are short."""
    if not find.tiny:
        return
    import limits  # type: ignore[import-not-found]
    import whisper_bench  # type: ignore[import-not-found]
    import xtts_bench  # type: ignore[import-not-found]

    for module in (whisper_bench, xtts_bench):
        module.measure_limits = lambda *_: limits.Limits(1e11, 1e10)
    whisper_bench.TURN_MS, whisper_bench.PAUSE_MS = 800, 224
    xtts_bench.RUNS_ON_CPU = 1


def xtts(find: Findings) -> None:
    import xtts_bench

    quick(find)
    tiny = "--tiny --device cpu --callers 1 2 --codes 30 --sentences 1 --without-coqui"
    bench(find, xtts_bench, tiny if find.tiny else "--callers 1 4 16 32 64 --sentences 6 --without-coqui")
    find.note(right=True)


def xtts_tuned(find: Findings) -> None:
    """With everything that may be faster: the same benchmark."""
    import xtts_bench

    quick(find)
    tuned = f"--without-coqui --vocoder-precision float16 --tuning {' '.join(TUNING)}"
    few = "--tiny --device cpu --callers 1 --codes 20 --sentences 1"
    bench(find, xtts_bench, f"{few if find.tiny else '--callers 1 32 64 --sentences 4'} {tuned}")
    find.note(right=True)


def coqui(find: Findings) -> None:
    """Coqui's own, for what stands beside. Needs wheels of its own."""
    try:
        from tests.engines.tts.xtts import tiny

        tiny.need_coqui()
    except BaseException as missing:  # pytest's way of skipping
        find.note(right=True, skipped=str(missing)[:200])
        return
    import xtts_bench

    quick(find)
    tiny_model = "--tiny --device cpu --callers 1 --codes 30 --sentences 1 --repeats 1"
    bench(find, xtts_bench, tiny_model if find.tiny else "--callers 1 --sentences 2 --repeats 3")
    find.note(right=True)


def whisper_finals(find: Findings) -> None:
    import whisper_bench

    quick(find)
    find.whisper()
    few = "--sizes small --device cpu --callers 1 --tokens 4 --talk-s 0.1 --repeats 1 --max-batch 2"
    bench(find, whisper_bench, few if find.tiny else "--sizes small --callers 1 8 32 --talk-s 20")
    find.note(right=True)


def tail(find: Findings) -> None:
    """What is left of a pass after its last token: on the device, and in Python."""
    import torch

    rows_of = (2, 4) if find.tiny else (1, 16, 32)
    backend = whisper(find, max(rows_of))
    assert backend._decoding is not None
    attention = backend._decoding.decoder.attention
    frames, places = (60, 12) if find.tiny else (400, 34)
    acceptance, found = Acceptance(), {}
    with torch.inference_mode():
        for rows in rows_of:
            scores = [torch.randn_like(attention[0, :, :places]) for _ in range(rows)]
            made = costs(scores, [frames] * rows)
            passes = [Pass(bytes(frames * 640)) for _ in range(rows)]
            heard = backend.hear(passes)
            found[f"{rows} rows"] = {
                "scores_ms": wall_ms(find.device, lambda s=scores, r=rows: costs(s, [frames] * r), 5),
                "warping_ms": wall_ms(torch.device("cpu"), lambda m=made: token_frames(m), 5),
                "words_and_guards_ms": wall_ms(
                    torch.device("cpu"), lambda p=passes, h=heard: acceptance.finished(p, h), 3
                ),
            }
            find.note(tail=found)
    find.note(right=True)


def together(find: Findings) -> None:
    import together as both  # type: ignore[import-not-found]

    find.whisper("tiny" if find.tiny else "small")
    tiny = "--whisper tiny --tiny --device cpu --callers 1 --slots 2 --max-batch 2"
    bench(find, both, tiny if find.tiny else "")
    find.note(right=True)


def together_under_mps(find: Findings) -> None:
    """The same as clients of CUDA's multi-process service, where there is one."""
    control = shutil.which("nvidia-cuda-mps-control")
    if find.device.type == "cpu" or control is None:
        find.note(right=True, skipped="no multi-process service here")
        return
    with tempfile.TemporaryDirectory(prefix="voi-mps-") as folder:
        pipes = {"CUDA_MPS_PIPE_DIRECTORY": folder, "CUDA_MPS_LOG_DIRECTORY": folder}
        os.environ |= pipes
        asked: dict[str, Any] = {"env": os.environ, "text": True, "timeout": 20, "check": False}
        started = subprocess.run([control, "-d"], capture_output=True, **asked)
        if started.returncode:
            find.note(right=True, skipped=f"the service does not start: {(started.stderr or started.stdout)[:200]}")
            return
        try:
            together(find)
        finally:
            subprocess.run([control], input="quit\n", **asked)
            logs = [f"{file.name}: {file.read_text()[-500:]}" for file in Path(folder).glob("*.log")]
            find.note(service=logs)
