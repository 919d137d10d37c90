"""Recorded speech through the server's own engines, by Wyoming's client."""

import re
from pathlib import Path

import pytest

pytest.importorskip("wyoming")

from wyoming.asr import Transcribe, Transcript, TranscriptStop
from wyoming.audio import AudioStop
from wyoming.info import Describe, Info
from wyoming.tts import Synthesize, SynthesizeChunk, SynthesizeStart, SynthesizeStop, SynthesizeStopped
from wyoming.wake import Detect, Detection, NotDetected

from tests.transports.wyoming.served import pcm_of, read, recording, sound, wyoming_serving
from voi.audio.resample import resample

pytestmark = pytest.mark.integration


def words(text: str) -> list[str]:
    return re.findall(r"[a-z]+", text.lower())


async def test_what_is_said_is_heard_spoken_and_heard_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    jfk = recording("jfk.wav")
    wake_words = {"fellow americans": ["my fellow americans"], "computer": []}
    async with wyoming_serving(tmp_path, monkeypatch, None, "hibari", wake_words=wake_words) as served:
        got = await served.ask(Transcribe(language="en"), *sound(jfk), until=TranscriptStop)
        text = Transcript.from_event(got[-2]).text
        assert "ask not what your country can do for you" in " ".join(words(text))
        shown = "".join(event.data["text"] for event in got if event.type == "transcript-chunk")
        assert words(shown) == words(text)

        info = Info.from_event((await served.ask(Describe(), until=Info))[-1])
        assert [model.attribution.name for model in info.asr[0].models] == ["Moonshine AI"]
        assert info.asr[0].models[0].languages == ["en"]
        assert info.tts[0].voices[1].attribution.name == "Hibari TTS"
        assert info.tts[0].voices[1].version

        said = "The kitchen light is on, and the door is closed."
        spoken = await served.ask(Synthesize(said), until=AudioStop)
        pieces = [SynthesizeStart(), *(SynthesizeChunk(f"{word} ") for word in said.split()), SynthesizeStop()]
        streamed = await served.ask(*pieces, until=SynthesizeStopped)
        for events in (spoken, streamed):
            pcm = resample(pcm_of(events), events[0].data["rate"], 16_000) + bytes(32_000)
            again = Transcript.from_event((await served.ask(*sound(pcm), until=Transcript))[-1])
            assert {"kitchen", "light", "door", "closed"} <= set(words(again.text))

        async with served.client() as client:
            for event in (Detect(["fellow americans"]), *sound(jfk)[:-1]):
                await client.write_event(event.event())
            detection = Detection.from_event((await read(client, Detection))[-1])
        assert detection.name == "fellow americans"
        missed = await served.ask(Detect(["computer"]), *sound(jfk), until=NotDetected)
        assert [event.type for event in missed] == ["not-detected"]
        await served.settled()
