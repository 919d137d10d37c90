"""The bench as a server of the Model Context Protocol, by the official package `mcp` (the extra `mcp`).

Each tool is a command of `voi`, run in a process of its own: what was saved just now counts, nothing that a command
prints disturbs the protocol, and one that takes too long can be ended. https://modelcontextprotocol.io
"""

import asyncio
import functools
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field

from voi import __version__
from voi.config.problems import quoted
from voi.config.settings import load_settings
from voi.errors import ClientError, ConfigError, VoiError

if TYPE_CHECKING:
    from mcp.server import MCPServer

DEADLINE_S = 900.0
OUTPUT_MAX_BYTES = 400_000
"""A longer answer would fill an assistant's context: it is told to ask for less."""
READ_BYTES = 65_536
STOP_S = 5.0
INSTRUCTIONS = """\
Work on voice agents with these tools: edit agents.json and the scenario files yourself, then call `check` for mistakes
and advice, and `test` to see whether the agents do what the scenarios say. `test` without `live` needs no key and takes
milliseconds a scenario. `scenario_schema` explains every field of a scenario file."""

AgentsFile = Annotated[str, Field(description="Path of agents.json; empty: the configured one.")]
Only = Annotated[str, Field(description="Only scenarios with these words in their name.")]


async def run_voi(args: Sequence[str], deadline_s: float = DEADLINE_S) -> str:
    """What the command `voi ARGS` prints, its errors included. Raises ClientError if it takes too long or prints too
    much."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", "from voi.cli import main; main()", *args,
        stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    assert process.stdout is not None
    printed = bytearray()
    try:
        async with asyncio.timeout(deadline_s):
            while read := await process.stdout.read(READ_BYTES):
                printed += read
                if len(printed) > OUTPUT_MAX_BYTES:
                    raise ClientError(
                        f"The answer has more than {OUTPUT_MAX_BYTES:,} bytes; ask for less, as with only."
                    )
            await process.wait()
    except TimeoutError:
        raise ClientError(f"It took more than {deadline_s:g} s and was ended; ask for less.") from None
    finally:
        if process.returncode is None:
            with suppress(ProcessLookupError):
                process.kill()
            with suppress(TimeoutError):
                async with asyncio.timeout(STOP_S):
                    await process.wait()
    return printed.decode("utf-8", "replace").strip() or "Done: it printed nothing."


def _options(**given: object) -> list[str]:
    """Options of a command line. Values stand behind "=", so that none is taken for an option of its own."""
    found = []
    for name, value in given.items():
        option = f"--{name.replace('_', '-')}"
        if value is True:
            found.append(option)
        elif value not in (False, None, ""):
            found.append(f"{option}={value}")
    return found


def _inside(path: str) -> str:
    """The path, which may name nothing outside of the folder of this server, of its agents and of its recordings: a
    mistake in a file is told with the line that has it, and an assistant may be asked by others to have any file read.
    Raises ClientError."""
    if not path:
        return path
    roots = [Path.cwd()]
    with suppress(ConfigError):
        settings = load_settings()
        roots += [settings.agents_file.resolve().parent, settings.recordings_dir.resolve()]
    try:
        inside = any(Path(path).resolve().is_relative_to(root) for root in roots)
    except (OSError, ValueError, RuntimeError):  # a loop of links, a character that no name can have
        inside = False
    if not inside:
        raise ClientError(f"{quoted(path)} is outside of {roots[0]}, where voi mcp was started: it is not read.")
    return path


async def check(agents_file: AgentsFile = "") -> str:
    """Mistakes in .env, agents.json and tts_models.json, and advice on prompts, as JSON: ok, problems, warnings."""
    return await run_voi(["check", "--json", *_options(agents=_inside(agents_file))])


async def play(
    only: Only = "",
    files: Annotated[list[str] | None, Field(description="Scenario files or folders; none: scenarios/.")] = None,
    live: Annotated[bool, Field(description="Ask the real language models, which may cost money.")] = False,
    repeat: Annotated[int, Field(ge=1, le=100, description="Play each scenario so often.")] = 1,
    agents_file: AgentsFile = "",
) -> str:
    """Play scenarios against the agents. JSON: what held, what did not with file and line, transcripts, latencies,
    and what changed since the last run."""
    options = _options(only=only, live=live, repeat=repeat, agents=_inside(agents_file))
    return await run_voi(["test", "--json", *options, "--", *map(_inside, files or [])])


async def scenario_schema() -> str:
    """The JSON Schema of scenario files, with a description of every field."""
    return await run_voi(["schema", "scenarios"])


async def compare(
    draft_a: Annotated[str, Field(description="Path of an agents.json.")],
    draft_b: Annotated[str, Field(description="Path of another one, with the same agents.")],
    only: Only = "",
    scripted: Annotated[bool, Field(description="Scripted answers instead of real models.")] = False,
) -> str:
    """Play the same scenarios with two drafts of the agents. JSON: both transcripts, what fails, medians."""
    options = _options(only=only, scripted=scripted)
    return await run_voi(["ab", "--json", *options, "--", _inside(draft_a), _inside(draft_b)])


async def simulate(
    agent: Annotated[str, Field(description="Who is called: a name of agents.json.")],
    persona: Annotated[str, Field(description="Who calls: an agent that plays the person, or a text.")],
    goal: Annotated[str, Field(description="What must come of it, for a judge model.")] = "",
    model: Annotated[str, Field(description="LLM of the person, where the persona is a text.")] = "",
    calls: Annotated[int, Field(ge=1, le=50, description="How many conversations.")] = 3,
    turns: Annotated[int, Field(ge=1, le=50, description="The caller says at most so many things.")] = 8,
    agents_file: AgentsFile = "",
) -> str:
    """Have a persona call an agent over the real door, with real models, which may cost money. JSON: transcripts,
    outcomes, latencies."""
    if persona.startswith("@"):
        raise ClientError("persona: give the text itself, or the name of an agent.")
    options = _options(
        agent=agent, persona=persona, goal=goal, model=model, calls=calls, turns=turns, agents=_inside(agents_file)
    )
    return await run_voi(["simulate", "--json", *options])


async def scenario_from_recording(
    recording: Annotated[str, Field(description="A recorded conversation: its folder, journal or id.")],
    agent: Annotated[str, Field(description="Whose conversation it was, if its prompt does not say.")] = "",
    agents_file: AgentsFile = "",
) -> str:
    """A recorded conversation as a scenario file (YAML), without numbers, cards and e-mail addresses."""
    return await run_voi(["test", f"--from={_inside(recording)}", *_options(agent=agent, agents=_inside(agents_file))])


async def list_calls(
    agent: Annotated[str, Field(description="Only those with this agent.")] = "",
    since: Annotated[str, Field(description="Only those since that date, such as 2026-11-28.")] = "",
    limit: Annotated[int, Field(ge=1, le=500)] = 20,
) -> str:
    """Conversations of the store, the newest first, as JSON."""
    return await run_voi(["calls", "list", "--json", *_options(agent=agent, since=since, limit=limit)])


async def show_call(call_id: Annotated[str, Field(description="An id of list_calls.")]) -> str:
    """One conversation of the store: facts, transcript, latencies, failures, as JSON."""
    return await run_voi(["calls", "show", "--json", "--", call_id])


TOOLS: Mapping[str, Callable[..., Awaitable[str]]] = {
    "check": check,
    "test": play,
    "compare": compare,
    "simulate": simulate,
    "scenario_schema": scenario_schema,
    "scenario_from_recording": scenario_from_recording,
    "list_calls": list_calls,
    "show_call": show_call,
}


def bench_server() -> "MCPServer":
    """The server; `run` serves it."""
    from mcp.server import MCPServer
    from mcp.server.mcpserver.exceptions import ToolError

    def told(tool: Callable[..., Awaitable[str]]) -> Callable[..., Awaitable[str]]:
        """The tool; the assistant is told why it failed. Of any other error, MCP tells no words."""

        @functools.wraps(tool)
        async def telling(*args: Any, **kwargs: Any) -> str:
            try:
                return await tool(*args, **kwargs)
            except VoiError as error:
                raise ToolError(str(error)) from None

        return telling

    server: MCPServer = MCPServer("voi", instructions=INSTRUCTIONS, version=__version__, log_level="ERROR")
    for name, tool in TOOLS.items():
        server.add_tool(told(tool), name=name)
    return server
