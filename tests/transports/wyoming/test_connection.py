"""Wyoming over real sockets, by Wyoming's own client."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("wyoming")

from wyoming.asr import Transcribe, Transcript, TranscriptStop
from wyoming.audio import AudioStop
from wyoming.error import Error
from wyoming.handle import Handled, HandledStop, NotHandled
from wyoming.info import Describe, Info, SelectProgram
from wyoming.intent import Recognize
from wyoming.ping import Ping, Pong
from wyoming.tts import (
    Synthesize,
    SynthesizeChunk,
    SynthesizeStart,
    SynthesizeStop,
    SynthesizeStopped,
    SynthesizeVoice,
)
from wyoming.wake import Detect, Detection, NotDetected

from tests.fakes.engines import FakeLlm, FakeStt, silence, tone
from tests.transports.wyoming.served import engines, pcm_of, read, sound, wyoming_serving
from voi import __version__
from voi.engines.base import TextDelta
from voi.errors import EngineError
from voi.transports.wyoming.wire import encode

pytestmark = pytest.mark.integration
Patch = pytest.MonkeyPatch
SAID = silence(500) + tone(1_000) + silence(700)


async def test_it_describes_itself(tmp_path: Path, monkeypatch: Patch) -> None:
    async with wyoming_serving(tmp_path, monkeypatch, engines(), wake_words=["hey voi"]) as served:
        info = Info.from_event((await served.ask(Describe(), until=Info))[-1])
        pong = (await served.ask(Ping("x"), until=Pong))[-1]
    assert Pong.from_event(pong).text == "x"
    (asr,), (tts,), (wake,) = info.asr, info.tts, info.wake
    assert (asr.name, asr.installed, asr.version) == ("voi", True, __version__)
    assert (asr.supports_transcript_streaming, asr.requires_external_vad) == (True, True)
    assert [(model.name, model.languages, model.attribution.name) for model in asr.models] == [("fake", ["en"], "fake")]
    assert tts.supports_synthesize_streaming
    assert [voice.name for voice in tts.voices] == ["robin", "voice/anna", "voice/bert"]
    assert {tuple(voice.languages) for voice in tts.voices} == {("en",)}
    assert [program.name for program in info.handle] == ["robin", "mute", "guarded"]
    assert all(program.supports_handled_streaming and program.installed for program in info.handle)
    assert [(model.name, model.phrase) for model in wake.models] == [("hey voi", "hey voi")]
    assert info.intent == []


async def test_speech_becomes_a_transcript(tmp_path: Path, monkeypatch: Patch) -> None:
    """Also piece by piece, for clients that know that."""
    two = SAID + silence(1_000) + tone(600) + silence(500)
    async with wyoming_serving(tmp_path, monkeypatch, engines()) as served:
        wish = Transcribe(language="en", context={"turn": 1})
        got = await served.ask(wish, *sound(two), until=TranscriptStop)
        assert [event.type for event in got] == [
            "transcript-start", "transcript-chunk", "transcript-chunk", "transcript", "transcript-stop",
        ]  # fmt: skip
        assert "".join(event.data["text"] for event in got[1:3]) == "one two three four five six seven eight"
        transcript = Transcript.from_event(got[3])
        assert transcript.text == "one two three four five six seven eight"
        assert (transcript.context, transcript.language) == ({"turn": 1}, "en")
        quiet = await served.ask(Transcribe(), *sound(silence(2_000)), until=TranscriptStop)
        assert [event.type for event in quiet] == ["transcript-start", "transcript", "transcript-stop"]
        assert quiet[1].data["text"] == ""
        await served.settled()
        assert served.counted("asr", "ok") == 2


async def test_stereo_at_another_rate(tmp_path: Path, monkeypatch: Patch) -> None:
    left = tone(1_000, 48_000)
    both = b"".join(left[at : at + 2] * 2 for at in range(0, len(left), 2))
    events = sound(both, 9_600, 48_000)
    for event in events[:-1]:
        event.channels = 2  # type: ignore[attr-defined]
    async with wyoming_serving(tmp_path, monkeypatch, engines()) as served:
        got = await served.ask(*events, until=Transcript)
    assert got[-1].data["text"].startswith("one two three four")


async def test_a_text_becomes_sound_while_it_is_made(tmp_path: Path, monkeypatch: Patch) -> None:
    async with wyoming_serving(tmp_path, monkeypatch, engines()) as served:
        got = await served.ask(Synthesize("Good morning. How are you?"), until=AudioStop)
        assert [event.type for event in got][:2] == ["audio-start", "audio-chunk"]
        assert got[0].data["rate"] == got[1].data["rate"] == 24_000
        stops_ms = got[-1].data["timestamp"]
        assert stops_ms == len(pcm_of(got)) // 48
        named = await served.ask(Synthesize("Hello.", SynthesizeVoice(name="voice/bert")), until=AudioStop)
        assert pcm_of(named)
        for wrong in (SynthesizeVoice(name="nobody"), SynthesizeVoice(name="voice/nobody")):
            refused = await served.ask(Synthesize("Hello.", wrong), until=AudioStop)
            assert "no voice" in Error.from_event(refused[-1]).text
        await served.settled()
        assert (served.counted("tts", "ok"), served.counted("tts", "refused")) == (2, 2)


async def test_a_text_that_is_written_meanwhile(tmp_path: Path, monkeypatch: Patch) -> None:
    """The first sentence sounds before the second was written, and the whole text, sent for older servers, is not
    spoken again."""
    async with wyoming_serving(tmp_path, monkeypatch, engines()) as served, served.client() as client:
        for event in (SynthesizeStart(), SynthesizeChunk("This is the first. And this")):
            await client.write_event(event.event())
        first = [await client.read_event(), await client.read_event()]
        assert [event.type for event in first if event] == ["audio-start", "audio-chunk"]
        await client.write_event(Ping("still there").event())
        for event in (SynthesizeChunk(" is the second."), Synthesize("This is the first. And this is the second.")):
            await client.write_event(event.event())
        await client.write_event(SynthesizeStop().event())
        got = [event for event in await read(client, SynthesizeStopped) if event.type != "pong"]
        assert [event.type for event in got[-2:]] == ["audio-stop", "synthesize-stopped"]
        streamed = pcm_of([*(event for event in first if event), *got])
        await client.write_event(Synthesize("This is the first. And this is the second.").event())
        assert len(pcm_of(await read(client, AudioStop))) == len(streamed)


async def test_an_agent_answers_and_remembers_the_conversation(tmp_path: Path, monkeypatch: Patch) -> None:
    llm = FakeLlm("It is Robin.", "You asked for my name.", "I do not know.")
    async with wyoming_serving(tmp_path, monkeypatch, engines(llm)) as served:
        context = {"conversation_id": "01J", "device_id": "kitchen"}
        got = await served.ask(Transcript("What is your name?", context), until=HandledStop)
        assert [event.type for event in got] == ["handled-start", "handled-chunk", "handled", "handled-stop"]
        assert Handled.from_event(got[2]).text == "It is Robin."
        assert Handled.from_event(got[2]).context == context
        await served.ask(Recognize("What did I ask?", context), until=HandledStop)
        await served.ask(Transcript("And now?", {"conversation_id": "01K"}), until=HandledStop)
        await served.settled()
        assert served.counted("handle", "ok") == 3
    said = [[(message.role, message.text) for message in request.messages] for request in llm.requests]
    assert said[0][0][0] == "system"
    assert "You are Robin." in said[0][0][1]
    assert said[1][1:] == [("user", "What is your name?"), ("assistant", "It is Robin."), ("user", "What did I ask?")]
    assert said[2][1:] == [("user", "And now?")]


async def test_the_guard_rules_and_another_agent_can_be_selected(tmp_path: Path, monkeypatch: Patch) -> None:
    llm = FakeLlm("As a language model I cannot.")
    async with wyoming_serving(tmp_path, monkeypatch, engines(llm), agent="guarded") as served:
        assert Handled.from_event((await served.ask(Transcript("Do it."), until=Handled))[-1]).text == "No."
        got = await served.ask(SelectProgram("robin"), Transcript("Do it."), until=Handled)
        assert Handled.from_event(got[-1]).text == "As a language model I cannot."


@pytest.mark.parametrize("reply", [EngineError("away"), ""])
async def test_an_agent_without_words_did_not_handle_it(reply: Any, tmp_path: Path, monkeypatch: Patch) -> None:
    async with wyoming_serving(tmp_path, monkeypatch, engines(FakeLlm(reply))) as served:
        got = await served.ask(Transcript("Hello?"), until=NotHandled)
        if got[-1].type == "handled":  # a session speaks its apology itself
            assert Handled.from_event(got[-1]).text
        else:
            assert NotHandled.from_event(got[-1]).text
        await served.settled()


async def test_a_wake_word_is_found_while_it_is_said(tmp_path: Path, monkeypatch: Patch) -> None:
    stt = FakeStt("what is on today", "oh hey voy turn on the light")
    words = {"hey voi": ["hey voy"], "computer": []}
    async with wyoming_serving(tmp_path, monkeypatch, engines(stt=stt), wake_words=words) as served:
        async with served.client() as client:
            await client.write_event(Detect(["hey voi"]).event())
            events = sound(tone(800) + silence(800) + tone(5_000))[:-1]  # and they speak on
            for event in events:
                await client.write_event(event.event())
            detection = Detection.from_event((await read(client, Detection))[-1])
            assert detection.name == "hey voi"
            assert 1_600 + 400 <= (detection.timestamp or 0) < 2_400  # three words of 200 ms
        none = await served.ask(Detect(["computer"]), *sound(tone(800)), until=NotDetected)
        assert [event.type for event in none] == ["not-detected"]
        unknown = await served.ask(Detect(["jarvis"]), *sound(tone(100)), until=NotDetected)
        assert "there are: hey voi, computer" in Error.from_event(unknown[-1]).text
        await served.settled()
        assert stt.open_streams == 0


async def test_a_full_house_is_told_so(tmp_path: Path, monkeypatch: Patch) -> None:
    full = {"max_conversations": 1}
    async with wyoming_serving(tmp_path, monkeypatch, engines(), wake_words=["one"], settings=full) as served:
        async with served.client() as client:
            for event in sound(tone(500))[:-1]:
                await client.write_event(event.event())
            await served.until(lambda: served.active)
            for asked, until in ((Synthesize("Hi."), AudioStop), (Transcript("Hi."), Handled)):
                (told,) = await served.ask(asked, until=until)
                assert Error.from_event(told).code == "server_full"
            deaf = await served.ask(Detect(), *sound(tone(800) + silence(600)), until=NotDetected)
            assert deaf[-1].type == "not-detected"
        await served.settled()
        assert served.counted("asr", "left") == 1
        again = await served.ask(Synthesize("Hi."), until=AudioStop)
        assert again[-1].type == "audio-stop"


async def test_who_leaves_takes_all_with_them(tmp_path: Path, monkeypatch: Patch) -> None:
    """In the middle of each request."""

    async def endless(request: Any) -> Any:
        while True:
            yield TextDelta("And so on. ")
            await asyncio.sleep(0.01)

    llm, stt = FakeLlm("Well."), FakeStt("one two three", flush_s=30)
    llm.stream = endless  # type: ignore[method-assign]
    some = engines(llm, stt)
    before = asyncio.all_tasks()
    async with wyoming_serving(tmp_path, monkeypatch, some, wake_words=["hey"]) as served:
        quiet = asyncio.all_tasks()
        requests = [
            sound(tone(500)), sound(tone(500))[:-1], [Detect(), *sound(tone(500))[:-1]], [Transcript("Tell me.")],
            [Synthesize("One. " * 500)], [SynthesizeStart(), SynthesizeChunk("One. Two. Three.")],
        ]  # fmt: skip
        for request in requests:
            for wait_s in (0.1, 0.0):  # or before anything of it was begun
                _, writer = await asyncio.open_connection("127.0.0.1", served.listener.port)
                writer.write(b"".join(encode(event.event()) for event in request))
                if wait_s:
                    await asyncio.sleep(wait_s)
                writer.close()
                await served.until(lambda: served.listener.connections == 0)
                await served.settled()
        left = [task for task in asyncio.all_tasks() - quiet if "yoming" in task.get_name()]
        assert left == []
        assert stt.open_streams == some.vad.open_streams == 0  # type: ignore[attr-defined]
    assert [task for task in asyncio.all_tasks() - before if not task.done()] == []


async def test_an_ear_that_fails(tmp_path: Path, monkeypatch: Patch) -> None:
    stt = FakeStt("one", fault=EngineError("The ear is broken."))
    async with wyoming_serving(tmp_path, monkeypatch, engines(stt=stt)) as served:
        got = await served.ask(*sound(SAID), until=Transcript)
        assert Error.from_event(got[-1]).code == "engine_failed"
        await served.settled()
        assert served.counted("asr", "failed") == 1
        assert stt.open_streams == 0
