"""What a provider's ear says of its service: what it sends, how it reads the answers, and what the service wants."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from voi.engines.stt.cloud.heard import EarReady, Flushed, HeardText
from voi.errors import EngineError

UNCONFIRMED_MS = 10_000
FINAL_S = 1.5
LIFE_S = 1_500.0
ROTATE_LATE_S = 40.0
ANSWER_LATE_S = 5.0
"""A flush that ends the connection is awaited so long before the sound is sent again on another."""

EarMessage = str | bytes
EarItem = HeardText | Flushed | EarReady | EngineError


class EarScript(Protocol):
    """What one socket sends, and what it makes of the answers."""

    address: str

    def begin(self) -> Sequence[str]:
        """The first messages. Sockets with the same address and first messages are alike."""
        ...

    def sound(self, pcm: bytes) -> EarMessage: ...

    def flush(self) -> Sequence[EarMessage]:
        """All sound of the utterance so far was sent. The service must answer with what becomes `Flushed`; without a
        message there is nothing to wait for."""
        ...

    def drop(self) -> Sequence[EarMessage] | None:
        """Forget the utterance at once. None: the service has no such message, and a flush does it."""
        ...

    def keep_alive(self) -> EarMessage | None:
        """A message (or, as bytes, silence) for a time without sound; None: the service needs none."""
        ...

    def end(self) -> Sequence[str]:
        """The last messages before the socket is closed."""
        ...

    def hear(self, message: dict[str, Any]) -> Sequence[EarItem]: ...


class PlainEarScript:
    """An `EarScript` whose service takes sound as it is, without a first message."""

    def begin(self) -> Sequence[str]:
        return ()

    def sound(self, pcm: bytes) -> bytes:
        return pcm

    def drop(self) -> Sequence[EarMessage] | None:
        return None


@dataclass(frozen=True, slots=True)
class EarHabits:
    """What a service wants. `frame_ms`: the least and the most sound of one message. `keep_alive_s`: how often it wants
    a message. `quiet_s`: after so long without a message a flush counts as answered, if nearly all sound is covered;
    None: never. `final_s`: how long a flush waits for the answer. `unconfirmed_ms`: how much sound is kept to be sent
    again. `pace`: how many times faster than real time sound that has waited is sent. `flush_ends`: a flush ends the
    connection once it is answered; what comes later goes over another. `rotate_s`: a connection that is older is
    replaced in mid-utterance, when no text is tentative, or `ROTATE_LATE_S` later in any case. `own_turn_s`: so long a
    flush waits for the service to end the turn by itself, before it makes it do so."""

    name: str
    frame_ms: tuple[int, int] = (20, 100)
    begins_ready: bool = True
    keep_alive_s: float = 4.0
    quiet_s: float | None = None
    final_s: float = FINAL_S
    unconfirmed_ms: int = UNCONFIRMED_MS
    pace: float = 8.0
    life_s: float = LIFE_S
    flush_ends: bool = False
    own_turn_s: float = 0.0
    rotate_s: float = float("inf")


def now_s() -> float:
    """Seconds on the clock of the running event loop."""
    return asyncio.get_running_loop().time()


async def wait_at_most(event: asyncio.Event, seconds: float) -> None:
    """Waits until the event is set, or the time is over."""
    try:
        async with asyncio.timeout(seconds if seconds < float("inf") else None):
            await event.wait()
    except TimeoutError:
        pass
