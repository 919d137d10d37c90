"""`voi tts`: text to sound, with any voice."""

import asyncio
import codecs
from collections.abc import Iterator
from contextlib import aclosing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from voi.config.settings import Settings
    from voi.engines.base import VoiceSpec

PIPE_BYTES = 4_096


def tts(
    text: Annotated[str, typer.Argument(help="What to say; - reads it from standard input.")] = "-",
    model: Annotated[str | None, typer.Option(help="A model of tts_models.json, or an engine such as espeak.")] = None,
    voice: Annotated[str | None, typer.Option(help="One of the model's voices.")] = None,
    tone: Annotated[str, typer.Option(help="One of the model's tones.")] = "neutral",
    language: Annotated[
        str | None, typer.Option(help="ISO code, or auto to detect it; without it, the model's.")
    ] = None,
    speed: Annotated[float, typer.Option(help="1 is natural.", min=0.25, max=4)] = 1.0,
    out: Annotated[Path | None, typer.Option(help="WAV file; - for standard output. Without it: the speaker.")] = None,
    raw: Annotated[bool, typer.Option("--raw", help="Without WAV's header: s16le, mono.")] = False,
) -> None:
    """Speak a text, sentence by sentence, into a file, a pipe or the speaker."""
    from voi.config.settings import load_settings
    from voi.config.tones import folded
    from voi.engines.base import VoiceSpec

    said = iter([text]) if text != "-" else _standard_input()
    spec = VoiceSpec(voice, folded(tone), speed, language)
    asyncio.run(_speak(said, spec, model, load_settings(), out, raw))


async def _speak(
    text: Iterator[str], spec: "VoiceSpec", model: str | None, settings: "Settings", out: Path | None, raw: bool
) -> None:
    from voi.cli.engine_of import running, speaker
    from voi.cli.sound_out import sound_to
    from voi.config.voice_names import known_as
    from voi.engines.tts.adapter import TtsAdapter
    from voi.errors import ConfigError
    from voi.read_ahead import read_ahead
    from voi.session.read_aloud import chosen_voice, read_aloud
    from voi.text.language import Spoken

    name, options = await speaker(model, settings, spec.voice)
    async with running("tts", name, settings, options) as engine:
        voice = spec.voice and known_as(spec.voice, engine.info.voices)
        if spec.voice is not None and not voice:
            raise ConfigError(
                f"{model or name} has no voice {spec.voice!r}; it has: {', '.join(engine.info.voices)}. "
                "--model names another model or engine, such as espeak."
            )
        if spec.tone not in engine.info.tones:
            raise ConfigError(f"There is no tone {spec.tone!r}; there are: {', '.join(engine.info.tones)}.")
        spec = chosen_voice(voice, spec.tone, spec.speed, spec.language, engine.info.tone_voices)
        spoken = Spoken(spec.language or options.get("language"), settings.language)
        async with (
            sound_to(out, engine.info.sample_rate_hz, raw) as put,
            aclosing(read_ahead(text)) as given,
            aclosing(read_aloud(given, TtsAdapter(engine), spec, spoken)) as sound,
        ):
            async for pcm in sound:
                await put(pcm)


def _standard_input() -> Iterator[str]:
    """Text from standard input, as it arrives. Invalid UTF-8 is kept as surrogates, which are not spoken."""
    from voi.read_ahead import standard_input

    decoder, file = codecs.getincrementaldecoder("utf-8")("replace"), standard_input()
    while read := file.read(PIPE_BYTES):
        yield decoder.decode(read)
    yield decoder.decode(b"", final=True)
