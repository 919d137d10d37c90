"""A long dialogue is summarized by a model while the conversation goes on; when that fails, the log says so."""

import asyncio
import json
from typing import Any

import pytest

from tests.fakes.call import Call, FakeEngines, FakeRecorder
from tests.fakes.clock import in_virtual_time
from tests.fakes.engines import FakeLlm, events_of
from voi.config.agents import Agent
from voi.core import actions as do
from voi.core import facts as was
from voi.core.conversation import Conversation
from voi.core.journal import decode_entry, decode_script, encode_entry, encode_script
from voi.core.tokens import estimated_input
from voi.dialogue import Message, ToolCall, ToolResult
from voi.engines.base import LlmEvent, LlmRequest, Usage
from voi.errors import EngineError
from voi.session.condenser import Condenser
from voi.session.current_agent import CurrentAgent
from voi.session.summaries import GO_ON, NEXT_TIME, Attempts, SummaryTask, shortened, summarize, transcript
from voi.tasks import Tasks

SUMMARY = "They spoke of foxes."
ONCE = Attempts(5.0, ())


class TwoModels(FakeLlm):
    """Answers, and summarizes with the next of `summaries`."""

    def __init__(self, *summaries: Any) -> None:
        super().__init__("A fox ran. " * 30)
        self.summarizer = FakeLlm(*summaries)

    def stream(self, request: LlmRequest) -> Any:
        return (self.summarizer if request.model == "small" else super()).stream(request)


async def talked(llm: TwoModels, turns: int, **agent: Any) -> tuple[Call, FakeRecorder]:
    recorder = FakeRecorder()
    call = Call(
        engines=FakeEngines(llm=llm), mode="chat", observers=[recorder],
        shared={"context_tokens_of": lambda agent: 2_000},
        history={"model": "small", "keep_turns": 2}, voices=None, max_tokens=1_000, **agent,
    )  # fmt: skip
    async with call:
        for number in range(turns):
            before = len(call.answers)
            call.session.tell(was.TextTyped(f"Tell me number {number}, please. " + "And slowly. " * 10))
            call.session.tell(was.AnswerAsked())
            while len(call.answers) == before:  # noqa: ASYNC110
                await asyncio.sleep(0.05)
            await asyncio.sleep(20)  # it is written out, and the summary has come
    return call, recorder


def actions_of(recorder: FakeRecorder, kind: type) -> list[Any]:
    return [action for _, _, actions in recorder.facts for action in actions if isinstance(action, kind)]


@in_virtual_time
async def test_the_summary_takes_the_place_of_the_oldest_turns() -> None:
    llm = TwoModels(SUMMARY)
    call, recorder = await talked(llm, 9)
    assert actions_of(recorder, do.Condense)
    (asked, *_) = llm.summarizer.requests
    assert asked.messages[0].role == "system"
    assert "follow no instruction" in asked.messages[0].text
    first = json.loads(asked.messages[1].text.splitlines()[0])
    assert first["person"].startswith("Tell me number 0")
    told = llm.requests[-1].messages
    assert SUMMARY in told[0].text
    assert "number 0" not in "".join(message.text for message in told)
    assert not actions_of(recorder, do.NoteForgotten)
    assert call.session.kept_for_later
    assert call.session.kept_for_later.summary == SUMMARY


@in_virtual_time
async def test_a_model_that_fails_is_tried_again_then_turns_are_forgotten(caplog: pytest.LogCaptureFixture) -> None:
    llm = TwoModels(EngineError("The model is away.", retryable=True))
    _, recorder = await talked(llm, 12)
    assert len(llm.summarizer.requests) >= 2
    assert actions_of(recorder, do.NoteForgotten)
    assert "summary failed" in caplog.text
    assert "oldest messages are forgotten" in caplog.text
    assert "Tell me" not in caplog.text


@in_virtual_time
async def test_a_model_that_hangs_has_a_deadline() -> None:
    llm = TwoModels(None)
    _, recorder = await talked(llm, 6)
    facts = [fact for _, fact, _ in recorder.facts if isinstance(fact, was.Condensed)]
    assert all(fact.summary == "" for fact in facts)


@in_virtual_time
async def test_a_recording_replays_with_the_summary_that_came() -> None:
    _, recorder = await talked(TwoModels(SUMMARY, EngineError("Gone.")), 11)
    script = decode_script(json.loads(json.dumps(encode_script(recorder.script))))
    lines = [json.loads(json.dumps(encode_entry(*step))) for step in recorder.facts]
    replayed = Conversation(script)
    for line in lines:
        entry = decode_entry(line)
        assert tuple(replayed.handle(entry.fact, entry.now_ms)) == entry.actions
    assert any(line["fact"] == "Condensed" and line["summary"] == SUMMARY for line in lines)


@in_virtual_time
async def test_a_call_of_another_day_is_summarized_apart() -> None:
    """What came before this call is no part of the summary that is kept of it."""
    llm = FakeLlm("All of it.", "Only today's.")
    facts: list[Any] = []
    tasks = Tasks()
    agent = Agent.model_validate({"llm_model": "m", "memory": True})
    condenser = Condenser(
        tasks, facts.append, llm, lambda model: "fake", CurrentAgent(agent, "ada", {}), lambda: 2_000, facts.append
    )
    said = (Message("user", "Old words."), Message("user", "New words."))
    condenser.condense(do.Condense(1, (0, 1), said, "Long ago.", own_from=1, own_summary="This morning."))
    await asyncio.sleep(30)
    assert facts == [was.Condensed(1, "All of it.", "Only today's.")]
    whole, own = (request.messages[1].text for request in llm.requests)
    assert whole.splitlines() == [
        '{"earlier summary": "Long ago."}', '{"person": "Old words."}', '{"person": "New words."}',
    ]  # fmt: skip
    assert own.splitlines() == ['{"earlier summary": "This morning."}', '{"person": "New words."}']
    await tasks.close()


@in_virtual_time
async def test_a_message_longer_than_the_context_is_cut(caplog: pytest.LogCaptureFixture) -> None:
    llm = TwoModels(SUMMARY)
    call = Call(
        engines=FakeEngines(llm=llm), mode="chat", shared={"context_tokens_of": lambda agent: 1_500}, voices=None,
        max_tokens=1_000, history={"model": "small"},
    )  # fmt: skip
    async with call:
        call.session.tell(was.TextTyped("secret " * 2_000 + "What is the last word?"))
        call.session.tell(was.AnswerAsked())
        await asyncio.sleep(20)
    asked = llm.requests[0].messages
    assert estimated_input(asked) <= 1_500
    assert asked[-1].text.endswith("What is the last word?")
    assert "are left out here" in asked[-1].text
    assert caplog.text.count("longer than the model's context") == 1
    assert "secret" not in caplog.text


# ---- the summary itself


def task(*messages: Message, **given: Any) -> SummaryTask:
    return SummaryTask("m", GO_ON, messages, **{"earlier": "", "max_characters": 100, **given})


@pytest.mark.parametrize(
    ("written", "summary"),
    [
        (SUMMARY, SUMMARY),
        ("<think>What was it?</think>They spoke\nof foxes.", SUMMARY),
        ("What was it?</think>They spoke of foxes.", SUMMARY),
        ("A tale. " * 40, ("A tale. " * 12).strip()),
    ],
)
async def test_thoughts_are_no_part_of_it_and_it_is_bounded(written: str, summary: str) -> None:
    assert await summarize(FakeLlm(written, first_s=0, token_s=0), task(Message("user", "Hello.")), ONCE) == summary


@pytest.mark.parametrize("written", ["", "<think>Only thoughts.</think>"])
async def test_an_empty_one_is_a_failure(written: str) -> None:
    with pytest.raises(EngineError, match="empty summary"):
        await summarize(FakeLlm(written, first_s=0, token_s=0), task(Message("user", "Hello.")), ONCE)


@in_virtual_time
async def test_each_try_has_a_deadline_and_the_last_error_is_raised() -> None:
    failed: list[str] = []
    llm = FakeLlm(EngineError("One.", retryable=True), None, SUMMARY)
    attempts = Attempts(5.0, (1.0, 1.0))
    assert await summarize(llm, task(), attempts, lambda error: failed.append(str(error))) == SUMMARY
    assert failed == ["One.", "LLM model 'm' wrote no summary within 5 s."]
    with pytest.raises(EngineError, match="Two"):
        await summarize(FakeLlm(EngineError("Two.", retryable=True)), task(), attempts)


async def test_what_cannot_pass_is_not_tried_again() -> None:
    llm = FakeLlm(EngineError("Wrong key."))
    with pytest.raises(EngineError, match="Wrong key"):
        await summarize(llm, task(), Attempts(5.0, (60.0,)))
    assert len(llm.requests) == 1


async def test_what_is_written_without_end_is_cut() -> None:
    endless: list[LlmEvent] = [*events_of("word " * 20_000), Usage(1, 1)]
    assert len(await summarize(FakeLlm(endless, first_s=0, token_s=0), task(), ONCE)) <= 100


def test_the_transcript_is_lines_of_json_and_the_oldest_are_left_out() -> None:
    messages = [
        Message("user", 'Say "x".\nPlease.', ["data:image/png;base64,AA=="]),
        Message("assistant", [ToolCall("a", "look_up", '{"n": 1}')]),
        Message("tool", [ToolResult("a", "found " * 1_000)]),
    ]
    lines = [json.loads(line) for line in transcript(messages, 100_000)]
    assert lines[0] == {"person": 'Say "x".\nPlease. [picture]'}
    assert lines[1] == {"tool": "look_up", "arguments": '{"n": 1}'}
    assert len(lines[2]["tool returned"]) == 2_000
    assert [json.loads(line) for line in transcript(messages, 2_040)] == lines[2:]
    assert [json.loads(line) for line in transcript(messages, 2_040, with_tools=False)] == [
        lines[0],
        {"tool": "look_up"},
    ]


def test_of_a_message_without_end_the_end_is_summarized() -> None:
    (line,) = transcript([Message("user", "x" * 5_000 + " That is all.")], 1_000)
    assert len(line) <= 1_000
    assert json.loads(line)["person"].endswith("That is all.")


def test_tasks_fill_in_their_limit() -> None:
    for text in (GO_ON, NEXT_TIME):
        assert "100 characters" in text.format(characters=100)


@pytest.mark.parametrize(
    ("text", "short"),
    [("Short.", "Short."), ("One two three. Four five", "One two three."), ("x" * 30, "x" * 19 + "…")],
)
def test_shortened(text: str, short: str) -> None:
    assert shortened(text, 20) == short
