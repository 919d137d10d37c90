"""The parts of OpenAI's endpoints that need no server: subtitles, errors, what a chat request means."""

import logging
from typing import Any

import pytest

from voi.calls.admission import Refused
from voi.calls.chat_door import WAITING_MAX, ChatDoor
from voi.core.end_reason import EndReason
from voi.engines.stt.utterances import TimedUtterance
from voi.errors import ClientError, ConfigError, EngineError
from voi.server.audit import Audit
from voi.server.openai.chat_request import ChatRequest, asked_of
from voi.server.openai.failures import LINE_EVERY_S, Failures, OpenAiError, as_openai
from voi.server.openai.subtitles import srt, vtt
from voi.session.events import AgentText, Ended
from voi.tasks import FAULT

HEARD = [TimedUtterance(0.5, 1.25, "Hello <b>\n\nyou."), TimedUtterance(3_661.0, 3_662.0042, "a --> b")]


def test_subtitles_cannot_be_broken_by_what_is_said() -> None:
    assert srt(HEARD) == (
        "1\n00:00:00,500 --> 00:00:01,250\nHello <b> you.\n\n2\n01:01:01,000 --> 01:01:02,004\na → b\n\n"
    )
    assert vtt(HEARD) == (
        "WEBVTT\n\n00:00:00.500 --> 00:00:01.250\nHello &lt;b&gt; you.\n\n01:01:01.000 --> 01:01:02.004\na → b\n\n"
    )
    assert (srt([]), vtt([])) == ("", "WEBVTT\n\n")


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (ClientError("No."), 400, "invalid_request"),
        (EngineError("Away."), 502, "engine_failed"),
        (EngineError("Away.", retryable=True), 503, "engine_failed"),
        (TimeoutError(), 504, "timeout"),
        (Refused(EndReason.SERVER_FULL), 503, "no_place"),
        (Refused(EndReason.STARTING), 503, "no_place"),
        (Refused(EndReason.OVERLOADED), 503, "no_place"),
        (Refused(EndReason.APP_LIMIT), 429, "rate_limit_exceeded"),
        (Refused(EndReason.APP_QUOTA), 429, "insufficient_quota"),
    ],
)
def test_each_error_has_its_status(error: Exception, status: int, code: str) -> None:
    shown = as_openai(error)
    assert (shown.status, shown.code) == (status, code)
    again = status in (429, 503) and code != "insufficient_quota"
    assert ("retry-after" in shown.response().headers) == again


def test_faults_and_the_operators_files_are_not_described() -> None:
    assert as_openai(ValueError("secret")).message == FAULT
    assert "secret" not in as_openai(ConfigError("secret")).message


def test_a_failure_is_one_line_a_second_without_what_it_quotes(caplog: pytest.LogCaptureFixture) -> None:
    counts: list[tuple[str, str]] = []
    now_s = 0.0
    failures = Failures(lambda *count: counts.append(count), lambda: now_s)
    caplog.set_level(logging.INFO)
    for _ in range(3):
        failures.failed("chat", OpenAiError(400, "There is no agent 'my secret'."), "shop")
    now_s = LINE_EVERY_S
    failures.failed("chat", OpenAiError(400, "There is no agent 'my secret'."), "shop")
    failures.failed("chat", EngineError("Away."), "shop", told=True)
    assert counts == [("chat", "refused")] * 4 + [("chat", "failed")]
    assert [record.getMessage() for record in caplog.records] == [
        'chat of the app shop failed: 400 invalid_request: There is no agent "…".',
        'chat of the app shop failed: 400 invalid_request: There is no agent "…". (and 2 others)',
    ]


async def test_clients_with_a_token_are_no_managers() -> None:
    kept: list[str] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})

    async def nothing(*_: Any) -> Any: ...

    audit = Audit(app, lambda who, what, result: kept.append(what))
    for path in ("/v1/chat/completions", "/voices"):
        headers = [(b"authorization", b"Bearer x")]
        await audit({"type": "http", "method": "POST", "path": path, "headers": headers}, nothing, nothing)
    assert kept == ["POST /voices"]


def test_what_a_chat_request_means() -> None:
    picture = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}
    messages = [
        {"role": "developer", "content": "Be short."},
        {"role": "user", "content": "One."},
        {"role": "assistant", "content": [{"type": "text", "text": "Two."}]},
        {"role": "user", "content": [{"type": "text", "text": "Look."}, picture]},
    ]
    asked = asked_of(ChatRequest.model_validate({"model": "a", "messages": messages, "tools": []}))
    assert (asked.instructions, asked.text, asked.pictures) == ("Be short.", "Look.", ("data:image/png;base64,AAAA",))
    assert [(kept.message.role, kept.message.text) for kept in asked.before.messages] == [
        ("user", "One."), ("assistant", "Two."),
    ]  # fmt: skip
    assert asked.before.next_id == 2


@pytest.mark.parametrize(
    "message",
    [
        {"role": "assistant", "content": "I."},
        {"role": "user", "content": " " * 0},
        {"role": "user", "content": [{"type": "input_audio"}]},
        {"role": "user", "content": [{"type": "image_url", "image_url": {"url": "file:///etc/passwd"}}]},
        {"role": "user", "content": [{"type": "image_url", "image_url": {"url": "http://127.0.0.1/"}}]},
        {"role": "user", "content": "a" * 400_001},
        {"role": "tool", "content": "7"},
    ],
)
def test_what_an_agent_cannot_answer(message: dict[str, Any]) -> None:
    with pytest.raises(OpenAiError) as raised:
        asked_of(ChatRequest.model_validate({"model": "a", "messages": [message]}))
    assert raised.value.status == 400


CALL = {"id": "a", "type": "function", "function": {"name": "f", "arguments": "{}"}}


@pytest.mark.parametrize(
    "messages",
    [
        [{"role": "assistant", "tool_calls": [CALL]}],
        [{"role": "assistant", "tool_calls": [CALL]}, {"role": "user", "content": "And?"}],
        [{"role": "assistant", "tool_calls": [CALL]}, {"role": "tool", "tool_call_id": "b", "content": "1"}],
        [{"role": "assistant", "tool_calls": [CALL]}, *[{"role": "tool", "tool_call_id": "a", "content": "1"}] * 2],
        [{"role": "user", "content": "Hi.", "tool_calls": [CALL]}],
    ],
)
def test_calls_have_one_result_each(messages: list[dict[str, Any]]) -> None:
    with pytest.raises(OpenAiError):
        asked_of(ChatRequest.model_validate({"model": "a", "messages": messages}))


def test_the_door_is_bounded_and_ends_once() -> None:
    door = ChatDoor("openai")
    for number in range(WAITING_MAX + 10):
        door.tell(AgentText(0, number, "a"))
    door.tell(Ended(EndReason.DRAINED))
    door.tell(Ended(EndReason.FINISHED))
    assert door.events.qsize() == WAITING_MAX + 1
