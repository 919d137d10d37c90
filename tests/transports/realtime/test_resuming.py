"""Clients that come back: whatever is cut, they get each event once, in order, and are heard as if nothing had been."""

import asyncio
import base64
import json
import random
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.cutter import Cutter, cutting
from tests.fakes.engines import silence, tone
from tests.server.fakes import SECRET
from tests.server.serving import fake_engines, serving
from tests.server.test_resume_cuts import engines, write_agents
from tests.transports.raw_client import CLOSE, PING, PONG, TEXT, RawClient
from tests.transports.realtime.fakes import SDK_TYPES, Json, RealtimeClient
from voi.server.auth import issue_token
from voi.transports.realtime.resuming import resume_asked, wants_resumption
from voi.transports.resumables import RESUME_GONE

pytestmark = pytest.mark.integration
Patch = pytest.MonkeyPatch


class Comer:
    """A client that comes back by itself, as docs/realtime.md says. `events`: all that came, each once."""

    def __init__(self, port: int, model: str = "teller") -> None:
        self.port, self.model = port, model
        self.events: list[Json] = []
        self.resumed: list[Json] = []
        self._sent: list[bytes] = []
        self._resume_id = ""
        self._raw: RawClient | None = None

    async def __aenter__(self) -> "Comer":
        await self._connect("&voi_resume=1")
        await self.until("session.created")
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._raw is not None
        self._raw.writer.transport.abort()

    async def _connect(self, query: str) -> None:
        key = issue_token("test", SECRET)
        path = f"/v1/realtime?model={self.model}{query}"
        self._raw = await RawClient.connect(self.port, path, f"Authorization: Bearer {key}\r\n")

    async def back(self) -> None:
        while True:
            try:
                await self._connect(f"&resume={self._resume_id}&after={self.events[-1]['event_id']}")
                return
            except (OSError, AssertionError, asyncio.IncompleteReadError):
                await asyncio.sleep(0.01)

    def send(self, kind: str, **fields: Any) -> None:
        self._sent.append(json.dumps({"type": kind, **fields}).encode())
        assert self._raw is not None
        self._raw.send(TEXT, self._sent[-1])

    def kinds(self, kind: str) -> list[Json]:
        return [event for event in self.events if event["type"] == kind]

    @property
    def sound(self) -> bytes:
        return b"".join(base64.b64decode(each["delta"]) for each in self.kinds("response.output_audio.delta"))

    async def until(self, kind: str, timeout_s: float = 60.0) -> None:
        async with asyncio.timeout(timeout_s):
            before = len(self.kinds(kind))
            while len(self.kinds(kind)) == before:
                await self._read()

    async def _read(self) -> None:
        raw = self._raw
        assert raw is not None
        try:
            opcode, payload = await raw.receive(10)
        except (OSError, asyncio.IncompleteReadError):
            await self.back()
            return
        if opcode == PING:
            raw.send(PONG, payload)
        elif opcode == CLOSE:
            raise AssertionError(f"closed: {payload!r}, {self.events[-3:]}")
        else:
            self._take(json.loads(payload))

    def _take(self, event: Json) -> None:
        if SDK_TYPES:
            SDK_TYPES[event["type"]].model_validate(event, strict=True)
        resumed = event.get("session", {}).get("voi", {}).get("resumed")
        if resumed is None:
            self.events.append(event)
            self._resume_id = event.get("session", {}).get("voi", {}).get("resume_id", self._resume_id)
            return
        self.resumed.append(resumed)
        assert self._raw is not None
        for lacks in self._sent[resumed["received_events"] :]:
            self._raw.send(TEXT, lacks)


def without_ids(events: list[Json]) -> list[Any]:
    """What was told, joined where it came in pieces."""
    told: list[Any] = []
    for event in events:
        kind, delta = event["type"], event.get("delta")
        if kind == "response.output_audio.delta":
            continue
        told.append((kind, delta, event.get("transcript")))
    return told


async def tell(comer: Comer) -> None:
    comer.send("conversation.item.create", item={"type": "message", "role": "user",
               "content": [{"type": "input_text", "text": "Tell me a story."}]})  # fmt: skip
    comer.send("response.create")
    await comer.until("response.done")


async def cut_at_random(cutter: Cutter, dice: random.Random) -> None:
    for _ in range(20):
        await asyncio.sleep(dice.uniform(0.02, 0.3))
        cutter.cut(far_side=dice.random() < 0.7)


async def test_an_answer_that_is_cut_often_is_heard_once_and_whole(tmp_path: Path, monkeypatch: Patch) -> None:
    write_agents(tmp_path)
    async with serving(tmp_path, monkeypatch, engines()) as running:
        async with Comer(running.port) as whole:
            await tell(whole)
        assert len(whole.sound) > 48_000 * 8

        async def one(seed: int) -> Comer:
            async with cutting(running.port) as cutter:
                async with Comer(cutter.port) as comer:
                    cuts = asyncio.create_task(cut_at_random(cutter, random.Random(seed)))
                    await tell(comer)
                    await cuts
                return comer

        for comer in await asyncio.gather(*(one(seed) for seed in range(3))):
            assert len(comer.resumed) > 10
            assert all(each["goes_on"] for each in comer.resumed)
            assert comer.sound == whole.sound
            assert without_ids(comer.events) == without_ids(whole.events)
            ids = [event["event_id"] for event in comer.events]
            assert len(set(ids)) == len(ids)


async def test_speech_that_is_cut_in_the_middle_is_one_turn(tmp_path: Path, monkeypatch: Patch) -> None:
    async with (
        serving(tmp_path, monkeypatch, fake_engines("one two three four five")) as running,
        cutting(running.port) as cutter,
        Comer(cutter.port, "echo") as comer,
    ):
        comer.send(
            "session.update", session={"type": "realtime", "audio": {"input": {"transcription": {"model": "x"}}}}
        )
        await comer.until("session.updated")
        pcm = tone(1_000, 24_000) + silence(1_500, 24_000)
        pieces = [pcm[at : at + 4_800] for at in range(0, len(pcm), 4_800)]
        for number, piece in enumerate(pieces):
            if number == 5:
                cutter.cut()
                await comer.back()
                while not comer.resumed:
                    await comer._read()
            comer.send("input_audio_buffer.append", audio=base64.b64encode(piece).decode())
        await comer.until("response.done")
        (said,) = comer.kinds("conversation.item.input_audio_transcription.completed")
        assert said["transcript"] == "one two three four five"
        assert len(comer.kinds("input_audio_buffer.speech_started")) == 1


async def test_a_page_that_was_reloaded_is_shown_the_items(tmp_path: Path, monkeypatch: Patch) -> None:
    async with serving(tmp_path, monkeypatch, fake_engines()) as running:
        client = await RealtimeClient.connect(running.port, query="&voi_resume=1")
        await client.until("session.created")
        resume_id = client.log[0]["session"]["voi"]["resume_id"]
        client.say("Good day.", id="mine")
        client.send("response.create")
        await client.until("response.done")
        client.client.send(CLOSE, (1001).to_bytes(2, "big"))
        page = await RealtimeClient.connect(running.port, query=f"&resume={resume_id}")
        await page.until("conversation.item.done", 2)
        resumed = page.log[0]["session"]["voi"]["resumed"]
        assert resumed == {"received_events": 2, "goes_on": False}
        assert page.log[0]["session"]["voi"]["resume_id"] == resume_id
        added = [(each["item"]["role"], each["previous_item_id"]) for each in page.all("conversation.item.added")]
        assert added == [("user", None), ("assistant", "mine")]
        page.say("And again.")
        page.send("response.create")
        await page.until("response.done")
        assert page.last("response.done")["response"]["status"] == "completed"
        assert not page.errors


async def test_who_did_not_ask_is_gone_at_once(tmp_path: Path, monkeypatch: Patch) -> None:
    async with serving(tmp_path, monkeypatch, fake_engines()) as running:
        client = await RealtimeClient.arrive(running.port)
        assert "resume_id" not in client.log[0]["session"]["voi"]
        client.client.writer.transport.abort()
        for _ in range(100):
            if not len(running.server.calls):
                break
            await asyncio.sleep(0.02)
        assert not len(running.server.calls)


async def test_one_that_asks_later_and_hangs_up(tmp_path: Path, monkeypatch: Patch) -> None:
    async with serving(tmp_path, monkeypatch, fake_engines()) as running:
        client = await RealtimeClient.arrive(running.port, voi={"resume": True})
        voi = client.last("session.updated")["session"]["voi"]
        assert voi["resume_within_s"] == 60
        other = await RealtimeClient.connect(
            running.port, key=issue_token("another", SECRET), query=f"&resume={voi['resume_id']}"
        )
        await other.until(lambda: other.closed)
        assert (other.closed, other.errors[-1]["code"]) == (RESUME_GONE, "resume_gone")
        newer = await RealtimeClient.connect(running.port, query=f"&resume={voi['resume_id']}")
        await newer.until("session.created")
        await client.until(lambda: client.closed)
        assert client.closed == 1000
        newer.client.send(CLOSE, (1000).to_bytes(2, "big"))
        await newer.until(lambda: newer.closed)
        late = await RealtimeClient.connect(running.port, query=f"&resume={voi['resume_id']}")
        await late.until(lambda: late.closed)
        assert late.closed == RESUME_GONE
        bad = await RealtimeClient.connect(running.port, query="&resume=x&played_ms=-1")
        await bad.until(lambda: bad.closed)
        assert bad.errors


def test_what_an_address_asks() -> None:
    assert resume_asked("model=a") is None
    asked = resume_asked("resume=r&after=event_1&item_id=i&played_ms=20")
    assert asked is not None
    assert (asked.resume_id, asked.after, asked.item_id, asked.played_ms) == ("r", "event_1", "i", 20)
    assert wants_resumption("model=a&voi_resume=1")
    assert not wants_resumption("model=a&voi_resume=0")
