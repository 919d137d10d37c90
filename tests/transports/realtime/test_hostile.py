"""Hostile and broken Realtime clients: whatever they send, they get errors, and nobody else notices."""

import json
import random
from pathlib import Path
from typing import Any

import pytest

from tests.server.serving import fake_engines, serving
from tests.transports.raw_client import BINARY, TEXT, frame
from tests.transports.realtime.fakes import RealtimeClient
from tests.transports.realtime.test_conversation import voice

pytestmark = pytest.mark.integration
Patch = pytest.MonkeyPatch
MUTATIONS = 10_000
AT_ONCE = 200
"""Events between two looks at the answers."""

EVENTS: list[dict[str, Any]] = [
    {"type": "session.update", "session": {
        "type": "realtime", "instructions": "Be brief.", "output_modalities": ["audio"], "tracing": None,
        "tools": [{"type": "function", "name": "f", "description": "d", "parameters": {"type": "object"}}],
        "tool_choice": "auto", "max_output_tokens": 100,
        "audio": {"input": {"format": {"type": "audio/pcm", "rate": 24000}, "transcription": {"model": "whisper-1"},
                            "turn_detection": {"type": "server_vad", "silence_duration_ms": 400}},
                  "output": {"voice": "marin", "speed": 1.0}}}},
    {"type": "session.update", "session": {"audio": {"input": {"turn_detection": None}}}},
    {"type": "session.update", "session": {
        "tool_choice": {"type": "function", "name": "f"},
        "audio": {"input": {"transcription": {"model": "x", "language": "de", "prompt": "Voi."}}}}},
    {"type": "response.create", "response": {
        "tool_choice": "required", "output_modalities": ["text"], "metadata": {"a": "b"},
        "input": [{"type": "message", "role": "user", "content": [{"type": "input_text", "text": "Hi."}]},
                  {"type": "item_reference", "id": "x"}, {"type": "function_call_output", "output": "1"}]}},
    {"type": "input_audio_buffer.append", "audio": "AAAAAAAA"},
    {"type": "input_audio_buffer.commit"},
    {"type": "input_audio_buffer.clear"},
    {"type": "output_audio_buffer.clear"},
    {"type": "conversation.item.create", "previous_item_id": "root", "item": {
        "id": "a", "type": "message", "role": "user", "content": [{"type": "input_text", "text": "Hi"}]}},
    {"type": "conversation.item.create", "item": {
        "type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "Hi"}]}},
    {"type": "conversation.item.create", "item": {
        "type": "function_call", "call_id": "c", "name": "f", "arguments": "{}"}},
    {"type": "conversation.item.create", "item": {"type": "function_call_output", "call_id": "c", "output": "x"}},
    {"type": "conversation.item.retrieve", "item_id": "a"},
    {"type": "conversation.item.truncate", "item_id": "a", "content_index": 0, "audio_end_ms": 10},
    {"type": "conversation.item.delete", "item_id": "a"},
    {"type": "response.create", "response": {"instructions": "x", "metadata": {"a": "b"}}},
    {"type": "response.create", "response": {"conversation": "none", "input": []}},
    {"type": "response.cancel", "response_id": "resp_x"},
]  # fmt: skip
ODD: list[Any] = [
    None, True, False, 0, -1, 10**30, 1.5, 1e308, "", "x" * 5_000, "\x00", "\ud83d", [], {}, [[[]]], {"type": "x"},
    ["text", "audio"], "audio/pcmu", "root", "none", "inf", "server_vad", 2**63,
]  # fmt: skip


def mutated(event: Any, dice: random.Random) -> Any:
    """The event with something in it replaced, removed or added."""
    if isinstance(event, dict) and event and dice.random() < 0.8:
        name = dice.choice(list(event))
        changed = dict(event)
        if dice.random() < 0.15:
            del changed[name]
        elif dice.random() < 0.1:
            changed[str(dice.choice(ODD))[:20]] = dice.choice(ODD)
        else:
            changed[name] = mutated(event[name], dice)
        return changed
    if isinstance(event, list) and event and dice.random() < 0.7:
        at = dice.randrange(len(event))
        return [*event[:at], mutated(event[at], dice), *event[at + dice.randrange(2) :]]
    return dice.choice(ODD)


def written(event: Any, dice: random.Random) -> bytes:
    """The event as bytes, now and then damaged."""
    text = json.dumps(event).encode()
    if dice.random() < 0.1:
        at = dice.randrange(len(text))
        text = text[:at] + bytes([dice.randrange(32, 127)]) + text[at + dice.randrange(3) :]
    return text


async def test_mutated_events_end_nothing(tmp_path: Path, monkeypatch: Patch) -> None:
    dice = random.Random(1)
    async with serving(tmp_path, monkeypatch, fake_engines("one two three"), max_messages_per_s=100_000) as running:
        client, other = [await RealtimeClient.arrive(running.port) for _ in range(2)]
        for number in range(MUTATIONS):
            client.client.send(TEXT, written(mutated(dice.choice(EVENTS), dice), dice))
            if number == MUTATIONS // 2:  # somebody else is answered meanwhile
                other.say("Are you well?")
                other.send("response.create")
                await other.until("response.done")
            if number % AT_ONCE == AT_ONCE - 1:
                client.send("conversation.item.retrieve", item_id="nobody", event_id=f"mark {number}")
                await client.until(
                    lambda mark=f"mark {number}": mark in client.mistaken,
                    timeout_s=30,
                )
        assert len(client.errors) > MUTATIONS / 4
        assert client.closed is None
        assert other.last("response.done")["response"]["status"] == "completed"
        assert not other.errors


async def test_events_byte_by_byte_and_in_fragments(tmp_path: Path, monkeypatch: Patch) -> None:
    async with serving(tmp_path, monkeypatch, fake_engines()) as running:
        client = await RealtimeClient.arrive(running.port)
        item = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "Good morning."}]}
        whole = json.dumps({"type": "conversation.item.create", "item": item}).encode()
        for byte in frame(TEXT, whole):
            client.client.writer.write(bytes([byte]))
            await client.client.writer.drain()
        whole = json.dumps({"type": "response.create"}).encode()
        client.client.send(TEXT, whole[:5], fin=False)
        for at in range(5, len(whole)):
            client.client.send(0, whole[at : at + 1], fin=at == len(whole) - 1)
        await client.until("response.done")
        client.client.send(BINARY, json.dumps({"type": "response.cancel"}).encode())
        await client.until("error")
        assert client.errors[-1]["code"] == "response_cancel_not_active"


async def test_events_in_any_order(tmp_path: Path, monkeypatch: Patch) -> None:
    dice = random.Random(2)
    async with serving(tmp_path, monkeypatch, fake_engines("one two three"), max_messages_per_s=100_000) as running:
        for _ in range(10):
            client = await RealtimeClient.connect(running.port)
            events = EVENTS * 3
            dice.shuffle(events)
            for event in events:
                client.send(**{"kind": event["type"], **{k: v for k, v in event.items() if k != "type"}})
                if dice.random() < 0.3:
                    client.speak(voice(100))
            client.send("conversation.item.retrieve", item_id="nobody", event_id="last")
            await client.until(lambda c=client: "last" in c.mistaken)  # type: ignore[misc]
            assert client.closed is None
            client.client.drop_all()


async def test_a_client_that_sends_nothing_loses_its_place(tmp_path: Path, monkeypatch: Patch) -> None:
    monkeypatch.setattr("voi.transports.realtime.peer.MUTE_MAX_S", 0.3)
    async with serving(tmp_path, monkeypatch, fake_engines()) as running:
        talks = await RealtimeClient.connect(running.port)
        talks.send("input_audio_buffer.clear")
        mute = await RealtimeClient.connect(running.port)
        await mute.until(lambda: mute.closed)
        assert (mute.closed, mute.errors[-1]["code"]) == (1000, "session_expired")
        talks.say("Still here.")
        talks.send("response.create")
        await talks.until("response.done")
