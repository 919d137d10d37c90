"""`voi knowledge`: what an agent finds in its files."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from voi.cli.options import AsJson

if TYPE_CHECKING:
    from voi.knowledge.collection import KnowledgeCollection

T = TypeVar("T")
knowledge = typer.Typer(
    help="What an agent finds in the files that it draws on.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
AgentName = Annotated[str, typer.Argument(metavar="AGENT", help="An agent of agents.json.")]
InsteadOfAgents = Annotated[Path | None, typer.Option(help="Instead of VOI_AGENTS_FILE.")]


@knowledge.command()
def search(
    agent: AgentName,
    words: Annotated[str, typer.Argument(help="What a person might say.")],
    before: Annotated[str, typer.Option(help="What they said in the turn before.")] = "",
    agents: InsteadOfAgents = None,
    as_json: AsJson = False,
) -> None:
    """Print the passages that the agent would be given for these words, the best first."""
    from voi.knowledge.collection import Query
    from voi.knowledge.index import Passage

    async def work(collection: "KnowledgeCollection") -> list[Passage]:
        return await collection.search(Query(words, before))

    found = asyncio.run(_with_collection(agent, agents, work))
    if as_json:
        rows = [{"source": each.source, "place": each.place, "text": each.words} for each in found]
        typer.echo(json.dumps(rows, indent=2, ensure_ascii=False))
        return
    for passage in found:
        typer.secho(f"{passage.source}{f', {passage.place}' if passage.place else ''}", bold=True)
        typer.echo(f"{passage.words}\n")
    if not found:
        typer.echo("Nothing fits: the agent is given no excerpts.", err=True)


@knowledge.command(name="list")
def list_files(agent: AgentName, agents: InsteadOfAgents = None, as_json: AsJson = False) -> None:
    """List the files that the agent draws on, with their passages. Names on standard error those that it cannot use."""

    async def work(collection: "KnowledgeCollection") -> list[tuple[str, int, int]]:
        return await asyncio.to_thread(collection.index.sources)

    found = asyncio.run(_with_collection(agent, agents, work))
    if as_json:
        rows = [{"source": name, "passages": count, "characters": size} for name, count, size in found]
        typer.echo(json.dumps(rows, indent=2, ensure_ascii=False))
        return
    from rich.table import Table

    from voi.cli.tables import console_for_tables

    table = Table("file", "passages", "characters", box=None)
    for name, count, size in found:
        table.add_row(name, f"{count:,}", f"{size:,}")
    console_for_tables().print(table)


async def _with_collection(
    name: str, agents_file: Path | None, work: Callable[["KnowledgeCollection"], Awaitable[T]]
) -> T:
    """Do the work with what the agent draws on, read as the server reads it. Raises ConfigError, EngineError."""
    from voi.config.load import load_config
    from voi.config.problems import did_you_mean
    from voi.config.settings import load_settings
    from voi.engines.registry import tts_info
    from voi.engines.startup import llm_router
    from voi.errors import ConfigError
    from voi.knowledge.library import Library

    settings = load_settings(agents_file=agents_file)
    config = await asyncio.to_thread(load_config, settings, tts_info)
    if name not in config.agents:
        raise ConfigError(f"There is no agent {name!r}{did_you_mean(name, config.agents)}.")
    drawn_on = config.agents[name].knowledge
    if drawn_on is None:
        raise ConfigError(f'The agent {name!r} draws on no files: give it "knowledge" in {settings.agents_file}.')
    router = llm_router(settings, ())
    try:
        library = Library(settings.knowledge_dir, router.embed)
        for note in await library.take(config, only=name):
            typer.secho(f"warning: {note}", fg="yellow", err=True)
        collection = library.of(drawn_on)
        assert collection is not None
        return await work(collection)
    finally:
        await router.close()
