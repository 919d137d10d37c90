"""`voi stt`: sound to text."""

import asyncio
import json
import sys
from collections.abc import Iterator
from contextlib import aclosing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from voi.config.settings import Settings
    from voi.engines.base import SttOptions
    from voi.engines.stt.utterances import TimedUtterance

PIPE_BYTES = 6_400  # 200 ms at 16 kHz


def stt(
    files: Annotated[list[str] | None, typer.Argument(help="Recordings in any format; - for standard input.")] = None,
    engine: Annotated[str | None, typer.Option(help="Instead of VOI_STT_ENGINE.")] = None,
    language: Annotated[str | None, typer.Option(help="ISO code; without it, detected where the engine can.")] = None,
    prompt: Annotated[str, typer.Option(help="A sentence in the style of what is said.")] = "",
    rate: Annotated[int, typer.Option(help="With --raw: samples per second.", min=4_000, max=192_000)] = 16_000,
    raw: Annotated[bool, typer.Option("--raw", help="Standard input is s16le, mono, as it is being recorded.")] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="A JSON object for each utterance, with its and its words' times.")
    ] = False,
) -> None:
    """Transcribe recordings, an utterance on each line. A live pipe is transcribed while it flows:
    arecord -t raw -f S16_LE -r 16000 | voi stt --raw"""
    from voi.config.settings import load_settings
    from voi.engines.base import SttOptions

    settings = load_settings()
    if not files and sys.stdin.isatty():
        raise typer.BadParameter("Name recordings, or pipe sound into it; - reads what you give the terminal.")
    sources = files or ["-"]
    if raw and sources != ["-"]:
        raise typer.BadParameter("--raw is for standard input.")
    if raw:
        _check_rate(rate)
    options = SttOptions(language, prompt)
    if not asyncio.run(_transcribe(sources, engine, options, settings, rate if raw else None, as_json)):
        raise typer.Exit(1)


def _check_rate(rate_hz: int) -> None:
    from voi.audio.resample import Resampler
    from voi.engines.base import STT_RATE_HZ

    try:
        Resampler(rate_hz, STT_RATE_HZ)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None


async def _transcribe(
    sources: list[str],
    engine: str | None,
    options: "SttOptions",
    settings: "Settings",
    raw_rate_hz: int | None,
    as_json: bool,
) -> bool:
    """Transcribe all sources. Returns False when some of them could not be read."""
    from voi.cli.engine_of import running_named
    from voi.engines.stt.utterances import utterances
    from voi.errors import ClientError

    name = engine or settings.stt_engine
    all_read = True
    async with (
        running_named("vad", settings.vad_engine, settings) as vad,
        running_named("stt", name, settings) as stt,
    ):
        for source in sources:
            chunks = _pipe(raw_rate_hz) if raw_rate_hz else _recording(source)
            try:
                async with aclosing(utterances(chunks, stt, vad, options)) as spoken:  # type: ignore[type-var]
                    async for heard in spoken:
                        _print(heard, source, as_json, named=len(sources) > 1)
            except ClientError as error:
                typer.secho(f"voi: {error}", fg="red", err=True)
                all_read = False
    return all_read


def _print(heard: "TimedUtterance", source: str, as_json: bool, named: bool) -> None:
    if as_json:
        line = {"file": source, "start_s": heard.start_s, "end_s": heard.end_s, "text": heard.text}
        words = [
            {
                "text": word.text,
                "start_s": word.start_ms / 1_000,
                "end_s": word.end_ms / 1_000,
                "probability": round(word.probability, 3),
            }
            for word in heard.words
        ]
        typer.echo(json.dumps(line | {"words": words}, ensure_ascii=False))
    else:
        typer.echo(f"{source}: {heard.text}" if named else heard.text)


def _recording(source: str) -> Iterator[bytes]:
    """16 kHz PCM of a recording in any format."""
    from voi.audio.pcm import from_float
    from voi.audio.resample import Resampler
    from voi.audio.sample import sound_pieces
    from voi.engines.base import STT_RATE_HZ
    from voi.errors import ClientError
    from voi.read_ahead import standard_input

    name = "standard input" if source == "-" else source
    resampler: Resampler | None = None
    try:
        with standard_input() if source == "-" else Path(source).open("rb") as file:
            for piece in sound_pieces(file, name):
                resampler = resampler or Resampler(piece.rate_hz, STT_RATE_HZ)
                yield resampler.push(from_float(piece.samples))
    except OSError as error:
        raise ClientError(f"{name} cannot be read: {error.strerror or type(error).__name__}.") from None
    if resampler is None:
        raise ClientError(f"There is no sound in {name}.")
    yield resampler.flush()


def _pipe(rate_hz: int) -> Iterator[bytes]:
    """16 kHz PCM from standard input, as it arrives."""
    from voi.audio.resample import Resampler
    from voi.engines.base import STT_RATE_HZ
    from voi.read_ahead import standard_input

    resampler, file = Resampler(rate_hz, STT_RATE_HZ), standard_input()
    while pcm := file.read(PIPE_BYTES):
        yield resampler.push(pcm)
    yield resampler.flush()
