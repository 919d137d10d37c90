"""Is it right on this device? Shapes, replays, company, precision, failures, reloads."""

import gc
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from visit.common import Findings, emulated, free_mib, keys_of, synchronize, wall_ms, warnings  # isort: skip

from tests.engines.tts.xtts.speaking import GREEDY, TEXTS, Said, job, run
from voi.engines.cuda_graphs import Graphs, release_memory
from voi.engines.cuda_numbers import convolutions
from voi.engines.stt.whisper.openai_backend import OpenAiBackend
from voi.engines.tts.xtts import model as model_module
from voi.engines.tts.xtts import vocoder
from voi.engines.tts.xtts.layout import Sampling
from voi.engines.tts.xtts.memory import give_back
from voi.engines.tts.xtts.model import Running
from voi.engines.tts.xtts.vocoder import SHORT, WHOLE

RELOADS = 8
LEAK_MIB = 16.0


def shapes(find: Findings) -> None:
    """Every shape is recorded, or why not."""
    with emulated(find), warnings() as told:
        before, began = free_mib(find.device), time.perf_counter()
        running = find.load()
        loaded_s = time.perf_counter() - began
        for _ in running.record():
            pass
        synchronize(find.device)
        wanted = shapes_of(running)
        lacking = [str(key) for key in wanted if key not in running.graphs]
        find.note(
            xtts_loaded_s=loaded_s,
            xtts_recorded_s=time.perf_counter() - began - loaded_s,
            xtts_recorded=len(wanted) - len(lacking),
            xtts_not_recorded=lacking,
            xtts_memory_mib=before - free_mib(find.device),
            xtts_counted_mib=running.need.total(0) / 2**20,
        )
        backend, began = whisper(find), time.perf_counter()
        assert backend._decoding is not None
        if find.device.type == "cpu":
            backend._decoding.record()
        find.note(whisper_sizes=backend._decoding._sizes, whisper_recorded_s=time.perf_counter() - began, said=told)
        find.note(right=not lacking and not told)


def shapes_of(running: Running) -> list[Any]:
    decoder, plan = running.decoder, running.vocoder.plan
    return [
        *(("step", rows, length) for rows in decoder._row_sizes for length in decoder._lengths),
        *(("fill", batch, places) for batch in decoder._fills for places in decoder._prefixes),
        *((kind, batch, size) for kind in (WHOLE, SHORT) for batch in vocoder.BATCHES for size in plan.sizes),
    ]


def whisper(find: Findings, rows: int = 0) -> OpenAiBackend:
    backend = OpenAiBackend(
        str(find.whisper()),
        models_dir=find.folder,
        device=str(find.device),
        precision="auto",
        max_batch=rows or (2 if find.tiny else 32),
    )
    backend.load()
    return backend


def replay(find: Findings) -> None:
    """What is replayed is what is done without a recording: the largest difference for each shape."""
    with emulated(find):
        running = find.recorded()
        random = torch.Generator().manual_seed(1)
        cache = running.decoder._cache
        cache.copy_(torch.randn(cache.shape[2:], generator=random).to(cache))
        apart: dict[str, float] = {}
        for key, work, state in works(running):
            if key not in running.graphs:
                continue
            kept = [tensor.clone() for tensor in state]
            eager = [result.clone() for result in (work(), *state)]
            for tensor, value in zip(state, kept, strict=True):
                tensor.copy_(value)
            again = [running.graphs.run(key, work).clone(), *(tensor.clone() for tensor in state)]
            for tensor, value in zip(state, kept, strict=True):
                tensor.copy_(value)
            differences = [
                float((one.float() - other.float()).abs().max()) for one, other in zip(eager, again, strict=True)
            ]
            apart[str(key)] = max(differences)
        find.note(
            compared=len(apart), largest=max(apart.values(), default=0.0), not_equal=sum(map(bool, apart.values()))
        )
        find.note(right=len(apart) == len(shapes_of(running)) and max(apart.values(), default=1.0) < 1e-2, apart=apart)


def works(running: Running) -> Iterator[tuple[Any, Callable[[], Tensor], list[Tensor]]]:
    """Each recorded shape: its key, its work without a recording, and the state that it changes."""
    decoder, inputs_of = running.decoder, running.vocoder._inputs
    random = torch.Generator().manual_seed(2)
    state = [decoder._code, decoder._done, decoder._place, decoder._seen, decoder.latents]
    decoder._done.fill_(0)
    decoder._active.fill_(1)
    for rows in decoder._row_sizes:
        for length in decoder._lengths:
            decoder._place.fill_(min(40, length - 1))
            yield ("step", rows, length), lambda r=rows, n=length: decoder._step(r, n), state  # type: ignore[misc]
    for (batch, places), (hidden, slots) in decoder._fill_buffers.items():
        hidden.copy_(torch.randn(hidden.shape, generator=random).to(hidden))
        slots.copy_(torch.arange(batch))
        yield ("fill", batch, places), lambda h=hidden, s=slots: decoder._fill(h, s), [decoder._cache[:, :, :batch]]  # type: ignore[misc]
    for (batch, size), inputs in inputs_of.items():
        inputs.frames.copy_(torch.randn(inputs.frames.shape, generator=random).to(inputs.frames))
        inputs.lengths.fill_(size - 3)
        for kind in (WHOLE, SHORT):
            yield (kind, batch, size), lambda k=kind, i=inputs: running.vocoder._compute(k, i), []  # type: ignore[misc]


def company(find: Findings) -> None:
    """Codes alone are those in a crowd that comes, goes and moves: with a seed always, else but for rounding."""
    most = 14 if find.tiny else 60
    for same_shapes in (True, False):
        with emulated(find):
            running = find.recorded(same_shapes=same_shapes, slots=4 if find.tiny else 16)
            rules = [GREEDY, Sampling()]
            wishes = [(text, rule, at) for at, text in enumerate(TEXTS[: 2 if find.tiny else 4]) for rule in rules]

            def made(running: Running = running, wishes: Any = wishes) -> list[Said]:
                return [
                    job(running, text, sampling=rule, seed=at, max_codes=most - 3 * at) for text, rule, at in wishes
                ]

            alone = made()
            for said in alone:
                run(running.batch, said)
            crowd = made()
            others = [
                job(running, TEXTS[1], seed=number, sampling=Sampling(), max_codes=3 + number) for number in range(6)
            ]
            for number, said in enumerate(crowd):
                running.batch.submit(said.job)
                if number < len(others):
                    running.batch.submit(others[number].job)
                running.batch.step()
            run(running.batch)
            equal = [one.codes == other.codes for one, other in zip(alone, crowd, strict=True)]
            sound = max(
                float(np.abs(one.sound - other.sound).max())
                for one, other, same in zip(alone, crowd, equal, strict=True)
                if same
            ) if any(equal) else 1.0  # fmt: skip
            name = "with_seed" if same_shapes else "without"
            find.note(**{f"{name}_equal": f"{sum(equal)} of {len(equal)}", f"{name}_sound_apart": sound})
            if same_shapes:
                find.note(right=all(equal))


def precision(find: Findings) -> None:
    """What the vocoder's convolutions lose on this device, beside single precision on it."""
    import vocoder_precision as listening  # type: ignore[import-not-found]

    frames, channels = (40, 16) if find.tiny else (282, 512)
    random = torch.Generator().manual_seed(5)
    width = listening.network(16).input_width
    inputs = torch.randn(1, width, frames, generator=random).to(find.device)
    speaker = torch.randn(1, 512, 1, generator=random).to(find.device)
    with torch.inference_mode():

        def sound(net: Any, *, tf32: bool = False) -> Any:
            dtype = net.conv_pre.weight.dtype
            with convolutions(tf32=tf32):
                return net(inputs.to(dtype), speaker.to(dtype))[0].double().cpu().numpy()

        net = listening.network(channels).to(find.device)
        whole = sound(net)
        find.note(tf32=listening.judged(whole, sound(net, tf32=True)) if find.device.type == "cuda" else {})
        find.note(
            milliseconds={
                "float32": wall_ms(find.device, lambda: sound(net), 3),
                "tf32": wall_ms(find.device, lambda: sound(net, tf32=True), 3),
            }
        )
        half = listening.network(channels).half().to(find.device)
        find.note(float16=listening.judged(whole, sound(half)))
        find.found["milliseconds"]["float16"] = wall_ms(find.device, lambda: sound(half), 3)
        matmul = torch.backends.cuda.matmul
        find.load(slots=1)
        find.note(
            sums_in_half=bool(matmul.allow_fp16_reduced_precision_reduction),
            right=find.found["float16"]["to_mask_db"] < 0 and find.found["tf32"].get("to_mask_db", -1.0) < 0,
        )


def cold(find: Findings) -> None:
    """A size that comes for the first time, beside one that was recorded."""
    with emulated(find):
        running = find.recorded()
        net, made = running.vocoder._net, running.vocoder

        def once(size: int) -> float:
            frames = torch.zeros(1, net.input_width, size, device=find.device, dtype=made._dtype)
            speaker = torch.zeros(1, net.speaker_width, 1, device=find.device, dtype=made._dtype)
            return wall_ms(find.device, lambda: net(frames, speaker), 1)

        sizes = (4, 17) if find.tiny else (4, 8, 13, 17, 21, 26, 34, 65, 126)
        find.note(first_ms={size: once(size) for size in sizes})
        find.note(again_ms={size: once(size) for size in sizes})
        first, inputs = made.plan.sizes[0], made._inputs[1, made.plan.sizes[0]]
        for kind in (WHOLE, SHORT):
            replayed = lambda k=kind: running.graphs.run((k, 1, first), lambda: made._compute(k, inputs))  # type: ignore[misc] # noqa: E731
            find.note(**{f"recorded_{kind.split()[0]}_ms": wall_ms(find.device, replayed, 5)})
        find.note(right=True)


def failed(find: Findings) -> None:
    """A recording that fails leaves all else in order: the allocator, what was recorded before, and a model, which goes
    on without. On a CPU with a stand-in for CUDA, of the torch that leaves most undone."""
    with torch.inference_mode(), recording_device(find) as device:
        allocator(find, device)
        model(find, device)
    find.note(right=bool(find.found["allocator_right"] and find.found["model_right"]))


@contextmanager
def recording_device(find: Findings) -> Iterator[torch.device]:
    if find.device.type == "cuda":
        yield find.device
        return
    from tests.engines.fake_cuda import DEVICE, Cuda, instead_of_cuda

    with instead_of_cuda(Cuda(replays=True)):
        yield DEVICE


def allocator(find: Findings, device: torch.device) -> None:
    held = torch.ones(64, 64, device=find.device)
    with warnings() as told:
        broken, whole = Graphs(device, "a test"), Graphs(device, "another")
        broken.record("before", lambda: held @ held)
        broken.record("broken", lambda: held * float(held.sum()))
        find.note(told=told, records=broken.records)
        release_memory()
        whole.record("one", lambda: held @ held)
        replayed = [graphs.run(key, lambda: held).sum().item() for graphs, key in ((broken, "before"), (whole, "one"))]
        before = free_mib(find.device)
        broken.clear()
        whole.clear()
        gc.collect()
        release_memory()
        find.note(replayed=replayed, given_back_mib=free_mib(find.device) - before)
    find.note(allocator_right=replayed == [64.0**3] * 2 and len(told) == 1 and not broken.records)


def model(find: Findings, device: torch.device) -> None:
    """XTTS whose second recording fails: what it says is what it says without any."""
    usual, graphs = find.load(slots=2), model_module.Graphs
    model_module.Graphs = lambda _, *more: graphs(device, *more)  # type: ignore[misc, assignment]
    try:
        planted = find.load(slots=2)
    finally:
        model_module.Graphs = graphs  # type: ignore[misc]
    decoder, step, done = planted.decoder, planted.decoder._step, 0

    def waits_once(rows: int, length: int) -> Tensor:
        nonlocal done
        capturing = torch.cuda.is_current_stream_capturing()
        done += capturing
        if capturing and done == 2:
            float(decoder.latents.sum())  # CUDA cannot record that
        return step(rows, length)

    decoder._step = waits_once  # type: ignore[method-assign]
    with warnings() as told:
        shapes = len(list(planted.record()))
    said = [job(running, TEXTS[1], sampling=GREEDY, max_codes=12) for running in (usual, planted)]
    for one, running in zip(said, (usual, planted), strict=True):
        run(running.batch, one)
    equal = said[0].codes == said[1].codes
    find.note(model_told=told, model_recorded=len(keys_of(planted.graphs)), model_tried=shapes + 1, model_equal=equal)
    planted.clear()
    give_back(str(find.device))
    find.note(model_right=equal and len(told) == 1 and find.found["model_recorded"] == 1)


def reloads(find: Findings) -> None:
    """Loaded, recorded and unloaded again and again: the device's free memory each time."""
    free: list[float] = []
    for _ in range(2 if find.tiny else RELOADS):
        with emulated(find):
            running = find.recorded(slots=2 if find.tiny else 8)
            running.graphs.clear()
            del running
            give_back(str(find.device))
            synchronize(find.device)
            free.append(free_mib(find.device))
            find.note(free_mib=free)
    find.note(right=free[1] - free[-1] < LEAK_MIB, leak_mib=free[1] - free[-1])


def tests(find: Findings) -> None:
    """Those that want this device, and those of recording."""
    root = Path(__file__).parents[2]
    files = ["tests/engines/test_on_cuda.py", "tests/engines/test_cuda_graphs.py", "tests/engines/test_cuda_device.py"]
    files += [] if find.tiny else ["tests/engines/tts/xtts", "tests/engines/stt/whisper/test_recorded.py"]
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--timeout=300", *files]
    ran = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    lines = ran.stdout.strip().splitlines()
    find.note(right=ran.returncode == 0, last=lines[-1:], failed=[line for line in lines if line.startswith("FAILED")])
