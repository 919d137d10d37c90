"""What observers and the log are told of a conversation is redacted before."""

import logging
from dataclasses import dataclass
from typing import Any

import pytest

from tests.fakes.call import FakeRecorder
from voi.config.agents import Agent
from voi.core import facts as was
from voi.session.failure import Failure
from voi.session.observer import Observer, Observers
from voi.session.observing import Observing
from voi.session.tool_use import ToolUse
from voi.tasks import Tasks
from voi.text.redact import NUMBER


class Looking(FakeRecorder):
    def __init__(self) -> None:
        super().__init__()
        self.tools: list[ToolUse] = []
        self.failures: list[Failure] = []

    def tool(self, use: ToolUse) -> None:
        self.tools.append(use)

    def failure(self, failure: Failure) -> None:
        self.failures.append(failure)


@dataclass
class Tool:
    private: frozenset[str]


def agent(**given: Any) -> Agent:
    return Agent.model_validate({"llm_model": "fake", **given})


def observing(observer: Observer, **given: Any) -> Observing:
    tasks = Tasks("test", log_words=True)
    begun = agent(**given)
    told = Observing(Observers([observer], tasks.log), tasks, begun)
    told.follow(begun, {})
    return told


def test_without_redaction_all_is_told_as_it_is() -> None:
    looking = Looking()
    told = observing(looking)
    use, fact = ToolUse(1, "call-1", "look", "app", '{"number": "555 1234"}', 4, 5), was.TextTyped("555 1234")
    told.step(7, fact, ())
    told.tool(use)
    told.agent_sound(bytes(480), 24_000, 9)
    assert (looking.facts, looking.tools, looking.agent) == ([(7, fact, ())], [use], [(9, 10)])
    assert (told.redaction, told.hides_words) == (None, False)


def test_what_the_author_wants_hidden_reaches_nobody(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "voi")
    looking = Looking()
    told = observing(looking, redact={"numbers": True})
    told.step(7, was.TextTyped("call 555 1234"), ())
    told.tool(ToolUse(1, "call-1", "look", "app", '{"number": "555 1234"}', 4, 5))
    told.agent_sound(bytes(480), 24_000, 9)
    seen = repr((looking.facts, looking.tools)) + caplog.text
    assert "1234" not in seen
    assert caplog.text.count(NUMBER) == 1
    assert told.hides_words
    assert looking.agent == [], "sound cannot be redacted"


def test_private_arguments_of_an_agent_stay_private_when_another_goes_on() -> None:
    looking = Looking()
    told = observing(looking)
    pay: Any = {"pay": Tool(frozenset({"pin"}))}
    other: Any = {"other": Tool(frozenset({"code"}))}
    told.follow(agent(), pay)
    told.follow(agent(), other)
    for number, (tool, private) in enumerate((("pay", "pin"), ("other", "code"))):
        told.step(number, was.ToolCalled(1, "a", tool, f'{{"{private}": "4711", "open": "yes"}}'), ())
    assert "4711" not in repr(looking.facts)
    assert repr(looking.facts).count("yes") == 2
    assert not told.hides_words


def test_the_shortest_number_that_an_agent_hides_is_hidden_from_then_on() -> None:
    looking = Looking()
    told = observing(looking, redact={"numbers": True})
    use = ToolUse(1, "call-1", "look", "app", '{"number": "471"}', 4, 5)
    told.tool(use)
    pin = {"kind": "code", "pattern": "999", "private": True}
    told.follow(agent(tools={"note": {"capture": {"slots": {"pin": pin}}}}), {})
    told.tool(use)
    assert ["471" in seen.arguments for seen in looking.tools] == [True, False]


def test_a_failure_is_logged_and_told(caplog: pytest.LogCaptureFixture) -> None:
    looking = Looking()
    failure = Failure("llm", "fake", "m", "it broke", 12)
    observing(looking).failed(failure)
    assert looking.failures == [failure]
    assert "it broke" in caplog.text
