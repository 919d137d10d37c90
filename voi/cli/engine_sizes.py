"""The memory that Whisper and XTTS take, computed from the headers and sizes of their files: nothing is loaded."""

import contextlib
import pickletools
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from voi.engines.device import MIB
from voi.engines.measured_memory import CONTEXT_MIB, context_bytes, faster_whisper_key, kept, mib, whisper_key, xtts_key
from voi.engines.stt.whisper.weights import checkpoint, converted, size_of
from voi.engines.tts.xtts.engine import SLOTS
from voi.engines.tts.xtts.layout import Layout, read_layout
from voi.engines.tts.xtts.need import WORKSPACE_BYTES, slot_bytes
from voi.errors import ConfigError, EngineError

WORKSPACE_MIB = WORKSPACE_BYTES // MIB
"""Memory of each model for activations and recorded graphs. Whisper is assumed to need as much as XTTS.
What was measured at a start counts in its place."""
CONDITIONING_PLACES = 32
XTTS_PARAMETERS_M = 467
WHISPER_CALLERS = 16
"""`max_batch`, unless the operator chose another."""
MOST = 999
_PLACES, _SOUND_PLACES, _ALIGNMENT_HEADS, _HEAD_WIDTH = 448, 1_500, 10, 64
_MOST_HEADER_BYTES = 16 * MIB


@dataclass(frozen=True, slots=True)
class Size:
    """Memory in MiB. `each`: for one sentence or pass; `at_once`: how many at the same time. `measured`: all that a GPU
    gave for it at an earlier start; None: not measured."""

    weights: float
    each: float
    at_once: int
    measured: int | None = None

    def total(self, gpu: bool) -> int:
        if gpu and self.measured is not None:
            return self.measured
        return round(self.weights + self.each * self.at_once) + (WORKSPACE_MIB if gpu else 0)

    def fitting(self, free_mib: int, gpu: bool, context: int = CONTEXT_MIB) -> int:
        """How many sentences or passes at once fit into that memory. `context`: CUDA's own of it."""
        rest = free_mib - self.weights - (WORKSPACE_MIB + context if gpu else 0)
        return max(0, min(MOST, int(rest / self.each)))


@dataclass(frozen=True, slots=True)
class WhisperShape:
    """`parameters_m`: millions; `layers`: of the decoder. From the model cards of openai-whisper."""

    parameters_m: float
    layers: int
    width: int

    def size(self, bytes_each: int, at_once: int = WHISPER_CALLERS) -> Size:
        """A pass keeps the keys and values of its words and its sound in every layer, and what the alignment heads
        compared with and looked at."""
        numbers = 2 * self.layers * (_PLACES + _SOUND_PLACES) * self.width
        numbers += _ALIGNMENT_HEADS * _SOUND_PLACES * (_PLACES + _HEAD_WIDTH)
        return Size(self.parameters_m * 1e6 * bytes_each / MIB, numbers * bytes_each / MIB, at_once)


WHISPERS = {
    "tiny": WhisperShape(39, 4, 384),
    "base": WhisperShape(74, 6, 512),
    "small": WhisperShape(244, 12, 768),
    "medium": WhisperShape(769, 24, 1_024),
    "large-v3-turbo": WhisperShape(809, 4, 1_280),
    "large-v3": WhisperShape(1_550, 32, 1_280),
}


def xtts_size(layout: Layout, weights_mib: float, bytes_each: int, slots: int) -> Size:
    """XTTS's memory, computed as the engine does before it allocates."""
    return Size(weights_mib, slot_bytes(layout, CONDITIONING_PLACES, bytes_each) / MIB, slots + 1)


def published_xtts(bytes_each: int) -> Size:
    """The memory that the published XTTS model takes on a GPU. `bytes_each`: of one weight."""
    return xtts_size(Layout(), XTTS_PARAMETERS_M * 1e6 * bytes_each / MIB, bytes_each, SLOTS["cuda"])


def size_of_engine(name: str, options: Mapping[str, Any], models_dir: Path, *, gpu: bool) -> Size:
    """The memory of a configured engine (whisper, faster-whisper or xtts), as computed. Raises ConfigError,
    EngineError for files that are missing or invalid."""
    bytes_each = bytes_of_a_number(options, gpu=gpu)
    if name == "xtts":
        return _xtts(options, bytes_each, gpu)
    model, at_once = str(options.get("model", "small")), int(options.get("max_batch", WHISPER_CALLERS))
    if name == "faster-whisper":
        folder = converted(model, models_dir)
        known = WHISPERS.get((size_of(model) or "").removesuffix(".en"), WHISPERS["small"])
        each = known.size(bytes_each, at_once).each
        return Size((folder / "model.bin").stat().st_size / MIB, each, at_once)
    file = checkpoint(model, models_dir)
    sizes = _numbers_in(file)
    missing = {"n_text_layer", "n_text_state"} - sizes.keys()
    if missing:
        raise EngineError(f"{file} is no Whisper checkpoint: it says nothing of {', '.join(sorted(missing))}.")
    stored = WhisperShape(file.stat().st_size / 2e6, sizes["n_text_layer"], sizes["n_text_state"])  # in half precision
    return stored.size(bytes_each, at_once)


def measured_mib(name: str, options: Mapping[str, Any], models_dir: Path, gpu: str) -> int | None:
    """MiB that the configured engine took of such a GPU at an earlier start; None: that was not measured. The files are
    there (`size_of_engine`). `gpu`: its name."""
    precision = str(options.get("precision", "auto"))
    if name == "xtts":
        slots, tuning = int(options.get("slots") or SLOTS["cuda"]), options.get("tuning", ())
        vocoder = str(options.get("vocoder_precision", "auto"))
        key = xtts_key(Path(str(options["checkpoint"])), precision, vocoder, slots, tuning)
    else:
        model, rows = str(options.get("model", "small")), int(options.get("max_batch", WHISPER_CALLERS))
        if name == "faster-whisper":
            key = faster_whisper_key(converted(model, models_dir), precision, rows)
        else:
            key = whisper_key(checkpoint(model, models_dir), precision, rows)
    taken = kept(gpu, key)
    return None if taken is None else mib(taken)


def context_mib(gpu: str) -> int:
    """CUDA's own memory in each process that uses such a GPU."""
    return mib(context_bytes(gpu))


def bytes_of_a_number(options: Mapping[str, Any], *, gpu: bool) -> int:
    """Bytes of one number, by the option `precision`."""
    return {"float32": 4, "float16": 2, "bfloat16": 2}.get(str(options.get("precision")), 2 if gpu else 4)


def _xtts(options: Mapping[str, Any], bytes_each: int, gpu: bool) -> Size:
    files = {what: Path(str(options[what])) for what in ("checkpoint", "config", "voices")}
    files["tokenizer"] = Path(str(options.get("tokenizer") or files["config"].with_name("vocab.json")))
    missing = [f"xtts: {what}: there is no file {file}." for what, file in files.items() if not file.is_file()]
    if missing:
        raise ConfigError(missing)
    for file in (files["checkpoint"], files["voices"]):
        _header(file)
    slots = int(options.get("slots") or SLOTS["cuda" if gpu else "cpu"])
    stored_mib = files["checkpoint"].stat().st_size / MIB  # in full precision
    return xtts_size(read_layout(files["config"]), stored_mib * bytes_each / 4, bytes_each, slots)


def _header(file: Path) -> bytes:
    """The part of what torch.save wrote that describes the tensors. A download that was cut off has none."""
    with contextlib.suppress(OSError, zipfile.BadZipFile), zipfile.ZipFile(file) as archive:
        for entry in archive.infolist():
            if entry.filename.endswith("/data.pkl") and entry.file_size < _MOST_HEADER_BYTES:
                return archive.read(entry)
    raise EngineError(f"{file} is not what torch.save writes, or is not whole: fetch it again.")


def _numbers_in(file: Path) -> dict[str, int]:
    """The number after every name. The pickle is read as a list of instructions, and none of them is run."""
    found: dict[str, int] = {}
    name = ""
    with contextlib.suppress(ValueError):
        for instruction, argument, _ in pickletools.genops(_header(file)):
            if isinstance(argument, str):
                name = argument
            elif isinstance(argument, int) and name.startswith("n_") and "PUT" not in instruction.name:
                found.setdefault(name, argument)
                name = ""
    return found
