"""Tools that find out whether the person is who they are said to be: by a PIN, a question, a code sent to them."""

import json
from typing import Any

from voi.tools.base import ToolBody, ToolContext, ToolOutput
from voi.tools.http import field_of


class ProvingTool:
    """A tool's body. If its result is JSON whose field `path` is true, and nothing else, the person is proven."""

    def __init__(self, body: ToolBody, path: str) -> None:
        self._body = body
        self._path = path

    async def __call__(self, arguments: dict[str, Any], context: ToolContext) -> ToolOutput | str:
        output = await self._body(arguments, context)
        try:
            result = json.loads(output.text if isinstance(output, ToolOutput) else output)
        except (ValueError, RecursionError):
            return output
        if field_of(result, self._path) is True:
            await context.hands.prove_person()
        return output
