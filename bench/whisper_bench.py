"""Whisper on this device, with full-size random weights: speed does not depend on their values.

    python bench/whisper_bench.py                                             # base, small, large-v3-turbo: ten minutes
    python bench/whisper_bench.py --sizes small --callers 1 32 128            # three
    python bench/whisper_bench.py --sizes tiny --callers 1 2 --talk-s 4       # on a CPU, to see that it runs

For each size: what one encoder pass and one decode step cost, beside what bytes and operations allow on this device;
how long final transcripts take for N callers who talk at the same time, in real time, partials and all; and how long
openai-whisper takes for the same passes, one at a time. Every pass decodes `--tokens` tokens, as a short tail has; its
words are made up, since the guards judge words: one in 400 ms, the same in each pass, as a person talks.
"""

import argparse
import asyncio
import json
import platform
import sys
import tempfile
import time
import traceback
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

import numpy as np

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[1])]

from extras import require  # type: ignore[import-not-found]

require("whisper", "whisper")

import torch
import whisper  # type: ignore[import-untyped]
from voi.engines.base import SttOptions, SttStream, Transcript
from voi.engines.stt.whisper import tokens
from voi.engines.stt.whisper.engine import Whisper
from voi.engines.stt.whisper.openai_backend import OpenAiBackend
from voi.engines.stt.whisper.openai_front_end import log_mel
from voi.engines.stt.whisper.passes import HeardBatch, Hypothesis, Pass
from voi.engines.stt.whisper.words import RawWord
from voi.errors import EngineError

from limits import Limits, best_of, measure_limits, synchronize  # type: ignore[import-not-found]
from whisper_limits import SIZES, dimensions, encoder_work, step_work  # type: ignore[import-not-found]

CHUNK_MS = 32
TURN_MS = 4_000  # of talk, then a pause
PAUSE_MS = 1_000
FLUSH_AFTER_MS = 192  # of the pause: when a turn's end is supposed
GOAL_MS = 100
WORD_MS = 400


@dataclass
class Row:
    """One measurement."""

    size: str
    what: str
    callers: int
    p50_ms: float
    p95_ms: float
    note: str = ""


@dataclass
class Times:
    """What callers waited for, in seconds. `paused`: the final transcript, asked for in the pause after the last word,
    when a pass has mostly begun already; `released`: the same, asked for with the last word, as of a button that is let
    go; `words`: until a word was shown after it was said. `failed`: transcripts that never came."""

    paused: list[float] = field(default_factory=list)
    released: list[float] = field(default_factory=list)
    words: list[float] = field(default_factory=list)
    failed: int = 0


class BenchBackend(OpenAiBackend):
    """Random weights say nothing that could have been said, and are in doubt about everything. Their words are replaced
    by those of the talk, and each pass by one with a good mark and without a second try."""

    def hear(self, passes: Sequence[Pass]) -> HeardBatch:
        for each in passes:
            each.temperatures = (0.0,)
        heard = super().hear(passes)

        def finished() -> list[Hypothesis]:
            said = heard.finished()
            assert isinstance(said, list)
            return [replace(sure(hypothesis), words=talk(each)) for each, hypothesis in zip(passes, said, strict=True)]

        return HeardBatch(finished)


def sure(hypothesis: Hypothesis) -> Hypothesis:
    return replace(hypothesis, avg_logprob=-0.1, no_speech_prob=0.0, compression_ratio=1.0)


def talk(each: Pass) -> tuple[RawWord, ...]:
    """What the window shows after the prefix. Turns are so short that windows begin with them."""
    heard = min(TURN_MS, int(each.seconds * 1000)) // WORD_MS
    return tuple(
        RawWord(f" {at * 2_654_435_761 % 2**32:08x}", (1_000 + at,), at * WORD_MS, (at + 1) * WORD_MS)
        for at in range(len(each.prefix), heard)
    )


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
    """In half precision, layer by layer the scale of a trained model, so that half precision does not overflow. Its
    name says which heads are kept for the alignment."""
    dims = dimensions(size)
    torch.manual_seed(0)
    model = whisper.model.Whisper(whisper.model.ModelDimensions(**asdict(dims)))
    shapes = {name: tuple(tensor.shape) for name, tensor in model.state_dict().items()}
    state = {
        name: torch.ones(shape, dtype=torch.float16)
        if name.endswith(("ln.weight", "ln_post.weight"))
        else (torch.randn(shape) * (0.02 if len(shape) > 1 else 0.0)).half()
        for name, shape in shapes.items()
    }
    path = folder / f"{size}.pt"
    torch.save({"dims": asdict(dims), "model_state_dict": state}, path)
    return path


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


async def conversation(engine: Whisper, number: int, talk_s: float, times: Times) -> None:
    """One caller in real time: talks, pauses or lets go of the button by turns, is transcribed, goes on."""
    loop = asyncio.get_running_loop()
    pcm = sound(TURN_MS, number)
    await asyncio.sleep(offset_s(number))
    ends, turn = loop.time() + talk_s, number
    while loop.time() < ends:
        turn += 1
        began, shown = loop.time(), 0

        def show(transcript: Transcript) -> None:
            nonlocal shown
            for said in range(shown + 1, len(transcript.text.split()) + 1):
                times.words.append(loop.time() - began - said * WORD_MS / 1000)  # noqa: B023
                shown = said

        stream = engine.open(SttOptions(language="en"), show)
        pause_ms = FLUSH_AFTER_MS if turn % 2 else 0
        for at in range(0, TURN_MS + pause_ms, CHUNK_MS):
            await asyncio.sleep(max(0.0, began + (at + CHUNK_MS) / 1000 - loop.time()))
            talking = at < TURN_MS
            stream.feed(pcm[at * 32 : (at + CHUNK_MS) * 32] if talking else bytes(CHUNK_MS * 32), speech=talking)
        took_s = await final_s(stream)
        (times.paused if pause_ms else times.released).append(took_s)
        times.failed += took_s == float("inf")
        await asyncio.sleep((PAUSE_MS - pause_ms) / 1000)


def offset_s(number: int) -> float:
    """When a caller begins: spread over a turn, in no order."""
    return (number * 0.618 % 1) * (TURN_MS + PAUSE_MS) / 1000


async def final_s(stream: SttStream) -> float:
    """Of the transcript from now on; infinite where it does not come."""
    loop = asyncio.get_running_loop()
    asked = loop.time()
    try:
        await stream.flush()
        return loop.time() - asked
    except EngineError as error:
        print(f"a final transcript failed: {error}", flush=True)
        return float("inf")
    finally:
        stream.close()


async def burst(engine: Whisper, callers: int) -> list[float]:
    """All callers let go of the button in the same moment: nothing was decoded ahead."""
    streams = [engine.open(SttOptions(language="en"), None) for _ in range(callers)]
    for number, stream in enumerate(streams):
        stream.feed(sound(TURN_MS, number))
    return list(await asyncio.gather(*(final_s(stream) for stream in streams)))


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
    on_gpu = backend._device.type == "cuda"
    decoder = backend._decoding.decoder
    caches = decoder._text, decoder._sound, decoder.attention, decoder._aligned_keys
    cache_mib = sum(cache.nbytes for cache in caches) / 2**20
    print(
        f"{size}: {len(backend._decoding._sizes)} graphs; cache of {cache_mib:.0f} MiB for {arguments.max_batch} rows"
    )
    if on_gpu:
        print(f"{size}: {torch.cuda.max_memory_reserved(backend._device) / 2**20:.0f} MiB reserved so far, all in all")
    fitting = [batch for batch in arguments.callers if batch <= arguments.max_batch]
    assert engine._thread is not None
    rows: list[Row] = []
    for row in await engine._thread.call(parts, size, backend, limits, fitting, arguments.tokens):
        tell(rows, row)
    for callers in arguments.callers:
        await burst(engine, callers)  # sizes that come for the first time
        waits_s = [wait_s for _ in range(3 if on_gpu else 1) for wait_s in await burst(engine, callers)]
        tell(rows, Row(size, "voi, all at once", callers, *percentiles(waits_s)))
        times = Times()
        async with asyncio.TaskGroup() as group:
            for number in range(callers):
                group.create_task(conversation(engine, number, arguments.talk_s, times))
        finals_ms = percentiles(times.paused + times.released)
        note = f"{len(times.paused + times.released)} turns, {times.failed} failed"
        if on_gpu:
            note += f"; goal of {GOAL_MS} ms {'met' if finals_ms[1] <= GOAL_MS else 'missed'}"
        tell(rows, Row(size, REAL_TIME, callers, *finals_ms, note))
        for what, waits_s in (("after a pause", times.paused), ("button let go", times.released)):
            if waits_s:
                tell(rows, Row(size, f"voi, {what}", callers, *percentiles(waits_s), f"{len(waits_s)} turns"))
        if times.words:
            tell(rows, Row(size, "voi, words shown after", callers, *percentiles(times.words)))
    await engine.close()
    return rows


REAL_TIME = "voi, in real time"


def theirs(size: str, path: Path, arguments: argparse.Namespace, device: torch.device) -> list[Row]:
    """openai-whisper's `decode`, window by window. N callers wait for each other."""
    if device.type == "cuda":
        torch.backends.cuda.enable_cudnn_sdp(True)  # as it comes
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
    one_s = float(np.median(times_s[1:]))
    rows: list[Row] = []
    tell(rows, Row(size, "openai-whisper", 1, *percentiles(times_s[1:])))
    for callers in arguments.callers:
        together = percentiles([one_s * place for place in range(1, callers + 1)])
        tell(rows, Row(size, "openai-whisper, at once", callers, *together, "from the time of one"))
        note = "from the time of one, without partials"
        tell(rows, Row(size, "openai-whisper, in turn", callers, *percentiles(in_line(one_s, callers)), note))
    return rows


def in_line(one_s: float, callers: int) -> list[float]:
    """How long callers wait whose turns end as those of `conversation`, served one after the other."""
    turn_s = (TURN_MS + PAUSE_MS) / 1000
    free_s, waits_s = 0.0, []
    for asked_s in sorted(offset_s(number) + turn_s * turn for number in range(callers) for turn in range(1, 5)):
        free_s = max(free_s, asked_s) + one_s
        waits_s.append(free_s - asked_s)
    return waits_s


def tell(rows: list[Row], row: Row) -> None:
    rows.append(row)
    print(
        f"{row.size:15} {row.what:24} N={row.callers:<3} p50 {row.p50_ms:9.2f} ms   p95 {row.p95_ms:9.2f} ms   "
        f"{row.note}",
        flush=True,
    )


def summary(size: str, rows: Sequence[Row]) -> str:
    """How many callers this device serves: finals within the goal for 95 of 100."""
    tried = [row for row in rows if row.what == REAL_TIME]
    most = max((row.callers for row in tried if row.p95_ms <= GOAL_MS), default=0)
    more = " or more: none that were tried missed it" if tried and most == tried[-1].callers else ""
    alone_ms = next(row.p50_ms for row in rows if row.what == "openai-whisper")
    one_by_one = 0
    while one_by_one < 1_000 and percentiles(in_line(alone_ms / 1000, one_by_one + 1))[1] <= GOAL_MS:
        one_by_one += 1
    return (
        f"{size}: callers with final transcripts within {GOAL_MS} ms (p95): {most}{more}; "
        f"with openai-whisper one at a time {one_by_one}, which shows no partials"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", nargs="+", choices=SIZES, default=["base", "small", "large-v3-turbo"])
    parser.add_argument("--callers", nargs="+", type=int, default=[1, 8, 32, 64, 128])
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
    failed: list[str] = []
    with tempfile.TemporaryDirectory(prefix="voi-whisper-") as folder:
        for size in arguments.sizes:
            path = random_checkpoint(size, Path(folder))
            try:
                mine = asyncio.run(ours(size, path, arguments, limits)) + theirs(size, path, arguments, device)
            except (EngineError, RuntimeError) as error:  # the other sizes may run
                traceback.print_exc()
                failed.append(f"{size}: {error}")
                continue
            finally:
                path.unlink()
            rows += mine
            print(summary(size, mine), flush=True)
            if arguments.json:
                content = {"device": name, "torch": torch.__version__, "rows": [asdict(row) for row in rows]}
                arguments.json.write_text(json.dumps(content, indent=1) + "\n")
    if failed:
        sys.exit("\n".join(failed))


if __name__ == "__main__":
    main()
