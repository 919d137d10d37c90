"""`voi tts`: text to sound, with any voice."""

import asyncio
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from voi.config.settings import Settings
    from voi.engines.base import VoiceSpec


def tts(
    text: Annotated[str, typer.Argument(help="What to say; - reads it from standard input.")] = "-",
    model: Annotated[str | None, typer.Option(help="A model of tts_models.json, or an engine such as espeak.")] = None,
    voice: Annotated[str | None, typer.Option(help="One of the model's voices.")] = None,
    tone: Annotated[str, typer.Option(help="One of the model's tones.")] = "neutral",
    language: Annotated[str | None, typer.Option(help="ISO code; without it, the model's.")] = None,
    speed: Annotated[float, typer.Option(help="1 is natural.", min=0.25, max=4)] = 1.0,
    out: Annotated[Path | None, typer.Option(help="WAV file; - for standard output. Without it: the speaker.")] = None,
    raw: Annotated[bool, typer.Option("--raw", help="Without WAV's header: s16le, mono.")] = False,
) -> None:
    """Speak a text, sentence by sentence, into a file, a pipe or the speaker."""
    from voi.config.settings import load_settings
    from voi.engines.base import VoiceSpec

    said = sys.stdin.read() if text == "-" else text
    spec = VoiceSpec(voice, tone, speed, language)
    asyncio.run(_speak(said, spec, model, load_settings(), out, raw))


async def _speak(
    text: str, spec: "VoiceSpec", model: str | None, settings: "Settings", out: Path | None, raw: bool
) -> None:
    from voi.cli.engine_of import running, speaker
    from voi.cli.sound_out import sound_to
    from voi.errors import ConfigError

    name, options = await speaker(model, settings)
    async with running("tts", name, settings, options) as engine:
        if spec.voice is not None and spec.voice not in engine.voices:
            raise ConfigError(f"There is no voice {spec.voice!r}; there are: {', '.join(engine.voices)}.")
        if spec.tone not in engine.tones:
            raise ConfigError(f"There is no tone {spec.tone!r}; there are: {', '.join(engine.tones)}.")
        async with sound_to(out, engine.sample_rate_hz, raw) as put:
            for piece in pieces(text, spec.language or options.get("language") or settings.language):
                async for pcm in engine.stream(piece, spec):
                    await put(pcm)


def pieces(text: str, language: str) -> Iterator[str]:
    """The sentences of a text, speakable."""
    from voi.core.sentences import Cutter
    from voi.text.speakable import has_speech, speakable

    cutter = Cutter()
    for piece in (*cutter.feed(text), *cutter.close()):
        if has_speech(piece) and (said := speakable(piece, language).strip()):
            yield said
