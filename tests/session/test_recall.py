"""When what is remembered of a person is looked up, and how long somebody waits for it."""

import asyncio

import pytest

from tests.fakes.clock import in_virtual_time
from voi.config.agents import Agent
from voi.errors import StoreError
from voi.session.failure import Failure
from voi.session.recall import RECALL_WAIT_S, Recall
from voi.tasks import Tasks


class Remembering:
    """`PersonMemory` whose answers take these times, one look-up after the other."""

    def __init__(self, *after_s: float, fails: bool = False) -> None:
        self.after_s, self.fails, self.asked = after_s, fails, 0

    def follow(self, agent: Agent, name: str) -> None: ...

    async def recall(self) -> str:
        self.asked = number = self.asked + 1
        await asyncio.sleep(self.after_s[number - 1])
        if self.fails:
            raise StoreError("The store did not answer.")
        return f"note {number}"

    async def remember(self, fact: str) -> str:
        return ""


class Recalled:
    def __init__(self, memory: Remembering | None) -> None:
        self.tasks = Tasks("test")
        self.notes: list[str] = []
        self.failures: list[Failure] = []
        self.recall = Recall(memory, self.tasks, self.look_up, self.failures.append)

    def look_up(self) -> "asyncio.Task[None] | None":
        return self.recall.look_up(self.notes.append)


async def seconds(waiting: "asyncio.Future[None] | asyncio.Task[None]") -> float:
    loop = asyncio.get_running_loop()
    began_s = loop.time()
    await waiting
    return loop.time() - began_s


@in_virtual_time
async def test_the_beginning_waits_for_it_as_long_as_it_may_take() -> None:
    for after_s, waits_s in ((0.2, 0.2), (RECALL_WAIT_S + 5, RECALL_WAIT_S)):
        recalled = Recalled(Remembering(after_s))
        beginning = asyncio.ensure_future(recalled.recall.before_beginning(recalled.notes.append))
        assert await seconds(beginning) == pytest.approx(waits_s)
        await asyncio.sleep(10)
        assert recalled.notes == ["note 1"], "late is better than never"


@in_virtual_time
async def test_a_beginning_that_is_cancelled_leaves_no_look_up_behind() -> None:
    recalled = Recalled(Remembering(60))
    beginning = asyncio.ensure_future(recalled.recall.before_beginning(recalled.notes.append))
    await asyncio.sleep(0.1)
    beginning.cancel()
    await asyncio.wait([beginning])
    await asyncio.sleep(0)
    assert len(recalled.tasks) == 0


@in_virtual_time
async def test_the_newest_look_up_counts_whichever_is_slower() -> None:
    recalled = Recalled(Remembering(3, 1))
    recalled.look_up()
    await asyncio.sleep(0.1)
    recalled.look_up()
    await asyncio.sleep(5)
    assert recalled.notes == ["note 2"]


@in_virtual_time
async def test_a_tool_that_proves_the_person_has_the_note_for_its_answer() -> None:
    recalled = Recalled(Remembering(0.2))
    assert await seconds(asyncio.ensure_future(recalled.recall.prove_person())) == pytest.approx(0.2)
    assert recalled.notes == ["note 1"]


@in_virtual_time
async def test_a_store_that_does_not_answer_is_a_failure_and_no_note() -> None:
    recalled = Recalled(Remembering(0.1, fails=True))
    recalled.look_up()
    await asyncio.sleep(1)
    assert recalled.notes == []
    assert [(failure.kind, failure.message) for failure in recalled.failures] == [
        ("memory", "what is known of the person is missing: The store did not answer.")
    ]


@in_virtual_time
async def test_without_a_memory_nothing_is_looked_up() -> None:
    recalled = Recalled(None)
    assert recalled.look_up() is None
    await recalled.recall.before_beginning(recalled.notes.append)
    await recalled.recall.prove_person()
    assert recalled.notes == []
