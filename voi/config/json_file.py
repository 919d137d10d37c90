"""Reads a JSON object from a file or a text, and reports the exact place of a mistake."""

import json
import re
import sys
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any, TypeVar, get_args, get_origin

from pydantic import BaseModel, ValidationError

from voi.config.problems import Path as JsonPath
from voi.config.problems import Problems, did_you_mean, explain, quoted
from voi.errors import ConfigError

FILE_MAX_BYTES = 8 * 1024 * 1024
DEEPEST = 32
"""Deepest nesting: no configuration needs more, and recursive code could not walk it."""
M = TypeVar("M", bound=BaseModel)
_UNKNOWN_MAX = 100
_SHOWN_CHARACTERS = 100
_STRING = re.compile(r'"(?:[^"\\\n]|\\.)*"')
_WORD = re.compile(r"[A-Za-z]+")
_DIGITS_MAX = sys.get_int_max_str_digits() or 4_300
_NO_JSON_NUMBER = re.compile(rf"{_STRING.pattern}|(-?Infinity|NaN|[0-9]{{{_DIGITS_MAX + 1},}})")
_COMMA_TOO_MANY = re.compile(r",\s*[}\]]")
_PYTHON_WORDS = {
    "True": "true",
    "False": "false",
    "None": "null",
    "TRUE": "true",
    "FALSE": "false",
    "undefined": "null",
}
_TOO_DEEP = f"{{}}: is nested deeper than {DEEPEST} levels"


class _Object(dict[str, Any]):
    """A JSON object that remembers its duplicate keys."""

    twice: tuple[str, ...] = ()


def read_object(path: Path, problems: Problems, *, missing: str) -> dict[str, Any]:
    """The JSON object in that file. Raises ConfigError when it cannot be read (`missing`: advice for a missing file);
    lesser mistakes go to `problems`."""
    try:
        if path.exists() and not path.is_file():
            raise ConfigError(f"{path}: is no file; a device or a pipe may never end")
        with path.open("rb") as file:
            raw = file.read(FILE_MAX_BYTES + 1)
    except FileNotFoundError:
        raise ConfigError(f"{path}: there is no such file; {missing}") from None
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror or error}") from None
    if len(raw) > FILE_MAX_BYTES:
        raise ConfigError(f"{path}: has more than {FILE_MAX_BYTES // 2**20} MiB, which is no configuration")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise ConfigError(f"{path}:{line}: is not UTF-8 text; save the file with that encoding") from None
    return parse_object(text, str(path), problems)


def parse_object(text: str, source: str, problems: Problems, *, max_values: int = FILE_MAX_BYTES) -> dict[str, Any]:
    """The same from a text. Raises ConfigError with line and column when it is not a JSON object, or one of more than
    `max_values` texts, numbers, arrays and objects."""
    try:
        value = json.loads(text, object_pairs_hook=_object, parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        pos = error.pos
        if (too_many := _COMMA_TOO_MANY.match(text, pos)) is not None:
            pos = too_many.end() - 1  # Python 3.13 names the comma, earlier ones the bracket after it
        raise _invalid(text, source, pos, f"{error.msg}{_cure(text, pos)}") from None
    except RecursionError:
        raise ConfigError(_TOO_DEEP.format(source)) from None
    except ValueError:  # an invalid number; the error does not say where
        found = next(found for found in _NO_JSON_NUMBER.finditer(text) if found[1])
        what = (
            f"{found[1]} is not a valid JSON number"
            if len(found[1]) < 10
            else "a number of so many digits cannot be read"
        )
        raise _invalid(text, source, found.start(1), what) from None
    if not isinstance(value, dict):
        raise ConfigError(f"{source}: $: must be an object {{…}}, not {quoted(value)}")
    if has_more_values(value, max_values):
        raise ConfigError(f"{source}: has more than {max_values:,} values, which is no configuration")
    if depth(value) > DEEPEST:
        raise ConfigError(_TOO_DEEP.format(source))
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise ConfigError(
            f"{source}: has half of a surrogate pair (\\ud800 to \\udfff alone), which is no text"
        ) from None
    _report_twice(value, source, problems)
    return value


def validated(model: type[M], raw: Any, source: str, path: JsonPath, problems: Problems) -> M | None:
    """`raw` (at `path` in the document) as that model; None with the reasons in `problems`. Unknown fields (the model
    must forbid extras) are left out with a warning, since people's files have keys of their own; but a name close to
    that of a known field is a mistake."""
    try:
        return model.model_validate(raw)
    except ValidationError as failed:
        errors = failed.errors(include_url=False)
    unknown = [error for error in errors if error["type"] == "extra_forbidden"]
    wrong = [error for error in errors if error["type"] != "extra_forbidden"]
    missing = {str(error["loc"][-1]) for error in wrong if error["type"] == "missing"}
    if problems.limit is not None:  # untrusted: every hint takes time, and few are shown
        if len(unknown) > _UNKNOWN_MAX:
            problems.error(source, path, f"has more than {_UNKNOWN_MAX} fields that Voi does not know")
            return None
        wrong = wrong[: problems.limit]
    beside: dict[JsonPath, list[str]] = {}
    for error in unknown:
        beside.setdefault(error["loc"][:-1], []).append(str(error["loc"][-1]))
    for error in unknown:
        *parent, key = error["loc"]
        if not is_comment(str(key)):
            hint = did_you_mean(str(key), _fields_at(model, parent), list_them=False)
            if any(hint == did_you_mean(str(key), [name], list_them=False) for name in missing if hint):
                continue  # the message about the missing field names this one
            if hint:
                problems.error(source, (*path, *error["loc"]), f"is no field that Voi knows{hint}")
            else:
                problems.warn(source, (*path, *error["loc"]), "is no field that Voi knows, and is ignored")
    for error in wrong:
        problems.error(source, (*path, *error["loc"]), explain(error, beside.get(error["loc"][:-1], [])))
    if wrong and (not unknown or problems.limit is not None):
        return None
    try:
        return model.model_validate(_without(raw, [error["loc"] for error in unknown]))
    except ValidationError as failed:  # rules about a whole object are only checked once its fields are right
        told = {error["loc"] for error in wrong}
        for error in failed.errors(include_url=False):
            if error["loc"] not in told:
                problems.error(source, (*path, *error["loc"]), explain(error, []))
        return None


def is_comment(key: str) -> bool:
    """True for keys that people use for notes, and for `$schema`: Voi never warns about these."""
    return key.startswith(("//", "$", "_comment"))


def depth(value: Any) -> int:
    """How deep arrays and objects are nested: 0 for a plain value. Not recursive."""
    deepest, level = 0, [value]
    while containers := [item for item in level if isinstance(item, dict | list)]:
        deepest += 1
        level = [child for item in containers for child in _children(item)]
    return deepest


def has_more_values(value: Any, limit: int) -> bool:
    """Whether it consists of more than `limit` values, itself included. Not recursive."""
    count, level = 0, [value]
    while level and count <= limit:
        count += len(level)
        level = [child for item in level for child in _children(item)]
    return count > limit


def _children(value: Any) -> Iterable[Any]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()


def _opener_of(text: str, pos: int) -> int | None:
    """The innermost bracket that is open at `pos`; None if there is none."""
    opened: list[int] = []
    at = 0
    while at < pos:
        if text[at] == '"' and (end := _STRING.match(text, at)):
            at = end.end()
            continue
        if text[at] in "{[":
            opened.append(at)
        elif text[at] in "}]" and opened:
            opened.pop()
        at += 1
    return opened[-1] if opened else None


def _object(pairs: list[tuple[str, Any]]) -> _Object:
    result = _Object(pairs)
    if len(result) < len(pairs):
        result.twice = tuple(name for name, count in Counter(name for name, _ in pairs).items() if count > 1)
    return result


def _no_constant(name: str) -> Any:
    raise ValueError(name)


def _invalid(text: str, source: str, pos: int, what: str) -> ConfigError:
    place = f"{source}:{_line(text, pos)}:{pos - text.rfind(chr(10), 0, pos)}"
    return ConfigError(f"{place}: not valid JSON: {what}{_shown(text, pos)}")


def _shown(text: str, pos: int) -> str:
    """The line of the mistake, cut to the width of a terminal, with a caret below the place."""
    start = text.rfind("\n", 0, pos) + 1
    end = text.find("\n", pos)
    line = text[start : end if end >= 0 else len(text)].replace("\t", " ").rstrip()
    column = min(pos - start, len(line))
    first = max(0, column - _SHOWN_CHARACTERS // 2)
    shown = line[first : first + _SHOWN_CHARACTERS]
    if not shown.strip():
        return ""
    return f"\n    {shown}\n    {' ' * (column - first)}^"


def _unclosed(text: str) -> str:
    """Says where the innermost bracket opens that is never closed; "" when there is none."""
    opened: list[int] = []
    at = 0
    while at < len(text):
        char = text[at]
        if char == '"':
            end = _STRING.match(text, at)
            if end is None:
                return f" (the text that begins in line {_line(text, at)} has no closing quote)"
            at = end.end()
            continue
        if char in "{[":
            opened.append(at)
        elif char in "}]":
            if not opened:
                return ""
            if (partner := text[opened.pop()]) + char not in ("{}", "[]"):
                return f" (it closes the {partner} of another kind)"
        at += 1
    return f" (the {text[opened[-1]]} of line {_line(text, opened[-1])} is never closed)" if opened else ""


def _line(text: str, at: int) -> int:
    return text.count("\n", 0, at) + 1


def _cure(text: str, pos: int) -> str:
    """Advice for the most common mistakes in JSON that is written by hand."""
    word = _WORD.match(text, pos)
    if word and word[0] in _PYTHON_WORDS:
        return f" (JSON writes {word[0]} as {_PYTHON_WORDS[word[0]]})"
    if pos >= len(text.rstrip()):
        return _unclosed(text)
    if text[pos] in "}]":
        opener = _opener_of(text, pos)
        if opener is not None and text[opener] + text[pos] not in ("{}", "[]"):
            return f" (the {text[opener]} of line {_line(text, opener)} is still open)"
    before, here = text[:pos].rstrip(), text[pos : pos + 2]
    if before.endswith(",") and here[:1] in ("}", "]"):
        return " (remove the comma before it)"
    if here[:1] == "#" or here == "//" or here == "/*":
        return " (JSON has no comments; a field whose name begins with // is ignored, though)"
    if here[:1] in ("'", "“", "”"):
        return ' (text is put between straight double quotes: "…")'
    if here[:1] == "\n":
        return " (a line break inside text is written \\n, or use an array of lines)"
    return ""


def _report_twice(value: Any, source: str, problems: Problems) -> None:
    stack: list[tuple[JsonPath, Any]] = [((), value)]
    while stack:
        path, item = stack.pop()
        if isinstance(item, _Object):
            for key in item.twice:
                problems.error(source, (*path, key), "is there twice; only the last would count, so remove one")
        if isinstance(item, dict):
            stack.extend(((*path, key), child) for key, child in item.items())
        elif isinstance(item, list):
            stack.extend(((*path, index), child) for index, child in enumerate(item))


def _fields_at(model: type[BaseModel], path: Iterable[str | int]) -> list[str]:
    """Names of the fields that the object at `path` inside `model` may have."""
    named = False
    for step in path:
        if named:  # a name of the author's, such as that of a tool
            named = False
        elif isinstance(step, str):
            field = model.model_fields.get(step)
            inner = _model_in(field.annotation) if field else None
            if field is None or inner is None:
                return []
            model, named = inner, _is_by_name(field.annotation)
    return list(model.model_fields)


def _is_by_name(annotation: Any) -> bool:
    """True for `dict[str, SomeModel]`, perhaps inside of other annotations."""
    return get_origin(annotation) is dict or any(_is_by_name(part) for part in get_args(annotation))


def _model_in(annotation: Any) -> type[BaseModel] | None:
    """The model in `Voices | None`, `tuple[Example, ...]` and similar annotations."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for part in get_args(annotation) if (found := _model_in(part))), None)


def _without(value: Any, paths: list[JsonPath]) -> Any:
    """A copy of `value` without what is at those paths."""
    here = {path[0] for path in paths if len(path) == 1}
    deeper: dict[str | int, list[JsonPath]] = {}
    for path in paths:
        if len(path) > 1:
            deeper.setdefault(path[0], []).append(path[1:])
    if isinstance(value, dict):
        return {key: _without(child, deeper.get(key, [])) for key, child in value.items() if key not in here}
    if isinstance(value, list):
        return [_without(child, deeper.get(index, [])) for index, child in enumerate(value)]
    return value
