"""Reads a collection's files and writes its index. Runs in a process of its own, since files are untrusted and cutting
millions of words takes seconds of Python, in which the server's event loop would be late.

    python -m voi.knowledge.build < job
    {"files": [[name, path, kind], …], "folder": …, "leave_out": [name, …], "file_deadline_s": …}

It answers with lines of JSON: {"reads": name} before each file, {"problem": [name, reason]} for one that cannot be
used, and at its end {"index": path} or {"failed": reason}. Indexes and the texts of PDFs are kept in the folder under
hashes of what they were made of, so that nothing is read twice.
"""

import hashlib
import json
import logging
import os
import resource
import signal
import stat
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import astuple
from pathlib import Path
from typing import Any

from voi.config.knowledge import FileKind
from voi.errors import ConfigError
from voi.knowledge.extract import Section, read_sections
from voi.knowledge.index import FORMAT, Passage, write_index
from voi.knowledge.passages import headings, passages

EXTRACTION = 2
"""Version of what is made of a file; another one reads all files again."""
FILE_MAX_BYTES = 32 * 1024 * 1024
CHARACTERS_MAX = 20_000_000
"""Text of a collection: some 25,000 passages."""
MEMORY_LIMIT_BYTES = 2 * 1024**3
"""Address space of the process: a PDF of kilobytes may unfold to gigabytes."""
CPU_LIMIT_S = 900
KEEP_DAYS = 30
"""What was not used for so long is deleted."""


class _TooLong(BaseException):
    """The file's time is up. No library catches this one."""


def main() -> int:
    """Runs in the separate process. Returns its exit code."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_LIMIT_BYTES, MEMORY_LIMIT_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_LIMIT_S, CPU_LIMIT_S))
    for sent_to_all in (signal.SIGINT, signal.SIGTERM):
        signal.signal(sent_to_all, signal.SIG_IGN)  # the server ends this process
    os.umask(0o077)
    logging.disable()  # pypdf quotes the file
    job = json.loads(sys.stdin.buffer.read())
    files = [(name, Path(path), kind) for name, path, kind in job["files"] if name not in job["leave_out"]]
    try:
        _tell(index=str(build(files, Path(job["folder"]), job["file_deadline_s"])))
    except (ConfigError, OSError, MemoryError) as error:
        _tell(failed=str(error) or "There is not enough memory for an index of so many files.")
    return 0


def build(files: list[tuple[str, Path, FileKind]], folder: Path, file_deadline_s: float) -> Path:
    """The index of these files, new or as it was made before. Raises ConfigError, OSError."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    hashes: dict[str, str] = {}
    for name, path, _ in files:
        try:
            hashes[name] = hashlib.sha256(_bytes_of(path)).hexdigest()
        except (ConfigError, OSError) as error:
            _tell(problem=[name, _why(error)])
    made_of = json.dumps([EXTRACTION, FORMAT, sorted(hashes.items())])
    index = folder / f"{hashlib.sha256(made_of.encode()).hexdigest()[:32]}.sqlite"
    faults = index.with_suffix(".problems.json")
    if index.exists() and faults.exists():
        for problem in json.loads(faults.read_bytes()):
            _tell(problem=problem)
    else:
        partial = folder / f".{os.getpid()}.partial"
        problems: list[list[str]] = []
        try:
            read = (each for each in files if each[0] in hashes)
            write_index(partial, _all_passages(read, hashes, folder, problems, file_deadline_s))
            _write(faults, json.dumps(problems).encode())
            partial.replace(index)
        finally:
            partial.unlink(missing_ok=True)
    for used in (index, faults):
        os.utime(used)
    _sweep(folder)
    return index


def _all_passages(
    files: Iterator[tuple[str, Path, FileKind]],
    hashes: dict[str, str],
    folder: Path,
    problems: list[list[str]],
    file_deadline_s: float,
) -> Iterator[Passage]:
    characters = 0
    for name, path, kind in files:
        _tell(reads=name)
        try:
            with _deadline(file_deadline_s):
                sections = _sections(path, kind, hashes[name], folder)
        except _TooLong:
            problems.append([name, f"takes more than {file_deadline_s:g} s to read"])
        except MemoryError:
            problems.append([name, "needs too much memory: it unfolds to more than it should"])
        except RecursionError:
            problems.append([name, "is nested too deeply"])
        except (ConfigError, OSError) as error:
            problems.append([name, _why(error)])
        else:
            characters += sum(len(section.text) for section in sections)
            if characters > CHARACTERS_MAX:
                raise ConfigError(f"The files have more than {CHARACTERS_MAX:,} characters of text together.")
            yield from cut_sections(name, kind, sections)
            continue
        _tell(problem=problems[-1])


def cut_sections(name: str, kind: FileKind, sections: list[Section]) -> Iterator[Passage]:
    """The passages of a file."""
    for section in sections:
        parts = passages(section.text)
        places = headings(parts) if kind in ("markdown", "html") else (section.place for _ in parts)
        for part, place in zip(parts, places, strict=True):
            if part.strip():
                yield Passage(name, place, part.strip())


def _sections(path: Path, kind: FileKind, digest: str, folder: Path) -> list[Section]:
    if kind != "pdf":
        return read_sections(_bytes_of(path), kind)
    kept = folder / f"{digest[:32]}.{EXTRACTION}.text.json"
    try:
        sections = [Section(*each) for each in json.loads(kept.read_bytes())]
    except (OSError, ValueError, TypeError):
        sections = read_sections(_bytes_of(path), kind)
        _write(kept, json.dumps([astuple(section) for section in sections]).encode())
    else:
        os.utime(kept)
    return sections


def _bytes_of(path: Path) -> bytes:
    """The file's content. Its path has no links; one that was put in since, in place of the file or of a folder, is not
    followed."""
    searchable = getattr(os, "O_PATH", os.O_RDONLY) | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
    folder = os.open(path.anchor, searchable)
    try:
        for part in path.parts[1:-1]:
            inner = os.open(part, searchable, dir_fd=folder)
            os.close(folder)
            folder = inner
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        descriptor = os.open(path.name, flags, dir_fd=folder)
    finally:
        os.close(folder)
    with os.fdopen(descriptor, "rb") as file:
        about = os.fstat(descriptor)
        if not stat.S_ISREG(about.st_mode):
            raise ConfigError("is no file")
        data = file.read(FILE_MAX_BYTES + 1)
    if len(data) > FILE_MAX_BYTES:
        raise ConfigError(f"is larger than {FILE_MAX_BYTES // 2**20} MiB; divide it")
    return data


def _why(error: Exception) -> str:
    if isinstance(error, OSError):
        return f"cannot be read: {error.strerror or type(error).__name__}"
    return str(error)


@contextmanager
def _deadline(seconds: float) -> Iterator[None]:
    def over(*_: object) -> None:
        raise _TooLong

    before = signal.signal(signal.SIGALRM, over)
    signal.setitimer(signal.ITIMER_REAL, seconds, 1.0)  # again, in case that a destructor swallowed the first
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _write(path: Path, data: bytes) -> None:
    partial = path.with_name(f".{os.getpid()}.{path.name}.partial")
    partial.write_bytes(data)
    partial.replace(path)


def _sweep(folder: Path) -> None:
    """Delete what was not used for long. Others may do the same at this moment."""
    oldest_s = time.time() - KEEP_DAYS * 86_400
    for path in folder.iterdir():
        with suppress(OSError):
            if path.suffix in (".sqlite", ".json", ".db", ".partial") and path.stat().st_mtime < oldest_s:
                path.unlink()


def _tell(**line: Any) -> None:
    print(json.dumps(line), flush=True)


if __name__ == "__main__":
    raise SystemExit(main())
