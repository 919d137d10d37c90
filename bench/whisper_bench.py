"""Whisper on this device, with full-size random weights: speed does not depend on their values.

    python bench/whisper_bench.py --sizes base small large-v3-turbo --callers 1 8 32 64
    python bench/whisper_bench.py --sizes tiny --callers 1 2 --talk-s 4          # on a CPU, to see that it runs

For each size: what one encoder pass and one decode step cost, beside what bytes and operations allow on this device;
how long a final transcript takes for N callers who talk at the same time, in real time, partials and all; and how long
openai-whisper takes for the same final pass, one at a time. Every pass decodes `--tokens` tokens, as a short tail has.
"""

import argparse
import asyncio
import json
import platform
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
import whisper  # type: ignore[import-untyped]
from voi.engines.base import SttOptions
from voi.engines.stt.whisper import tokens
from voi.engines.stt.whisper.engine import Whisper
from voi.engines.stt.whisper.openai_backend import OpenAiBackend
from voi.engines.stt.whisper.openai_front_end import log_mel
from voi.engines.stt.whisper.passes import Hypothesis, Pass

from limits import Limits, best_of, measure_limits, synchronize  # type: ignore[import-not-found]
from whisper_limits import SIZES, dimensions, encoder_work, step_work  # type: ignore[import-not-found]

CHUNK_MS = 32
TURN_MS = 4_000  # of talk, then a pause
PAUSE_MS = 1_000
FLUSH_AFTER_MS = 192  # of the pause: when a turn's end is supposed
GOAL_MS = 100


@dataclass
class Row:
    """One measurement."""

    size: str
    what: str
    callers: int
    p50_ms: float
    p95_ms: float
    note: str = ""


class BenchBackend(OpenAiBackend):
    """Random weights are in doubt about everything: no second try, and a good mark."""

    def transcribe(self, passes: Sequence[Pass]) -> list[Hypothesis]:
        for each in passes:
            each.temperatures = (0.0,)
        return [replace(each, avg_logprob=-0.1, compression_ratio=1.0) for each in super().transcribe(passes)]


class BenchWhisper(Whisper):
    def _new_backend(self) -> BenchBackend:
        return BenchBackend(
            self._model,
            models_dir=self._models_dir,
            device=self._device,
            precision=self._precision,
            max_batch=self._max_batch,
        )


def random_checkpoint(size: str, folder: Path) -> Path:
    """In half precision, layer by layer the scale of a trained model, so that half precision does not overflow."""
    dims = dimensions(size)
    torch.manual_seed(0)
    shapes = {name: tuple(tensor.shape) for name, tensor in reference_model(size).state_dict().items()}
    state = {
        name: torch.ones(shape, dtype=torch.float16)
        if name.endswith(("ln.weight", "ln_post.weight"))
        else (torch.randn(shape) * (0.02 if len(shape) > 1 else 0.0)).half()
        for name, shape in shapes.items()
    }
    path = folder / f"random-{size}.pt"
    torch.save({"dims": asdict(dims), "model_state_dict": state}, path)
    return path


def reference_model(size: str) -> Any:
    return whisper.model.Whisper(whisper.model.ModelDimensions(**asdict(dimensions(size))))


def percentiles(times_s: Sequence[float]) -> tuple[float, float]:
    return tuple(float(each) * 1000 for each in np.percentile(times_s, [50, 95]))  # type: ignore[return-value]


def sound(ms: int, seed: int = 0) -> bytes:
    return np.random.default_rng(seed).normal(0, 2_000, ms * 16).astype("<i2").tobytes()


def parts(size: str, backend: OpenAiBackend, limits: Limits, callers: Sequence[int], count: int) -> list[Row]:
    """The encoder and the decode step, measured and predicted."""
    assert backend._encoder is not None
    assert backend._decoding is not None
    encoder, decoding, dims = backend._encoder, backend._decoding, dimensions(size)
    device, precision = backend._device, backend._precision
    each = torch.tensor([], dtype=precision).element_size()
    rows = []
    for batch in callers:
        mel = log_mel([sound(TURN_MS)] * batch, dims.n_mels, device).to(precision)
        with torch.inference_mode():
            took_s = best_of(5, device, lambda mel=mel: encoder(mel))
            ideal_s = limits.seconds(encoder_work(dims, batch, each))
            rows.append(measured(size, "encoder pass", batch, took_s, ideal_s))
            decoder = decoding.decoder
            decoder.positions.fill_(20)
            decoder.starts.zero_()

            def steps(batch: int = batch) -> None:
                for at in range(count):
                    decoding._advance(batch, 24 + at)

            took_s = best_of(3, device, steps) / count
            reach = dims.n_text_ctx if device.type == "cuda" else 24 + count // 2
            rows.append(
                measured(size, "decode step", batch, took_s, limits.seconds(step_work(dims, batch, reach, each)))
            )
    return rows


def measured(size: str, what: str, batch: int, took_s: float, ideal_s: float) -> Row:
    note = f"predicted {ideal_s * 1000:.2f} ms at the device's limits: {ideal_s / took_s:.0%} of the limit"
    return Row(size, what, batch, took_s * 1000, took_s * 1000, note)


async def conversation(engine: Whisper, number: int, talk_s: float, finals_s: list[float]) -> None:
    """One caller in real time: talks, pauses, is transcribed, goes on."""
    loop = asyncio.get_running_loop()
    pcm = sound(TURN_MS, number)
    await asyncio.sleep((number * 0.618 % 1) * (TURN_MS + PAUSE_MS) / 1000)
    ends = loop.time() + talk_s
    while loop.time() < ends:
        stream = engine.open(SttOptions(language="en"), lambda _: None)
        began = loop.time()
        for at in range(0, TURN_MS + FLUSH_AFTER_MS, CHUNK_MS):
            talking = at < TURN_MS
            stream.feed(pcm[at * 32 : (at + CHUNK_MS) * 32] if talking else bytes(CHUNK_MS * 32), speech=talking)
            await asyncio.sleep(max(0.0, began + (at + CHUNK_MS) / 1000 - loop.time()))
        asked = loop.time()
        await stream.flush()
        finals_s.append(loop.time() - asked)
        stream.close()
        await asyncio.sleep((PAUSE_MS - FLUSH_AFTER_MS) / 1000)


async def burst(engine: Whisper, callers: int) -> list[float]:
    """All callers let go of the button in the same moment: nothing was decoded ahead."""
    loop = asyncio.get_running_loop()
    streams = [engine.open(SttOptions(language="en"), None) for _ in range(callers)]
    for number, stream in enumerate(streams):
        stream.feed(sound(TURN_MS, number))
    began = loop.time()

    async def one(stream: Any) -> float:
        await stream.flush()
        return loop.time() - began

    took_s = list(await asyncio.gather(*(one(stream) for stream in streams)))
    for stream in streams:
        stream.close()
    return took_s


async def ours(size: str, path: Path, arguments: argparse.Namespace, limits: Limits) -> list[Row]:
    engine = BenchWhisper(
        model=str(path), device=arguments.device, precision=arguments.precision, max_batch=arguments.max_batch
    )
    began = time.perf_counter()
    await engine.warm_up()
    print(f"{size}: loaded and warmed up in {time.perf_counter() - began:.1f} s", flush=True)
    backend = engine._backend
    assert isinstance(backend, BenchBackend)
    assert backend._decoding is not None
    print(f"{size}: cache of {backend._decoding.decoder.cache_bytes / 2**20:.0f} MiB for {arguments.max_batch} rows")
    fitting = [batch for batch in arguments.callers if batch <= arguments.max_batch]
    assert engine._thread is not None
    rows: list[Row] = await engine._thread.call(parts, size, backend, limits, fitting, arguments.tokens)
    for callers in arguments.callers:
        rows.append(Row(size, "voi, all at once", callers, *percentiles(await burst(engine, callers))))
        finals_s: list[float] = []
        async with asyncio.TaskGroup() as group:
            for number in range(callers):
                group.create_task(conversation(engine, number, arguments.talk_s, finals_s))
        median_ms, late_ms = percentiles(finals_s)
        note = f"{len(finals_s)} turns"
        if backend._device.type == "cuda":
            note += f"; goal of {GOAL_MS} ms {'met' if late_ms <= GOAL_MS else 'missed'}"
        rows.append(Row(size, "voi, in real time", callers, median_ms, late_ms, note))
    await engine.close()
    return rows


def theirs(size: str, path: Path, arguments: argparse.Namespace, device: torch.device) -> list[Row]:
    """openai-whisper's `decode`, window by window. N callers at once wait for each other."""
    model = whisper.load_model(str(path), device=str(device))
    options = whisper.DecodingOptions(
        language="en", without_timestamps=True, sample_len=arguments.tokens, fp16=device.type == "cuda"
    )
    samples = torch.from_numpy(np.frombuffer(sound(TURN_MS), "<i2").astype(np.float32) / 32_768).to(device)
    times_s = []
    for _ in range(arguments.repeats + 1):
        synchronize(device)
        began = time.perf_counter()
        mel = whisper.log_mel_spectrogram(whisper.pad_or_trim(samples), model.dims.n_mels)
        whisper.decode(model, mel, options)
        synchronize(device)
        times_s.append(time.perf_counter() - began)
    median_s = float(np.median(times_s[1:]))
    rows = [Row(size, "openai-whisper", 1, *percentiles(times_s[1:]))]
    for callers in arguments.callers:
        if callers > 1:
            waits = [median_s * place for place in range(1, callers + 1)]
            rows.append(Row(size, "openai-whisper, in turn", callers, *percentiles(waits), "from the time of one"))
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", nargs="+", choices=SIZES, default=["base", "small", "large-v3-turbo"])
    parser.add_argument("--callers", nargs="+", type=int, default=[1, 8, 32, 64])
    parser.add_argument("--device", default="auto")
    parser.add_argument("--precision", default="auto")
    parser.add_argument("--max-batch", type=int, default=32)
    parser.add_argument("--tokens", type=int, default=16, help="decoded in every pass")
    parser.add_argument("--talk-s", type=float, default=20, help="real time for each number of callers")
    parser.add_argument("--repeats", type=int, default=10, help="of openai-whisper")
    parser.add_argument("--json", type=Path, help="write the figures here too")
    arguments = parser.parse_args()
    tokens.SHORTEST_TOKENS, tokens.TOKENS_PER_S = arguments.tokens, 0
    cuda = arguments.device.startswith("cuda") or (arguments.device == "auto" and torch.cuda.is_available())
    device = torch.device("cpu" if not cuda else "cuda" if arguments.device == "auto" else arguments.device)
    name = (
        torch.cuda.get_device_name(device)
        if cuda
        else f"{platform.processor() or 'CPU'}, {torch.get_num_threads()} threads"
    )
    limits = measure_limits(device, torch.float16 if cuda else torch.float32)
    print(
        f"{name}: {limits.operations / 1e12:.3g} TFLOP/s, {limits.bytes / 1e9:.0f} GB/s measured; "
        f"torch {torch.__version__}"
    )
    rows: list[Row] = []
    with tempfile.TemporaryDirectory(prefix="voi-whisper-") as folder:
        for size in arguments.sizes:
            path = random_checkpoint(size, Path(folder))
            mine = asyncio.run(ours(size, path, arguments, limits))
            mine += theirs(size, path, arguments, device)
            path.unlink()
            rows += mine
            for row in mine:
                print(
                    f"{row.size:15} {row.what:24} N={row.callers:<3} p50 {row.p50_ms:9.2f} ms   "
                    f"p95 {row.p95_ms:9.2f} ms   {row.note}",
                    flush=True,
                )
    if arguments.json:
        arguments.json.write_text(json.dumps({"device": name, "rows": [asdict(row) for row in rows]}, indent=1) + "\n")


if __name__ == "__main__":
    main()
