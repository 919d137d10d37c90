"""One dialler's attempt, held to its word: it ends in time, whatever the dialer does, and a call that is answered when
nobody wants it any more is hung up."""

import asyncio
import logging
from collections.abc import Callable
from functools import partial
from typing import Any

from voi.core.end_reason import EndReason
from voi.session.events import Ended
from voi.tasks import Tasks
from voi.transports.telephone.dialing import AnsweredCall, Dial, Dialer, NotAnswered

log = logging.getLogger(__name__)

RING_GRACE_S = 10.0
"""A dialer that does not say itself that the ring time is over is given so long."""
GIVE_UP_S = 5.0
"""So long a dialer may take to give up a call."""


async def dialled(
    dialer: Dialer,
    dial: Dial,
    stop: "asyncio.Future[str]",
    tasks: Tasks,
    on_ringing: Callable[[], None],
    on_gone: Callable[[], None],
) -> AnsweredCall:
    """Ring somebody up. `stop`: done when the call is not wanted any more. `tasks` own what a dialer leaves behind.
    Raises NotAnswered; "stopped" is its cause when `stop` ended it."""
    loop = asyncio.get_running_loop()
    told = {"ringing": False, "gone": False}

    def once(what: str, tell: Callable[[], None]) -> None:
        if not told[what]:
            told[what] = True
            loop.call_soon(tell)  # never within the dialer, and whatever `tell` does is no error of the dialer

    work = dialer.dial(dial, partial(once, "ringing", on_ringing), partial(once, "gone", on_gone))
    task: asyncio.Task[AnsweredCall] = tasks.start(work, "dialling", lambda error: None)
    try:
        ends: set[asyncio.Future[Any]] = {task, stop}
        await asyncio.wait(ends, timeout=dial.ring_timeout_s + RING_GRACE_S, return_when=asyncio.FIRST_COMPLETED)
    except asyncio.CancelledError:
        _abandon(task, tasks)
        raise
    if stop.done():
        await _give_up(task, tasks)
        raise NotAnswered("failed", "stopped")
    if not task.done():
        await _give_up(task, tasks)
        raise NotAnswered("no_answer", "the ring time is over")
    if task.cancelled():
        raise NotAnswered("failed", "the account gave up")
    error = task.exception()
    if isinstance(error, NotAnswered):
        raise error
    if error is not None:
        tasks.fault("a call could not be dialled", error)
        raise NotAnswered("failed", type(error).__name__)
    return task.result()


async def _give_up(task: "asyncio.Task[AnsweredCall]", tasks: Tasks) -> None:
    _abandon(task, tasks)
    if not task.done():
        await asyncio.wait({task}, timeout=GIVE_UP_S)
    if not task.done():
        log.error("an account does not give up a call that it was told to")


def _abandon(task: "asyncio.Task[AnsweredCall]", tasks: Tasks) -> None:
    """Have the attempt end, and the call that may come of it all the same."""
    task.cancel()
    task.add_done_callback(partial(_discard, tasks))


def _discard(tasks: Tasks, task: "asyncio.Task[AnsweredCall]") -> None:
    if not task.cancelled() and task.exception() is None:
        hang_up(task.result(), tasks)


def hang_up(answered: AnsweredCall, tasks: Tasks) -> None:
    """End a call that has no door, and release its line."""
    try:
        answered.signalling.hang_up(Ended(EndReason.FINISHED))
    except Exception as error:
        tasks.fault("a call could not be hung up", error)
    tasks.start(
        answered.line.aclose(), "a line is closed", lambda error: tasks.fault("a line could not be closed", error)
    )
