"""What the server sends to a client that may come back over another connection: counted, and kept until the client has
it.

To know what arrived, the server pings with its own count: a WebSocket answers when it has read all that came before. On
a new connection the client says what it got, and the rest is sent again. Sound that nobody confirms stops the playback
(`backlog_bytes`), so what is kept is bounded.
"""

import asyncio
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Protocol

BYTES_PER_S = 24_000 * 2
"""Of the agent's sound, s16le mono at 24 kHz, as it is counted here."""
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
the dialogue."""
_COUNT_BYTES = 8


class PingedSocket(Protocol):
    """A connection whose client answers pings: a `WebSocket`, or a test's."""

    on_pong: Callable[[bytes], None] | None

    @property
    def backlog_bytes(self) -> int: ...

    def send(self, message: bytes) -> None: ...

    def send_text(self, message: bytes) -> None: ...

    def ping(self, payload: bytes) -> None: ...

    def close(self, code: int, reason: str = "") -> None: ...


@dataclass(slots=True)
class SentFrame:
    """One message to the client. `data` b"": a newer message took its place. `replaces`: of all messages with that
    number only the newest is kept. `message_id`: of the message whose sound it has; None: it has none. `sound_bytes`
    of PCM at 24 kHz lie at `at_bytes` of that sound, as it was sent. `name`: what the client may call it."""

    data: bytes
    replaces: int | None = None
    message_id: int | None = None
    sound_bytes: int = 0
    at_bytes: int = 0
    name: str = ""


class ResendQueue(ABC):
    """Sends to one client over one connection after another; `socket` None: it has none yet. `on_silent` is called when
    nothing at all came from the client for a while, `on_heard` when something came after that.

    The code that takes the client's messages sets `alive`. `streams`: sound comes from the client all the time.
    `keeps_player` False: sound that the client has is not kept for a player that lost it.
    """

    def __init__(
        self,
        socket: PingedSocket | None,
        on_silent: Callable[[], None],
        on_heard: Callable[[], None],
        *,
        streams: bool = False,
        keeps_player: bool = True,
    ) -> None:
        self.alive = True
        self._on_silent = on_silent
        self._on_heard = on_heard
        self._streams = streams
        self._keeps_player = keeps_player
        self._loop = asyncio.get_running_loop()
        self._socket = socket
        self._closed = False
        self._base = 0
        """How many messages are no longer kept. The first message kept has the next number."""
        self._base_name = ""
        """The name of the newest of these."""
        self._kept: deque[SentFrame] = deque()
        self._kept_bytes = 0
        self._sound_bytes = 0
        """Bytes of sound among the kept messages."""
        self._newest: dict[int, SentFrame] = {}
        """The kept state of each message of the dialogue, by its id."""
        self._ends: dict[int, int] = {}
        """How much sound of the newest speeches was sent, by message id."""
        self._player: deque[SentFrame] = deque()
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

    def put(self, frame: SentFrame, *, confirm: bool = False) -> None:
        """Send a message, at once or when the client is back. `confirm`: ask at once whether it arrived."""
        if self._closed:
            return
        self._keep(frame)
        if self._socket is None:
            return
        self._write(self._socket, frame.data)
        if confirm or self._loop.time() - self._pinged_s >= CONFIRM_EVERY_S:
            self._ping()
        if self._timer is None:
            self._quiet_ticks = 0
            self._arm()

    @abstractmethod
    def _write(self, socket: PingedSocket, data: bytes) -> None:
        """Send one message over that connection."""

    @abstractmethod
    def _without(self, frame: SentFrame, heard_bytes: int) -> SentFrame:
        """The message without the first bytes of its sound."""

    def close(self, code: int, reason: str = "") -> None:
        """The conversation is over."""
        self._closed = True
        socket = self._socket
        self.detach()
        self._forget()
        if socket is not None:
            socket.close(code, reason)

    # ---- what is kept -------------------------------------------------------------------------------

    def _placed(self, message_id: int, sound_bytes: int) -> int:
        """Count that much more sound of that message. Returns where it lies in the message's sound."""
        at_bytes = self._ends.pop(message_id, 0)
        self._ends[message_id] = at_bytes + sound_bytes
        if len(self._ends) > 16:
            del self._ends[next(iter(self._ends))]
        return at_bytes

    def _keep(self, frame: SentFrame) -> None:
        if frame.replaces is not None:
            older = self._newest.get(frame.replaces)
            if older is not None:
                self._kept_bytes -= len(older.data)
                older.data = b""
            self._newest[frame.replaces] = frame
        self._kept.append(frame)
        self._kept_bytes += len(frame.data)
        self._sound_bytes += frame.sound_bytes
        if self._kept_bytes > KEPT_MAX_BYTES or len(self._kept) > KEPT_MAX:
            self._forget()

    def _drop_first(self) -> None:
        frame = self._kept.popleft()
        self._base += 1
        self._base_name = frame.name or self._base_name
        self._kept_bytes -= len(frame.data)
        self._sound_bytes -= frame.sound_bytes
        if frame.replaces is not None and self._newest.get(frame.replaces) is frame:
            del self._newest[frame.replaces]
        if frame.sound_bytes and self._keeps_player:
            self._player.append(frame)
            self._player_bytes += frame.sound_bytes
            while self._player_bytes > PLAYER_BYTES:
                self._player_bytes -= self._player.popleft().sound_bytes

    def _forget(self) -> None:
        self._base += len(self._kept)
        self._base_name = ""
        self._kept.clear()
        self._newest.clear()
        self._player.clear()
        self._kept_bytes = self._sound_bytes = self._player_bytes = 0

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

    def rewind(self, received: int | None, played: tuple[int, int] | None, dialogue: Iterable[SentFrame]) -> int:
        """Prepare what the client lacks to be sent again by `attach`. `received`: how many messages it has; None, or
        fewer than are known any more: it is shown the `dialogue`. `played`: for a player that lost what it had: the
        message, and how many ms of its sound were heard. Returns the number of the last message that is not sent
        again."""
        again: list[SentFrame] = []
        if received is None or received < self._base:
            again += dialogue
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

    def _unplayed(self, message_id: int, played_ms: int) -> list[SentFrame]:
        """The confirmed sound after that position, as far as it is kept."""
        played_bytes = played_ms * BYTES_PER_S // 1_000 & ~1
        again: list[SentFrame] = []
        while self._player:
            frame = self._player.popleft()
            if not again and (frame.message_id != message_id or frame.at_bytes + frame.sound_bytes <= played_bytes):
                continue
            heard = max(0, played_bytes - frame.at_bytes) if frame.message_id == message_id else 0
            again.append(self._without(frame, heard) if heard else frame)
        self._player_bytes = 0
        return again

    def attach(self, socket: PingedSocket) -> dict[int, int]:
        """Send over this connection from now on, and first what `rewind` prepared. Returns how many bytes of sound the
        client gets again, by message id."""
        self.detach()
        self._socket, self.alive = socket, True
        socket.on_pong = self._ponged
        unheard: dict[int, int] = {}
        for frame in self._kept:
            self._write(socket, frame.data)
            if frame.message_id is not None:
                unheard[frame.message_id] = unheard.get(frame.message_id, 0) + frame.sound_bytes
        if self._kept:
            self._ping()
        self._arm()
        return unheard
