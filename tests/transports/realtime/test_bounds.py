"""Large and many things of a Realtime client: pictures, texts, references, items that wait."""

import asyncio
import base64
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.engines import FakeLlm, FakeStt, tone
from tests.server.fakes import SECRET
from tests.server.serving import fake_engines, serving
from tests.transports.realtime.fakes import RealtimeClient
from tests.transports.realtime.test_conversation import voice
from tests.transports.realtime.test_functions import engines_with, write_agents
from voi.audio import g711
from voi.dialogue import ToolCall
from voi.server.auth import issue_token
from voi.transports.realtime.peer import RealtimePeer
from voi.transports.realtime.person_side import WAITING_MAX

pytestmark = pytest.mark.integration
Patch = pytest.MonkeyPatch
MANUAL: dict[str, Any] = {"input": {"transcription": {"model": "x"}, "turn_detection": None}}


def looking_at(url: str, text: str = "What is it?") -> dict[str, object]:
    content = [{"type": "input_text", "text": text}, {"type": "input_image", "image_url": url}]
    return {"type": "message", "role": "user", "content": content}


async def test_a_large_picture_is_not_sent_back(tmp_path: Path, monkeypatch: Patch) -> None:
    """It would fill what may wait for the client, and end its conversation."""
    write_agents(tmp_path)
    llm = FakeLlm("A cat.", "A cat.")
    url = "data:image/png;base64," + "A" * 7_000_000
    async with serving(tmp_path, monkeypatch, engines_with(llm)) as running:
        client = await RealtimeClient.arrive(running.port, "friend", output_modalities=["text"])
        client.send("conversation.item.create", item={"id": "cat", **looking_at(url)})
        client.send("response.create")
        await client.until("response.done")
        client.send("conversation.item.retrieve", item_id="cat")
        shown = (await client.until("conversation.item.retrieved"))["item"]["content"]
        assert shown == [{"type": "input_text", "text": "What is it?"}, {"type": "input_image"}]
        assert llm.requests[-1].messages[-1].image_urls == (url,)
        reference = [{"type": "item_reference", "id": "cat"}]
        client.send("response.create", response={"conversation": "none", "input": reference})
        await client.until("response.done")
        (said,) = llm.requests[-1].messages[1:]
        assert (said.text, said.image_urls) == ("What is it?", (url,))
        assert not client.errors


async def test_a_picture_for_which_there_is_no_room_changes_nothing(tmp_path: Path, monkeypatch: Patch) -> None:
    monkeypatch.setattr("voi.session.budgets.PictureBudget.hold", lambda self, conversation, characters: False)
    async with serving(tmp_path, monkeypatch, fake_engines()) as running:
        client = await RealtimeClient.arrive(running.port)
        client.send("conversation.item.create", item={"id": "cat", **looking_at("data:image/png;base64,AAAA")})
        await client.until("error")
        assert "as many pictures as it can" in client.errors[-1]["message"]
        assert not client.all("conversation.item.added")
        client.say("Without it.", id="cat")
        await client.until("conversation.item.added")


async def test_the_text_of_a_message_is_bounded(tmp_path: Path, monkeypatch: Patch) -> None:
    async with serving(tmp_path, monkeypatch, fake_engines()) as running:
        client = await RealtimeClient.arrive(running.port)
        content = [{"type": "input_text", "text": "x" * 100_000}] * 64
        client.send("conversation.item.create", item={"type": "message", "role": "user", "content": content})
        await client.until("error")
        assert (client.errors[-1]["code"], client.errors[-1]["param"]) == ("string_above_max_length", "item.content")
        assert not client.all("conversation.item.added")


@pytest.mark.parametrize("beside", [True, False])
async def test_references_to_one_item_do_not_multiply_it(beside: bool, tmp_path: Path, monkeypatch: Patch) -> None:
    write_agents(tmp_path)
    llm = FakeLlm("Yes.")
    async with serving(tmp_path, monkeypatch, engines_with(llm)) as running:
        client = await RealtimeClient.arrive(running.port, "friend", output_modalities=["text"])
        client.say("x" * 100_000, id="long")
        wish = {"input": [{"type": "item_reference", "id": "long"}] * 200}
        client.send("response.create", response=wish | ({"conversation": "none"} if beside else {}))
        await client.until("error")
        assert (client.errors[-1]["code"], client.errors[-1]["param"]) == ("string_above_max_length", "response.input")
        wish["input"] = wish["input"][:3]
        client.send("response.create", response=wish | ({"conversation": "none"} if beside else {}))
        await client.until("response.done")
        assert len(llm.requests) == 1


async def test_functions_in_an_input_come_with_their_calls(tmp_path: Path, monkeypatch: Patch) -> None:
    write_agents(tmp_path)
    llm = FakeLlm("Sunny.")
    call = {"type": "function_call", "call_id": "c1", "name": "look", "arguments": "{}"}
    output = {"type": "function_call_output", "call_id": "c1", "output": "sunny"}
    async with serving(tmp_path, monkeypatch, engines_with(llm)) as running:
        client = await RealtimeClient.arrive(running.port, "friend", output_modalities=["text"])
        client.send("conversation.item.create", item={"id": "i1", **call, "call_id": "c2"})
        client.send("conversation.item.create", item={"id": "i2", **output, "call_id": "c2", "output": "rainy"})
        items = [call, output, {"type": "item_reference", "id": "i1"}, {"type": "item_reference", "id": "i2"},
                 {"type": "function_call_output", "call_id": "c3", "output": "whose?"}]  # fmt: skip
        client.send("response.create", response={"conversation": "none", "input": items})
        await client.until("response.done")
        said = llm.requests[-1].messages[1:]
        assert [each.role for each in said] == ["assistant", "tool", "assistant", "tool", "user"]
        assert [each.tool_calls for each in said[::2]] == [
            (ToolCall("c1", "look", "{}"),), (ToolCall("c2", "look", "{}"),), (),
        ]  # fmt: skip
        assert [each.tool_results[0].text for each in said[1::2]] == ["sunny", "rainy"]
        assert not client.errors


async def test_a_reference_to_sound_needs_its_words(tmp_path: Path, monkeypatch: Patch) -> None:
    write_agents(tmp_path)
    llm = FakeLlm("Yes.")
    ear = FakeStt("one two three", "", flush_s=0.2)
    async with serving(tmp_path, monkeypatch, replace(engines_with(llm), stt=ear)) as running:
        client = await RealtimeClient.arrive(running.port, "friend", output_modalities=["text"], audio=MANUAL)
        for words in ("one two three", ""):
            client.speak(voice(600))
            client.send("input_audio_buffer.commit")
            item_id = (await client.until("input_audio_buffer.committed"))["item_id"]
            said = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "What was that?"}]}
            wish = {"conversation": "none", "input": [{"type": "item_reference", "id": item_id}, said]}
            client.send("response.create", response=wish)
            assert "has no transcript yet" in (await client.until("error"))["error"]["message"]
            await client.until("conversation.item.input_audio_transcription.completed")
            client.send("response.create", response=wish)
            await client.until("response.done")
            assert [m.text for m in llm.requests[-1].messages[1:]] == [words, "What was that?"][not words :]


async def test_an_item_that_is_deleted_before_its_transcript_is_not_in_the_dialogue(
    tmp_path: Path, monkeypatch: Patch
) -> None:
    write_agents(tmp_path)
    llm = FakeLlm("Yes.")
    ear = FakeStt("one two three", "four five six", flush_s=0.2)
    async with serving(tmp_path, monkeypatch, replace(engines_with(llm), stt=ear)) as running:
        client = await RealtimeClient.arrive(running.port, "friend", output_modalities=["text"], audio=MANUAL)
        for _ in range(2):  # the second waits for the transcript of the first
            client.speak(voice(600))
            client.send("input_audio_buffer.commit")
            await client.until("input_audio_buffer.committed")
        for event in client.all("input_audio_buffer.committed"):
            client.send("conversation.item.delete", item_id=event["item_id"])
        client.say("Hello?")
        client.send("response.create")
        await client.until("response.done")
        assert [m.text for m in llm.requests[-1].messages[1:]] == ["Hello?"]
        assert len(ear.streams) == 1, "the second was not heard at all"
        assert len(client.all("conversation.item.deleted")) == 2
        assert not client.all("conversation.item.input_audio_transcription.completed")
        client.speak(voice(600))
        client.send("input_audio_buffer.commit")
        await client.until("conversation.item.input_audio_transcription.completed")
        assert client.log[-1]["transcript"] == "four five six"
        assert not client.errors


async def test_what_cannot_wait_changes_nothing(tmp_path: Path, monkeypatch: Patch) -> None:
    write_agents(tmp_path)
    llm = FakeLlm("Yes.")
    ear = FakeStt("one two three", flush_s=0.5)
    async with serving(tmp_path, monkeypatch, replace(engines_with(llm), stt=ear)) as running:
        client = await RealtimeClient.arrive(running.port, "friend", output_modalities=["text"], audio=MANUAL)
        client.say("Stays.", id="stays")
        client.speak(voice(600))
        client.send("input_audio_buffer.commit")
        for number in range(WAITING_MAX + 5):
            client.say(f"item {number}")
        client.send("conversation.item.delete", item_id="stays", event_id="delete")
        client.send("response.create", event_id="create", response={"tools": []})
        await client.until(lambda: "create" in client.mistaken)
        assert {error["code"] for error in client.errors} == {"too_many_items"}
        assert len(client.all("conversation.item.added")) == 2 + WAITING_MAX
        assert not client.all("conversation.item.deleted")
        await client.until("conversation.item.input_audio_transcription.completed")
        client.send("response.create")
        await client.until("response.done")
        assert client.last("response.done")["response"]["status"] == "completed"
        said = [m.text for m in llm.requests[-1].messages[1:]]
        assert (said[0], said[1], len(said)) == ("Stays.", "one two three", 2 + WAITING_MAX)


@pytest.mark.parametrize("law", ["ulaw", "alaw"])
async def test_g711_is_bounded_before_it_is_decoded(law: g711.Law, tmp_path: Path, monkeypatch: Patch) -> None:
    async with serving(tmp_path, monkeypatch, fake_engines("one two three", "four five six")) as running:
        heard = MANUAL["input"] | {"format": {"type": "audio/pcmu" if law == "ulaw" else "audio/pcma"}}
        client = await RealtimeClient.arrive(running.port, audio={"input": heard})
        for seconds in (61, 59):
            sound = base64.b64encode(bytes(seconds * 8_000)).decode()
            content = [{"type": "input_audio", "audio": sound}]
            client.send("input_audio_buffer.append", audio=sound, event_id=f"append {seconds}")
            item = {"type": "message", "role": "user", "content": content}
            client.send("conversation.item.create", item=item, event_id=f"item {seconds}")
            client.send("input_audio_buffer.clear")
            await client.until("input_audio_buffer.cleared")
            assert client.mistaken == {"append 61", "item 61"}
            assert {error["code"] for error in client.errors} == {"string_above_max_length"}
        await client.until("conversation.item.input_audio_transcription.completed")


async def test_sound_in_an_item_has_the_sessions_format(tmp_path: Path, monkeypatch: Patch) -> None:
    async with serving(tmp_path, monkeypatch, fake_engines("one two three")) as running:
        client = await RealtimeClient.arrive(
            running.port, audio={"input": MANUAL["input"] | {"format": {"type": "audio/pcmu"}}}
        )
        sound = base64.b64encode(g711.encode(tone(600, 8_000), "ulaw")).decode()
        content = [{"type": "input_audio", "audio": sound}]
        client.send("conversation.item.create", item={"type": "message", "role": "user", "content": content})
        completed = await client.until("conversation.item.input_audio_transcription.completed")
        assert completed["transcript"] == "one two three"
        assert 0.59 < completed["usage"]["seconds"] < 0.61


async def test_addresses_with_too_much_in_them_are_refused_in_one_line(
    tmp_path: Path, monkeypatch: Patch, caplog: pytest.LogCaptureFixture
) -> None:
    async with serving(tmp_path, monkeypatch, fake_engines()) as running:
        for query in ("&a=1" * 40, "&voi_resume=1" + "&a=1" * 40, "&resume=x&played_ms=1" + "0" * 300):
            client = await RealtimeClient.connect(running.port, query=query)
            await client.until(lambda each=client: each.closed)  # type: ignore[misc]
            assert (client.closed, client.errors[-1]["type"]) == (3000, "invalid_request_error")
    assert not [record for record in caplog.records if record.exc_info or record.levelname == "ERROR"]


async def test_a_session_with_a_number_that_no_secret_holds(tmp_path: Path, monkeypatch: Patch) -> None:
    async with serving(tmp_path, monkeypatch, fake_engines()) as running:
        headers = f"Authorization: Bearer {issue_token('test', SECRET)}\r\n"
        wish = {"session": {"type": "realtime", "model": "echo", "x": 10**30}}
        status, _, body = await running.http("POST", "/v1/realtime/client_secrets", headers, wish)
        assert (status, "too large" in json.loads(body)["error"]["message"]) == (400, True)


async def test_what_comes_before_the_session_is_bounded(tmp_path: Path, monkeypatch: Patch) -> None:
    monkeypatch.setattr("voi.transports.realtime.peer.EARLY_BYTES_MAX", 2_000)
    write_agents(tmp_path)
    llm = FakeLlm("Yes.")
    begun = asyncio.Event()
    begin = RealtimePeer._run

    async def late(self: RealtimePeer, *args: Any) -> None:
        await begun.wait()
        await begin(self, *args)

    monkeypatch.setattr(RealtimePeer, "_run", late)
    async with serving(tmp_path, monkeypatch, engines_with(llm)) as running:
        client = await RealtimeClient.connect(running.port, "friend")
        for number in range(3):
            client.say(f"{number} " + "x" * 800)
        await asyncio.sleep(0.2)
        begun.set()
        await client.until("error")
        assert client.errors[0]["message"] == "1 events that came before the session was created were dropped."
        client.send("response.create")
        await client.until("response.done")
        assert [message.text[:2] for message in llm.requests[-1].messages[1:]] == ["0 ", "1 "]
