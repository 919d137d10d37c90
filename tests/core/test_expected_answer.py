"""What a tool says that the person is asked for comes before what the agent's words ask for."""

from voi.core.expected_answer import ExpectedAnswer
from voi.core.expects import Expects

QUESTION = "What is your phone number?"


def test_nothing_is_expected_at_first():
    assert ExpectedAnswer().asked.kind is Expects.OPEN


def test_the_agents_last_message_is_read():
    expected = ExpectedAnswer()
    expected.read(QUESTION)
    assert expected.asked.kind is Expects.NUMBER
    expected.read("It is booked.")
    assert expected.asked.kind is Expects.OPEN


def test_a_tool_knows_better_than_the_words():
    expected = ExpectedAnswer()
    expected.read(QUESTION)
    expected.tell(Expects.SPELLING)
    expected.read(QUESTION)
    assert expected.asked.kind is Expects.SPELLING
    expected.tell(Expects.OPEN)
    expected.read(QUESTION)
    assert expected.asked.kind is Expects.NUMBER
