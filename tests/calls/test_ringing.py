"""Calls that wait for somebody to take them."""

import asyncio

import pytest

from tests.fakes.clock import in_virtual_time
from voi.calls.ringing import NotRinging, RingingCalls


@in_virtual_time
async def test_it_is_taken_and_whoever_took_it_knows_when_it_is_answered() -> None:
    ringing = RingingCalls(lambda: 7.0)
    with ringing.ring("c1", "desk", "+49301") as call:
        assert [(each.id, each.account, each.caller, each.since) for each in ringing.listed()] == [
            ("c1", "desk", "+49301", 7.0)
        ]
        taking = asyncio.ensure_future(ringing.answer("c1"))
        assert await call.decided(60) == "answer"
        assert not taking.done()
        call.came_to()
        await taking
    assert ringing.listed() == []
    with pytest.raises(NotRinging):
        await ringing.answer("c1")


@in_virtual_time
async def test_the_first_decision_counts_and_the_other_is_told_the_same() -> None:
    ringing = RingingCalls()
    with ringing.ring("c1", "desk", "") as call:
        both = [asyncio.ensure_future(ringing.refuse("c1", "declined")), asyncio.ensure_future(ringing.answer("c1"))]
        assert await call.decided(60) == "declined"
        call.came_to("it was refused with 603")
        told = await asyncio.gather(*both, return_exceptions=True)
    assert [str(each) for each in told] == ["it was refused with 603"] * 2


@in_virtual_time
async def test_nobody_decides_the_caller_leaves_and_nothing_comes_of_it() -> None:
    ringing = RingingCalls()
    with ringing.ring("c1", "desk", "") as call:
        assert await call.decided(3) is None
        taking = asyncio.ensure_future(ringing.answer("c1"))
        await asyncio.sleep(0)
    with pytest.raises(NotRinging, match="the caller has given up"):
        await taking
    with ringing.ring("c2", "desk", "") as call, pytest.raises(NotRinging, match="in time"):
        await ringing.answer("c2")
