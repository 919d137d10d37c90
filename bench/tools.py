"""How much a tool's call takes beyond the tool's own time: from the action that asks for it to the fact that tells its
result, on an idle loop.

    python bench/tools.py            # calls of a tool that returns at once, over no network
"""

import asyncio
import statistics
import time
from typing import Any

from voi.core.actions import RunTool
from voi.core.facts import ToolReturned
from voi.core.tool_rule import ToolRule
from voi.dialogue import ToolSpec
from voi.session.tools import ToolRunner
from voi.tasks import Tasks
from voi.tools.arguments import Arguments
from voi.tools.base import AvailableTool, ToolContext

CALLS = 5_000
SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "number": {"type": "string", "pattern": "^[0-9]{4,8}$"},
        "day": {"type": "string", "format": "date"},
        "people": {"type": "integer", "minimum": 1, "maximum": 20},
        "names": {"type": "array", "items": {"type": "string"}},
    },
    "required": ["number", "day"],
}
WRITTEN = '{"number": "12345", "day": "2026-12-01", "people": 4, "names": ["Ada", "Grace"]}'


async def main() -> None:
    async def body(arguments: dict[str, Any], context: ToolContext) -> str:
        return "done"

    told: asyncio.Future[ToolReturned] = asyncio.get_running_loop().create_future()
    tool = AvailableTool(ToolSpec("book", "", SCHEMA), "python", ToolRule("book"), body, Arguments(SCHEMA))
    tasks = Tasks()
    context = ToolContext({}, None)  # type: ignore[arg-type]
    runner = ToolRunner({"book": tool}, tasks, lambda fact: told.set_result(fact), lambda: context)
    times_ms = []
    for number in range(CALLS):
        told = asyncio.get_running_loop().create_future()
        began_s = time.perf_counter()
        runner.run(RunTool(number, "a", "book", WRITTEN))
        assert not (await told).failed
        times_ms.append((time.perf_counter() - began_s) * 1_000)
    times_ms.sort()
    median, most = statistics.median(times_ms), times_ms[-CALLS // 100]
    print(f"{CALLS} calls: median {median:.3f} ms, 99 of 100 below {most:.3f} ms, longest {times_ms[-1]:.3f} ms")


if __name__ == "__main__":
    asyncio.run(main())
