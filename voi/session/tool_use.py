"""What observers are told of a tool's call."""

from dataclasses import dataclass
from typing import Literal

from voi.tools.base import ToolKind

ToolError = Literal["", "unknown_tool", "wrong_arguments", "failed", "timeout", "cancelled", "broke"]
"""Why a call has no result. "": it has one. `broke`: a fault in its code."""


@dataclass(frozen=True, slots=True)
class ToolUse:
    """One call of a tool, once it is over. `arguments`: JSON as the model wrote it, without the private ones.
    `result_characters`: the size of what the model is told."""

    reply: int
    call_id: str
    name: str
    kind: ToolKind
    arguments: str
    result_characters: int
    took_ms: int
    error: ToolError = ""
