"""Restarts engines that hang or crash. Their callers get an error in time, and new engines take their place.

Deadline: a call that yields nothing until its deadline has failed. If no other call got anything in that time either,
the engine hangs. All its calls then end at once with an EngineError (which the conversation turns into an apology),
and the engine is made and warmed up again, while the server and its other engines go on.

Crash: the engine is also restarted when a call raises EngineBroken, or any exception other than EngineError.

Suspicion: a `retryable` EngineError, or a caller that left before the deadline, may mean a hang or a crash. Then the
supervisor tries the engine with a short piece of work. It restarts the engine only if the trial fails and no other call
got anything in the meantime: an engine that is merely full is left alone.

Ping: a deadline is far too long a silence in a conversation. So when a call waits for longer than `IMPATIENT_S` and no
call gets anything, the supervisor pings the engine, where it can be pinged. Engines answer between two steps of their
work. One that does not answer hangs; one that answers is slow and may take until the deadline.

Restarts that fail are repeated, each after twice the wait. Engines in one process fail together and so share a
supervisor. A thread that hangs inside a driver, or a CUDA context that has failed, cannot be repaired within a process;
engines that have to survive both live in worker processes.
"""

import asyncio
import contextlib
import logging
from collections.abc import Callable, Coroutine, Iterable, Sequence
from contextlib import AbstractAsyncContextManager
from contextvars import Context
from functools import partial
from types import TracebackType
from typing import Any, NoReturn, Protocol

from voi.engines.base import Engine
from voi.engines.wait_limit import WaitLimit
from voi.errors import ConfigError, EngineBroken, EngineError

RESTARTED = " It is being restarted."
"""Added once to the reason that callers are told, though shared engines have two supervisors."""
DEADLINE_S = 20.0
SLOW_DEADLINE_S = 120.0
"""For engines that were made for a GPU and run without one: they are slow and do not hang."""
WARM_UP_DEADLINE_S = 300.0
CLOSE_DEADLINE_S = 5.0
FIRST_WAIT_S, LONGEST_WAIT_S = 0.5, 60.0
IMPATIENT_S = 2.0
"""When a caller has waited for this long, or leaves after this time, the engine may hang."""
ASKED_AGAIN_S = 1.0
"""Deadline of a second ping before a silent engine is given up: the server itself may have stood still."""
TRIED_LATELY_S = 5.0

log = logging.getLogger(__name__)


class Supervisee(Protocol):
    """One engine, as its supervisor sees it (`supervised`). `engine`: the instance in use."""

    engine: Any
    answer_s: float
    """A working engine answers `ping` within this time."""

    @property
    def name(self) -> str: ...

    def make(self) -> Any:
        """A new instance, not yet warm."""

    def take(self, engine: Any) -> None:
        """Use this instance from now on."""

    async def ping(self, engine: Any) -> None:
        """Returns when the engine has answered, or at once if it has no `ping`. Raises whatever the engine raises."""

    async def trial(self, engine: Any) -> None:
        """Have the engine do a short piece of work. Raises whatever the engine raises."""


class Supervisor:
    """Supervises one engine, or several that fail and are restarted together. `loading`: a lock shared by supervisors
    whose engines use the same device's memory. Their engines warm up one after the other, so that each sees the memory
    that the others left."""

    def __init__(self, *, deadline_s: float = DEADLINE_S, loading: asyncio.Lock | None = None) -> None:
        self.deadline_s = deadline_s
        self.down = ""
        """Why the engines cannot be used now, in a sentence; "" while they work."""
        self.restarts = 0
        self.errors = 0
        """Failed calls since the start. Refusals count; callers that left do not."""
        self._loading = loading or asyncio.Lock()
        self._kept: list[Supervisee] = []
        """The engines that have been warm once."""
        self._calls: dict[_Call, None] = {}
        """Calls under way, the oldest first."""
        self._deadline: asyncio.TimerHandle | None = None
        """Rings when the oldest call may be due. One timer serves all calls, since nearly all of them end in time."""
        self._gave_s = float("-inf")
        """When a call last got anything."""
        self._tried_s = float("-inf")
        self._mending: asyncio.Task[None] | None = None
        self._watching: asyncio.Task[None] | None = None
        self._leaving: set[asyncio.Task[None]] = set()
        self._closed = False

    async def warm_up(self, kept: Supervisee) -> None:
        """The first warm-up of an engine. Raises ConfigError, EngineError."""
        async with self._loading:
            await warm_up(kept.engine)
        self._kept.append(kept)

    async def close(self, kept: Supervisee) -> None:
        """Close one engine, and stop all restarts."""
        self._closed = True
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None
        for task in (self._mending, self._watching, *self._leaving):
            if task is not None:
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await task
        await close_engine(kept.engine)

    # ---- one call -----------------------------------------------------------------------------------

    def check(self, kept: Supervisee, engine: Any) -> None:
        """Raises EngineError unless that instance is in use and works."""
        if self.down or engine is not kept.engine:
            raise self._restarting(kept)

    def call(self, kept: Supervisee, engine: Any) -> AbstractAsyncContextManager[None]:
        """Wraps one wait for the engine with the deadline. Raises EngineError for anything that fails inside (but
        passes on ConfigError and cancellation)."""
        return _Call(self, kept, engine)

    def _begins(self, call: "_Call") -> None:
        self._calls[call] = None
        if self._deadline is None:
            self._deadline = asyncio.get_running_loop().call_later(self.deadline_s, self._end_overdue)
        if self._watching is None or self._watching.done():
            self._watching = _begin(self._watch(), "watching engines")

    def _end_overdue(self) -> None:
        """End the calls that are due, and wait for the next that may be."""
        self._deadline = None
        now_s = _now_s()
        for call in list(self._calls):
            if call.due_s > now_s + 0.001 and not call.limit.expired:
                self._deadline = asyncio.get_running_loop().call_later(call.due_s - now_s, self._end_overdue)
                return
            call.limit.expire()

    def _ends(self, call: "_Call", error: BaseException | None) -> None:
        """A call is over. Raises what its caller is to be told."""
        del self._calls[call]
        kept, engine = call.kept, call.engine
        if call.limit.end(None if error is None else type(error)) or isinstance(error, TimeoutError):
            self.errors += 1
            self.check(kept, engine)
            if self._silent_s(call.began_s) < self.deadline_s - 0.001:
                raise EngineError(f"{kept.name} is too slow now.", retryable=True) from None
            raise self.fail(kept, f"{kept.name} gave nothing for {self.deadline_s:g} s.") from None
        if error is None:
            self.gave()
        elif isinstance(error, asyncio.CancelledError):
            if self._silent_s(call.began_s) > IMPATIENT_S:
                self._suspect(kept, engine)
        elif isinstance(error, Exception):
            self.raise_error(error, kept, engine)

    def gave(self) -> None:
        """Note that a call got something from an engine."""
        self._gave_s = _now_s()

    def raise_error(self, error: Exception, kept: Supervisee, engine: Any) -> NoReturn:
        """Decide what an error means for the engine that raised it: restart it, try it, or leave it. Raises the error
        for the engine's caller."""
        if isinstance(error, ConfigError):
            raise error
        self.errors += 1
        if self.down or engine is not kept.engine:
            raise self._restarting(kept) from error
        if isinstance(error, EngineBroken):
            raise self.fail(kept, str(error)) from error
        if not isinstance(error, EngineError):  # an engine may fail in any way
            log.error("%s crashed", kept.name, exc_info=error)
            raise self.fail(kept, f"{kept.name} crashed: {type(error).__name__}.") from error
        if error.retryable:
            self._suspect(kept, engine)
        raise error

    def _silent_s(self, since_s: float) -> float:
        """Seconds since a call last got anything, counted from `since_s` at the earliest."""
        return _now_s() - max(since_s, self._gave_s)

    async def _watch(self) -> None:
        """Runs while a call waits, and pings the engine of the oldest call when no call gets anything."""
        while self._calls:
            call = next(iter(self._calls))
            kept, engine = call.kept, call.engine
            if (left_s := IMPATIENT_S - self._silent_s(call.began_s)) > 0:
                await asyncio.sleep(max(left_s, 0.001))  # a rest from rounding would make a busy loop
                continue
            asked_s = _now_s()
            if not await self._answers(kept, engine) and self._gave_s <= asked_s:
                self.fail(kept, f"{kept.name} hangs.")
                return
            await asyncio.sleep(IMPATIENT_S)

    async def _answers(self, kept: Supervisee, engine: Any) -> bool:
        for limit_s in (kept.answer_s, ASKED_AGAIN_S):
            try:
                async with asyncio.timeout(limit_s):
                    await kept.ping(engine)
            except Exception as error:
                log.warning("%s does not answer: %s", kept.name, str(error) or type(error).__name__)
            else:
                return True
        return False

    # ---- failure and restart ------------------------------------------------------------------------

    def _restarting(self, kept: Supervisee) -> EngineError:
        return EngineError(self.down or f"{kept.name} was restarted.", retryable=True)

    def ended(self, why: str) -> None:
        """The engines' process has ended. `why`: a sentence."""
        if self._kept:
            self.fail(self._kept[0], why)

    def fail(self, kept: Supervisee, why: str) -> EngineError:
        """End all calls and restart the engines. `why`: a sentence. Returns the error that callers are to raise."""
        if not self.down and self._kept and not self._closed:
            log.error("%s Restarting: %s", why, ", ".join(one.name for one in self._kept))
            self.down = f"{why.removesuffix(RESTARTED)}{RESTARTED}"
            asyncio.get_running_loop().call_soon(_expire, list(self._calls))
            self._mend(self._restart)
        return EngineError(self.down or why, retryable=True)

    def _suspect(self, kept: Supervisee, engine: Any) -> None:
        """Try the engine, unless that was done within the last `TRIED_LATELY_S`."""
        busy = self._mending is not None and not self._mending.done()
        fresh = not self.down and engine is kept.engine and kept in self._kept
        if fresh and not busy and not self._closed and _now_s() > self._tried_s + TRIED_LATELY_S:
            self._mend(partial(self._examine, kept))

    def _mend(self, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        before = self._mending

        async def after() -> None:
            if before is not None and not before.done():
                before.cancel()
            await work()

        self._mending = _begin(after(), "mending engines")

    async def _examine(self, kept: Supervisee) -> None:
        began_s = _now_s()
        try:
            async with asyncio.timeout(self.deadline_s):
                await kept.trial(kept.engine)
        except Exception as error:
            refused = isinstance(error, EngineError) and not error.retryable  # by an engine that works
            if self._gave_s <= began_s and not refused:
                why = "it does not answer" if isinstance(error, TimeoutError) else str(error) or type(error).__name__
                self.fail(kept, f"{kept.name} cannot work any more: {why.rstrip('.')}.")
        finally:
            self._tried_s = _now_s()

    async def _restart(self) -> None:
        """The old engines stay until the new ones are warm, since their `info` is still read."""
        await self._leave([kept.engine for kept in self._kept])
        wait_s = FIRST_WAIT_S
        while True:
            await asyncio.sleep(wait_s)
            wait_s = min(LONGEST_WAIT_S, 2 * wait_s)
            self.restarts += 1
            names, began_s = ", ".join(kept.name for kept in self._kept), _now_s()
            try:
                engines = await self._warm_new_ones()
            except Exception as error:
                log.error("%s cannot be restarted (%s); next try in %g s", names, error, wait_s)
                continue
            for kept, engine in zip(self._kept, engines, strict=True):
                kept.take(engine)
            self.down = ""
            log.warning("%s: ready again after %.1f s", names, _now_s() - began_s)
            return

    async def _warm_new_ones(self) -> list[Any]:
        engines: list[Any] = []
        try:
            async with self._loading:
                for kept in self._kept:
                    engines.append(kept.make())
                    await warm_up(engines[-1])
        except BaseException:
            await self._leave(engines)
            raise
        return engines

    async def _leave(self, engines: Sequence[Engine]) -> None:
        """Close engines to free their memory. Waits at most `CLOSE_DEADLINE_S` for one that hangs."""
        tasks = {asyncio.create_task(close_engine(engine), name=f"leaving {engine.info.name}") for engine in engines}
        self._leaving |= tasks
        for task in tasks:
            task.add_done_callback(self._leaving.discard)
        if tasks:
            await asyncio.wait(tasks, timeout=CLOSE_DEADLINE_S)


class _Call:
    """One wait for an engine: the context manager of `Supervisor.call`."""

    __slots__ = ("_supervisor", "began_s", "due_s", "engine", "kept", "limit")

    def __init__(self, supervisor: Supervisor, kept: Supervisee, engine: Any) -> None:
        self._supervisor, self.kept, self.engine = supervisor, kept, engine
        self.limit = WaitLimit()
        self.began_s = self.due_s = 0.0

    async def __aenter__(self) -> None:
        self.began_s = _now_s()
        self.due_s = self.began_s + self._supervisor.deadline_s
        self.limit.begin()
        self._supervisor._begins(self)

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._supervisor._ends(self, error)


def _expire(calls: Iterable[_Call]) -> None:
    for call in calls:
        call.limit.expire()


async def warm_up(engine: Engine) -> None:
    """Warm up with a deadline. Raises ConfigError or EngineError, whatever the engine raises."""
    try:
        async with asyncio.timeout(WARM_UP_DEADLINE_S):
            await engine.warm_up()
    except (ConfigError, EngineError):
        raise
    except TimeoutError:
        raise EngineError(f"{engine.info.name} was not ready within {WARM_UP_DEADLINE_S:g} s.") from None
    except Exception as error:  # an engine may fail in any way
        log.error("%s crashed at its start", engine.info.name, exc_info=error)
        reason = str(error).strip().partition("\n")[0] or type(error).__name__
        raise EngineError(f"{engine.info.name} cannot start: {reason}") from error


async def close_engine(engine: Engine) -> None:
    """Close with a deadline; failures are only logged."""
    try:
        async with asyncio.timeout(CLOSE_DEADLINE_S):
            await engine.close()
    except Exception as error:
        log.warning("%s did not close in order: %s", engine.info.name, str(error) or type(error).__name__)


def _begin(work: Coroutine[Any, Any, None], name: str) -> asyncio.Task[None]:
    """Start a task in a context of its own, so that its log lines belong to no conversation."""
    return asyncio.get_running_loop().create_task(work, name=name, context=Context())


def _now_s() -> float:
    return asyncio.get_running_loop().time()
