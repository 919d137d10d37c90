"""The answer that is owed: the client was told that it comes, and it has not begun yet."""

from voi.core.actions import Action, SendStatus, Status


class OwedAnswer:
    """For one conversation. Actions are appended to `out`."""

    __slots__ = ("_out", "alone", "announced")

    def __init__(self, out: list[Action]) -> None:
        self._out = out
        self.announced = False
        """RESPONSE_CREATED was sent for an answer that has not begun yet."""
        self.alone = False
        """It was asked for without a message of the person."""

    def announce(self) -> None:
        """Tell the client that an answer comes, unless it knows already."""
        if not self.announced:
            self.announced = True
            self._out.append(SendStatus(Status.RESPONSE_CREATED))

    def cancel(self) -> None:
        """No answer comes. The client is told, if it was told that one comes."""
        if self.announced:
            self._out.append(SendStatus(Status.RESPONSE_CANCELLED))
        self.begins()

    def begins(self) -> None:
        """The answer begins: from now on its reply has to report how it ends."""
        self.announced = self.alone = False
