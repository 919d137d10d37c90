"""Runs the tools that the agent calls: carries out RunTool."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping

from voi.core.actions import RunTool
from voi.core.facts import ToolReturned
from voi.errors import VoiError
from voi.tasks import Tasks

Tool = Callable[[str], Awaitable[str]]
"""Takes the arguments, JSON as the model wrote it, and returns the result, a text for the model. Raises VoiError."""
RESULT_MAX_CHARACTERS = 20_000
NO_SUCH_TOOL = "There is no tool of that name."
BROKE = "The tool broke."


class ToolRunner:
    """Runs the tools of one conversation. `timeout_ms`: a tool that takes longer is cancelled."""

    def __init__(
        self, tools: Mapping[str, Tool], tasks: Tasks, tell: Callable[[ToolReturned], None], timeout_ms: int
    ) -> None:
        self._tools = tools
        self._tasks = tasks
        self._tell = tell
        self._timeout_s = timeout_ms / 1_000

    def run(self, action: RunTool) -> None:
        if tool := self._tools.get(action.name):
            self._tasks.start(self._run(action, tool), f"tool {action.name}")
        else:
            self._tell(ToolReturned(action.reply, action.call_id, NO_SUCH_TOOL, failed=True))

    async def _run(self, action: RunTool, tool: Tool) -> None:
        result, failed = "", True
        try:
            async with asyncio.timeout(self._timeout_s):
                result, failed = await tool(action.arguments), False
        except (TimeoutError, VoiError) as error:
            result = str(error) or "The tool did not answer in time."
            self._tasks.log.warning("tool %s failed: %s", action.name, type(error).__name__)
        except Exception as error:
            self._tasks.fault(f"tool {action.name} broke", error)
            result = BROKE
        self._tell(ToolReturned(action.reply, action.call_id, result[:RESULT_MAX_CHARACTERS], failed))
