"""Transfers for which a colleague is asked, over two lines that play in (virtual) real time."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from tests.fakes.clock import in_virtual_time
from tests.fakes.dialer import FakeDialer, PhoneInRealTime
from tests.fakes.engines import FakeStt, FakeVad
from voi.audio.pcm import from_scaled
from voi.config.agents import Agent
from voi.config.transfers import CallTransfer
from voi.core.end_reason import EndReason
from voi.errors import EngineError
from voi.session import events
from voi.session.ear_beside import EarBeside
from voi.transports.telephone.consulted_transfer import GOES_ON, OUTCOMES
from voi.transports.telephone.door import ALREADY, NO_COLLEAGUE, PASSED_ON, TelephoneDoor
from voi.transports.telephone.hold_music import made_music
from voi.transports.telephone.line import TransferUnsupported
from voi.transports.telephone.outgoing.dialers import Dialers
from voi.transports.telephone.outgoing.second_calls import SecondCalls

RATE_HZ = 8_000
BRIEFING_HZ, CALLER_HZ, COLLEAGUE_HZ = 1_000, 2_000, 3_000
TARGET = "+4930123456"


def tone(hz: int, seconds: float) -> bytes:
    return from_scaled(8_000 * np.sin(2 * np.pi * hz * np.arange(round(seconds * RATE_HZ)) / RATE_HZ))


def level(pcm: bytes, hz: int) -> float:
    """How much of that tone there is, in parts of full scale."""
    samples = np.frombuffer(bytes(pcm), np.int16) / 32_768
    if not len(samples):
        return 0.0
    pieces = [samples[at : at + 400] for at in range(0, len(samples) - 399, 400)] or [samples]
    return max(2 * abs(np.mean(each * np.exp(-2j * np.pi * hz * np.arange(len(each)) / RATE_HZ))) for each in pieces)


class AskingSession:
    """What a transfer needs of a `Session`: speaks a tone, hears what a fake ear says."""

    def __init__(self, *said: str, summary: str | Exception = "Anna, about an invoice.") -> None:
        self.agent = Agent(llm_model="m", language="en")
        self.about = {"caller": "+49301"}
        self.quiet = self.summarizes = True
        self.held = 0
        self.went_on: list[bool] = []
        self.answers: list[tuple[str, str, bool]] = []
        self.ended: list[EndReason] = []
        self.heard = b""
        self.keys = ""
        self.told: list[str] = []
        """What the colleague was told."""
        self.ears = 0
        self._summary = summary
        self._stt, self._vad = FakeStt(*said), FakeVad()

    @property
    def beside(self) -> "AskingSession":
        return self

    async def answer(self, instructions: str, messages: None) -> str:
        await asyncio.sleep(0.5)
        if isinstance(self._summary, Exception):
            raise self._summary
        return self._summary

    async def speech(self, text: str) -> AsyncGenerator[bytes, None]:
        self.told.append(text)
        for _ in range(4):
            yield tone(BRIEFING_HZ, 0.5)

    def ear(self, rate_hz: int) -> EarBeside:
        self.ears += 1
        return EarBeside(self._stt, self._vad, self.agent, rate_hz, lambda use: None)

    def hold(self) -> None:
        self.held += 1

    def go_on(self, unheard: dict[int, int], *, welcome: bool = True) -> None:
        self.went_on.append(welcome)

    def hear(self, pcm: bytes) -> None:
        self.heard += pcm

    def key_pressed(self, key: str) -> None:
        self.keys += key

    def sound_played(self, message_id: int, given_bytes: int) -> None:
        assert message_id >= 0

    def door_answers(self, number: str, result: str, *, failed: bool = False) -> None:
        self.answers.append((number, result, failed))

    def end(self, reason: EndReason) -> None:
        self.ended.append(reason)


class Stage:
    """A caller, an agent, and a colleague behind a dialer."""

    def __init__(self, session: AskingSession, dialer: FakeDialer | None = None, **outgoing: Any) -> None:
        self.session = session
        self.dialer = dialer or FakeDialer(ring_s=1.0)
        self.dialers = Dialers()
        self.dialers.sources.append({"desk": self.dialer}.get)
        config = SimpleNamespace(phones=None)
        self.second_calls = SecondCalls(self.dialers, lambda: config, None)  # type: ignore[arg-type, return-value]
        self.caller = PhoneInRealTime(self.caller_leaves)
        self.faults: list[str] = []
        self.door = TelephoneDoor(
            self.caller, self.caller, on_fault=self.faults.append, ring_up=self.second_calls.of("desk")
        )
        self.door.open(session)  # type: ignore[arg-type]

    def caller_leaves(self) -> None:
        self.door.tell(events.Ended(EndReason.TRANSFERRED if self.door.passed_on else EndReason.CLIENT_HUNG_UP))

    @property
    def colleague(self) -> PhoneInRealTime:
        return self.dialer.phones[-1]

    def ask(self, **fields: Any) -> None:
        given = {"to": TARGET, "way": "warm", "briefing": "A call for you. {summary} From {caller}. Press 1."}
        self.door.tell(events.TransferAsked("1", TARGET, CallTransfer.model_validate(given | fields)))

    async def until(self, seen: Callable[[], object], timeout_s: float = 60.0) -> None:
        async with asyncio.timeout(timeout_s):
            while not seen():  # noqa: ASYNC110
                await asyncio.sleep(0.02)

    async def told(self) -> None:
        """The colleague has heard the briefing."""
        await self.until(lambda: self.session.told)
        await asyncio.sleep(2.6)

    async def over(self) -> None:
        """All is given back."""
        await self.door.aclose()
        await self.second_calls.close()
        assert self.caller.closed == 1
        assert all(phone.closed and phone.ended for phone in self.dialer.phones)
        assert not self.second_calls.under_way
        assert not len(self.second_calls.tasks)
        others = asyncio.all_tasks() - {asyncio.current_task()}
        await asyncio.sleep(0.1)
        assert not [task for task in others if not task.done()]

    def check_private(self) -> None:
        """Nobody heard what was not for them."""
        assert level(self.caller.heard, BRIEFING_HZ) < 0.01
        assert level(self.colleague.heard, 440) < 0.01, "no music"


@in_virtual_time
async def test_the_colleague_takes_the_call_by_a_key() -> None:
    stage = Stage(AskingSession())
    stage.ask()
    await asyncio.sleep(0.5)
    assert stage.session.held == 1, "while it rings"
    stage.caller.say(tone(CALLER_HZ, 6))
    await stage.told()
    assert stage.session.told == ["A call for you. Anna, about an invoice. From +49301. Press 1."]
    stage.check_private()
    assert level(stage.caller.heard, 440) > 0.02, "music"
    assert level(stage.colleague.heard, BRIEFING_HZ) > 0.1
    assert level(stage.colleague.heard, CALLER_HZ) < 0.01, "and is not heard meanwhile"
    assert stage.session.heard.count(b"\0") == len(stage.session.heard), "the agent does not listen to the queue"
    stage.colleague._listener.key("1")  # type: ignore[union-attr]
    await asyncio.sleep(0.1)
    assert stage.session.answers == [("1", PASSED_ON, False)]
    before = len(stage.caller.heard), len(stage.colleague.heard)
    stage.caller.said.clear()
    stage.caller.say(tone(CALLER_HZ, 2))
    stage.colleague.say(tone(COLLEAGUE_HZ, 2))
    await asyncio.sleep(3)
    to_caller, to_colleague = stage.caller.heard[before[0] :], stage.colleague.heard[before[1] :]
    assert level(to_caller, COLLEAGUE_HZ) > 0.1
    assert level(to_caller, 440) < 0.02, "the music is over"
    assert level(to_colleague, CALLER_HZ) > 0.1
    stage.check_private()
    assert stage.session.ended == []
    stage.colleague.leave()
    await asyncio.sleep(0.1)
    assert stage.session.ended == [EndReason.TRANSFERRED]
    assert stage.session.went_on == []
    assert stage.faults == []
    await stage.over()


@in_virtual_time
async def test_the_sound_between_the_two_is_whole_and_soon_there() -> None:
    stage = Stage(AskingSession())
    stage.ask()
    await stage.told()
    stage.colleague._listener.key("1")  # type: ignore[union-attr]
    await asyncio.sleep(0.5)
    before = len(stage.colleague.heard)
    stage.caller.say(tone(CALLER_HZ, 2))
    await asyncio.sleep(2.2)
    heard = np.frombuffer(bytes(stage.colleague.heard[before:]), np.int16)
    spoken = np.flatnonzero(np.abs(heard) > 100)
    assert spoken[-1] - spoken[0] == pytest.approx(2 * RATE_HZ, abs=10), "no gap, nothing twice"
    assert spoken[0] <= 0.1 * RATE_HZ
    stage.caller_leaves()
    await stage.over()


@in_virtual_time
async def test_the_colleague_takes_the_call_by_a_word() -> None:
    stage = Stage(AskingSession("Yes, please."))
    stage.ask(accept_words=["yes"], refuse_words=["no"])
    await stage.told()
    stage.colleague.say(tone(COLLEAGUE_HZ, 0.6))
    await stage.until(lambda: stage.session.answers)
    assert stage.session.answers == [("1", PASSED_ON, False)]
    stage.caller_leaves()
    await stage.over()
    assert stage.session.ears == 1


@in_virtual_time
async def test_what_is_said_during_the_briefing_accepts_nothing() -> None:
    stage = Stage(AskingSession("yes", "yes"))
    stage.ask(accept_words=["yes"])
    await stage.until(lambda: stage.session.told)
    stage.colleague.say(tone(COLLEAGUE_HZ, 1))  # such as the echo of the question
    await asyncio.sleep(4)
    assert stage.session.answers == []
    stage.caller_leaves()
    await stage.over()


@pytest.mark.parametrize("how", ["key", "word"])
def test_the_colleague_refuses(how: str) -> None:
    @in_virtual_time
    async def run() -> None:
        stage = Stage(AskingSession("No, yes, later."))
        stage.ask(accept_words=["yes"], refuse_words=["no"], on_failure="She is busy.")
        await stage.told()
        if how == "key":
            stage.colleague._listener.key("2")  # type: ignore[union-attr]
        else:
            stage.colleague.say(tone(COLLEAGUE_HZ, 0.6))
        await stage.until(lambda: stage.session.answers)
        expected = f'{OUTCOMES["refused"]} {GOES_ON} Tell them this: "She is busy."'
        assert stage.session.answers == [("1", expected, True)]
        assert stage.session.went_on == [False]
        assert stage.faults == ["transfer_refused"]
        assert stage.colleague.closed == 1
        before = len(stage.caller.heard)
        stage.caller.say(tone(CALLER_HZ, 1))
        await asyncio.sleep(1.5)
        assert len(stage.caller.heard) == before, "the music is over"
        assert level(stage.session.heard, CALLER_HZ) > 0.1, "and the agent listens again"
        stage.check_private()
        stage.door.tell(events.Ended(EndReason.CLIENT_HUNG_UP))
        await stage.over()

    run()


@pytest.mark.parametrize(
    ("behaviour", "outcome"),
    [("busy", "busy"), ("no_answer", "no_answer"), ("rings on", "no_answer"), ("unreachable", "unreachable"),
     ("breaks", "failed"), ("gone at once", "hung_up")],
)  # fmt: skip
def test_nobody_takes_it(behaviour: Any, outcome: str) -> None:
    @in_virtual_time
    async def run() -> None:
        stage = Stage(AskingSession(), FakeDialer(behaviour, ring_s=1.0))
        stage.ask(ring_timeout_s=10)
        await stage.until(lambda: stage.session.answers)
        assert stage.session.answers == [("1", f"{OUTCOMES[outcome]} {GOES_ON}", True)]
        assert stage.session.went_on == [False]
        assert stage.faults == [f"transfer_{outcome}"]
        stage.dialer.freed.set()
        stage.door.tell(events.Ended(EndReason.CLIENT_HUNG_UP))
        await stage.over()

    run()


@in_virtual_time
async def test_an_answering_machine_takes_no_call() -> None:
    stage = Stage(AskingSession())
    stage.ask(answer_timeout_s=5)
    await stage.until(lambda: stage.session.answers)
    assert len(stage.session.told) == 2
    assert stage.session.answers == [("1", f"{OUTCOMES['no_answer']} {GOES_ON}", True)]
    stage.door.tell(events.Ended(EndReason.CLIENT_HUNG_UP))
    await stage.over()


@pytest.mark.parametrize("when_s", [0.2, 0.7, 2.0, 3.5, 6.0])
@pytest.mark.parametrize("words", [(), ("yes",)])
def test_the_caller_hangs_up_meanwhile(when_s: float, words: tuple[str, ...]) -> None:
    @in_virtual_time
    async def run() -> None:
        stage = Stage(AskingSession())
        stage.ask(accept_words=words)
        await asyncio.sleep(when_s)
        stage.caller.leave()
        await stage.over()
        assert not any(failed is False for _, _, failed in stage.session.answers)

    run()


@in_virtual_time
async def test_the_colleague_hangs_up_during_the_briefing() -> None:
    stage = Stage(AskingSession())
    stage.ask()
    await stage.until(lambda: stage.session.told)
    await asyncio.sleep(1)
    stage.colleague.leave()
    await stage.until(lambda: stage.session.answers)
    assert stage.session.answers == [("1", f"{OUTCOMES['hung_up']} {GOES_ON}", True)]
    stage.door.tell(events.Ended(EndReason.CLIENT_HUNG_UP))
    await stage.over()


@in_virtual_time
async def test_the_colleagues_sound_stops_and_the_call_ends() -> None:
    stage = Stage(AskingSession())
    stage.ask()
    await stage.told()
    stage.colleague._listener.key("1")  # type: ignore[union-attr]
    await asyncio.sleep(1)
    stage.colleague._listener.gone("no sound came for 30 s")  # type: ignore[union-attr]
    await asyncio.sleep(0.1)
    assert stage.session.ended == [EndReason.TRANSFERRED]
    await stage.over()


@in_virtual_time
async def test_two_who_talk_for_too_long_and_a_server_that_stops() -> None:
    stage = Stage(AskingSession(), FakeDialer(ring_s=1.0))
    stage.ask(longest_minutes=1)
    await stage.told()
    stage.colleague._listener.key("1")  # type: ignore[union-attr]
    await asyncio.sleep(61)
    assert stage.session.ended == [EndReason.TRANSFERRED]
    assert stage.faults == ["transfer_too_long"]
    stage.door.tell(events.Ended(EndReason.TRANSFERRED))
    await stage.over()
    stopped = Stage(AskingSession())
    stopped.second_calls.stop()
    stopped.ask()
    await asyncio.sleep(0.2)
    assert stopped.session.answers == [("1", f"{OUTCOMES['unreachable']} {GOES_ON}", True)]
    assert stopped.dialer.dials == []
    stopped.door.tell(events.Ended(EndReason.DRAINED))
    await stopped.over()


@in_virtual_time
async def test_the_music_waits_for_what_the_agent_says_before() -> None:
    stage = Stage(AskingSession())
    stage.session.quiet = False
    stage.ask()
    await asyncio.sleep(1.5)
    assert stage.session.held == 0
    assert not stage.caller.heard
    stage.session.quiet = True
    await asyncio.sleep(1)
    assert stage.session.held == 1
    assert level(stage.caller.heard, 440) > 0.02
    stage.door.tell(events.RequestWithdrawn("1"))
    await asyncio.sleep(0.2)
    assert stage.session.went_on == [False]
    stage.door.tell(events.Ended(EndReason.CLIENT_HUNG_UP))
    await stage.over()


@in_virtual_time
async def test_a_summary_that_fails_and_one_that_is_late() -> None:
    stage = Stage(AskingSession(summary=EngineError("no")))
    stage.ask()
    await stage.told()
    assert stage.session.told == ["A call for you.  From +49301. Press 1."]
    stage.door.tell(events.Ended(EndReason.CLIENT_HUNG_UP))
    await stage.over()


@pytest.mark.parametrize("error", [None, EngineError("the REFER was refused"), TransferUnsupported()])
def test_attended_without_voi_where_the_lines_can(error: Exception | None, monkeypatch: pytest.MonkeyPatch) -> None:
    connected: list[Any] = []

    async def connect(phone: PhoneInRealTime, other: Any) -> None:
        connected.append(other)
        await asyncio.sleep(0.5)
        if error is not None:
            raise error

    monkeypatch.setattr(PhoneInRealTime, "connect", connect)

    @in_virtual_time
    async def run() -> None:
        stage = Stage(AskingSession())
        stage.ask(way="attended", briefing="")
        await stage.until(lambda: stage.session.answers)
        assert stage.session.answers == [("1", PASSED_ON, False)]
        assert stage.session.told == []
        stage.caller.say(tone(CALLER_HZ, 2))
        await asyncio.sleep(1)
        assert connected == [stage.colleague]
        assert level(stage.colleague.heard, CALLER_HZ) > 0.1, "they hear each other at once, whatever comes of it"
        assert stage.session.ended == ([] if error else [EndReason.TRANSFERRED])
        assert stage.faults == (["transfer_not_replaced"] if isinstance(error, EngineError) else [])
        stage.caller_leaves()
        await stage.over()

    run()


@in_virtual_time
async def test_one_at_a_time_and_none_where_nobody_can_be_rung_up() -> None:
    stage = Stage(AskingSession())
    stage.ask()
    stage.ask()
    await asyncio.sleep(0.1)
    assert stage.session.answers == [("1", ALREADY, True)]
    stage.door.tell(events.Ended(EndReason.CLIENT_HUNG_UP))
    await stage.over()
    alone = TelephoneDoor(stage.caller, stage.caller)
    session = AskingSession()
    alone.open(session)  # type: ignore[arg-type]
    alone.tell(events.TransferAsked("1", TARGET, CallTransfer(to=TARGET, way="warm", briefing="x")))
    await asyncio.sleep(0.1)
    assert session.answers == [("1", NO_COLLEAGUE, True)]
    await alone.aclose()


def test_music_is_made_once_and_is_quiet() -> None:
    music = made_music(RATE_HZ)
    samples = np.abs(np.frombuffer(music, np.int16).astype(int))
    assert len(music) == 12 * 2 * RATE_HZ
    assert 2_000 < samples.max() < 16_000
    assert abs(int(samples[-1]) - int(samples[0])) < 2_000, "it can be repeated"
    assert made_music(RATE_HZ) is music
