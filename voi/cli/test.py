"""`voi test`: do the agents do what scenarios say?"""

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from voi.cli.hushed import hushed
from voi.cli.options import AsJson

if TYPE_CHECKING:
    from voi.config.config import Config
    from voi.config.settings import Settings
    from voi.scenarios.load import Case
    from voi.scenarios.suite import OnDone, Result, RunPlan
    from voi.session.session import KnowledgeOf

Agents = Annotated[Path | None, typer.Option(help="Instead of VOI_AGENTS_FILE.")]
TtsModels = Annotated[Path | None, typer.Option(help="Instead of VOI_TTS_MODELS_FILE.")]


def test(
    paths: Annotated[
        list[Path] | None, typer.Argument(help="Scenario files or folders; without: scenarios/ beside agents.json.")
    ] = None,
    only: Annotated[str, typer.Option(help="Only scenarios with these words in their name.")] = "",
    live: Annotated[bool, typer.Option("--live", help="Ask the real language models.")] = False,
    record: Annotated[
        bool, typer.Option("--record", help="With --live: keep the answers; later runs need no model.")
    ] = False,
    voice: Annotated[
        bool, typer.Option("--voice", help="Through a whole server with real ears and voices, in real time.")
    ] = False,
    repeat: Annotated[int, typer.Option(min=1, max=1_000, help="Run each scenario so often.")] = 1,
    at_once: Annotated[int, typer.Option(min=1, max=64, help="With --live: so many scenarios side by side.")] = 4,
    judge: Annotated[str | None, typer.Option(help="The LLM that is asked about `judge` criteria.")] = None,
    from_recording: Annotated[
        str | None, typer.Option("--from", metavar="RECORDING", help="Instead: print a recording as a scenario.")
    ] = None,
    agent: Annotated[str, typer.Option(help="With --from: whose conversation it was.")] = "",
    leave_out: Annotated[
        list[str] | None, typer.Option("--leave-out", metavar="NAME", help="With --from: a name not to be in it.")
    ] = None,
    diff: Annotated[bool, typer.Option("--diff", help="Show what agents say otherwise than in the last run.")] = False,
    junit: Annotated[Path | None, typer.Option(metavar="FILE", help="Write a JUnit XML report.")] = None,
    as_json: AsJson = False,
    wordy: Annotated[bool, typer.Option("--verbose", "-v", help="Show the transcript of every scenario.")] = False,
    agents: Agents = None,
    tts_models: TtsModels = None,
) -> None:
    """Run scenarios against agents and tell what did not hold. Exits with 1 if a scenario failed."""
    from voi.errors import ClientError
    from voi.scenarios.last_run import Changes, by_folder, changes, keep_run, read_last
    from voi.scenarios.report import as_json as json_report
    from voi.scenarios.report import as_junit, change_lines, summary
    from voi.scenarios.suite import RunPlan

    if from_recording is not None:
        _print_scenario(from_recording, agents, tts_models, agent, leave_out or [])
        return
    if record and (voice or not live):
        raise ClientError("--record keeps answers of real models: give it with --live, and without --voice.")
    began_s = time.perf_counter()
    settings, config, cases = read_scenarios(paths or [], agents, tts_models, only)
    plan = RunPlan(
        "voice" if voice else "live" if live else "core", repeat,
        live=live, judge_model=judge, record=record, at_once=at_once,
    )  # fmt: skip
    show = _Printer(wordy=wordy, quiet=as_json)
    results = run_plan(cases, config, settings, plan, show)
    took_s = time.perf_counter() - began_s
    changed = Changes()
    for folder, some in by_folder(results).items():
        changed.add(changes(read_last(folder, plan.mode), some))
        try:
            keep_run(folder, plan.mode, some)
        except OSError as error:  # such as a folder that is read-only in CI: the run counts nevertheless
            typer.echo(f"{folder}: this run is not kept for the next: {error.strerror}", err=True)
    if as_json:
        typer.echo(json.dumps(json_report(results, changed, plan.mode, took_s), indent=2, ensure_ascii=False))
    else:
        for line in change_lines(changed, wordy=diff):
            typer.echo(line)
        typer.echo(summary(results, took_s))
    if junit is not None:
        junit.write_bytes(as_junit(results, took_s))
    if any(result.status == "failed" for result in results):
        raise typer.Exit(1)


def _print_scenario(recording: str, agents: Path | None, tts_models: Path | None, agent: str, names: list[str]) -> None:
    from voi.cli.replay import journal_of
    from voi.config.load import load_config
    from voi.config.settings import load_settings
    from voi.engines.registry import tts_info
    from voi.scenarios.from_recording import journal_lines, scenario_from

    config = load_config(load_settings(agents_file=agents, tts_models_file=tts_models), tts_info)
    journal = journal_of(Path(recording))
    name = journal.parent.name if journal.name == "journal.jsonl" else journal.stem
    with journal.open(encoding="utf-8", errors="replace") as file:
        lines = journal_lines(file)
        typer.echo(scenario_from(lines, config, name=f"As in {name}", agent=agent, names=names), nl=False)


def read_scenarios(
    paths: list[Path], agents: Path | None, tts_models: Path | None, only: str = ""
) -> "tuple[Settings, Config, list[Case]]":
    """Settings, agents and scenarios. Raises ConfigError with every mistake."""
    from voi.config.load import load_config
    from voi.config.settings import load_settings
    from voi.engines.registry import tts_info
    from voi.scenarios.load import load_cases, scenario_files
    from voi.scenarios.suite import require_scenarios

    settings = load_settings(agents_file=agents, tts_models_file=tts_models)
    config = load_config(settings, tts_info)
    cases = load_cases(scenario_files(paths, settings.agents_file), config, only=only)
    require_scenarios(cases, only)
    return settings, config, cases


@hushed()  # what goes wrong is part of the report
def run_plan(
    cases: "list[Case]", config: "Config", settings: "Settings", plan: "RunPlan", on_done: "OnDone"
) -> "list[Result]":
    """Run the scenarios as planned; in the mode "live" with the settings' language models."""
    from dataclasses import replace

    from voi.scenarios.suite import core_suite, in_virtual_time, models_of, run_on_core

    if plan.mode != "voice":
        plan = replace(plan, knowledge_of=_knowledge(config, settings))
    if plan.mode == "core":
        return run_on_core(cases, config, plan, on_done)

    if plan.mode == "voice":
        import asyncio

        from voi.scenarios.suite import voice_suite

        return asyncio.run(voice_suite(cases, settings, plan, on_done))

    from voi.engines.startup import llm_router

    async def live() -> "list[Result]":
        router = llm_router(settings, models_of(cases, config, plan.judge_model))
        try:
            return await core_suite(cases, config, replace(plan, llm=router), on_done)
        finally:
            await router.close()

    return in_virtual_time(live())


def _knowledge(config: "Config", settings: "Settings") -> "KnowledgeOf":
    """What agents draw on, found by words alone: no embedding model is asked. Raises ConfigError."""
    import asyncio

    from voi.knowledge.library import Library

    library = Library(settings.knowledge_dir)
    if any(agent.knowledge for agent in config.agents.values()):
        for note in asyncio.run(library.take(config)):
            typer.echo(f"warning: {note}", err=True)
    return library.of


class _Printer:
    """Prints each result when it is there, under the name of its file."""

    def __init__(self, *, wordy: bool, quiet: bool) -> None:
        self._wordy = wordy
        self._quiet = quiet
        self._file: Path | None = None

    def __call__(self, result: "Result") -> None:
        from voi.scenarios.report import result_lines

        if self._quiet:
            return
        if result.case.file != self._file:
            self._file = result.case.file
            typer.echo(str(self._file))
        for line in result_lines(result, wordy=self._wordy):
            typer.secho(line, fg="red" if result.status == "failed" else None)
