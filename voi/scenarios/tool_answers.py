"""The tools of a scenario: they answer what it says."""

import asyncio
import json
from collections.abc import Mapping, Sequence

from voi.errors import EngineError
from voi.scenarios.model import ToolAnswer
from voi.session.tools import Tool


def tools_of(answers: Mapping[str, Sequence[ToolAnswer]]) -> dict[str, Tool]:
    """The tools by name."""
    return {name: _tool(some) for name, some in answers.items()}


def _tool(answers: Sequence[ToolAnswer]) -> Tool:
    left = list(answers)

    async def tool(arguments: str) -> str:
        answer = left.pop(0) if len(left) > 1 else left[0]
        await asyncio.sleep(answer.after_ms / 1_000)
        if answer.error is not None:
            raise EngineError(answer.error)
        result = answer.result
        return result if isinstance(result, str) else json.dumps(result, ensure_ascii=False)

    return tool
