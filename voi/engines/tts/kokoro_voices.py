"""Kokoro's voices: for each number of phonemes a vector of 256 numbers (its style), in files beside the model."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from voi.errors import ConfigError

Floats = npt.NDArray[np.float32]

WIDTH = 256
ROW_BYTES = WIDTH * 4
ROWS_MAX = 4_096
"""The published voices have 510 rows."""
LANGUAGES: Mapping[str, str] = {
    "a": "en-us", "b": "en-gb", "e": "es", "f": "fr-fr", "h": "hi", "i": "it", "p": "pt-br",
}  # fmt: skip
"""The first letter of a voice's name -> what espeak-ng calls its language."""


class KokoroVoices:
    """The voices in a folder of NAME.bin (float32, little-endian), or in one file as numpy's `savez` makes it. Each is
    read when it is first used. `blends`: further voices, name -> voice -> weight. Raises ConfigError."""

    def __init__(self, path: Path, blends: Mapping[str, Mapping[str, float]] | None = None) -> None:
        self._path = path
        self._archive: Any = None
        if path.is_dir():
            files = sorted(path.glob("*.bin"))
            own = [file.stem for file in files]
            if broken := [file.stem for file in files if not _has_size_of_voice(file)]:
                raise ConfigError(f"kokoro: the voice {', '.join(broken)} in {path} cannot be read.")
        else:
            try:
                self._archive = np.load(path, allow_pickle=False)
                own = sorted(self._archive.files)
            except (OSError, ValueError, AttributeError) as error:
                raise ConfigError(f"kokoro: {path} holds no voices ({type(error).__name__}).") from None
        if not own:
            raise ConfigError(f"kokoro: there are no voices (NAME.bin) in {path}.")
        self._blends = dict(blends or {})
        problems = [
            f"kokoro: `blends`, {name!r}: there is no voice {voice!r} in {path}."
            for name, shares in self._blends.items()
            for voice in shares
            if voice not in own
        ]
        problems += [f"kokoro: `blends`, {name!r}: a voice has that name." for name in self._blends if name in own]
        if problems:
            raise ConfigError(problems)
        self.names = (*own, *self._blends)
        self._read: dict[str, Floats] = {}

    def language(self, name: str) -> str:
        """Its language, as espeak-ng calls it; of a blend that of its heaviest voice. American English for a voice of a
        language that Kokoro's readers alone can read."""
        shares = self._blends.get(name)
        return LANGUAGES.get((max(shares, key=shares.__getitem__) if shares else name)[:1], LANGUAGES["a"])

    def style(self, name: str, phonemes: int) -> Floats:
        """(1, 256): the style for a text of so many phonemes. Raises ConfigError for a file that is no voice."""
        shares = self._blends.get(name, {name: 1.0})
        whole = sum(shares.values())
        rows = [self._voice(voice)[min(phonemes, len(self._voice(voice))) - 1] * (share / whole)
                for voice, share in shares.items()]  # fmt: skip
        return np.sum(rows, axis=0, dtype=np.float32).reshape(1, WIDTH)

    def _voice(self, name: str) -> Floats:
        if name not in self._read:
            file = self._path / f"{name}.bin"
            try:
                if self._archive is None:
                    values = np.fromfile(file, "<f4")
                else:
                    values = np.asarray(self._archive[name], np.float32)
                rows = values.reshape(-1, WIDTH)
                if not len(rows) or not np.isfinite(rows).all():
                    raise ValueError
            except (OSError, ValueError):
                raise ConfigError(f"kokoro: the voice {name} in {self._path} cannot be read.") from None
            self._read[name] = rows
        return self._read[name]


def _has_size_of_voice(file: Path) -> bool:
    size = file.stat().st_size
    return 0 < size <= ROWS_MAX * ROW_BYTES and size % ROW_BYTES == 0


def checked_blends(blends: object) -> dict[str, dict[str, float]]:
    """The option `blends`. Raises ConfigError for one of another form."""
    wrong = 'kokoro: `blends` must be like {"sunny": {"af_heart": 0.7, "af_bella": 0.3}}.'
    if not isinstance(blends, Mapping):
        raise ConfigError(wrong)
    found: dict[str, dict[str, float]] = {}
    for name, shares in blends.items():
        if not isinstance(shares, Mapping) or not shares:
            raise ConfigError(wrong)
        try:
            found[str(name)] = {str(voice): float(share) for voice, share in shares.items()}
        except (TypeError, ValueError):
            raise ConfigError(wrong) from None
        if not all(0 < share < float("inf") for share in found[str(name)].values()):
            raise ConfigError(f"kokoro: `blends`, {name!r}: each weight must be above 0.")
    return found
