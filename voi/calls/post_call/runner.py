"""Does what is to be done after calls, beside them: a task for each, few at work at a time, and waits that grow after
failures. With a store, what is not done survives this process; without one, it is lost with it."""

import asyncio
import logging
import random
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Protocol
from uuid import uuid4

from voi.calls.post_call.delivery import DeliveryFailed, NotWanted
from voi.calls.post_call.job import PostCallJob, PostCallProblem, PostCallStep, SpokenLine, job_of
from voi.calls.post_call.question import CallReport
from voi.errors import StoreError, VoiError
from voi.tasks import Tasks

ASKS_MAX = 4
"""How many questions a model is asked at the same time: live calls go first."""
SENDS_MAX = 32
"""How many are sent at the same time."""
JOBS_MAX = 500
"""How many wait in memory. A job holds up to some 60,000 characters."""
WAITS_S = (5.0, 30.0, 120.0, 600.0, 3_600.0, 3 * 3_600.0, 6 * 3_600.0, 12 * 3_600.0)
"""Waits after failures: a day in all."""
ASK_FAILURES_MAX = 4
"""After so many failures of the model, a call is told of without a summary."""
JITTER = 0.2
"""Waits are longer by up to this share, so that what failed together does not come again together."""
RENEW_S = 20.0
CLOSE_S = 5.0
"""How long those at work may go on when the server stops."""

log = logging.getLogger(__name__)


class NotAsked(VoiError):
    """The model may not be asked now. The text says why."""


class PostCallWork(Protocol):
    """What a job consists of."""

    def sends(self, job: PostCallJob) -> Sequence[PostCallStep]:
        """Where the agent wants the answer to be sent; (): nowhere any more."""
        ...

    async def ask(self, job: PostCallJob) -> CallReport:
        """Ask the model. Raises NotAsked, and other VoiErrors."""
        ...

    async def deliver(self, job: PostCallJob) -> None:
        """Send what is known to the job's webhook or tool. Raises DeliveryFailed, NotWanted, other VoiErrors."""
        ...

    def may_come_twice(self, job: PostCallJob) -> bool:
        """Whether it may be sent again when nobody knows if it arrived."""
        ...


class JobOutbox(Protocol):
    """Where jobs outlive this process. All methods raise StoreError."""

    async def add(
        self, conversation_id: str, states: Mapping[str, Mapping[str, Any]], *, instead_of: str = "", ours: bool = True
    ) -> bool:
        """Keep these jobs, by id, and forget the other one. False: the conversation, or the other job, was deleted, and
        nothing is kept. `ours` False: any server may take them up."""
        ...

    async def change(self, job_id: str, state: Mapping[str, Any]) -> bool:
        """Keep the job's new state. False: it was deleted."""
        ...

    async def forget(self, job_id: str) -> None:
        """The job is done."""

    async def claim(self, at_most: int) -> list[dict[str, Any]]:
        """Take up jobs that no living server has. Returns their states."""
        ...

    async def renew(self) -> None:
        """Say that this server lives, and has its jobs."""

    async def release(self) -> None:
        """Leave this server's jobs to others."""


class PostCallMetrics(Protocol):
    """Counters of what is done after calls. The server has them."""

    def post_call(self, step: str, outcome: str) -> None:
        """A step after a call came out so: ok, retried, failed, skipped or lost."""


class PostCalls:
    """Call `begin` on the event loop; `run` in a task that the server owns; `close` at the end. `outbox` None: nothing
    survives. `clock_ms`: ms since 1970. `chance`: 0..1."""

    def __init__(
        self,
        work: PostCallWork,
        metrics: PostCallMetrics,
        outbox: JobOutbox | None = None,
        *,
        clock_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
        sleep: Callable[[float], Any] = asyncio.sleep,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._work = work
        self._metrics = metrics
        self._outbox = outbox
        self._clock_ms = clock_ms
        self._sleep = sleep
        self._chance = chance
        self._tasks = Tasks()
        self._asks, self._sends = asyncio.Semaphore(ASKS_MAX), asyncio.Semaphore(SENDS_MAX)
        self._jobs: dict[str, PostCallJob] = {}
        """Those of this process."""
        self._kept: set[str] = set()
        """Ids of those that are in the outbox, too."""
        self._busy: set[asyncio.Task[Any]] = set()
        """Tasks that are not just waiting."""
        self._closing = False
        self._store_fails = False

    def __len__(self) -> int:
        return len(self._jobs)

    def begin(self, job: PostCallJob, read: Callable[[], tuple[SpokenLine, ...]] | None = None) -> None:
        """Do this from now on. `read`: returns the transcript; it is called on a thread. Returns at once."""
        full = len(self._jobs) >= JOBS_MAX
        if (full and self._outbox is None) or len(self._jobs) >= 2 * JOBS_MAX:
            self._lost(job, "too many wait")
            return
        self._jobs[job.id] = job
        self._tasks.start(self._first(job, read, leave=full), f"after call {job.conversation_id}")

    async def run(self) -> None:
        """Until cancelled: take up what other processes left. Without an outbox it returns at once."""
        while self._outbox is not None:
            try:
                await self._outbox.renew()
                for state in await self._outbox.claim(max(0, JOBS_MAX - len(self._jobs))):
                    await self._take_up(state)
                self._store_works()
            except StoreError as error:
                self._store_failed(error)
            await self._sleep(RENEW_S)

    async def close(self, timeout_s: float = CLOSE_S) -> None:
        """Let those at work finish for some seconds, and leave the rest to the next process."""
        self._closing = True
        if self._busy:
            await asyncio.wait(set(self._busy), timeout=timeout_s)
        await self._tasks.dismiss()
        left = [job for job_id, job in self._jobs.items() if job_id not in self._kept]
        for job in left:
            self._metrics.post_call(job.step, "lost")
        if left:
            log.warning(
                "what was to be done after %d calls is lost: the server stops, and no store keeps it", len(left)
            )
        if self._outbox is not None:
            try:
                await self._outbox.release()
            except StoreError as error:
                log.warning("what is to be done after calls is taken up later than it could be: %s", error)

    # ---- one job ----------------------------------------------------------------------------------

    async def _first(self, job: PostCallJob, read: Callable[[], tuple[SpokenLine, ...]] | None, *, leave: bool) -> None:
        """Keep a new job, and do it. `leave`: only keep it, for when there is room."""
        with _At(self._busy):
            if read is not None:
                try:
                    job = replace(job, transcript=await asyncio.to_thread(read))
                except Exception as fault:
                    self._tasks.fault(f"the words of the call {job.conversation_id} cannot be read", fault)
                    await self._over(job, "failed", "a fault in Voi")
                    return
                self._jobs[job.id] = job
            there = await self._add(job.conversation_id, [job], ours=not leave)
        if not there:
            self._metrics.post_call(job.step, "skipped")
            log.warning("nothing is done after the call %s: it was deleted while it ran", job.conversation_id)
            self._forget(job)
        elif leave:
            self._forget(job)
            if job.id not in self._kept:
                self._lost(job, "too many wait")
            self._kept.discard(job.id)
        else:
            await self._go(job)

    async def _take_up(self, state: Mapping[str, Any]) -> None:
        try:
            job = job_of(state)
        except ValueError:
            log.warning("something that was to be done after a call cannot be read, and is forgotten")
            if self._outbox is not None and isinstance(job_id := state.get("id"), str):
                await self._outbox.forget(job_id)
            return
        if job.id in self._jobs:
            return
        self._jobs[job.id] = job
        self._kept.add(job.id)
        self._tasks.start(self._go(job), f"after call {job.conversation_id}")

    async def _go(self, job: PostCallJob) -> None:
        while not self._closing:
            if (wait_ms := job.due_ms - self._clock_ms()) > 0:
                await self._sleep(wait_ms / 1_000)
            async with self._asks if job.step == "ask" else self._sends:
                with _At(self._busy):
                    follow = await self._step(job)
            if follow is None:
                return
            job = follow

    async def _step(self, job: PostCallJob) -> PostCallJob | None:
        """Try the job once. Returns it if it is to be tried again."""
        if job.trying and not self._may_come_twice(job):
            await self._over(job, "failed", "the server stopped in the middle, and it may have been done")
            return None
        if job.step != "ask" and not await self._change(replace(job, trying=True)):
            self._forget(job)  # the conversation was deleted
            return None
        try:
            if not self._work.sends(job):
                await self._over(job, "skipped", "the agent wants nothing to be done any more")
            elif job.step == "ask":
                await self._split(job, await self._asked(job))
            else:
                await self._work.deliver(job)
                await self._over(job, "ok")
        except NotWanted as why:
            await self._over(job, "skipped", str(why))
        except DeliveryFailed as failed:
            return await self._failed(job, str(failed), again=failed.again, after_s=failed.after_s)
        except VoiError as error:
            return await self._failed(job, str(error), again=job.step == "ask")
        except Exception as fault:
            self._tasks.fault(f"what is done after the call {job.conversation_id} broke", fault)
            await self._over(job, "failed", "a fault in Voi")
        return None

    async def _asked(self, job: PostCallJob) -> PostCallJob:
        """The job with the model's answer. Raises VoiError."""
        if not any(line.role in ("user", "earlier") for line in job.transcript):
            return replace(job, problem="silent")
        try:
            report = await self._work.ask(job)
        except NotAsked as why:
            self._metrics.post_call("ask", "skipped")
            log.warning("after the call %s: there is no summary of it: %s", job.conversation_id, why)
            return replace(job, problem="quota")
        except VoiError as error:
            if job.tries + 1 < ASK_FAILURES_MAX:
                raise
            self._metrics.post_call("ask", "failed")
            log.warning("after the call %s: there is no summary of it: %s", job.conversation_id, error)
            return replace(job, problem="model")
        self._metrics.post_call("ask", "ok")
        return replace(job, summary=report.summary, fields=report.fields, problem=self._problem(job, report))

    def _problem(self, job: PostCallJob, report: CallReport) -> PostCallProblem:
        if report.unfit:
            self._metrics.post_call("fields", "failed")
            log.warning("after the call %s: the model gave no fields that fit the schema", job.conversation_id)
            return "fields"
        return ""

    async def _split(self, job: PostCallJob, answered: PostCallJob) -> None:
        """In place of the question come the things to be sent, which fail and wait apart."""
        steps = self._work.sends(answered)
        parts = [replace(answered, id=f"{job.id}-{step}", step=step, tries=0, due_ms=0) for step in steps]
        for part in parts:
            self._jobs[part.id] = part
        if await self._add(job.conversation_id, parts, instead_of=job.id if job.id in self._kept else ""):
            for part in parts:
                self._tasks.start(self._go(part), f"after call {job.conversation_id}")
        else:
            for part in parts:
                self._forget(part)
        self._forget(job)

    async def _failed(
        self, job: PostCallJob, why: str, *, again: bool, after_s: float | None = None
    ) -> PostCallJob | None:
        if not again or job.tries >= len(WAITS_S):
            await self._over(job, "failed", why)
            return None
        wait_s = max(WAITS_S[job.tries] * (1 + JITTER * self._chance()), min(after_s or 0.0, WAITS_S[4]))
        self._metrics.post_call(job.step, "retried")
        if not job.tries:
            log.warning("after the call %s: the %s failed, and is tried again: %s", job.conversation_id, job.step, why)
        later = replace(job, tries=job.tries + 1, due_ms=self._clock_ms() + round(wait_s * 1_000), trying=False)
        self._jobs[job.id] = later
        if not await self._change(later):
            self._forget(job)
            return None
        return later

    async def _over(self, job: PostCallJob, outcome: str, why: str = "") -> None:
        self._metrics.post_call(job.step, outcome)
        if outcome == "failed":
            log.error("after the call %s: the %s failed for good: %s", job.conversation_id, job.step, why)
        elif outcome == "skipped":
            log.info("after the call %s: the %s is left out: %s", job.conversation_id, job.step, why)
        if self._outbox is not None and job.id in self._kept:
            try:
                await self._outbox.forget(job.id)
            except StoreError as error:
                self._store_failed(error)
        self._forget(job)

    def _may_come_twice(self, job: PostCallJob) -> bool:
        try:
            return job.step != "tool" or self._work.may_come_twice(job)
        except VoiError:
            return False

    def _forget(self, job: PostCallJob) -> None:
        self._jobs.pop(job.id, None)
        self._kept.discard(job.id)

    def _lost(self, job: PostCallJob, why: str) -> None:
        self._metrics.post_call(job.step, "lost")
        log.error("after the call %s: nothing is done: %s", job.conversation_id, why)

    # ---- the outbox -------------------------------------------------------------------------------

    async def _add(
        self, conversation_id: str, jobs: Sequence[PostCallJob], *, instead_of: str = "", ours: bool = True
    ) -> bool:
        """Keep the jobs. False: the conversation was deleted. True also if the store fails: they go on in memory."""
        if self._outbox is None:
            return True
        try:
            states = {job.id: job.as_state() for job in jobs}
            kept = await self._outbox.add(conversation_id, states, instead_of=instead_of, ours=ours)
        except StoreError as error:
            self._store_failed(error)
            return True
        if kept:
            self._kept.update(job.id for job in jobs)
        return kept

    async def _change(self, job: PostCallJob) -> bool:
        """Keep the job's state. False: the conversation was deleted."""
        if self._outbox is None or job.id not in self._kept:
            return True
        try:
            return await self._outbox.change(job.id, job.as_state())
        except StoreError as error:
            self._store_failed(error)
            return True

    def _store_failed(self, error: StoreError) -> None:
        if not self._store_fails:
            log.error("what is to be done after calls is not kept at the moment: %s", error)
        self._store_fails = True

    def _store_works(self) -> None:
        self._store_fails = False


class _At:
    """The current task is in the set inside of `with`."""

    def __init__(self, tasks: "set[asyncio.Task[Any]]") -> None:
        self._tasks = tasks
        self._task: asyncio.Task[Any] | None = None

    def __enter__(self) -> None:
        self._task = asyncio.current_task()
        if self._task is not None:
            self._tasks.add(self._task)

    def __exit__(self, *_: object) -> None:
        if self._task is not None:
            self._tasks.discard(self._task)


def new_job_id() -> str:
    """A new id of a job, which webhooks carry as theirs."""
    return f"msg_{uuid4().hex}"
