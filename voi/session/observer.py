"""Observers of a conversation: a recorder, metrics, a store, a tracer. An observer cannot break a conversation, and a
slow one is dropped."""

import asyncio
import time
from collections.abc import Callable, Sequence
from logging import LoggerAdapter
from typing import Any, Protocol

from voi.core.actions import Action
from voi.core.facts import Fact
from voi.core.script import Script
from voi.errors import VoiError
from voi.session.failure import Failure
from voi.session.latency import TurnTimes
from voi.session.lookups import LookedUp
from voi.session.tool_use import ToolUse
from voi.use import Use

SLOW_S = 0.05
"""An observer that takes longer for one call delays every conversation of the server."""
SLOW_MAX = 3
"""An observer is dropped after this many slow calls."""
CLOSE_S = 10.0


class Observer(Protocol):
    """What happens in one conversation. Methods are called on the event loop and must return at once. Times are ms
    since the conversation began. Here all methods do nothing; an observer overrides those that it needs."""

    passes_over: frozenset[type[Fact]] = frozenset()
    """Facts of which it needs no `step` where no action follows. It may be given one."""

    def begin(self, script: Script) -> None:
        """The conversation begins. Called before all other methods."""
        return

    def step(self, now_ms: int, fact: Fact, actions: Sequence[Action]) -> None:
        """The conversation handled a fact and returned these actions, which are not carried out yet."""
        return

    def user_sound(self, pcm: bytes) -> None:
        """The person's sound: s16le mono at 16 kHz, without gaps, any length, even half a sample."""
        return

    def agent_sound(self, pcm: bytes, rate_hz: int, at_ms: int) -> None:
        """Sound of the agent, s16le mono. The person hears it from `at_ms` on, unless it is stopped before."""
        return

    def turn(self, times: TurnTimes) -> None:
        """An answer began to sound, or ended without sound."""
        return

    def failure(self, failure: Failure) -> None:
        """An engine failed during a turn."""
        return

    def tool(self, use: ToolUse) -> None:
        """A tool's call is over."""
        return

    def looked_up(self, lookup: LookedUp) -> None:
        """Files were searched for an answer."""
        return

    def usage(self, use: Use) -> None:
        """The conversation used something that may cost money. Called when the use is over, several times per turn."""
        return

    async def close(self) -> None:
        """The conversation is over. Called last, even if `begin` was not called. It may take up to `CLOSE_S`. May raise
        OSError or VoiError, which are logged."""
        return


class Observers:
    """All observers of one conversation. One that raises, or is slow `SLOW_MAX` times, is logged, reported to
    `on_failed` by its class name, and from then on only closed."""

    __slots__ = ("_all", "_log", "_on_failed", "_passed_over", "_slow", "_tell")

    def __init__(
        self,
        observers: Sequence[Observer],
        log: "LoggerAdapter[Any]",
        on_failed: Callable[[str], None] = lambda name: None,
    ) -> None:
        self._all = tuple(observers)
        self._log = log
        self._on_failed = on_failed
        self._slow: dict[int, int] = {}
        self._tell = {
            name: tuple(
                (each, getattr(each, name))
                for each in self._all
                if getattr(type(each), name) is not getattr(Observer, name)
            )
            for name in ("begin", "step", "user_sound", "agent_sound", "turn", "failure", "tool", "looked_up", "usage")
        }
        stepped = [each.passes_over for each, _ in self._tell["step"]]
        self._passed_over: frozenset[type[Fact]] = frozenset.intersection(*stepped) if stepped else frozenset()

    def wants(self, name: str) -> bool:
        """True if an observer overrides the method of that name. Otherwise calling it can be skipped."""
        return bool(self._tell[name])

    def wants_step(self, fact: Fact, actions: Sequence[Action]) -> bool:
        """Whether one of them needs that step. There are about ten a second, so it pays to ask."""
        return bool(self._tell["step"]) and (bool(actions) or type(fact) not in self._passed_over)

    def begin(self, script: Script) -> None:
        self._each("begin", script)

    def step(self, now_ms: int, fact: Fact, actions: Sequence[Action]) -> None:
        self._each("step", now_ms, fact, actions)

    def user_sound(self, pcm: bytes) -> None:
        self._each("user_sound", pcm)

    def agent_sound(self, pcm: bytes, rate_hz: int, at_ms: int) -> None:
        self._each("agent_sound", pcm, rate_hz, at_ms)

    def turn(self, times: TurnTimes) -> None:
        self._each("turn", times)

    def failure(self, failure: Failure) -> None:
        self._each("failure", failure)

    def tool(self, use: ToolUse) -> None:
        self._each("tool", use)

    def looked_up(self, lookup: LookedUp) -> None:
        self._each("looked_up", lookup)

    def usage(self, use: Use) -> None:
        self._each("usage", use)

    def _each(self, name: str, *arguments: Any) -> None:
        for observer, method in self._tell[name]:
            before_s = time.perf_counter()
            try:
                method(*arguments)
            except Exception as error:
                self._drop(observer, f"it raised {type(error).__name__}")  # not its text, which may hold what was said
                continue
            if time.perf_counter() - before_s > SLOW_S:
                self._slow[id(observer)] = slow = self._slow.get(id(observer), 0) + 1
                if slow >= SLOW_MAX:
                    self._drop(observer, f"it took more than {SLOW_S * 1_000:.0f} ms, {slow} times")

    def _drop(self, observer: Observer, why: str) -> None:
        for name, told in self._tell.items():
            self._tell[name] = tuple(each for each in told if each[0] is not observer)
        self._failed(observer, f"observes this conversation no more: {why}")

    def _failed(self, observer: Observer, what: str) -> None:
        name = type(observer).__name__
        self._log.error("%s %s", name, what)
        self._on_failed(name)

    async def close(self) -> None:
        """Close all observers concurrently. Never raises."""
        if self._all:
            await asyncio.gather(*(self._close(observer) for observer in self._all))

    async def _close(self, observer: Observer) -> None:
        if type(observer).close is Observer.close:
            return
        try:
            async with asyncio.timeout(CLOSE_S):
                await observer.close()
        except (TimeoutError, OSError, VoiError) as error:
            self._failed(observer, f"could not close: {str(error) or type(error).__name__}")
        except Exception as error:
            self._failed(observer, f"could not close: {type(error).__name__}")
