"""`voi simulate`: a persona calls an agent, many times."""

import asyncio
import json
from contextlib import AsyncExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from voi.cli.hushed import hushed
from voi.cli.options import AsJson
from voi.errors import ClientError

if TYPE_CHECKING:
    from voi.config.config import Config
    from voi.scenarios.simulate import Persona, Simulated

APP = "voi-simulate"


def simulate(
    agent: Annotated[str, typer.Option(help="Who is called: a name of agents.json.")],
    persona: Annotated[
        str, typer.Option(help="Who calls: an agent of agents.json that plays the person, a text, or @FILE with one.")
    ],
    goal: Annotated[str, typer.Option(help="What must come of it, for a judge model.")] = "",
    model: Annotated[str | None, typer.Option(help="LLM of the person, where the persona is a text.")] = None,
    judge: Annotated[str | None, typer.Option(help="LLM that judges the goal; without it, that of the person.")] = None,
    calls: Annotated[int, typer.Option(min=1, max=1_000, help="How many conversations.")] = 5,
    at_once: Annotated[int, typer.Option(min=1, max=100, help="How many of them side by side.")] = 3,
    turns: Annotated[int, typer.Option(min=1, max=100, help="The caller says at most so many things.")] = 12,
    voice: Annotated[bool, typer.Option("--voice", help="The caller speaks and listens in real time.")] = False,
    persons_voice: Annotated[str | None, typer.Option(help="With --voice: MODEL or MODEL/VOICE of the caller.")] = None,
    url: Annotated[str | None, typer.Option(help="A running server. Default: one is started for this.")] = None,
    token: Annotated[
        str | None, typer.Option(envvar="VOI_TOKEN", help="With --url; default: made with TOKEN_SECRET_KEY of .env.")
    ] = None,
    insecure: Annotated[bool, typer.Option("--insecure", help="With --url: take any certificate.")] = False,
    out: Annotated[Path | None, typer.Option(metavar="FILE", help="Save the report, as JSON.")] = None,
    as_json: AsJson = False,
    agents: Annotated[Path | None, typer.Option(help="Instead of VOI_AGENTS_FILE.")] = None,
    tts_models: Annotated[Path | None, typer.Option(help="Instead of VOI_TTS_MODELS_FILE.")] = None,
) -> None:
    """Have a persona call an agent many times over the real door, and report what came of it. Exits with 1 if a
    conversation failed or missed its goal."""
    from voi.config.load import load_config
    from voi.config.settings import load_settings
    from voi.engines.registry import tts_info
    from voi.scenarios.simulate import SimulationPlan, report_lines, simulation_report

    settings = load_settings(agents_file=agents, tts_models_file=tts_models)
    config = load_config(settings, tts_info)
    if url is None:
        config.agent(agent)  # a clear word before engines are started
    who = persona_of(persona, model, goal, config)
    plan = SimulationPlan(calls, at_once, turns)

    def tell(each: "Simulated") -> None:
        if not as_json:
            typer.echo(
                f"-- call {each.number}: {each.outcome}{f' ({each.why})' if each.why else ''}, {each.took_s:.1f} s"
            )
            for speaker, text in each.lines:
                typer.echo(f"   {speaker}: {text}")

    async def run() -> "list[Simulated]":
        from voi.cli.talk import own_token
        from voi.engines.startup import llm_router
        from voi.scenarios.judge import Judge
        from voi.scenarios.simulate import AgentAddress
        from voi.scenarios.simulate import simulate as hold
        from voi.scenarios.voice_stage import BenchServer
        from voi.scenarios.voices import persons_voice as speaking
        from voi.server.auth import issue_token

        async with AsyncExitStack() as stack:
            router = llm_router(settings, {who.model, judge or who.model})
            stack.push_async_callback(router.close)
            running = {}
            if url is None:
                server = await stack.enter_async_context(BenchServer(settings).running())
                door = AgentAddress(server.url, issue_token(APP, server.secret), agent)
                running = server.engines.tts
            else:
                door = AgentAddress(url, token or own_token(), agent, insecure)
            speaker = None
            if voice:
                speaker = await stack.enter_async_context(speaking(persons_voice, config, settings, running))
            verdicts = Judge(router, judge or who.model) if goal else None
            return await hold(door, who, router, plan, voice=speaker, judge=verdicts, on_done=tell)

    with hushed():
        found = asyncio.run(run())
    report = simulation_report(found, who)
    text = json.dumps(report, indent=2, ensure_ascii=False)
    typer.echo(text if as_json else "\n".join(report_lines(report)))
    if out is not None:
        out.write_text(text + "\n", encoding="utf-8")
    if any(each.outcome in ("failed", "missed") for each in found):
        raise typer.Exit(1)


def persona_of(persona: str, model: str | None, goal: str, config: "Config") -> "Persona":
    """Who plays the caller. Raises ClientError."""
    from voi.scenarios.simulate import Persona

    if persona in config.agents:
        player = config.agents[persona]
        return Persona(model or player.llm_model, "\n".join(player.system_prompt), goal, player.temperature)
    if persona.startswith("@"):
        file = Path(persona[1:])
        try:
            persona = file.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise ClientError(
                f"{file} cannot be read: {getattr(error, 'strerror', None) or 'it is not UTF-8'}."
            ) from None
    if not persona.strip():
        raise ClientError("--persona is empty: describe the person who calls, or name an agent that plays them.")
    if model is None:
        raise ClientError("--model is missing: the LLM that plays the person of that text.")
    return Persona(model, persona, goal)
