"""10,000 mutated events over a WebSocket's peer and over a data channel, in virtual time: errors, and nothing else."""

import asyncio
import logging
import random
from typing import Any

import orjson
import pytest

from tests.fakes.clock import in_virtual_time
from tests.transports.realtime.test_hostile import EVENTS, MUTATIONS, mutated, written
from tests.transports.realtime.walk import Walker
from voi.transports.realtime.webrtc import RealtimeOverWebRtc, WebRtcClient
from voi.transports.webrtc.sdp import MESSAGE_MAX_BYTES
from voi.transports.webrtc.settings import IceSettings

pytestmark = pytest.mark.integration


class Channel:
    """The connection of a data channel."""

    backlog_bytes = 0
    message_max_bytes = MESSAGE_MAX_BYTES
    ear = None

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []

    def send(self, text: str) -> None:
        self.events.append(orjson.loads(text))

    async def close(self) -> None: ...


@pytest.mark.timeout(180)
@pytest.mark.parametrize("over", ["websocket", "data channel"])
@in_virtual_time
async def test_mutated_events_are_answered_with_errors(over: str, caplog: pytest.LogCaptureFixture) -> None:
    dice = random.Random(over)
    walker = Walker(1)
    if over == "data channel":
        doors = RealtimeOverWebRtc(walker.services, IceSettings(), MUTATIONS * 2)
        client = WebRtcClient(doors, None, "walker")  # type: ignore[arg-type]  # its offer is for `answer`
        channel = Channel()
        client._peer = channel  # type: ignore[assignment]
        peer, events, received = client._client, channel.events, client.received
    else:
        peer, events, received = walker.peer, walker.wire.events, walker.peer.received
    assert peer.arrive("key", "model=friend")
    await asyncio.sleep(0.1)
    for number in range(MUTATIONS):
        received(written(mutated(dice.choice(EVENTS), dice), dice))
        if number % 100 == 0:
            await asyncio.sleep(1)
    received(orjson.dumps({"type": "conversation.item.retrieve", "item_id": "nobody", "event_id": "last"}))
    assert events[-1]["error"]["event_id"] == "last"
    assert sum(event["type"] == "error" for event in events) > MUTATIONS / 4
    call = peer._call
    assert call is not None
    assert not call.over
    await asyncio.sleep(300)
    peer.lost()
    await asyncio.sleep(20)
    assert call.over
    await walker.tasks.close()
    assert not [each for each in caplog.records if each.levelno >= logging.ERROR]
