"""How long a provider may be silent, how much it may send, and when it is asked again; in virtual time."""

import asyncio
from collections.abc import AsyncGenerator

import pytest

from tests.fakes.clock import in_virtual_time
from voi.dialogue import ToolCall
from voi.engines.base import CallPart, LlmEvent, Reasoning, TextDelta, Usage
from voi.engines.llm.attempts import MAX_DELAY_S, RETRY_DELAY_S, LlmLimits, Passing, StreamDeadline, with_one_retry
from voi.errors import EngineError

LIMITS = LlmLimits(first_token_timeout_ms=2_000, next_token_timeout_ms=1_000, total_timeout_ms=10_000)


def now_s() -> float:
    return asyncio.get_running_loop().time()


async def wait(deadline: StreamDeadline, seconds: float, event: LlmEvent | None = None) -> None:
    """The provider is waited for, and sends `event` after that time."""
    async with deadline:
        await asyncio.sleep(seconds)
    if event is not None:
        deadline.got(event)


async def waits(deadline: StreamDeadline, seconds: float, event: LlmEvent) -> None:
    """The provider sends `event` again and again, as often as it is let."""
    while True:
        await wait(deadline, seconds, event)


@in_virtual_time
async def test_the_first_token_has_its_own_time_and_each_later_one_the_same() -> None:
    deadline = StreamDeadline(LIMITS, "m")
    await wait(deadline, 1.9, TextDelta("a"))
    for event in (Reasoning("hm"), CallPart("{}"), TextDelta("b")):
        await wait(deadline, 0.9, event)
    began_s = now_s()
    with pytest.raises(EngineError, match="did not go on with its answer in time") as raised:
        await wait(deadline, 60)
    assert now_s() - began_s == pytest.approx(1)
    assert not raised.value.retryable


@in_virtual_time
async def test_what_is_no_token_is_no_sign_of_life() -> None:
    """The waits between keep-alive comments and empty events add up."""
    deadline = StreamDeadline(LIMITS, "m")
    began_s = now_s()
    with pytest.raises(EngineError, match="did not answer in time") as raised:
        await waits(deadline, 0.3, Usage(1, 0))
    assert now_s() - began_s == pytest.approx(2)
    assert raised.value.retryable
    assert deadline.exhausted


@in_virtual_time
async def test_reading_what_is_no_token_takes_time_too() -> None:
    """A flood of empty events: nothing is waited for, and each takes a little time to read."""
    deadline, began_s = StreamDeadline(LIMITS, "m"), now_s()

    async def flood() -> None:
        while True:
            await wait(deadline, 0)
            await asyncio.sleep(0.01)

    with pytest.raises(EngineError, match="did not answer in time"):
        await flood()
    assert now_s() - began_s == pytest.approx(2, abs=0.02)


@in_virtual_time
async def test_the_time_the_listener_takes_does_not_count() -> None:
    deadline = StreamDeadline(LIMITS, "m")
    for _ in range(5):
        await wait(deadline, 0.9, TextDelta("a"))
        await asyncio.sleep(60)
    assert not deadline.exhausted


@in_virtual_time
async def test_a_request_may_have_less_time_for_its_first_token_and_not_more() -> None:
    for wish_ms, given_s in ((500, 0.5), (60_000, 2)):
        deadline, began_s = StreamDeadline(LIMITS, "m", wish_ms), now_s()
        with pytest.raises(EngineError, match="did not answer"):
            await wait(deadline, 100)
        assert now_s() - began_s == pytest.approx(given_s)


@in_virtual_time
async def test_the_whole_answer_has_a_time_too() -> None:
    deadline, began_s = StreamDeadline(LIMITS, "m"), now_s()
    with pytest.raises(EngineError, match="did not go on"):
        await waits(deadline, 0.9, TextDelta("and "))
    assert now_s() - began_s == pytest.approx(10)


@in_virtual_time
async def test_how_much_may_come() -> None:
    deadline = StreamDeadline(LlmLimits(max_reply_chars=5, max_answer_bytes=9), "m")
    deadline.got(TextDelta("ab"))
    deadline.got(Reasoning("c"))
    deadline.got(Usage(10_000, 10_000))
    deadline.got(CallPart("{}"))
    with pytest.raises(EngineError, match="more than 5 characters"):
        deadline.got(TextDelta("d"))
    deadline.got_bytes(9)
    with pytest.raises(EngineError, match="more than 9 bytes"):
        deadline.got_bytes(1)


@pytest.mark.parametrize(
    ("said", "delays_s", "tries", "waited_s", "fails"),
    [
        ([], [], 1, 0.0, False),
        ([], [None], 2, RETRY_DELAY_S, False),
        ([Usage(1, 0)], [1.5], 2, 1.5, False),
        ([], [None, None], 2, RETRY_DELAY_S, True),
        ([], [MAX_DELAY_S + 0.1], 1, 0.0, True),
        ([TextDelta("a")], [None], 1, 0.0, True),
        ([ToolCall("1", "f", "{}")], [None], 1, 0.0, True),
    ],
)
def test_one_retry_where_nothing_was_said(
    said: list[LlmEvent], delays_s: list[float | None], tries: int, waited_s: float, fails: bool
) -> None:
    """`delays_s`: of the tries that fail, what the provider asks for."""

    @in_virtual_time
    async def run() -> None:
        tried = 0

        async def attempt() -> AsyncGenerator[LlmEvent]:
            nonlocal tried
            tried += 1
            for event in said:
                yield event
            if tried <= len(delays_s):
                raise Passing(EngineError("Overloaded."), delays_s[tried - 1])

        began_s, failed = now_s(), False
        try:
            async for _ in with_one_retry(attempt):
                pass
        except EngineError:
            failed = True
        assert (tried, failed) == (tries, fails)
        assert now_s() - began_s == pytest.approx(waited_s)

    run()
