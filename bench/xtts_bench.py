"""XTTS-v2 on this device, with full-size random weights: speed does not depend on their values.

    python bench/xtts_bench.py --callers 1 4 16 32 64
    python bench/xtts_bench.py --tiny --callers 1 2 --codes 40          # on a CPU, to see that it runs

What a decode step, a prefix and a vocoder window cost, beside what bytes and operations allow on this device. Then N
callers who all ask in the same moment, sentence after sentence: when each hears the first sound, and how many seconds
of sound come out in a second (the real-time factor of a caller is his sentence's time by its length). Coqui's
`inference_stream` (needs coqui-tts) speaks the same sentence in the same run, one caller after another, for it knows no
other way; in single precision, as it is published. Every sentence has `--codes` codes, 46 ms of sound each.
"""

import argparse
import asyncio
import json
import platform
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[1])]

from extras import require  # type: ignore[import-not-found]

require("torch", "xtts")

import torch
from tests.engines.tts.xtts import tiny
from voi.engines.base import VoiceSpec
from voi.engines.tts.xtts import engine as engine_module
from voi.engines.tts.xtts.decoder import FILLS
from voi.engines.tts.xtts.device_thread import cpu_threads
from voi.engines.tts.xtts.engine import Xtts
from voi.engines.tts.xtts.need import MIB, WORKSPACE_BYTES
from voi.engines.tts.xtts.options import TUNING
from voi.engines.tts.xtts.vocoder import VocoderWindow
from voi.engines.tts.xtts.windows import FrameWindow

from limits import Limits, measure_limits, synchronize  # type: ignore[import-not-found]
from xtts_limits import prefix_work, step_work, window_work  # type: ignore[import-not-found]

TEXT = "I never expected to see you here again, my old friend, after all that we have been through together."
FULL = Path(__file__).parents[1] / "tests" / "engines" / "tts" / "xtts" / "xtts_v2_config.json"
GOALS_MS = {1: 100, 32: 200}  # callers: first sound, p95; with 64 all hear it in real time
GOAL_REAL_TIME, GOAL_TIMES_COQUIS = 64, 20
RATE_HZ = 24_000
WARM_UPS, RUNS, RUNS_ON_CPU = 2, 50, 5
NO_STOP = -1e4  # as the stop code's bias: sentences end at their bound


@dataclass
class Row:
    """One measurement. `sound_per_s`: seconds of sound of all callers together, per second."""

    what: str
    callers: int
    p50_ms: float
    p95_ms: float
    sound_per_s: float = 0.0
    note: str = ""


def checkpoint(folder: Path, is_tiny: bool) -> dict[str, Path]:
    """Files in the published layout."""
    files = tiny.make(folder)
    sizes = tiny.ARGS if is_tiny else json.loads(FULL.read_text())["model_args"]
    if is_tiny:
        sizes = sizes | {"gpt_max_audio_tokens": 605, "gpt_max_text_tokens": 402}
        files["config"].write_text(json.dumps(json.loads(files["config"].read_text()) | {"model_args": sizes}))
    else:
        files["config"].write_text(FULL.read_text())
    state = tiny.state(channels=32 if is_tiny else 512, sizes=sizes)
    state["gpt.mel_head.bias"][sizes["gpt_stop_audio_token"]] = NO_STOP
    torch.save({"model": state, "config": {}}, files["checkpoint"])
    random = torch.Generator().manual_seed(1)
    width = sizes["gpt_n_model_channels"]
    torch.save(
        {
            name: {
                "gpt_cond_latent": torch.randn(1, tiny.CONDITIONING, width, generator=random),
                "speaker_embedding": torch.randn(1, 512, 1, generator=random),
            }
            for name in tiny.VOICES
        },
        files["voices"],
    )
    return files


def show(row: Row) -> None:
    rate = f"{row.sound_per_s:8.1f} s of sound/s" if row.sound_per_s else " " * 23
    print(
        f"{row.what:24} N={row.callers:<3} p50 {row.p50_ms:9.2f} ms  p95 {row.p95_ms:9.2f} ms {rate}  {row.note}",
        flush=True,
    )


def percentiles(times_s: Sequence[float]) -> tuple[float, float]:
    median, late = np.percentile(times_s, [50, 95]) * 1000
    return float(median), float(late)


# ---- ours -----------------------------------------------------------------------------------------


def parts(running: Any, limits: Limits, single_limits: Limits, callers: Sequence[int], codes: int) -> list[Row]:
    """Decode step, prefix and window, measured and predicted. On the model's thread, while nobody speaks."""
    layout, decoder, vocoder = running.layout, running.decoder, running.vocoder
    device, each = decoder.latents.device, decoder.latents.element_size()
    single = vocoder._net.conv_pre.weight.element_size()
    ids = running.tokenizer.ids(TEXT, "en")
    prefix = tiny.CONDITIONING + len(ids)
    middle = prefix + codes // 2
    rows = []
    for batch in (n for n in callers if n <= decoder.slots):
        ideal_s = limits.seconds(step_work(layout, batch, middle, each))
        rows.append(measured("decode step", batch, device, lambda b=batch: decoder.step(b - 1, middle), ideal_s))
    filled = torch.randn(prefix, layout.gpt_n_model_channels, device=device, dtype=decoder.latents.dtype)
    for batch in sorted({1, min(FILLS[-1], max(callers))}):
        ideal_s = limits.seconds(prefix_work(layout, batch, prefix, each))
        read = lambda b=batch: decoder._read([filled] * b, [decoder.slots] * b)  # noqa: E731 -- where nobody looks
        rows.append(measured(f"prefix of {prefix} places", batch, device, read, ideal_s))
    context, chunks = vocoder.plan.context, vocoder.plan.chunks
    voice = next(iter(running.voices.values()))
    first = FrameWindow(0, chunks[0] + context, 0, chunks[0])
    for window in (first, FrameWindow(100 - context, 100 + chunks[-1] + context, 100, 100 + chunks[-1])):
        for batch in sorted({1, vocoder.most_together}):
            pieces = [VocoderWindow(0, layout.max_codes, running.stretch(1.0), window, voice.embedding)] * batch
            ideal_s = single_limits.seconds(window_work(vocoder._net, batch, window.size, single))
            made = lambda p=pieces: vocoder.run(p)  # noqa: E731
            rows.append(measured(f"window of {window.size} frames", batch, device, made, ideal_s))
    return rows


def measured(what: str, batch: int, device: torch.device, work: Callable[[], object], ideal_s: float) -> Row:
    times_s = []
    for _ in range(WARM_UPS + (RUNS if device.type == "cuda" else RUNS_ON_CPU)):
        synchronize(device)
        began = time.perf_counter()
        work()
        synchronize(device)
        times_s.append(time.perf_counter() - began)
    median_ms, late_ms = percentiles(times_s[WARM_UPS:])
    share = ideal_s * 1000 / median_ms
    note = f"predicted {ideal_s * 1000:.3f} ms at the device's limits: {share:.0%} of the limit"
    row = Row(what, batch, median_ms, late_ms, note=note)
    show(row)
    return row


async def caller(engine: Xtts, sentences: int, first_s: list[float], factors: list[float]) -> float:
    """Seconds of sound."""
    loop = asyncio.get_running_loop()
    total_s = 0.0
    for _ in range(sentences):
        began, heard_bytes = loop.time(), 0
        async for pcm in engine.stream(TEXT, VoiceSpec()):
            if not heard_bytes:
                first_s.append(loop.time() - began)
            heard_bytes += len(pcm)
        sound_s = heard_bytes / 2 / RATE_HZ
        factors.append((loop.time() - began) / sound_s)
        total_s += sound_s
    return total_s


async def ours(
    files: dict[str, Path], arguments: argparse.Namespace, device: torch.device, limits: Limits, single_limits: Limits
) -> tuple[list[Row], dict[str, float]]:
    """And the memory that it took, in MiB."""
    engine_module.runaway_codes = lambda *_: arguments.codes
    engine = Xtts(
        **files,
        device=str(device),
        precision=arguments.precision,
        vocoder_precision=arguments.vocoder_precision,
        tuning=arguments.tuning,
        slots=arguments.slots,
    )
    cuda = device.type == "cuda"
    torch.cuda.empty_cache()  # of what the limits were measured with
    free = torch.cuda.mem_get_info(device)[0] if cuda else 0
    began = time.perf_counter()
    await engine.warm_up()
    running, worker = engine._running, engine._worker
    assert running is not None
    assert worker is not None
    need = running.need
    print(
        f"voi: warm in {time.perf_counter() - began:.1f} s; model {need.weights / MIB:.0f} MiB, "
        f"{need.slots} slots of {need.per_slot / MIB:.1f} MiB"
        + ("; NOT RECORDED" if cuda and not running.graphs.records else ""),
        flush=True,
    )
    rows = await asyncio.wrap_future(
        worker.call(lambda: parts(running, limits, single_limits, arguments.callers, arguments.codes))
    )
    if cuda:  # what is done for the first time takes longer
        await asyncio.gather(*(caller(engine, 1, [], []) for _ in range(max(arguments.callers))))
    for callers in arguments.callers:
        first_s: list[float] = []
        factors: list[float] = []
        began = time.perf_counter()
        sound_s = sum(
            await asyncio.gather(*(caller(engine, arguments.sentences, first_s, factors) for _ in range(callers)))
        )
        rate = sound_s / (time.perf_counter() - began)
        median_ms, late_ms = percentiles(first_s)
        slowest = float(np.percentile(factors, 95))
        note = f"real-time factor p95 {slowest:.3f}; {sound_s / len(factors):.2f} s each"
        if callers in GOALS_MS:
            note += goal(arguments, f"{GOALS_MS[callers]} ms", late_ms < GOALS_MS[callers])
        if callers == GOAL_REAL_TIME:
            note += goal(arguments, "real time", slowest < 1)
        rows.append(Row("voi, first sound", callers, median_ms, late_ms, rate, note))
        show(rows[-1])
    memory = {"counted": need.total(WORKSPACE_BYTES if cuda else 0) / MIB}
    if cuda:
        memory["taken"] = (free - torch.cuda.mem_get_info(device)[0]) / MIB  # with recordings and what libraries took
        print(f"voi: {memory['taken']:.0f} MiB taken, {memory['counted']:.0f} were counted on", flush=True)
    await engine.close()
    return rows, memory


def goal(arguments: argparse.Namespace, what: str, is_met: bool) -> str:
    """The goals are for an H200; on a CPU and for the tests' model nobody set any."""
    if arguments.tiny or arguments.device == "cpu":
        return ""
    return f"; goal of {what} {'met' if is_met else 'missed'}"


# ---- Coqui's --------------------------------------------------------------------------------------


def theirs(files: dict[str, Path], arguments: argparse.Namespace, device: torch.device) -> list[Row]:
    model = tiny.reference(files, channels=32 if arguments.tiny else 512).to(device)
    model.gpt.max_gen_mel_tokens = arguments.codes
    voice = torch.load(files["voices"], weights_only=True)[tiny.VOICES[0]]
    first_s, whole_s, sound_s = [], [], 0.0
    for _ in range(arguments.repeats + 1):
        synchronize(device)
        began, samples = time.perf_counter(), 0
        for chunk in model.inference_stream(TEXT, "en", voice["gpt_cond_latent"], voice["speaker_embedding"]):
            synchronize(device)
            if not samples:
                first_s.append(time.perf_counter() - began)
            samples += len(chunk.cpu())
        whole_s.append(time.perf_counter() - began)
        sound_s = samples / RATE_HZ
    first_s, whole_s = first_s[1:], whole_s[1:]
    median_s = float(np.median(whole_s))
    note = f"real-time factor {median_s / sound_s:.3f}; {sound_s:.2f} s each"
    rows = [Row("coqui, first sound", 1, *percentiles(first_s), sound_s / median_s, note)]
    for callers in arguments.callers:
        if callers > 1:
            waits = [median_s * place + float(np.median(first_s)) for place in range(callers)]
            rows.append(Row("coqui, in turn", callers, *percentiles(waits), sound_s / median_s, "from the time of one"))
    for row in rows:
        show(row)
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--callers", nargs="+", type=int, default=[1, 4, 16, 32, 64])
    parser.add_argument("--slots", type=int, help="as many as there are callers when left out")
    parser.add_argument("--codes", type=int, default=150, help="of each sentence; 21.5 make a second")
    parser.add_argument("--sentences", type=int, help="of each caller, one after another: 20 on CUDA, 3 on a CPU")
    parser.add_argument("--repeats", type=int, default=3, help="of Coqui's sentence")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--precision", default="auto")
    parser.add_argument("--vocoder-precision", default="auto")
    parser.add_argument("--tuning", nargs="+", default=[], choices=TUNING, help="ways that may be faster")
    parser.add_argument("--tiny", action="store_true", help="the tests' model")
    parser.add_argument("--without-coqui", action="store_true")
    parser.add_argument("--json", type=Path, help="write the figures here too")
    arguments = parser.parse_args()
    arguments.slots = arguments.slots or max(arguments.callers)
    if arguments.device == "auto":
        arguments.device = "cuda:0" if torch.cuda.is_available() else "cpu"
    device = torch.device(arguments.device)
    cuda = device.type == "cuda"
    arguments.sentences = arguments.sentences or (20 if cuda else 3)
    torch.set_num_threads(cpu_threads())  # as ours sets it, so that Coqui's has as many
    threads = f"{platform.processor() or 'CPU'}, threads of torch: {torch.get_num_threads()}"
    name = torch.cuda.get_device_name(device) if cuda else threads
    limits = measure_limits(device, torch.float16 if cuda else torch.float32)
    torch.backends.cuda.matmul.allow_tf32 = True  # for the product that is measured, as for convolutions
    single_limits = measure_limits(device, torch.float32) if cuda else limits
    torch.backends.cuda.matmul.allow_tf32 = False
    print(
        f"{name}: {limits.operations / 1e12:.1f} TFLOP/s, {limits.bytes / 1e9:.0f} GB/s measured; "
        f"torch {torch.__version__}",
        flush=True,
    )
    figures: dict[str, Any] = {
        "device": name, "torch": torch.__version__, "limits": asdict(limits), "single": asdict(single_limits),
        "arguments": sys.argv[1:],
    }  # fmt: skip
    with tempfile.TemporaryDirectory(prefix="voi-xtts-") as folder:
        files = checkpoint(Path(folder), arguments.tiny)
        rows, figures["memory_mib"] = asyncio.run(ours(files, arguments, device, limits, single_limits))
        write(arguments.json, figures, rows)  # whatever becomes of Coqui's
        if not arguments.without_coqui:
            coquis = theirs(files, arguments, device)
            write(arguments.json, figures, rows + coquis)
            most = max(row.sound_per_s for row in rows)
            times = most / coquis[0].sound_per_s
            note = goal(arguments, f"{GOAL_TIMES_COQUIS} times", times >= GOAL_TIMES_COQUIS)
            print(f"in all at most {most:.1f} s of sound/s, {times:.1f} times Coqui's{note}")


def write(path: Path | None, figures: dict[str, Any], rows: Sequence[Row]) -> None:
    if path is not None:
        path.write_text(json.dumps(figures | {"rows": [asdict(row) for row in rows]}, indent=1) + "\n")


if __name__ == "__main__":
    main()
