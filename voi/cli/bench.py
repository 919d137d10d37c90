"""`voi bench`: how fast the engines are on this machine."""

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
        asyncio.run(_measure(settings, speech, rounds, llm, found, notes, lambda text: status.update(Text(text))))
    _print(found)
    for note in notes:
        typer.secho(f"Not measured: {note}", fg="yellow", err=True)


async def _measure(
    settings: "Settings",
    file: Path | None,
    rounds: int,
    llm: str,
    found: "list[Measured]",
    notes: list[str],
    on: "Progress",
) -> None:
    """Adds to `found`, and to `notes` what cannot run here. VAD and STT must."""
    from voi.audio.resample import resample
    from voi.audio.wav import read_wav
    from voi.cli import measure
    from voi.config.engine_choice import NONE
    from voi.engines import registry
    from voi.engines.base import STT_RATE_HZ
    from voi.engines.llm.router import LlmRouter
    from voi.errors import ConfigError, EngineError

    running: list[Any] = []

    async def start(engine: Any) -> Any:
        on(f"Loading {engine.info.name}")
        running.append(engine)
        await engine.warm_up()
        return engine

    async def tts(name: str, engine: str, options: dict[str, Any]) -> None:
        found.extend(await measure.measure_tts(name, await start(registry.create("tts", engine, options)), rounds, on))

    async def turn() -> None:
        options = {"models_dir": settings.models_dir} if settings.turn_engine == "smart-turn" else {}
        detector = await start(registry.create("turn", settings.turn_engine, options))
        found.extend(await measure.measure_turn(detector, pcm, rounds, on))

    async def first_text() -> None:
        router = LlmRouter(
            api_base=settings.litellm_api_base,
            api_key=settings.litellm_api_key.get_secret_value() if settings.litellm_api_key else "",
            config_file=settings.litellm_config_file,
            models=[llm],
        )
        found.extend(await measure.measure_llm(await start(router), llm, rounds, on))

    try:
        vad = await start(registry.create("vad", settings.vad_engine))
        if file is None:
            pcm = await measure.speech(await start(registry.create("tts", "espeak")))
        else:
            pcm = resample(*read_wav(file), STT_RATE_HZ)
        found.extend(measure.measure_vad(vad, pcm))
        stt = await start(registry.create("stt", settings.stt_engine))
        found.extend(await measure.measure_stt(stt, vad, pcm, rounds, min(rounds, LIVE_ROUNDS), on))
        optional = [tts(*model) for model in _tts_models(settings)]
        optional += [turn()] if settings.turn_engine != NONE else []
        for each in (*optional, first_text()):
            try:
                await each
            except (EngineError, ConfigError) as error:
                notes.append(str(error))
    finally:
        for engine in running:
            await engine.close()


def _tts_models(settings: "Settings") -> list[tuple[str, str, dict[str, Any]]]:
    """Name, engine and options of each model in tts_models.json; espeak alone where there are none."""
    from voi.config.load import read_config
    from voi.config.problems import Problems
    from voi.engines.registry import tts_info

    models = read_config(settings, tts_info, Problems()).tts_models if settings.tts_models_file.exists() else {}
    found = [(name, model.engine, model.engine_options()) for name, model in models.items()]
    return found or [("espeak", "espeak", {})]


def _print(found: "list[Measured]") -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, padding=(0, 1))
    for head in ("engine", "measured"):
        table.add_column(head)
    for head in ("median", "least", "most", "rounds"):
        table.add_column(head, justify="right", no_wrap=True)
    table.add_column("")
    for each in found:
        figures = [Text(f"{_figure(value)} {each.unit}") for value in (each.median, min(each.values), max(each.values))]
        table.add_row(Text(each.engine), Text(each.what), *figures, f"{len(each.values):,}", Text(each.meaning))
    Console().print(table)


def _figure(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
