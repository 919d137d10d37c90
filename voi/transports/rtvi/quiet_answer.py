"""Answers that are written and not spoken, because the client wants that for one message (`audio_response: false`)."""

from voi.config.agents import Agent
from voi.core.actions import Status
from voi.session.session import Session


class QuietAnswer:
    """Takes the agent's voices away until its answer to that message is over, or something else is to be answered."""

    __slots__ = ("_begun", "_session")

    def __init__(self) -> None:
        self._session: Session | None = None
        """Whose agent has no voices at the moment; None: it has them."""
        self._begun = False
        """The answer is being written."""

    def ask(self, session: Session, *, spoken: bool) -> None:
        """An answer will be asked for. Call it before that. An agent whose model speaks itself is spoken anyway."""
        if spoken or session.written_agent.brain is not None:
            self.over()
        elif self._session is None:
            session.revise(_without_voices, "")
            self._session = session
        self._begun = False

    def status(self, status: Status) -> None:
        """The session tells of an answer."""
        if status is Status.RESPONSE_CREATED:
            self._begun = self._session is not None
        elif self._begun and status in (Status.RESPONSE_DONE, Status.RESPONSE_CANCELLED):
            self.over()

    def over(self) -> None:
        """The agent speaks again."""
        session, self._session, self._begun = self._session, None, False
        if session is not None:
            session.revise(lambda agent: agent, "")


def _without_voices(agent: Agent) -> Agent:
    return agent.model_copy(update={"voices": None})
