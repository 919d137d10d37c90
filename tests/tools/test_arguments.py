"""Arguments are checked, and what is wrong is said in words that a model can mend."""

import json
from typing import Any

import pytest

from voi.tools import bounded_schema
from voi.tools.arguments import MAX_CHARACTERS, PROBLEM_MAX_CHARACTERS, Arguments, WrongArguments, without

SCHEMA = {
    "type": "object",
    "properties": {"day": {"type": "string", "format": "date"}, "people": {"type": "integer", "minimum": 1}},
    "required": ["day"],
}


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ('{"day": "2026-12-01", "people": 2}', {"day": "2026-12-01", "people": 2}),
        ('"{\\"day\\": \\"2026-12-01\\"}"', {"day": "2026-12-01"}),
    ],
)
def test_right_ones_are_read(written: str, expected: object) -> None:
    assert Arguments(SCHEMA).read(written) == expected


def test_none_at_all_are_an_empty_object() -> None:
    assert Arguments({"type": "object"}).read("  ") == {}


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ('{"day": "2026', "not valid JSON"),
        ("[1]", "not a JSON object"),
        ("{}", "'day' is a required property"),
        ('{"day": "tomorrow"}', "day: 'tomorrow' is not a 'date'"),
        ('{"day": "2026-12-01", "people": "two"}', "people: 'two' is not of type 'integer'"),
        ('{"day": ' + "[" * 600 + "]" * 600 + "}", "deeper than"),
        ('{"day": "' + "x" * MAX_CHARACTERS + '"}', "longer than"),
    ],
)
def test_wrong_ones_are_explained(written: str, words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    # a garbage collection over all that thousands of tests leave behind counts as time of the check
    monkeypatch.setattr(bounded_schema, "CHECK_MAX_S", 10.0)
    with pytest.raises(WrongArguments, match=r"(?s)again|longer") as raised:
        Arguments(SCHEMA).read(written)
    assert words in str(raised.value)
    assert len(str(raised.value)) < 6 * PROBLEM_MAX_CHARACTERS + 200


def test_nothing_is_fetched_for_a_schema() -> None:
    with pytest.raises(WrongArguments, match="cannot be checked"):
        Arguments({"$ref": "http://127.0.0.1:1/schema.json"}).read("{}")


def test_private_ones_are_left_out() -> None:
    private = frozenset({"card"})
    assert without('{"card": "4111", "day": "x"}', private) == '{"day": "x"}'
    assert without('{"card": "4111', private) == "{}"
    assert without('{"day": 1}', frozenset()) == '{"day": 1}'


DOUBLING = {f"d{n}": {"allOf": [{"$ref": f"#/$defs/d{n + 1}"}] * 2} for n in range(40)} | {"d40": {"type": "object"}}


@pytest.mark.parametrize("foreign", [False, True])
@pytest.mark.parametrize(
    ("schema", "written"),
    [
        ({"$ref": "#/$defs/d0", "$defs": DOUBLING}, "{}"),
        ({"$ref": "#"}, "{}"),
        (
            {"properties": {"a": {"items": {"enum": [f"x{n}" * 9 for n in range(9_000)]}}}},
            '{"a": [' + "1," * 9_000 + "1]}",
        ),
    ],
)
def test_a_schema_that_takes_for_ever_is_not_followed_to_its_end(schema: Any, written: str, foreign: bool) -> None:
    with pytest.raises(WrongArguments):
        Arguments(schema, foreign=foreign).read(written)


def test_many_items_are_told_apart_in_time_that_grows_with_their_number() -> None:
    unique = Arguments({"properties": {"a": {"type": "array", "uniqueItems": True}}})
    items = [{"n": n} for n in range(3_000)]
    assert unique.read(json.dumps({"a": items})) == {"a": items}
    with pytest.raises(WrongArguments, match="a: has an item twice"):
        unique.read('{"a": [{"x": 1, "y": 2}, {"y": 2, "x": 1}]}')


@pytest.mark.parametrize(
    "schema",
    [
        {"properties": {"a": {"pattern": "^(a+)+$"}}},
        {"propertyNames": {"pattern": "^(a+)+$"}},
        {"patternProperties": {"^(a+)+$": {"type": "string"}}},
        {"patternProperties": {"^(a+)+$": {}}, "additionalProperties": False},
        {"allOf": [{"patternProperties": {"^(a+)+$": {}}}], "unevaluatedProperties": False},
    ],
)
def test_regular_expressions_of_others_are_not_tried(schema: Any) -> None:
    given = {"a": "a" * 50 + "!", "a" * 50 + "!": 1}
    assert Arguments(schema, foreign=True).read(json.dumps(given)) == given
