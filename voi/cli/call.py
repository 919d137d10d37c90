"""`voi call`: has the running server ring somebody up; or keeps for good that somebody is not called again."""

import asyncio
import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from voi.cli.options import AsJson

if TYPE_CHECKING:
    from voi.config.settings import Settings
    from voi.store.store import Store

POLL_S = 1.0
TIMEOUT_S = 15.0


def call(
    to: Annotated[str, typer.Argument(metavar="NUMBER|ADDRESS", help="+4930123456, tel:… or sip:anna@example.com")],
    account: Annotated[str, typer.Option(help="The account that calls; without it, the only one.")] = "",
    agent: Annotated[str, typer.Option(help="The agent that talks.")] = "",
    text: Annotated[str, typer.Option("--say", help="What it says first, in place of its greeting.")] = "",
    wait_for_them: Annotated[bool, typer.Option("--wait-for-them", help="It says nothing first.")] = False,
    at_once: Annotated[bool, typer.Option("--at-once", help="It does not wait for their hello.")] = False,
    variable: Annotated[
        list[str] | None, typer.Option("--var", help="NAME=VALUE for its prompt; may be repeated.")
    ] = None,
    consent: Annotated[str, typer.Option(help="Where it is written down that they agreed.")] = "",
    key: Annotated[str, typer.Option(help="Idempotency key: the same order twice is one call.")] = "",
    url: Annotated[str, typer.Option(help="The server; without it, the one of this machine's settings.")] = "",
    follow: Annotated[bool, typer.Option(help="Wait for what comes of it.")] = True,
    never: Annotated[bool, typer.Option("--never", help="Keep for good that nobody calls there again.")] = False,
    again: Annotated[bool, typer.Option("--again", help="Take --never back: the person asked for it.")] = False,
    as_json: AsJson = False,
) -> None:
    """Have an agent ring somebody up, through an account of phones.json. Exits with 1 if nobody talked."""
    from voi.errors import ClientError

    if never or again:
        _keep(to, never=never, as_json=as_json)
        return
    if not agent:
        raise typer.BadParameter("say which agent talks: --agent NAME")
    order: dict[str, Any] = {"to": to, "account": account or _only_account(), "agent": agent}
    if text:
        order |= {"first": "text", "text": text}
    elif wait_for_them:
        order["first"] = "wait"
    if at_once:
        order["when"] = "at_once"
    variables = dict(_variable(each) for each in variable or ())
    optional = {"variables": variables, "consent": consent, "idempotency_key": key}
    order |= {name: value for name, value in optional.items() if value}
    found = asyncio.run(_ring(order, url, follow=follow, quiet=as_json))
    if as_json:
        typer.echo(json.dumps(found, indent=2, ensure_ascii=False))
    elif found["state"] == "over":
        typer.echo(_told(found))
    else:
        typer.echo(f"{found['id']} {found['state']}")
    if found["state"] == "over" and found["outcome"] not in ("answered", "voicemail"):
        raise ClientError(f"Nobody talked: {found['outcome']}.") if not as_json else typer.Exit(1)


def _variable(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise typer.BadParameter("a variable is NAME=VALUE")
    return name, value


def _only_account() -> str:
    from voi.config.phones import read_phones
    from voi.config.problems import Problems
    from voi.config.settings import load_settings

    phones = read_phones(load_settings().phones_file, {}, Problems())
    accounts = list(phones.outgoing.accounts) if phones and phones.outgoing else []
    if len(accounts) != 1:
        raise typer.BadParameter("say which account calls: --account NAME")
    return accounts[0]


def _told(found: dict[str, Any]) -> str:
    lasted = "" if found["duration_s"] is None else f" after {found['duration_s']:.0f} s"
    by = f", taken by {found['taken_by']}" if found["taken_by"] else ""
    why = f" ({found['cause']})" if found["cause"] else ""
    lines = [f"{found['id']} {found['outcome']}{lasted}{by}{why}"]
    lines += [f"{said['at_ms'] / 1_000:8.2f}  {said['role']:9} {said['text']}" for said in found.get("transcript", ())]
    return "\n".join(lines)


async def _ring(order: dict[str, Any], url: str, *, follow: bool, quiet: bool) -> dict[str, Any]:
    """Order it, and wait until it is over. Raises ClientError."""
    import aiohttp

    from voi.config.settings import load_settings
    from voi.errors import ClientError

    settings = load_settings()
    _, api_key = settings.require_secrets()
    scheme = "https" if settings.tls_cert_file else "http"
    base = (url or f"{scheme}://127.0.0.1:{settings.port}").rstrip("/")
    headers = {"API-Key": api_key}
    try:
        async with aiohttp.ClientSession(headers=headers, timeout=aiohttp.ClientTimeout(total=TIMEOUT_S)) as session:
            found = await _answer(await session.post(f"{base}/calls", json=order))
            state = found["state"]
            while follow and found["state"] != "over":
                if found["state"] != state and not quiet:
                    typer.echo(found["state"], err=True)
                state = found["state"]
                await asyncio.sleep(POLL_S)
                found = await _answer(await session.get(f"{base}/calls/{found['id']}"))
    except (aiohttp.ClientError, TimeoutError) as error:
        raise ClientError(
            f"The server at {base} cannot be reached ({type(error).__name__}). Is `voi serve` running?"
        ) from None
    return found


async def _answer(response: Any) -> dict[str, Any]:
    from voi.errors import ClientError

    body = await response.text()
    try:
        found = json.loads(body)
    except ValueError:
        found = {}
    if response.status >= 400:
        raise ClientError(str(found.get("detail", "")) or f"The server answered with HTTP {response.status}.")
    return dict(found)


def _keep(to: str, *, never: bool, as_json: bool) -> None:
    """In the store itself, so that it needs no server."""
    from voi.cli.open_store import with_store
    from voi.transports.telephone.outgoing.destinations import parse_destination

    address = parse_destination(to).address

    async def work(store: "Store", _: "Settings") -> bool:
        from voi.store.observer import now_ms
        from voi.transports.telephone.outgoing.order_store import OrderStore

        orders = OrderStore(store)
        if not never:
            return await orders.may_call_again(address)
        await orders.never_call(address, "cli", now_ms())
        return True

    done = with_store(work, "voi call --never" if never else "voi call --again", make=never)
    if as_json:
        typer.echo(json.dumps({"done": done}))
    elif never:
        typer.echo("Kept: nobody calls there again.")
    else:
        typer.echo("Calls to there are allowed again." if done else "That was not kept.")
