"""Where the time goes: inside a replay, between replays, and in variants of attention and of the vocoder's layout."""

import time
from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.nn.functional import scaled_dot_product_attention
from torch.profiler import ProfilerActivity, profile

from visit.common import Findings, busy_ms, emulated, synchronize, wall_ms  # isort: skip

from voi.engines.cuda_graphs import ATTENTION, Graphs
from voi.engines.tts.xtts import vocoder as vocoder_module
from voi.engines.tts.xtts.vocoder import WHOLE

ROWS = (1, 16, 64)
TIMES = 50
MIDDLE_PLACES = 192


def replays(find: Findings) -> None:
    """A step of the decoder and a window of the vocoder: how long the device is busy with it, how long it takes with
    its codes read, as the engine reads them, and which kernels it is made of."""
    times = 2 if find.tiny else TIMES
    with emulated(find):
        running = find.recorded()
        decoder, vocoder, graphs = running.decoder, running.vocoder, running.graphs
        steps: dict[str, Any] = {}
        for rows in sorted({decoder.rows_for(min(each, decoder.slots) - 1) for each in ROWS}):
            length = next(size for size in decoder._lengths if size >= min(MIDDLE_PLACES, decoder.places))
            replay = lambda r=rows, n=length: graphs.run(("step", r, n), lambda: decoder._step(r, n))  # type: ignore[misc] # noqa: E731
            with decoder._standing_still():
                busy = busy_ms(find.device, replay, times)
                read = wall_ms(find.device, lambda replay=replay: replay().tolist(), times)
                host = host_ms(find, replay, times)
                steps[f"{rows} rows"] = {"busy_ms": busy, "with_codes_read_ms": read, "gap_ms": read - busy,
                                         "host_ms": host, **kernels(find, replay)}  # fmt: skip
            find.note(steps=steps)
        windows: dict[str, Any] = {}
        for (batch, size), inputs in vocoder._inputs.items():
            if batch in (1, vocoder_module.BATCHES[-1]):
                replay = lambda b=batch, s=size, i=inputs: graphs.run((WHOLE, b, s), lambda: vocoder._compute(WHOLE, i))  # type: ignore[misc] # noqa: E731
                windows[f"{batch} of {size}"] = {"busy_ms": busy_ms(find.device, replay, times)}
        most, largest = vocoder_module.BATCHES[-1], vocoder.plan.sizes[-1]
        replay = lambda: graphs.run((WHOLE, most, largest), lambda: torch.empty(0))  # noqa: E731
        windows[f"{most} of {largest}"] |= kernels(find, replay)
        find.note(windows=windows, right=True)


def host_ms(find: Findings, work: Callable[[], object], times: int) -> float:
    """What Python takes to start it."""
    synchronize(find.device)
    began = time.perf_counter()
    for _ in range(times):
        work()
    taken = (time.perf_counter() - began) * 1000 / times
    synchronize(find.device)
    return taken


def kernels(find: Findings, replay: Callable[[], object]) -> dict[str, Any]:
    """How many there are, and those that take longest, in microseconds."""
    cuda = find.device.type == "cuda"
    with profile(activities=[ProfilerActivity.CUDA if cuda else ProfilerActivity.CPU]) as seen:
        replay()
        synchronize(find.device)
    counts: Counter[str] = Counter()
    times: Counter[str] = Counter()
    for event in seen.events():
        name = event.name[:90]
        counts[name] += 1
        times[name] += event.device_time_total if cuda else event.self_cpu_time_total
    return {
        "kernels": sum(counts.values()),
        "longest": [[name, counts[name], round(total, 1)] for name, total in times.most_common(12)],
    }


def attention(find: Findings) -> None:
    """One query for each row, over so many places, in all layers: as it is, and otherwise."""
    found: dict[str, Any] = {}
    with torch.inference_mode():
        for rows in (1, 2) if find.tiny else ROWS:
            for name, milliseconds in attention_of(find, rows).items():
                found[f"{rows} rows, {name}"] = milliseconds
            find.note(all_layers_ms=found)
    find.note(right=True)


def attention_of(find: Findings, rows: int) -> dict[str, float | str]:
    layers, heads, width = (2, 4, 16) if find.tiny else (30, 16, 64)
    like: dict[str, Any] = {
        "dtype": torch.float32 if find.device.type == "cpu" else torch.float16, "device": find.device
    }  # fmt: skip
    query = torch.randn(rows, heads, 1, width, **like)
    keys = torch.randn(layers, rows, heads, MIDDLE_PLACES, width, **like)
    hidden = torch.arange(MIDDLE_PLACES, device=find.device) > torch.full((rows, 1), 120, device=find.device)
    mask = torch.zeros(hidden.shape, **like).masked_fill(hidden, -torch.inf)[:, None, None]

    def by(backends: list[SDPBackend], attn_mask: Tensor | None) -> list[Tensor]:
        with sdpa_kernel(backends):
            return [scaled_dot_product_attention(query, k, k, attn_mask=attn_mask) for k in keys]

    return {
        "as it is": timed(find, lambda: by(ATTENTION, mask)),
        "without a mask": timed(find, lambda: by(ATTENTION, None)),
        "products and softmax": timed(find, lambda: [products(query, k, k, mask) for k in keys]),
        **{backend.name: timed(find, partial(by, [backend], mask)) for backend in ATTENTION},
    }


def products(query: Tensor, keys: Tensor, values: Tensor, mask: Tensor) -> Tensor:
    scores = (query * query.shape[-1] ** -0.5) @ keys.transpose(-1, -2) + mask
    return scores.softmax(dim=-1, dtype=torch.float32).to(values.dtype) @ values


def timed(find: Findings, work: Callable[[], object]) -> float | str:
    """Recorded, so that it is the device's time; why not, where a backend cannot."""
    graphs = Graphs(find.device, "a variant")
    try:
        graphs.record("it", work)
        return busy_ms(find.device, lambda: graphs.run("it", work), 2 if find.tiny else TIMES)
    except RuntimeError as error:
        return str(error).partition("\n")[0][:120]
    finally:
        graphs.clear()


def layouts(find: Findings) -> None:
    """The vocoder's residual blocks as they are, and as two-dimensional convolutions with the channels last."""
    channels, samples = (16, 400) if find.tiny else (256, 154 * 8)
    batch = 1 if find.tiny else 8
    found: dict[str, Any] = {}
    with torch.inference_mode():
        for dtype in (torch.float32,) if find.device.type == "cpu" else (torch.float32, torch.float16):
            for kernel in (3, 7, 11):
                conv = nn.Conv1d(channels, channels, kernel, padding=kernel // 2).to(find.device, dtype)
                x = torch.randn(batch, channels, samples, device=find.device, dtype=dtype)
                flat = nn.Conv2d(channels, channels, (1, kernel), padding=(0, kernel // 2)).to(find.device, dtype)
                flat.weight.copy_(conv.weight[:, :, None])
                flat.bias.copy_(conv.bias)  # type: ignore[union-attr]
                flat = flat.to(memory_format=torch.channels_last)
                wide = x[:, :, None].to(memory_format=torch.channels_last)
                found[f"{dtype}, kernel {kernel}".removeprefix("torch.")] = {
                    "as it is": timed(find, partial(conv, x)),
                    "channels last": timed(find, partial(flat, wide)),
                    "apart": float((conv(x) - flat(wide)[:, :, 0]).abs().max()),
                }
                find.note(milliseconds=found)
    find.note(right=all(each["apart"] < 0.05 for each in found.values()))
