"""Values taken down over several turns: begun, refused, read back, confirmed, entered with keys."""

import json
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import pytest

from tests.tools.hands import FakeHands
from voi.capture.slots import Slot
from voi.capture.vocabulary import vocabulary_of
from voi.config.capture import Capture
from voi.core.expects import Expects
from voi.core.journal import decode_value, encode_value
from voi.errors import VoiError
from voi.tools.base import ToolContext
from voi.tools.capture import CaptureTool, parameters_of
from voi.tools.captures import CapturedValue, Captures, NewestWords

EN = vocabulary_of("en")


@dataclass
class Caller:
    """A person who dictates, and the model that calls the tool."""

    slots: dict[str, Any]
    telephone: bool = False
    expected: list[Expects] = field(default_factory=list)
    newest: NewestWords = field(default_factory=NewestWords)

    def __post_init__(self) -> None:
        self.all = Capture.model_validate({"slots": self.slots}).as_slots()
        self.captures = Captures(
            lambda: self.newest, self.expected.append, lambda: self.telephone, lambda: date(2026, 11, 29)
        )

    def slot(self, name: str) -> Slot:
        return next(slot for slot in self.all if slot.name == name)

    def says(self, text: str) -> None:
        self.newest = NewestWords(self.newest.message_id + 1, text)

    def take(self, name: str, said: str | None = None, confirmed: bool | None = None) -> str:
        return self.captures.take(self.slot(name), EN, self.all, said, confirmed)


def test_a_value_is_asked_for_and_taken_from_the_persons_own_words() -> None:
    caller = Caller({"email": "email"})
    caller.says("I want a newsletter.")
    assert "Now ask for email" in caller.take("email")
    assert caller.expected == [Expects.SPELLING]
    caller.says("anna dot smith at example dot org")
    assert caller.take("email") == "email is anna.smith@example.org. All is taken down."
    assert caller.captures.values == {"email": "anna.smith@example.org"}
    assert caller.expected[-1] is Expects.OPEN


def test_what_a_person_volunteers_is_taken_at_once_if_its_form_is_certain() -> None:
    caller = Caller({"email": "email", "name": "name"})
    caller.says("I'm at anna at example dot org")
    assert "Now ask for name" in caller.take("name")
    caller.says("anna at example dot org")
    caller.take("name", "Anna Smith")
    assert caller.take("email").startswith("email is anna@example.org.")


def test_the_next_slot_is_expected_without_another_call() -> None:
    caller = Caller({"name": "name", "phone": "phone"})
    caller.take("name")
    caller.says("Anna Smith")
    assert caller.take("name").endswith("Still to be taken down: phone.")
    assert caller.expected[-1] is Expects.NUMBER
    caller.says("four one five, five five five, oh one nine nine")
    assert caller.take("phone").startswith("phone is +14155550199.")


def test_a_value_may_come_in_several_turns() -> None:
    caller = Caller({"phone": "phone"})
    caller.take("phone")
    caller.says("four one five")
    assert caller.take("phone").startswith('So far "415": it is too short.')
    caller.says("five five five")
    assert caller.take("phone").startswith('So far "415555"')
    caller.says("no, five five six")
    assert caller.take("phone").startswith('So far "415556"')
    caller.says("oh one nine nine")
    assert "+1415556" in caller.take("phone")


def test_after_a_refusal_the_value_is_read_back() -> None:
    caller = Caller({"email": "email"})
    caller.take("email")
    caller.says("at example dot org")
    assert "This is no email: what precedes the @ is not possible" in caller.take("email")
    caller.says("anna at example dot org")
    assert '"anna at example dot org"' in caller.take("email")
    assert caller.captures.values == {}
    assert caller.expected[-1] is Expects.YES_NO
    caller.says("yes")
    assert caller.take("email", confirmed=True).startswith("email is anna@example.org.")


def test_a_person_who_denies_can_correct_in_the_same_breath() -> None:
    caller = Caller({"phone": {"kind": "phone", "read_back": "always"}})
    caller.take("phone")
    caller.says("four one five, five five five, oh one nine eight")
    assert "0 1 9 8" in caller.take("phone")
    caller.says("no, the last is nine")
    assert "0 1 9 9" in caller.take("phone", confirmed=False)
    caller.says("yes")
    assert caller.take("phone", confirmed=True).startswith("phone is +14155550199.")


def test_a_value_that_is_only_denied_is_asked_for_again() -> None:
    caller = Caller({"name": {"kind": "name", "read_back": "always"}})
    caller.take("name")
    caller.says("Anna")
    caller.take("name")
    assert caller.take("name", confirmed=False) == "It was wrong. Ask the person to spell it."
    assert caller.expected[-1] is Expects.SPELLING


def test_a_model_that_repeats_wrongly_is_noticed() -> None:
    caller = Caller({"phone": "phone"})
    caller.take("phone")
    caller.says("four one five, five five five, oh one nine nine")
    assert "Read it back" in caller.take("phone", "415 555 0190")
    assert caller.captures.values == {}


def test_a_doubtful_value_is_read_back_unless_its_author_does_not_want_that() -> None:
    for read_back, asked in (("after_refusal", True), ("never", False)):
        caller = Caller({"day": {"kind": "date", "read_back": read_back}})
        caller.take("day")
        caller.says("05/03/1984")
        assert ("May 3, 1984" in caller.take("day")) is asked


def test_keys_that_may_mean_several_things_are_read_back() -> None:
    caller = Caller({"day": "date", "sum": "amount", "pin": {"kind": "code", "pattern": "9999"}}, telephone=True)
    caller.take("day")
    assert '"May 3, 1984"' in (caller.captures.keys("05031984") or "")
    assert caller.captures.values == {}
    caller.says("yes")
    caller.take("day", confirmed=True)
    assert "Read it back" in (caller.captures.keys("1250") or "")
    caller.take("sum", confirmed=True)
    assert (caller.captures.keys("1234") or "").startswith("pin is 1234.")


def test_what_was_taken_is_not_asked_for_again_and_can_be_changed() -> None:
    caller = Caller({"email": "email", "name": "name"})
    caller.says("I'm at anna at example dot org")
    caller.take("email", "anna at example dot org")
    caller.captures.hand_over()
    assert caller.expected[-1] is Expects.OPEN
    caller.says("hello again")
    assert caller.take("email").startswith("email is anna@example.org. Do not ask for it again.")
    assert caller.take("name").startswith("Now ask for name")
    caller.says("it is bob at example dot org")
    assert caller.take("email").startswith("email is bob@example.org.")
    assert caller.captures.values == {"email": "bob@example.org"}


def test_agents_may_mean_different_things_by_a_name() -> None:
    """The value for one agent's slot is none for another kind of it, and what was private stays so."""
    first = Caller({"number": {"kind": "code", "pattern": "9999", "private": True}})
    first.take("number", "one two three four")
    second = Caller({"number": "phone"})
    second.captures = first.captures
    second.captures.hand_over()
    assert second.take("number").startswith("Now ask for number")
    third = Caller({"number": {"kind": "code", "pattern": "9999"}})
    third.captures = first.captures
    assert "1234" not in third.take("number")


def test_what_waited_for_a_yes_is_said_anew_to_another_agent() -> None:
    caller = Caller({"name": {"kind": "name", "read_back": "always"}})
    caller.take("name")
    caller.says("Anna")
    assert "Read it back" in caller.take("name")
    caller.captures.hand_over()
    assert caller.take("name", confirmed=True).startswith("Now ask for name")
    assert caller.captures.values == {}


def test_a_result_that_repeats_a_private_value_is_told_without_it() -> None:
    caller = Caller({"card": "card", "phone": "phone"})
    caller.take("card", "4111 1111 1111 1111")
    caller.take("phone", "four one five five five five oh one nine nine")
    told = caller.captures.without_private(
        "4111111111111111 or 4111 1111-1111 1111, not 41111111111111112; +14155550199"
    )
    assert told == "(private) or (private), not 41111111111111112; +14155550199"


def test_the_model_gets_no_private_value() -> None:
    pin = {"kind": "code", "pattern": "9999", "private": True, "read_back": "always"}
    caller = Caller({"card": "card", "pin": pin})
    caller.take("card")
    caller.says("4111 1111 1111")
    assert "4111" not in caller.take("card")
    caller.says("1112")
    assert "4111" not in caller.take("card")
    caller.says("4111 1111 1111 1111")
    told = caller.take("card")
    assert "411111" not in told.replace(" ", "")
    told = caller.take("card", confirmed=True)
    assert told.startswith("card was taken down, it ends in 1111.")
    caller.says("eight seven six five")
    assert "8" not in caller.take("pin")
    assert "8" not in caller.take("pin", confirmed=True)
    assert caller.captures.values == {"card": "4111111111111111", "pin": "8765"}


def test_keys_take_what_has_digits() -> None:
    caller = Caller({"card": "card", "name": "name"}, telephone=True)
    assert caller.captures.keys("12") is None
    caller.take("card")
    assert "This is no card: a digit is wrong" in (caller.captures.keys("4111111111111112") or "")
    assert not caller.captures.keys_suffice("411111111111111")
    assert caller.captures.keys_suffice("4111111111111111")
    told = caller.captures.keys("4111111111111111")
    assert (told or "").startswith("card was taken down, it ends in 1111. Other tools have it")
    assert (told or "").endswith("Still to be taken down: name.")
    assert caller.captures.keys("12") is None  # a name has no digits


def test_keys_are_proposed_where_there_are_some() -> None:
    for telephone in (False, True):
        caller = Caller({"phone": "phone"}, telephone=telephone)
        caller.take("phone")
        caller.says("1 " * 20)
        caller.take("phone")
        caller.says("2 " * 20)
        assert ("hash key" in caller.take("phone")) is telephone


@pytest.mark.parametrize(
    ("slot", "said", "judged"),
    [
        ("phone", "four one five", 0.0),
        ("phone", "four one five triple five oh one nine nine", 1.0),
        ("phone", "what for", None),
        ("phone", "plus four nine thirty one two three four five six seven", None),
        ("email", "anna", 0.0),
        ("email", "anna at example dot com", 1.0),
        ("email", "anna at example dot co", None),
        ("name", "Anna", None),
        ("day", "march fifth", 0.0),
        ("day", "march fifth 1984", 1.0),
    ],
)
def test_turn_taking_is_told_whether_the_value_is_whole(slot: str, said: str, judged: float | None) -> None:
    caller = Caller({"phone": "phone", "email": "email", "name": "name", "day": "date"})
    assert caller.captures.judge(said) is None
    caller.take(slot)
    assert caller.captures.judge(said) == judged


def test_what_was_said_before_counts_for_whether_it_is_whole() -> None:
    caller = Caller({"phone": "phone"})
    caller.take("phone")
    caller.says("four one five")
    caller.take("phone")
    assert caller.captures.judge("five five five") == 0.0
    assert caller.captures.judge("five five five oh one nine nine") == 1.0
    caller.captures.close()
    assert caller.captures.judge("five") is None


async def test_the_tool() -> None:
    capture = Capture.model_validate({"slots": {"email": "email"}})
    tool = CaptureTool(capture, "de")
    context = ToolContext({}, FakeHands(), Captures(lambda: NewestWords(1, "anna ät beispiel punkt de")))
    assert await tool({"slot": "email"}, context) == "email is anna@beispiel.de. All is taken down."
    assert context.captured == {"email": "anna@beispiel.de"}
    schema = parameters_of(capture.as_slots())
    assert schema["properties"]["slot"]["enum"] == ["email"]


async def test_a_request_takes_what_was_dictated() -> None:
    from voi.tools.templates import Values

    values = Values({}, {}, {"card": "4111111111111111"})
    assert values.json({"number": "{captured:card}"}) == {"number": "4111111111111111"}
    with pytest.raises(VoiError, match="name was not taken down yet"):
        values.text("{captured:name}")


def test_what_was_taken_down_goes_along_when_a_call_moves() -> None:
    slots = {"card": "card", "pin": {"kind": "code", "pattern": "9A-9", "read_back": "never"}, "name": "name"}
    first = Caller(slots)
    first.take("card", "4111 1111 1111 1111")
    first.take("pin", "one b two")
    values = first.captures.values
    assert set(values) == {"card", "pin"}
    moved = decode_value(tuple[CapturedValue, ...], json.loads(json.dumps(encode_value(first.captures.taken()))), "x")
    second = Caller(slots)
    second.captures = Captures(before=moved)
    assert second.captures.values == values
    assert "4111" not in second.captures.without_private("4111111111111111")
    assert second.take("pin").startswith(f"pin is {values['pin']}. Do not ask for it again.")
    assert "4111" not in second.take("card")
    assert second.take("name").startswith("Now ask for name")
