"""One thread for each device, which all models on it share: it loads them and steps their batches in turn.

A device does one thing at a time anyway. One thread keeps it busy without locks around the models, and a round of one
model waits at most for one round of each other model and one piece of a model that is being loaded.
"""

import contextlib
import logging
import os
import threading
import time
from collections import deque
from collections.abc import Callable, Generator
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from voi.engines.device import is_broken
from voi.errors import EngineBroken, EngineError

if TYPE_CHECKING:
    from voi.engines.tts.xtts.batch import Batch

log = logging.getLogger(__name__)
T = TypeVar("T")
PIECE_S = 0.5
"""What a long piece may take: a shape that comes for the first time makes a plan for each of 83 convolutions."""
LONGEST_WAIT_S = 2.0
"""How long pieces that can wait are put off at most while sentences are being spoken."""
MOST_CPU_THREADS = 16  # a step on a CPU is limited by memory, not by arithmetic


class Tenant(Protocol):
    """An engine with a model on the device. This module does not import engines, because they import it."""

    @property
    def last_used_s(self) -> float: ...
    def make_room(self) -> bool:
        """Unload the model if it has been idle for long; called on the device's thread. False: it has not."""
        ...


class DeviceThread:
    """`DeviceThread.of(device, tenant)` returns the device's thread; each tenant calls `leave` once."""

    _all: dict[str, "DeviceThread"] = {}  # noqa: RUF012
    _lock = threading.Lock()

    def __init__(self, device: str) -> None:
        self._device = device
        self._tenants: list[Tenant] = []
        self._wake = threading.Condition()
        self._calls: list[tuple[Future[Any], Callable[[], Any]]] = []
        self._in_pieces: deque[tuple[Future[Any], Generator[None, None, Any], float]] = deque()
        self._piece_at_s = 0.0
        self._steps: list[Batch] = []
        self._ended = False
        self._thread = threading.Thread(target=self._run, name=f"xtts-{device}", daemon=True)
        self._thread.start()

    @classmethod
    def of(cls, device: str, tenant: Tenant) -> "DeviceThread":
        with cls._lock:
            worker = cls._all.get(device)
            if worker is None:
                worker = cls._all[device] = DeviceThread(device)
            worker._tenants.append(tenant)
            return worker

    def leave(self, tenant: Tenant) -> None:
        """Give up the thread. When the last tenant leaves, it finishes its work and ends."""
        with self._lock:
            self._tenants = [other for other in self._tenants if other is not tenant]
            if self._tenants:
                return
            self._all.pop(self._device, None)
        with self._wake:
            self._ended = True
            self._wake.notify()

    def wait_for_end(self, deadline_s: float) -> None:
        """Wait until the thread has ended, if its last tenant left: a process that exits while one of its threads is in
        torch's code may abort. Does not wait for a device that hangs."""
        if self._ended:
            self._thread.join(deadline_s)

    def make_room(self, asking: Tenant) -> bool:
        """On the thread: unload the least recently used tenant that can unload. False: none can."""
        with self._lock:
            others = sorted((t for t in self._tenants if t is not asking), key=lambda tenant: tenant.last_used_s)
        return any(tenant.make_room() for tenant in others)

    def call(self, work: Callable[[], T]) -> "Future[T]":
        """Run `work` on the thread, between two rounds."""
        future: Future[T] = Future()
        with self._wake:
            self._calls.append((future, work))
            self._wake.notify()
        return future

    def call_in_pieces(self, work: Generator[None, None, T], *, patience_s: float = 0.0) -> "Future[T]":
        """Run `work` on the thread, one piece between two rounds, after all earlier work in pieces. It stops when the
        future is cancelled. `patience_s`: for so long, from now on, its pieces run only while no listener is about to
        run out of sound, or else one every `LONGEST_WAIT_S`."""
        future: Future[T] = Future()
        with self._wake:
            self._in_pieces.append((future, work, time.monotonic() + patience_s))
            self._wake.notify()
        return future

    def add(self, steps: "Batch") -> None:
        with self._wake:
            self._steps.append(steps)

    def remove(self, steps: "Batch") -> None:
        with self._wake:
            self._steps = [other for other in self._steps if other is not steps]

    def wake(self) -> None:
        """Wake the thread, because something was submitted."""
        with self._wake:
            self._wake.notify()

    def _run(self) -> None:
        import torch

        from voi.engines.cuda_streams import stream_for

        with contextlib.ExitStack() as stack:
            stack.enter_context(torch.inference_mode())
            if self._device.startswith("cuda"):
                torch.cuda.set_device(self._device)
                own = stream_for(torch.device(self._device), "XTTS")
                stack.enter_context(torch.cuda.stream(own))  # so that it does not wait for other engines' work
            else:
                torch.set_num_threads(cpu_threads())
            while self._round():
                pass

    def _round(self) -> bool:
        """One round of all waiting work; False when the thread is to end. It is a separate function, so that no local
        variable keeps an unloaded model alive between rounds."""
        with self._wake:
            while not (self._calls or self._in_pieces or self._ended or any(steps.busy for steps in self._steps)):
                self._wake.wait()
            calls, self._calls = self._calls, []
            if self._ended and not calls and not self._in_pieces:
                return False
        while calls:
            _settle(*calls.pop(0))
        with self._wake:
            steps = [one for one in self._steps if one.busy]
        if self._in_pieces and self._is_time(steps):
            self._one_piece()
            self._piece_at_s = time.monotonic()
        while steps:
            _step(steps.pop())
        return True

    def _is_time(self, speaking: "list[Batch]") -> bool:
        """For the next piece. The thread is not idle while pieces wait: they wait only for those who speak."""
        now_s, patient_until_s = time.monotonic(), self._in_pieces[0][2]
        overdue = now_s >= patient_until_s or now_s - self._piece_at_s > LONGEST_WAIT_S
        return overdue or all(one.slack_s() > PIECE_S for one in speaking)

    def _one_piece(self) -> None:
        future, work, _ = self._in_pieces[0]
        if not future.cancelled():
            try:
                next(work)
                return
            except StopIteration as done:
                result = done.value
                _settle(future, lambda: result)
            except BaseException as error:  # raised in the caller
                if future.set_running_or_notify_cancel():
                    future.set_exception(error)
        work.close()
        self._in_pieces.popleft()


def cpu_threads() -> int:
    """How many threads compute together when the device is the CPU: one core stays free for the event loop and other
    engines. Threads of one step wait for each other, so a thread without its own core would slow down all of them."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min(cores - 1, MOST_CPU_THREADS))


def _settle(future: "Future[Any]", work: Callable[[], Any]) -> None:
    if not future.set_running_or_notify_cancel():
        return
    try:
        future.set_result(work())
    except BaseException as error:  # raised in the caller
        future.set_exception(error)


def _step(steps: "Batch") -> None:
    try:
        steps.step()
    except Exception as error:
        log.exception("XTTS failed in the middle of its work")
        steps.fail(_told(error))


def _told(error: Exception) -> EngineError:
    reason = str(error).splitlines()[0] if str(error) else type(error).__name__
    if is_broken(error):
        return EngineBroken(f"XTTS failed: {reason}")
    return EngineError(f"XTTS failed: {reason}", retryable=True)
