import signal
import time
from pathlib import Path

import pytest

from tests.scenarios.bench import config_in, one
from voi.scenarios import matching
from voi.scenarios.matching import SlowPattern, fits, regex_fault, says


@pytest.mark.parametrize(
    ("text", "wanted", "there"),
    [
        ("I repair bicycles.", "Repair  BICYCLES", True),
        ("I said so", "AI", False),
        ("Don’t!", "don't", True),
        ("start", "art", False),
        ("Of course.", "yes | sure | of course", True),
        ("No.", "yes | sure", False),
        ("It is grey", "/gr[ae]y/", True),
        ("It is 42", "/^\\d+$/", False),
        ("What?", "?", True),
        ("今日は晴れです", "晴れ", True),
        ("a/b", "a/b", True),
        ("line\nbreak", "line break", True),
    ],
)
def test_what_is_said(text: str, wanted: str, there: bool) -> None:
    assert says(text, wanted) is there


def test_a_wrong_regular_expression_is_explained() -> None:
    assert regex_fault("/(/")
    assert regex_fault("(") == ""


@pytest.mark.parametrize(
    ("given", "wanted", "does"),
    [
        ({"a": 1, "b": 2}, {"a": 1}, True),
        ({"a": 1}, {"a": 1, "b": 2}, False),
        ({"a": "Rome"}, {"a": "rome | milan"}, True),
        ({"a": "Rome, Italy"}, {"a": "Rome"}, False),
        ({"a": "Rome, Italy"}, {"a": "/^rome/"}, True),
        ({"a": [1, {"b": "x"}]}, {"a": [1, {"b": "X"}]}, True),
        ({"a": [1]}, {"a": [1, 2]}, False),
        ({"a": "4"}, {"a": 4}, True),
        ({"a": 4}, {"a": "4"}, True),
        ({"a": True}, {"a": 1}, False),
        ({"a": True}, {"a": True}, True),
        ({"a": None}, {"a": None}, True),
        ({"a": "true"}, {"a": True}, False),
        ("text", {"a": 1}, False),
    ],
)
def test_arguments(given: object, wanted: object, does: bool) -> None:
    assert fits(given, wanted) is does


@pytest.mark.parametrize("pattern", ["/^(a+)+$/", "/^(a|a)+$/", "/(.*a){25}$/"])
def test_a_pattern_that_never_ends_is_stopped(pattern: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(matching, "PATTERN_LIMIT_S", 0.1)
    before, began_s = signal.getsignal(signal.SIGALRM), time.monotonic()
    with pytest.raises(SlowPattern, match="repeat nothing that repeats something"):
        says("a" * 50 + "!", pattern)
    assert time.monotonic() - began_s < 5
    assert signal.getsignal(signal.SIGALRM) == before
    assert says("aaa", pattern if "25" not in pattern else "/a/")


def test_a_scenario_with_such_a_pattern_fails_and_the_rest_is_looked_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(matching, "PATTERN_LIMIT_S", 0.1)
    steps = f'''
- say: Hello.
  model: "{"a" * 50}!"
  expect: {{never_says: "/^(a+)+$/", turns: 3}}
'''
    result = one(steps, config_in(tmp_path))
    told = [broken.text for broken in result.broken]
    assert any("takes longer than 0.1 s" in each for each in told), told
    assert any("answered 1 times" in each for each in told), told
