"""Conversations of a Realtime client with a whole server, over a real socket."""

import base64
import wave
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.engines import FakeStt, silence, tone
from tests.server.serving import fake_engines, serving
from tests.transports.realtime.fakes import RealtimeClient
from voi.audio.resample import resample
from voi.engines.base import Finished, LlmEvent, LlmRequest, SttOptions
from voi.engines.llm.echo import Echo
from voi.engines.stt.moonshine import Moonshine
from voi.errors import EngineError

pytestmark = pytest.mark.integration
AUDIO = Path(__file__).parents[2] / "data" / "audio"
Patch = pytest.MonkeyPatch
TRANSCRIBED: dict[str, Any] = {"input": {"transcription": {"model": "whisper-1"}}}


def voice(ms: int) -> bytes:
    return tone(ms, 24_000)


def quiet(ms: int) -> bytes:
    return silence(ms, 24_000)


async def test_speech_in_and_a_spoken_answer(tmp_path: Path, monkeypatch: Patch) -> None:
    async with serving(tmp_path, monkeypatch, fake_engines("one two three four")) as running:
        client = await RealtimeClient.arrive(running.port, audio=TRANSCRIBED)
        client.speak(voice(800) + quiet(1_500))
        await client.until("response.done")
        assert client.kinds == [
            "session.created", "conversation.created", "session.updated",
            "input_audio_buffer.speech_started",
            "conversation.item.input_audio_transcription.delta",
            "input_audio_buffer.speech_stopped",
            "input_audio_buffer.committed",
            "conversation.item.added", "conversation.item.done",
            "conversation.item.input_audio_transcription.completed",
            "response.created",
            "response.output_item.added", "conversation.item.added", "response.content_part.added",
            "response.output_audio_transcript.delta", "response.output_audio.delta",
            "response.output_audio.done", "response.output_audio_transcript.done", "response.content_part.done",
            "conversation.item.done", "response.output_item.done", "response.done",
        ]  # fmt: skip
        assert (
            client.last("conversation.item.input_audio_transcription.completed")["transcript"] == "one two three four"
        )
        done = client.last("response.done")["response"]
        assert done["status"] == "completed"
        (item,) = done["output"]
        assert item["content"] == [{"type": "output_audio", "transcript": "one two three four"}]
        assert len(client.sound[item["id"]]) == 18 * 50 * 48
        assert (await client.until("rate_limits.updated"))["rate_limits"] == []
        assert client.kinds[-2:] == ["response.done", "rate_limits.updated"]


async def test_a_typed_item_and_a_response(tmp_path: Path, monkeypatch: Patch) -> None:
    async with serving(tmp_path, monkeypatch, fake_engines()) as running:
        client = await RealtimeClient.arrive(running.port)
        client.say("Good morning.", id="mine")
        client.send("response.create", response={"metadata": {"client_event_id": "x"}})
        await client.until("response.done")
        assert client.last("conversation.item.added")["item"]["role"] == "assistant"
        done = client.last("response.done")["response"]
        assert done["metadata"] == {"client_event_id": "x"}
        assert done["output"][0]["content"][0]["transcript"] == "Good morning."
        client.send("conversation.item.retrieve", item_id="mine")
        await client.until("conversation.item.retrieved")
        assert client.log[-1]["item"]["content"] == [{"type": "input_text", "text": "Good morning."}]
        assert not client.errors


async def test_voice_over_the_answer_stops_it(tmp_path: Path, monkeypatch: Patch) -> None:
    engines = fake_engines("tell me a very long story about the sea now please", "stop it now please")
    async with serving(tmp_path, monkeypatch, engines) as running:
        client = await RealtimeClient.arrive(running.port, audio=TRANSCRIBED)
        client.speak(voice(2_000) + quiet(1_500))
        await client.until("response.output_audio.delta", 11)
        deltas = (event["delta"] for event in client.log if event["type"] == "response.output_audio.delta")
        assert max(len(base64.b64decode(delta)) for delta in deltas) == 200 * 48
        client.speak(voice(700))
        await client.until("response.done")
        done = client.last("response.done")["response"]
        assert done["status"] == "cancelled"
        assert done["status_details"] == {"type": "cancelled", "reason": "turn_detected"}
        order = [e["type"] for e in client.log if e["type"] in ("input_audio_buffer.speech_started", "response.done")]
        assert order == ["input_audio_buffer.speech_started"] * 2 + ["response.done"]
        (item,) = done["output"]
        assert item["status"] == "incomplete"
        client.send("conversation.item.truncate", item_id=item["id"], content_index=0, audio_end_ms=520)
        await client.until("conversation.item.truncated")
        assert client.log[-1]["audio_end_ms"] == 520
        client.send("conversation.item.retrieve", item_id=item["id"])
        await client.until("conversation.item.retrieved")
        heard = client.log[-1]["item"]["content"][0]["transcript"]
        assert heard == "tell me a"
        client.speak(quiet(1_500))
        await client.until("response.done")
        assert client.last("response.done")["response"]["status"] == "completed"
        assert not client.errors


async def test_manual_turns(tmp_path: Path, monkeypatch: Patch) -> None:
    async with serving(tmp_path, monkeypatch, fake_engines("one two three", "four five six")) as running:
        audio = {"input": {"transcription": {"model": "x"}, "turn_detection": None}}
        client = await RealtimeClient.arrive(running.port, audio=audio)
        client.send("input_audio_buffer.commit")
        await client.until("error")
        assert client.errors[-1]["code"] == "input_audio_buffer_commit_empty"
        client.speak(voice(400))
        client.send("input_audio_buffer.clear")
        await client.until("input_audio_buffer.cleared")
        client.speak(voice(600))
        client.send("input_audio_buffer.commit")
        await client.until("conversation.item.input_audio_transcription.completed")
        assert client.log[-1]["transcript"] == "one two three"
        client.speak(voice(600))
        client.send("input_audio_buffer.commit")
        client.send("response.create")
        await client.until("response.done")
        assert client.last("conversation.item.input_audio_transcription.completed")["transcript"] == "four five six"
        assert client.last("response.done")["response"]["output"][0]["content"][0]["transcript"] == "four five six"


async def test_a_turn_that_is_committed_over_the_agent_does_not_stop_it(tmp_path: Path, monkeypatch: Patch) -> None:
    async with serving(tmp_path, monkeypatch, fake_engines("one two three", "four five six")) as running:
        audio = {"input": {"transcription": {"model": "x"}, "turn_detection": None}}
        client = await RealtimeClient.arrive(running.port, audio=audio)
        client.say("A long story about the sea.")
        client.send("response.create")
        await client.until("response.output_audio.delta")
        client.speak(voice(600))
        client.send("input_audio_buffer.commit")
        committed = await client.until("input_audio_buffer.committed")
        client.say("And in Rome?")
        await client.until("response.done")
        assert client.last("response.done")["response"]["status"] == "completed"
        completed = await client.until("conversation.item.input_audio_transcription.completed")
        assert (completed["item_id"], completed["transcript"]) == (committed["item_id"], "one two three")
        client.send("conversation.item.retrieve", item_id=client.last("response.done")["response"]["output"][0]["id"])
        await client.until("conversation.item.retrieved")
        assert client.log[-1]["item"]["content"][0]["transcript"] == "A long story about the sea."
        client.send("response.create")
        await client.until("response.created")
        client.speak(voice(600))
        client.send("input_audio_buffer.commit")
        client.send("response.cancel")
        await client.until("conversation.item.input_audio_transcription.completed")
        assert client.log[-1]["transcript"] == "four five six"
        assert not client.errors


async def test_sound_that_waits_for_a_transcript_is_bounded(tmp_path: Path, monkeypatch: Patch) -> None:
    monkeypatch.setattr("voi.transports.realtime.person_side.WAITING_MAX_BYTES", 100_000)
    async with serving(tmp_path, monkeypatch, fake_engines("one two three")) as running:
        audio = {"input": {"transcription": {"model": "x"}, "turn_detection": None}}
        client = await RealtimeClient.arrive(running.port, audio=audio)
        client.say("A long story about the sea.")
        client.send("response.create")
        await client.until("response.output_audio.delta")
        for _ in range(3):
            client.speak(voice(1_000))
            client.send("input_audio_buffer.commit")
        await client.until("error")
        assert client.errors[-1]["code"] == "too_many_items"
        assert len(client.all("input_audio_buffer.committed")) == 2
        await client.until("conversation.item.input_audio_transcription.completed", 2)


async def test_recorded_speech_with_the_embedded_engines(tmp_path: Path, monkeypatch: Patch) -> None:
    """The echo agent is heard to say what the person said: its sound goes through the speech recognition as well."""
    with wave.open(str(AUDIO / "spk1_snt1.wav")) as recording:
        speech = resample(recording.readframes(recording.getnframes()), recording.getframerate(), 24_000)
    sentence = "The child almost hurt the small dog."
    async with serving(tmp_path, monkeypatch, turn_engine="none") as running:
        client = await RealtimeClient.arrive(running.port, audio=TRANSCRIBED)
        client.speak(speech + quiet(3_000), 50)
        await client.until("response.done", timeout_s=30)
        said = client.last("conversation.item.input_audio_transcription.completed")["transcript"]
        (item,) = client.last("response.done")["response"]["output"]
        assert said == item["content"][0]["transcript"] == sentence
        moonshine = Moonshine()
        await moonshine.warm_up()
        stream = moonshine.open(SttOptions(), None)
        stream.feed(resample(client.sound[item["id"]], 24_000, 16_000))
        assert (await stream.flush()).text == sentence
        await moonshine.close()


async def test_a_transcript_that_fails_is_told(tmp_path: Path, monkeypatch: Patch) -> None:
    engines = replace(fake_engines(), stt=FakeStt("one two", fault=EngineError("The ear broke.")))
    async with serving(tmp_path, monkeypatch, engines) as running:
        audio = {"input": {"transcription": {"model": "x"}, "turn_detection": None}}
        client = await RealtimeClient.arrive(running.port, audio=audio)
        client.speak(voice(600))
        client.send("input_audio_buffer.commit")
        failed = await client.until("conversation.item.input_audio_transcription.failed")
        assert failed["item_id"] == client.last("input_audio_buffer.committed")["item_id"]
        client.say("Hello?")
        client.send("response.create")
        await client.until(lambda: client.all("response.output_item.done"))
        assert not client.errors


async def test_a_turn_by_voice_is_an_item_even_without_words(tmp_path: Path, monkeypatch: Patch) -> None:
    async with serving(tmp_path, monkeypatch, fake_engines("")) as running:
        client = await RealtimeClient.arrive(running.port, audio=TRANSCRIBED)
        client.speak(voice(900) + quiet(2_500))
        completed = await client.until("conversation.item.input_audio_transcription.completed")
        assert completed["transcript"] == ""
        assert client.kinds[-6:] == [
            "input_audio_buffer.speech_started", "input_audio_buffer.speech_stopped", "input_audio_buffer.committed",
            "conversation.item.added", "conversation.item.done",
            "conversation.item.input_audio_transcription.completed",
        ]  # fmt: skip
        assert completed["item_id"] == client.last("input_audio_buffer.speech_started")["item_id"]
        client.speak(voice(900))
        await client.until("input_audio_buffer.speech_started")
        client.send("input_audio_buffer.clear")
        await client.until("input_audio_buffer.speech_stopped")
        client.send("conversation.item.retrieve", item_id=client.log[-1]["item_id"], event_id="taken back")
        await client.until(lambda: "taken back" in client.mistaken)
        assert len(client.all("input_audio_buffer.committed")) == 1
        assert not client.all("response.created")


async def test_a_turn_by_voice_whose_transcript_fails(tmp_path: Path, monkeypatch: Patch) -> None:
    ear = FakeStt("one two", fault=EngineError("The ear broke."), partials=False)
    async with serving(tmp_path, monkeypatch, replace(fake_engines(), stt=ear)) as running:
        client = await RealtimeClient.arrive(running.port, audio=TRANSCRIBED)
        client.speak(voice(900) + quiet(2_500))
        failed = await client.until("conversation.item.input_audio_transcription.failed")
        assert failed["item_id"] == client.last("input_audio_buffer.committed")["item_id"]
        assert failed["error"]["message"] == "The ear broke."
        assert not client.errors


async def test_a_commit_without_a_turn_is_an_error(tmp_path: Path, monkeypatch: Patch) -> None:
    async with serving(tmp_path, monkeypatch, fake_engines("one two three")) as running:
        client = await RealtimeClient.arrive(running.port, audio=TRANSCRIBED)
        client.speak(quiet(600))
        client.send("input_audio_buffer.commit", event_id="too early")
        await client.until("error")
        assert client.errors[-1]["code"] == "input_audio_buffer_commit_empty"
        assert client.errors[-1]["event_id"] == "too early"
        client.speak(voice(900))
        client.send("input_audio_buffer.commit")
        completed = await client.until("conversation.item.input_audio_transcription.completed")
        assert completed["transcript"] == "one two three"
        assert len(client.errors) == 1


async def test_an_answer_that_is_cut_at_its_longest_is_incomplete(tmp_path: Path, monkeypatch: Patch) -> None:
    class Cut(Echo):
        async def stream(self, request: LlmRequest) -> AsyncIterator[LlmEvent]:
            async for event in super().stream(request):
                yield Finished("length") if isinstance(event, Finished) else event

    async with serving(tmp_path, monkeypatch, replace(fake_engines(), llm=Cut())) as running:
        client = await RealtimeClient.arrive(running.port)
        client.say("Tell me of the fox.")
        client.send("response.create")
        await client.until("response.done")
        response = client.last("response.done")["response"]
        assert response["status"] == "incomplete"
        assert response["status_details"] == {"type": "incomplete", "reason": "max_output_tokens"}
        assert response["output"][0]["content"][0]["transcript"] == "Tell me of the fox."


async def test_the_person_is_heard_in_the_clients_language(tmp_path: Path, monkeypatch: Patch) -> None:
    engines = fake_engines("eins zwei drei", "vier")
    ear: Any = engines.stt
    ear.info = replace(ear.info, languages=("en", "de"))
    async with serving(tmp_path, monkeypatch, engines) as running:
        audio = {"input": {"transcription": {"model": "x", "language": "de", "prompt": "Voi."}, "turn_detection": None}}
        client = await RealtimeClient.arrive(running.port, audio=audio)
        client.send("session.update", session={"audio": {"input": {"transcription": {"language": "tlh"}}}})
        await client.until("error")
        assert client.errors[-1]["param"] == "session.audio.input.transcription.language"
        for transcription in ({"language": "de", "prompt": "Voi."}, {"model": "x"}):
            client.send("session.update", session={"audio": {"input": {"transcription": transcription}}})
            client.speak(voice(600))
            client.send("input_audio_buffer.commit")
            await client.until("conversation.item.input_audio_transcription.completed")
        heard = [(options.language, options.prompt) for options in ear.opened]
        assert heard == [("de", "Voi."), ("en", "")]
