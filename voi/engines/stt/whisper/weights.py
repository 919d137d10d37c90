"""Finds and downloads Whisper's weights. Nothing here is called during a conversation."""

import errno
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from voi.engines.stt.whisper.download import FetchProgress, Source, download, opened
from voi.errors import EngineError

LICENCE = "MIT"
_HOST = "https://openaipublic.azureedge.net/main/whisper/models"

# Sizes, with the SHA-256 that openai/whisper's __init__.py gives (it is part of the address).
SIZES = {
    "tiny.en": "d3dd57d32accea0b295c96e26691aa14d8822fac7d9d27d5dc00b4ca2826dd03",
    "tiny": "65147644a518d12f04e32d6f3b26facc3f8dd46e5390956a9424a650c0ce22b9",
    "base.en": "25a8566e1d0c1e2231d1c762132cd20e0f96a85d16145c3a00adf5d1ac670ead",
    "base": "ed3a0b6b1c0edf879ad9b11b1af5a0e6ab5db9205f891f668f8b0e6c6326e34e",
    "small.en": "f953ad0fd29cacd07d5a9eda5624af0f6bcf2258be67c92b79389873d91e0872",
    "small": "9ecf779972d90ba49c06d968637d720dd632c55bbf19d441fb42bf17a411e794",
    "medium.en": "d7440d1dc186f76616474e0ff0b3b6b879abc9d1a4926b7adfa41db2d497ab4f",
    "medium": "345ae4da62f9b3d59415adc60127b97c714f32e89e936602e85993674d08dcb1",
    "large-v1": "e4b87e7e0bf463eb8e6956e646f1e277e901512310def2c24bf0e11bd3c28e9a",
    "large-v2": "81f7c96c852ee8fc832187b0132e569d6c3065a3252ed18e56effd0b6a73e524",
    "large-v3": "e5b1a55b89c1367dacf97e3e19bfd829a01529dbfdeefa8caeb59b3f1b81dadb",
    "large-v3-turbo": "aff26ae408abcba5fbf8813c21e62b0941638c5f6eebfb145be0c9839262a19a",
}
ALIASES = {"large": "large-v3", "turbo": "large-v3-turbo"}
_MEGABYTES = {"tiny": 76, "base": 145, "small": 484, "medium": 1_530, "large-v3-turbo": 1_620, "large": 3_090}

# Those that faster-whisper's utils.py names for its sizes.
_TURBO_REPOSITORY = "mobiuslabsgmbh/faster-whisper-large-v3-turbo"
_SMALL_BYTES = 1_000_000
_OF_THE_FOLDER = {
    errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM, errno.ENOENT, errno.ENOTDIR, errno.EEXIST,
}  # fmt: skip
_CONVERTED_FILES = (
    "config.json", "preprocessor_config.json", "tokenizer.json", "vocabulary.json", "vocabulary.txt", "model.bin",
)  # fmt: skip
"""The files of a converted model. model.bin comes last, so a folder that has it is complete."""


def size_of(model: str) -> str | None:
    """The size that `model` names, by a name or as a file's name; None for anything else."""
    name = Path(model).name.removesuffix(".pt").removeprefix("whisper-")
    name = ALIASES.get(name, name)
    return name if name in SIZES else None


def checkpoint(model: str, models_dir: Path) -> Path:
    """The checkpoint's file, for a size or a path. Raises EngineError if it is missing."""
    size = ALIASES.get(model, model)
    if size not in SIZES:  # a size, not a file of that name
        if (given := Path(model)).is_file():
            return given
        raise EngineError(
            f"There is no Whisper checkpoint {model}. Give a file or one of: {', '.join((*SIZES, *ALIASES))}.",
        )
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "whisper"
    for path in (models_dir / f"whisper-{size}.pt", cache / f"{size}.pt"):
        if path.is_file():
            return path
    raise EngineError(
        f"The weights of Whisper {size} are not in {models_dir}. Fetch them with `voi models pull whisper-{size}`.",
    )


def converted(model: str, models_dir: Path) -> Path:
    """The folder of a model that CTranslate2 can read. Raises EngineError if it, or a file of it, is missing."""
    size = ALIASES.get(model, model)
    given = Path(model)
    folder = given if size not in SIZES and given.is_dir() else models_dir / f"faster-whisper-{size}"
    missing = [name for name in ("model.bin", "tokenizer.json") if not (folder / name).is_file()]
    if missing:
        advice = f"Fetch it with `voi models pull faster-whisper-{size}`." if size in SIZES else "Give its folder."
        raise EngineError(
            f"There is no faster-whisper model {model} in {folder} ({' and '.join(missing)} missing). {advice}",
        )
    return folder


def megabytes(size: str) -> int:
    """Megabytes that a size takes on disk, in either format (half precision)."""
    return next(count for name, count in _MEGABYTES.items() if size.removesuffix(".en").startswith(name))


def fetch(size: str, models_dir: Path, on_progress: FetchProgress, *, source: Source | None = None) -> Path:
    """Download a size into `models_dir`, unless it is already there. `source` in place of OpenAI's.

    Raises OSError, or ValueError for a file that is not the one expected."""
    size = ALIASES.get(size, size)
    target = models_dir / f"whisper-{size}.pt"
    if not target.is_file():
        download(source or Source(_address(size), sha256=SIZES[size]), target, on_progress)
    return target


def fetch_converted(size: str, models_dir: Path, on_progress: FetchProgress, *, hub: str = "") -> Path:
    """The same for a model that CTranslate2 can read: a folder, from the Hugging Face hub or `hub`."""
    size = ALIASES.get(size, size)
    folder = models_dir / f"faster-whisper-{size}"
    repository = _repository(size)
    hub = hub or _hub()
    with opened(_listing(hub, repository)) as answer:
        listed = json.load(answer)
    try:
        sources = _sources(listed, f"{hub}/{repository}/resolve")
    except (KeyError, TypeError) as error:
        raise ValueError(f"{hub} does not list the files of {repository} as expected") from error
    if "model.bin" not in sources:
        raise ValueError(f"{hub} has no model.bin in {repository}")
    for name in _CONVERTED_FILES:
        if name in sources and not (folder / name).is_file():
            download(sources[name], folder / name, on_progress)
    return folder


def reach(engine: str, size: str, deadline_s: float) -> None:
    """Ask for a size without taking it: OSError where it cannot be fetched from here."""
    url = _listing(_hub(), _repository(size)) if engine == "faster-whisper" else _address(size)
    opened(url, deadline_s=deadline_s).close()


def _address(size: str) -> str:
    return f"{_HOST}/{SIZES[size]}/{size}.pt"


def _hub() -> str:
    return os.environ.get("HF_ENDPOINT") or "https://huggingface.co"


def _repository(size: str) -> str:
    return _TURBO_REPOSITORY if size == "large-v3-turbo" else f"Systran/faster-whisper-{size}"


def _listing(hub: str, repository: str) -> str:
    return f"{hub}/api/models/{repository}?blobs=true"


def fetch_missing(engine: str, model: str, models_dir: Path, tell: Callable[[str], object]) -> None:
    """Download `model` for the engine whisper or faster-whisper, if it is a size that is missing. `tell` gets a line at
    the start and at each tenth. Raises EngineError if that fails."""
    size = ALIASES.get(model, model)
    find, get = (converted, fetch_converted) if engine == "faster-whisper" else (checkpoint, fetch)
    try:
        find(model, models_dir)
    except EngineError:
        if size not in SIZES:
            raise
    else:
        return
    tell(f"fetching {size}, {megabytes(size)} MB, into {models_dir}")
    tenths = 0

    def on_progress(done: int, total: int) -> None:
        nonlocal tenths
        if total and done * 10 // total > tenths and total > 10 * _SMALL_BYTES:
            tenths = done * 10 // total
            tell(f"fetching {size}, {tenths}0%")

    try:
        get(size, models_dir, on_progress)
    except (OSError, ValueError) as error:
        why, cure = str(error), f"With a connection, `voi models pull {engine}-{size}` fetches it"
        cure += "; or copy the models folder of another machine."
        if isinstance(error, OSError) and error.errno in _OF_THE_FOLDER:
            why = os.strerror(error.errno)
            cure = "Make room there, or set VOI_MODELS_DIR to a folder that can be written."
        raise EngineError(f"Whisper {size} is not in {models_dir} and could not be fetched: {why}. {cure}") from error


def _sources(listed: Any, where: str) -> dict[str, Source]:
    """The sources of the files, all of one revision, so that a folder never mixes two."""
    files = {each["rfilename"]: each for each in listed["siblings"] if each["rfilename"] in _CONVERTED_FILES}
    return {
        name: Source(f"{where}/{listed['sha']}/{name}", (each.get("lfs") or {}).get("sha256", ""), each["blobId"])
        for name, each in files.items()
    }
