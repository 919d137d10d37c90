"""What is known of a call that is over."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voi.calls.post_call.job import TRANSCRIPT_MAX_CHARACTERS, PostCallJob, SpokenLine, job_of, transcript_of
from voi.core.kept import KeptMessage
from voi.dialogue import Image, Message, Text, ToolCall, ToolResult
from voi.session.redaction import Redaction
from voi.text.redact import TextRedactor

MESSAGES = [
    KeptMessage(0, Message("user", "I am 555 123 4567.", ["data:image/png;base64,AAAA"])),
    KeptMessage(
        1,
        Message(
            "assistant",
            (
                Text("I look."),
                ToolCall("c1", "find", '{"phone": "5551234567", "name": "Ada"}'),
                ToolResult("c1", '{"card": "4111 1111 1111 1111"}'),
                ToolResult("c2", "no", failed=True),
            ),
        ),
    ),
]


def test_the_transcript_has_calls_and_results() -> None:
    lines = transcript_of(MESSAGES, None)
    assert [(line.role, line.text) for line in lines] == [
        ("user", "I am 555 123 4567. (a picture)"),
        ("assistant", "I look."),
        ("tool", 'find({"phone": "5551234567", "name": "Ada"})'),
        ("tool", 'find returned: {"card": "4111 1111 1111 1111"}'),
        ("tool", "the tool failed: no"),
    ]


def test_redaction_comes_first_and_private_arguments_are_left_out() -> None:
    redaction = Redaction(TextRedactor(numbers=True), {"find": frozenset({"name"})})
    told = " ".join(line.text for line in transcript_of(MESSAGES, redaction))
    assert "555" not in told
    assert "4111" not in told
    assert "Ada" not in told
    assert "base64" not in told
    (first, *_) = transcript_of(MESSAGES, redaction, "They gave 555 123 4567.")
    assert (first.role, first.text) == ("earlier", "They gave [number].")
    alone = Redaction(None, {"find": frozenset({"phone"})})
    assert [line.text for line in transcript_of(MESSAGES, alone)][2] == 'find({"name": "Ada"})'


def test_of_a_long_conversation_the_newest_part_is_kept() -> None:
    long = [KeptMessage(n, Message("user", f"{n} " + "x" * 1_000)) for n in range(200)]
    lines = transcript_of(long, None)
    assert lines[-1].text.startswith("199 ")
    assert 50 < len(lines) < 60
    assert sum(len(line.text) for line in lines) <= TRANSCRIPT_MAX_CHARACTERS
    assert transcript_of([KeptMessage(0, Message("tool", [Image("u")]))], None) == ()


@given(st.text(), st.integers(0, 9), st.booleans())
def test_a_job_survives_as_json(text: str, tries: int, trying: bool) -> None:
    text = text.encode("utf-8", "replace").decode()
    job = PostCallJob(
        "msg_1", "webhook", "c1", "desk", {"app": text, "duration_s": 3}, (SpokenLine("user", text),), text, {"a": [1]},
        "fields", tries, 17, trying,
    )  # fmt: skip
    again = job_of(json.loads(json.dumps(job.as_state())))
    assert (again, again.trying) == (job, trying)


@pytest.mark.parametrize("state", [{}, {"transcript": 3}, {"transcript": [], "later": 1}, {"transcript": [["x"]]}])
def test_what_is_no_job(state: dict[str, object]) -> None:
    with pytest.raises(ValueError):  # noqa: PT011
        job_of(state)
