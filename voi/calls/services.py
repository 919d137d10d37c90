"""What every call needs from the server."""

from dataclasses import dataclass, field
from typing import Protocol

from voi.calls.ungranted import Ungranted
from voi.config.agents import Agent
from voi.config.config import Config
from voi.config.store import ConfigStore
from voi.core.end_reason import EndReason
from voi.core.facts import Continued
from voi.core.options import CallOptions
from voi.session.line import Line
from voi.session.session import Session
from voi.tasks import Tasks


class OpenSession(Protocol):
    """Makes sessions of what the server has: its engines, tools, files and observers."""

    def __call__(
        self,
        conversation_id: str,
        line: Line,
        agent: Agent,
        config: Config,
        options: CallOptions,
        /,
        continued: Continued | None = None,
    ) -> Session:
        """The session of the call with that id; it does not run yet. `continued`: what it goes on from. Raises
        ClientError for an agent that this server cannot run."""
        ...


class CallMetrics(Protocol):
    """Counters of calls. The server has them."""

    def began(self, mode: str, door: str) -> None:
        """A call began. `mode`: what the client asked for, in the protocol of that door."""

    def failed(self, reason: EndReason) -> None:
        """A call that had begun ended for that reason, which is a failure."""

    def refused(self, reason: EndReason) -> None:
        """A client was refused for that reason."""

    def mistake(self) -> None:
        """A client sent what its protocol does not allow."""

    def lost(self) -> None:
        """A client's connection was lost; the call waits for another."""

    def resumed(self) -> None:
        """A client came back to its call."""

    def not_saved(self) -> None:
        """The state of a conversation that is over could not be saved."""

    def ungranted(self) -> None:
        """A client asked for what its token does not grant."""


@dataclass(frozen=True)
class Services:
    """The same for all calls."""

    configs: ConfigStore
    open_session: OpenSession
    metrics: CallMetrics
    tasks: Tasks
    """Owns the tasks of the conversations."""
    ungranted: Ungranted = field(default_factory=Ungranted)
