"""What `voi doctor` says about devices: their memory, what the configured engines take of it, and what would fit."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from voi.cli.engine_sizes import WHISPERS, Size, context_mib, published_xtts
from voi.cli.findings import Finding, Grade
from voi.engines.device import AUTO, MIB, machine_memory, own_memory_bytes
from voi.engines.gpus import NO_CUDA, Driver, torch_has_cuda
from voi.engines.stt.whisper.cublas import CURE, load_cublas

CPU = "cpu"


@dataclass(slots=True)
class Meter:
    """Measures the memory that warming up a small engine takes. Make it before the warm-up."""

    _own: int = field(init=False)

    def __post_init__(self) -> None:
        self._own = own_memory_bytes()

    def took(self) -> str:
        return f"{max(0, own_memory_bytes() - self._own) // MIB:,} MiB"


@dataclass(frozen=True, slots=True)
class Place:
    """Where an engine for a GPU computes. `gpu`: the GPU's number; None: the CPU. `wrong`: why it cannot run there.
    `pity`: why it runs on the CPU although it needs a GPU to be fast."""

    gpu: int | None = None
    wrong: str = ""
    pity: str = ""


def place_of(engine: str, device: str, driver: Driver) -> Place:
    """`engine`: whisper, faster-whisper or xtts."""
    slow = "It works, but it computes on the CPU and is slow: it was made for a GPU"
    if device == CPU:
        return Place(pity=f"{slow}.")
    if device == AUTO and not driver.gpus:
        return Place(pity=f"{slow}.{f' {driver.fault[0].upper()}{driver.fault[1:]}.' if driver.fault else ''}")
    by_torch = engine != "faster-whisper"
    has_cuda = bool(torch_has_cuda()) if by_torch else load_cublas()
    if device == AUTO and by_torch and not has_cuda:
        return Place(pity=f"{slow}. {NO_CUDA}.")
    number = int(device.partition(":")[2] or 0)
    if number >= len(driver.gpus):
        there = ", ".join(f"cuda:{at}" for at in range(len(driver.gpus))) or "none"
        why = driver.fault or f"there is no such GPU; there is: {there}"
        return Place(wrong=f"It is to compute on {device}, but {why}. Look at VOI_DEVICE and the option `device`.")
    if has_cuda:
        return Place(number)
    return Place(wrong=f"It is to compute on cuda:{number}. {f'{NO_CUDA}.' if by_torch else CURE}")


@dataclass(frozen=True, slots=True)
class Wanted:
    """A configured engine. `process`: engines with the same value share a process."""

    label: str
    process: str
    gpu: int | None
    size: Size


def devices(driver: Driver, wanted: Sequence[Wanted], *, processes: bool) -> list[Finding]:
    """Each GPU, or the machine where there is none: its memory, whether the engines fit into it together, and what
    would fit with nothing else loaded."""
    places: list[int | None] = list(range(len(driver.gpus)))
    if not places or any(one.gpu is None for one in wanted):
        places.append(None)
    return [finding for place in places for finding in _device(driver, place, wanted, processes)]


def _device(driver: Driver, place: int | None, wanted: Sequence[Wanted], processes: bool) -> list[Finding]:
    memory = machine_memory() if place is None else driver.gpus[place]
    if memory is None:
        return []
    on_gpu = place is not None
    free_mib, total_mib = memory.free // MIB, memory.total // MIB
    context = context_mib(memory.device.partition(", ")[2]) if on_gpu else 0
    found = [Finding("devices", "memory", Grade.OK, f"{memory.device}: {free_mib:,} of {total_mib:,} MiB are free")]
    here = [one for one in wanted if one.gpu == place]
    if here:
        each = [f"{one.label} {one.size.total(on_gpu):,}" for one in here]
        contexts = len({one.process for one in here}) if processes else 1
        needed_mib = sum(one.size.total(on_gpu) for one in here) + context * contexts
        detail = f"about {needed_mib:,} MiB of {memory.device}: {', '.join(each)}"
        detail += f", CUDA {context * contexts:,}" if on_gpu else ""
        less = "a smaller Whisper, or fewer `slots` of XTTS and a smaller `max_batch` of Whisper, take less"
        if needed_mib > total_mib:
            found.append(Finding("devices", "engines", Grade.WRONG, detail, f"That is more than there is: {less}."))
        elif needed_mib > free_mib:
            cure = f"Less is free now: end what else uses the device (a running Voi too); {less}."
            found.append(Finding("devices", "engines", Grade.MISSING, detail, cure))
        else:
            found.append(Finding("devices", "engines", Grade.OK, detail))
    return [*found, _would_fit(free_mib, on_gpu, context)]


def _would_fit(free_mib: int, on_gpu: bool, context: int) -> Finding:
    bytes_each = 2 if on_gpu else 4
    sentences = published_xtts(bytes_each).fitting(free_mib, on_gpu, context) - 1  # one slot is for padding
    passes = {name: shape.size(bytes_each).fitting(free_mib, on_gpu, context) for name, shape in WHISPERS.items()}
    whispers = ", ".join(f"{name} {count:,}" for name, count in passes.items() if count) or "none"
    xtts = f"XTTS-v2 with {sentences:,} sentences at a time" if sentences > 0 else "no XTTS-v2"
    slow = "" if on_gpu else ". On this CPU all of them are slow"
    return Finding(
        "devices", "would fit", Grade.OK, f"each alone: {xtts}; Whisper, by passes at a time: {whispers}{slow}"
    )
