"""Keys and words of a telephone become facts; what is dictated decides which."""

import gc
import weakref
from dataclasses import dataclass, field

import pytest

from tests.fakes.clock import in_virtual_time
from tests.fakes.door import FakeDoor
from voi.capture.codes import mask
from voi.capture.slots import Slot
from voi.capture.vocabulary import vocabulary_of
from voi.config.agents import Agent
from voi.core import facts as was
from voi.core.end_reason import EndReason
from voi.core.history import History, HistoryEntry
from voi.session.current_agent import CurrentAgent
from voi.session.dictation import ConversationDictation
from voi.session.keys import keys_said
from voi.session.line import Line
from voi.tasks import Tasks

MENU = {"keys": {"9": "hang_up", "*": "repeat"}}


class Ending:
    def __init__(self) -> None:
        self.ends: list[EndReason] = []

    def part(self, reason: EndReason) -> None:
        self.ends.append(reason)

    def end(self, reason: EndReason) -> None:
        self.ends.append(reason)


@dataclass
class Dictated:
    """A dictation with all around it. `kind`: of the door."""

    kind: str = "telephone"
    facts: list[was.Fact] = field(default_factory=list)

    def __post_init__(self) -> None:
        door = FakeDoor()
        door.kind = self.kind
        agent = Agent.model_validate({"llm_model": "fake", "telephone": MENU})
        self.history, self.call = History(20), Ending()
        self.dictation = ConversationDictation(
            self.facts.append, self.history, Line(door), CurrentAgent(agent), self.call, object(), Tasks("test")
        )

    def press(self, keys: str) -> None:
        for key in keys:
            self.dictation.press(key)

    def say(self, role: str, text: str) -> None:
        self.history.add(HistoryEntry(len(list(self.history)) + 1, role, text))

    @property
    def typed(self) -> list[str]:
        return [fact.text for fact in self.facts if isinstance(fact, was.TextTyped)]


@in_virtual_time
async def test_an_entry_is_told_and_answered() -> None:
    dictated = Dictated()
    dictated.press("12#")
    assert dictated.typed == [keys_said("1 2")]
    assert dictated.facts[-1] == was.AnswerAsked()
    assert dictated.facts.count(was.Interrupted(None)) == 3


@in_virtual_time
async def test_the_menu_has_its_keys_unless_an_entry_has_begun() -> None:
    dictated = Dictated()
    dictated.press("19#")
    assert (dictated.typed, dictated.call.ends) == ([keys_said("1 9")], [])
    dictated.press("9")
    assert dictated.call.ends == [EndReason.FINISHED]


@in_virtual_time
async def test_only_a_telephone_has_a_menu() -> None:
    dictated = Dictated("app")
    dictated.press("9#")
    assert (dictated.typed, dictated.call.ends) == ([keys_said("9")], [])


@in_virtual_time
async def test_the_newest_answer_is_repeated() -> None:
    dictated = Dictated()
    for role, text in (("assistant", "Nine euros."), ("user", "What?")):
        dictated.say(role, text)
    dictated.press("*")
    assert [fact.phrase.text for fact in dictated.facts if isinstance(fact, was.PhraseAsked)] == ["Nine euros."]


@in_virtual_time
async def test_a_whole_value_needs_no_hash_and_is_taken_down() -> None:
    dictated = Dictated()
    captures = dictated.dictation.captures
    slot = Slot("order", "code", masks=(mask("9999"),), read_back="never")
    captures.take(slot, vocabulary_of("en"), [slot])
    dictated.press("9041")
    assert [each.value for each in captures.taken()] == ["9041"]
    assert len(dictated.typed) == 1
    assert "9041" in dictated.typed[0]
    assert dictated.call.ends == [], "a key of the menu is a digit while one is dictated"


@in_virtual_time
async def test_words_are_read_without_the_keys_beside_them() -> None:
    dictated = Dictated()
    dictated.say("user", f"it is nine zero four one {keys_said('1')}")
    captures = dictated.dictation.captures
    slot = Slot("order", "code", masks=(mask("9999"),), read_back="never")
    captures.take(slot, vocabulary_of("en"), [slot])
    assert [each.value for each in captures.taken()] == ["9041"]


@in_virtual_time
async def test_nothing_is_told_after_the_end() -> None:
    dictated = Dictated()
    dictated.press("12")
    dictated.dictation.close()
    dictated.press("#")
    assert dictated.typed == []


@pytest.mark.usefixtures("_without_garbage_collector")
@in_virtual_time
async def test_it_is_gone_without_the_garbage_collector() -> None:
    dictated = Dictated()
    dictated.press("12#")
    ghost = weakref.ref(dictated.dictation.captures)
    del dictated
    assert ghost() is None


@pytest.fixture
def _without_garbage_collector():
    gc.collect()
    gc.disable()
    yield
    gc.enable()
