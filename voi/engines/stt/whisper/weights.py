"""Where Whisper's weights are, and how to get them. Nothing here is called while somebody speaks."""

import hashlib
import os
import urllib.request
from collections.abc import Callable
from pathlib import Path

from voi.errors import EngineError

DEADLINE_S = 60
_CHUNK_BYTES = 1 << 20
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


def size_of(model: str) -> str | None:
    """The size that `model` names, by a name or as a file's name; None for anything else."""
    name = Path(model).name.removesuffix(".pt").removeprefix("whisper-")
    name = ALIASES.get(name, name)
    return name if name in SIZES else None


def checkpoint(model: str, models_dir: Path) -> Path:
    """The file of a size, or of a path to a checkpoint. EngineError where it is missing."""
    given = Path(model)
    if given.is_file():
        return given
    size = ALIASES.get(model, model)
    if size not in SIZES:
        raise EngineError(
            f"There is no Whisper checkpoint {model}. Give a file or one of: {', '.join((*SIZES, *ALIASES))}.",
            engine="whisper",
        )
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "whisper"
    for path in (models_dir / f"whisper-{size}.pt", cache / f"{size}.pt"):
        if path.is_file():
            return path
    raise EngineError(
        f"The weights of Whisper {size} are not in {models_dir}. Fetch them with `voi models pull whisper-{size}`.",
        engine="whisper",
    )


def converted(model: str, models_dir: Path) -> Path:
    """The folder of a model that CTranslate2 can read. EngineError where it, or a file of it, is missing."""
    given = Path(model)
    size = ALIASES.get(model, model)
    folder = given if given.is_dir() else models_dir / f"faster-whisper-{size}"
    missing = [name for name in ("model.bin", "tokenizer.json") if not (folder / name).is_file()]
    if missing:
        advice = f"Fetch it with `voi models pull faster-whisper-{size}`." if size in SIZES else "Give its folder."
        raise EngineError(
            f"There is no faster-whisper model {model} in {folder} ({' and '.join(missing)} missing). {advice}",
            engine="faster-whisper",
        )
    return folder


def fetch(
    size: str, models_dir: Path, on_progress: Callable[[int, int], None], *, url: str = "", sha256: str = ""
) -> Path:
    """Download a size into `models_dir`; nothing to do where it is. `on_progress(bytes so far, bytes in all)`.

    `url` and `sha256` in place of OpenAI's. Raises OSError, or ValueError for a file that is not the one expected.
    """
    size = ALIASES.get(size, size)
    sha256 = sha256 or SIZES[size]
    url = url or f"{_HOST}/{sha256}/{size}.pt"
    target = models_dir / f"whisper-{size}.pt"
    if target.is_file():
        return target
    models_dir.mkdir(parents=True, exist_ok=True)
    partial = target.with_name(f".{target.name}.{os.getpid()}")
    digest = hashlib.sha256()
    try:
        with urllib.request.urlopen(url, timeout=DEADLINE_S) as source, partial.open("wb") as file:
            total, done = int(source.headers.get("Content-Length") or 0), 0
            while chunk := source.read(_CHUNK_BYTES):
                file.write(chunk)
                digest.update(chunk)
                done += len(chunk)
                on_progress(done, total)
        if digest.hexdigest() != sha256:
            raise ValueError(f"what {url} gives is not Whisper {size} (its SHA-256 differs).")
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)
    return target
