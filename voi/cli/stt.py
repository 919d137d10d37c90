"""`voi stt`: sound to text."""

import asyncio
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from voi.config.settings import Settings
    from voi.engines.base import SttOptions

FILE_LIMIT_S = 4 * 3_600
PIPE_BYTES = 6_400  # 200 ms at 16 kHz


def stt(
    files: Annotated[list[str] | None, typer.Argument(help="Recordings in any format; - for standard input.")] = None,
    engine: Annotated[str | None, typer.Option(help="Instead of VOI_STT_ENGINE.")] = None,
    language: Annotated[str | None, typer.Option(help="ISO code; without it, detected where the engine can.")] = None,
    prompt: Annotated[str, typer.Option(help="A sentence in the style of what is said.")] = "",
    rate: Annotated[int, typer.Option(help="With --raw: samples per second.", min=4_000, max=192_000)] = 16_000,
    raw: Annotated[bool, typer.Option("--raw", help="Standard input is s16le, mono, as it is being recorded.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="A JSON object for each utterance, with its times.")] = False,
) -> None:
    """Transcribe recordings, an utterance on each line. A live pipe is transcribed while it flows:
    arecord -t raw -f S16_LE -r 16000 | voi stt --raw"""
    from voi.config.settings import load_settings
    from voi.engines.base import SttOptions

    settings = load_settings()
    sources = files or ["-"]
    if raw and sources != ["-"]:
        raise typer.BadParameter("--raw is for standard input.")
    options = SttOptions(language, prompt)
    asyncio.run(_transcribe(sources, engine, options, settings, rate if raw else None, as_json))


async def _transcribe(
    sources: list[str],
    engine: str | None,
    options: "SttOptions",
    settings: "Settings",
    raw_rate_hz: int | None,
    as_json: bool,
) -> None:
    from voi.cli.engine_of import running
    from voi.cli.utterances import utterances

    name = engine or settings.stt_engine
    own = settings.stt_options if name == settings.stt_engine else {}
    async with running("vad", settings.vad_engine, settings) as vad, running("stt", name, settings, own) as stt:
        for source in sources:
            chunks = _pipe(raw_rate_hz) if raw_rate_hz else _file(source)
            async for heard in utterances(chunks, stt, vad, options):
                if as_json:
                    line = {"file": source, "start_s": heard.start_s, "end_s": heard.end_s, "text": heard.text}
                    typer.echo(json.dumps(line, ensure_ascii=False))
                else:
                    typer.echo(heard.text)


def _file(source: str) -> Iterator[bytes]:
    """16 kHz PCM of a file in any format."""
    from voi.audio.pcm import from_float
    from voi.audio.resample import resample
    from voi.audio.sample import read_sample
    from voi.engines.base import STT_RATE_HZ

    given = sys.stdin.buffer.read() if source == "-" else Path(source)
    sample = read_sample(given, limit_s=FILE_LIMIT_S)
    yield resample(from_float(sample.samples), sample.rate_hz, STT_RATE_HZ)


def _pipe(rate_hz: int) -> Iterator[bytes]:
    """16 kHz PCM as it arrives."""
    from voi.audio.resample import Resampler
    from voi.engines.base import STT_RATE_HZ

    resampler = Resampler(rate_hz, STT_RATE_HZ)
    # what is there now: `read` would wait until there is as much as it may take
    while pcm := os.read(sys.stdin.fileno(), PIPE_BYTES):
        yield resampler.push(pcm)
    yield resampler.flush()
