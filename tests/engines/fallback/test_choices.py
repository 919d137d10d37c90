"""When a first choice rests, and when it is asked again."""

import asyncio
import logging

import pytest

from tests.fakes.clock import in_virtual_time
from voi.engines.fallback import choices
from voi.engines.fallback.choices import FIRST_REST_S, LONGEST_REST_S, TRIAL_S, Fallbacks, Takeover, TooSlow
from voi.errors import EngineError

DOWN = EngineError("It is down.", retryable=True)
REFUSED = EngineError("The text is too long.")


async def after(seconds: float) -> None:
    await asyncio.sleep(seconds)


def ask(fallbacks: Fallbacks) -> choices.Trial | None:
    return fallbacks.ask("llm", "big", "small")


def fail(fallbacks: Fallbacks, error: EngineError = DOWN) -> None:
    trial = ask(fallbacks)
    assert trial is not None
    trial.failed(error)


@in_virtual_time
async def test_it_rests_after_a_failure_and_is_tried_by_one_call_alone() -> None:
    fallbacks = Fallbacks()
    fail(fallbacks)
    assert fallbacks.resting == ["LLM big"]
    assert ask(fallbacks) is None
    await after(FIRST_REST_S + 0.1)
    trial = ask(fallbacks)
    assert trial is not None
    assert ask(fallbacks) is None, "one call tries it"
    trial.worked()
    assert ask(fallbacks) is not None
    assert not fallbacks.resting


@in_virtual_time
async def test_a_trial_of_which_nothing_comes_is_followed_by_another() -> None:
    fallbacks = Fallbacks()
    fail(fallbacks)
    await after(FIRST_REST_S + 0.1)
    assert ask(fallbacks) is not None  # the caller hung up
    await after(TRIAL_S + 0.1)
    assert ask(fallbacks) is not None


@in_virtual_time
async def test_each_rest_is_longer_up_to_a_bound_and_the_next_failure_begins_anew() -> None:
    fallbacks = Fallbacks()
    rest_s = FIRST_REST_S
    while rest_s < LONGEST_REST_S:
        fail(fallbacks)
        await after(rest_s - 0.1)
        assert ask(fallbacks) is None
        await after(0.2)
        rest_s = min(LONGEST_REST_S, 2 * rest_s)
    trial = ask(fallbacks)
    assert trial is not None
    trial.worked()
    fail(fallbacks)
    await after(FIRST_REST_S + 0.1)
    assert ask(fallbacks) is not None


@in_virtual_time
async def test_fifty_calls_that_fail_together_make_it_rest_once() -> None:
    fallbacks = Fallbacks()
    trials = [ask(fallbacks) for _ in range(50)]
    await after(3)
    for trial in trials:
        assert trial is not None
        trial.failed(TooSlow("big", 3))
    await after(FIRST_REST_S + 0.1)
    assert ask(fallbacks) is not None
    assert fallbacks.counts[Takeover("llm", "big", "small", "slow")] == 50


@in_virtual_time
async def test_one_failure_among_calls_that_work_does_not_change_the_voice_of_all() -> None:
    fallbacks = Fallbacks()
    unlucky = ask(fallbacks)
    await after(1)
    lucky = ask(fallbacks)
    assert lucky is not None
    assert unlucky is not None
    lucky.worked()
    unlucky.failed(DOWN)
    assert ask(fallbacks) is not None


@in_virtual_time
async def test_a_late_success_of_a_call_from_before_the_failure_ends_no_rest() -> None:
    fallbacks = Fallbacks()
    early = ask(fallbacks)
    await after(1)
    fail(fallbacks)
    assert early is not None
    early.worked()
    assert ask(fallbacks) is None


@in_virtual_time
async def test_refusals_may_be_the_callers_fault_unless_they_go_on() -> None:
    fallbacks = Fallbacks()
    fail(fallbacks, REFUSED)
    fail(fallbacks, REFUSED)
    assert ask(fallbacks) is not None
    fail(fallbacks, REFUSED)
    assert ask(fallbacks) is None, "a wrong key refuses everybody"


@in_virtual_time
async def test_an_account_without_credit_rests_at_once() -> None:
    fallbacks = Fallbacks()
    fail(fallbacks, EngineError("No credit left.", limit=True))
    assert ask(fallbacks) is None
    assert fallbacks.counts[Takeover("llm", "big", "small", "limit")] == 1


@in_virtual_time
async def test_names_that_clients_make_up_fill_no_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(choices, "KNOWN_MAX", 2)
    fallbacks = Fallbacks()
    for number in range(4):
        trial = fallbacks.ask("llm", f"made up {number}", "small")
        assert trial is not None
        trial.failed(DOWN)
    assert len(fallbacks.states()) == 2
    assert fallbacks.counts[Takeover("llm", choices.OTHER, choices.OTHER, "failed")] == 2


@in_virtual_time
async def test_one_line_for_each_takeover_and_one_when_it_works_again(caplog: pytest.LogCaptureFixture) -> None:
    fallbacks = Fallbacks()
    with caplog.at_level(logging.INFO, "voi"):
        fail(fallbacks)
        ask(fallbacks)
        await after(FIRST_REST_S + 0.1)
        trial = ask(fallbacks)
        assert trial is not None
        trial.worked()
    assert [record.getMessage() for record in caplog.records] == [
        "llm: small takes over from big (failed), and big is not asked for 15 s: It is down.",
        "llm big works again",
    ]
    assert fallbacks.counts[Takeover("llm", "big", "small", "resting")] == 1
