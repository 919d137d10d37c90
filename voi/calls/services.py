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
        """Make the session of the call with that id; it does not run yet. `continued`: what it goes on from. Raises
        ClientError for an agent that this server cannot run."""
        ...


class CallMetrics(Protocol):
    """Counters of calls."""

    def began(self, mode: str, door: str) -> None: ...

    def failed(self, reason: EndReason) -> None: ...

    def refused(self, reason: EndReason) -> None: ...

    def mistake(self) -> None: ...

    def lost(self) -> None: ...

    def resumed(self) -> None: ...

    def not_saved(self) -> None: ...

    def ungranted(self) -> None: ...


@dataclass(frozen=True)
class Services:
    """The same for all calls."""

    configs: ConfigStore
    open_session: OpenSession
    metrics: CallMetrics
    tasks: Tasks
    """Owns the tasks of the conversations."""
    ungranted: Ungranted = field(default_factory=Ungranted)
