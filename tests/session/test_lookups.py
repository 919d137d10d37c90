"""What an answer is given of the agent's files, through whole sessions and alone."""

import asyncio
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.fakes.call import VOICES, Call, FakeEngines, FakeRecorder
from tests.fakes.clock import in_virtual_time
from tests.fakes.engines import FakeLlm, FakeStt, calls_of
from voi.config.knowledge import Knowledge
from voi.core.facts import AnswerAsked, Continued, TextTyped
from voi.core.kept import Kept
from voi.dialogue import Image, Message, ToolCall
from voi.errors import EngineError
from voi.knowledge.collection import KnowledgeCollection, Query
from voi.knowledge.excerpts import BEGIN, END
from voi.knowledge.index import Passage, PassageIndex, write_index
from voi.knowledge.vectors import VectorIndex
from voi.session import lookups
from voi.session.failure import Failure
from voi.session.lookups import LookedUp, Lookups
from voi.session.metering import Metering
from voi.tasks import Tasks
from voi.use import Use

PASSAGES = (
    Passage("hours.md", "Hours", "The library opens at nine."),
    Passage("prices.csv", "rows 1 to 2", "Plan: Blue; Price: 9"),
    Passage("dogs.pdf", "page 3", "Dogs must stay outside."),
)

DOCS = "docs"


class Slow(KnowledgeCollection):
    """Counts its searches by words, which take `takes_s`."""

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self.takes_s = 0.0
        self.asked: list[Query] = []

    async def rank_by_words(self, asked: Query) -> list[int]:
        self.asked.append(asked)
        await asyncio.sleep(self.takes_s)
        return await super().rank_by_words(asked)


def collection(folder: Path, embed: Any = None, **knowledge: Any) -> Slow:
    path = folder / "index.sqlite"
    if not path.exists():
        write_index(path, PASSAGES)
    vectors = VectorIndex(np.eye(3, dtype=np.float32)) if embed else None
    drawn_on = Knowledge(files=("docs",), embeddings="e" if embed else None, **knowledge)
    return Slow(drawn_on, PassageIndex(path), vectors, embed)


class Seen(FakeRecorder):
    def __init__(self) -> None:
        super().__init__()
        self.lookups: list[LookedUp] = []
        self.failures: list[Failure] = []

    def looked_up(self, lookup: LookedUp) -> None:
        self.lookups.append(lookup)

    def failure(self, failure: Failure) -> None:
        self.failures.append(failure)

    @property
    def sources(self) -> list[tuple[str, ...]]:
        return [lookup.sources for lookup in self.lookups if lookup.sources]


def asked(llm: FakeLlm, number: int = -1) -> str:
    """The text of the last message of a request."""
    return llm.requests[number].messages[-1].text


@in_virtual_time
async def test_excerpts_stand_before_the_persons_words_and_in_no_history(tmp_path: Path) -> None:
    engines, seen = FakeEngines(stt=FakeStt("when does the library open today please")), Seen()
    files = collection(tmp_path)
    async with Call(engines=engines, knowledge=DOCS, files=files, observers=[seen]) as call:
        await call.speak(2_000)
        await call.until(lambda: call.answers)
        await call.quiet(6_000)
        first = asked(engines.llm)
        assert first.startswith(BEGIN)
        assert '"The library opens at nine."' in first
        assert first.endswith(f"{END}\n{call.said[0]}")
        assert "library" in call.said[0]
        await call.speak(2_000)
        await call.until(lambda: len(call.answers) == 2)
        texts = [message.text for message in engines.llm.requests[-1].messages]
        assert sum(BEGIN in text for text in texts) == 1, "only the newest words have excerpts"
        assert BEGIN in texts[-1]
        assert not any(BEGIN in entry.text for entry in call.session.dialogue())
    assert ("hours.md, Hours",) in seen.sources


@in_virtual_time
async def test_a_conversation_that_moved_draws_on_the_files_of_the_agent_that_had_taken_over(tmp_path: Path) -> None:
    """And not on those of the agent that began it, which has none here."""
    librarian = {"llm_model": "fake", "voices": VOICES, "knowledge": DOCS}
    call = Call(
        engines=FakeEngines(stt=FakeStt("when does the library open today please")), files=collection(tmp_path),
        others={"librarian": librarian}, shared={"continued": Continued(Kept(agent="librarian"))},
    )  # fmt: skip
    async with call:
        await call.speak(2_000)
        await call.until(lambda: call.answers)
        assert asked(call.engines.llm).startswith(BEGIN)


@in_virtual_time
async def test_a_partial_transcript_asks_so_the_answer_waits_for_nothing(tmp_path: Path) -> None:
    stt = FakeStt("when does the library open today please", partials=True)
    engines, seen, files = FakeEngines(stt=stt), Seen(), collection(tmp_path)
    files.takes_s = 0.1
    async with Call(engines=engines, knowledge=DOCS, files=files, observers=[seen]) as call:
        await call.speak(2_000)
        await call.until(lambda: call.answers)
        assert len(files.asked) > 1
        assert call.said[0] == files.asked[-1].words
    assert seen.lookups
    assert all(lookup.early and lookup.took_ms == 0 for lookup in seen.lookups)


@in_virtual_time
async def test_a_search_that_is_late_costs_a_quarter_of_a_second_at_most(tmp_path: Path) -> None:
    engines, seen, files = FakeEngines(stt=FakeStt("when does the library open today")), Seen(), collection(tmp_path)
    files.takes_s = 9.0
    async with Call(engines=engines, knowledge=DOCS, files=files, observers=[seen]) as call:
        await call.speak(2_000)
        await call.until(lambda: call.answers)
        assert BEGIN not in asked(engines.llm)
    assert seen.sources == []
    assert {(failure.kind, failure.took_ms) for failure in seen.failures} == {("knowledge", 250)}
    assert "library" not in str(seen.failures[0]), "what was said is in no log"


@in_virtual_time
async def test_what_was_found_for_other_words_is_dropped(tmp_path: Path) -> None:
    """They begin to ask about dogs, and then speak on of something else: the answer has what fits all of it."""
    stt = FakeStt("may my dogs come in no tell me the price of plan blue", partials=True)
    engines, files = FakeEngines(stt=stt), collection(tmp_path, max_passages=1)
    async with Call(engines=engines, knowledge=DOCS, files=files) as call:
        await call.speak(1_000)
        await call.quiet(200)
        await call.speak(2_600)
        await call.until(lambda: call.answers)
        last = asked(engines.llm)
        assert "Plan: Blue" in last
        assert "Dogs" not in last


@in_virtual_time
async def test_typed_words_have_excerpts_too_and_pictures_stay(tmp_path: Path) -> None:
    engines, files = FakeEngines(), collection(tmp_path)
    async with Call(engines=engines, knowledge=DOCS, files=files, mode="chat") as call:
        call.session.show_picture("https://example.com/dog.png")
        call.session.tell(TextTyped("May my dogs come in?"))
        call.session.tell(AnswerAsked())
        await asyncio.sleep(3)
        message = engines.llm.requests[-1].messages[-1]
        assert "Dogs must stay outside." in message.text
        assert message.text.endswith(f"{END}\nMay my dogs come in?")
        assert message.image_urls == ("https://example.com/dog.png",)


@in_virtual_time
async def test_nothing_that_fits_changes_nothing(tmp_path: Path) -> None:
    engines, seen = FakeEngines(stt=FakeStt("tell me a story now")), Seen()
    async with Call(engines=engines, knowledge=DOCS, files=collection(tmp_path), observers=[seen]) as call:
        await call.speak(2_000)
        await call.until(lambda: call.answers)
        assert asked(engines.llm) == call.said[0]
    assert seen.sources == []


@in_virtual_time
async def test_an_agent_without_context_asks_nothing_by_itself(tmp_path: Path) -> None:
    engines, files = FakeEngines(stt=FakeStt("when does the library open today")), collection(tmp_path, context=False)
    async with Call(engines=engines, knowledge=DOCS, files=files) as call:
        await call.speak(2_000)
        await call.until(lambda: call.answers)
        assert files.asked == []
        assert asked(engines.llm) == call.said[0]


@in_virtual_time
async def test_echo_is_given_no_excerpts_that_it_would_read_out(tmp_path: Path) -> None:
    engines, files = FakeEngines(stt=FakeStt("when does the library open today")), collection(tmp_path)
    async with Call(engines=engines, knowledge=DOCS, files=files, llm_model="echo") as call:
        await call.speak(2_000)
        await call.until(lambda: call.answers)
        assert files.asked == []


@in_virtual_time
async def test_the_model_searches_by_its_tool(tmp_path: Path) -> None:
    search = ToolCall("a", "look", '{"query": "dogs"}')
    llm = FakeLlm(calls_of(search), "They must stay outside.")
    engines, seen = FakeEngines(llm=llm, stt=FakeStt("may i bring somebody along please")), Seen()
    tools = {"look": {"builtin": "search_knowledge"}}
    files = collection(tmp_path, context=False)
    async with Call(
        engines=engines, knowledge={"files": ["docs"], "context": False}, files=files, configured=tools,
        observers=[seen],
    ) as call:  # fmt: skip
        await call.speak(2_000)
        await call.until(lambda: call.answers)
        (result,) = llm.requests[-1].messages[-1].tool_results
        assert "Dogs must stay outside." in result.text
        assert BEGIN in result.text
    assert [lookup.use for lookup in seen.lookups] == ["tool"]


@in_virtual_time
async def test_an_agent_that_takes_over_draws_on_its_own_files(tmp_path: Path) -> None:
    llm = FakeLlm(calls_of(ToolCall("a", "pass_on", '{"agent": "desk"}')), "At nine.")
    engines = FakeEngines(llm=llm, stt=FakeStt("when does the library open today"))
    desk = {"llm_model": "fake", "voices": VOICES, "knowledge": DOCS}
    tools = {"pass_on": {"builtin": "switch_agent", "agents": ["desk"]}}
    async with Call(engines=engines, files=collection(tmp_path), configured=tools, others={"desk": desk}) as call:
        await call.speak(2_000)
        await call.until(lambda: "At nine." in call.answers)
        assert not any(BEGIN in message.text for message in llm.requests[0].messages)
        assert any("The library opens at nine." in message.text for message in llm.requests[-1].messages)


# ---- alone


class Alone:
    """Lookups with nothing around them."""

    def __init__(self, files: KnowledgeCollection, *said: str, metering: Metering | None = None) -> None:
        self.lookups: list[LookedUp] = []
        self.failures: list[Failure] = []
        self.tasks = Tasks()
        self.made = Lookups(files, self.tasks, lambda: said, self.lookups.append, self.failures.append, metering)


@in_virtual_time
async def test_a_short_question_is_understood_by_the_one_before(tmp_path: Path) -> None:
    before = (Message("user", "Tell me about plan blue."), Message("assistant", "It is our smallest."))
    asks = "And what does it cost?"
    for said in ((before[0].text,), (asks, before[0].text)):  # the answer may be asked before or after it is history
        alone = Alone(collection(tmp_path, max_passages=1), *said)
        messages = await alone.made.with_excerpts(1, (*before, Message("user", asks)))
        assert "Plan: Blue" in messages[-1].text
        assert messages[:2] == before
    (message,) = await Alone(collection(tmp_path)).made.with_excerpts(1, (Message("user", asks),))
    assert message.text == asks


@in_virtual_time
async def test_an_answer_joins_the_search_that_runs_for_its_words(tmp_path: Path) -> None:
    files = collection(tmp_path)
    files.takes_s = 0.1
    alone = Alone(files)
    alone.made.hear("may my dogs come")
    await asyncio.sleep(0.06)
    await alone.made.with_excerpts(1, (Message("user", "May my dogs come?"),))
    assert len(files.asked) == 1
    assert [lookup.took_ms for lookup in alone.lookups] == [40]


@in_virtual_time
async def test_limits_of_the_agent_hold(tmp_path: Path) -> None:
    (tmp_path / "long").mkdir()
    write_index(
        tmp_path / "long" / "index.sqlite", [Passage("a.md", "", f"dog {n} " + "word " * 150) for n in range(3)]
    )
    alone = Alone(collection(tmp_path / "long", max_characters=900))
    (message,) = await alone.made.with_excerpts(1, (Message("user", "my dog"),))
    assert message.text.count('"source"') == 1
    assert 700 < alone.lookups[0].characters <= 900
    alone = Alone(collection(tmp_path / "long", max_characters=200))
    (message,) = await alone.made.with_excerpts(1, (Message("user", "my dog"),))
    assert alone.lookups[0].characters <= 200
    assert message.text.count('"source"') == 1


@in_virtual_time
async def test_after_tools_the_same_words_have_their_excerpts(tmp_path: Path) -> None:
    alone = Alone(collection(tmp_path))
    messages = (Message("user", "May my dogs come in?"), Message("assistant", "Let me see."), Message("tool", "yes"))
    given = await alone.made.with_excerpts(2, messages)
    assert "Dogs must stay outside." in given[0].text
    assert given[1:] == messages[1:]


@in_virtual_time
async def test_requests_without_words_stay_as_they_are(tmp_path: Path) -> None:
    alone = Alone(collection(tmp_path))
    for messages in ((), (Message("assistant", "Dogs?"),), (Message("user", (Image("https://a/b.png"),)),)):
        assert await alone.made.with_excerpts(1, messages) == messages
    alone.made.hear("  ")
    assert len(alone.tasks) == 0


@in_virtual_time
async def test_one_search_at_a_time_and_always_the_newest_words(tmp_path: Path) -> None:
    files = collection(tmp_path)
    files.takes_s = 1.0
    alone = Alone(files)
    for words in ("may", "may my", "may my dogs", "May my dogs!"):
        alone.made.hear(words)
        await asyncio.sleep(0.1)
    await alone.tasks.join()
    assert [each.words for each in files.asked] == ["may", "may my dogs"]


class FakeEmbeddings:
    def __init__(self, takes_s: float = 0.5, fails: bool = False) -> None:
        self.takes_s, self.fails = takes_s, fails
        self.asked: list[str] = []

    async def __call__(self, model: str, texts: list[str]) -> Any:
        self.asked += texts
        await asyncio.sleep(self.takes_s)
        if self.fails:
            raise EngineError("The model is away.")
        return np.eye(3, dtype=np.float32)[[2]]  # of all things, they mean dogs


@in_virtual_time
async def test_meaning_is_awaited_before_the_answer_and_never_by_it(tmp_path: Path) -> None:
    embed, uses = FakeEmbeddings(), list[Use]()
    metering = Metering(lambda model: "openai_compatible", uses.append)
    alone = Alone(collection(tmp_path, embed, max_passages=1), metering=metering)
    alone.made.hear("may my hounds")
    await asyncio.sleep(1)
    (message,) = await alone.made.with_excerpts(1, (Message("user", "may my hounds come"),))
    assert "Dogs must stay outside." in message.text, "the greater part of the words was asked"
    assert alone.lookups[-1].took_ms == 0
    (message,) = await alone.made.with_excerpts(2, (Message("user", "now something quite different"),))
    assert message.text == "now something quite different"
    assert uses == [Use("llm", "openai_compatible", "e", 4, estimated=True)], "it costs money"


@in_virtual_time
async def test_a_broken_embedding_model_is_told_and_words_go_on(tmp_path: Path) -> None:
    embed = FakeEmbeddings(fails=True)
    alone = Alone(collection(tmp_path, embed))
    alone.made.hear("when does the library open")
    await alone.tasks.join()
    alone.made.hear("when does the library open today")
    await alone.tasks.join()
    assert len(embed.asked) == 1, "it is left in peace for a while"
    (message,) = await alone.made.with_excerpts(1, (Message("user", "when does the library open"),))
    assert "opens at nine" in message.text
    assert "opens at nine" in await alone.made.search("library open")
    failure, _ = alone.failures
    assert (failure.kind, failure.model, failure.message) == ("knowledge", "e", "The model is away.")


@in_virtual_time
async def test_the_model_may_search_by_itself(tmp_path: Path) -> None:
    alone = Alone(collection(tmp_path, max_passages=1, context=False))
    assert "Plan: Blue" in await alone.made.search("plan blue")
    assert "Nothing was found" in await alone.made.search("zzz")
    assert [each.use for each in alone.lookups] == ["tool", "tool"]
    assert [each.sources for each in alone.lookups] == [("prices.csv, rows 1 to 2",), ()]


@in_virtual_time
async def test_a_search_of_the_model_has_a_deadline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = collection(tmp_path)
    files.takes_s = lookups.SEARCH_TIMEOUT_S + 1
    with pytest.raises(EngineError, match="too long"):
        await Alone(files).made.search("plan blue")
