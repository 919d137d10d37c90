"""Whisper's weights for `voi models`: whisper-SIZE and faster-whisper-SIZE, with a progress bar."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeGuard

import typer

from voi.engines.stt.whisper.download import FetchProgress
from voi.engines.stt.whisper.weights import (
    ALIASES,
    LICENCE,
    SIZES,
    checkpoint,
    converted,
    fetch,
    fetch_converted,
    megabytes,
)
from voi.errors import EngineError

EXAMPLES = ("whisper-small", "faster-whisper-small")
_KINDS: dict[str, tuple[Callable[[str, Path], Path], Callable[[str, Path, FetchProgress], Path], str]] = {
    "whisper-": (checkpoint, fetch, "speech to text (needs the extra `whisper`)"),
    "faster-whisper-": (converted, fetch_converted, "speech to text (needs the extra `faster-whisper`)"),
}


def is_name(name: str | None) -> TypeGuard[str]:
    """Whether this is the name of a Whisper model, such as whisper-small or faster-whisper-small."""
    return name is not None and any(name.removeprefix(kind) in (*SIZES, *ALIASES) for kind in _KINDS)


def listed(models_dir: Path) -> Iterator[tuple[str, int, str, bool]]:
    """Name, megabytes, licence and purpose, and whether they are there."""
    for kind, (find, _, purpose) in _KINDS.items():
        for size in SIZES:
            try:
                present = bool(find(size, models_dir))
            except EngineError:
                present = False
            yield f"{kind}{size}", megabytes(size), f"{LICENCE}: {purpose}", present


def by_hand(name: str, models_dir: Path) -> str:
    """Which files to put where."""
    kind = next(kind for kind in _KINDS if name.removeprefix(kind) in (*SIZES, *ALIASES))
    size = ALIASES.get(name.removeprefix(kind), name.removeprefix(kind))
    where = models_dir.absolute()
    if kind == "whisper-":
        return f"put OpenAI's {size}.pt here as {where / f'whisper-{size}.pt'}"
    return f"put a model that CTranslate2 reads (model.bin, config.json, tokenizer.json …) into {where / name}"


def pull(name: str, models_dir: Path) -> None:
    """Download into `models_dir`; resumes a broken download. Raises OSError, ValueError."""
    kind = next(kind for kind in _KINDS if name.removeprefix(kind) in (*SIZES, *ALIASES))
    find, get, _ = _KINDS[kind]
    size = name.removeprefix(kind)
    try:
        typer.echo(f"{find(size, models_dir)} is there already.")
        return
    except EngineError:
        typer.echo(f"Fetching {name}, {megabytes(ALIASES.get(size, size))} MB, into {models_dir}")
    with typer.progressbar(length=0, label=name) as bar:

        def on_progress(done: int, total: int) -> None:
            bar.length = total or None
            bar.update(done - bar.pos)

        path = get(size, models_dir, on_progress)
    typer.echo(f"{path} is ready.")
