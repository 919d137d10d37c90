"""Observers: told what they want to know, and let go when they fail."""

import asyncio
import logging
import time

import pytest

from tests.fakes.call import Call, FakeRecorder
from tests.fakes.clock import in_virtual_time
from voi.core.actions import EndUtterance
from voi.core.facts import Fact, HungUp, QuietGrew, SpeechGrew
from voi.errors import EngineError
from voi.session import observer
from voi.session.observer import Observer, Observers

LOG = logging.LoggerAdapter(logging.getLogger("voi.test"), {})


class Failing(Observer):
    """Raises at its `at`-th step, with words in its text that nobody may read in a log."""

    def __init__(self, at: int) -> None:
        self.steps = 0
        self.at = at
        self.closed = 0

    def step(self, now_ms: int, fact: Fact, actions: object) -> None:
        self.steps += 1
        if self.steps == self.at:
            raise ValueError("secret words")

    async def close(self) -> None:
        self.closed += 1


@in_virtual_time
async def test_an_observer_that_raises_is_dropped_and_the_call_goes_on(caplog: pytest.LogCaptureFixture) -> None:
    failing, recorder = Failing(at=5), FakeRecorder()
    async with Call(observers=[failing, recorder]) as call:
        await call.speak(1_200)
        await call.until(lambda: call.answers)
    assert failing.steps == 5
    assert (failing.closed, recorder.closed) == (1, 1)
    assert HungUp() in [fact for _, fact, _ in recorder.facts]
    assert call.observers_failed == ["Failing"]
    assert caplog.text.count("Failing observes this conversation no more: it raised ValueError") == 1
    assert "secret" not in caplog.text


def test_a_step_that_all_pass_over_and_no_action_follows_is_told_nobody() -> None:
    class Calm(Observer):
        passes_over = frozenset({SpeechGrew, QuietGrew})

        def step(self, now_ms: int, fact: Fact, actions: object) -> None: ...

    class Eager(Failing):
        passes_over = frozenset({SpeechGrew})

    def wanted(*all_of_them: Observer) -> list[bool]:
        observers = Observers(all_of_them, LOG)
        return [observers.wants_step(fact, ()) for fact in (SpeechGrew(32), QuietGrew(32), HungUp())]

    assert wanted(Calm()) == [False, False, True]
    assert wanted(Calm(), Eager(1)) == [False, True, True]
    assert wanted(Calm(), Failing(1)) == [True, True, True]
    assert wanted() == [False, False, False]
    assert Observers([Calm()], LOG).wants_step(QuietGrew(32), (EndUtterance(1),))


def test_one_that_is_slow_again_and_again_is_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(observer, "SLOW_S", 0.001)

    class Slow(Observer):
        told = 0

        def user_sound(self, pcm: bytes) -> None:
            self.told += 1
            time.sleep(0.002)

    slow, failed = Slow(), list[str]()
    observers = Observers([slow], LOG, failed.append)
    for _ in range(10):
        observers.user_sound(b"")
    assert slow.told == observer.SLOW_MAX
    assert failed == ["Slow"]
    assert not observers.wants("user_sound")


def test_nobody_is_asked_for_what_nobody_looks_at() -> None:
    class Turns(Observer):
        def turn(self, times: object) -> None: ...

    observers = Observers([Turns()], LOG)
    assert observers.wants("turn")
    assert not any(map(observers.wants, ("begin", "step", "user_sound", "agent_sound")))


async def test_what_goes_wrong_at_the_close_is_logged_and_counted(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(observer, "CLOSE_S", 0.01)

    class Closing(Observer):
        def __init__(self, error: Exception | None) -> None:
            self.error = error

        async def close(self) -> None:
            if self.error:
                raise self.error
            await asyncio.Event().wait()

    class Quick(Observer):
        closed = False

        async def close(self) -> None:
            self.closed = True

    failed: list[str] = []
    quick = Quick()
    errors = [OSError("disk full"), EngineError("broken"), ValueError("secret"), None]
    closing = [Closing(error) for error in errors]
    await Observers([*closing, quick], LOG, failed.append).close()
    assert failed == ["Closing"] * 4
    assert quick.closed
    for said in ("disk full", "broken", "ValueError", "TimeoutError"):
        assert said in caplog.text
    assert "secret" not in caplog.text
