"""The bytes of a response, from its creation to its end."""

import itertools
import json
from typing import Any

import pytest

from tests.transports.realtime.fakes import SDK_TYPES
from voi.dialogue import ReplySegment
from voi.transports.realtime import items as items_module
from voi.transports.realtime import responses, wire
from voi.transports.realtime.items import ROOT, DialogueItem, ItemList
from voi.transports.realtime.responses import AgentResponse

GOLDEN = [
    '{"event_id":"event_2","type":"response.created","response":{"object":"realtime.response","id":"resp_1",'
    '"status":"in_progress","status_details":null,"output":[],"conversation_id":"conv_1",'
    '"output_modalities":["audio"],"max_output_tokens":"inf","audio":{"output":{"voice":"default"}},"usage":null,'
    '"metadata":{"a":"b"}}}',
    '{"event_id":"event_4","type":"response.output_item.added","response_id":"resp_1","output_index":0,'
    '"item":{"id":"item_3","object":"realtime.item","type":"message","status":"in_progress","role":"assistant",'
    '"content":[]}}',
    '{"event_id":"event_5","type":"conversation.item.added","previous_item_id":null,"item":{"id":"item_3",'
    '"object":"realtime.item","type":"message","status":"in_progress","role":"assistant","content":[]}}',
    '{"event_id":"event_6","type":"response.content_part.added","response_id":"resp_1","item_id":"item_3",'
    '"output_index":0,"content_index":0,"part":{"type":"audio","transcript":""}}',
    '{"event_id":"event_7","type":"response.output_audio_transcript.delta","response_id":"resp_1","item_id":"item_3",'
    '"output_index":0,"content_index":0,"delta":"Hello.","voi":{"voice":"character","tone":"warm"}}',
    '{"event_id":"event_8","type":"response.output_audio.delta","response_id":"resp_1","item_id":"item_3",'
    '"output_index":0,"content_index":0,"delta":"AAAA"}',
    '{"event_id":"event_9","type":"response.output_audio_transcript.delta","response_id":"resp_1",'
    '"item_id":"item_3","output_index":0,"content_index":0,"delta":" You?","voi":{"voice":"narrator",'
    '"tone":"neutral"}}',
    '{"event_id":"event_10","type":"response.output_audio.done","response_id":"resp_1","item_id":"item_3",'
    '"output_index":0,"content_index":0}',
    '{"event_id":"event_11","type":"response.output_audio_transcript.done","response_id":"resp_1",'
    '"item_id":"item_3","output_index":0,"content_index":0,"transcript":"Hello. You?"}',
    '{"event_id":"event_12","type":"response.content_part.done","response_id":"resp_1","item_id":"item_3",'
    '"output_index":0,"content_index":0,"part":{"type":"audio","transcript":"Hello. You?"}}',
    '{"event_id":"event_13","type":"conversation.item.done","previous_item_id":null,"item":{"id":"item_3",'
    '"object":"realtime.item","type":"message","status":"completed","role":"assistant",'
    '"content":[{"type":"output_audio","transcript":"Hello. You?"}]}}',
    '{"event_id":"event_14","type":"response.output_item.done","response_id":"resp_1","output_index":0,'
    '"item":{"id":"item_3","object":"realtime.item","type":"message","status":"completed","role":"assistant",'
    '"content":[{"type":"output_audio","transcript":"Hello. You?"}]}}',
]


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    numbers = itertools.count(1)
    for module in (wire, responses):
        monkeypatch.setattr(module, "new_id", lambda kind: f"{kind}_{next(numbers)}")
    monkeypatch.setattr(wire, "new_event_id", lambda: f"event_{next(numbers)}")
    return []


def made(sent: list[bytes], items: ItemList, **how: Any) -> AgentResponse:
    return AgentResponse(
        lambda event: sent.append(wire.encode(event)), items, conversation_id="conv_1", asked=True,
        **{"sound": True, "audio": {"voice": "default"}, **how},
    )  # fmt: skip


def test_the_bytes_of_a_spoken_message(sent: list[bytes]) -> None:
    response = made(sent, ItemList(), metadata={"a": "b"})
    response.created()
    response.text(7, ReplySegment("Hello.", tone="warm"))
    response.sound(7, "AAAA")
    response.text(7, ReplySegment("You?", "narrator"))
    assert response.open
    response.message_done(7)
    assert not response.open
    assert [event.decode() for event in sent] == GOLDEN


def test_a_function_call_and_the_end(sent: list[bytes]) -> None:
    items = ItemList()
    items.add(DialogueItem("before"))
    response = made(sent, items, sound=False)
    response.text(1, ReplySegment("Wait."))
    response.function_call("call_1", "look", "{}")
    response.reason = "turn_detected"
    response.finish("cancelled", {"total_tokens": 0})
    response.finish("completed", {})
    events = [json.loads(event) for event in sent]
    for event in events:
        if SDK_TYPES:
            SDK_TYPES[event["type"]].model_validate(event, strict=True)
    done = events[-1]["response"]
    assert [event["type"] for event in events].count("response.done") == 1
    assert [(item["type"], item["status"]) for item in done["output"]] == [
        ("message", "incomplete"), ("function_call", "completed"),
    ]  # fmt: skip
    assert done["status_details"] == {"type": "cancelled", "reason": "turn_detected"}
    assert done["audio"] is None
    added = [event["previous_item_id"] for event in events if event["type"] == "conversation.item.added"]
    assert added[0] == "before"


def test_items_are_in_the_clients_order(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(items_module, "ITEMS_MAX", 4)
    items = ItemList()
    for name, after, before in (("b", None, None), ("a", ROOT, None), ("c", "b", "b"), ("d", "nobody", "c")):
        assert items.add(DialogueItem(name), after) == before
    assert [item.id for item in items] == ["a", "b", "c", "d"]
    items.add(DialogueItem("e"))
    assert [item.id for item in items] == ["b", "c", "d", "e"]
    assert items.find("a") is None


def test_what_items_say_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(items_module, "ITEMS_MAX_CHARACTERS", 10)
    items = ItemList()
    for name in "abc":
        items.add(DialogueItem(name, content=[{"type": "input_text", "text": "four"}]))
    assert [item.id for item in items] == ["b", "c"]
    b = items.find("b")
    assert b is not None
    items.remove(b)
    items.add(DialogueItem("d", "function_call_output", output="sixsix"))
    assert [item.id for item in items] == ["c", "d"]
    items.add(DialogueItem("e", "function_call", arguments="x"))
    assert [item.id for item in items] == ["d", "e"]
