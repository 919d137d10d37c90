"""When an agent's voices are taken away for one answer, and when they come back."""

from typing import Any

import pytest

from voi.config.agents import Agent
from voi.core.actions import Status
from voi.transports.rtvi.quiet_answer import QuietAnswer

AGENT = Agent.model_validate({"llm_model": "echo", "voices": {"character": {"model": "voice"}}})
MODEL = AGENT.model_copy(update={"brain": object()})


class FakeRevised:
    def __init__(self, agent: Agent) -> None:
        self.written_agent = agent
        self.voiced = [True]
        """Whether it had voices, after each change."""

    def revise(self, change: Any, instructions: str) -> None:
        assert instructions == ""
        self.voiced.append(change(self.written_agent).voices is not None)


def asked(agent: Agent = AGENT, *, spoken: bool = False) -> tuple[QuietAnswer, FakeRevised]:
    quiet, session = QuietAnswer(), FakeRevised(agent)
    quiet.ask(session, spoken=spoken)  # type: ignore[arg-type]
    return quiet, session


@pytest.mark.parametrize("end", [Status.RESPONSE_DONE, Status.RESPONSE_CANCELLED])
def test_the_answer_that_was_asked_for_is_quiet_and_no_other(end: Status) -> None:
    quiet, session = asked()
    quiet.status(Status.RESPONSE_CANCELLED)  # of the answer before it
    assert session.voiced == [True, False]
    quiet.status(Status.RESPONSE_CREATED)
    quiet.status(end)
    quiet.status(end)
    assert session.voiced == [True, False, True]


def test_who_speaks_before_it_came_is_spoken_to() -> None:
    quiet, session = asked()
    quiet.over()
    assert session.voiced == [True, False, True]


def test_a_later_message_decides() -> None:
    quiet, session = asked()
    quiet.ask(session, spoken=False)  # type: ignore[arg-type]
    quiet.ask(session, spoken=True)  # type: ignore[arg-type]
    assert session.voiced == [True, False, True]


def test_a_model_that_speaks_itself_is_not_changed() -> None:
    assert asked(MODEL)[1].voiced == [True]
    assert asked(spoken=True)[1].voiced == [True]
