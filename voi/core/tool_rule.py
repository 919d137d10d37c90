"""How a conversation treats a tool. Plain data."""

from dataclasses import dataclass
from typing import Literal

from voi.dialogue import Phrase

AfterCall = Literal["answer", "wait", "hang_up"]
"""What follows when a tool has returned. "answer": the agent speaks on with the result. "wait": it says nothing, and
the person is next. "hang_up": the conversation ends once the goodbye was heard."""


@dataclass(frozen=True, slots=True)
class ToolRule:
    """`safe`: the tool changes nothing, so it may run for a reply that perhaps no one hears. `cancel_on_interrupt`: it
    is cancelled when the person speaks on before it has returned; otherwise it finishes."""

    name: str
    safe: bool = False
    cancel_on_interrupt: bool = False
    timeout_ms: int = 30_000
    """A call that did not return within this time has failed."""
    fillers: tuple[Phrase, ...] = ()
    """Said while the tool runs, in turns, if the agent said nothing itself."""
    filler_after_ms: int = 0
