"""The file of named voices (speakers_xtts.pth), changed safely: plain tensors only, whole or not at all, one at a time.

An entry is what Coqui's own file has: `gpt_cond_latent` (1, places, width) and `speaker_embedding` (1, width, 1), in
this order, float32.
"""

import fcntl
import os
import re
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch

from voi.engines.tts.xtts.checkpoint import VoiceLatents, load_tensors, load_voices
from voi.errors import ClientError, ConfigError

LOCK_DEADLINE_S = 10.0
NAME_LONGEST = 64
_NAME = re.compile(r"\w[\w .,'()+-]*", re.UNICODE)


def checked_name(name: str) -> str:
    """The name, if a voice may be called so. ClientError."""
    if len(name) > NAME_LONGEST or not _NAME.fullmatch(name) or name != name.strip():
        raise ClientError(
            f"A voice's name has 1 to {NAME_LONGEST} letters, digits, blanks or -_.,'()+, a letter or digit first."
        )
    return name


def names(path: Path) -> tuple[str, ...]:
    """Of a file that need not be there yet. ConfigError when it is no file of voices."""
    return tuple(load_voices(path)) if path.exists() else ()


def store(path: Path, voices: Mapping[str, VoiceLatents], *, force: bool = False) -> None:
    """Add voices, all or none. ClientError when there is one of that name and `force` is not given; ConfigError when
    the file cannot be read or written."""
    for name in voices:
        checked_name(name)
    with _changing(path) as entries:
        taken = [name for name in voices if name in entries]
        if taken and not force:
            raise ClientError(f"There is a voice {taken[0]!r} already; with force it is replaced.")
        entries.update({name: _entry(voice) for name, voice in voices.items()})


def remove(path: Path, *gone: str) -> None:
    """ClientError for a voice that is not there, or when none would be left."""
    with _changing(path) as entries:
        for name in gone:
            if entries.pop(name, None) is None:
                raise ClientError(f"There is no voice {name!r}; there are: {', '.join(entries) or 'none'}.")
        if not entries:
            raise ClientError("The last voice cannot be removed: a model needs one.")


def _entry(voice: VoiceLatents) -> dict[str, Any]:
    return {
        "gpt_cond_latent": voice.conditioning.float().cpu()[None].contiguous(),
        "speaker_embedding": voice.embedding.float().cpu().flatten()[None, :, None].contiguous(),
    }


@contextmanager
def _changing(path: Path) -> Iterator[dict[str, Any]]:
    """The entries, to be changed in place; written when no error is raised. Others wait meanwhile."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with _lock(path):
            names(path)  # is it one?
            raw = load_tensors(path) if path.exists() else {}
            entries = {str(name): {key: _own(value) for key, value in entry.items()} for name, entry in raw.items()}
            yield entries
            _write(path, entries)
    except OSError as error:
        raise ConfigError(f"{path} cannot be written: {error.strerror or type(error).__name__}.") from None


def _own(value: Any) -> Any:
    """Tensors lie in the file that is about to be replaced, and may be views of larger ones."""
    return value.clone() if isinstance(value, torch.Tensor) else value


def _write(path: Path, entries: dict[str, Any]) -> None:
    """Beside the file and renamed: whoever loads it meanwhile sees all of the old or all of the new."""
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with partial.open("wb") as file:
            torch.save(entries, file)
            file.flush()
            os.fsync(file.fileno())
        if path.exists():
            partial.chmod(path.stat().st_mode & 0o777)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


@contextmanager
def _lock(path: Path) -> Iterator[None]:
    deadline_s = time.monotonic() + LOCK_DEADLINE_S
    with path.with_name(f".{path.name}.lock").open("w") as file:
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline_s:
                    raise ConfigError(f"{path} is being changed by somebody else; try again.") from None
                time.sleep(0.05)
        yield
