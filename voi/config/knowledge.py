"""What an agent may draw on beside its prompt: the files that its author names in agents.json.

They lie in the folder of agents.json or below. Whatever leads out of it, be it by `..`, an absolute path or a link, is
refused, so a file that many people may write to gives nobody the rest of the disk.
"""

import os
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from voi.config.parts import FileModel
from voi.config.problems import quoted

FileKind = Literal["markdown", "text", "html", "csv", "pdf"]
KINDS: dict[str, FileKind] = {
    ".md": "markdown", ".markdown": "markdown", ".txt": "text", ".html": "html", ".htm": "html", ".csv": "csv",
    ".tsv": "csv", ".pdf": "pdf",
}  # fmt: skip
FILES_MAX = 1_000
"""Files of one agent."""
ENTRIES_MAX = 20_000
"""Files and folders that are looked at to find them."""
PATH_MAX_CHARACTERS = 500


def _files(value: Any) -> Any:
    return {"files": [value] if isinstance(value, str) else value} if isinstance(value, str | list) else value


class Knowledge(FileModel):
    """Files that an agent draws on, and how."""

    files: tuple[Annotated[str, Field(min_length=1, max_length=PATH_MAX_CHARACTERS)], ...] = Field(
        min_length=1, max_length=100
    )
    """Files (.md, .txt, .html, .csv, .tsv, .pdf) and folders of such, relative to the folder of agents.json."""
    context: bool = True
    """Put the passages that fit what the person says into the prompt, for that answer only."""
    embeddings: str | None = Field(default=None, min_length=1, max_length=200)
    """An embedding model of the LiteLLM configuration, which also finds passages that say it in other words; without
    it, words decide."""
    max_passages: int = Field(default=4, ge=1, le=20)
    """Most passages for one answer, and for one search of the model."""
    max_characters: int = Field(default=3_000, ge=200, le=20_000)
    """Longest text of those passages together."""


KnowledgeOrFiles = Annotated[Knowledge, BeforeValidator(_files, json_schema_input_type=str | list[str] | Knowledge)]
"""Knowledge, or just a file or an array of files."""


@dataclass(frozen=True, slots=True)
class KnowledgeFile:
    """A file to read. `name`: relative to the folder of agents.json, with `/`. `path`: without links."""

    name: str
    path: Path
    kind: FileKind


@dataclass(frozen=True, slots=True)
class FoundFiles:
    """The files by name; `watched`: what changes when one of them is added, edited or removed; `problems`: what was
    named and cannot be used, each with the reason."""

    files: tuple[KnowledgeFile, ...] = ()
    watched: tuple[Path, ...] = ()
    problems: tuple[str, ...] = ()


def find_files(root: Path, named: Sequence[str]) -> FoundFiles:
    """The files that are named, and those in the folders that are. `root`: the folder of agents.json. Hidden files and
    files of other kinds in folders are passed over. Blocks on the disk."""
    found: dict[str, KnowledgeFile] = {}
    watched: list[Path] = []
    problems: list[str] = []
    root = root.resolve()
    seen = 0
    for name in named:
        try:
            for place in _below(root, name):
                seen += 1
                if isinstance(place, KnowledgeFile):
                    found.setdefault(place.name, place)
                    watched.append(place.path)
                elif isinstance(place, Path):
                    watched.append(place)
                else:
                    problems.append(place)
                if len(found) > FILES_MAX or seen > ENTRIES_MAX:
                    raise ValueError(f"has more than {FILES_MAX:,} files to read, or {ENTRIES_MAX:,} files and folders")
        except ValueError as error:
            problems.append(f"{quoted(name)} {error}")
        except OSError as error:
            problems.append(f"{quoted(name)} cannot be read: {error.strerror or type(error).__name__}")
    return FoundFiles(tuple(found[name] for name in sorted(found)), tuple(dict.fromkeys(watched)), tuple(problems))


def _below(root: Path, name: str) -> Iterator[KnowledgeFile | Path | str]:
    """Files and folders that a name stands for, and problems with what is in them. Raises ValueError, OSError."""
    if "\0" in name or "\n" in name:
        raise ValueError("is no path")
    place = _inside(root, root / name)
    if place.is_dir():
        yield from _in_folder(root, place)
    elif place.suffix.lower() not in KINDS:
        raise ValueError(f"is of a kind that is not read; those are: {', '.join(KINDS)}")
    else:
        yield _file(root, place)


def _in_folder(root: Path, folder: Path) -> Iterator[KnowledgeFile | Path | str]:
    for at, folders, files in os.walk(folder, followlinks=False):
        yield Path(at)
        folders[:] = sorted(each for each in folders if not each.startswith("."))
        for link in [each for each in folders if Path(at, each).is_symlink()]:
            folders.remove(link)
            yield f"{quoted(_name(root, Path(at, link)))} is a link to a folder, and those are not followed: name it"
        for file in sorted(files):
            place = Path(at, file)
            if not file.startswith(".") and place.suffix.lower() in KINDS:
                try:
                    yield _file(root, _inside(root, place), name=_name(root, place))
                except ValueError as error:
                    yield f"{quoted(_name(root, place))} {error}"
                except OSError as error:
                    yield f"{quoted(_name(root, place))} cannot be read: {error.strerror or type(error).__name__}"


def _inside(root: Path, place: Path) -> Path:
    """The place without links. Raises ValueError if it is outside of the root, OSError if it does not exist."""
    try:
        real = place.resolve(strict=True)
    except RuntimeError:  # Python 3.12 and older say so of links that lead in a circle
        raise ValueError("is a link that leads nowhere") from None
    except FileNotFoundError:
        raise ValueError(f"does not exist in {root}") from None
    if not real.is_relative_to(root):
        raise ValueError(f"is outside of the folder of agents.json, {root}")
    if any(part.startswith(".") for part in real.relative_to(root).parts):
        raise ValueError("is hidden: its name, or that of a folder it is in, begins with a dot")
    return real


def _file(root: Path, place: Path, name: str | None = None) -> KnowledgeFile:
    if not stat.S_ISREG(place.stat().st_mode):
        raise ValueError("is no file")
    kind = KINDS.get(place.suffix.lower())
    if kind is None:
        raise ValueError("is a link to a file of a kind that is not read")
    return KnowledgeFile(name or _name(root, place), place, kind)


def _name(root: Path, place: Path) -> str:
    return place.relative_to(root).as_posix()
