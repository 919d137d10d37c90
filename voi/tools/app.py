"""Tools that the connected app runs."""

from typing import Any

from voi.tools.base import ToolContext


class AppTool:
    """The body of one tool. `name`: as the app knows it."""

    def __init__(self, name: str) -> None:
        self._name = name

    async def __call__(self, arguments: dict[str, Any], context: ToolContext) -> str:
        """See `ToolBody`."""
        return await context.hands.ask_app(self._name, arguments)
