"""What clients bring without a right to it: an agent of their own, or words for the prompt of the server's."""

import logging
from typing import Protocol

APPS_MAX = 1_000
"""Most apps that have a line of their own in the log."""

log = logging.getLogger(__name__)


class CountsUngranted(Protocol):
    """A counter of clients that asked for what their token does not grant. The server has it."""

    def ungranted(self) -> None:
        """A client asked for such a thing."""


class Ungranted:
    """Counts them, and tells the operator once for each app how to grant it."""

    def __init__(self) -> None:
        self._told: set[str] = set()

    def note(self, app: str, metrics: CountsUngranted) -> None:
        """A client of that app was refused."""
        metrics.ungranted()
        if app in self._told or len(self._told) >= APPS_MAX:
            return
        self._told.add(app)
        log.warning(
            "a client of the app %s brought an agent or a prompt of its own, and was refused: this app is not granted "
            "it. To grant it: VOI_CLIENT_AGENT_APPS=%s (more between commas; * for all apps), or give it tokens of "
            "`voi token %s --own-agents` (POST /integrations/%s?own_agents=true). To be told no more of an app that "
            "shall not have it, mend its client.", app, app, app, app,
        )  # fmt: skip
