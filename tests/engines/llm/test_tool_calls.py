"""Tools in requests, and calls in answers as different servers stream them."""

import json
from dataclasses import replace
from typing import Any

import pytest

from voi.dialogue import Message, ToolCall, ToolSpec
from voi.engines.base import ANY_CALL, CallPart, Finished, LlmEvent, LlmRequest, TextDelta, Usage
from voi.engines.llm.attempts import LlmLimits
from voi.engines.llm.chat_reply import ChunkReader, ReplyReader
from voi.engines.llm.chat_request import chat_messages, chat_request
from voi.engines.llm.refusal import refusal
from voi.errors import EngineError

SPEC = ToolSpec("find", "Find an order.", {"type": "object", "properties": {"number": {"type": "string"}}})
REQUEST = LlmRequest("m", (Message("user", "Where is it?"),), tools=(SPEC,))


def sse(*deltas: dict[str, Any], finish: str = "tool_calls", usage: bool = True) -> bytes:
    chunks: list[Any] = [{"choices": [{"index": 0, "delta": delta}]} for delta in deltas]
    chunks.append({"choices": [{"index": 0, "delta": {}, "finish_reason": finish}]})
    if usage:
        chunks.append({"choices": [], "usage": {"prompt_tokens": 7, "completion_tokens": 3}})
    lines = [f"data: {json.dumps(chunk, ensure_ascii=False)}\n\n" for chunk in chunks]
    return "".join([*lines, "data: [DONE]\n\n"]).encode()


def call(index: int, call_id: str | None, name: str | None, arguments: Any) -> dict[str, Any]:
    function = {"name": name, "arguments": arguments}
    made = {"index": index, "id": call_id, "type": "function", "function": {k: v for k, v in function.items() if v}}
    return {"tool_calls": [{key: value for key, value in made.items() if value is not None}]}


def read(body: bytes, *cuts: int) -> list[LlmEvent]:
    reader = ReplyReader(REQUEST, LlmLimits())
    events: list[LlmEvent] = []
    at = 0
    for cut in (*cuts, len(body)):
        events += reader.feed(body[at:cut])
        at = cut
    return [*events, *reader.end()]


PIECES = (
    {"content": "Let me "},
    {"content": "look."},
    call(0, "call_1", "find", ""),
    call(0, None, None, '{"number": "é'),
    call(0, None, None, '7"}'),
    call(1, "call_2", "find", '{"number": "8"}'),
)
WANTED = [ToolCall("call_1", "find", '{"number": "é7"}'), ToolCall("call_2", "find", '{"number": "8"}')]


def test_calls_after_half_a_sentence_cut_at_every_byte() -> None:
    body = sse(*PIECES)
    for cut in range(len(body)):
        events = read(body, cut)
        assert [event for event in events if isinstance(event, ToolCall)] == WANTED, cut
        assert "".join(event.text for event in events if isinstance(event, TextDelta)) == "Let me look."
        assert events[-1] == Finished("tool_calls")
        assert Usage(7, 3) in events
    assert [event for event in read(body, *range(len(body))) if isinstance(event, ToolCall)] == WANTED


def test_each_piece_of_a_call_shows_that_the_model_is_at_work() -> None:
    parts = [event.text for event in read(sse(*PIECES)) if isinstance(event, CallPart)]
    assert parts == ["find", '{"number": "é', '7"}', 'find{"number": "8"}']


@pytest.mark.parametrize(
    "pieces",
    [
        (call(0, "a", "find", '{"number": "1"}'), call(0, "b", "find", '{"number": "2"}')),
        (call(0, "a", "find", '{"number":'), call(0, None, None, ' "1"}'), call(0, "b", "find", '{"number": "2"}')),
        (call(0, "a", "find", '{"number":'), call(0, "a", "find", ' "1"}'), call(0, "b", "find", '{"number": "2"}')),
        (call(0, "a", "find", {"number": "1"}), call(0, "b", "find", {"number": "2"})),
    ],
)
def test_parallel_calls_that_all_have_the_number_0(pieces: tuple[dict[str, Any], ...]) -> None:
    calls = [event for event in read(sse(*pieces)) if isinstance(event, ToolCall)]
    assert [(each.call_id, json.loads(each.arguments)) for each in calls] == [
        ("a", {"number": "1"}),
        ("b", {"number": "2"}),
    ]


def test_calls_without_ids_and_with_the_number_0() -> None:
    pieces = call(0, None, "find", '{"number": "1"}'), call(0, None, "find", '{"number": "2"}')
    assert len([event for event in read(sse(*pieces)) if isinstance(event, ToolCall)]) == 2


@pytest.mark.parametrize("finish", ["stop", "tool_calls", "function_call"])
def test_what_is_gathered_counts_whatever_the_finish(finish: str) -> None:
    events = read(sse(call(0, "a", "find", "{}"), finish=finish))
    assert events[-1] == Finished("tool_calls")


def test_a_call_that_was_cut_is_none() -> None:
    events = read(sse(call(0, "a", "find", '{"num'), finish="length"))
    assert not [event for event in events if isinstance(event, ToolCall)]


def test_the_request_has_the_tools_and_no_json_mode() -> None:
    fields = chat_request(REQUEST, json_mode=True)
    function = {"name": "find", "description": "Find an order.", "parameters": SPEC.parameters}
    assert fields["tools"] == [{"type": "function", "function": function}]
    assert not {"tool_choice", "response_format"} & fields.keys()


def test_a_model_that_may_call_no_more_is_told_so() -> None:
    request = LlmRequest("m", (Message("user", "?"),), tools=(SPEC,), may_call=False)
    assert chat_request(request, json_mode=False)["tool_choice"] == "none"
    required = replace(request, may_call=True, must_call=ANY_CALL)
    assert chat_request(required, json_mode=False)["tool_choice"] == "required"
    named = chat_request(replace(required, must_call="f"), json_mode=False)["tool_choice"]
    assert named == {"type": "function", "function": {"name": "f"}}


@pytest.mark.parametrize(
    ("words", "what", "retryable"),
    [
        (
            '"auto" tool choice requires --enable-auto-tool-choice and --tool-call-parser to be set',
            "takes no tools",
            False,
        ),
        ("registry.ollama.ai/library/gemma does not support tools", "takes no tools", False),
        ("failed to call a function tool_use_failed", "garbled", True),
    ],
)
def test_servers_that_take_no_tools_are_named(words: str, what: str, retryable: bool) -> None:
    error = refusal("m", 400, words, tools=True)
    assert what in str(error)
    assert error.retryable is retryable


def test_what_a_model_called_wrongly_is_told_again_in_a_form_that_servers_take() -> None:
    """llama.cpp, vLLM and others answer no request in which an earlier call has arguments that are no JSON object."""
    calls = (
        ToolCall("a", "find\x00 order" + "x" * 99, '{"number": 7'),
        ToolCall("b", "", "[1]"),
        ToolCall("c", "find", '{"number":' + "7" * 60_000 + "}"),
        ToolCall("d", "find", '{"number": 7}'),
    )
    (message,) = chat_messages([Message("assistant", calls)])
    functions = [call["function"] for call in message["tool_calls"]]
    assert [f["arguments"] for f in functions] == ["{}", "{}", "{}", '{"number": 7}']
    assert [f["name"] for f in functions] == [("find__order" + "x" * 99)[:64], "_", "find", "find"]


def test_arguments_without_an_end_are_an_error() -> None:
    reader = ChunkReader(LlmRequest("m", ()))
    called = {"tool_calls": [{"index": 0, "id": "a", "function": {"name": "f", "arguments": "x" * 1_000}}]}
    chunk = {"choices": [{"delta": called}]}
    for _ in range(200):
        list(reader.read(chunk))
    with pytest.raises(EngineError, match="200,000"):
        list(reader.read(chunk))
