"""A .nemo file: a tar, perhaps compressed, of model_config.yaml, model_weights.ckpt and the files the configuration
names. Members are read into memory by name and never unpacked; sizes are bounded after decompression."""

import io
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

import torch
import yaml
from torch import Tensor

from voi.errors import ConfigError

CONFIG, WEIGHTS = "model_config.yaml", "model_weights.ckpt"
MEMBERS_MAX = 100
MOST_BYTES = {CONFIG: 2**20, WEIGHTS: 2 * 2**30}
ARTEFACT_MAX_BYTES = 32 * 2**20
ALL_MAX_BYTES = 3 * 2**30


@dataclass(frozen=True, slots=True)
class NemoFile:
    """`config`: of the model; `state`: its weights, on the CPU. `files`: what else is in it, by name."""

    config: Mapping[str, Any]
    state: Mapping[str, Tensor]
    files: Mapping[str, bytes] = field(default_factory=dict)

    def artefact(self, wish: object) -> bytes | None:
        """The file that a configuration refers to as nemo:NAME; None: it names none that is in here."""
        return self.files.get(str(wish).removeprefix("nemo:")) if isinstance(wish, str) else None


def read_nemo(path: Path) -> NemoFile:
    """Raises ConfigError for a file that is missing, broken, too large, or holds a link or a path that leads out."""
    try:
        with tarfile.open(path, "r|*") as archive:
            content = _members(archive, path)
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror or type(error).__name__}.") from None
    except (tarfile.TarError, EOFError, ValueError) as error:
        raise ConfigError(f"{path} is no .nemo file: {type(error).__name__}.") from None
    if lacking := [name for name in (CONFIG, WEIGHTS) if name not in content]:
        raise ConfigError(f"{path} is no .nemo file of a model: it lacks {' and '.join(lacking)}.")
    try:
        config = yaml.safe_load(content.pop(CONFIG))
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as error:
        raise ConfigError(f"{path}: {CONFIG} is no YAML ({type(error).__name__}).") from None
    try:
        state = torch.load(io.BytesIO(content.pop(WEIGHTS)), map_location="cpu", weights_only=True)
    except Exception as error:  # a broken or hostile file can cause any error
        raise ConfigError(f"{path}: {WEIGHTS} cannot be loaded ({type(error).__name__}).") from None
    if not isinstance(config, Mapping) or not isinstance(state, Mapping):
        raise ConfigError(f"{path} is no .nemo file of a model.")
    return NemoFile(config, {str(name): value for name, value in state.items() if isinstance(value, Tensor)}, content)


def _members(archive: tarfile.TarFile, path: Path) -> dict[str, bytes]:
    content: dict[str, bytes] = {}
    total = 0
    for number, member in enumerate(archive):
        name = PurePosixPath(member.name)
        if number >= MEMBERS_MAX or name.is_absolute() or ".." in name.parts:
            raise ConfigError(f"{path} is no .nemo file: it has too many files, or one that leads out of it.")
        if member.isdir():
            continue
        if not member.isfile() or member.sparse is not None:
            raise ConfigError(f"{path} is no .nemo file: it holds a link or a device.")
        total += member.size
        if member.size > MOST_BYTES.get(str(name), ARTEFACT_MAX_BYTES) or total > ALL_MAX_BYTES:
            raise ConfigError(f"{path}: {str(name)[:80]!r} in it is too large ({member.size // 2**20} MiB).")
        found = archive.extractfile(member)
        content[str(name)] = found.read() if found is not None else b""
    return content


def write_nemo(
    path: Path, config: Mapping[str, Any], state: Mapping[str, Tensor], files: Mapping[str, bytes] | None = None
) -> None:
    """An uncompressed .nemo file. Raises OSError."""
    weights = io.BytesIO()
    torch.save(dict(state), weights)
    content = {CONFIG: yaml.safe_dump(dict(config), sort_keys=False, allow_unicode=True).encode()}
    with tarfile.open(path, "w") as archive:
        for name, each in (content | {WEIGHTS: weights.getvalue()} | dict(files or {})).items():
            member = tarfile.TarInfo(f"./{name}")
            member.size = len(each)
            archive.addfile(member, io.BytesIO(each))
