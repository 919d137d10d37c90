"""What the person is asked for at the moment: what a tool says, or else what the agent's last message asks for."""

from voi.core.endpoint import Asked, asked_by
from voi.core.expects import Expects


class ExpectedAnswer:
    """For one conversation. `asked` is what the ends of turns are decided by."""

    __slots__ = ("_said", "asked", "told")

    def __init__(self) -> None:
        self.asked = Asked()
        self.told = Expects.OPEN
        """What a tool says that the person is asked for; OPEN: it says nothing."""
        self._said = ""
        """The message that was read last."""

    def tell(self, kind: Expects) -> None:
        """A tool says it. It counts from the next `read` on."""
        self.told, self._said = kind, ""

    def read(self, said: str) -> None:
        """`said` is the agent's last message. It is read once: it is the same for every pause of a turn."""
        if said is not self._said:
            self._said, self.asked = said, asked_by(said, self.told)
