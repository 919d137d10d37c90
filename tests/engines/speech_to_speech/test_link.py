"""A link alone: what its server may send, and in which order it is asked."""

import asyncio
import copy
import json
import random
from typing import Any

import pytest

from tests.fakes.clock import in_virtual_time
from tests.fakes.realtime_server import FakeRealtime, Spoken
from voi.config.brain import SpeechBrain
from voi.dialogue import Message, ToolCall
from voi.engines.base import Finished, LlmEvent, LlmRequest, TextDelta
from voi.engines.speech_to_speech.link import CANCEL_S, FIRST_S, STALL_S, SpeechLink
from voi.engines.speech_to_speech.response import RemoteResponse
from voi.errors import EngineError
from voi.tasks import Tasks
from voi.use import Use

ASKED = LlmRequest("m", (Message("system", "Be brief."), Message("user", "Hello.")))
VALUES: list[Any] = [None, 0, -1, 1e308, True, "", "x" * 300, "%%%", [], [1], {}, {"type": 7}, [[]], "\u0000"]


class Linked:
    def __init__(self, server: FakeRealtime) -> None:
        self.tasks = Tasks()
        self.server = server
        self.lost: list[str] = []
        self.uses: list[Use] = []
        self.heard = bytearray()
        self.link = SpeechLink(
            SpeechBrain(model="m"),
            self.tasks,
            on_lost=self.lost.append,
            on_use=self.uses.append,
            connect=server.connect,
        )

    async def ask(self, reply: int = 1) -> list[LlmEvent]:
        async def no_words(pcm: bytes) -> str:
            return "…"

        return [event async for event in self.link.answer(reply, ASKED, self.heard.extend, no_words)]

    async def close(self) -> None:
        self.link.close()
        await self.tasks.close()


def text_of(events: list[LlmEvent]) -> str:
    return "".join(event.text for event in events if isinstance(event, TextDelta))


@in_virtual_time
async def test_an_answer() -> None:
    linked = Linked(FakeRealtime([Spoken("Good day.", (ToolCall("c", "clock", "{}"),))]))
    events = await linked.ask()
    assert text_of(events) == "Good day."
    assert events[-2:] == [ToolCall("c", "clock", "{}"), Finished("tool_calls")]
    assert len(linked.heard) == 48 * 70 * 8
    await linked.close()


@in_virtual_time
async def test_each_wait_has_a_limit() -> None:
    for answer, limit_s in (
        (Spoken("Well, no.", breaks="stall", at=0), FIRST_S),
        (Spoken("A b c d", breaks="stall"), STALL_S),
    ):
        linked = Linked(FakeRealtime([answer]))
        began_s = asyncio.get_running_loop().time()
        with pytest.raises(EngineError):
            await linked.ask()
        assert asyncio.get_running_loop().time() - began_s < limit_s + 1
        await linked.close()


@in_virtual_time
async def test_a_server_that_does_not_end_a_cancelled_answer_is_connected_to_anew() -> None:
    server = FakeRealtime([Spoken("many words " * 20), Spoken("Good day.")])
    linked = Linked(server)

    async def first() -> None:
        await linked.ask()

    task = asyncio.ensure_future(first())
    await asyncio.sleep(0.2)
    server.session.take = lambda text: None  # type: ignore[method-assign]
    server.session._answering.cancel()  # type: ignore[union-attr]
    server.session.tell = lambda kind, **fields: None  # type: ignore[method-assign]
    task.cancel()
    began_s = asyncio.get_running_loop().time()
    assert text_of(await linked.ask(2)) == "Good day."
    assert asyncio.get_running_loop().time() - began_s < CANCEL_S + 1
    assert server.connects == 2
    await linked.close()


def mutated(event: dict[str, Any], chance: random.Random) -> dict[str, Any]:
    """The event with one value, at any depth, replaced or missing."""
    event = copy.deepcopy(event)
    place: Any = event
    while True:
        keys = [
            key
            for key in (place if isinstance(place, dict) else range(len(place)))
            if key != "type" or place is not event
        ]
        if not keys:
            return event
        key = chance.choice(keys)
        if isinstance(place[key], dict | list) and place[key] and chance.random() < 0.6:
            place = place[key]
            continue
        if chance.random() < 0.3 and isinstance(place, dict):
            del place[key]
        else:
            place[key] = chance.choice(VALUES)
        return event


@in_virtual_time
async def test_mutated_and_reordered_events_break_nothing() -> None:
    """Answers of which each event may be changed somewhere, lost, told twice or out of place, 20,000 events in all:
    they fail or end, and never break the link."""
    chance = random.Random(5)
    told: list[dict[str, Any]] = []
    server = FakeRealtime([Spoken("One two three.", (ToolCall("c", "clock", "{}"),), speed=50)])
    linked = Linked(server)
    await linked.ask()
    session = server.open(lambda text: told.append(json.loads(text)) if text else None)
    session.take(json.dumps({"type": "input_audio_buffer.append", "audio": "A" * 8_000}))
    session.take(json.dumps({"type": "input_audio_buffer.commit"}))
    session.take(json.dumps({"type": "response.create"}))
    await asyncio.sleep(1)
    session.error("invalid_request_error", {"event_id": "event_1"})
    session.end()
    assert len({event["type"] for event in told}) > 12
    fed = failed = 0
    while fed < 20_000:
        response = RemoteResponse(1, "event_1", linked.heard.extend)
        linked.link._active = response
        events = [mutated(event, chance) if chance.random() < 0.4 else event for event in told]
        for _ in range(chance.randrange(4)):
            events.insert(chance.randrange(len(events)), chance.choice(told))
            del events[chance.randrange(len(events))]
        for event in events:
            linked.link._on_event({"type": "x", **event} if isinstance(event.get("type"), str) else {"type": "x"})
            fed += 1
        try:
            response.take()
            response.take()
        except EngineError:
            failed += 1
        linked.link.cut(1, chance.choice([None, 0, 100]))
        linked.link._dialogue.sync(ASKED.messages)
        linked.heard.clear()
    assert failed > 50
    await linked.close()
