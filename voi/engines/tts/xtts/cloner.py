"""XTTS's `VoiceCloner`: voices are made by the encoders of the model's checkpoint, and kept in its file of voices."""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from voi.audio.sample import Sample
from voi.errors import ConfigError, EngineError

if TYPE_CHECKING:
    from voi.engines.tts.xtts.cloning import VoiceEncoders


class XttsCloner:
    """See `VoiceCloner`. Takes the engine's options, and uses three: `checkpoint`, `config`, `voices`. The file of
    voices need not exist yet. torch is imported by the first call."""

    def __init__(self, *, checkpoint: str | Path, config: str | Path, voices: str | Path, **_: Any) -> None:
        if not isinstance(voices, str | Path):
            raise ConfigError("xtts: `voices` must name a file.")
        self._checkpoint, self._config, self._voices = Path(checkpoint), Path(config), Path(voices)

    @property
    def place(self) -> str:
        return str(self._voices.resolve())

    def names(self) -> tuple[str, ...]:
        if not self._voices.exists():
            return ()
        with _packages():
            from voi.engines.tts.xtts import cloning_file
        return cloning_file.names(self._voices)

    def add(self, voices: Mapping[str, Sequence[Sample]], *, force: bool = False) -> None:
        with _packages():
            from voi.engines.tts.xtts import cloning_file
        try:
            stamps = tuple((os.stat(file).st_size, os.stat(file).st_mtime_ns) for file in self._model_files)
        except OSError as error:
            raise ConfigError(f"xtts: there is no file {error.filename}.") from None
        encoders = _encoders(*self._model_files, stamps)
        made = {name: encoders.latents(name, samples) for name, samples in voices.items()}
        cloning_file.store(self._voices, made, force=force)

    def remove(self, *names: str) -> None:
        with _packages():
            from voi.engines.tts.xtts import cloning_file
        cloning_file.remove(self._voices, *names)

    @property
    def _model_files(self) -> tuple[Path, Path]:
        return self._checkpoint, self._config


@lru_cache(maxsize=1)
def _encoders(checkpoint: Path, config: Path, stamps: object) -> "VoiceEncoders":
    """The encoders of these files, which take seconds to load: the last ones are kept while their files (`stamps`) stay
    the same."""
    from voi.engines.tts.xtts.cloning import VoiceEncoders

    return VoiceEncoders(checkpoint, config)


@contextmanager
def _packages() -> Iterator[None]:
    """Around an import. Raises EngineError for a package that is not installed."""
    try:
        yield
    except ImportError as error:
        raise EngineError(f"XTTS needs the package {error.name}: ./install.sh xtts") from None
