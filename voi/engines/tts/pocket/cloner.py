"""Pocket TTS's `VoiceCloner`: voices are made by the model's own encoder, and kept in its folder of voices."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from voi.audio.pcm import from_float, to_float
from voi.audio.resample import resample
from voi.audio.sample import Sample
from voi.engines.tts.pocket.options import source_of
from voi.engines.tts.pocket.voices import remove, store, voice_files
from voi.errors import ConfigError, EngineError

if TYPE_CHECKING:
    from voi.engines.tts.pocket.model import PocketModel, PocketSource

GATED = (
    "The weights with which Pocket TTS clones voices are not here: accept their terms at "
    "huggingface.co/kyutai/pocket-tts, and set HF_TOKEN; or name local files in a `config`."
)


class PocketCloner:
    """See `VoiceCloner`. Takes the engine's options. The folder of voices need not exist yet; a model that has none,
    but names ready voices, has those and cannot be added to. torch is imported by the first `add`."""

    def __init__(self, *, voices: str | Path | Sequence[str] | None = None, **options: Any) -> None:
        self._folder = Path(voices) if isinstance(voices, str | Path) else None
        self._ready = () if voices is None or isinstance(voices, str | Path) else tuple(voices)
        self._options = options

    @property
    def place(self) -> str:
        return str(self._folder.resolve()) if self._folder is not None else "the voices that come with pocket-tts"

    def names(self) -> tuple[str, ...]:
        return self._ready if self._folder is None else tuple(voice_files(self._folder))

    def add(self, voices: Mapping[str, Sequence[Sample]], *, force: bool = False) -> None:
        folder = self._kept_in()
        with _packages():
            model = _model(source_of(self._options))
        if not model.clones:
            raise EngineError(GATED)
        store(folder, {name: _cloned(model, samples) for name, samples in voices.items()}, force=force)

    def remove(self, *names: str) -> None:
        remove(self._kept_in(), *names)

    def _kept_in(self) -> Path:
        if self._folder is None:
            raise ConfigError("pocket-tts: `voices` must name a folder, in which cloned voices are kept.")
        return self._folder


def _cloned(model: "PocketModel", samples: Sequence[Sample]) -> Any:
    import torch

    sounds = [to_float(resample(from_float(each.samples), each.rate_hz, model.rate_hz)) for each in samples]
    return model.cloned(torch.from_numpy(np.concatenate(sounds).astype(np.float32))[None])


@lru_cache(maxsize=1)
def _model(source: "PocketSource") -> "PocketModel":
    """The model, which takes seconds to load: the last one is kept."""
    from voi.engines.tts.pocket.model import PocketModel

    return PocketModel(source)


@contextmanager
def _packages() -> Iterator[None]:
    """Around an import. Raises EngineError for a package that is not installed."""
    try:
        yield
    except ImportError as error:
        raise EngineError(f"Pocket TTS needs the package {error.name}: ./install.sh pocket-tts") from None
