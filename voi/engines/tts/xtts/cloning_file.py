"""The file of named voices (speakers_xtts.pth), changed safely: plain tensors only, whole or not at all, one at a time.

An entry is what Coqui's own file has: `gpt_cond_latent` (1, places, width) and `speaker_embedding` (1, width, 1), in
this order, float32.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch

from voi.config.safe_file import locked, replace_file
from voi.config.voice_names import checked_name, known_as, refuse_taken
from voi.engines.tts.xtts.checkpoint import VoiceLatents, load_tensors, load_voices
from voi.errors import ClientError, ConfigError


def names(path: Path) -> tuple[str, ...]:
    """Names of the voices in a file, which need not exist yet. Raises ConfigError when it is not a file of voices."""
    return tuple(load_voices(path)) if path.exists() else ()


def store(path: Path, voices: Mapping[str, VoiceLatents], *, force: bool = False) -> None:
    """Add voices, all or none. Raises NameTaken when a voice of that name exists and `force` is not set; ConfigError
    when the file cannot be read or written."""
    for name in voices:
        checked_name(name)
    with _changing(path) as entries:
        refuse_taken(voices, entries, force=force)
        entries.update({name: _entry(voice) for name, voice in voices.items()})


def remove(path: Path, *gone: str) -> None:
    """Remove voices, all or none. Raises ClientError for a voice that does not exist, or when none would be left."""
    with _changing(path) as entries:
        for name in gone:
            known = known_as(name, entries)
            if known is None:
                raise ClientError(f"There is no voice {name!r}; there are: {', '.join(entries) or 'none'}.")
            del entries[known]
        if not entries:
            raise ClientError("The last voice cannot be removed: a model needs one.")


def _entry(voice: VoiceLatents) -> dict[str, Any]:
    return {
        "gpt_cond_latent": voice.conditioning.float().cpu()[None].contiguous(),
        "speaker_embedding": voice.embedding.float().cpu().flatten()[None, :, None].contiguous(),
    }


@contextmanager
def _changing(path: Path) -> Iterator[dict[str, Any]]:
    """Yields the entries, to be changed in place; they are written when no error is raised. Other processes wait
    meanwhile."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with locked(path):
            names(path)  # is it one?
            raw = load_tensors(path) if path.exists() else {}
            entries = {str(name): {key: _own(value) for key, value in entry.items()} for name, entry in raw.items()}
            yield entries
            replace_file(path, lambda file: torch.save(entries, file))
    except OSError as error:
        raise ConfigError(f"{path} cannot be written: {error.strerror or type(error).__name__}.") from None


def _own(value: Any) -> Any:
    """A copy of the tensors: they are mapped from the file that is about to be replaced, and may be views of larger
    ones."""
    return value.clone() if isinstance(value, torch.Tensor) else value
