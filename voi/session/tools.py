"""Runs the tools that the agent calls: carries out RunTool and CancelTool."""

import asyncio
import re
import time
from collections.abc import Callable, Mapping

from voi.core.actions import CancelTool, RunTool
from voi.core.facts import ToolReturned
from voi.core.tool_rule import AfterCall
from voi.errors import VoiError
from voi.session.tool_use import ToolError, ToolUse
from voi.tasks import Tasks
from voi.tools.arguments import WrongArguments, without
from voi.tools.base import AvailableTool, ToolContext, ToolOutput, bounded

NO_SUCH_TOOL = "There is no tool of that name."
TOO_SLOW = "The tool did not answer in time. It may have done its work."
BROKE = "The tool broke."
FINISH_S = 5.0
"""How long calls that have an effect may go on when the conversation is over."""
NAME_MAX = 80
_IDENTIFIER = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,63}")


class ToolRunner:
    """Runs the tools of one conversation. `context` returns what they are given of it. `on_use` is told each call when
    it is over. A tool that takes longer than its rule says is cancelled."""

    def __init__(
        self,
        tools: Mapping[str, AvailableTool],
        tasks: Tasks,
        tell: Callable[[ToolReturned], None],
        context: Callable[[], ToolContext],
        on_use: Callable[[ToolUse], None] = lambda use: None,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        self.tools = tools
        """Those that the agent may call now, by name."""
        self._tasks = tasks
        self._tell = tell
        self._context = context
        self._on_use = on_use
        self._clock = clock
        self._running: dict[tuple[int, str], tuple[asyncio.Task[None], bool]] = {}
        """The running calls, by reply and call id, and whether each is to finish whatever happens."""

    def run(self, action: RunTool) -> None:
        tool = self.tools.get(action.name)
        if tool is None:
            self._tasks.log.warning("the agent called a tool that it does not have: %s", _named(action.name))
            self._over(action, None, NO_SUCH_TOOL, self._clock(), "unknown_tool")
            return
        key = action.reply, action.call_id
        task = self._tasks.start(self._run(action, tool), f"tool {action.name}")
        self._running[key] = task, not (tool.rule.safe or tool.rule.cancel_on_interrupt)
        task.add_done_callback(lambda _: self._running.pop(key, None))

    def cancel(self, action: CancelTool) -> None:
        running = self._running.get((action.reply, action.call_id))
        if running is not None:
            running[0].cancel()

    async def finish(self) -> None:
        """The conversation is over: wait for the calls that have an effect, which would otherwise be half done."""
        if wanted := {task for task, finishes in self._running.values() if finishes}:
            await asyncio.wait(wanted, timeout=FINISH_S)

    async def _run(self, action: RunTool, tool: AvailableTool) -> None:
        began_s, error, then = self._clock(), "failed", "answer"  # type: tuple[float, ToolError, AfterCall]
        context = self._context()
        try:
            arguments = tool.arguments.read(action.arguments)
            async with asyncio.timeout(tool.rule.timeout_ms / 1_000):
                output = await tool.body(arguments, context)
            result, error = output.text if isinstance(output, ToolOutput) else output, ""
            then = output.then if isinstance(output, ToolOutput) else "answer"
        except WrongArguments as wrong:
            result, error = str(wrong), "wrong_arguments"
        except TimeoutError:
            result, error = TOO_SLOW, "timeout"
        except VoiError as failure:
            result = str(failure) or BROKE
        except asyncio.CancelledError:
            self._over(action, tool, "", began_s, "cancelled")
            raise
        except Exception as fault:
            self._tasks.fault(f"tool {action.name} broke", fault)
            result, error = BROKE, "broke"
        if error:
            took_ms = self._took_ms(began_s)
            self._tasks.log.warning("tool %s (%s) failed after %d ms: %s", action.name, tool.kind, took_ms, error)
        self._over(action, tool, bounded(context.captures.without_private(result)), began_s, error, then)

    def _over(
        self,
        action: RunTool,
        tool: AvailableTool | None,
        result: str,
        began_s: float,
        error: ToolError,
        then: AfterCall = "answer",
    ) -> None:
        shown = without(action.arguments, tool.private if tool else frozenset())
        name, kind = action.name[:NAME_MAX], tool.kind if tool else "unknown"
        took_ms = self._took_ms(began_s)
        self._on_use(ToolUse(action.reply, action.call_id, name, kind, shown, len(result), took_ms, error))
        if error != "cancelled":
            self._tell(ToolReturned(action.reply, action.call_id, result, bool(error), then))

    def _took_ms(self, began_s: float) -> int:
        return round((self._clock() - began_s) * 1_000)


def _named(name: str) -> str:
    """The name for the log; only its length if words may stand in it that were said."""
    return name if _IDENTIFIER.fullmatch(name) else f"<{len(name)} characters>"
