"""The checkpoint that training starts from."""

from dataclasses import dataclass
from pathlib import Path

from voi.errors import ConfigError

MODEL, CONFIG, VOCABULARY, SPEAKERS = "model.pth", "config.json", "vocab.json", "speakers_xtts.pth"
DVAE, MEL_STATS = "dvae.pth", "mel_stats.pth"


@dataclass(frozen=True, slots=True)
class Base:
    """The folder of XTTS-v2 as published. `dvae` and `mel_stats`: files that turn sound into the codes to learn."""

    folder: Path

    @classmethod
    def at(cls, folder: Path) -> "Base":
        """The base in that folder. Raises ConfigError that names all missing files."""
        lacking = [name for name in (MODEL, CONFIG, VOCABULARY, DVAE, MEL_STATS) if not (folder / name).is_file()]
        if lacking:
            raise ConfigError(
                f"{folder} lacks {', '.join(lacking)}. Training starts from the whole of XTTS-v2: {DVAE} and "
                f"{MEL_STATS} are published beside {MODEL}, and only training needs them."
            )
        return cls(folder.resolve())

    def __truediv__(self, name: str) -> Path:
        return self.folder / name
