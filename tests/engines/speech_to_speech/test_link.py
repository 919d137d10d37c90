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
from voi.engines.speech_to_speech.connection import UNASKED_ATTEMPTS
from voi.engines.speech_to_speech.link import ANSWER_S, CANCEL_S, FIRST_S, STALL_S, UNASKED_ITEMS_MAX, SpeechLink
from voi.engines.speech_to_speech.response import ITEMS_MAX, RemoteResponse
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


@in_virtual_time
async def test_a_server_that_takes_connections_and_closes_them_is_not_stormed() -> None:
    class Closing(FakeRealtime):
        closes = True

        async def connect(self, brain: SpeechBrain) -> Any:
            socket = await super().connect(brain)
            if self.closes:
                socket.session.error("insufficient_quota")
                socket.session.hang_up()
            return socket

    server = Closing([Spoken("Good day.")])
    linked = Linked(server)
    linked.link.prepare()
    await asyncio.sleep(3_600)
    assert server.connects == len(linked.lost) == UNASKED_ATTEMPTS
    with pytest.raises(EngineError):
        await linked.ask()
    server.closes = False
    await asyncio.sleep(60)
    assert text_of(await linked.ask(2)) == "Good day."
    server.session.hang_up()  # what has answered is connected to again, and at once
    await asyncio.sleep(1)
    assert linked.link._connection.is_open
    await linked.close()


async def _asked_of_a_silent_server(server: FakeRealtime, linked: Linked) -> "asyncio.Task[list[LlmEvent]]":
    """The answer has begun, and its server says no more by itself."""
    task = asyncio.ensure_future(linked.ask())
    await asyncio.sleep(2)
    server.session._answering.cancel = lambda: None  # type: ignore[union-attr, method-assign, assignment, misc]
    return task


@in_virtual_time
async def test_events_that_say_nothing_do_not_keep_an_answer_alive() -> None:
    for kind, delta in (
        ("response.output_audio.delta", ""), ("response.output_audio_transcript.delta", 7),
        ("response.function_call_arguments.delta", ""), ("response.unknown", ""),
    ):  # fmt: skip
        server = FakeRealtime([Spoken("A b c d", breaks="stall")])
        linked = Linked(server)
        task = await _asked_of_a_silent_server(server, linked)
        began_s = asyncio.get_running_loop().time()
        while not task.done() and asyncio.get_running_loop().time() - began_s < 100:
            item_id = server.session.items[-1]["id"]
            server.session.tell(kind, response_id=server.session._response["id"], item_id=item_id, delta=delta)
            await asyncio.sleep(1)
        assert asyncio.get_running_loop().time() - began_s < STALL_S + 2
        assert isinstance(task.exception(), EngineError)
        await linked.close()


@in_virtual_time
async def test_an_answer_that_drips_has_an_end() -> None:
    server = FakeRealtime([Spoken("A b c d", breaks="stall")])
    linked = Linked(server)
    task = await _asked_of_a_silent_server(server, linked)
    at = {"response_id": server.session._response["id"], "item_id": server.session.items[-1]["id"]}
    began_s = asyncio.get_running_loop().time()
    while not task.done():
        server.session.tell("response.output_audio_transcript.delta", **at, delta="e")
        await asyncio.sleep(5)
        assert asyncio.get_running_loop().time() - began_s < ANSWER_S + 10
    assert isinstance(task.exception(), EngineError)
    await linked.close()


@in_virtual_time
async def test_a_cancelled_answer_that_goes_on_and_on_costs_its_server_the_connection() -> None:
    server = FakeRealtime([Spoken("A b c d", breaks="stall")])
    linked = Linked(server)
    task = await _asked_of_a_silent_server(server, linked)
    task.cancel()
    session = server.session
    at = {"response_id": session._response["id"], "item_id": session.items[-1]["id"]}
    for _ in range(20):
        session.tell("response.output_audio.delta", **at, delta="AAAA")
        await asyncio.sleep(1)
    assert session.over
    await linked.close()


@in_virtual_time
async def test_a_flood_of_items_ends_the_connection() -> None:
    for response in ("r", ""):
        server = FakeRealtime([Spoken("A b c d", breaks="stall")])
        linked = Linked(server)
        task = await _asked_of_a_silent_server(server, linked)
        response_id = response or server.session._response["id"]
        for number in range(2_000):
            item = {"id": f"i{number}", "type": "message"}
            server.session.tell("response.output_item.added", response_id=response_id, item=item)
        await asyncio.sleep(1)
        assert len(linked.link._dialogue.items) <= UNASKED_ITEMS_MAX + ITEMS_MAX
        assert len(linked.lost) <= 1
        assert server.connects == 2
        task.cancel()
        await linked.close()


@in_virtual_time
async def test_what_a_server_says_in_errors_is_not_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    server = FakeRealtime([Spoken("Good day.")])
    linked = Linked(server)
    await linked.ask()
    for code in ("my number is 5", "a\nb", {"text": "my number is 5"}, ["x"], "x" * 900, *["no_such_item"] * 50):
        server.session.tell("error", error={"code": code, "message": "my number is 5"})
    await asyncio.sleep(1)
    refused = [record.getMessage().rpartition(": ")[2] for record in caplog.records if "refused" in record.msg]
    assert refused == ["unknown", "no_such_item"]
    assert "number" not in caplog.text
    await linked.close()


@in_virtual_time
async def test_ids_that_are_none_break_nothing() -> None:
    """Lists so deep that Python does not write them out."""
    deep = "[" * 1_010 + "]" * 1_010
    for kind in ("input_audio_buffer.committed", "response.created", "response.output_audio.delta", "error"):
        server = FakeRealtime([Spoken("Good day.")])
        linked = Linked(server)
        linked.link.prepare()
        await asyncio.sleep(1)
        fields = f'"item_id": {deep}, "response_id": {deep}, "error": {{"code": {deep}, "event_id": {deep}}}'
        server.session._send(f'{{"type": "{kind}", {fields}}}')
        await asyncio.sleep(1)
        assert linked.link._connection.is_open
        assert text_of(await linked.ask()) == "Good day."
        await linked.close()
