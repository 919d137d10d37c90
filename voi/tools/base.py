"""What a tool is to those who run it: the model's view of it, the rules for its calls, and the code that runs one."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from voi.config.transfers import CallTransfer
from voi.core.tool_rule import AfterCall, ToolRule
from voi.dialogue import ToolSpec
from voi.errors import VoiError
from voi.tools.arguments import Arguments
from voi.tools.captures import Captures

ToolKind = Literal["http", "mcp", "python", "app", "builtin", "capture", "unknown"]
RESULT_MAX_CHARACTERS = 20_000
"""Longest result that a model is given."""
CUT = "… (cut)"


class ToolFailed(VoiError):
    """A call failed. The text is for the model, which may tell the person or try something else. `undone`: it has
    certainly done nothing. `retry_after_s`: when the service wants to be asked again, if it said so."""

    def __init__(self, text: str = "", *, undone: bool = False, retry_after_s: float | None = None) -> None:
        super().__init__(text)
        self.undone = undone
        self.retry_after_s = retry_after_s


@dataclass(frozen=True, slots=True)
class ToolOutput:
    """What a call returned: a text for the model, and what follows."""

    text: str
    then: AfterCall = "answer"


class Hands(Protocol):
    """What a tool can do with its conversation. All raise ToolFailed where that is not possible."""

    async def ask_app(self, name: str, arguments: Mapping[str, Any]) -> str:
        """Have the connected app run a tool. Returns its result."""
        ...

    def tell_app(self, content: str) -> None:
        """Send the connected app a message."""

    async def transfer(self, target: str, how: CallTransfer | None = None) -> str:
        """Pass the telephone call on to that number or address. `how`: somebody is asked there before; None: at once.
        Returns what came of it."""
        ...

    async def press_keys(self, keys: str) -> str:
        """Press keys on the telephone line. Returns what came of it."""
        ...

    def switch_agent(self, name: str) -> None:
        """Have that agent go on with the conversation."""

    async def search_files(self, query: str) -> str:
        """Search the files that the agent draws on. Returns the passages that fit, for the model. Raises VoiError."""
        ...

    async def never_call_again(self) -> str:
        """Keep for good that the person on this telephone is not called again. Returns what came of it."""
        ...

    async def prove_person(self) -> None:
        """It was proven in the conversation that the person is who they are said to be. Returns when what is remembered
        of them is known, or late."""

    async def remember(self, fact: str) -> str:
        """Keep a fact about the person for later conversations. Returns what came of it."""
        ...


@dataclass(frozen=True, slots=True)
class ToolContext:
    """The conversation of a call. `values`: what templates may name as {call:NAME}. `captures`: takes down what the
    person dictates."""

    values: Mapping[str, str]
    hands: Hands
    captures: Captures = field(default_factory=Captures)

    @property
    def captured(self) -> Mapping[str, str]:
        """What the person has dictated so far, by slot: what templates may name as {captured:NAME}."""
        return self.captures.values


ToolBody = Callable[[dict[str, Any], ToolContext], Awaitable[ToolOutput | str]]
"""Runs a call with arguments that fit the tool's schema. Raises ToolFailed, and any VoiError. Cancelling it ends the
call."""


@dataclass(frozen=True, slots=True)
class AvailableTool:
    """A tool that an agent may call. `private`: names of arguments that observers are not told."""

    spec: ToolSpec
    kind: ToolKind
    rule: ToolRule
    body: ToolBody
    arguments: Arguments
    private: frozenset[str] = field(default_factory=frozenset)


def bounded(text: str) -> str:
    """The text as a result, cut at its longest."""
    return text if len(text) <= RESULT_MAX_CHARACTERS else text[: RESULT_MAX_CHARACTERS - len(CUT)] + CUT
