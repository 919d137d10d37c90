"""`voi phones`: telephone accounts of the running server."""

import json
import sys
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote

import typer

from voi.cli.options import AsJson, with_options_of

phones = typer.Typer(
    help="Telephone accounts of the running server: list, add, change, start, stop, delete; and end their calls.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

AccountName = Annotated[str, typer.Argument(help="The account: a-z, 0-9, - and _.")]
Url = Annotated[str, typer.Option(help="The server; without it, the one of this machine's settings.")]
Registrar = Annotated[str, typer.Option(help="Where it registers: a host, with a port if it is not the usual one.")]
User = Annotated[str, typer.Option(help="Its user name.")]
PasswordFile = Annotated[
    Path | None, typer.Option(help="The file with its password in one line; - for standard input.")
]  # fmt: skip
AnsweringAgent = Annotated[str, typer.Option("--agent", help="The agent that answers.")]
DisplayName = Annotated[str, typer.Option(help="The name that those who are called may see.")]
Greeting = Annotated[str, typer.Option(help="What the agent opens a call with, in place of its own greetings.")]
AutoAnswer = Annotated[bool | None, typer.Option(help="Answer calls, or only make them.")]
Fields = Annotated[
    list[str] | None,
    typer.Option("--set", help="FIELD=JSON, any other field of docs/telephone.md#sip; may be repeated."),
]


@phones.command("list")
def list_(url: Url = "", as_json: AsJson = False) -> None:
    """Show all accounts, those of phones.json too: what they do, and their calls."""
    from voi.cli.server_api import ask_server

    found = ask_server("GET", "/phones/accounts", url=url)
    if as_json:
        typer.echo(json.dumps(found, indent=2, ensure_ascii=False))
        return
    for note in found["notes"]:
        typer.secho(note, fg="yellow", err=True)
    if not found["accounts"]:
        typer.echo("There are no accounts.")
    for account in found["accounts"]:
        for line in _told(account):
            typer.echo(line)


def given_fields(
    server: Registrar = "",
    user: User = "",
    agent: AnsweringAgent = "",
    display_name: DisplayName = "",
    greeting: Greeting = "",
    auto_answer: AutoAnswer = None,
    field: Fields = None,
) -> dict[str, Any]:
    """The fields of an account that the command line gives. Raises typer.BadParameter."""
    given = {"server": server, "user": user, "agent": agent, "display_name": display_name, "greeting": greeting}
    fields: dict[str, Any] = {name: value for name, value in given.items() if value}
    if auto_answer is not None:
        fields["auto_answer"] = auto_answer
    for each in field or ():
        name, equals, value = each.partition("=")
        if not equals or not name:
            raise typer.BadParameter("a field is FIELD=JSON")
        if name in ("password", "secret"):
            raise typer.BadParameter("a secret does not belong on the command line: use --password-file")
        try:
            fields[name] = json.loads(value)
        except ValueError:
            fields[name] = value  # a plain text needs no quotes
    return fields


@phones.command()
@with_options_of(given_fields)
def add(
    fields: dict[str, Any],
    name: AccountName,
    password_file: PasswordFile = None,
    start_it: Annotated[bool, typer.Option("--start/--no-start", help="Use it at once.")] = True,
    url: Url = "",
    as_json: AsJson = False,
) -> None:
    """Add an account. Its password is asked for, or read from a file: never given on the command line."""
    from voi.cli.server_api import ask_server

    password = _password(password_file, asks=bool(fields.get("user")) and fields.get("registers") is not False)
    body = {"name": name, "started": start_it, **fields, **({"password": password} if password else {})}
    _show(ask_server("POST", "/phones/accounts", body, url), as_json=as_json)


@phones.command()
@with_options_of(given_fields)
def change(
    fields: dict[str, Any],
    name: AccountName,
    password_file: PasswordFile = None,
    url: Url = "",
    as_json: AsJson = False,
) -> None:
    """Change what is given of an account; FIELD=null takes a field back. It registers again, and its calls go on."""
    from voi.cli.server_api import ask_server

    if password := _password(password_file, asks=False):
        fields["password"] = password
    if not fields:
        raise typer.BadParameter("say what changes: --agent NAME, say")
    _show(ask_server("PATCH", _path(name), fields, url), as_json=as_json)


@phones.command()
def start(name: AccountName, url: Url = "", as_json: AsJson = False) -> None:
    """Use an account again."""
    from voi.cli.server_api import ask_server

    _show(ask_server("POST", f"{_path(name)}/start", url=url), as_json=as_json)


@phones.command()
def stop(name: AccountName, url: Url = "", as_json: AsJson = False) -> None:
    """Leave its registrar, and take no more calls. Calls under way go on."""
    from voi.cli.server_api import ask_server

    _show(ask_server("POST", f"{_path(name)}/stop", url=url), as_json=as_json)


@phones.command()
def delete(name: AccountName, url: Url = "", as_json: AsJson = False) -> None:
    """Delete an account and its password. Calls under way go on, and are listed until they are over."""
    from voi.cli.server_api import ask_server

    ask_server("DELETE", _path(name), url=url)
    typer.echo(json.dumps({"deleted": name}) if as_json else f"Deleted: {name}.")


@phones.command("hang-up")
def hang_up(
    call: Annotated[str, typer.Argument(help="Id of a call under way, as `voi phones list` shows it.")],
    url: Url = "",
    as_json: AsJson = False,
) -> None:
    """End a call under way."""
    from voi.cli.server_api import ask_server

    done = ask_server("POST", f"/calls/{quote(call, safe='')}/hang_up", url=url)
    typer.echo(json.dumps(done) if as_json else f"Ended: {call}.")


def _path(name: str) -> str:
    return f"/phones/accounts/{quote(name, safe='')}"


def _password(file: Path | None, *, asks: bool) -> str:
    """Raises ClientError."""
    from voi.errors import ClientError

    if file is None:
        return typer.prompt("Password", hide_input=True, default="", show_default=False, err=True) if asks else ""
    try:
        text = sys.stdin.read() if str(file) == "-" else file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ClientError(f"{file} cannot be read: {getattr(error, 'strerror', None) or 'it is no text'}.") from None
    return text.rstrip("\r\n")


def _show(account: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(account, indent=2, ensure_ascii=False))
        return
    for line in _told(account):
        typer.echo(line)


def _told(account: dict[str, Any]) -> list[str]:
    status, fields = account["status"], account["account"]
    server = fields.get("server") or []
    where = " at ".join(filter(None, [fields.get("user"), status["server"] or ", ".join(server)]))
    source = "  (phones.json)" if account["from"] == "file" else ""
    lines = [f"{account['name']:16}  {status['state']:10}  {where or '-'}  {fields.get('agent') or '-'}{source}"]
    if status["reason"]:
        again = f"; next attempt {status['next_try']}" if status["next_try"] else ""
        lines.append(f"    {status['reason']}{again}")
    lines += [f"    {warning}" for warning in account["warnings"]]
    lines += [f"    call {call['direction']:3}  {call['state']:7}  since {call['since']}  {call['id'] or ''}".rstrip()
              for call in account["calls"]]  # fmt: skip
    return lines
