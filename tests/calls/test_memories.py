"""What is remembered between conversations: only of people who are proven, redacted, and summarized after the call."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from tests.fakes.clock import in_virtual_time
from tests.fakes.door import FakeDoor
from tests.fakes.engines import FakeLlm
from voi.calls import memories as module
from voi.calls.call import Call
from voi.calls.memories import CallMemory, Memories
from voi.calls.proof import Proof
from voi.config.agents import Agent
from voi.core.kept import Kept, KeptMessage
from voi.dialogue import Message
from voi.errors import ClientError, EngineError, RowRefused, StoreError
from voi.session.memory import MemoryItem
from voi.use import Use

NOW_MS = 1_788_220_800_000
SUMMARY = "She ordered a kettle."


class FakeStore:
    """`MemoryStore`."""

    def __init__(self, *items: MemoryItem) -> None:
        self.items = list(items)
        self.kept: list[tuple[str, MemoryItem]] = []
        self.error: Exception | None = None
        self.knows = True
        self.since_ms: int | None = None

    async def recall(self, app: str, person: str) -> Sequence[MemoryItem]:
        assert (app, person) == ("shop", "anna-7")
        return self.items

    async def remember(self, of: str, item: MemoryItem, since_ms: int | None = None) -> bool:
        self.since_ms = since_ms
        if self.error:
            raise self.error
        if self.knows:
            self.kept.append((of, item))
        return self.knows


class Around:
    """Everything that `Memories` needs, and what it told."""

    def __init__(self, *summaries: Any, store: FakeStore | None = None) -> None:
        self.store = store or FakeStore(
            MemoryItem("name", "name", "Anna", NOW_MS), MemoryItem("f1", "fact", "Likes tea.", NOW_MS)
        )
        self.llm = FakeLlm(*(summaries or (SUMMARY,)))
        self.used: list[tuple[str, str, Use]] = []
        self.troubles: list[str] = []
        self.why_not = ""
        self.memories = Memories(
            self.store,
            lambda: self.llm,  # type: ignore[arg-type, return-value]
            lambda model: "fake",
            lambda app, agent, use: self.used.append((app, agent, use)),
            lambda app: self.why_not,
            self,
            clock_ms=lambda: NOW_MS,
        )

    def memory_failed(self, trouble: str) -> None:
        self.troubles.append(trouble)

    def begin(self, person: str = "anna-7", proof: Proof = Proof.APP, **agent: Any) -> tuple[Call, CallMemory | None]:
        call = Call("c1", "shop", "1.2.3.4", FakeDoor(), None, lambda call: None, person, proof)  # type: ignore[arg-type]
        wanted = Agent.model_validate({"llm_model": "m", "memory": True, **agent})
        return call, self.memories.of(call, wanted)


async def over(call: Call, *words: str, summary: str = "", first_id: int = 0, own: str = "") -> None:
    """The call ends; what follows is awaited."""
    roles = ("user", "assistant")
    said = tuple(KeptMessage(at, Message(roles[at % 2], text)) for at, text in enumerate(words))  # type: ignore[arg-type]
    kept = Kept(said, len(said), summary=summary, first_id=first_id, own_summary=own)
    await asyncio.gather(*(work(kept) for work in call.afterwards))


WORDS = ("I want a kettle.", "Here it is.")


async def test_an_agent_without_memory_remembers_nothing() -> None:
    around = Around()
    for person, agent in (("anna-7", {"memory": None}), ("anna-7", {"memory": False}), ("", {})):
        call, memory = around.begin(person, **agent)
        if not person:
            assert memory is None
            assert not call.afterwards
            continue
        assert memory
        assert await memory.recall() == ""
        with pytest.raises(ClientError, match="no facts"):
            await memory.remember("Likes tea.")
        await over(call, *WORDS)
    assert around.llm.requests == []


@pytest.mark.parametrize("proof", [Proof.APP, Proof.AGENT])
async def test_who_is_proven_is_known(proof: Proof) -> None:
    _, memory = Around().begin(proof=proof)
    assert memory
    assert "Likes tea." in await memory.recall()


async def test_a_number_alone_tells_only_a_name_until_they_prove_who_they_are() -> None:
    around = Around()
    call, memory = around.begin(proof=Proof.NUMBER)
    assert memory
    told = await memory.recall()
    assert "Anna" in told
    assert "tea" not in told
    with pytest.raises(ClientError, match="not proven"):
        await memory.remember("Likes coffee.")
    await over(call, *WORDS)
    assert around.store.kept == []
    assert around.llm.requests == []
    call.prove(Proof.NUMBER)
    assert call.proof is Proof.NUMBER
    call.prove(Proof.AGENT)
    assert "Likes tea." in await memory.recall()
    assert await memory.remember("Likes coffee.") == "It is remembered."
    await over(call, *WORDS)
    assert [item.kind for _, item in around.store.kept] == ["fact", "summary"]


async def test_tools_know_who_a_person_is_once_that_is_proven() -> None:
    call, _ = Around().begin(proof=Proof.NUMBER)
    assert call.about == {"app": "shop", "person": "", "claimed_person": "anna-7"}
    call.prove(Proof.AGENT)
    assert call.about == {"app": "shop", "person": "anna-7", "claimed_person": "anna-7"}
    assert Around().begin(person="")[0].about == {"app": "shop", "person": "", "claimed_person": ""}


async def test_nobody_is_proven_without_a_name() -> None:
    call, _ = Around().begin(person="")
    assert call.proof is Proof.NONE
    call.prove(Proof.AGENT)
    assert call.proof is Proof.NONE


async def test_a_fact_is_redacted_and_bounded() -> None:
    around = Around()
    _, memory = around.begin(redact={"numbers": True})
    assert memory
    await memory.remember("Has the  number 4711\n42.")
    ((of, item),) = around.store.kept
    assert (of, item.kind, item.text, item.saved_ms) == ("c1", "fact", "Has the number [number].", NOW_MS)
    for wrong in ("", "  \n", "x" * 1_001):
        with pytest.raises(ClientError, match="1 to 1000"):
            await memory.remember(wrong)


async def test_the_model_is_told_what_came_of_a_fact(caplog: pytest.LogCaptureFixture) -> None:
    around = Around()
    _, memory = around.begin()
    assert memory
    around.store.knows = False
    with pytest.raises(ClientError, match="deleted"):
        await memory.remember("Likes coffee.")
    around.store.error = StoreError("The store failed: disk full.")
    with pytest.raises(ClientError, match="could not be kept"):
        await memory.remember("Likes coffee.")
    assert around.troubles == ["remember"]
    assert "disk full" in caplog.text
    assert "coffee" not in caplog.text
    _, other = around.begin(memory={"facts": False})
    assert other
    with pytest.raises(ClientError, match="no facts"):
        await other.remember("Likes coffee.")


@in_virtual_time
async def test_a_summary_is_kept_and_its_cost_is_counted() -> None:
    around = Around()
    call, _ = around.begin(memory={"model": "small", "summary_max_characters": 400})
    await over(call, *WORDS, summary="She said hello.")
    ((of, item),) = around.store.kept
    assert (of, item) == ("c1", MemoryItem("c1", "summary", SUMMARY, NOW_MS, "(client's own)"))
    (asked,) = around.llm.requests
    assert asked.model == "small"
    assert "400 characters" in asked.messages[0].text
    assert asked.messages[1].text.splitlines() == [
        '{"earlier summary": "She said hello."}',
        '{"person": "I want a kettle."}',
        '{"agent": "Here it is."}',
    ]
    ((app, agent, use),) = around.used
    assert (app, agent, use.kind, use.provider, use.model) == ("shop", "(client's own)", "llm", "fake", "small")


@in_virtual_time
async def test_redaction_comes_before_the_model() -> None:
    around = Around("It is 4711 42.")
    call, _ = around.begin(redact={"numbers": True})
    await over(call, "My number is 4711 42.", "Thanks.", summary="Has 4711 42.")
    assert "4711" not in around.llm.requests[0].messages[1].text
    assert around.store.kept[0][1].text == "It is [number]."


@in_virtual_time
async def test_what_was_said_on_another_day_is_not_summarized_again() -> None:
    around = Around()
    call, _ = around.begin()
    words = ("Old words.", "Old answer.", "New words.", "New answer.")
    await over(call, *words, summary="Older still.", first_id=2)
    told = around.llm.requests[0].messages[1].text
    assert told.splitlines() == ['{"person": "New words."}', '{"agent": "New answer."}']
    await over(call, *words, summary="Older still, and this day's.", first_id=2, own="Of this day.")
    told = around.llm.requests[1].messages[1].text
    assert told.splitlines()[0] == '{"earlier summary": "Of this day."}'
    assert "Older" not in told


async def test_an_agent_keeps_so_many_facts_in_one_call(caplog: pytest.LogCaptureFixture) -> None:
    around = Around()
    _, memory = around.begin()
    assert memory
    for number in range(module.FACTS_MAX):
        await memory.remember(f"Fact {number}.")
    for _ in range(3):
        with pytest.raises(ClientError, match="Nothing more is kept"):
            await memory.remember("One more.")
    assert len(around.store.kept) == module.FACTS_MAX
    assert caplog.text.count("more than 20 facts in one call") == 1


async def test_a_fact_without_room_is_told_to_the_model(caplog: pytest.LogCaptureFixture) -> None:
    around = Around()
    around.store.error = RowRefused("There is no room: the app keeps 200 facts of this person.")
    _, memory = around.begin()
    assert memory
    with pytest.raises(ClientError, match="the app keeps 200 facts"):
        await memory.remember("Likes tea.")
    assert around.troubles == ["remember"]
    assert "not kept" in caplog.text


@in_virtual_time
async def test_a_summary_says_since_when_it_is() -> None:
    around = Around()
    call, _ = around.begin()
    call.began_ms = NOW_MS - 7_000
    await over(call, *WORDS)
    assert around.store.since_ms == NOW_MS - 7_000


@in_virtual_time
async def test_it_is_tried_again_and_given_up(caplog: pytest.LogCaptureFixture) -> None:
    around = Around(EngineError("One.", retryable=True), None, SUMMARY)
    call, _ = around.begin()
    began_s = asyncio.get_running_loop().time()
    await over(call, *WORDS)
    assert around.store.kept[0][1].text == SUMMARY
    assert asyncio.get_running_loop().time() - began_s < 80
    around = Around(EngineError("The model is away.", retryable=True))
    call, _ = around.begin()
    await over(call, *WORDS)
    assert len(around.llm.requests) == 3
    assert around.store.kept == []
    assert around.troubles == ["summary"]
    assert "not summarized for the person's next one: The model is away." in caplog.text
    assert "kettle" not in caplog.text


@in_virtual_time
async def test_it_is_not_tried_again_with_a_wrong_key(caplog: pytest.LogCaptureFixture) -> None:
    around = Around(EngineError("Wrong key: the LLM server refused it."))
    call, _ = around.begin()
    await over(call, *WORDS)
    assert len(around.llm.requests) == 1
    assert around.troubles == ["summary"]
    assert "Wrong key" in caplog.text


@in_virtual_time
async def test_nothing_is_summarized_without_need_or_right(caplog: pytest.LogCaptureFixture) -> None:
    around = Around()
    call, _ = around.begin()
    await over(call)
    await over(call, "", "Are you there?")
    around.why_not = "The app has used up its minutes."
    await over(call, *WORDS)
    assert "used up its minutes" in caplog.text
    call, _ = around.begin(memory={"summaries": False})
    await over(call, *WORDS)
    assert around.llm.requests == []


@in_virtual_time
async def test_a_summary_waits_for_a_store_that_is_away(caplog: pytest.LogCaptureFixture) -> None:
    around = Around()
    call, _ = around.begin()
    around.store.error = StoreError("The store failed: database is locked.")
    task = asyncio.create_task(over(call, *WORDS))
    await asyncio.sleep(5)
    around.store.error, around.store.knows = None, False  # it is back, and writes what waited
    await asyncio.sleep(10)
    around.store.knows = True
    await task
    assert [item.text for _, item in around.store.kept] == [SUMMARY]
    assert len(around.llm.requests) == 1, "it is written once"
    assert around.troubles == []
    around.store.error = StoreError("The store failed: disk full.")
    await over(around.begin()[0], *WORDS)
    assert around.troubles == ["summary"]
    assert "disk full" in caplog.text


@in_virtual_time
async def test_a_person_who_was_deleted_meanwhile_has_no_summary() -> None:
    around = Around()
    around.store.knows = False
    call, _ = around.begin()
    await over(call, *WORDS)
    assert around.store.kept == []
    assert around.troubles == []


@in_virtual_time
async def test_only_a_few_are_written_at_once_and_a_few_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "WAITING_MAX", 10)
    around = Around()
    most = 0

    async def watch() -> None:
        nonlocal most
        while True:
            most = max(most, around.llm.open_streams)
            await asyncio.sleep(0.01)

    watching = asyncio.create_task(watch())
    await asyncio.gather(*(over(around.begin()[0], *WORDS) for _ in range(14)))
    watching.cancel()
    assert most == module.AT_ONCE_MAX
    assert len(around.store.kept) == 10
    assert around.troubles == ["summary"] * 4


@in_virtual_time
async def test_a_server_that_stops_says_what_it_leaves_undone(caplog: pytest.LogCaptureFixture) -> None:
    around = Around(None)
    call, _ = around.begin()
    task = asyncio.create_task(over(call, *WORDS))
    await asyncio.sleep(1)
    task.cancel()
    await asyncio.wait([task])
    assert "the server stops" in caplog.text
    assert around.troubles == ["summary"]


@in_virtual_time
async def test_the_agent_that_takes_over_decides_what_it_knows_and_keeps() -> None:
    around = Around()
    call, memory = around.begin(memory=False)
    assert memory
    memory.follow(Agent.model_validate({"llm_model": "other", "memory": {"scope": "agent"}}), "bob")
    around.store.items.append(MemoryItem("f2", "fact", "Likes jazz.", NOW_MS, "bob"))
    around.store.items.append(MemoryItem("f3", "fact", "Likes rock.", NOW_MS, "ada"))
    told = await memory.recall()
    assert "jazz" in told
    assert "rock" not in told
    await memory.remember("Likes coffee.")
    await over(call, *WORDS)
    assert [item.agent for _, item in around.store.kept] == ["bob", "bob"]
    assert around.llm.requests[0].model == "other"
