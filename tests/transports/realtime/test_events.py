"""What a client may send, one by one: its items, formats, responses, settings and mistakes."""

import asyncio
import base64
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.engines import FakeLlm, FakeTts, calls_of
from tests.server.fakes import SECRET
from tests.server.serving import fake_engines, serving
from tests.transports.realtime.fakes import RealtimeClient
from tests.transports.realtime.test_conversation import TRANSCRIBED, quiet, voice
from tests.transports.realtime.test_functions import WEATHER, engines_with, write_agents
from voi.audio import g711
from voi.dialogue import ToolCall
from voi.server.auth import issue_token
from voi.transports.realtime.client_secrets import ClientSecrets
from voi.transports.realtime.peer import RealtimeCaller

pytestmark = pytest.mark.integration
Patch = pytest.MonkeyPatch


async def test_items_stand_where_they_are_put(tmp_path: Path, monkeypatch: Patch) -> None:
    write_agents(tmp_path)
    llm = FakeLlm("Yes.")
    async with serving(tmp_path, monkeypatch, engines_with(llm)) as running:
        client = await RealtimeClient.arrive(running.port, "friend", output_modalities=["text"])
        client.say("second", id="b")
        client.say("fourth", id="d")
        client.send(
            "conversation.item.create", previous_item_id="root",
            item={"id": "a", "type": "message", "role": "user", "content": [{"type": "input_text", "text": "first"}]},
        )  # fmt: skip
        client.send(
            "conversation.item.create", previous_item_id="b",
            item={"id": "c", "type": "message", "role": "assistant",
                  "content": [{"type": "output_text", "text": "third"}]},
        )  # fmt: skip
        client.say("gone", id="e")
        client.send("conversation.item.delete", item_id="e")
        client.send("response.create", response={"instructions": "Say yes."})
        await client.until("response.done")
        said = [(m.role, m.text) for m in llm.requests[-1].messages]
        assert said[1:] == [("user", "first"), ("user", "second"), ("assistant", "third"), ("user", "fourth")]
        assert said[0][1].endswith("Say yes.")
        before = {e["item"]["id"]: e["previous_item_id"] for e in client.all("conversation.item.added")}
        assert {name: before[name] for name in "abcde"} == {"a": None, "b": None, "c": "b", "d": "b", "e": "d"}
        assert client.all("response.output_text.done")[0]["text"] == "Yes."
        assert not client.sound
        client.send("response.create")
        await client.until("response.done")
        assert not llm.requests[-1].messages[0].text.endswith("Say yes.")


async def test_a_call_and_its_output_from_another_conversation(tmp_path: Path, monkeypatch: Patch) -> None:
    write_agents(tmp_path)
    llm = FakeLlm("It was sunny.")
    async with serving(tmp_path, monkeypatch, engines_with(llm)) as running:
        client = await RealtimeClient.arrive(running.port, "friend", tools=[WEATHER])
        call = {"type": "function_call", "call_id": "call_1", "name": "get_weather", "arguments": "{}"}
        output = {"type": "function_call_output", "call_id": "call_1", "output": "sunny"}
        client.send("conversation.item.create", item=call)
        client.send("conversation.item.create", item=output)
        client.send("conversation.item.create", item={**output, "call_id": "call_2"})
        await client.until("error")
        assert client.errors[-1]["code"] == "invalid_tool_call_id"
        client.say("How was it?")
        client.send("response.create")
        await client.until("response.done")
        _, called, returned, asked = llm.requests[-1].messages
        assert (called.tool_calls[0].name, returned.tool_results[0].text, asked.text) == (
            "get_weather", "sunny", "How was it?",
        )  # fmt: skip


async def test_telephone_sound_both_ways(tmp_path: Path, monkeypatch: Patch) -> None:
    async with serving(tmp_path, monkeypatch, fake_engines("one two three four")) as running:
        for name, law in (("audio/pcmu", "ulaw"), ("audio/pcma", "alaw")):
            audio = {"input": {"format": {"type": name}}, "output": {"format": {"type": name}}}
            client = await RealtimeClient.arrive(running.port, audio=audio)
            from tests.fakes.engines import silence, tone

            sound = g711.encode(tone(800, 8_000) + silence(1_500, 8_000), law)  # type: ignore[arg-type]
            client.send("input_audio_buffer.append", audio=base64.b64encode(sound).decode())
            await client.until("response.done")
            (heard,) = client.sound.values()
            assert abs(len(heard) - 18 * 50 * 8) < 400
            running.server._engines.stt.streams.clear()  # type: ignore[union-attr, attr-defined]


async def test_sound_in_an_item_is_transcribed(tmp_path: Path, monkeypatch: Patch) -> None:
    async with serving(tmp_path, monkeypatch, fake_engines("one two three")) as running:
        audio = {"input": {"transcription": {"model": "x"}, "turn_detection": None}}
        client = await RealtimeClient.arrive(running.port, audio=audio)
        part = {"type": "input_audio", "audio": base64.b64encode(voice(600)).decode()}
        client.send("conversation.item.create", item={"id": "s", "type": "message", "role": "user", "content": [part]})
        client.send("response.create")
        await client.until("response.done")
        completed = client.last("conversation.item.input_audio_transcription.completed")
        assert (completed["item_id"], completed["transcript"]) == ("s", "one two three")


async def test_a_picture_is_shown_to_the_model(tmp_path: Path, monkeypatch: Patch) -> None:
    write_agents(tmp_path)
    llm = FakeLlm("A cat.")
    url = "data:image/png;base64,iVBORw0KGgo="
    async with serving(tmp_path, monkeypatch, engines_with(llm)) as running:
        client = await RealtimeClient.arrive(running.port, "friend")
        content = [{"type": "input_text", "text": "What is it?"}, {"type": "input_image", "image_url": url}]
        client.send("conversation.item.create", item={"type": "message", "role": "user", "content": content})
        client.send("response.create")
        await client.until("response.done")
        assert llm.requests[-1].messages[-1].image_urls == (url,)


async def test_a_response_is_cancelled(tmp_path: Path, monkeypatch: Patch) -> None:
    write_agents(tmp_path)
    llm = FakeLlm("A long answer that goes on and on and on, and never seems to come to an end.", None)
    async with serving(tmp_path, monkeypatch, engines_with(llm)) as running:
        client = await RealtimeClient.arrive(running.port, "friend")
        client.send("response.cancel", event_id="mine")
        await client.until("error")
        assert client.errors[-1]["event_id"] == "mine"
        assert client.errors[-1]["code"] == "response_cancel_not_active"
        assert client.errors[-1]["message"].startswith("Cancellation failed")
        for waits_for in ("response.output_audio.delta", "response.created"):
            client.say("Go on.")
            client.send("response.create")
            await client.until(waits_for)
            client.send("response.create")
            await client.until("error")
            assert client.errors[-1]["code"] == "conversation_already_has_active_response"
            client.send("response.cancel")
            await client.until("response.done")
            details = client.last("response.done")["response"]["status_details"]
            assert details == {"type": "cancelled", "reason": "client_cancelled"}


async def test_a_response_is_cancelled_before_its_first_sound(tmp_path: Path, monkeypatch: Patch) -> None:
    write_agents(tmp_path)
    engines = replace(engines_with(FakeLlm("One.", "Two.")), tts={"voice": FakeTts(first_s=0.6)})
    async with serving(tmp_path, monkeypatch, engines) as running:
        client = await RealtimeClient.arrive(running.port, "friend")
        client.say("Go on.")
        client.send("response.create")
        await client.until("response.output_audio_transcript.delta")
        await asyncio.sleep(0.2)  # all its text is known
        client.send("response.cancel")
        await client.until("response.done")
        done = client.last("response.done")["response"]
        assert done["status_details"] == {"type": "cancelled", "reason": "client_cancelled"}
        assert not client.sound
        client.send("response.create")
        await client.until("response.done")
        assert client.last("response.done")["response"]["status"] == "completed"


async def test_an_item_that_is_being_said_is_deleted(tmp_path: Path, monkeypatch: Patch) -> None:
    write_agents(tmp_path)
    llm = FakeLlm("A long answer that goes on and on and on, and never seems to come to an end.", "Yes.", "Yes.")
    async with serving(tmp_path, monkeypatch, engines_with(llm)) as running:
        client = await RealtimeClient.arrive(running.port, "friend")
        client.say("Go on.")
        client.send("response.create")
        await client.until("response.output_audio.delta")
        growing = client.last("response.output_audio.delta")["item_id"]
        client.send("conversation.item.delete", item_id=growing)
        await client.until("conversation.item.deleted")
        done = client.last("response.done")["response"]
        assert done["status_details"] == {"type": "cancelled", "reason": "client_cancelled"}
        assert client.kinds[-3:] == ["response.done", "rate_limits.updated", "conversation.item.deleted"]
        client.say("And now?")
        client.send("response.create")
        await client.until("response.done")
        said = [(m.role, m.text) for m in llm.requests[-1].messages[1:]]
        assert said == [("user", "Go on."), ("user", "And now?")]
        playing = client.last("response.done")["response"]["output"][0]["id"]
        client.send("conversation.item.delete", item_id=playing)  # all sent, and still heard
        await client.until("conversation.item.deleted")
        await asyncio.sleep(0.1)
        client.say("And then?")
        client.send("response.create")
        await client.until("response.done")
        said = [(m.role, m.text) for m in llm.requests[-1].messages[1:]]
        assert said == [("user", "Go on."), ("user", "And now?"), ("user", "And then?")]
        assert not client.errors


async def test_a_response_beside_the_conversation(tmp_path: Path, monkeypatch: Patch) -> None:
    write_agents(tmp_path)
    llm = FakeLlm("support", "Hello.", None)
    async with serving(tmp_path, monkeypatch, engines_with(llm)) as running:
        client = await RealtimeClient.arrive(running.port, "friend")
        client.say("My screen is broken.", id="q")
        asked = {
            "conversation": "none", "metadata": {"topic": "x"}, "output_modalities": ["text"],
            "instructions": "Classify it.", "input": [{"type": "item_reference", "id": "q"}],
        }  # fmt: skip
        client.send("response.create", response=asked)
        await client.until("response.done")
        done = client.last("response.done")["response"]
        assert (done["conversation_id"], done["metadata"]) == (None, {"topic": "x"})
        assert done["output"][0]["content"] == [{"type": "output_text", "text": "support"}]
        assert [m.text for m in llm.requests[0].messages] == ["Classify it.", "My screen is broken."]
        client.send("response.create")
        await client.until("response.done")
        assert [m.text for m in llm.requests[1].messages] == ["You help.", "My screen is broken."]
        client.send("response.create", response=asked)
        client.send("response.cancel", response_id=(await client.until("response.created"))["response"]["id"])
        await client.until("response.done")
        assert client.last("response.done")["response"]["status"] == "cancelled"
        assert not client.errors


async def test_a_response_beside_the_conversation_has_sound(tmp_path: Path, monkeypatch: Patch) -> None:
    write_agents(tmp_path)
    llm = FakeLlm("A long answer that goes on and on and never comes to an end.", "Still looking.", "Sure.")
    async with serving(tmp_path, monkeypatch, engines_with(llm)) as running:
        client = await RealtimeClient.arrive(running.port, "friend")
        client.say("Go on.")
        client.send("response.create")
        await client.until("response.output_audio.delta")
        main = client.last("response.created")["response"]["id"]
        client.send("response.create", response={"conversation": "none", "instructions": "Reassure.", "input": []})
        await client.until(lambda: client.all("response.done"))
        done = client.all("response.done")[0]["response"]
        assert done["id"] != main  # it was ready first, and did not stop the other
        assert (done["status"], done["conversation_id"], done["output_modalities"]) == ("completed", None, ["audio"])
        (item,) = done["output"]
        assert item["content"] == [{"type": "output_audio", "transcript": "Still looking."}]
        assert len(client.sound[item["id"]]) // 48 == len("Still looking.") * 50
        assert all(each["item"]["id"] != item["id"] for each in client.all("conversation.item.added"))
        await client.until("rate_limits.updated")
        (limit,) = client.last("rate_limits.updated")["rate_limits"]
        assert (limit["name"], limit["limit"], limit["remaining"]) == ("requests", 60, 59)
        assert 0 < limit["reset_seconds"] <= 1
        await client.until(lambda: len(client.all("response.done")) == 2)
        assert client.last("response.done")["response"]["id"] == main
        assert client.last("response.done")["response"]["status"] == "completed"
        client.say("And?")
        client.send("response.create")
        await client.until("response.done")
        assert [m.text for m in llm.requests[-1].messages[1:]] == [
            "Go on.", "A long answer that goes on and on and never comes to an end.", "And?",
        ]  # fmt: skip
        assert not client.errors


async def test_a_response_to_its_own_input(tmp_path: Path, monkeypatch: Patch) -> None:
    write_agents(tmp_path)
    looks = calls_of(ToolCall("a", "get_weather", '{"place":"Rome"}'))
    llm = FakeLlm(looks, "Sunny there.", "Hello.")
    async with serving(tmp_path, monkeypatch, engines_with(llm)) as running:
        client = await RealtimeClient.arrive(running.port, "friend", tools=[WEATHER])
        client.say("My screen is broken.", id="q")
        client.say("Rome.", id="r")
        said = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "How is it there?"}]}
        asked = [{"type": "item_reference", "id": "r"}, said]
        client.send("response.create", response={"input": asked})
        await client.until("response.done")
        (call,) = client.last("response.done")["response"]["output"]
        output = {"type": "function_call_output", "call_id": call["call_id"], "output": "sunny"}
        client.send("conversation.item.create", item=output)
        client.send("response.create")
        await client.until("response.done")
        given = ["You help.", "Rome.", "How is it there?"]
        assert [m.text for m in llm.requests[0].messages] == given
        assert [m.text for m in llm.requests[1].messages][:3] == given
        assert llm.requests[1].messages[-1].tool_results[0].text == "sunny"
        done = client.last("response.done")["response"]
        assert done["conversation_id"]
        assert done["output"][0]["content"][0]["transcript"] == "Sunny there."
        client.send("response.create")
        await client.until("response.done")
        assert [m.text for m in llm.requests[2].messages][:3] == ["You help.", "My screen is broken.", "Rome."]
        assert not client.errors


async def test_turns_that_wait_for_the_client(tmp_path: Path, monkeypatch: Patch) -> None:
    async with serving(tmp_path, monkeypatch, fake_engines("one two three four")) as running:
        turns = {"type": "server_vad", "silence_duration_ms": 300, "create_response": False}
        client = await RealtimeClient.arrive(
            running.port, audio={"input": {**TRANSCRIBED["input"], "turn_detection": turns}}
        )
        assert client.last("session.updated")["session"]["audio"]["input"]["turn_detection"]["threshold"] == 0.5
        client.speak(voice(800) + quiet(800))
        await client.until("conversation.item.input_audio_transcription.completed")
        client.send("input_audio_buffer.clear")
        await client.until("input_audio_buffer.cleared")
        assert not client.all("response.created")
        client.send("response.create")
        await client.until("response.done")
        assert client.last("response.done")["response"]["output"][0]["content"][0]["transcript"] == "one two three four"


async def test_speech_that_does_not_interrupt(tmp_path: Path, monkeypatch: Patch) -> None:
    engines = fake_engines("tell me a story about the sea now", "and then go on with it please")
    async with serving(tmp_path, monkeypatch, engines) as running:
        turns = {"type": "semantic_vad", "interrupt_response": False}
        client = await RealtimeClient.arrive(
            running.port, audio={"input": {**TRANSCRIBED["input"], "turn_detection": turns}}
        )
        client.speak(voice(1_600) + quiet(1_500))
        await client.until("response.output_audio.delta", 3)
        client.speak(voice(1_200) + quiet(1_500))
        await client.until("input_audio_buffer.speech_started")
        await client.until("response.done")
        assert client.last("response.done")["response"]["status"] == "completed"
        for _ in range(40):
            if len(client.all("response.done")) == 2:
                break
            client.speak(quiet(100))
            await client.read()
        await client.until(lambda: len(client.all("response.done")) == 2)
        texts = [e["response"]["output"][0]["content"][0]["transcript"] for e in client.all("response.done")]
        assert texts == ["tell me a story about the sea now", "and then go on with it"]


async def test_silence_makes_the_agent_go_on(tmp_path: Path, monkeypatch: Patch) -> None:
    monkeypatch.setattr("voi.transports.realtime.settings.IDLE_MIN_MS", 100)
    write_agents(tmp_path)
    llm = FakeLlm("Hello.", "Are you still there?")
    async with serving(tmp_path, monkeypatch, engines_with(llm)) as running:
        turns = {"type": "server_vad", "idle_timeout_ms": 300}
        client = await RealtimeClient.arrive(running.port, "friend", audio={"input": {"turn_detection": turns}})
        client.say("Hi.")
        client.send("response.create")
        await client.until("response.done")
        client.speak(quiet(200))
        triggered = await client.until("input_audio_buffer.timeout_triggered")
        await client.until("response.done")
        assert (
            client.last("response.done")["response"]["output"][0]["content"][0]["transcript"] == "Are you still there?"
        )
        item = next(e["item"] for e in client.all("conversation.item.added") if e["item"]["id"] == triggered["item_id"])
        assert item["role"] == "user"


async def test_browsers_send_the_key_as_a_subprotocol(tmp_path: Path, monkeypatch: Patch) -> None:
    async with serving(tmp_path, monkeypatch, fake_engines()) as running:
        key = issue_token("test", SECRET)
        offered = f"Sec-WebSocket-Protocol: realtime, openai-insecure-api-key.{key}, openai-agents-sdk.0.20.0\r\n"
        client = await RealtimeClient.connect(running.port, headers=offered)
        assert "Sec-WebSocket-Protocol: realtime\r\n" in client.client.answer
        await client.until("session.created")


async def test_settings_are_merged_and_mapped(tmp_path: Path, monkeypatch: Patch) -> None:
    write_agents(tmp_path)
    async with serving(tmp_path, monkeypatch, engines_with(FakeLlm("Yes.")), client_agent_fields="voices") as running:
        client = await RealtimeClient.arrive(
            running.port, "friend", instructions="Be rude.", tools=[WEATHER], tracing="auto", unknown={"a": 1},
            audio={"output": {"voice": "bert", "speed": 1.2}},
        )  # fmt: skip
        session = client.last("session.updated")["session"]
        assert session["instructions"] == ""
        assert sorted(session["voi"]["ignored"]) == ["instructions", "tools"]
        assert session["audio"]["output"]["voice"] == "bert"
        client.send("session.update", session={"audio": {"output": {"voice": "marin"}}})
        await client.until("session.updated")
        session = client.last("session.updated")["session"]
        assert (session["audio"]["output"]["speed"], session["tracing"]) == (1.2, "auto")
        client.say("Hi.")
        client.send("response.create")
        await client.until("response.done")
        llm, tts = running.server._engines.llm, running.server._engines.tts["voice"]  # type: ignore[union-attr]
        assert llm.requests[-1].messages[0].text == "You help."  # type: ignore[attr-defined]
        assert not llm.requests[-1].tools  # type: ignore[attr-defined]
        assert tts.spoken[-1][1].speed == 1.2  # type: ignore[attr-defined]


async def test_a_key_that_grants_it_changes_the_agent(tmp_path: Path, monkeypatch: Patch) -> None:
    write_agents(tmp_path)
    async with serving(tmp_path, monkeypatch, engines_with(FakeLlm("Yes.")), client_agent_apps="-") as running:
        secrets, granted = ClientSecrets([SECRET]), RealtimeCaller("test", "", "friend", own_agents=True)
        keys = {
            "": issue_token("test", SECRET),
            "Be rude.": issue_token("test", SECRET, own_agents=True),
            "Be sad.": secrets.issue(granted, 60)[0],
        }
        for told, key in keys.items():
            client = await RealtimeClient.connect(running.port, "friend", key=key)
            await client.until("session.created")
            client.send("session.update", session={"type": "realtime", "instructions": told or "Be rude."})
            await client.until("session.updated")
            assert client.last("session.updated")["session"]["instructions"] == told
        assert running.server.metrics.registry.get_sample_value("voi_client_agents_refused_total") == 1


async def test_mistakes_are_answered_and_end_nothing(tmp_path: Path, monkeypatch: Patch) -> None:
    cases: list[tuple[dict[str, Any], str, str | None]] = [
        ({"type": "make.coffee"}, "invalid_value", "type"),
        ({"type": "session.update"}, "missing_required_parameter", "session"),
        ({"type": "session.update", "session": {"instructions": 3}}, "invalid_type", "session.instructions"),
        ({"type": "session.update", "session": {"output_modalities": ["smell"]}}, "invalid_value",
         "session.output_modalities"),
        ({"type": "input_audio_buffer.append", "audio": "§"}, "invalid_value", "audio"),
        ({"type": "conversation.item.retrieve", "item_id": "x"}, "item_retrieve_invalid_item_id", "item_id"),
        ({"type": "conversation.item.delete", "item_id": "x"}, "item_delete_invalid_item_id", "item_id"),
        ({"type": "conversation.item.truncate", "item_id": "x", "content_index": 0, "audio_end_ms": 1},
         "item_truncate_invalid_item_id", "item_id"),
        ({"type": "conversation.item.create", "item": {"type": "message", "role": "cook", "content": []}},
         "invalid_value", "item.role"),
        ({"type": "response.create", "response": {"metadata": {"a": 1}}}, "invalid_type", "response.metadata.a"),
        ({"type": "response.create", "response": {"conversation": "none", "output_modalities": ["video"]}},
         "invalid_value", "response.output_modalities"),
        ({"type": "response.create", "response": {"input": [{"type": "item_reference", "id": "x"}]}},
         "item_not_found", "response.input[0].id"),
        ({"type": "response.create", "response": {"input": "x"}}, "invalid_type", "response.input"),
    ]  # fmt: skip
    async with serving(tmp_path, monkeypatch, fake_engines()) as running:
        client = await RealtimeClient.arrive(running.port)
        for number, (event, code, param) in enumerate(cases):
            client.client.send(1, json.dumps({**event, "event_id": f"e{number}"}).encode())
            await client.until("error")
            error = client.errors[-1]
            assert (error["code"], error["param"], error["event_id"]) == (code, param, f"e{number}"), event
            assert error["type"] == "invalid_request_error"
        for odd in (b"{", b"[]", b"3", b'{"event_id": "x"}', b'{"type": 3}'):
            client.client.send(1, odd)
            await client.until("error")
        client.say("Still there?")
        client.send("response.create")
        await client.until("response.done")
        assert client.last("response.done")["response"]["status"] == "completed"
