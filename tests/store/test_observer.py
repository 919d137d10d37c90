from dataclasses import replace
from typing import Any

import pytest

from tests.fakes.call import Call, FakeEngines
from tests.fakes.clock import in_virtual_time
from tests.fakes.engines import FakeStt
from tests.store.calls import began
from voi.core import actions as do
from voi.core import facts as was
from voi.core.script import Script
from voi.dialogue import Phrase
from voi.session.failure import Failure
from voi.session.lookups import LookedUp
from voi.store import observer
from voi.store.entries import Began, Changed, Entry, FailureTold, LookupTold, TurnTaken, WordsShown
from voi.store.observer import CallObserver


def watching(*, words: bool) -> tuple[CallObserver, list[Entry]]:
    told: list[Entry] = []
    return CallObserver(began(), told.append, words=words, clock_ms=lambda: 1_790_000_060_000), told


def of(kind: type, told: list[Entry]) -> list[Any]:
    return [entry for entry in told if isinstance(entry, kind)]


@in_virtual_time
async def test_a_call_is_told_as_it_happens() -> None:
    looks_on, told = watching(words=True)
    engines = FakeEngines(stt=FakeStt("tell me a story please now"))
    async with Call(engines=engines, observers=[looks_on]) as call:
        await call.speak(1_200)
        await call.until(lambda: call.answers)
        await call.quiet(6_000)
    assert isinstance(told[0], Began)
    shown = {entry.message_id: (entry.role, entry.text) for entry in of(WordsShown, told)}
    assert ("user", "tell me a story please now") in shown.values()
    assert [text for role, text in shown.values() if role == "assistant"] == call.answers
    assert [entry.times for entry in of(TurnTaken, told)] == call.turns
    (changed,) = of(Changed, told)
    assert changed is told[-1]
    values = changed.values
    assert values["ended_ms"] == 1_790_000_060_000
    assert values["answers"] == 1
    assert 1_200 <= values["heard_ms"] <= 4_000
    assert values["spoken_ms"] > 1_000
    assert values["written_characters"] >= len(call.answers[0])


@in_virtual_time
async def test_words_are_kept_only_where_they_are_wanted() -> None:
    looks_on, told = watching(words=False)
    async with Call(observers=[looks_on]) as call:
        await call.speak(1_200)
        await call.until(lambda: call.answers)
    assert of(WordsShown, told) == []
    assert of(TurnTaken, told)


async def test_failures_are_counted_and_bounded(monkeypatch: Any) -> None:
    monkeypatch.setattr(observer, "FAILURES_MAX", 2)
    looks_on, told = watching(words=True)
    for _ in range(5):
        looks_on.failure(Failure("llm", "openai", "gpt", "it failed", 10))
    assert [entry.number for entry in of(FailureTold, told)] == [1, 2]


@pytest.mark.parametrize(
    ("said", "played", "told_ai"),
    [("An AI.", True, True), ("An AI.", False, False), ("The rest of a reply.", True, False)],
)
def test_only_a_notice_that_was_heard_counts(said: str, played: bool, told_ai: bool) -> None:
    told: list[Entry] = []
    looks_on = CallObserver(began(), told.append, words=False, tells_ai=True)
    looks_on.begin(Script(notice=Phrase("An AI.")))
    looks_on.step(0, was.Opened(), (do.SayPhrase(1, said),))
    looks_on.step(900, was.ReplyPlayed(1) if played else was.ReplyStopped(1, 300), ())
    heard = [{"told_ai": True, "told_recording": False}]
    assert [entry.values for entry in of(Changed, told)] == (heard if told_ai else [])


def test_which_files_answers_were_given_is_told_and_their_names_where_words_are_kept() -> None:
    given = LookedUp(1, "context", ("a.md, Hours", "b.pdf, page 3"), 900, 2, early=True)
    for words, sources in ((True, given.sources), (False, ())):
        looks_on, told = watching(words=words)
        looks_on.looked_up(replace(given, sources=(), characters=0))
        looks_on.looked_up(given)
        (entry,) = of(LookupTold, told)
        assert entry.lookup == replace(given, sources=sources)
        assert entry.number == 1


def test_lookups_beyond_a_limit_are_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(observer, "LOOKUPS_MAX", 2)
    looks_on, told = watching(words=True)
    for _ in range(5):
        looks_on.looked_up(LookedUp(1, "tool", ("a.md",), 9, 2))
    assert len(of(LookupTold, told)) == 2
