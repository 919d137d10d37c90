"""A whole server for clients of OpenAI's Realtime protocol: Voi's own ears and voice, and a model with a script. What
went over its doors is kept."""

import asyncio
import base64
import contextlib
import json
import re
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.engines import FakeLlm, calls_of, events_of, silence
from tests.peers.speech import recorded
from tests.server.serving import RunningServer, serving
from voi.audio.resample import resample
from voi.dialogue import ToolCall
from voi.engines.base import LlmEvent, LlmRequest
from voi.engines.startup import Engines, start_engines
from voi.server.certificate import write_self_signed
from voi.transports.realtime import wire
from voi.transports.realtime.client_events import ClientEvents
from voi.transports.realtime.door import RealtimeDoor

Json = dict[str, Any]
RECORDINGS = {"dog": "spk1_snt1.wav", "figures": "spk1_snt2.wav"}
SAID = ["The child almost hurt the small dog.", "Drop the two when you add the figures."]
STORY = (
    "A fox lived at the edge of a wood. Every evening it walked down to the river and listened to the water. "
    "One day it met a heron, who told it of the sea. The fox could not believe that there was so much water."
)
ANSWER = "The sum is five."
AGENTS = {"desk": {"llm_model": "echo", "system_prompt": "You help.", "voices": {"character": {"model": "voice"}}}}
VOICES = {"voice": {"engine": "espeak"}}


class DeskLlm(FakeLlm):
    """Tells the story, calls the client's function when figures are to be added, and says what it returned."""

    async def stream(self, request: LlmRequest) -> AsyncIterator[LlmEvent]:
        self.requests.append(request)
        await asyncio.sleep(0.05)
        last = request.messages[-1]
        said = last.text.lower()
        if last.tool_results:
            events = events_of(ANSWER if "5" in last.tool_results[0].text else "It failed.")
        elif "figures" in said:
            events = calls_of(ToolCall("c1", "add", '{"a": 2, "b": 3}'))
        else:
            events = events_of(STORY if "dog" in said else "Hello.")
        for event in events:
            yield event


class Desk:
    """`received`, `sent`: events, in order."""

    def __init__(self, running: RunningServer) -> None:
        self.running = running
        self.llm = DeskLlm()
        self.received: list[Json] = []
        self.sent: list[Json] = []

    def of(self, kind: str) -> list[Json]:
        """Events of that type that the client sent."""
        return [event for event in self.received if event["type"] == kind]

    def sound_of(self, item_id: str) -> bytes:
        """The sound that was sent of an item, s16le mono at 24 kHz."""
        sounds = [e for e in self.sent if e["type"] == "response.output_audio.delta" and e["item_id"] == item_id]
        return b"".join(base64.b64decode(event["delta"]) for event in sounds)

    @property
    def host(self) -> str:
        return f"localhost:{self.running.port}"

    @property
    def heard(self) -> list[str]:
        """What the model was told that the person heard of the story, by each request after it."""
        told = [message.text for request in self.llm.requests for message in request.messages
                if message.role == "assistant"]  # fmt: skip
        return [text for text in told if text.startswith(STORY.split()[0])]


def only_words(texts: Sequence[str]) -> list[list[str]]:
    """The words of each text, without case and punctuation: the ear writes "dog," or "dog." by how the chunks of a live
    microphone lie on its frames."""
    return [re.findall(r"[a-z']+", text.lower()) for text in texts]


def write_recordings(folder: Path) -> None:
    """What the person says, as PCM at 24 kHz, behind and before some silence."""
    for name, file in RECORDINGS.items():
        pcm = silence(200) + recorded(file) + silence(200)
        (folder / f"{name}.pcm").write_bytes(resample(pcm, 16_000, 24_000))


@contextlib.asynccontextmanager
async def desk(folder: Path, monkeypatch: pytest.MonkeyPatch, *, tls: bool = False) -> AsyncIterator[Desk]:
    """The server runs, and `folder` has the recordings."""
    write_recordings(folder)
    (folder / "agents.json").write_text(json.dumps(AGENTS))
    (folder / "tts_models.json").write_text(json.dumps(VOICES))
    place: list[Desk] = []

    async def engines(*args: Any) -> Engines:
        started = await start_engines(*args)
        started.llm = place[0].llm  # type: ignore[misc]
        return started

    receive, emit = ClientEvents.receive, RealtimeDoor.emit

    def received(events: ClientEvents, message: bytes | str) -> None:
        place[0].received.append(wire.parse(message))
        receive(events, message)

    def sent(door: RealtimeDoor, event: Json) -> None:
        place[0].sent.append(event)
        emit(door, event)

    monkeypatch.setattr(ClientEvents, "receive", received)
    monkeypatch.setattr(RealtimeDoor, "emit", sent)
    settings: Json = {"turn_engine": "none"}
    if tls:
        settings["tls_cert_file"], settings["tls_key_file"] = write_self_signed(folder, ["localhost"], 1)
    async with serving(folder, monkeypatch, engines, **settings) as running:
        place.append(Desk(running))
        await asyncio.wait_for(running.ready.wait(), 60)
        yield place[0]
