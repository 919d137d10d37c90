"""`voi check`: is the configuration right?"""

import asyncio
import json
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from voi.cli.weight_licences import WeightLicence
    from voi.config.config import Config
    from voi.config.problems import Problems
    from voi.config.settings import Settings

_NOT_READY = "not ready to serve"
"""Missing secrets are not an error: they are made where the server runs, and this machine may only test agents."""


def check(
    agents: Annotated[Path | None, typer.Option(help="Instead of VOI_AGENTS_FILE.")] = None,
    tts_models: Annotated[Path | None, typer.Option(help="Instead of VOI_TTS_MODELS_FILE.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, for other programs.")] = False,
) -> None:
    """Check .env, agents.json, tts_models.json and phones.json. Exits with 1 if there are mistakes, and prints them."""
    from voi.cli import elsewhere
    from voi.cli.brain_check import check_brains
    from voi.cli.engine_check import check_engines, try_engines
    from voi.cli.phone_accounts_check import check_accounts_of_file, check_phone_accounts
    from voi.cli.tool_check import check_tools
    from voi.config.client_agent import hint_of_grants
    from voi.config.load import read_config
    from voi.config.prices import read_prices
    from voi.config.problems import Problems
    from voi.config.settings import load_settings, unknown_variables
    from voi.engines.registry import tts_info
    from voi.errors import ConfigError

    problems = Problems()
    licences: list[WeightLicence] = []
    hint_of_client_agents = ""
    kept_accounts: list[str] = []
    try:
        settings = load_settings(agents_file=agents, tts_models_file=tts_models)
    except ConfigError as error:
        problems.errors += error.problems
    else:
        problems.warnings += [*unknown_variables(), *_not_ready_to_serve(settings)]
        problems.errors += _store_problems(settings)
        config = read_config(settings, tts_info, problems)
        _lint(config, settings, problems)
        check_engines(config, settings, problems)
        check_tools(config, problems)
        check_brains(config, problems)
        check_accounts_of_file(config, settings, problems)
        network = _network_problems(settings, None if problems.errors else config)
        problems.errors += network
        problems.warnings += [] if network else _taken_port(settings)
        read_prices(settings.prices_file, problems)
        if not problems.errors:
            asyncio.run(try_engines(config, settings, problems))
            problems.errors += asyncio.run(_unreadable(config, settings))
            kept_accounts = asyncio.run(check_phone_accounts(config, settings, problems))
        if not problems.errors:
            from voi.cli.weight_licences import weight_licences

            licences = weight_licences(config, settings)
        hint_of_client_agents = hint_of_grants(settings)
        lines = [*_summary(config, settings), *_accounts(kept_accounts), *_licences(licences)] if not as_json else []
        for line in [] if problems.errors else lines:
            typer.echo(line)
    if as_json:
        found = {
            "ok": not problems.errors,
            "problems": problems.errors,
            "warnings": problems.warnings,
            "licences": [licence.as_dict() for licence in licences],
        }
        typer.echo(json.dumps(found, indent=2, ensure_ascii=False))
        raise typer.Exit(bool(problems.errors))
    for warning in problems.warnings:
        typer.secho(f"warning: {warning}", fg="yellow", err=True)
    for problem in problems.errors:
        typer.secho(f"problem: {problem}", fg="red", err=True)
    if problems.errors:
        typer.echo(_count(len(problems.errors), "problem"), err=True)
        if hint := elsewhere():
            typer.echo(hint, err=True)
        raise typer.Exit(1)
    warned = f", with {_count(len(problems.warnings), 'warning')}" if problems.warnings else ""
    unready = any(_NOT_READY in warning for warning in problems.warnings)
    if hint_of_client_agents:
        typer.echo(f"hint: {hint_of_client_agents}", err=True)
    typer.echo(f"The configuration is right{warned}{'; the server does not start with it yet' if unready else ''}.")


def _lint(config: "Config", settings: "Settings", problems: "Problems") -> None:
    """Advice on prompts, as far as the agents could be read."""
    from voi.config.json_file import read_object
    from voi.config.problems import Problems
    from voi.errors import ConfigError
    from voi.scenarios.prompt_lint import lint_prompts

    try:
        raw = read_object(settings.agents_file, Problems(), missing="")
    except ConfigError:
        return  # told by the check that read it first
    lint_prompts(config, raw, problems)


async def _unreadable(config: "Config", settings: "Settings") -> list[str]:
    """Files that agents draw on and that cannot be used. No embedding model is asked."""
    from voi.errors import ConfigError
    from voi.knowledge.library import Library

    try:
        return await Library(settings.knowledge_dir).take(config)
    except ConfigError as error:
        return error.problems


def _not_ready_to_serve(settings: "Settings") -> list[str]:
    from voi.errors import ConfigError

    try:
        settings.require_secrets()
    except ConfigError as error:
        return [f"environment: {_NOT_READY}: {problem}" for problem in error.problems]
    return []


def _network_problems(settings: "Settings", config: "Config | None") -> list[str]:
    """`config` None: it could not be read as a whole, so an agent that is missing there may well exist."""
    from voi.errors import ConfigError
    from voi.server.http_server import check_network
    from voi.transports.listeners import check_listeners
    from voi.transports.webrtc.settings import ice_settings

    found: list[str] = []
    for check in (
        lambda: check_network(settings),
        lambda: check_listeners(settings.listeners, None if config is None else config.agents),
        lambda: ice_settings(settings.webrtc_ice_servers, settings.webrtc_external_address),
    ):
        try:
            check()
        except ConfigError as error:
            found += error.problems
    return [f"environment: {problem}" for problem in found]


def _taken_port(settings: "Settings") -> list[str]:
    """A warning if something other than a Voi server listens at the port."""
    from voi.cli.findings import Grade, port

    found = port(settings)
    return [] if found.state is Grade.OK else [f"environment: port {found.detail}. {found.cure}"]


def _store_problems(settings: "Settings") -> list[str]:
    from voi.errors import ConfigError
    from voi.store.url import parse_store_url

    try:
        settings.store_secrets()
        url = parse_store_url(settings.store_url)
    except ConfigError as error:
        return [f"environment: {problem}" for problem in error.problems]
    if url.path is None and settings.store != "off" and find_spec("asyncpg") is None:
        return ["environment: VOI_STORE_URL: PostgreSQL needs the package asyncpg. Run: ./install.sh postgres"]
    return []


def _summary(config: "Config", settings: "Settings") -> list[str]:
    from voi.config.client_agent import granted

    lines = [f"{settings.agents_file}: {_count(len(config.agents), 'agent')}"]
    width = max((len(name) for name in config.agents), default=0)
    for name, agent in config.agents.items():
        voices = [
            f"{role} {choice.model}/{choice.voice or 'first voice'}" for role, choice in agent.voices_by_role().items()
        ]
        judges = [judge for judge in (agent.control_agent, agent.completeness_agent) if judge]
        lines.append(f"  {name:{width}}  {', '.join([agent.llm_model, *(voices or ['text only']), *judges])}")
    for what, found in (
        ("control agent", config.control_agents),
        ("completeness agent", config.completeness_agents),
    ):
        if found:
            lines.append(f"  {_count(len(found), what)}: {', '.join(found)}")
    models = [f"{name} ({model.engine})" for name, model in config.tts_models.items()]
    lines.append(
        f"{settings.tts_models_file}: {_count(len(models), 'model')}{': ' if models else ''}{', '.join(models)}"
    )
    if config.phones is not None:
        numbers = [f"{called} ({number.agent})" for called, number in config.phones.numbers.items()]
        lines.append(
            f"{settings.phones_file}: {_count(len(numbers), 'number')}{': ' if numbers else ''}{', '.join(numbers)}"
        )
        for name, account in config.phones.accounts.items():
            lines.append(f"  SIP account {name}: {account.agent or 'by number'}")
        for name, server in config.phones.asterisk.items():
            apps = [f"{app} ({what.agent or 'by number'})" for app, what in server.stasis.items()]
            lines.append(f"  Asterisk {name}: {', '.join(apps)}")
        if (outgoing := config.phones.outgoing) is not None:
            accounts = ", ".join(outgoing.accounts) or "no account"
            lines.append(f"{settings.phones_file}: calls through {accounts} to {', '.join(outgoing.allow) or 'nobody'}")
    return [*lines, granted(settings)]


def _accounts(names: list[str]) -> list[str]:
    return [f"store: {_count(len(names), 'telephone account')}: {', '.join(names)}"] if names else []


def _licences(licences: "list[WeightLicence]") -> list[str]:
    return ["licences of the weights:", *(f"  {licence}" for licence in licences)]


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
