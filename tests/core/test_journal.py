import json
import types
import typing
from dataclasses import fields, is_dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from voi.core import endpoint, endpoint_weights
from voi.core import facts as was
from voi.core.actions import (
    Duck,
    HangUp,
    ReportError,
    Resume,
    RunTool,
    SayPhrase,
    SendStatus,
    Show,
    StartReply,
    Status,
    Stop,
)
from voi.core.conversation import Conversation
from voi.core.end_reason import EndReason
from voi.core.endpoint_weights import WEIGHTS
from voi.core.journal import (
    ACTIONS,
    FACTS,
    VERSION,
    JournalEntry,
    decode_action,
    decode_entry,
    decode_script,
    encode_action,
    encode_entry,
    encode_script,
)
from voi.core.script import Script
from voi.dialogue import Message, Part, Phrase, Role
from voi.errors import ClientError
from voi.turn_policy import TurnPolicy


def values(hint: Any) -> st.SearchStrategy[Any]:
    """Any value of that type, built here from the hints alone, apart from the code under test."""
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin is tuple:
        return st.lists(values(arguments[0]), max_size=3).map(tuple)
    if origin in (types.UnionType, typing.Union):
        return st.one_of(*(values(argument) for argument in arguments))
    if origin is typing.Literal:
        return st.sampled_from(arguments)
    if hint is types.NoneType:
        return st.none()
    if hint is Message:
        return st.builds(Message, values(Role), values(tuple[Part, ...]))
    if is_dataclass(hint):
        hints = typing.get_type_hints(hint)
        kind: Any = hint
        return st.builds(kind, **{field.name: values(hints[field.name]) for field in fields(hint)})
    if isinstance(hint, type) and issubclass(hint, StrEnum):
        return st.sampled_from(list(hint))
    plain: dict[Any, st.SearchStrategy[Any]] = {
        bool: st.booleans(),
        int: st.integers(),
        float: st.floats(allow_nan=False),
        str: st.text() | st.just("\ud83d half a pair"),
    }
    return plain[hint]


any_action = st.sampled_from([*ACTIONS.values()]).flatmap(values)


def through_json(line: Any) -> Any:
    return json.loads(json.dumps(line))


@pytest.mark.parametrize("kind", [*FACTS.values()], ids=[*FACTS])
@settings(max_examples=15)
@given(data=st.data())
def test_every_fact_comes_back(kind: type, data: st.DataObject) -> None:
    fact, actions = data.draw(values(kind)), tuple(data.draw(st.lists(any_action, max_size=2)))
    now_ms = data.draw(st.integers(min_value=0))
    assert decode_entry(through_json(encode_entry(now_ms, fact, actions))) == JournalEntry(now_ms, fact, actions)


@pytest.mark.parametrize("kind", [*ACTIONS.values()], ids=[*ACTIONS])
@settings(max_examples=15)
@given(data=st.data())
def test_every_action_comes_back(kind: type, data: st.DataObject) -> None:
    action = data.draw(values(kind))
    again = decode_action(through_json(encode_action(action)))
    assert again == action
    assert type(again) is type(action)


@given(values(Script))
def test_every_script_comes_back(script: Script) -> None:
    assert decode_script(through_json(encode_script(script))) == script


def test_no_field_hides_another() -> None:
    assert all("t" not in names and "fact" not in names and "actions" not in names for names in field_names(FACTS))
    assert all("action" not in names for names in field_names(ACTIONS))


def field_names(kinds: dict[str, type]) -> list[set[str]]:
    return [{field.name for field in fields(kind)} for kind in kinds.values()]


def test_how_it_reads() -> None:
    heard, show = was.Heard(1, "hello", 2), Show(0, "user", "hello")
    assert encode_entry(1200, heard, [show, SendStatus(Status.RESPONSE_DONE)]) == {
        "t": 1200,
        "fact": "Heard",
        "utterance": 1,
        "text": "hello",
        "pause": 2,
        "actions": [
            {
                "action": "Show",
                "message_id": 0,
                "role": "user",
                "text": "hello",
                "image_urls": [],
                "final": True,
                "narrated": [],
            },
            {"action": "SendStatus", "status": "response_done", "unfinished": ""},
        ],
    }
    start = encode_action(StartReply(1, (Message("user", "hi"),), muted=True))
    assert start["messages"] == [{"role": "user", "parts": [{"part": "Text", "text": "hi"}]}]


def test_a_field_with_a_default_may_be_missing_so_old_journals_stay_readable() -> None:
    assert decode_entry({"t": 1, "fact": "Opened"}) == JournalEntry(1, was.Opened(), ())
    assert decode_action({"action": "Stop", "reply": 3}) == Stop(3)
    script = decode_script(
        {"voi": 1, "script": {"mode": "chat", "turn": {"barge_in_ms": 1}, "greeting": {"text": "hi"}}}
    )
    assert script == Script(mode="chat", turn=TurnPolicy(barge_in_ms=1), greeting=Phrase("hi"))


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ([], "JSON object"),
        ({"fact": "Opened"}, "t is not int"),
        ({"t": 1.5, "fact": "Opened"}, "t is not int"),
        ({"t": True, "fact": "Opened"}, "t is not int"),
        ({"t": 1}, "names no fact"),
        ({"t": 1, "fact": "__class__"}, "names no fact"),
        ({"t": 1, "fact": []}, "names no fact"),
        ({"t": 1, "fact": "Heard", "utterance": 1}, "Heard lacks a field"),
        ({"t": 1, "fact": "Heard", "utterance": "1", "text": "x"}, "Heard.utterance is not int"),
        ({"t": 1, "fact": "HungUp", "why": 1}, r"fields that this Voi does not know: \['why'\]"),
        ({"t": 1, "fact": "HungUp", "actions": {}}, "actions is not list"),
        ({"t": 1, "fact": "HungUp", "actions": [1]}, "JSON object"),
        ({"t": 1, "fact": "HungUp", "actions": [{"action": "Explode"}]}, "names no action"),
        ({"t": 1, "fact": "HungUp", "actions": [{"action": "SendStatus", "status": "odd"}]}, "not one of"),
        (
            {"t": 1, "fact": "HungUp", "actions": [{"action": "Show", "message_id": 1, "role": "dog", "text": ""}]},
            "not o",
        ),
        (
            {"t": 1, "fact": "HungUp", "actions": [{"action": "StartReply", "messages": [1]}]},
            r"messages\[0\] is not Me",
        ),
    ],
)
def test_junk_is_told(line: Any, words: str) -> None:
    with pytest.raises(ClientError, match=words):
        decode_entry(line)


@pytest.mark.parametrize("line", [None, {}, {"voi": 4, "script": {}}, {"voi": 1, "script": []}, {"t": 1}])
def test_a_wrong_first_line_is_told(line: Any) -> None:
    with pytest.raises(ClientError):
        decode_script(line)


JOURNALS = sorted((Path(__file__).parents[1] / "data" / "journals").glob("*.jsonl"))
OF_TODAY = [path for path in JOURNALS if path.stem.startswith(f"v{VERSION}-")]
EARLIER = [path for path in JOURNALS if path not in OF_TODAY]


def read(path: Path) -> tuple[Script, list[JournalEntry]]:
    head, *lines = map(json.loads, path.read_text().splitlines())
    assert path.stem.startswith(f"v{head['voi']}-")
    return decode_script(head), [decode_entry(line) for line in lines]


@pytest.mark.parametrize("path", OF_TODAY, ids=lambda path: path.stem)
def test_todays_core_acts_as_in_the_recordings_of_its_version(path: Path) -> None:
    """Where the core is to act otherwise, either `VERSION` rises or the recordings are made again, on purpose:
    tests/core/record_journals.py."""
    script, steps = read(path)
    conversation = Conversation(script)
    for number, step in enumerate(steps, 2):
        actions = conversation.handle(step.fact, step.now_ms)
        assert tuple(actions) == step.actions, f"line {number} of {path.name}, at {step.fact}"


def test_the_recordings_of_todays_version_tell_of_much() -> None:
    recordings = [read(path) for path in OF_TODAY]
    assert {script.mode for script, _ in recordings} == {"call", "chat"}
    facts = {type(step.fact) for _, steps in recordings for step in steps}
    actions = {type(action) for _, steps in recordings for step in steps for action in step.actions}
    assert facts >= {was.TextTyped, was.ImageGiven, was.VoicePushed, was.Interrupted, was.TurnJudged, was.VoiceJudged}
    assert facts >= {was.ToolReturned, was.ReplyStopped, was.ReplyFailed, was.CameBack, was.DeadlinePassed}
    assert actions >= {Duck, Resume, Stop, RunTool, ReportError, SayPhrase}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PATIENT_SHARE", 0.6), ("PATIENT_SHARE", 0.8), ("SURE_SHARE", 0.5), ("MS_PER_LOG_ODDS", 300),
        ("SURELY_GOES_ON", 0.001), ("UNJUDGED_FLOOR", 1.0), ("UNFINISHED", 0.05), ("FINISHED", 0.99),
        ("STRETCH", {"low": 1.3, "medium": 1.0, "auto": 1.0, "high": 0.65}),
        ("STRETCH", {"low": 1.4, "medium": 1.0, "auto": 1.0, "high": 0.8}),
        ("WEIGHTS", {name: weight * 0.7 for name, weight in WEIGHTS.items()}),
    ],
)  # fmt: skip
def test_no_number_of_endpointing_changes_unnoticed(name: str, value: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(endpoint_weights if name == "WEIGHTS" else endpoint, name, value)
    differing = 0
    for path in OF_TODAY:
        script, steps = read(path)
        conversation = Conversation(script)
        differing += any(tuple(conversation.handle(step.fact, step.now_ms)) != step.actions for step in steps)
    assert differing, f"no recording tells {name} from {value}: record more in tests/core/record_journals.py"


@pytest.mark.parametrize("path", EARLIER, ids=lambda path: path.stem)
def test_recordings_of_earlier_versions_are_read_and_told_to_todays_core(path: Path) -> None:
    """Not the same actions: since version 3 the end of a turn is weighed otherwise and final when the reply sounds, so
    what was recorded of later turns may be about utterances that today's core does not have."""
    script, steps = read(path)
    conversation = Conversation(script)
    then: dict[int, str] = {}
    now: dict[int, str] = {}
    for step in steps:
        for shown, actions in ((then, step.actions), (now, conversation.handle(step.fact, step.now_ms))):
            shown.update({one.message_id: one.text for one in actions if isinstance(one, Show) and one.role == "user"})
    first = min(then)
    assert then[first] in now[first]


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        ("Nobody spoke for a long time.", EndReason.IDLE_LIMIT),
        ("The conversation reached its maximum duration.", EndReason.DURATION_LIMIT),
        ("idle_limit", EndReason.IDLE_LIMIT),
    ],
)
def test_why_a_conversation_ended_was_a_sentence_once(words: str, reason: EndReason) -> None:
    assert decode_action({"action": "HangUp", "reason": words}) == HangUp(reason)
