"""XTTS-v2 on this device, with full-size random weights: speed does not depend on their values.

    python bench/xtts_bench.py --callers 1 4 16 32 64
    python bench/xtts_bench.py --tiny --callers 1 2 --codes 40          # on a CPU, to see that it runs

What a decode step, a prefix and a vocoder window cost, beside what bytes and operations allow on this device. Then N
callers who all ask in the same moment, sentence after sentence: when each hears the first sound, and how many seconds
of sound come out in a second (the real-time factor of a caller is his sentence's time by its length). Coqui's
`inference_stream` (needs coqui-tts) speaks the same sentence in the same run, one caller after another, for it knows no
other way. Every sentence has `--codes` codes, 46 ms of sound each.
"""

import argparse
import asyncio
import json
import platform
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[1])]

from tests.engines.tts.xtts import tiny
from voi.engines.base import VoiceSpec
from voi.engines.tts.xtts import engine as engine_module
from voi.engines.tts.xtts.engine import Xtts
from voi.engines.tts.xtts.need import MIB, WORKSPACE_BYTES
from voi.engines.tts.xtts.vocoder import Piece
from voi.engines.tts.xtts.windows import Window
from voi.engines.tts.xtts.worker import cpu_threads

from limits import Limits, best_of, measure_limits, synchronize  # type: ignore[import-not-found]
from xtts_limits import prefix_work, step_work, window_work  # type: ignore[import-not-found]

TEXT = "I never expected to see you here again, my old friend, after all that we have been through together."
FULL = Path(__file__).parents[1] / "tests" / "engines" / "tts" / "xtts" / "xtts_v2_config.json"
GOAL_ONE_MS, GOAL_MANY_MS = 100, 200
RATE_HZ = 24_000
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
        took_s = best_of(20, device, lambda b=batch: decoder.step(b - 1, middle))
        rows.append(measured("decode step", batch, took_s, limits.seconds(step_work(layout, batch, middle, each))))
    filled = torch.randn(1, prefix, layout.gpt_n_model_channels, device=device, dtype=decoder.latents.dtype)
    slot = torch.full((1,), decoder.slots, device=device)
    took_s = best_of(5, device, lambda: decoder._fill(filled, slot))
    rows.append(measured("prefix, not recorded", 1, took_s, limits.seconds(prefix_work(layout, 1, prefix, each))))
    context, chunk = vocoder.plan.context, vocoder.plan.chunks[-1]
    voice = next(iter(running.voices.values()))
    window = Window(100 - context, 100 + chunk + context, 100, 100 + chunk)
    for batch in sorted({1, vocoder.most_together}):
        pieces = [Piece(0, layout.max_codes, running.stretch(1.0), window, voice.embedding)] * batch
        took_s = best_of(5, device, lambda p=pieces: vocoder.run(p))
        ideal_s = single_limits.seconds(window_work(vocoder._net, batch, window.size, single))
        rows.append(measured(f"window of {window.size} frames", batch, took_s, ideal_s))
    return rows


def measured(what: str, batch: int, took_s: float, ideal_s: float) -> Row:
    note = f"predicted {ideal_s * 1000:.3f} ms at the device's limits: {ideal_s / took_s:.0%} of the limit"
    return Row(what, batch, took_s * 1000, took_s * 1000, note=note)


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
    files: dict[str, Path], arguments: argparse.Namespace, limits: Limits, single_limits: Limits
) -> list[Row]:
    engine_module.runaway_codes = lambda *_: arguments.codes
    engine = Xtts(**files, device=arguments.device, precision=arguments.precision, slots=arguments.slots)
    cuda = torch.cuda.is_available()
    torch.cuda.empty_cache()  # of what the limits were measured with
    free = torch.cuda.mem_get_info()[0] if cuda else 0
    began = time.perf_counter()
    await engine.warm_up()
    running, worker = engine._running, engine._worker
    assert running is not None
    assert worker is not None
    need = running.need
    print(
        f"voi: warm in {time.perf_counter() - began:.1f} s; model {need.weights / 2**20:.0f} MiB, "
        f"{need.slots} slots of {need.per_slot / 2**20:.1f} MiB",
        flush=True,
    )
    rows = await asyncio.wrap_future(
        worker.call(lambda: parts(running, limits, single_limits, arguments.callers, arguments.codes))
    )
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
        note = f"real-time factor p95 {slowest:.3f}"
        if cuda and not arguments.tiny:
            goal_ms = GOAL_ONE_MS if callers == 1 else GOAL_MANY_MS
            note += f"; goal of {goal_ms} ms {'met' if late_ms <= goal_ms else 'missed'}"
        rows.append(Row("voi, first sound", callers, median_ms, late_ms, rate, note))
    if cuda:
        held = free - torch.cuda.mem_get_info()[0]  # with recordings and what libraries took
        allowed = need.total(WORKSPACE_BYTES)
        print(f"voi: {held / MIB:.0f} MiB taken, {allowed / MIB:.0f} were counted on", flush=True)
    await engine.close()
    return rows


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
    note = f"real-time factor {median_s / sound_s:.3f}"
    rows = [Row("coqui, first sound", 1, *percentiles(first_s), sound_s / median_s, note)]
    for callers in arguments.callers:
        if callers > 1:
            waits = [median_s * place + float(np.median(first_s)) for place in range(callers)]
            rows.append(Row("coqui, in turn", callers, *percentiles(waits), sound_s / median_s, "from the time of one"))
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--callers", nargs="+", type=int, default=[1, 4, 16, 32, 64])
    parser.add_argument("--slots", type=int, help="as many as there are callers when left out")
    parser.add_argument("--codes", type=int, default=150, help="of each sentence; 21.5 make a second")
    parser.add_argument("--sentences", type=int, default=3, help="of each caller, one after another")
    parser.add_argument("--repeats", type=int, default=3, help="of Coqui's sentence")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--precision", default="auto")
    parser.add_argument("--tiny", action="store_true", help="the tests' model")
    parser.add_argument("--without-coqui", action="store_true")
    parser.add_argument("--json", type=Path, help="write the figures here too")
    arguments = parser.parse_args()
    arguments.slots = arguments.slots or max(arguments.callers)
    cuda = arguments.device.startswith("cuda") or (arguments.device == "auto" and torch.cuda.is_available())
    device = torch.device("cpu" if not cuda else "cuda" if arguments.device == "auto" else arguments.device)
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
    with tempfile.TemporaryDirectory(prefix="voi-xtts-") as folder:
        files = checkpoint(Path(folder), arguments.tiny)
        rows = asyncio.run(ours(files, arguments, limits, single_limits))
        if not arguments.without_coqui:
            rows += theirs(files, arguments, device)
    for row in rows:
        rate = f"{row.sound_per_s:8.1f} s of sound/s" if row.sound_per_s else " " * 23
        print(f"{row.what:24} N={row.callers:<3} p50 {row.p50_ms:9.2f} ms  p95 {row.p95_ms:9.2f} ms {rate}  {row.note}")
    ours_most = max(row.sound_per_s for row in rows if row.what.startswith("voi"))
    if coquis := [row.sound_per_s for row in rows if row.what.startswith("coqui, first")]:
        print(f"in all at most {ours_most:.1f} s of sound/s, {ours_most / coquis[0]:.1f} times Coqui's")
    if arguments.json:
        arguments.json.write_text(json.dumps({"device": name, "rows": [asdict(row) for row in rows]}, indent=1) + "\n")


if __name__ == "__main__":
    main()
