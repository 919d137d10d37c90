"""Finds recordings and their transcripts: in a folder, in a table beside the sound, or in parquet files.

- Folder: each sound file has its transcript in a .txt of the same name beside it; a subfolder is a speaker.
- Table: metadata.csv, either LJSpeech's `id|text|normalised text` without a header (sound in wavs/), or with a header
  that names its columns (`audio_file|text|speaker_name`, `file_name,transcription`, …), divided by | , ; or tab.
- Parquet: a column of sound (bytes, a path, or a struct of both, as Hugging Face's datasets write it) and one of text.
"""

import csv
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from voi.errors import ConfigError
from voi.training import manifest

SOUND_SUFFIXES = (".wav", ".flac", ".mp3", ".ogg", ".opus", ".aiff", ".aif")
SOUND_COLUMNS = (
    "audio", "audio_file", "file_name", "filename", "wav_filename", "file", "path", "wav", "audio_path",
    "audio_filepath",
)  # fmt: skip
TEXT_COLUMNS = ("text", "transcription", "transcript", "normalized_text", "sentence", "raw_text")
SPEAKER_COLUMNS = ("speaker", "speaker_name", "speaker_id", "client_id")
LANGUAGE_COLUMNS = ("language", "lang", "locale")
PLAIN_FOLDERS = ("wavs", "wav", "audio", "clips")
"""Names of subfolders that are not speakers."""
TABLE = "metadata.csv"
TEXT_LIMIT_BYTES = 100_000
TABLE_LIMIT_BYTES = 256 * 1024 * 1024
NAME_LIMIT = 200
"""Most characters of a speaker's name, and of a recording's name in messages."""


@dataclass(frozen=True, slots=True)
class Recording:
    """One recording as found, unchecked. `name`: for messages. `sound`: a file, or the bytes of one; None: there is no
    sound."""

    name: str
    sound: Path | bytes | None
    text: str
    speaker: str | None = None
    language: str | None = None


def find(source: Path, sound_column: str | None = None, text_column: str | None = None) -> Iterator[Recording]:
    """All recordings of a folder, a table or a parquet file (or a folder of them), in an order that is always the same.

    Raises ConfigError when none can be read. Columns that are not given are found by their usual names.
    """
    if not source.exists():
        raise ConfigError(f"There is no file or folder {source}. Name recordings, a metadata.csv or a parquet file.")
    if source.is_file():
        if source.suffix == ".parquet":
            return _parquet(source, sound_column, text_column)
        return _table(source, sound_column, text_column)
    parquet = sorted(source.glob("*.parquet")) or sorted(source.glob("data/*.parquet"))
    if parquet:
        return (each for file in parquet for each in _parquet(file, sound_column, text_column))
    if (source / TABLE).is_file():
        return _table(source / TABLE, sound_column, text_column)
    return _folder(source)


def _folder(folder: Path) -> Iterator[Recording]:
    prepared = [file.parent for file in folder.rglob(manifest.FILE)]  # folders that an earlier `prepare` wrote in here
    sounds = sorted(
        path
        for path in folder.rglob("*")
        if path.suffix.lower() in SOUND_SUFFIXES
        and _is_inside(path, folder)
        and not any(path.is_relative_to(other) for other in prepared)
    )
    if not sounds:
        raise ConfigError(f"{folder} holds no {TABLE}, no parquet file and no sound ({', '.join(SOUND_SUFFIXES)}).")
    for sound in sounds:
        relative = sound.relative_to(folder)
        above = [part for part in relative.parts[:-1] if part.lower() not in PLAIN_FOLDERS]
        yield Recording(_shown(str(relative)), sound, _beside(sound, folder), _shown(" ".join(above)) or None)


def _beside(sound: Path, folder: Path) -> str:
    """The transcript in the .txt file beside that sound; empty when there is none."""
    file = sound.with_suffix(".txt")
    if not _is_inside(file, folder):
        return ""
    with file.open("rb") as stream:
        return stream.read(TEXT_LIMIT_BYTES).decode("utf-8-sig", errors="replace")


# ---- tables -------------------------------------------------------------------------------------


def _table(file: Path, sound_column: str | None, text_column: str | None) -> Iterator[Recording]:
    try:
        if file.stat().st_size > TABLE_LIMIT_BYTES:
            raise ConfigError(f"{file} is too large for a table: at most {TABLE_LIMIT_BYTES // 2**20} MiB are read.")
        content = file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{file} cannot be read as a table in UTF-8: {error}") from None
    first = content.partition("\n")[0]
    divider = max("|\t;,", key=first.count)
    lines = io.StringIO(content)  # only \n ends a line; cells may hold U+2028, quoted ones \n
    # LJSpeech (|) and Common Voice (tab) write quotation marks as they are. Where they enclose cells, one that is left
    # open must not swallow the recordings that follow.
    plain = csv.reader(lines, delimiter=divider, quoting=csv.QUOTE_NONE)
    reader = plain if divider in "|\t" else csv.reader(lines, delimiter=divider, strict=True)
    rows, begun = [], 1
    try:
        for row in reader:
            rows += [row] if any(row) else []
            begun = reader.line_num + 1
    except csv.Error as error:
        raise ConfigError(f"{file} line {begun} cannot be read as a table: {error}") from None
    if not rows or len(rows[0]) < 2:
        raise ConfigError(f"{file} is no table: each line needs a sound file and its text, divided by |.")
    header = [name.strip().lower() for name in rows[0]]
    if sound_column or any(name in header for name in SOUND_COLUMNS):
        columns = _columns(header, file, sound_column, text_column)
        for row in rows[1:]:
            yield _in_table(file, {name: row[at].strip() for name, at in columns.items() if at < len(row)})
    else:
        for row in rows:
            text = row[2] if len(row) > 2 and row[2].strip() else row[1] if len(row) > 1 else ""
            yield _in_table(file, {"sound": row[0].strip(), "text": text})


def _columns(header: list[str], file: Path, sound_column: str | None, text_column: str | None) -> dict[str, int]:
    """Index of each needed column. Raises ConfigError that lists the existing columns."""
    wanted = {
        "sound": (sound_column.lower(),) if sound_column else SOUND_COLUMNS,
        "text": (text_column.lower(),) if text_column else TEXT_COLUMNS,
        "speaker": SPEAKER_COLUMNS,
        "language": LANGUAGE_COLUMNS,
    }
    found = {}
    for what, names in wanted.items():
        at = next((header.index(name) for name in names if name in header), None)
        if at is not None:
            found[what] = at
        elif what in ("sound", "text"):
            raise ConfigError(
                f"{file} has no column of {what}: its columns are {', '.join(header)}. "
                f"Name the right one with --{what}-column, or rename it to {names[0]}."
            )
    return found


def _in_table(file: Path, row: Mapping[str, str]) -> Recording:
    name = row.get("sound", "")
    sound = _inside(file.parent, name)
    speaker = _shown(row.get("speaker", "")) or None
    return Recording(_shown(name), sound, row.get("text", ""), speaker, row.get("language") or None)


def _inside(folder: Path, name: str) -> Path | None:
    """The sound file of that name in the folder, in its wavs/, with or without its suffix; None when there is none.
    A name that leads out of the folder is not followed."""
    for base in (folder, *(folder / plain for plain in PLAIN_FOLDERS)):
        for path in (base / name, *(base / f"{name}{suffix}" for suffix in SOUND_SUFFIXES)):
            if _is_inside(path, folder):
                return path
    return None


def _is_inside(path: Path, folder: Path) -> bool:
    """Whether that is a file in the folder, and not a link out of it."""
    try:
        return path.is_file() and path.resolve().is_relative_to(folder.resolve())
    except (OSError, ValueError, RuntimeError):  # too long, a NUL in it, a circle of links
        return False


def _shown(name: str) -> str:
    """A name that is safe for a terminal: one line of printable characters."""
    return "".join(c if c.isprintable() else " " for c in name)[:NAME_LIMIT].strip()


# ---- parquet ------------------------------------------------------------------------------------


def _parquet(file: Path, sound_column: str | None, text_column: str | None) -> Iterator[Recording]:
    try:
        from pyarrow import ArrowException
        from pyarrow.parquet import ParquetFile
    except ImportError as error:
        raise ConfigError("Parquet files need pyarrow. Run: ./install.sh train") from error
    try:
        table = ParquetFile(file)
        header = list(table.schema_arrow.names)
        columns = _columns([name.lower() for name in header], file, sound_column, text_column)
        # One row at a time: each holds a whole sound file, perhaps a huge one, and one stored once may be part of many.
        batches = table.iter_batches(1, columns=[header[at] for at in columns.values()])
        for row_number, row in enumerate(row for batch in batches for row in batch.to_pylist()):
            values = {what: row[header[at]] for what, at in columns.items()}
            yield _in_parquet(file, row_number, values)
    except (ArrowException, OSError) as error:
        raise ConfigError(f"{file} cannot be read as parquet: {error}") from None


def _in_parquet(file: Path, row_number: int, row: Mapping[str, Any]) -> Recording:
    sound = row["sound"]
    named = None
    if isinstance(sound, Mapping):
        named = sound.get("path")
        sound = sound.get("bytes") or named
    if isinstance(sound, str):
        named, sound = sound, _inside(file.parent, sound)
    name = f"{file.name} row {row_number}" + (f" ({named})" if named else "")
    text, speaker, language = (row.get(what) for what in ("text", "speaker", "language"))
    return Recording(
        _shown(name),
        sound if isinstance(sound, bytes | Path) else None,
        text if isinstance(text, str) else "",
        None if speaker is None else _shown(str(speaker)) or None,
        language if isinstance(language, str) else None,
    )
