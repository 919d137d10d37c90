import os
from pathlib import Path
from typing import Any

import pytest

from voi.config import json_file
from voi.config.json_file import DEEPEST, depth, parse_object, read_object
from voi.config.problems import Problems
from voi.errors import ConfigError


def refusal(text: str) -> str:
    with pytest.raises(ConfigError) as caught:
        parse_object(text, "f.json", Problems())
    return str(caught.value)


@pytest.mark.parametrize(
    ("text", "place", "cure"),
    [
        ('{\n "a": 1,\n}', "f.json:3:1:", "remove the comma"),
        ('{"a": [1, 2, ]}', "f.json:1:14:", "remove the comma"),
        ('{"a": 1 // note\n}', "f.json:1:9:", "no comments"),
        ("{'a': 1}", "f.json:1:2:", "straight double quotes"),
        ("{“a”: 1}", "f.json:1:2:", "straight double quotes"),
        ('{"a": "one\ntwo"}', "f.json:1:11:", "line break"),
        ('{"a" 1}', "f.json:1:6:", "delimiter"),
        ('{"a": True}', "f.json:1:7:", "JSON writes True as true"),
        ('{"a": None}', "f.json:1:7:", "JSON writes None as null"),
        ('{"a": {\n "b": [1, 2\n },\n "c": 3}', "f.json:3:2:", "the [ of line 2 is still open"),
        ('{"a": {\n "b": 1\n', "f.json:3:1:", "the { of line 1 is never closed"),
        ('{"a": "}]" ', "f.json:1:12:", "the { of line 1 is never closed"),
        ("", "f.json:1:1:", "not valid JSON"),
    ],
)
def test_syntax_errors_name_line_column_and_cure(text: str, place: str, cure: str) -> None:
    message = refusal(text)
    assert message.startswith(place)
    assert cure in message


@pytest.mark.parametrize(
    ("text", "place", "said"),
    [
        ('{"a": "NaN",\n  "b": NaN}', ":2:8:", "NaN is not a valid JSON number"),
        ('{"a": [1, -Infinity]}', ":1:11:", "-Infinity is not a valid JSON number"),
        ('{"a\\"Infinity": Infinity}', ":1:17:", "Infinity is not a valid JSON number"),
        ('{"a": ' + "9" * 4_301 + "}", ":1:7:", "so many digits"),
    ],
)
def test_numbers_that_json_lacks_are_shown(text: str, place: str, said: str) -> None:
    first, shown, caret = refusal(text).splitlines()
    assert place in first
    assert said in first
    assert shown[caret.index("^")] in "NI-9"


def test_other_values_than_objects_are_refused() -> None:
    assert refusal("[1]") == "f.json: $: must be an object {…}, not an array"


@pytest.mark.parametrize("levels", [DEEPEST, 100_000])
def test_deep_nesting_is_refused(levels: int) -> None:
    assert "nested deeper" in refusal('{"a": ' + "[" * levels + "]" * levels + "}")


def test_depth_counts_levels() -> None:
    values: list[Any] = [1, {}, [[]], {"a": [{"b": 1}]}]
    assert [depth(value) for value in values] == [0, 1, 2, 3]


def test_keys_given_twice_are_found_at_any_depth() -> None:
    problems = Problems()
    parse_object('{"a": [{"b": 1, "b": 2}], "c": 1, "c": 2}', "f.json", problems)
    assert sorted(line.split(": is there")[0] for line in problems.errors) == ["f.json: $.a[0].b", "f.json: $.c"]


def test_the_line_is_shown_with_a_caret_below_the_mistake() -> None:
    assert refusal('{\n "a": 1 "b"\n}').splitlines()[1:] == ['     "a": 1 "b"', "            ^"]
    long = '{"a": "' + "x" * 5_000 + '" b}'
    shown, caret = refusal(long).splitlines()[1:]
    assert len(shown) <= 104
    assert shown[caret.index("^")] == "b"


def test_files_without_an_end_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_file, "FILE_MAX_BYTES", 1_000)
    large = tmp_path / "agents.json"
    large.write_text('{"a": "' + "x" * 1_000 + '"}')
    os.mkfifo(tmp_path / "pipe")
    for path, why in ((large, "more than"), (Path("/dev/zero"), "no file"), (tmp_path / "pipe", "no file")):
        with pytest.raises(ConfigError, match=why):
            read_object(path, Problems(), missing="")
