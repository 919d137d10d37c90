"""Keeps engines going that may hang or crash: their callers get an error in time, and new engines take their place.

A call that gives nothing until its deadline has failed. When no other call gave anything meanwhile either, the engine
hangs: all calls under way end at once with an EngineError (which the conversation turns into an apology), and the
engine is made and warmed up anew, while the server and its other engines go on. The same when a call raises
EngineBroken, or anything but an EngineError. What may be a hang or a crash in disguise (an EngineError that is
`retryable`, a caller who lost patience before the deadline) has the engine tried with a short piece of work, and made
anew when it cannot do even that while nobody else gets anything either: an engine that is merely full is left alone.
Restarts that fail are repeated, each after twice the wait.

Nobody listens to silence for as long as a deadline. So when a call waits for longer than is usual, and nobody is given
anything, an engine that can be is asked whether it lives (`ping`), which it answers between two pieces of its work: one
that does not answer hangs, and one that does may take until the deadline, as slow as it is.

Engines that share a process share its fate, and so a supervisor. A thread that hangs inside a driver cannot be ended,
nor a CUDA context that has failed be mended, within a process; so engines that are to survive both live in workers.
"""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextvars import Context
from functools import partial
from typing import Any, NoReturn, Protocol

from voi.engines.base import Engine
from voi.errors import ConfigError, EngineBroken, EngineError

DEADLINE_S = 20.0
SLOW_DEADLINE_S = 120.0
"""Of engines that were made for a GPU and run without: slow is not hung."""
WARM_UP_DEADLINE_S = 300.0
CLOSE_DEADLINE_S = 5.0
FIRST_WAIT_S, LONGEST_WAIT_S = 0.5, 60.0
IMPATIENT_S = 2.0
"""A caller who waits or leaves after so long without anything may have waited for an engine that hangs."""
ASKED_AGAIN_S = 1.0
"""Before a silent engine is given up: it may have been this process that stood still."""
TRIED_LATELY_S = 5.0

log = logging.getLogger(__name__)


class Kept(Protocol):
    """One engine, as its supervisor sees it (`supervised`). `engine`: the one that works now."""

    engine: Any
    answer_s: float
    """Within which an engine that lives answers `ping`."""

    @property
    def name(self) -> str: ...

    def make(self) -> Any:
        """Another such engine, not yet warm."""

    def take(self, engine: Any) -> None:
        """That is the engine from now on."""

    async def ping(self, engine: Any) -> None:
        """Returns when the engine has answered, or cannot be asked. Raises whatever the engine raises."""

    async def trial(self, engine: Any) -> None:
        """A short piece of work. Raises whatever the engine raises."""


class Supervisor:
    """Of one engine, or of several that fail and are made anew together. `loading`: shared by supervisors whose engines
    take memory of one device: they are warmed up one after the other, so that each finds what the others left."""

    def __init__(self, *, deadline_s: float = DEADLINE_S, loading: asyncio.Lock | None = None) -> None:
        self.deadline_s = deadline_s
        self.down = ""
        """Why the engines cannot be used now, in a sentence."""
        self.restarts = 0
        self.errors = 0
        """Calls that failed, all in all; refusals count, and callers who left do not."""
        self._loading = loading or asyncio.Lock()
        self._kept: list[Kept] = []
        """Those that were warm once."""
        self._calls: dict[asyncio.Timeout, tuple[Kept, Any, float]] = {}
        """Those under way, the longest first: of which engine, and since when (s)."""
        self._gave_s = float("-inf")
        """When any call last gave anything."""
        self._tried_s = float("-inf")
        self._mending: asyncio.Task[None] | None = None
        self._watching: asyncio.Task[None] | None = None
        self._leaving: set[asyncio.Task[None]] = set()
        self._closed = False

    async def warm_up(self, kept: Kept) -> None:
        """For the first time. Raises ConfigError, EngineError."""
        async with self._loading:
            await warm_up(kept.engine)
        self._kept.append(kept)

    async def close(self, kept: Kept) -> None:
        """The end of one of them, and of all restarts."""
        self._closed = True
        for task in (self._mending, self._watching, *self._leaving):
            if task is not None:
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await task
        await close_engine(kept.engine)

    # ---- one call -----------------------------------------------------------------------------------

    def check(self, kept: Kept, engine: Any) -> None:
        """Raises EngineError unless that is the engine that works now."""
        if self.down or engine is not kept.engine:
            raise self._restarting(kept)

    @contextlib.asynccontextmanager
    async def call(self, kept: Kept, engine: Any) -> AsyncIterator[None]:
        """Around every wait for the engine. Raises EngineError, whatever happens inside."""
        began_s = _now_s()
        try:
            async with asyncio.timeout(self.deadline_s) as limit:
                self._calls[limit] = kept, engine, began_s
                if self._watching is None or self._watching.done():
                    self._watching = _begin(self._watch(), "watching engines")
                try:
                    yield
                finally:
                    del self._calls[limit]
        except TimeoutError:
            self.errors += 1
            self.check(kept, engine)
            if self._silent_s(began_s) < self.deadline_s - 0.001:
                raise EngineError(f"{kept.name} is too slow now.", retryable=True) from None
            raise self.fail(kept, f"{kept.name} gave nothing for {self.deadline_s:g} s.") from None
        except asyncio.CancelledError:
            if self._silent_s(began_s) > IMPATIENT_S:
                self._suspect(kept, engine)
            raise
        except Exception as error:
            self.judge(error, kept, engine)
        self.gave()

    def gave(self) -> None:
        """Some call gave something."""
        self._gave_s = _now_s()

    def judge(self, error: Exception, kept: Kept, engine: Any) -> NoReturn:
        """What that says of the engine which raised it. Raises what the engine's caller is to be told."""
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
        """How long nobody was given anything."""
        return _now_s() - max(since_s, self._gave_s)

    async def _watch(self) -> None:
        """As long as anybody waits."""
        while self._calls:
            kept, engine, began_s = next(iter(self._calls.values()))
            if (left_s := IMPATIENT_S - self._silent_s(began_s)) > 0:
                await asyncio.sleep(max(left_s, 0.001))  # what rounding leaves of it would take no time
                continue
            asked_s = _now_s()
            if not await self._answers(kept, engine) and self._gave_s <= asked_s:
                self.fail(kept, f"{kept.name} hangs.")
                return
            await asyncio.sleep(IMPATIENT_S)

    async def _answers(self, kept: Kept, engine: Any) -> bool:
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

    def _restarting(self, kept: Kept) -> EngineError:
        return EngineError(self.down or f"{kept.name} was restarted.", retryable=True)

    def ended(self, why: str) -> None:
        """The engines' process is gone. `why`: a sentence."""
        if self._kept:
            self.fail(self._kept[0], why)

    def fail(self, kept: Kept, why: str) -> EngineError:
        """Give the engines up. `why`: a sentence. Returns what callers are to raise."""
        if not self.down and self._kept and not self._closed:
            log.error("%s Restarting: %s", why, ", ".join(one.name for one in self._kept))
            self.down = f"{why} It is being restarted."
            for limit in self._calls:
                if not limit.expired():
                    limit.reschedule(_now_s())
            self._mend(self._restart)
        return EngineError(self.down or why, retryable=True)

    def _suspect(self, kept: Kept, engine: Any) -> None:
        """Try the engine, unless that was done lately."""
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

    async def _examine(self, kept: Kept) -> None:
        began_s = _now_s()
        try:
            async with asyncio.timeout(self.deadline_s):
                await kept.trial(kept.engine)
        except Exception as error:
            refused = isinstance(error, EngineError) and not error.retryable  # by an engine that lives
            if self._gave_s <= began_s and not refused:
                why = "it does not answer" if isinstance(error, TimeoutError) else str(error) or type(error).__name__
                self.fail(kept, f"{kept.name} cannot work any more: {why.rstrip('.')}.")
        finally:
            self._tried_s = _now_s()

    async def _restart(self) -> None:
        """Old engines stay until the new ones are warm: what they say of themselves is still asked for."""
        await self._leave([kept.engine for kept in self._kept])
        wait_s = FIRST_WAIT_S
        while True:
            await asyncio.sleep(wait_s)
            wait_s = min(LONGEST_WAIT_S, 2 * wait_s)
            self.restarts += 1
            names, began_s = ", ".join(kept.name for kept in self._kept), _now_s()
            try:
                engines = await self._warm_anew()
            except Exception as error:
                log.error("%s cannot be restarted (%s); next try in %g s", names, error, wait_s)
                continue
            for kept, engine in zip(self._kept, engines, strict=True):
                kept.take(engine)
            self.down = ""
            log.warning("%s: ready again after %.1f s", names, _now_s() - began_s)
            return

    async def _warm_anew(self) -> list[Any]:
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
        """Their memory is wanted back, but nothing waits for one that hangs longer than a moment."""
        tasks = {asyncio.create_task(close_engine(engine), name=f"leaving {engine.info.name}") for engine in engines}
        self._leaving |= tasks
        for task in tasks:
            task.add_done_callback(self._leaving.discard)
        if tasks:
            await asyncio.wait(tasks, timeout=CLOSE_DEADLINE_S)


async def warm_up(engine: Engine) -> None:
    """With a deadline. Raises ConfigError, EngineError, whatever the engine raises."""
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
    """With a deadline; what goes wrong is logged."""
    try:
        async with asyncio.timeout(CLOSE_DEADLINE_S):
            await engine.close()
    except Exception as error:
        log.warning("%s did not close in order: %s", engine.info.name, str(error) or type(error).__name__)


def _begin(work: Coroutine[Any, Any, None], name: str) -> asyncio.Task[None]:
    """In a context of its own: what it logs is of no one conversation."""
    return asyncio.get_running_loop().create_task(work, name=name, context=Context())


def _now_s() -> float:
    return asyncio.get_running_loop().time()
