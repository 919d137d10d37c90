"""A dialer that does to calls what telephone networks do, and a line on which somebody talks in real time."""

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable
from typing import Literal

from voi.session.events import Ended
from voi.transports.telephone.dialing import AnsweredCall, Dial, NotAnswered, NotAnsweredKind
from voi.transports.telephone.line import LineListener, Signalling

Behaviour = Literal[
    "answer", "busy", "no_answer", "refused", "unreachable", "failed", "breaks", "rings on", "deaf",
    "answers late", "gone at once",
]  # fmt: skip
"""breaks: raises what no dialer should. rings on: never says that the ring time is over. deaf: it cannot be
cancelled, and never ends. answers late: it was cancelled, and somebody answers all the same. gone at once: they hang up
before the answer is passed on, and it is told twice."""
FRAME_S = 0.02


class PhoneInRealTime:
    """A `PhoneLine` with its `Signalling`. Sound that it is given is played at the pace of time; `say` is what the
    other side says, silence is sent in between."""

    def __init__(self, on_gone: Callable[[], None], rate_hz: int = 8_000, *, paced: bool = True) -> None:
        self.rate_hz = rate_hz
        self.heard = bytearray()
        """What was played to the other side."""
        self.heard_at: list[float] = []
        self.said: deque[bytes] = deque()
        self.ended: list[Ended] = []
        self.closed = 0
        self._frame_bytes = round(FRAME_S * rate_hz) * 2
        self._listener: LineListener | None = None
        self._waiting: deque[tuple[int, bytes]] = deque()
        self._played: dict[int, int] = {}
        self._on_gone = on_gone
        self._paced = paced
        self._task: asyncio.Task[None] | None = None

    @property
    def backlog_bytes(self) -> int:
        return sum(len(pcm) for _, pcm in self._waiting)

    def open(self, listener: LineListener) -> None:
        self._listener = listener
        if self._paced:
            self._task = asyncio.get_running_loop().create_task(self._run())

    def play(self, message_id: int, pcm: bytes) -> None:
        self._waiting.append((message_id, pcm))

    def finish(self, message_id: int) -> None:
        pass

    def clear(self, message_id: int) -> None:
        self._waiting = deque(each for each in self._waiting if each[0] != message_id)

    def press(self, keys: str) -> bool:
        return False

    async def aclose(self) -> None:
        self.closed += 1
        self._listener = None
        if self._task is not None:
            self._task.cancel()

    async def transfer(self, target: str) -> None:
        raise NotImplementedError

    async def connect(self, other: Signalling) -> None:
        raise NotImplementedError

    def hang_up(self, ended: Ended) -> None:
        self.ended.append(ended)

    # ---- the other side -----------------------------------------------------------------------------

    def say(self, pcm: bytes) -> None:
        size = self._frame_bytes
        self.said.extend(pcm[start : start + size].ljust(size, b"\0") for start in range(0, len(pcm), size))

    def leave(self) -> None:
        self._on_gone()

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        due_s = loop.time()
        while self._listener is not None:
            self._listener.sound(self.said.popleft() if self.said else bytes(self._frame_bytes))
            self._play_frame(loop.time())
            due_s += FRAME_S
            await asyncio.sleep(max(0.0, due_s - loop.time()))

    def _play_frame(self, now_s: float) -> None:
        left = self._frame_bytes
        while left and self._waiting:
            message_id, pcm = self._waiting.popleft()
            part, rest = pcm[:left], pcm[left:]
            if rest:
                self._waiting.appendleft((message_id, rest))
            left -= len(part)
            self.heard += part
            self.heard_at.append(now_s)
            self._played[message_id] = self._played.get(message_id, 0) + len(part)
            if self._listener is not None:
                self._listener.played(message_id, self._played[message_id])


class FakeDialer:
    """`Dialer`. `behaviour`: what becomes of each destination. `ring_s`: how long it rings before. `on_answer` is given
    each phone that was answered. `paced` False: no sound comes over its lines, so that hours pass at once."""

    def __init__(
        self,
        behaviour: Behaviour | Callable[[Dial], Behaviour] = "answer",
        ring_s: float = 0.0,
        on_answer: Callable[[PhoneInRealTime], None] = lambda phone: None,
        *,
        paced: bool = True,
    ) -> None:
        self._paced = paced
        self.behaviour = behaviour
        self.ring_s = ring_s
        self.on_answer = on_answer
        self.dials: list[Dial] = []
        self.dialled_at: list[float] = []
        self.phones: list[PhoneInRealTime] = []
        self.ringing = self.most_ringing = 0
        self.freed = asyncio.Event()
        """Set at the end of a test: what hangs comes to its end."""

    async def dial(self, dial: Dial, on_ringing: Callable[[], None], on_gone: Callable[[], None]) -> AnsweredCall:
        self.dials.append(dial)
        self.dialled_at.append(asyncio.get_running_loop().time())
        behaviour = self.behaviour if isinstance(self.behaviour, str) else self.behaviour(dial)
        self.ringing += 1
        self.most_ringing = max(self.most_ringing, self.ringing)
        try:
            return await self._dial(behaviour, on_ringing, on_gone)
        finally:
            self.ringing -= 1

    async def _dial(
        self, behaviour: Behaviour, on_ringing: Callable[[], None], on_gone: Callable[[], None]
    ) -> AnsweredCall:
        on_ringing()
        on_ringing()  # twice: networks repeat themselves
        try:
            await asyncio.sleep(self.ring_s)
            if behaviour in ("rings on", "answers late"):
                await self.freed.wait()
        except asyncio.CancelledError:
            if behaviour != "answers late":
                raise
            await asyncio.sleep(0.01)
        if behaviour == "deaf":
            while not self.freed.is_set():
                with contextlib.suppress(asyncio.CancelledError):
                    await self.freed.wait()
        if behaviour == "breaks":
            raise ValueError("something else")
        kinds: dict[Behaviour, NotAnsweredKind] = {
            "busy": "busy", "no_answer": "no_answer", "refused": "refused", "unreachable": "unreachable",
            "failed": "failed",
        }  # fmt: skip
        if (kind := kinds.get(behaviour)) is not None:
            raise NotAnswered(kind, "486 Busy\r\nHere")
        if behaviour == "gone at once":
            on_gone()
            on_gone()
        phone = PhoneInRealTime(on_gone, paced=self._paced)
        self.phones.append(phone)
        self.on_answer(phone)
        return AnsweredCall(phone, phone)
