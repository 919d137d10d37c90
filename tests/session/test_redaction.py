"""What an agent's author wants taken out is in no log, recording, store or trace; the conversation has it."""

import logging
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.call import Call, FakeEngines, FakeRecorder
from tests.fakes.clock import in_virtual_time
from tests.fakes.engines import FakeLlm, FakeStt
from voi.config.agents import Agent
from voi.core import actions as do
from voi.core import facts as was
from voi.core.kept import Kept, KeptDraft, KeptMessage
from voi.dialogue import Message, SpokenWord, ToolCall
from voi.session.recording import Recorder
from voi.session.redaction import PICTURE, Redaction, redaction_of
from voi.text.redact import NAME, NUMBER, TextRedactor

ALL = {"numbers": True, "cards": True, "emails": True, "names": ["Ada Lovelace"]}
SAID = "my number is 555 1234 and ada knows"
REPLY = "So your number is 555 1234, Ada."


@in_virtual_time
async def test_who_looks_on_sees_nothing_of_it(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    looks_on = FakeRecorder()
    engines = FakeEngines(stt=FakeStt(SAID), llm=FakeLlm(REPLY))
    async with Call(engines=engines, observers=[looks_on], redact=ALL) as call:
        call.session._tasks.log_words = True
        await call.speak(1_800)
        await call.until(lambda: call.answers and "Ada." in call.answers[0])
        await call.quiet(3_000)
    seen = repr(looks_on.facts) + caplog.text
    assert NUMBER in seen
    assert NAME in seen
    for word in ("555", "1234", "Ada", "ada"):
        assert word not in seen
    assert "number is" in seen
    assert (looks_on.user_bytes, looks_on.agent) == (0, [])  # sound cannot be redacted
    assert call.said == [SAID]
    assert call.answers == [REPLY]
    assert SAID in repr(call.engines.llm.requests[-1])  # the model knows


@in_virtual_time
async def test_without_it_everything_is_seen() -> None:
    looks_on = FakeRecorder()
    async with Call(engines=FakeEngines(stt=FakeStt(SAID), llm=FakeLlm(REPLY)), observers=[looks_on]) as call:
        await call.speak(1_800)
        await call.until(lambda: call.answers)
    assert "555 1234" in repr(looks_on.facts)
    assert looks_on.user_bytes > 0


REDACTION = Redaction(TextRedactor(numbers=True, names=["Ada Lovelace"]))
HERS = "Ada has 555 1234"
OURS = f"{NAME} has {NUMBER}"


@pytest.mark.parametrize(
    ("fact", "seen"),
    [
        (was.Heard(1, HERS, 2), was.Heard(1, OURS, 2)),
        (was.Heard(1, "my number is 55"), was.Heard(1, f"my number is {NUMBER}")),
        (was.TextTyped(HERS), was.TextTyped(OURS)),
        (was.ReplyText(1, 0, HERS), was.ReplyText(1, 0, OURS)),
        (was.ToolCalled(1, "c", "find", '{"who": "Ada"}'), was.ToolCalled(1, "c", "find", f'{{"who": "{NAME}"}}')),
        (was.ToolReturned(1, "c", HERS), was.ToolReturned(1, "c", OURS)),
        (was.ImageGiven("data:image/png;base64,AAAA"), was.ImageGiven(PICTURE)),
        (
            was.Continued(Kept((KeptMessage(0, Message("user", HERS)),), draft=KeptDraft(HERS))),
            was.Continued(Kept((KeptMessage(0, Message("user", OURS)),), draft=KeptDraft(OURS))),
        ),
        (
            was.PieceVoiced(1, 0, 0, 900, (SpokenWord("four", 0, 400), SpokenWord("one", 400, 900))),
            was.PieceVoiced(1, 0, 0, 900),
        ),
    ],
)
def test_facts(fact: Any, seen: Any) -> None:
    assert REDACTION.step(fact, ()) == (seen, ())


@pytest.mark.parametrize(
    ("action", "seen"),
    [
        (do.Show(1, "user", HERS), do.Show(1, "user", OURS)),
        (do.Show(1, "user", "I have 55"), do.Show(1, "user", "I have 55")),  # all of it is known
        (do.Show(1, "user", "I have 55", final=False), do.Show(1, "user", f"I have {NUMBER}", final=False)),
        (do.Show(1, "user", "", ("data:x", "http://y")), do.Show(1, "user", "", (PICTURE, PICTURE))),
        (do.Show(1, "assistant", "*Ada nods.*", narrated=((0, 11),)), do.Show(1, "assistant", f"*{NAME} nods.*")),
        (
            do.StartReply(1, (Message("user", HERS), Message("assistant", [ToolCall("c", "find", HERS)])), True),
            do.StartReply(1, (Message("user", OURS), Message("assistant", [ToolCall("c", "find", OURS)])), True),
        ),
        (do.SayPhrase(1, "Call 555 1234 at any time."), do.SayPhrase(1, "Call 555 1234 at any time.")),
        (do.NoteBackchannel(1, HERS), do.NoteBackchannel(1, OURS)),
    ],
)
def test_actions(action: Any, seen: Any) -> None:
    assert REDACTION.step(was.AnswerAsked(), (action,))[1] == (seen,)


def test_what_holds_none_of_it_is_the_same_object() -> None:
    fact, action = was.Heard(1, "hello"), do.Show(1, "user", "hello")
    seen, (shown,) = REDACTION.step(fact, (action,))
    assert seen is fact
    assert shown is action


def test_an_agent_without_it_has_no_redaction() -> None:
    assert redaction_of(Agent(llm_model="echo")) is None
    assert redaction_of(Agent.model_validate({"llm_model": "echo", "redact": {"cards": True}, "language": "auto"}))


@in_virtual_time
async def test_the_recorder_writes_nothing_of_it(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path, "c1", 10_000_000)
    async with Call(
        engines=FakeEngines(stt=FakeStt(SAID), llm=FakeLlm(REPLY)), observers=[recorder], redact=ALL
    ) as call:
        await call.speak(1_800)
        await call.until(lambda: call.answers and "Ada." in call.answers[0])
    written = b"".join(path.read_bytes() for path in recorder.folder.iterdir())
    assert b"[number]" in written
    assert not [word for word in (b"555", b"1234", b"Ada") if word in written]
    assert (recorder.folder / "user.wav").stat().st_size == 44
