import json
from pathlib import Path

import pytest

from voi.errors import ConfigError
from voi.scenarios.yaml_file import FILE_MAX_BYTES, parse_yaml, read_yaml


def test_everything_has_its_line() -> None:
    document = parse_yaml("a: 1\nb:\n  - x\n  - c: y\n", "f.yaml")
    assert document.value == {"a": 1, "b": ["x", {"c": "y"}]}
    assert document.at(("b", 1, "c")) == "f.yaml:4"
    assert document.at(("b", 1, "nothing", 7)) == "f.yaml:4"
    assert document.at(("elsewhere",)) == "f.yaml:1"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("no", "no"), ("yes", "yes"), ("on", "on"), ("12:30", "12:30"), ("2026-11-29", "2026-11-29"),
        ("true", True), ("null", None), ("~", None), ("", None), ("7", 7), ("-0.5", -0.5), ("1e3", "1e3"),
        ("0.5", 0.5),
        ("'7'", "7"), ('"true"', "true"), ("007", "007"), ("1_000", "1_000"), ("0x1f", "0x1f"), (".inf", ".inf"),
        ("9" * 40, "9" * 40), ("!!str 7", "7"),
    ],
)  # fmt: skip
def test_words_are_words(text: str, value: object) -> None:
    found = parse_yaml(f"x: {text}", "f").value["x"]
    assert (found, type(found)) == (value, type(value))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a: 1\na: 2", 'f:2: "a" is there twice'),
        ("a: b: c", "f:1: not valid YAML"),
        ("say: He said: no", "between quotes"),
        ("a:\n\t- b", "not tabs"),
        ("a: [1, 2", "f:"),
        ("a: *nobody", "f:1"),
        ("? [a]\n: b", "f:1: a key must be a word"),
        ("a: \x07", "f:1"),
        ("- " * 40 + "x", "nested deeper"),
        ("- 1\n---\n- 2", "f:"),
    ],
)
def test_mistakes_are_told_with_their_line(text: str, told: str) -> None:
    with pytest.raises(ConfigError) as error:
        parse_yaml(text, "f")
    assert told in str(error.value)


def test_aliases_stand_for_values_and_a_bomb_of_them_is_refused() -> None:
    assert parse_yaml("a: &x [1]\nb: *x", "f").value == {"a": [1], "b": [1]}
    bomb = "a0: &a0 [x]\n" + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 12))
    with pytest.raises(ConfigError, match="more than 200,000 values"):
        parse_yaml(bomb, "f")


def test_an_alias_of_itself_ends() -> None:
    with pytest.raises(ConfigError, match="f:1"):
        parse_yaml("a: &a [*a]", "f")


def test_files_that_are_none(tmp_path: Path) -> None:
    for wanted, told in ((tmp_path, "is no file"), (tmp_path / "x.yaml", "cannot be read")):
        with pytest.raises(ConfigError, match=told):
            read_yaml(wanted)
    (tmp_path / "latin.yaml").write_bytes("a: 1\nb: für".encode("latin-1"))
    with pytest.raises(ConfigError, match=r"latin\.yaml:2: is not UTF-8"):
        read_yaml(tmp_path / "latin.yaml")
    (tmp_path / "big.yaml").write_bytes(b" " * (FILE_MAX_BYTES + 1))
    with pytest.raises(ConfigError, match="more than 4 MiB"):
        read_yaml(tmp_path / "big.yaml")


def test_texts_are_bounded_after_aliases_were_followed() -> None:
    text = "a: &a " + "x" * 100_000 + "\nb: [" + ", ".join(["*a"] * 200) + "]\n"
    with pytest.raises(ConfigError, match=r"more than 16,000,000 characters"):
        parse_yaml(text, "f.yaml")


@pytest.mark.parametrize("text", ["a: !!python/object/apply:os.system [id]", "a: !secret b", "a: !!binary aGk="])
def test_tags_are_refused(text: str) -> None:
    with pytest.raises(ConfigError, match=r"f\.yaml:1: .* is a tag, and tags mean nothing here"):
        parse_yaml(text, "f.yaml")


def test_numbers_know_how_they_were_written() -> None:
    found = parse_yaml("[1.50, +49, 1.5, 7, .5, !!str 7]", "f.yaml").value
    assert found == [1.5, 49, 1.5, 7, 0.5, "7"]
    assert [str(each) for each in found] == ["1.50", "+49", "1.5", "7", ".5", "7"]
    assert json.dumps(found) == '[1.5, 49, 1.5, 7, 0.5, "7"]'
