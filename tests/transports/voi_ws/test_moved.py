"""A call on its way to another process comes out as it went in."""

import json
from dataclasses import replace

import pytest

from voi.calls import saved
from voi.calls.proof import Proof
from voi.core.kept import Kept, KeptDraft, KeptMessage, KeptPiece, KeptReply
from voi.core.options import CallOptions
from voi.dialogue import Message, ReplySegment, SpokenWord, Text, ToolCall, ToolResult
from voi.errors import ClientError
from voi.transports.voi_ws.moved import Moved, MovedFrame, SpeechEnd, heard_of, pack, shown, unpack

KEPT = Kept(
    messages=(
        KeptMessage(0, Message("user", "Look", ["data:image/png;base64,AAAA"])),
        KeptMessage(1, Message("assistant", (Text("half \ud83d"), ToolCall("c", "find"), ToolResult("c", "it", True)))),
        KeptMessage(2, Message("user", "", ["data:image/png;base64,BBBB"])),
    ),
    next_id=5,
    draft=KeptDraft("and", message_id=4, spoken=True),
    reply=KeptReply(
        3, (KeptPiece(ReplySegment("Hi."), True, 0, 500, (SpokenWord("Hi.", 0, 400),)),), announced=True
    ),
)  # fmt: skip
CALL = Moved(
    app="app", person="ann",
    agent_name="friend", agent_config=None, session="",
    options=CallOptions(mode="call", greet=False), kept=KEPT, sent=7,
    frames=(MovedFrame('{"type":"status"}'), MovedFrame(), MovedFrame("", 3, 4_800, 9_600)),
    ends=(SpeechEnd(3, 48_000),), messages=2, audio_bytes=640, proof=Proof.NUMBER,
)  # fmt: skip


def test_it_comes_out_as_it_went_in() -> None:
    assert unpack(pack(CALL)) == CALL


def test_a_call_of_a_process_that_knew_no_other_proof() -> None:
    value = json.loads(pack(CALL))
    del value["proof"]
    assert unpack(json.dumps(value).encode()).proof is Proof.APP


def test_large_pictures_stay_behind_the_oldest_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(saved, "PICTURES_MAX_CHARACTERS", 30)
    again = unpack(pack(CALL))
    assert [len(each.message.image_urls) for each in again.kept.messages] == [0, 0, 1]
    assert again.kept.messages[0].message.text == "Look"


@pytest.mark.parametrize("data", [b"", b"[]", b"{}", b'{"version": 99}', b"\xff", b'{"version": 1, "app": 3}'])
def test_what_another_version_wrote_is_refused(data: bytes) -> None:
    with pytest.raises(ClientError):
        unpack(data)
    assert json.loads(pack(CALL))["version"] == 1


@pytest.mark.parametrize(
    ("lacks", "played", "heard_ms"),
    [({}, None, 1_000), ({3: 4_800}, None, 100), ({1: 0}, None, 1_000), ({3: 4_800}, (3, 60), 60),
     ({3: 4_800}, (3, 900), 100), ({}, (1, 60), 1_000)],
)  # fmt: skip
def test_how_much_of_the_reply_was_heard(lacks: dict[int, int], played: tuple[int, int] | None, heard_ms: int) -> None:
    assert heard_of(CALL, lacks, played) == heard_ms


def test_only_what_this_process_said_of_the_reply_counts() -> None:
    """An answer that moves a second time: what the first process said of it is no longer among what is to be said."""
    again = replace(CALL, ends=(SpeechEnd(3, 48_000, 24_000),))
    heard = [heard_of(again, lacks, played) for lacks, played in (({}, None), ({3: 28_800}, None), ({}, (3, 700)))]
    assert heard == [500, 100, 200]
    assert heard_of(again, {3: 24_000}, None) == heard_of(again, {}, (3, 400)) == 0
    whole = replace(again, options=replace(CALL.options, stream_output_audio=False))
    assert heard_of(whole, {3: 24_000}, None) == 0, "the file of the rest did not arrive"


def test_its_dialogue_is_shown() -> None:
    frames = [json.loads(frame[4:]) for frame in shown(KEPT)]
    assert [(each["id"], each["role"]) for each in frames] == [(0, "user"), (1, "assistant"), (2, "user"), (4, "user")]
