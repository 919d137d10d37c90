"""The agent's own sound is taken out of the person's, where the server is told to."""

from tests.fakes.call import Call, FakeEngines
from tests.fakes.clock import in_virtual_time
from tests.fakes.engines import FakeLlm
from voi.core import actions as do
from voi.session import events

LONG = "Once upon a time there was a fox who lived in the deep dark wood. " * 4


class FakeCanceller:
    """Makes everything silent while the agent is heard."""

    def __init__(self, now_ms: int) -> None:
        self.now_ms = now_ms
        self.plays_ms: list[tuple[int, int]] = []
        self.stopped = 0
        self.cleaned = 0
        made.append(self)

    def plays(self, pcm: bytes, rate_hz: int, at_ms: int) -> None:
        self.plays_ms.append((at_ms, at_ms + len(pcm) // 2 * 1_000 // rate_hz))

    def stops(self) -> None:
        self.stopped += 1

    def clean(self, pcm: bytes, now_ms: int) -> bytes:
        self.cleaned += 1
        heard = any(start_ms <= now_ms - 1 < end_ms for start_ms, end_ms in self.plays_ms)
        return bytes(len(pcm)) if heard else pcm


made: list[FakeCanceller] = []


async def agent_speaks(call: Call) -> None:
    await call.speak(1_200)
    await call.until(lambda: call.door.all(events.Sound))
    await call.quiet(300)


@in_virtual_time
async def test_the_agents_echo_does_not_interrupt_it() -> None:
    made.clear()
    async with Call(engines=FakeEngines(llm=FakeLlm(LONG), echo_canceller=FakeCanceller)) as call:
        await agent_speaks(call)
        await call.speak(700)  # a loudspeaker at the microphone
        await call.quiet(1_000)
        assert "user_interrupt" not in call.door.statuses()
    (canceller,) = made
    starts = [start_ms for start_ms, _ in canceller.plays_ms]
    assert starts == sorted(starts)
    assert len(call.answers) == 1


@in_virtual_time
async def test_a_line_that_may_return_it_has_a_guard_unless_there_is_a_canceller() -> None:
    made.clear()
    engines = FakeEngines(llm=FakeLlm(LONG), echo_guard=FakeCanceller)
    async with Call(engines=engines, options={"returns_echo": True}) as call:
        await agent_speaks(call)
        await call.speak(700)
        await call.quiet(1_000)
        assert "user_interrupt" not in call.door.statuses()
    assert len(made) == 1
    async with Call(engines=engines) as call:
        await agent_speaks(call)
        assert call.session._echo is None
    other = FakeEngines(llm=FakeLlm(LONG), echo_canceller=lambda now_ms: FakeCanceller(7), echo_guard=FakeCanceller)
    async with Call(engines=other, options={"returns_echo": True}) as call:
        await agent_speaks(call)
    assert [each.now_ms for each in made] == [0, 7]


@in_virtual_time
async def test_a_stopped_reply_is_no_echo_any_more() -> None:
    made.clear()
    async with Call(engines=FakeEngines(llm=FakeLlm(LONG), echo_canceller=FakeCanceller)) as call:
        await agent_speaks(call)
        call.session._echo.clean = lambda pcm, now_ms: pcm  # type: ignore[union-attr,method-assign]
        await call.speak(700)
        await call.quiet(300)
        assert "user_interrupt" in call.door.statuses()
        assert made[0].stopped == 1


@in_virtual_time
async def test_a_reply_that_is_dropped_unheard_leaves_the_echo_of_the_one_that_plays() -> None:
    made.clear()
    async with Call(engines=FakeEngines(llm=FakeLlm(LONG), echo_canceller=FakeCanceller)) as call:
        await agent_speaks(call)
        call.session._act(do.Stop(99))
        assert made[0].stopped == 0


@in_virtual_time
async def test_where_none_is_wanted_or_nothing_plays_there_is_none() -> None:
    made.clear()
    async with Call() as call:
        await agent_speaks(call)
        assert call.session._echo is None
    async with Call(engines=FakeEngines(llm=FakeLlm(LONG), echo_canceller=FakeCanceller), mode="chat") as call:
        await call.quiet(100)
        assert call.session._echo is None
    assert not made
