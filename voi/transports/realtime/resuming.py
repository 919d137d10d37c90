"""A Realtime conversation whose client may come back over another WebSocket, which is Voi's own addition to the
protocol.

Each event has an id already, so the client says which one it got last, and gets those behind it once more as they were.
One that kept nothing, a page that was reloaded say, is shown the items instead.
"""

import base64
import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import parse_qs

from voi.calls.call import Call
from voi.core.end_reason import EndReason
from voi.errors import ClientError
from voi.session.events import Ended
from voi.transports.realtime.door import RealtimeDoor
from voi.transports.realtime.endings import ending
from voi.transports.realtime.wire import EVENT_ID_MAX, Json, encode, new_id
from voi.transports.resend_queue import PingedSocket, ResendQueue, SentFrame
from voi.transports.websocket import WebSocket

PLAYED_MAX_MS = 24 * 3600 * 1_000
QUERY_FIELDS_MAX = 32
_SOUND = "response.output_audio.delta"


@dataclass(frozen=True, slots=True)
class ResumeAsked:
    """What a client that comes back says in its URL. `after`: id of the last event that it got; "": it kept none.
    `item_id`, `played_ms`: how much of that item's sound was heard, if its player lost the rest."""

    resume_id: str
    after: str = ""
    item_id: str = ""
    played_ms: int = 0


class ResumablePeer(Protocol):
    """The client of a conversation, over whichever WebSocket it has now: a `RealtimePeer`, which keeps here what it
    needs for resuming."""

    socket: WebSocket | None
    """The one that it has; None: it has none now."""

    def received(self, message: bytes | str) -> None:
        """The client sent this."""

    def lost(self) -> None:
        """The connection is gone. The conversation waits for another."""

    def resume(self, socket: WebSocket, asked: ResumeAsked) -> None:
        """Go on over this WebSocket."""


def fields_of(query: str) -> dict[str, list[str]]:
    """The parameters of a URL's raw query. Raises ClientError if there are too many."""
    try:
        return parse_qs(query, max_num_fields=QUERY_FIELDS_MAX)
    except ValueError:
        raise ClientError(f"The URL has more than {QUERY_FIELDS_MAX} parameters.") from None


def resume_asked(query: str) -> ResumeAsked | None:
    """What a URL's raw query asks; None: it is a new conversation. Raises ClientError for too many parameters, and for
    a `played_ms` that is no number."""
    asked = fields_of(query)

    def first(name: str) -> str:
        return asked.get(name, [""])[0][:EVENT_ID_MAX]

    if not first("resume"):
        return None
    played = first("played_ms")
    if played and not (played.isascii() and played.isdigit() and len(played) < 12 and int(played) <= PLAYED_MAX_MS):
        raise ClientError("played_ms: expected a whole number of milliseconds.")
    return ResumeAsked(first("resume"), first("after"), first("item_id") if played else "", int(played or 0))


def wants_resumption(query: str) -> bool:
    """Whether a new conversation is to be one that its client can come back to."""
    return fields_of(query).get("voi_resume") == ["1"]


class EventOutbox(ResendQueue):
    """`ResendQueue` for events. `message_of` returns the message that an item's sound is of; None: of none.
    `pcm_per_byte`: how many bytes of PCM at 24 kHz one byte of the client's format stands for."""

    def __init__(
        self,
        socket: PingedSocket,
        on_silent: Callable[[], None],
        on_heard: Callable[[], None],
        message_of: Callable[[str], int | None],
        pcm_per_byte: Callable[[], int],
    ) -> None:
        super().__init__(socket, on_silent, on_heard, streams=True)
        self._message_of, self._pcm_per_byte = message_of, pcm_per_byte

    def send_event(self, event: Json) -> None:
        """Send an event that has its id, at once or when the client is back."""
        self.put(self._framed(event), confirm=event["type"] == "response.done")

    def rewind_to(self, after: str, played: tuple[int, int] | None, dialogue: Callable[[], Iterator[Json]]) -> bool:
        """Prepare what the client lacks that got the event `after` last. `played`: see `rewind`. False: what came
        behind that is not known any more, so that it is shown the `dialogue` instead."""
        received = self._number_of(after)
        if received is None:
            for frame in self._kept:
                if not frame.sound_bytes:
                    frame.data = b""
        self.rewind(received, played, (self._framed(each) for each in dialogue()))
        return received is not None

    def _number_of(self, name: str) -> int | None:
        if name and name == self._base_name:
            return self._base
        return next((self._base + at for at, frame in enumerate(self._kept, 1) if name and frame.name == name), None)

    def _framed(self, event: Json) -> SentFrame:
        data, name = encode(event), str(event["event_id"])
        if event["type"] != _SOUND:
            return SentFrame(data, name=name)
        delta = event["delta"]
        size = (len(delta) * 3 // 4 - delta.count("=", -2)) * self._pcm_per_byte()
        message_id = self._message_of(event["item_id"])
        at_bytes = 0 if message_id is None else self._placed(message_id, size)
        return SentFrame(data, message_id=message_id, sound_bytes=size, at_bytes=at_bytes, name=name)

    def _write(self, socket: PingedSocket, data: bytes) -> None:
        socket.send_text(data)

    def _without(self, frame: SentFrame, heard_bytes: int) -> SentFrame:
        start = frame.data.index(b'"delta":"') + len(b'"delta":"')
        end = frame.data.index(b'"', start)
        sound = base64.b64decode(frame.data[start:end])
        heard = len(sound) * heard_bytes // frame.sound_bytes & ~1
        data = frame.data[:start] + base64.b64encode(sound[heard:]) + frame.data[end:]
        return SentFrame(
            data, message_id=frame.message_id, sound_bytes=frame.sound_bytes - heard_bytes,
            at_bytes=frame.at_bytes + heard_bytes, name=frame.name,
        )  # fmt: skip


class RealtimeResumption:
    """One conversation whose client may come back. `id`: the secret with which it does. `on_away` and `on_back` are
    called when time stops for the conversation, and when it goes on. `peer`: takes what the client sends."""

    def __init__(
        self, call: Call, door: RealtimeDoor, socket: PingedSocket, on_away: Callable[[], None],
        on_back: Callable[[], None], peer: ResumablePeer,
    ) -> None:  # fmt: skip
        self.id = secrets.token_urlsafe(24)
        self.call, self.peer, self._door = call, peer, door
        self.socket: PingedSocket | None = socket
        """The connection that has the conversation; None: the client is away."""
        self._on_away, self._on_back = on_away, on_back
        self.outbox = EventOutbox(
            socket, self._silent, lambda: self._go_on({}), self._message_of,
            lambda: 1 if door.settings.output_format == "audio/pcm" else 6,
        )  # fmt: skip
        door.send_through(self.outbox)

    def _message_of(self, item_id: str) -> int | None:
        item = self._door.items.find(item_id)
        return item.message_id if item is not None else None

    def _silent(self) -> None:
        self._on_away()
        self.call.stand_still()

    def _go_on(self, unheard: dict[int, int]) -> None:
        self.call.go_on(unheard)
        self._on_back()

    def lost(self, within_s: float) -> None:
        """The connection was lost: the call waits for so long."""
        self.socket = None
        self.outbox.detach()
        self._on_away()
        self.call.hold(within_s)

    def resume(self, socket: PingedSocket, asked: ResumeAsked, session: Callable[[bool], Json]) -> None:
        """The client is back over that connection: send the session, then what it lacks, and go on. A connection that
        was not yet known to be lost is closed. `session`: how the session is shown; False: the client gets the dialogue
        again."""
        if self.socket is not None:
            code, reason, _ = ending(Ended(EndReason.REPLACED))
            self.socket.on_pong = None
            self.socket.close(code, reason)
        self.socket = socket
        self._on_away()
        self.call.stand_still()
        message_id = self._message_of(asked.item_id) if asked.item_id else None
        played = None if message_id is None else (message_id, asked.played_ms)
        goes_on = self.outbox.rewind_to(asked.after, played, self._dialogue)
        socket.send_text(encode({"type": "session.created", "session": session(goes_on)}))
        self._go_on(self.outbox.attach(socket))

    def _dialogue(self) -> Iterator[Json]:
        """Events that show the items, and the response that is in progress."""
        items, response, before = self._door.items, self._door.agent.response, None
        for item in items:
            shown = item.shown()
            if response is not None and (text := response.text_of(item.id)) is not None:
                shown["content"] = text
            event = {"previous_item_id": before, "item": shown}
            before = item.id
            yield {"event_id": new_id("event"), "type": "conversation.item.added", **event}
            if item.status != "in_progress":
                yield {"event_id": new_id("event"), "type": "conversation.item.done", **event}
        if response is not None:
            yield {"event_id": new_id("event"), "type": "response.created", "response": response.shown()}
