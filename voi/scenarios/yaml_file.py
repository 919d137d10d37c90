"""Reads YAML and remembers the line of everything in it, so that a mistake is told with its place."""

import math
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from voi.config.problems import Path as Place
from voi.config.problems import quoted
from voi.errors import ConfigError

FILE_MAX_BYTES = 4 * 1024 * 1024
VALUES_MAX = 200_000
"""Most values after aliases were followed: a few lines of aliases can stand for gigabytes."""
CHARACTERS_MAX = 16_000_000
"""Most characters of all texts after aliases were followed."""
DEEPEST = 32
_TAGS = "tag:yaml.org,2002:"
_KNOWN_TAGS = {"str", "int", "float", "bool", "null", "seq", "map", "timestamp", "merge", "value"}
_INT = re.compile(r"[-+]?(?:0|[1-9][0-9]{0,17})")
_FLOAT = re.compile(r"[-+]?(?:(?:0|[1-9][0-9]{0,17})(?:\.[0-9]{0,17})?|\.[0-9]{1,17})")
_WORDS: dict[str, Any] = {
    "true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False,
    "null": None, "Null": None, "NULL": None, "~": None, "": None,
}  # fmt: skip


class WrittenInt(int):
    """A number whose text is another than Python's: as a text it is what was written, such as `+49`."""

    def __new__(cls, text: str) -> "WrittenInt":
        number = super().__new__(cls, text)
        number._text = text
        return number

    _text: str

    def __str__(self) -> str:
        return self._text


class WrittenFloat(float):
    """The same: `1.50` is a price."""

    def __new__(cls, text: str) -> "WrittenFloat":
        number = super().__new__(cls, text)
        number._text = text
        return number

    _text: str

    def __str__(self) -> str:
        return self._text


@dataclass(slots=True)
class YamlDocument:
    """`value`: plain dicts, lists, texts, numbers, true, false, None. `lines`: of each value by its place, from 1."""

    source: str
    value: Any
    lines: dict[Place, int] = field(default_factory=dict)

    def at(self, place: Place) -> str:
        """`file:line` of what is there, or of the nearest thing around it."""
        place = tuple(place)
        while place and place not in self.lines:
            place = place[:-1]
        return f"{self.source}:{self.lines.get(place, 1)}"


def read_yaml(path: Path) -> YamlDocument:
    """The document in that file. Raises ConfigError."""
    try:
        if path.exists() and not path.is_file():
            raise ConfigError(f"{path}: is no file; a device or a pipe may never end")
        with path.open("rb") as file:
            raw = file.read(FILE_MAX_BYTES + 1)
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror or error}") from None
    if len(raw) > FILE_MAX_BYTES:
        raise ConfigError(f"{path}: has more than {FILE_MAX_BYTES // 2**20} MiB; cut it into several files")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise ConfigError(f"{path}:{line}: is not UTF-8 text; save the file with that encoding") from None
    return parse_yaml(text, str(path))


def parse_yaml(text: str, source: str) -> YamlDocument:
    """The same from a text. Words are as in YAML 1.2: only `true` and `false` are truth values, so `no` is a word, and
    `12:30` is no number. A number knows how it was written. Raises ConfigError with the line."""
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)(text)
    try:
        root = loader.get_single_node()
    except yaml.MarkedYAMLError as error:
        raise ConfigError(_syntax(error, text, source)) from None
    except (yaml.YAMLError, RecursionError) as error:
        line = text.count("\n", 0, getattr(error, "position", 0)) + 1
        raise ConfigError(f"{source}:{line}: has a character or a depth that YAML does not allow") from None
    finally:
        loader.dispose()
    document = YamlDocument(source, None)
    if root is not None:
        document.value = _Walk(document).value(root, (), 0)
    return document


class _Walk:
    def __init__(self, document: YamlDocument) -> None:
        self._document = document
        self._left = VALUES_MAX
        self._characters_left = CHARACTERS_MAX

    def value(self, node: Any, place: Place, depth: int) -> Any:
        line = node.start_mark.line + 1
        self._document.lines.setdefault(place, line)
        self._left -= 1
        if depth > DEEPEST:
            raise ConfigError(f"{self._document.source}:{line}: is nested deeper than {DEEPEST} levels")
        if self._left < 0:
            raise ConfigError(f"{self._document.source}:{line}: has more than {VALUES_MAX:,} values")
        if node.tag.removeprefix(_TAGS) not in _KNOWN_TAGS:
            raise ConfigError(
                f"{self._document.source}:{line}: {quoted(node.tag.replace(_TAGS, '!!'))} is a tag, and tags mean "
                "nothing here; remove it, or put the text between quotes"
            )
        if isinstance(node, yaml.SequenceNode):
            return [self.value(item, (*place, number), depth + 1) for number, item in enumerate(node.value)]
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, place, depth)
        self._characters_left -= len(node.value)
        if self._characters_left < 0:
            raise ConfigError(
                f"{self._document.source}:{line}: has more than {CHARACTERS_MAX:,} characters, repeated ones counted"
            )
        return _scalar(node)

    def _mapping(self, node: Any, place: Place, depth: int) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key_node, value_node in node.value:
            line = key_node.start_mark.line + 1
            if not isinstance(key_node, yaml.ScalarNode):
                raise ConfigError(f"{self._document.source}:{line}: a key must be a word")
            key = key_node.value
            if key in found:
                raise ConfigError(
                    f"{self._document.source}:{line}: {quoted(key)} is there twice; only one can count, so remove one"
                )
            self._document.lines[*place, key] = line
            found[key] = self.value(value_node, (*place, key), depth + 1)
        return found


def _scalar(node: Any) -> Any:
    text = node.value
    if node.style or node.tag == "tag:yaml.org,2002:str":
        return text
    if text in _WORDS:
        return _WORDS[text]
    if _INT.fullmatch(text):
        return int(text) if str(int(text)) == text else WrittenInt(text)
    if _FLOAT.fullmatch(text) and math.isfinite(number := float(text)):
        return number if str(number) == text else WrittenFloat(text)
    return text


def _syntax(error: yaml.MarkedYAMLError, text: str, source: str) -> str:
    mark = error.problem_mark or error.context_mark
    line = mark.line + 1 if mark else 1
    words = error.problem or "cannot be read"
    lines = text.splitlines()
    shown = lines[line - 1].rstrip()[:80] if 0 < line <= len(lines) else ""
    cure = ""
    if "\t" in shown[: len(shown) - len(shown.lstrip())] or "'\\t'" in words:
        cure = " (YAML indents with spaces, not tabs)"
    elif "mapping values" in words:
        cure = " (a text with a colon in it is put between quotes)"
    elif "could not find expected ':'" in words or "expected <block end>" in words:
        cure = " (look at the indentation, and at quotes that are not closed)"
    elif words.startswith("found character") or "alias" in words or "anchor" in words:
        cure = " (a text that begins with a sign such as *, &, @, %, `, [ or { is put between quotes)"
    return f"{source}:{line}: not valid YAML: {words}{cure}" + (f"\n    {shown.strip()}" if shown else "")
