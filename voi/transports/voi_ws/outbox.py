"""What the server sends to a client that may come back: counted, and kept until the client has it.

The client counts the messages that it gets, and on a new connection says how many arrived; the rest is sent again. To
know earlier what arrived, the server pings with its own count: a WebSocket answers when it has read all that came
before. Sound that nobody confirms stops the playback (`backlog_bytes`), so what is kept is bounded.
"""

import asyncio
import json
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from voi.errors import ClientError
from voi.transports.voi_ws import wire
from voi.transports.voi_ws.moved import MovedFrame, SpeechEnd
from voi.transports.websocket import WebSocket

BYTES_PER_S = wire.OUTPUT_RATE_HZ * 2
CONFIRM_EVERY_S = 1.0
"""Interval of pings while something is not confirmed."""
TICK_S = 0.4
SILENT_TICKS = 3
"""A client that sent nothing at all for this many ticks counts as away. This is less than
`TurnPolicy.audio_timeout_ms`, after which the missing sound would be taken for the end of a turn."""
WINDOW_BYTES = 4 * BYTES_PER_S
"""Sound that may be unconfirmed. More than this counts as backlog."""
PLAYER_BYTES = 2 * BYTES_PER_S
"""Confirmed sound that is kept for a client whose player lost it: what players hold, and a reserve."""
KEPT_MAX_BYTES = 4 * 1024 * 1024
KEPT_MAX = 4096
"""Limits on what is kept, sound included. Beyond them all of it is forgotten; a client that comes back is then shown
the messages again."""
_COUNT_BYTES = 8


@dataclass(slots=True)
class _Frame:
    data: bytes
    """b"": a newer message took its place."""
    message_id: int | None = None
    speech_id: int | None = None
    sound: bytes = b""
    at_bytes: int = 0
    """Where the sound lies in its speech, as it was sent."""


class Outbox:
    """Sends to one client over one connection after another; `socket` None: it has none yet. `on_silent` is called when
    nothing at all came from the client for a while, `on_heard` when something came after that.

    The code that takes the client's messages sets `alive`. `streams`: sound comes from the client all the time. `pcm`
    False: speeches are sent as files.
    """

    def __init__(
        self,
        socket: WebSocket | None,
        on_silent: Callable[[], None],
        on_heard: Callable[[], None],
        *,
        streams: bool = False,
        pcm: bool = True,
    ) -> None:
        self.alive = True
        self._on_silent = on_silent
        self._on_heard = on_heard
        self._streams = streams
        self._pcm = pcm
        self._loop = asyncio.get_running_loop()
        self._socket = socket
        self._closed = False
        self._base = 0
        """How many messages are no longer kept. The first message kept has the next number."""
        self._kept: deque[_Frame] = deque()
        self._kept_bytes = 0
        self._sound_bytes = 0
        """Bytes of sound among the kept messages."""
        self._newest: dict[int, _Frame] = {}
        """The kept state of each message of the dialogue, by its id."""
        self._ends: dict[int, int] = {}
        """How much sound of the newest speeches was sent, by speech."""
        self._before: dict[int, int] = {}
        """How much of them was sent by other processes before."""
        self._player: deque[_Frame] = deque()
        """The newest confirmed sound."""
        self._player_bytes = 0
        self._quiet_ticks = 0
        self._silent = False
        self._pinged_s = self._loop.time()
        self._timer: asyncio.TimerHandle | None = None
        if socket is not None:
            socket.on_pong = self._ponged
        self._arm()

    # ---- as a connection ----------------------------------------------------------------------------

    @property
    def backlog_bytes(self) -> int:
        unread = 0 if self._socket is None else self._socket.backlog_bytes
        return unread + max(0, self._sound_bytes - WINDOW_BYTES)

    def send(self, frame: bytes) -> None:
        """Send a frame of the Voi protocol, at once or when the client is back."""
        if self._closed:
            return
        metadata, payload = _parts(frame)
        self._keep(self._frame(frame, metadata, payload))
        if self._socket is None:
            return
        self._socket.send(frame)
        if metadata.get("status") == "speech_done" or self._loop.time() - self._pinged_s >= CONFIRM_EVERY_S:
            self._ping()
        if self._timer is None:
            self._quiet_ticks = 0
            self._arm()

    def close(self, code: int, reason: str = "") -> None:
        """The conversation is over."""
        self._closed = True
        socket = self._socket
        self.detach()
        self._forget()
        if socket is not None:
            socket.close(code, reason)

    # ---- what is kept -------------------------------------------------------------------------------

    def _frame(self, frame: bytes, metadata: wire.Json, payload: bytes) -> _Frame:
        if metadata["type"] == "audio":
            speech_id = int(metadata["speech_id"])
            at_bytes = self._ends.pop(speech_id, 0)
            self._ends[speech_id] = at_bytes + len(payload)
            if len(self._ends) > 16:
                del self._ends[next(iter(self._ends))]
            return _Frame(frame, speech_id=speech_id, sound=payload, at_bytes=at_bytes)
        return _Frame(frame, message_id=metadata["id"] if metadata["type"] == "message" else None)

    def _keep(self, frame: _Frame) -> None:
        if frame.message_id is not None:
            older = self._newest.get(frame.message_id)
            if older is not None:
                self._kept_bytes -= len(older.data)
                older.data = b""
            self._newest[frame.message_id] = frame
        self._kept.append(frame)
        self._kept_bytes += len(frame.data)
        self._sound_bytes += len(frame.sound)
        if self._kept_bytes > KEPT_MAX_BYTES or len(self._kept) > KEPT_MAX:
            self._forget()

    def _drop_first(self) -> None:
        frame = self._kept.popleft()
        self._base += 1
        self._kept_bytes -= len(frame.data)
        self._sound_bytes -= len(frame.sound)
        if frame.message_id is not None and self._newest.get(frame.message_id) is frame:
            del self._newest[frame.message_id]
        if frame.sound and self._pcm:
            self._player.append(frame)
            self._player_bytes += len(frame.sound)
            while self._player_bytes > PLAYER_BYTES:
                self._player_bytes -= len(self._player.popleft().sound)

    def _forget(self) -> None:
        self._base += len(self._kept)
        self._kept.clear()
        self._newest.clear()
        self._player.clear()
        self._kept_bytes = self._sound_bytes = self._player_bytes = 0

    # ---- another process ----------------------------------------------------------------------------

    def leave(self, code: int, reason: str) -> None:
        """The conversation goes on in another process: nothing more is sent from here."""
        self.close(code, reason)

    def moved(self) -> tuple[int, tuple[MovedFrame, ...], tuple[SpeechEnd, ...]]:
        """How many messages the client is known to have, those that followed, and how much sound of the newest
        speeches was sent, in all and before this process."""
        frames = (
            MovedFrame("", frame.speech_id, frame.at_bytes, len(frame.sound))
            if frame.speech_id is not None
            else MovedFrame(frame.data[4:].decode("utf-8", "surrogatepass"))
            for frame in self._kept
        )
        ends = (SpeechEnd(speech, sent, self._before.get(speech, 0)) for speech, sent in self._ends.items())
        return self._base, tuple(frames), tuple(ends)

    def before_ms(self, message_id: int | None) -> int:
        """How much of that speech's sound other processes had sent before; None: of the newest."""
        speech = next(reversed(self._ends), 0) if message_id is None else wire.shown_id(message_id)
        return self._before.get(speech, 0) * 1_000 // BYTES_PER_S

    def take_up(
        self, sent: int, frames: Iterable[MovedFrame], ends: Iterable[SpeechEnd], received: int | None
    ) -> dict[int, int]:
        """Begin with what another process has sent, for a client that has `received` messages. Returns where, in bytes,
        the sound of each speech ended for the client, by message id, for those that lack some. That sound is not sent
        again, nor that it was complete."""
        self._base = sent
        self._ends = {each.speech_id: each.sent_bytes for each in ends}
        lacks: dict[int, int] = {}
        for number, frame in enumerate(frames, sent + 1):
            if frame.speech_id is None:
                text = frame.text.encode("utf-8", "surrogatepass")
                data = len(text).to_bytes(4, "big") + text if text else b""
                self._keep(self._frame(data, *_parts(data)) if data else _Frame(b""))
                continue
            self._keep(_Frame(b"", speech_id=frame.speech_id, at_bytes=frame.at_bytes))
            if number > (sent if received is None else received):
                message_id = wire.message_id_of(frame.speech_id)
                lacks[message_id] = min(lacks.get(message_id, frame.at_bytes), frame.at_bytes)
        for message_id, at_bytes in lacks.items():
            done = wire.speech_done(message_id)
            for kept in self._kept:
                if kept.data == done:
                    kept.data = b""
            self._ends[wire.shown_id(message_id)] = at_bytes
        self._before = dict(self._ends)
        return lacks

    # ---- confirmation -------------------------------------------------------------------------------

    def _ping(self) -> None:
        if self._socket is not None:
            self._pinged_s = self._loop.time()
            self._socket.ping((self._base + len(self._kept)).to_bytes(_COUNT_BYTES, "big"))

    def _ponged(self, payload: bytes) -> None:
        self.alive = True
        if len(payload) != _COUNT_BYTES:
            return
        count = int.from_bytes(payload, "big")
        if count <= self._base + len(self._kept):
            while self._base < count:
                self._drop_first()
        self._hears()

    def _hears(self) -> None:
        self._quiet_ticks = 0
        if self._silent:
            self._silent = False
            self._on_heard()

    def _tick(self) -> None:
        self._timer = None
        if self.alive:
            self.alive = False
            self._hears()
        else:
            self._quiet_ticks += 1
            if self._quiet_ticks == 1:
                self._ping()
            if self._quiet_ticks >= SILENT_TICKS and not self._silent:
                self._silent = True
                self._on_silent()
        if (self._kept or self._silent) and self._loop.time() - self._pinged_s >= CONFIRM_EVERY_S:
            self._ping()
        self._arm()

    def _arm(self) -> None:
        if self._socket is not None and (self._streams or self._kept or self._silent):
            self._timer = self._loop.call_later(TICK_S, self._tick)

    # ---- connections --------------------------------------------------------------------------------

    def detach(self) -> None:
        """The connection is lost."""
        if self._socket is not None:
            self._socket.on_pong = None
            self._socket = None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._silent, self._quiet_ticks = False, 0

    def may_have(self, received: int) -> bool:
        """False if that many messages were never sent."""
        return received <= self._base + len(self._kept)

    def rewind(self, received: int | None, played: tuple[int, int] | None, dialogue: Iterable[bytes]) -> int:
        """Prepare what the client lacks to be sent again by `attach`. `received`: how many messages it has; None, or
        fewer than are known any more: it is shown the `dialogue`. `played`: for a player that lost what it had: the
        speech, by the number that clients use, and how many ms of it were heard. Returns the number of the last message
        that is not sent again."""
        again: list[_Frame] = []
        if received is None or received < self._base:
            again += [self._frame(frame, *_parts(frame)) for frame in dialogue]
        else:
            while self._base < received:
                self._drop_first()
        if played is not None:
            again += self._unplayed(*played)
        again += [frame for frame in self._kept if frame.data]
        self._kept.clear()
        self._newest.clear()
        self._kept_bytes = self._sound_bytes = 0
        for frame in again:
            self._keep(frame)
        return self._base

    def _unplayed(self, speech_id: int, played_ms: int) -> list[_Frame]:
        """The confirmed sound after that position, as far as it is kept."""
        played_bytes = played_ms * BYTES_PER_S // 1_000 & ~1
        again: list[_Frame] = []
        while self._player:
            frame = self._player.popleft()
            if not again and (frame.speech_id != speech_id or frame.at_bytes + len(frame.sound) <= played_bytes):
                continue
            heard = max(0, played_bytes - frame.at_bytes) if frame.speech_id == speech_id else 0
            header = frame.data[: len(frame.data) - len(frame.sound)]
            sound = frame.sound[heard:]
            again.append(_Frame(header + sound, None, frame.speech_id, sound, frame.at_bytes + heard))
        self._player_bytes = 0
        return again

    def attach(self, socket: WebSocket) -> dict[int, int]:
        """Send over this connection from now on, and first what `rewind` prepared. Returns how many bytes of sound the
        client gets again, by message id."""
        self.detach()
        self._socket, self.alive = socket, True
        socket.on_pong = self._ponged
        unheard: dict[int, int] = {}
        for frame in self._kept:
            socket.send(frame.data)
            if frame.speech_id is not None:
                message_id = wire.message_id_of(frame.speech_id)
                unheard[message_id] = unheard.get(message_id, 0) + len(frame.sound)
        if self._kept:
            self._ping()
        self._arm()
        return unheard


def _parts(frame: bytes) -> tuple[wire.Json, bytes]:
    """Metadata and payload of a frame that the server made. Half a surrogate pair, which a model may write, is legal
    JSON that `wire.split` does not take from clients."""
    try:
        return wire.split(frame)
    except ClientError:
        end = 4 + int.from_bytes(frame[:4], "big")
        return json.loads(frame[4:end]), frame[end:]
