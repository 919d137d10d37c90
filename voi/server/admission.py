"""How many conversations there may be, and whether there may be new ones."""

from voi.server.failures import Refused


class Admission:
    """`active` conversations of at most `max_conversations`. Closed until the server is ready, and when it stops."""

    def __init__(self, max_conversations: int) -> None:
        self.max_conversations = max_conversations
        self.active = 0
        self._closed_because: str | None = "The server is starting. Try again in a moment."

    @property
    def is_open(self) -> bool:
        return self._closed_because is None

    def open(self) -> None:
        self._closed_because = None

    def close(self, because: str) -> None:
        """Refuse whoever comes from now on, with these words."""
        self._closed_because = because

    def admit(self) -> None:
        """Take a place, to be given back with `leave`. Raises Refused."""
        if self._closed_because is not None:
            raise Refused(self._closed_because)
        if self.active >= self.max_conversations:
            raise Refused(
                f"The server is full: it holds {self.max_conversations} conversations at once. Try again later."
            )
        self.active += 1

    def leave(self) -> None:
        self.active -= 1
