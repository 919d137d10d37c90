"""A client that is away: nothing is sent, nothing falls due, and the playback clock knows what was heard."""

import asyncio

import pytest

from tests.fakes.call import Call, FakeEngines
from tests.fakes.clock import in_virtual_time
from tests.fakes.door import FakeDoor
from tests.fakes.engines import FakeLlm
from voi.core.facts import AnswerAsked, Fact, ReplyPlayed, TextTyped
from voi.session.clock import ConversationClock
from voi.session.events import Sound
from voi.session.line import Line
from voi.session.playback import Playback

MS = 48
"""Bytes of 24 kHz PCM in a millisecond."""
STORY = "Once upon a time there was a fox. It ran away into the wood."


class Stage:
    def __init__(self, *, paced: bool = True) -> None:
        self.loop = asyncio.get_running_loop()
        self.clock = ConversationClock(self.loop.time)
        self.door = FakeDoor()
        self.facts: list[Fact] = []
        self.playback = Playback(Line(self.door), self.facts.append, self.clock, paced=paced)

    def say(self, reply: int, ms: int) -> None:
        self.playback.open(reply)
        self.playback.put(reply, bytes(ms * MS))
        self.playback.finish(reply)
        self.playback.release(reply, reply)

    def hold(self) -> None:
        self.clock.stop()
        self.playback.hold()

    def go_on(self, unheard_ms: int = 0, reply: int = 1) -> None:
        self.playback.go_on(self.clock.go_on(), {reply: unheard_ms * MS} if unheard_ms else {})

    async def lose_the_client(self, reply: int, ms: int, *, after_s: float, away_s: float, unheard_ms: int = 0) -> int:
        """Say a reply of that length; the client is lost `after_s` later, for `away_s`, and `unheard_ms` of the reply's
        sound never arrived. Returns how much had been sent."""
        self.say(reply, ms)
        await asyncio.sleep(after_s)
        sent_ms = self.door.played_ms(reply)
        self.hold()
        await asyncio.sleep(away_s)
        assert self.door.played_ms(reply) == sent_ms, "nothing is sent meanwhile"
        self.go_on(unheard_ms, reply)
        return sent_ms

    async def over_after(self, s: float) -> None:
        """The first reply is over about then, and not before."""
        await asyncio.sleep(s - 0.1)
        assert ReplyPlayed(1) not in self.facts
        await asyncio.sleep(0.2)
        assert ReplyPlayed(1) in self.facts
        self.playback.close()


@in_virtual_time
async def test_no_sound_is_sent_while_the_client_is_away() -> None:
    stage = Stage()
    stage.say(1, 3_000)
    await asyncio.sleep(1)
    before_ms = stage.door.played_ms(1)
    stage.hold()
    await asyncio.sleep(20)
    stage.playback.put(1, b"")
    assert stage.door.played_ms(1) == before_ms
    assert ReplyPlayed(1) not in stage.facts
    stage.go_on()
    await asyncio.sleep(3)
    assert stage.door.played_ms(1) == 3_000
    assert ReplyPlayed(1) in stage.facts
    stage.playback.close()


@in_virtual_time
async def test_what_was_received_was_played_while_away_and_what_was_not_is_heard_afterwards() -> None:
    stage = Stage()
    sent_ms = await stage.lose_the_client(1, 5_000, after_s=1, away_s=10, unheard_ms=600)
    assert stage.playback.stop(1).played_ms == sent_ms - 600
    sent_ms = await stage.lose_the_client(2, 5_000, after_s=1, away_s=10, unheard_ms=600)
    await asyncio.sleep(0.2)
    assert stage.playback.stop(2).played_ms == pytest.approx(sent_ms - 400, abs=1)
    stage.playback.close()


@in_virtual_time
async def test_a_short_cut_is_shorter_than_what_the_player_holds() -> None:
    stage = Stage()
    sent_ms = await stage.lose_the_client(1, 5_000, after_s=1, away_s=0.1, unheard_ms=100)
    heard_ms = stage.playback.stop(1).played_ms
    assert heard_ms == pytest.approx(1_100, abs=1)
    assert sent_ms - heard_ms > 200


@in_virtual_time
async def test_a_reply_that_was_sent_but_did_not_arrive_is_not_over() -> None:
    stage = Stage()
    await stage.lose_the_client(1, 1_000, after_s=0.9, away_s=5, unheard_ms=1_000)
    await stage.over_after(1)


@in_virtual_time
async def test_whole_speeches_that_did_not_arrive_are_played_from_their_beginning() -> None:
    stage = Stage(paced=False)
    await stage.lose_the_client(1, 2_000, after_s=1.5, away_s=5, unheard_ms=50)
    await stage.over_after(2)


@in_virtual_time
async def test_nobody_is_idle_while_away_and_nobody_is_greeted_twice() -> None:
    reminder = {"choices": ["Are you there?"], "after_s": 5}
    async with Call(greet=True, greetings={"choices": ["Hello."]}, idle_reminder=reminder, idle_limit_s=30) as call:
        await call.until(lambda: call.answers == ["Hello."])
        await asyncio.sleep(2)
        call.session.hold()
        await asyncio.sleep(1_000)
        assert call.answers == ["Hello."]
        call.session.go_on({})
        await asyncio.sleep(3)
        assert call.answers == ["Hello.", "We were cut off for a moment. I can hear you again."]
        await asyncio.sleep(8)
        assert call.answers[-1] == "Are you there?"


@in_virtual_time
@pytest.mark.parametrize(
    ("given", "away_s", "said"),
    [(None, 9, []), ({"after_s": 4}, 5, ["We were cut off for a moment. I can hear you again."]),
     ("There you are.", 11, ["There you are."]), ([], 100, [])],
)  # fmt: skip
async def test_what_is_said_to_a_person_who_is_back(given: object, away_s: float, said: list[str]) -> None:
    async with Call(**({} if given is None else {"welcome_back": given})) as call:
        await asyncio.sleep(1)
        call.session.hold()
        await asyncio.sleep(away_s)
        call.session.go_on({})
        await asyncio.sleep(5)
        assert call.answers == said


@in_virtual_time
async def test_a_reply_goes_on_first_and_a_person_who_speaks_is_told_nothing() -> None:
    for speaks in (False, True):
        async with Call(engines=FakeEngines(llm=FakeLlm(STORY)), welcome_back="There you are.") as call:
            await call.speak(1_000)
            await call.until(lambda call=call: call.door.all(Sound))
            await asyncio.sleep(1)
            call.session.hold()
            await asyncio.sleep(20)
            call.session.go_on({})
            if speaks:
                await call.speak(1_000)
            await call.quiet(6_000)
            assert call.answers[0] == STORY or speaks
            assert ("There you are." in call.answers) is not speaks


@in_virtual_time
async def test_a_turn_that_was_cut_goes_on() -> None:
    async with Call() as call:
        await call.speak(600)
        call.session.hold()
        await asyncio.sleep(30)  # far beyond `audio_timeout_ms`
        call.session.go_on({})
        await call.speak(600)
        await call.until(lambda: call.answers)
        assert call.said == ["tell me a story please now"]
        assert len(call.engines.llm.requests) == 1


@in_virtual_time
async def test_an_answer_is_made_while_the_client_is_away_and_heard_when_it_is_back() -> None:
    async with Call(mode="chat") as call:
        call.session.tell(TextTyped("Hello"))
        call.session.tell(AnswerAsked())
        call.session.hold()
        await asyncio.sleep(5)
        assert call.answers
        assert not call.door.all(Sound)
        call.session.go_on({})
        await asyncio.sleep(5)
        assert call.door.played_ms(1) > 2_000


@in_virtual_time
async def test_holding_twice_and_going_on_without_holding() -> None:
    async with Call() as call:
        call.session.go_on({})
        call.session.hold()
        call.session.hold()
        call.session.go_on({})
        call.session.go_on({})
        await call.speak(1_200)
        await call.until(lambda: call.answers)
    call.session.hold()
    call.session.go_on({})


@in_virtual_time
async def test_whoever_is_back_was_not_idle() -> None:
    """Neither the time away counts nor that before it: they have only just found the line again."""
    async with Call(idle_reminder={"choices": ["Are you there?"], "after_s": 5}, idle_limit_s=7) as call:
        await asyncio.sleep(4.5)
        call.session.hold()
        await asyncio.sleep(8)
        call.session.go_on({})
        await asyncio.sleep(4.5)
        assert call.answers == []
        await asyncio.sleep(1)
        assert call.answers == ["Are you there?"]
