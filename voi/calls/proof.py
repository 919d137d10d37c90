"""How it is known who a call's person is."""

from enum import StrEnum


class Proof(StrEnum):
    """NONE: it is not, though somebody named them. NUMBER: by the number that they call from, which anybody can forge.
    APP: the app says so, in a token that only it can have got. AGENT: they proved it in the conversation."""

    NONE = "none"
    NUMBER = "number"
    APP = "app"
    AGENT = "agent"

    @property
    def proven(self) -> bool:
        """Whether what is remembered of the person may be told to them, and more be remembered."""
        return self in (Proof.APP, Proof.AGENT)
