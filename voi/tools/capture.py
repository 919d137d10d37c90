"""The tool that takes down what a person dictates. The model says which slot; the words are the person's own."""

import asyncio
from collections.abc import Sequence
from typing import Any

from voi.capture.slots import Slot
from voi.capture.vocabulary import vocabulary_of
from voi.config.capture import Capture
from voi.tools.base import ToolContext

SAID_MAX_CHARACTERS = 2_000
DESCRIPTION = (
    "Take down what the person dictates. Call it with the slot before you ask, and again when the person has said it: "
    "their words are read as they were heard, corrected and checked. Do as the result says. Never write down a value "
    "yourself."
)


class CaptureTool:
    """The body of one tool. `language`: of the agent, for a capture that has none of its own."""

    def __init__(self, capture: Capture, language: str) -> None:
        self._slots = capture.as_slots()
        self._by_name = {slot.name: slot for slot in self._slots}
        self._language = capture.language or language

    async def __call__(self, arguments: dict[str, Any], context: ToolContext) -> str:
        """See `ToolBody`."""
        slot = self._by_name[arguments["slot"]]
        words = await asyncio.to_thread(vocabulary_of, self._language)  # made, if this is its first use
        return context.captures.take(slot, words, self._slots, arguments.get("said"), arguments.get("confirmed"))


def parameters_of(slots: Sequence[Slot]) -> dict[str, Any]:
    """JSON Schema of the tool's arguments."""
    listed = "; ".join(f"{slot.name}: {slot.description or slot.kind}" for slot in slots)
    return {
        "type": "object",
        "properties": {
            "slot": {"type": "string", "enum": [slot.name for slot in slots], "description": listed},
            "said": {
                "type": "string",
                "maxLength": SAID_MAX_CHARACTERS,
                "description": "Only if the person said several things at once, or something else in between: their "
                "words for this slot, exactly as they said them.",
            },
            "confirmed": {
                "type": "boolean",
                "description": "After you have read it back: whether the person said that it is right.",
            },
        },
        "required": ["slot"],
    }


PRIVATE_ARGUMENTS = frozenset({"said"})
"""What observers are not told if a slot is private."""
