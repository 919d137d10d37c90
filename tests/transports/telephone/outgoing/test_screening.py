"""What is done about the one that took the call, in virtual time: a line, a session that notes what it is told."""

import asyncio
from typing import Any

import pytest

from tests.fakes.clock import in_virtual_time
from tests.transports.telephone.fakes import FakeLine
from voi.config.outgoing import MachinesSettings
from voi.core.end_reason import EndReason
from voi.core.facts import (
    FloorGiven,
    FloorTaken,
    Heard,
    LastWordsAsked,
    PhraseAsked,
    QuietGrew,
    SpeechGrew,
    UserStarted,
)
from voi.transports.telephone.outgoing.screening import HeardLine, Screening


class Told:
    """What the session is told."""

    def __init__(self) -> None:
        self.facts: list[Any] = []
        self.ended: EndReason | None = None

    def tell(self, fact: Any) -> None:
        self.facts.append(fact)

    def end(self, reason: EndReason) -> None:
        self.ended = reason


class Screened:
    """One call and its other side. `machines`: fields of `MachinesSettings`."""

    def __init__(
        self, *, greets: bool = True, at_once: bool = False, message: str = "", who: str = "", **machines: Any
    ) -> None:
        self.session = Told()
        self.verdicts: list[str] = []
        self.screening = Screening(
            MachinesSettings(**machines), 8_000, lambda verdict: self.verdicts.append(verdict.taken_by.value),
            greets=greets, at_once=at_once, message=message, who=who,
        )  # fmt: skip
        self.screening.open_line(self.session)  # type: ignore[arg-type]

    async def says(self, ms: int, words: str = "") -> None:
        self._step(UserStarted(0))
        for speech_ms in range(96, ms, 32):
            await asyncio.sleep(0.032)
            self._step(SpeechGrew(speech_ms))
        if words:
            self._step(Heard(1, words))

    async def quiet(self, ms: int) -> None:
        for quiet_ms in range(32, ms, 32):
            await asyncio.sleep(0.032)
            self._step(QuietGrew(quiet_ms))

    def _step(self, fact: Any) -> None:
        self.screening.step(0, fact, ())

    @property
    def kinds(self) -> list[type]:
        return [type(fact) for fact in self.session.facts]


@in_virtual_time
async def test_a_person_is_greeted_after_their_hello() -> None:
    call = Screened()
    await asyncio.sleep(1)
    await call.says(400)
    await call.quiet(700)
    assert call.session.facts == [FloorGiven(greet=True)]
    assert call.verdicts == ["person"]
    assert call.screening.talked
    call.screening.stop()


@in_virtual_time
async def test_an_agent_that_waits_does_not_greet() -> None:
    call = Screened(greets=False)
    await call.says(400)
    await call.quiet(700)
    assert call.session.facts == [FloorGiven(greet=False)]
    call.screening.stop()


@in_virtual_time
async def test_silence_is_greeted_after_a_while() -> None:
    call = Screened()
    await asyncio.sleep(4.4)
    assert not call.session.facts
    await asyncio.sleep(0.4)
    assert call.session.facts == [FloorGiven(greet=True)]
    call.screening.stop()


@in_virtual_time
async def test_at_once_is_when_the_line_is_open() -> None:
    call = Screened(at_once=True)
    await asyncio.sleep(0.35)
    assert not call.session.facts, "no sound has come yet"
    call.screening.hear(bytes(320))
    await asyncio.sleep(0.25)
    assert not call.session.facts
    await asyncio.sleep(0.2)
    assert call.session.facts == [FloorGiven(greet=True)]
    call.screening.stop()
    dead = Screened(at_once=True)
    await asyncio.sleep(1.15)
    assert dead.session.facts, "a line that sends nothing is greeted all the same"
    dead.screening.stop()


@in_virtual_time
async def test_without_detection_everybody_is_a_person() -> None:
    call = Screened(detect=False)
    await call.says(3_000, "please leave a message after the tone")
    assert call.session.facts == [FloorGiven(greet=True)]
    assert not call.verdicts
    call.screening.stop()


@in_virtual_time
async def test_who_goes_on_like_a_machine_loses_the_floor_and_gets_it_back_as_a_person() -> None:
    call = Screened()
    await call.says(2_000, "Praxis Doktor Weber")
    await call.says(900)
    assert call.verdicts == ["person"]
    await call.says(4_000)
    assert call.verdicts == ["person", "machine"]
    assert call.kinds == [FloorGiven, FloorTaken]
    assert not call.screening.talked
    await call.says(200, "Praxis Doktor Weber, was kann ich für Sie tun?")
    await asyncio.sleep(0)
    assert call.kinds == [FloorGiven, FloorTaken, FloorGiven]
    call.screening.stop()


@in_virtual_time
async def test_a_voicemail_is_hung_up_on() -> None:
    call = Screened()
    await call.says(1_000, "please leave a message")
    await asyncio.sleep(0)
    assert call.session.ended is EndReason.FINISHED
    assert not call.session.facts
    call.screening.stop()


@in_virtual_time
async def test_a_message_is_left_when_the_announcement_is_over() -> None:
    call = Screened(message="Call us.", on_voicemail="leave_message")
    await call.says(3_000, "please leave a message")
    await call.quiet(2_000)
    assert not call.session.facts
    await call.quiet(3_000)
    (last,) = call.session.facts
    assert isinstance(last, LastWordsAsked)
    assert last.phrase.text == "Call us."
    call.screening.stop()


@in_virtual_time
async def test_an_announcement_without_end_is_left() -> None:
    call = Screened(message="Call us.", on_voicemail="leave_message")
    await call.says(60_000, "please leave a message")
    await call.says(60_000)
    assert call.session.ended is EndReason.FINISHED
    assert not call.session.facts
    call.screening.stop()


@in_virtual_time
async def test_a_machine_that_began_like_a_person_is_stopped_talking_to() -> None:
    call = Screened(message="Call us.", on_voicemail="leave_message")
    await call.says(300)
    await call.quiet(700)
    await call.says(1_500, "hello you have reached the johnsons please leave a message")
    await asyncio.sleep(0.1)
    assert call.kinds == [FloorGiven, FloorTaken]
    assert call.verdicts == ["person", "voicemail"]
    assert not call.screening.talked
    call.screening.stop()


@in_virtual_time
async def test_a_screening_service_is_told_who_calls_and_then_a_person_comes() -> None:
    call = Screened(who="This is Ada of the bank.")
    await call.says(1_500, "please say your name and why you are calling")
    await asyncio.sleep(0)
    (phrase,) = call.session.facts
    assert isinstance(phrase, PhraseAsked)
    assert phrase.phrase.text == "This is Ada of the bank."
    await asyncio.sleep(8)
    await call.says(400)
    await call.quiet(700)
    assert call.kinds == [PhraseAsked, FloorGiven]
    call.screening.stop()


@pytest.mark.parametrize(("on_screening", "kinds", "ended"), [("hang_up", [], True), ("talk", [FloorGiven], False)])
def test_other_ways_with_screening(on_screening: str, kinds: list[type], ended: bool) -> None:
    @in_virtual_time
    async def run() -> None:
        call = Screened(on_screening=on_screening, who="Ada.")
        await call.says(1_500, "please say your name")
        await asyncio.sleep(0)
        assert call.kinds == kinds
        assert (call.session.ended is not None) is ended
        call.screening.stop()

    run()


@in_virtual_time
async def test_a_menu_is_hung_up_on_or_left_to_the_agent() -> None:
    call = Screened()
    await call.says(1_500, "for sales press one")
    await asyncio.sleep(0)
    assert call.session.ended is not None
    other = Screened(on_ivr="talk")
    await other.says(1_500, "for sales press one")
    await asyncio.sleep(0)
    assert other.session.facts == [FloorGiven(greet=False)]
    for each in (call, other):
        each.screening.stop()


@in_virtual_time
async def test_a_queue_is_waited_in_for_so_long() -> None:
    call = Screened(on_music_s=30)
    await call.says(1_500, "all our agents are busy please hold")
    await asyncio.sleep(25)
    assert call.session.ended is None
    await asyncio.sleep(6)
    assert call.session.ended is EndReason.FINISHED
    person = Screened(on_music_s=30)
    await person.says(1_500, "all our agents are busy please hold")
    await asyncio.sleep(20)
    await person.says(400)
    await person.quiet(700)
    assert person.session.facts == [FloorGiven(greet=True)]
    await asyncio.sleep(30)
    assert person.session.ended is None
    for each in (call, person):
        each.screening.stop()


@in_virtual_time
async def test_nothing_happens_when_the_call_is_over() -> None:
    call = Screened()
    call.screening.stop()
    await call.says(400)
    await call.quiet(700)
    call.screening.hear(bytes(320))
    await asyncio.sleep(10)
    assert not call.session.facts
    assert not call.verdicts


async def test_a_line_is_heard_by_both() -> None:
    line = FakeLine()
    heard: list[bytes] = []
    told: list[bytes | str] = []

    class Listener:
        def sound(self, pcm: bytes) -> None:
            told.append(pcm)

        def key(self, key: str) -> None:
            told.append(key)

        played = fault = gone = key

    both = HeardLine(line, heard.append)  # type: ignore[arg-type]
    both.open(Listener())  # type: ignore[arg-type]
    line.hear(b"\1\2")
    line.press_key("5")
    assert (heard, told) == ([b"\1\2"], [b"\1\2", "5"])
    assert both.press("1")
    both.play(1, b"\0\0")
    both.clear(1)
    both.finish(1)
    assert both.backlog_bytes == 0
    await both.aclose()
    assert line.closed == 1
