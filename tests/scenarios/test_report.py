"""Reports, and what changed since the last run."""

import json
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.scenarios.bench import played
from voi.config.config import Config
from voi.scenarios.last_run import FILE, Changes, changes, keep_run, read_last
from voi.scenarios.report import as_json, as_junit, change_lines, result_lines, summary
from voi.scenarios.suite import Result, RunPlan

TEXT = """
agent: teller
scenarios:
  - name: good
    steps: [{say: Hello, model: Hi., expect: {says: hi}}]
  - name: bad
    steps: [{say: Hello, model: "Hi \\u0007 & <you>.", expect: {says: bye}}]
  - name: later
    runs: live
    steps: [{say: Hello}]
"""


@pytest.fixture
def results(config: Config) -> list[Result]:
    return played(TEXT, config)


def test_in_words(results: list[Result]) -> None:
    lines = [line for result in results for line in result_lines(result)]
    assert lines[0] == "  ok    good"
    assert any(line.startswith("  FAIL  bad") for line in lines)
    assert any("test.yaml:7: did not say" in line for line in lines)
    assert any("person: Hello" in line for line in lines)
    assert lines[-1] == "  skip  later  (needs a real model: --live)"
    assert summary(results, 0.5) == "1 passed, 1 failed, 1 skipped in 0.50 s"
    assert any("latencies" in line for line in result_lines(results[0], wordy=True))


def test_as_json(results: list[Result]) -> None:
    found = json.loads(json.dumps(as_json(results, Changes(), "core", 1.0)))
    assert (found["ok"], found["passed"], found["failed"], found["skipped"]) == (False, 1, 1, 1)
    bad = found["scenarios"][1]
    assert bad["at"] == "scenarios/test.yaml:6"
    assert bad["runs"][0]["broken"][0]["where"] == "scenarios/test.yaml:7"
    assert bad["runs"][0]["transcript"][0]["who"] == "person"


def test_as_junit(results: list[Result]) -> None:
    root = ElementTree.fromstring(as_junit(results, 1.0))
    (suite,) = root
    assert {name: suite.get(name) for name in ("tests", "failures", "skipped")} == {
        "tests": "3", "failures": "1", "skipped": "1"
    }  # fmt: skip
    bad = suite[1]
    assert (bad.get("file"), bad.get("line")) == ("scenarios/test.yaml", "6")
    failure = bad.find("failure")
    assert failure is not None
    assert "did not say" in (failure.text or "")
    assert suite[2].find("skipped") is not None


def test_repeats_have_a_pass_rate(config: Config) -> None:
    text = """
agent: moody
scenarios:
  - name: sometimes
    pass_rate: 0.3
    steps: [{expect: {says: one}}]
"""
    from dataclasses import replace

    agent = config.agents["moody"]
    choices = tuple(agent.greetings.choices[0].model_copy(update={"content": word}) for word in ("One.", "Two."))
    varied = agent.model_copy(update={"greetings": agent.greetings.model_copy(update={"choices": choices})})
    config = replace(config, agents={**config.agents, "moody": varied})
    (result,) = played(text, config, RunPlan(repeat=20))
    assert 0.3 < result.pass_rate < 1
    assert result.status == "passed"
    assert f"{sum(each.passed for each in result.performances)} of 20" in next(iter(result_lines(result)))
    (strict,) = played(text.replace("0.3", "1"), config, RunPlan(repeat=20))
    assert strict.status == "failed"
    assert [each.passed for each in strict.performances] == [each.passed for each in result.performances]


def test_what_changed(config: Config, tmp_path: Path, results: list[Result]) -> None:
    assert read_last(tmp_path, "core") == {}
    first = changes({}, results)
    assert first.new == ["test.yaml: good", "test.yaml: bad"]
    assert not first
    keep_run(tmp_path, "core", results)
    assert not changes(read_last(tmp_path, "core"), results)
    assert read_last(tmp_path, "live") == {}
    now = played(TEXT.replace("model: Hi.,", "model: Bye.,").replace("says: bye", "says: hi"), config)
    found = changes(read_last(tmp_path, "core"), now)
    assert found.fails_now == ["test.yaml: good"]
    assert found.passes_now == ["test.yaml: bad"]
    assert found.otherwise == {"test.yaml: good": [("agent: Hi.", "agent: Bye.")]}
    assert "  - agent: Hi." in list(change_lines(found, wordy=True))
    assert any("--diff" in line for line in change_lines(found))


@pytest.mark.parametrize("kept", ["", "[]", "{", '{"core": 7}', '{"core": {"a": {"status": 1}}}'])
def test_a_damaged_file_of_the_last_run_is_none(kept: str, tmp_path: Path, results: list[Result]) -> None:
    (tmp_path / FILE).write_text(kept)
    assert read_last(tmp_path, "core") == {}
    keep_run(tmp_path, "core", results)
    assert len(read_last(tmp_path, "core")) == 2
