"""Jobs after calls: tried again with growing waits, kept, taken up by others, never done when they were deleted."""

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest

from tests.fakes.clock import in_virtual_time
from voi.calls.post_call import runner
from voi.calls.post_call.delivery import DeliveryFailed, NotWanted
from voi.calls.post_call.job import PostCallJob, PostCallStep, SpokenLine
from voi.calls.post_call.question import CallReport
from voi.calls.post_call.runner import ASK_FAILURES_MAX, JOBS_MAX, WAITS_S, NotAsked, PostCalls
from voi.errors import EngineError, StoreError

JOB = PostCallJob("msg_1", "ask", "c1", "desk", {"id": "c1"}, (SpokenLine("user", "hello"),))


class FakeWork:
    """Fails with the next of `fails` for a step, as long as there are any."""

    def __init__(self) -> None:
        self.steps: Sequence[PostCallStep] = ("webhook", "tool")
        self.fails: dict[PostCallStep, list[Exception]] = {}
        self.did: list[tuple[float, PostCallJob]] = []
        self.twice = True
        self.block: asyncio.Event | None = None
        self.blocks: PostCallStep | None = None
        """The step that waits for `block`; None: each does."""
        self.at_work = self.most_at_work = 0

    def sends(self, job: PostCallJob) -> Sequence[PostCallStep]:
        return self.steps

    async def ask(self, job: PostCallJob) -> CallReport:
        await self._do(job)
        return CallReport("They said hello.", {"wish": "tea"})

    async def deliver(self, job: PostCallJob) -> None:
        await self._do(job)

    def may_come_twice(self, job: PostCallJob) -> bool:
        return self.twice

    async def _do(self, job: PostCallJob) -> None:
        self.at_work += 1
        self.most_at_work = max(self.most_at_work, self.at_work)
        try:
            self.did.append((asyncio.get_running_loop().time(), job))
            if self.block is not None and self.blocks in (None, job.step):
                await self.block.wait()
            if fails := self.fails.get(job.step):
                raise fails.pop(0)
        finally:
            self.at_work -= 1


class FakeOutbox:
    """In memory. `owner`: who has claimed each job; "": nobody."""

    def __init__(self) -> None:
        self.states: dict[str, dict[str, Any]] = {}
        self.owner: dict[str, str] = {}
        self.deleted: set[str] = set()
        """Conversations that are deleted."""
        self.fails = False

    def _check(self) -> None:
        if self.fails:
            raise StoreError("The store failed.")

    async def add(
        self, conversation_id: str, states: Mapping[str, Mapping[str, Any]], *, instead_of: str = "", ours: bool = True
    ) -> bool:
        self._check()
        if conversation_id in self.deleted or (instead_of and self.states.pop(instead_of, None) is None):
            return False
        for job_id, state in states.items():
            self.states[job_id], self.owner[job_id] = dict(state), "us" if ours else ""
        return True

    async def change(self, job_id: str, state: Mapping[str, Any]) -> bool:
        self._check()
        if job_id not in self.states:
            return False
        self.states[job_id] = dict(state)
        return True

    async def forget(self, job_id: str) -> None:
        self._check()
        self.states.pop(job_id, None)

    async def claim(self, at_most: int) -> list[dict[str, Any]]:
        self._check()
        free = [job_id for job_id in self.states if not self.owner.get(job_id)][:at_most]
        self.owner |= dict.fromkeys(free, "us")
        return [self.states[job_id] for job_id in free]

    async def renew(self) -> None:
        self._check()

    async def release(self) -> None:
        self._check()
        self.owner.clear()


class Metrics(Counter[tuple[str, str]]):
    def post_call(self, step: str, outcome: str) -> None:
        self[step, outcome] += 1


def post_calls(work: FakeWork, outbox: FakeOutbox | None = None) -> tuple[PostCalls, Metrics]:
    metrics = Metrics()
    loop = asyncio.get_running_loop()
    return PostCalls(
        work, metrics, outbox, clock_ms=lambda: round(loop.time() * 1_000), chance=lambda: 0.0
    ), metrics  # fmt: skip


async def until(condition: Callable[[], bool], seconds: float = 200_000) -> None:
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110
            await asyncio.sleep(0.5)


@in_virtual_time
async def test_a_call_is_asked_about_once_and_told_to_both() -> None:
    work, outbox = FakeWork(), FakeOutbox()
    jobs, metrics = post_calls(work, outbox)
    jobs.begin(JOB)
    assert len(jobs) == 1
    await until(lambda: not len(jobs))
    assert [job.step for _, job in work.did] == ["ask", "webhook", "tool"]
    told = work.did[1][1]
    assert (told.id, told.summary, told.fields, told.problem) == (
        "msg_1-webhook", "They said hello.", {"wish": "tea"}, "",
    )  # fmt: skip
    assert metrics == {("ask", "ok"): 1, ("webhook", "ok"): 1, ("tool", "ok"): 1}
    assert outbox.states == {}
    await jobs.close()


@in_virtual_time
async def test_waits_grow_for_a_day_and_then_it_is_given_up() -> None:
    work = FakeWork()
    work.steps = ("webhook",)
    work.fails["webhook"] = [DeliveryFailed("HTTP 500", again=True) for _ in range(20)]
    jobs, metrics = post_calls(work)
    jobs.begin(JOB)
    await until(lambda: not len(jobs))
    times = [at for at, job in work.did if job.step == "webhook"]
    waits = [round(b - a) for a, b in pairwise(times)]
    assert waits == [round(each) for each in WAITS_S]
    assert metrics["webhook", "failed"] == 1
    assert metrics["webhook", "retried"] == len(WAITS_S)
    assert {job.id for _, job in work.did[1:]} == {"msg_1-webhook"}
    await jobs.close()


@in_virtual_time
async def test_one_line_for_a_failure_that_goes_on(caplog: pytest.LogCaptureFixture) -> None:
    work = FakeWork()
    work.steps = ("webhook",)
    work.fails["webhook"] = [DeliveryFailed("it answered with HTTP 500", again=True) for _ in range(20)]
    jobs, _ = post_calls(work)
    with caplog.at_level(logging.INFO):
        jobs.begin(JOB)
        await until(lambda: not len(jobs))
    said = [record.getMessage() for record in caplog.records if record.name.startswith("voi.")]
    assert said == [
        "after the call c1: the webhook failed, and is tried again: it answered with HTTP 500",
        "after the call c1: the webhook failed for good: it answered with HTTP 500",
    ]
    await jobs.close()


@in_virtual_time
async def test_a_receiver_may_ask_for_a_longer_pause() -> None:
    work = FakeWork()
    work.steps = ("webhook",)
    work.fails["webhook"] = [
        DeliveryFailed("429", again=True, after_s=90),
        DeliveryFailed("429", again=True, after_s=1e9),
    ]
    jobs, _ = post_calls(work)
    jobs.begin(JOB)
    await until(lambda: not len(jobs))
    times = [at for at, job in work.did if job.step == "webhook"]
    assert [round(b - a) for a, b in pairwise(times)] == [90, 3_600]
    await jobs.close()


@in_virtual_time
async def test_a_webhook_that_fails_does_not_keep_the_tool_waiting() -> None:
    work = FakeWork()
    work.fails["webhook"] = [DeliveryFailed("HTTP 500", again=True) for _ in range(3)]
    jobs, _ = post_calls(work)
    jobs.begin(JOB)
    await until(lambda: not len(jobs))
    assert [job.step for _, job in work.did] == ["ask", "webhook", "tool", "webhook", "webhook", "webhook"]
    await jobs.close()


@in_virtual_time
async def test_what_may_not_be_repeated_is_not() -> None:
    work = FakeWork()
    work.fails = {"webhook": [DeliveryFailed("410", again=False)], "tool": [NotWanted("contact_id is not known")]}
    jobs, metrics = post_calls(work)
    jobs.begin(JOB)
    await until(lambda: not len(jobs))
    assert metrics == {("ask", "ok"): 1, ("webhook", "failed"): 1, ("tool", "skipped"): 1}
    await jobs.close()


@in_virtual_time
async def test_a_model_that_fails_is_asked_again_and_then_the_call_is_told_of_without_it() -> None:
    work = FakeWork()
    work.fails["ask"] = [EngineError("The model is away.") for _ in range(9)]
    jobs, metrics = post_calls(work)
    jobs.begin(JOB)
    await until(lambda: not len(jobs))
    assert sum(job.step == "ask" for _, job in work.did) == ASK_FAILURES_MAX
    told = work.did[-1][1]
    assert (told.summary, told.fields, told.problem) == (None, None, "model")
    assert metrics["ask", "failed"] == 1
    await jobs.close()


@in_virtual_time
async def test_a_model_that_may_not_be_asked_is_not_asked_again() -> None:
    work = FakeWork()
    work.fails["ask"] = [NotAsked("The quota is used up.") for _ in range(9)]
    jobs, metrics = post_calls(work)
    jobs.begin(JOB)
    await until(lambda: not len(jobs))
    assert [(job.step, job.problem) for _, job in work.did] == [("ask", ""), ("webhook", "quota"), ("tool", "quota")]
    assert metrics["ask", "skipped"] == 1
    await jobs.close()


@in_virtual_time
async def test_nobody_is_asked_about_a_call_in_which_nothing_was_said() -> None:
    work = FakeWork()
    jobs, _ = post_calls(work)
    jobs.begin(replace(JOB, transcript=(SpokenLine("assistant", "Hello?"),)))
    await until(lambda: not len(jobs))
    assert [(job.step, job.problem) for _, job in work.did] == [("webhook", "silent"), ("tool", "silent")]
    await jobs.close()


@in_virtual_time
async def test_a_fault_ends_one_job_and_no_other() -> None:
    work = FakeWork()
    work.fails["webhook"] = [ZeroDivisionError()]
    jobs, metrics = post_calls(work)
    jobs.begin(JOB)
    await until(lambda: not len(jobs))
    assert metrics["webhook", "failed"] == metrics["tool", "ok"] == 1
    await jobs.close()


@in_virtual_time
async def test_few_are_at_work_at_a_time_and_too_many_are_lost() -> None:
    work = FakeWork()
    work.block = asyncio.Event()
    work.steps = ("webhook",)
    jobs, metrics = post_calls(work)
    for number in range(JOBS_MAX + 10):
        jobs.begin(replace(JOB, id=f"msg_{number}"))
    await asyncio.sleep(1)
    assert len(jobs) == JOBS_MAX
    assert metrics["ask", "lost"] == 10
    assert work.most_at_work == runner.ASKS_MAX
    work.blocks = "webhook"
    work.block.set()
    work.block = asyncio.Event()
    await asyncio.sleep(1)
    assert runner.SENDS_MAX <= work.most_at_work <= runner.SENDS_MAX + runner.ASKS_MAX
    work.block.set()
    await until(lambda: not len(jobs))
    assert metrics["webhook", "ok"] == JOBS_MAX
    await jobs.close()


@in_virtual_time
async def test_with_a_store_those_too_many_wait_there() -> None:
    work, outbox = FakeWork(), FakeOutbox()
    work.block = asyncio.Event()
    jobs, metrics = post_calls(work, outbox)
    for number in range(JOBS_MAX + 10):
        jobs.begin(replace(JOB, id=f"msg_{number}"))
    await asyncio.sleep(1)
    assert (len(jobs), len(outbox.states)) == (JOBS_MAX, JOBS_MAX + 10)
    work.block.set()
    await until(lambda: not len(jobs))
    running = asyncio.create_task(jobs.run())
    await until(lambda: not outbox.states)
    assert metrics["tool", "ok"] == JOBS_MAX + 10
    running.cancel()
    await jobs.close()


@in_virtual_time
async def test_the_next_process_goes_on_where_this_one_stopped() -> None:
    first, outbox = FakeWork(), FakeOutbox()
    first.fails["webhook"] = [DeliveryFailed("HTTP 503", again=True)]
    first.steps = ("webhook",)
    jobs, _ = post_calls(first, outbox)
    jobs.begin(JOB)
    await asyncio.sleep(2)
    await jobs.close()
    assert outbox.owner == {}
    second = FakeWork()
    others, metrics = post_calls(second, outbox)
    running = asyncio.create_task(others.run())
    await until(lambda: not outbox.states)
    ((at, job),) = second.did
    assert (job.id, job.summary, job.tries) == ("msg_1-webhook", "They said hello.", 1)
    assert at - first.did[1][0] >= WAITS_S[0]
    assert metrics == {("webhook", "ok"): 1}
    running.cancel()
    await others.close()


@in_virtual_time
async def test_a_process_that_dies_at_work_repeats_what_may_come_twice() -> None:
    for twice, outcome in ((True, "ok"), (False, "failed")):
        outbox = FakeOutbox()
        part = replace(JOB, id="msg_1-tool", step="tool", trying=True)
        await outbox.add("c1", {part.id: part.as_state()}, ours=False)
        work = FakeWork()
        work.twice = twice
        jobs, metrics = post_calls(work, outbox)
        running = asyncio.create_task(jobs.run())
        await until(lambda outbox=outbox: not outbox.states)  # type: ignore[misc]
        assert metrics == {("tool", outcome): 1}
        running.cancel()
        await jobs.close()


@in_virtual_time
async def test_those_at_work_may_finish_when_the_server_stops() -> None:
    work = FakeWork()
    work.steps = ("webhook",)
    jobs, metrics = post_calls(work)
    work.block = asyncio.Event()
    jobs.begin(JOB)
    await asyncio.sleep(0.1)
    asyncio.get_running_loop().call_later(2, work.block.set)
    await jobs.close()
    assert metrics["ask", "ok"] == 1
    assert metrics["webhook", "lost"] == 1  # no store has it


@in_virtual_time
async def test_nothing_is_sent_of_a_conversation_that_was_deleted() -> None:
    work, outbox = FakeWork(), FakeOutbox()
    outbox.deleted.add("c1")
    jobs, metrics = post_calls(work, outbox)
    jobs.begin(JOB)
    await until(lambda: not len(jobs))
    assert (work.did, metrics) == ([], {("ask", "skipped"): 1})
    outbox.deleted.clear()
    work.steps = ("webhook",)
    work.fails["webhook"] = [DeliveryFailed("HTTP 500", again=True)]
    jobs.begin(JOB)
    await asyncio.sleep(2)
    outbox.states.clear()  # the person is deleted while it waits
    await until(lambda: not len(jobs))
    assert sum(job.step == "webhook" for _, job in work.did) == 1
    await jobs.close()


@in_virtual_time
async def test_a_store_that_fails_keeps_nothing_from_being_done() -> None:
    work, outbox = FakeWork(), FakeOutbox()
    outbox.fails = True
    jobs, metrics = post_calls(work, outbox)
    running = asyncio.create_task(jobs.run())
    jobs.begin(JOB)
    await until(lambda: not len(jobs))
    assert metrics["webhook", "ok"] == metrics["tool", "ok"] == 1
    running.cancel()
    await jobs.close()


@in_virtual_time
async def test_words_are_read_beside_the_event_loop_and_a_fault_there_ends_the_job() -> None:
    work = FakeWork()
    jobs, metrics = post_calls(work)
    jobs.begin(replace(JOB, transcript=()), lambda: JOB.transcript)
    await until(lambda: not len(jobs))
    assert work.did[0][1].transcript == JOB.transcript

    def broken() -> Any:
        raise ZeroDivisionError

    jobs.begin(JOB, broken)
    await until(lambda: not len(jobs))
    assert metrics["ask", "failed"] == 1
    assert len(work.did) == 3
    await jobs.close()


@in_virtual_time
async def test_an_agent_that_wants_nothing_any_more_gets_nothing() -> None:
    work = FakeWork()
    work.steps = ()
    jobs, metrics = post_calls(work)
    jobs.begin(JOB)
    await until(lambda: not len(jobs))
    assert (work.did, metrics) == ([], {("ask", "skipped"): 1})
    await jobs.close()


@in_virtual_time
async def test_what_cannot_be_read_is_forgotten() -> None:
    outbox = FakeOutbox()
    await outbox.add("c1", {"x": {"id": "x", "of": "another version"}}, ours=False)
    jobs, _ = post_calls(FakeWork(), outbox)
    running = asyncio.create_task(jobs.run())
    await until(lambda: not outbox.states)
    running.cancel()
    await jobs.close()
