"""`voi bench`: how fast the engines are on this machine."""

from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from voi.cli.measure import Measured, Progress
    from voi.config.settings import Settings

LIVE_ROUNDS = 3


def bench(
    speech: Annotated[
        Path | None, typer.Option("--in", help="A WAV file with speech; without it, espeak-ng speaks.")
    ] = None,
    rounds: Annotated[int, typer.Option(min=1, max=1_000, help="How often each thing is measured.")] = 10,
    llm: Annotated[str, typer.Option(help="LLM whose first text is timed; a provider may charge for it.")] = "echo",
    cloud: Annotated[
        bool, typer.Option("--cloud", help="Measure engines that call a service too; it may charge for it.")
    ] = False,
) -> None:
    """Measure the engines of this machine, each alone: the median of several rounds. Needs no running server, and only
    one core; whole servers under many calls are measured by `make bench`."""
    import asyncio

    from rich.console import Console
    from rich.text import Text

    from voi.config.settings import load_settings

    settings = load_settings()
    found: list[Measured] = []
    notes: list[str] = []
    with Console(stderr=True).status("Loading the engines") as status:
        asyncio.run(
            _measure(settings, speech, rounds, llm, cloud, found, notes, lambda text: status.update(Text(text)))
        )
    _print(found)
    for note in notes:
        typer.secho(f"Not measured: {note}", fg="yellow", err=True)


async def _measure(
    settings: "Settings",
    file: Path | None,
    rounds: int,
    llm: str,
    cloud: bool,
    found: "list[Measured]",
    notes: list[str],
    on: "Progress",
) -> None:
    """Adds to `found`, and to `notes` what cannot run here or, without `cloud`, what calls a service. The VAD and a
    local STT engine must run."""
    from voi.audio.resample import resample
    from voi.audio.wav import read_wav
    from voi.cli import measure
    from voi.cli.engine_of import InCloud, running, running_named
    from voi.config.engine_choice import NONE
    from voi.engines.base import STT_RATE_HZ
    from voi.engines.startup import llm_router
    from voi.errors import ConfigError, EngineError

    async def stt() -> None:
        on(f"Loading STT {settings.stt_engine}")
        async with running_named("stt", settings.stt_engine, settings, cloud=cloud) as engine:
            found.extend(await measure.measure_stt(engine, vad, pcm, rounds, min(rounds, LIVE_ROUNDS), on))

    async def tts(name: str, engine: str, options: dict[str, Any]) -> None:
        on(f"Loading TTS {name}")
        async with running("tts", engine, settings, options, cloud=cloud) as voice:
            found.extend(await measure.measure_tts(name, voice, rounds, on))

    async def turn() -> None:
        on(f"Loading turn detection {settings.turn_engine}")
        async with running_named("turn", settings.turn_engine, settings, cloud=cloud) as detector:
            found.extend(await measure.measure_turn(detector, pcm, rounds, on))

    async def first_text() -> None:
        on(f"Loading LLM {llm}")
        router = llm_router(settings, [llm])
        try:
            await router.warm_up()
            found.extend(await measure.measure_llm(router, llm, rounds, on))
        finally:
            await router.close()

    async def unless_in_cloud(what: str, measured: Callable[[], Awaitable[None]]) -> None:
        try:
            await measured()
        except InCloud:
            notes.append(f"{what} calls an external service, which may charge for it; --cloud measures it too.")

    on(f"Loading VAD {settings.vad_engine}")
    async with running_named("vad", settings.vad_engine, settings) as vad:
        if file is None:
            async with running("tts", "espeak", settings) as espeak:
                pcm = await measure.speech(espeak)
        else:
            pcm = resample(*read_wav(file), STT_RATE_HZ)
        found.extend(measure.measure_vad(vad, pcm))
        await unless_in_cloud(f"STT {settings.stt_engine}", stt)
        optional: list[tuple[str, Callable[[], Awaitable[None]]]]
        optional = [(f"TTS {model[0]}", partial(tts, *model)) for model in _tts_models(settings, notes)]
        optional += [(f"Turn detection {settings.turn_engine}", turn)] if settings.turn_engine != NONE else []
        for what, measured in (*optional, (f"LLM {llm}", first_text)):
            try:
                await unless_in_cloud(what, measured)
            except (EngineError, ConfigError) as error:
                notes.append(str(error))


def _tts_models(settings: "Settings", notes: list[str]) -> list[tuple[str, str, dict[str, Any]]]:
    """Name, engine and options of each model in tts_models.json; only espeak if there are none. Adds to `notes` the
    mistakes in models that are left out."""
    from voi.config.load import read_config
    from voi.config.problems import Problems
    from voi.engines.registry import tts_info

    problems = Problems()
    models = read_config(settings, tts_info, problems).tts_models if settings.tts_models_file.exists() else {}
    notes += [each for each in (*problems.errors, *problems.warnings) if each.startswith(str(settings.tts_models_file))]
    found = [(name, model.engine, model.engine_options()) for name, model in models.items()]
    return found or [("espeak", "espeak", {})]


def _print(found: "list[Measured]") -> None:
    from rich.table import Table
    from rich.text import Text

    from voi.cli.tables import console_for_tables

    table = Table(box=None, pad_edge=False, padding=(0, 1))
    for head in ("engine", "measured"):
        table.add_column(head)
    for head in ("median", "least", "most", "rounds"):
        table.add_column(head, justify="right", no_wrap=True)
    table.add_column("")
    for each in found:
        figures = [Text(f"{_figure(value)} {each.unit}") for value in (each.median, min(each.values), max(each.values))]
        table.add_row(Text(each.engine), Text(each.what), *figures, f"{len(each.values):,}", Text(each.meaning))
    console_for_tables().print(table)


def _figure(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
