"""`voi ab`: two drafts of agents side by side."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from voi.cli.options import AsJson

if TYPE_CHECKING:
    from voi.config.config import Config
    from voi.config.settings import Settings
    from voi.scenarios.compare import Pair
    from voi.scenarios.suite import Result


def ab(
    draft_a: Annotated[Path, typer.Argument(help="An agents.json.")],
    draft_b: Annotated[Path, typer.Argument(help="Another one, with the same agents.")],
    paths: Annotated[
        list[Path] | None, typer.Argument(help="Scenario files or folders; without: scenarios/ beside the first draft.")
    ] = None,
    only: Annotated[str, typer.Option(help="Only scenarios with these words in their name.")] = "",
    scripted: Annotated[
        bool, typer.Option("--scripted", help="With scripted or recorded answers, instead of the real models.")
    ] = False,
    repeat: Annotated[int, typer.Option(min=1, max=1_000, help="Run each scenario so often.")] = 1,
    judge: Annotated[str | None, typer.Option(help="The LLM that is asked about `judge` criteria.")] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="Save both as sound there: a.wav and b.wav.")
    ] = None,
    as_json: AsJson = False,
    tts_models: Annotated[Path | None, typer.Option(help="Instead of VOI_TTS_MODELS_FILE.")] = None,
) -> None:
    """Play the same scenarios with two drafts, and show side by side what they say."""
    from voi.cli.test import read_scenarios, run_plan
    from voi.scenarios.compare import comparison, pairs
    from voi.scenarios.load import scenario_files
    from voi.scenarios.suite import RunPlan

    files = scenario_files(paths or [], draft_a)
    plan = RunPlan("core" if scripted else "live", repeat, judge_model=judge)
    # both are read before a model is asked: a mistake in the second would come after what the first costs
    drafts = [read_scenarios(files, draft, tts_models, only) for draft in (draft_a, draft_b)]
    if out is not None:
        out.mkdir(parents=True, exist_ok=True)
    sides = [run_plan(cases, config, settings, plan, lambda result: None) for settings, config, cases in drafts]
    found = pairs(*sides)
    if as_json:
        typer.echo(json.dumps(comparison(found), indent=2, ensure_ascii=False))
    else:
        _show(found, draft_a, draft_b)
    if out is not None:
        import asyncio

        for name, (settings, config, _), results in zip(("a.wav", "b.wav"), drafts, sides, strict=True):
            (out / name).write_bytes(asyncio.run(_sound_of(results, config, settings)))
            typer.echo(f"{out / name}: all conversations of draft {name[0].upper()}", err=as_json)


def _show(found: "list[Pair]", draft_a: Path, draft_b: Path) -> None:
    from rich.markup import escape
    from rich.table import Table

    from voi.cli.tables import console_for_tables
    from voi.scenarios.compare import figures, rows

    console = console_for_tables()
    for pair in found:
        table = Table(title=escape(f"{pair.a.case.name}: {pair.verdict}"), title_justify="left", show_lines=True)
        for column in ("", f"A: {draft_a} ({pair.a.status})", f"B: {draft_b} ({pair.b.status})"):
            table.add_column(escape(column), ratio=1 if column else None, overflow="fold")
        for row in rows(pair):
            table.add_row(*map(escape, row))
        broken = ["\n".join(each.text for each in result.broken) for result in (pair.a, pair.b)]
        if any(broken):
            table.add_row("fails", *map(escape, broken))
        console.print(table)
    for name, results in (("A", [pair.a for pair in found]), ("B", [pair.b for pair in found])):
        told = figures(results)
        latency = "" if told["latency_median_ms"] is None else f", latency {told['latency_median_ms']} ms"
        words = "" if told["words_median"] is None else f", {told['words_median']} words an answer"
        typer.echo(f"{name}: {told['passed']} of {told['scenarios']} passed{latency}{words} (medians)")


async def _sound_of(results: "list[Result]", config: "Config", settings: "Settings") -> bytes:
    """All conversations, one after the other, as a WAV file."""
    from voi.audio.pcm import silence
    from voi.audio.wav import to_wav
    from voi.scenarios.conversation_sound import BETWEEN_MS, RATE_HZ, conversation_sound, voices_of
    from voi.scenarios.voices import persons_voice

    played = [result for result in results if result.performances]
    agents = [config.agents[result.case.agent] for result in played]
    sound = []
    async with voices_of(agents, config, settings) as tts:
        for result, agent in zip(played, agents, strict=True):
            async with persons_voice(result.case.persons_voice, config, settings, tts) as person:
                sound.append(await conversation_sound(result.performances[0].trace, agent, config, tts, person))
    return to_wav(silence(BETWEEN_MS, RATE_HZ).join(sound), RATE_HZ)
