"""`voi calls`: the conversations that are stored."""

import json
import os
import sys
from collections.abc import Awaitable, Callable
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from voi.cli.options import AsJson

if TYPE_CHECKING:
    from voi.config.settings import Settings
    from voi.store.conversations import Filter, StoredConversation
    from voi.store.store import Store

calls = typer.Typer(
    help="The conversations of the store: list, show, export and delete them. Times are UTC.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


class Form(StrEnum):
    """The file format of an export."""

    JSONL = "jsonl"
    CSV = "csv"
    MESSAGES_CSV = "messages.csv"


AppOption = Annotated[str, typer.Option(help="Only those of this app.")]
AgentOption = Annotated[str, typer.Option(help="Only those with this agent.")]
PersonOption = Annotated[str, typer.Option(help="Only those of this person of --app, as the app calls them.")]
Since = Annotated[str | None, typer.Option(help="Only those that began at this date or time, or later.")]
Until = Annotated[str | None, typer.Option(help="Only those that began before this date or time.")]


@calls.command("list")
def list_calls(
    app: AppOption = "",
    agent: AgentOption = "",
    person: PersonOption = "",
    since: Since = None,
    until: Until = None,
    limit: Annotated[int, typer.Option(min=1, max=100_000, help="Not more than that.")] = 50,
    as_json: AsJson = False,
) -> None:
    """List conversations, the newest first."""
    from voi.cli.open_store import time_of, with_store

    filter_in = _filter(app, agent, person, since, until)

    async def work(store: "Store", _: "Settings") -> "list[StoredConversation]":
        from voi.store.conversations import list_conversations

        which = await filter_in(store)
        async with store.reading() as connection:
            return await list_conversations(connection, which, limit) if which else []

    found: list[StoredConversation] = with_store(work, if_missing=[] if as_json else None)
    if as_json:
        from voi.store.export import with_dates

        typer.echo(json.dumps([with_dates(kept.facts) for kept in found], indent=2, ensure_ascii=False))
        return
    if not found:
        filtered = app or agent or person or since or until
        typer.echo("There are no such conversations." if filtered else "No conversation was stored yet.")
    for kept in found:
        facts = kept.facts
        ended = "runs, or was cut off" if facts["ended_ms"] is None else facts["end_reason"] or "-"
        typer.echo(
            f"{kept.id:26} {time_of(facts['began_ms'])} {_length(facts):>9}  {facts['app'] or '-'}  "
            f"{facts['agent'] or 'own agent'}  {_answers(facts['answers'])}  {ended}"
        )


@calls.command()
def show(
    conversation_id: Annotated[str, typer.Argument(metavar="ID", help="The conversation's id.")],
    as_json: AsJson = False,
) -> None:
    """Show one conversation: facts, transcript, latencies, failures."""
    from voi.cli.open_store import time_of, with_store
    from voi.errors import ClientError

    async def work(store: "Store", _: "Settings") -> "StoredConversation | None":
        from voi.store.conversations import read_conversation

        async with store.reading() as connection:
            return await read_conversation(connection, store.keys, conversation_id)

    kept = with_store(work)
    if kept is None:
        raise ClientError(f"There is no conversation {conversation_id!r} in the store.")
    if as_json:
        from voi.store.export import with_dates

        typer.echo(json.dumps(with_dates(kept.as_dict()), indent=2, ensure_ascii=False))
        return
    for name, value in kept.facts.items():
        moment = name in ("began_ms", "ended_ms") and value is not None
        label, told = (name.removesuffix("_ms"), time_of(value)) if moment else _in_words(name, value)
        typer.echo(f"{label:20} {told}")
    for said in kept.transcript:
        words = "(deleted)" if said.words is None else said.words
        typer.echo(f"{said.at_ms / 1_000:8.2f}  {said.role:9} {words}")
    for turn in kept.turns:
        times = ", ".join(
            " ".join(_in_words(name, value))
            for name, value in turn.items()
            if name.endswith("_ms") and value is not None
        )
        typer.echo(f"answer {turn['turn']}: {times}")
    for call in kept.tools:
        words = "(deleted)" if call["arguments"] is None else call["arguments"]
        what = call["error"] or f"{call['result_characters']} characters"
        typer.echo(f"{call['at_ms'] / 1_000:8.2f}  tool {call['tool']} {words}: {what}, {call['took_ms']} ms")
    for lookup in kept.lookups:
        sources = "(deleted)" if lookup["sources"] is None else lookup["sources"].replace("\n", "; ")
        took = f"{lookup['characters']} characters, {lookup['took_ms']} ms"
        typer.echo(f"{lookup['at_ms'] / 1_000:8.2f}  files {sources}: {took}")
    for failure in kept.failures:
        typer.echo(f"failed: {failure['kind']} of {failure['engine']} after {failure['took_ms']} ms")


@calls.command()
def export(
    out: Annotated[Path, typer.Option(help="The file; - for standard output.")] = Path("-"),
    form: Annotated[
        Form,
        typer.Option("--format", help="jsonl: everything; csv: a line a conversation; messages.csv: a line a message."),
    ] = Form.JSONL,
    app: AppOption = "",
    agent: AgentOption = "",
    person: PersonOption = "",
    since: Since = None,
    until: Until = None,
    recording: Annotated[
        str | None,
        typer.Option(metavar="ID", help="Instead: that conversation's sound and journal, into the folder --out."),
    ] = None,
) -> None:
    """Write conversations for other programs, the oldest first."""
    from voi.cli.open_store import with_store

    filter_in = _filter(app, agent, person, since, until)

    async def work(store: "Store", settings: "Settings") -> str:
        from voi.store.export import export, export_recording

        if recording is not None:
            files = await export_recording(store, settings.recordings_dir, recording, out)
            return f"{out}: {', '.join(file.name for file in files)}"
        which = await filter_in(store)
        if which is None:
            return "0 conversations"
        if str(out) == "-":
            return f"{await export(store, which, sys.stdout, form.value)} conversations"
        with open(out, "w", encoding="utf-8", newline="", opener=_private) as file:  # noqa: ASYNC230  # its own loop
            return f"{out}: {await export(store, which, file, form.value)} conversations"

    if recording is not None and str(out) == "-":
        raise typer.BadParameter("a recording is a folder: say which with --out")
    what = "the sound of a conversation" if recording is not None else "conversations"
    typer.echo(with_store(work, f"voi calls export: {what}"), err=True)


@calls.command()
def delete(
    conversation_id: Annotated[str | None, typer.Argument(metavar="[ID]", help="The conversation's id.")] = None,
    app: Annotated[str, typer.Option(help="The app that --person is of.")] = "",
    person: Annotated[str, typer.Option(help="Everything that is known of this person of --app.")] = "",
    older_than_days: Annotated[int | None, typer.Option(min=1, help="All that began longer ago.")] = None,
    as_json: AsJson = False,
) -> None:
    """Delete a conversation, a person with all that is known of them, or what is old; sound and keys with it."""
    from voi.cli.open_store import with_store
    from voi.errors import ClientError

    if sum((conversation_id is not None, bool(person), older_than_days is not None)) != 1:
        raise typer.BadParameter("say one of: an ID, --person with --app, --older-than-days")
    if person and not app:
        raise typer.BadParameter("--person needs --app: apps call different people the same")

    async def work(store: "Store", settings: "Settings") -> int:
        from voi.store.deletion import forget_conversation, forget_everything_of, forget_older

        if older_than_days is not None:
            return await forget_older(store, settings.recordings_dir, older_than_days)
        if person:
            found = await forget_everything_of(store, settings.recordings_dir, app, person)
        else:
            found = await forget_conversation(store, settings.recordings_dir, conversation_id or "") or None
        if found is None:
            raise ClientError("There is nothing of that name in the store.")
        return found

    what = f"conversation {conversation_id}" if conversation_id else f"a person of the app {app}"
    if older_than_days is not None:
        what = f"older than {older_than_days} days"
    count = with_store(work, f"voi calls delete: {what}")
    typer.echo(json.dumps({"conversations": count}) if as_json else f"Deleted: {count} conversations.")


def _filter(
    app: str, agent: str, person: str, since: str | None, until: str | None
) -> "Callable[[Store], Awaitable[Filter | None]]":
    """Finds the filter in a store; None if no person of that name is known there. Raises BadParameter, at once."""
    from voi.cli.open_store import parse_date
    from voi.store.conversations import Filter
    from voi.store.people import find_person

    if person and not app:
        raise typer.BadParameter("--person needs --app: apps call different people the same")
    since_ms, until_ms = parse_date(since), parse_date(until)

    async def find(store: "Store") -> Filter | None:
        if not person:
            return Filter(app, agent, "", since_ms, until_ms)
        async with store.reading() as connection:
            found = await find_person(connection, store.keys, app, person)
        return Filter(app, agent, found.id, since_ms, until_ms) if found else None

    return find


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _in_words(field: str, value: Any) -> tuple[str, str]:
    """A field's name without its unit, and the value with it."""
    name, _, unit = field.rpartition("_")
    label, unit = (name, unit) if unit in ("ms", "s", "usd") and name else (field, "")
    if value is None or value == "":
        told = "-"
    elif isinstance(value, bool):
        told = "yes" if value else "no"
    else:
        told = f"{value} {unit.replace('usd', 'USD')}".rstrip()
    return label.replace("_", " "), told


def _answers(number: int) -> str:
    return f"{number} answer{'' if number == 1 else 's'}"


def _length(facts: dict[str, Any]) -> str:
    return "-" if facts["ended_ms"] is None else f"{(facts['ended_ms'] - facts['began_ms']) / 1_000:.1f} s"
