"""The folder of cloned voices, NAME.safetensors each, as pocket-tts's `export-voice` writes them; changed safely."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from voi.config.safe_file import locked, replace_file
from voi.config.voice_names import checked_name, known_as, refuse_taken
from voi.errors import ClientError, ConfigError

if TYPE_CHECKING:
    from voi.engines.tts.pocket.model import VoiceState

SUFFIX = ".safetensors"
VOICE_MAX_BYTES = 512 * 2**20


def voice_files(folder: Path) -> dict[str, Path]:
    """The voices there are, by name. The folder need not exist yet."""
    files = sorted(folder.glob(f"*{SUFFIX}"), key=lambda file: file.stem)
    return {file.stem: file for file in files if not file.name.startswith(".")}


def store(folder: Path, voices: "Mapping[str, VoiceState]", *, force: bool = False) -> None:
    """Add voices, all or none. Raises NameTaken when a voice of that name exists and `force` is not set; ConfigError
    when the folder cannot be written."""
    from safetensors.torch import save

    contents = {
        checked_name(name): save(
            {f"{layer}/{key}": value.contiguous() for layer, kept in state.items() for key, value in kept.items()}
        )
        for name, state in voices.items()
    }
    with _changing(folder):
        there = voice_files(folder)
        refuse_taken(contents, there, force=force)
        try:
            for name, content in contents.items():
                replace_file(folder / f"{name}{SUFFIX}", partial(_write, content))
        except OSError:
            for name in contents.keys() - there.keys():
                (folder / f"{name}{SUFFIX}").unlink(missing_ok=True)
            raise


def remove(folder: Path, *gone: str) -> None:
    """Remove voices, all or none. Raises ClientError for a voice that does not exist, or when none would be left."""
    with _changing(folder):
        there = voice_files(folder)
        files = []
        for name in gone:
            known = known_as(name, there)
            if known is None:
                raise ClientError(f"There is no voice {name!r}; there are: {', '.join(there) or 'none'}.")
            files.append(there.pop(known))
        if not there:
            raise ClientError("The last voice cannot be removed: a model needs one.")
        for file in files:
            file.unlink()


def _write(content: bytes, file: BinaryIO) -> None:
    file.write(content)


@contextmanager
def _changing(folder: Path) -> Iterator[None]:
    """Other processes wait meanwhile."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with locked(folder / "voices"):
            yield
    except OSError as error:
        raise ConfigError(f"{folder} cannot be written: {error.strerror or type(error).__name__}.") from None
