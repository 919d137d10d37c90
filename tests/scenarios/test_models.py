"""Scripted, recorded and real models."""

import json
from pathlib import Path

import pytest

from tests.fakes.openai_server import FakeOpenAi, Reply
from tests.scenarios.bench import cases, config_in, one, settings_in, told
from voi.config.config import Config
from voi.config.load import load_config
from voi.dialogue import Message, ToolCall, ToolResult
from voi.engines.registry import tts_info
from voi.engines.startup import llm_router
from voi.errors import ConfigError
from voi.scenarios.models import in_deltas, rounds_of
from voi.scenarios.suite import Result, RunPlan, core_suite, in_virtual_time, models_of, run_on_core
from voi.scenarios.tapes import Tapes

HELLO = """
agent: teller
scenarios:
  - name: hello
    steps:
      - say: Hello there
        expect: {says: good day}
"""
FORM = '{"holds": true, "reason": "it is"}'


def test_deltas_are_the_text() -> None:
    for text in ("", "a", " a b  c\nd ", '{"text": "a b"}'):
        assert "".join(in_deltas(text)) == text


def test_rounds_are_counted_since_the_person_spoke() -> None:
    call = Message("assistant", [ToolCall("1", "a")])
    result = Message("tool", [ToolResult("1", "b")])
    assert rounds_of([Message("user", "x"), call, result, Message("user", "y")]) == 0
    assert rounds_of([Message("user", "x"), call, result, call, result]) == 2


def test_a_denial_between_rounds_takes_the_next_answer(config: Config) -> None:
    steps = """
- say: Find it
  model:
    - As a language model I can't.
    - {calls: [{name: find}]}
    - As a language model I can't.
    - Here it is.
  expect: {says: here it is, calls: [{name: find}], never: gave_up, never_says: language model}
"""
    assert told(one(steps, config, head="tools: {find: x}")) == ""


def test_an_interrupted_turn_takes_the_answers_of_its_own_step(config: Config) -> None:
    steps = """
- say: [I would like, {pause_ms: 1200}, a story]
  model: [Once upon a time.]
  expect: {says: once upon a time, turns: 1}
- say: And another
  model: Twice upon a time.
  expect: {says: twice}
"""
    assert told(one(steps, config)) == ""


def test_broken_arguments_reach_the_tools_as_they_are(config: Config) -> None:
    steps = "- say: Go\n  model: [{calls: [{name: find, arguments: '{broken'}]}, Done.]\n  expect: {says: done}"
    result = one(steps, config, head="tools: {find: x}")
    assert told(result) == ""
    assert result.performances[0].trace.called[0].arguments == "{broken"


async def _live(folder: Path, text: str, replies: list[Reply], **plan: object) -> tuple[list[Result], FakeOpenAi]:
    async with FakeOpenAi(["some-model", "judge-model"]) as server:
        server.script(*replies)
        settings = settings_in(folder, litellm_api_base=server.base_url, litellm_api_key="key")
        config = load_config(settings, tts_info)
        found = cases(text, config, str(folder / "scenarios" / "hello.yaml"))
        router = llm_router(settings, models_of(found, config))
        try:
            return await core_suite(found, config, RunPlan("live", llm=router, **plan)), server  # type: ignore[arg-type]
        finally:
            await router.close()


def live(folder: Path, text: str, *replies: Reply, **plan: object) -> tuple[list[Result], FakeOpenAi]:
    found: list[FakeOpenAi] = []

    async def run() -> list[Result]:
        results, server = await _live(folder, text, list(replies), **plan)
        found.append(server)
        return results

    return in_virtual_time(run()), found[0]


def test_a_real_model_is_asked_and_what_it_says_counts(folder: Path) -> None:
    (result,), server = live(folder, HELLO, Reply(("Good day", " to you.")))
    assert told(result) == ""
    assert server.requests[0]["messages"][0]["content"] == "You tell stories."
    (result,), _ = live(folder, HELLO, Reply(("Go away.",)))
    assert 'did not say "good day"' in told(result)


def test_time_passes_while_a_real_model_is_awaited_and_else_does_not(folder: Path) -> None:
    (result,), _ = live(folder, HELLO, Reply(("Good day to you, and a long story.",), first_delay_ms=400))
    (latency_ms,) = result.performances[0].latencies_ms
    assert latency_ms >= 400
    assert result.took_ms < result.performances[0].trace.now_ms


def test_answers_that_were_recorded_need_no_model(folder: Path) -> None:
    (folder / "scenarios").mkdir()
    (result,), server = live(folder, HELLO, Reply(("Good day", " to you.")), record=True)
    assert told(result) == ""
    asked = len(server.requests)
    config = config_in(folder)
    again = cases(HELLO, config, str(folder / "scenarios" / "hello.yaml"))
    (replayed,) = run_on_core(again, config, RunPlan())
    assert told(replayed) == ""
    assert replayed.note == ""
    assert len(server.requests) == asked
    assert [str(line) for line in replayed.performances[0].lines] == [
        str(line) for line in result.performances[0].lines
    ]


def test_a_recording_tells_when_the_prompt_is_another(folder: Path) -> None:
    (folder / "scenarios").mkdir()
    live(folder, HELLO, Reply(("Good day.",)), record=True)
    config = config_in(folder, {"teller": {"llm_model": "some-model", "system_prompt": "You sing."}})
    (replayed,) = run_on_core(cases(HELLO, config, str(folder / "scenarios" / "hello.yaml")), config, RunPlan())
    assert "recorded with another prompt" in replayed.note
    other = HELLO.replace("Hello there", "What now")
    (missing,) = run_on_core(cases(other, config, str(folder / "scenarios" / "hello.yaml")), config, RunPlan())
    assert "no answer to these words was recorded" in told(missing)


@pytest.mark.parametrize(
    "kept",
    [
        {"hello": 7},
        {"hello": {"prompt": "x", "answers": [7]}},
        {"hello": {"prompt": "x", "answers": [{"dialogue": [], "events": [{"kind": "shell", "after_ms": 0}]}]}},
        {"hello": {"prompt": "x", "answers": [{"dialogue": [], "events": [
            {"kind": "text", "after_ms": 0, "fields": {"text": 7}}]}]}},
        {"hello": {"prompt": "x", "answers": [{"dialogue": [], "events": [
            {"kind": "text", "after_ms": -5, "fields": {"text": "a"}}]}]}},
    ],
)  # fmt: skip
def test_a_damaged_recording_is_told(kept: object, folder: Path, config: Config) -> None:
    place = folder / "recorded"
    place.mkdir()
    (place / "hello.json").write_text(json.dumps(kept))
    (case,) = cases(HELLO, config, str(folder / "hello.yaml"))
    with pytest.raises(ConfigError, match="record again"):
        Tapes().of(case)


def test_scripted_scenarios_stay_scripted_with_a_real_model(folder: Path) -> None:
    text = HELLO.replace("steps:", "runs: scripted\n    steps:").replace(
        "        expect", "        model: Good day.\n        expect"
    )
    (result,), server = live(folder, text, Reply(("Go away.",)))
    assert told(result) == ""
    assert server.requests == []


def test_live_scenarios_are_skipped_without_a_real_model(config: Config) -> None:
    result = one("- say: Hello", config, head="runs: live")
    assert (result.status, result.note) == ("skipped", "needs a real model: --live")


@pytest.mark.parametrize(
    ("verdict", "wrong"),
    [
        (FORM, ""),
        (f"Sure:\n```json\n{FORM}\n```", ""),
        ('{"holds": false, "reason": "it shouts"}', 'does not hold: "The agent is kind.": it shouts'),
        ("I think it is fine.", "gave no verdict, but: I think it is fine."),
        ('{"holds": "maybe"}', "gave no verdict"),
    ],
)
def test_a_judge_is_asked(verdict: str, wrong: str, folder: Path) -> None:
    text = HELLO.replace("{says: good day}", "{judge: The agent is kind.}")
    (result,), server = live(folder, text, Reply(("Good day.",)), Reply((verdict,)), judge_model="judge-model")
    assert wrong in told(result)
    assert (result.status == "passed") is (wrong == "")
    asked = server.requests[-1]
    assert asked["model"] == "judge-model"
    assert "Criterion: The agent is kind." in asked["messages"][1]["content"]
    assert "agent: Good day." in asked["messages"][1]["content"]


def test_a_judge_that_fails_is_no_approval(folder: Path) -> None:
    text = HELLO.replace("{says: good day}", "{judge: The agent is kind.}")
    (result,), _ = live(folder, text, Reply(("Good day.",)), Reply.refusal(400, "no"))
    assert "did not answer" in told(result)


def test_scenarios_run_side_by_side_with_a_real_model(folder: Path) -> None:
    scenarios = "\n".join(f"  - name: s{n}\n    steps: [{{say: Hello there}}]" for n in range(4))
    results, _ = live(
        folder, f"agent: teller\nscenarios:\n{scenarios}\n", Reply(("Good day.",), first_delay_ms=100), at_once=4
    )
    assert [result.status for result in results] == ["passed"] * 4
    assert [result.case.name for result in results] == ["s0", "s1", "s2", "s3"]
