"""Orders are carried out in turn, within their limits, and whatever happens every place is given back."""

import asyncio
import itertools
import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("sqlalchemy")

from tests.fakes.clock import in_virtual_time
from tests.fakes.dialer import FakeDialer
from tests.transports.telephone.outgoing.world import LATE_MS, OrderWorld
from voi.store.call_orders import CLAIM_MS, RESERVED_MS, UNDER_WAY
from voi.transports.telephone.outgoing.policy import OrderRefused
from voi.transports.telephone.outgoing.runner import POLL_S


def quick(behaviour: Any = "answer", ring_s: float = 0.1) -> FakeDialer:
    return FakeDialer(behaviour, ring_s, paced=False)


@in_virtual_time
async def test_a_call_that_is_answered_and_ends() -> None:
    world = OrderWorld(quick())
    made = await world.order(webhook="")
    await asyncio.sleep(0.05)
    assert world.row(made)["state"] == "ringing"
    await asyncio.sleep(0.2)
    assert world.row(made)["state"] == "talking"
    assert world.calls.admission.active == 1
    await asyncio.sleep(30)
    world.dialer.phones[0].leave()
    await asyncio.sleep(0.5)
    assert world.outcome(made) == "answered"
    assert world.calls.admission.active == len(world.outgoing) == 0
    assert world.store.books()["calls"] == 1
    assert 29_000 < world.store.books()["spent_ms"] < 31_000
    await world.close()


@in_virtual_time
async def test_first_come_first_served_so_many_a_second_and_at_once() -> None:
    world = OrderWorld(quick("no_answer", 5.0), account={"calls_per_second": 2, "calls_at_once": 4})
    for number in range(12):
        await world.order(f"+4930{number:04}")
    await asyncio.sleep(60)
    assert [dial.destination[-4:] for dial in world.dialer.dials] == [f"{number:04}" for number in range(12)]
    assert world.dialer.most_ringing == 4
    gaps = [b - a for a, b in itertools.pairwise(world.dialer.dialled_at)]
    assert min(gaps) >= 0.5 - 1e-9
    await world.close()


@in_virtual_time
async def test_the_pace_is_kept_by_a_busy_server() -> None:
    """From an order's turn to its dial it takes now longer, now less."""
    world = OrderWorld(quick("no_answer", 1.0), account={"calls_per_second": 10, "calls_at_once": 50})
    chance = random.Random(3)
    world.store.slow_s = lambda: chance.random() * 0.15
    for number in range(40):
        await world.order(f"+4930{number:04}")
    await asyncio.sleep(30)
    gaps = [b - a for a, b in itertools.pairwise(world.dialer.dialled_at)]
    assert len(gaps) == 39
    assert min(gaps) >= 0.1 - 1e-9
    await world.close()


@in_virtual_time
async def test_an_order_waits_for_its_account(caplog: pytest.LogCaptureFixture) -> None:
    world = OrderWorld(quick("busy"))
    del world.dialers["desk"]
    made = await world.order()
    late = await world.order("+4930222", expires_s=15)
    await asyncio.sleep(40)
    assert world.row(made)["state"] == "queued"
    assert world.outcome(late) == "expired"
    assert [each.getMessage() for each in caplog.records if "orders wait for the account desk" in each.getMessage()]
    world.dialers["desk"] = world.dialer
    await asyncio.sleep(POLL_S + 0.5)
    assert world.outcome(made) == "busy"
    await world.close()


@in_virtual_time
async def test_an_order_expires_and_a_full_queue_refuses() -> None:
    world = OrderWorld(quick("no_answer", 30.0), queue_max=2, account={"calls_at_once": 1})
    await world.order()
    await asyncio.sleep(0.1)
    late = await world.order("+4930222", expires_s=15)
    await world.order("+4930333")
    with pytest.raises(OrderRefused, match="wait already"):
        await world.order("+4930444")
    await asyncio.sleep(26)
    assert world.outcome(late) == "expired"
    assert world.metrics.refused_orders["queue_full"] == 1
    await world.close()


@in_virtual_time
async def test_a_call_is_put_off_while_there_is_no_place() -> None:
    world = OrderWorld(quick("busy"), places=1)
    world.calls.admission.admit("others")
    made = await world.order()
    await asyncio.sleep(10)
    assert world.row(made)["state"] == "queued"
    assert not world.dialer.dials
    world.calls.admission.leave("others")
    await asyncio.sleep(3)
    assert world.outcome(made) == "busy"
    await world.close()


@in_virtual_time
async def test_the_days_budget_of_calls_and_minutes() -> None:
    world = OrderWorld(quick("busy"), began_ms=LATE_MS, account={"calls_per_day": 2})
    made = [await world.order(f"+493000{number}", expires_s=600) for number in range(3)]
    await asyncio.sleep(30)
    assert [world.outcome(each) for each in made] == ["busy", "busy", None]
    assert world.metrics.left["desk"][0] == 0
    await asyncio.sleep(120)
    assert world.outcome(made[2]) == "busy", "the next day"
    await world.close()


@in_virtual_time
async def test_a_call_ends_when_the_minutes_of_the_day_are_used_up() -> None:
    world = OrderWorld(quick(), account={"minutes_per_day": 3, "longest_minutes": 60})
    made = await world.order()
    await asyncio.sleep(3 * 60 + 30)
    row = world.row(made)
    assert row["outcome"] == "answered"
    assert row["cause"] == "quota_used"
    assert row["ended_ms"] - row["answered_ms"] <= 3 * 60_000
    assert world.store.books()["spent_ms"] <= 3 * 60_000
    await world.close()


@in_virtual_time
async def test_the_longest_call() -> None:
    world = OrderWorld(quick(), account={"longest_minutes": 1})
    made = await world.order()
    await asyncio.sleep(70)
    assert (world.outcome(made), world.row(made)["cause"]) == ("answered", "duration_limit")
    await world.close()


@in_virtual_time
async def test_quiet_hours_put_a_call_off() -> None:
    quiet = {"begin": "21:00", "end": "00:01", "time_zone": "UTC"}
    world = OrderWorld(quick("busy"), began_ms=LATE_MS, quiet_hours=quiet)
    made = await world.order()
    await asyncio.sleep(60)
    assert not world.dialer.dials
    assert world.row(made)["state"] == "queued"
    assert world.store.books()["calls"] == 0, "what it did not use is given back"
    await asyncio.sleep(3 * 60)
    assert world.outcome(made) == "busy"
    await world.close()


@in_virtual_time
async def test_after_a_crash_nobody_is_dialled_twice_and_the_place_is_free() -> None:
    world = OrderWorld(quick("rings on"), account={"calls_at_once": 1})
    rings = await world.order()
    waits = await world.order("+4930222")
    await asyncio.sleep(1)
    await world.crash()
    world.dialer.behaviour = "busy"
    await asyncio.sleep(CLAIM_MS / 1_000 + 25)
    assert world.outcome(rings) == "interrupted"
    assert world.outcome(waits) == "busy"
    assert [dial.destination for dial in world.dialer.dials] == ["+4930123456", "+4930222"]
    assert world.store.books()["spent_ms"] == 0
    await world.close()


@in_virtual_time
async def test_a_call_that_may_be_dialled_again_is() -> None:
    world = OrderWorld(quick("rings on"))
    made = await world.order(redial_interrupted=True)
    await asyncio.sleep(1)
    await world.crash()
    world.dialer.behaviour = "busy"
    await asyncio.sleep(CLAIM_MS / 1_000 + 25)
    assert world.outcome(made) == "busy"
    assert len(world.dialer.dials) == 2
    await world.close()


@in_virtual_time
async def test_who_was_talking_in_a_crash_is_never_called_again_by_that_order() -> None:
    world = OrderWorld(quick())
    made = await world.order(redial_interrupted=True)
    await asyncio.sleep(2)
    await world.crash()
    await asyncio.sleep(CLAIM_MS / 1_000 + 25)
    assert world.outcome(made) == "interrupted"
    assert len(world.dialer.dials) == 1
    assert 0 < world.store.books()["spent_ms"] <= RESERVED_MS, "what was talked counts"
    await world.close()


@in_virtual_time
async def test_a_dialer_that_cannot_be_ended_holds_no_place() -> None:
    world = OrderWorld(quick("deaf"))
    made = await world.order(ring_timeout_s=20)
    await asyncio.sleep(60)
    assert world.outcome(made) == "no_answer"
    assert world.calls.admission.active == 0
    await world.close()


@in_virtual_time
async def test_an_end_that_the_store_does_not_take_at_once_is_noted_later() -> None:
    world = OrderWorld(quick())
    made = await world.order()
    await asyncio.sleep(1)
    world.store.fails = True
    world.dialer.phones[0].leave()
    await asyncio.sleep(5)
    world.store.fails = False
    await asyncio.sleep(10)
    assert world.outcome(made) == "answered"
    await world.close()


@in_virtual_time
async def test_another_servers_call_is_ended_when_that_is_asked_for() -> None:
    world = OrderWorld(quick())
    made = await world.order()
    await asyncio.sleep(1)
    first = world.outgoing
    world.begin()  # a second server with the same store
    assert await world.outgoing.cancel(made) is not None
    await asyncio.sleep(15)
    assert world.outcome(made) == "answered"
    assert world.dialer.phones[0].ended
    await first.close()
    await world.close()


BEHAVIOURS = ("answer", "busy", "no_answer", "breaks", "rings on", "answers late", "gone at once", "deaf")
STEPS = st.one_of(
    st.tuples(st.just("order"), st.sampled_from(BEHAVIOURS), st.booleans()),
    st.tuples(st.just("order"), st.just("answer"), st.booleans()),
    st.tuples(st.just("wait"), st.sampled_from((0.01, 0.2, 3.0, 50.0))),
    st.tuples(st.just("leave"), st.integers(0, 5)),
    st.tuples(st.just("cancel"), st.integers(0, 8)),
    st.tuples(st.just("session ends"), st.integers(0, 5)),
    st.tuples(st.just("session breaks"), st.integers(0, 5)),
    st.tuples(st.just("never"), st.integers(0, 8)),
    st.tuples(st.just("store"), st.booleans()),
    st.tuples(st.just("account"), st.booleans()),
    st.tuples(st.just("crash")),
    st.tuples(st.just("restart")),
)  # fmt: skip


@settings(max_examples=12)
@given(st.lists(STEPS, min_size=3, max_size=20))
@in_virtual_time
async def test_places_never_leak(steps: list[tuple[Any, ...]]) -> None:
    kinds: dict[str, Any] = {}
    dialer = FakeDialer(lambda dial: kinds[dial.destination], 0.15, paced=False)
    world = OrderWorld(dialer, places=4, account={"calls_at_once": 3, "minutes_per_day": 5_000})
    redial: dict[str, bool] = {}
    ids: list[tuple[str, str]] = []
    for step in steps:
        await _take(world, step, kinds, redial, ids)
        under_way = sum(world.store.states()[state] for state in UNDER_WAY)
        assert under_way <= 3, "more calls at once than the account may make"
        assert 0 <= world.calls.admission.active <= 4
    world.store.fails = False
    world.dialers["desk"] = dialer
    dialer.freed.set()
    await asyncio.sleep(CLAIM_MS / 1_000 + 25)
    for phone in dialer.phones:
        phone.leave()
    for session in world.sessions:
        session.finish()
    await asyncio.sleep(80)  # all that waits has been dialled, or is expired
    assert world.calls.admission.active == 0, "a place leaked"
    assert len(world.calls) == len(world.outgoing) == 0
    assert set(world.store.states()) <= {"over"}
    assert all(row["reserved_ms"] == 0 for row in world.store.rows())
    dials = [dial.destination for dial in dialer.dials]
    for to, again in redial.items():
        assert again or dials.count(to) <= 1, "somebody was called twice"
    await world.close()


async def _take(world: OrderWorld, step: tuple[Any, ...], kinds: Any, redial: Any, ids: Any) -> None:
    match step:
        case ("order", behaviour, again):
            to = f"+4930{1_000 + len(kinds)}"
            kinds[to], redial[to] = behaviour, again
            try:
                ids.append((await world.order(to, redial_interrupted=again, ring_timeout_s=5, expires_s=60), to))
            except (OrderRefused, Exception) as error:
                assert world.store.fails or isinstance(error, OrderRefused)  # noqa: PT017
        case ("wait", seconds):
            await asyncio.sleep(seconds)
        case ("leave", number) if number < len(world.dialer.phones):
            world.dialer.phones[number].leave()
        case ("cancel", number) if number < len(ids) and not world.store.fails:
            await world.outgoing.cancel(ids[number][0])
        case ("session ends", number) if number < len(world.sessions):
            world.sessions[number].finish()
        case ("session breaks", number) if number < len(world.sessions):
            world.sessions[number].finish(RuntimeError("broken"))
        case ("never", number) if number < len(ids) and not world.store.fails:
            await world.outgoing.never_call(ids[number][1], "http")
        case ("store", fails):
            world.store.fails = fails
        case ("account", there):
            if there:
                world.dialers["desk"] = world.dialer
            else:
                world.dialers.pop("desk", None)
        case ("crash",):
            await world.crash()
        case ("restart",):
            world.store.fails = False
            await world.restart()
