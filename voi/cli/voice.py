"""`voi voice`: voices of one's own."""

import asyncio
import json
from pathlib import Path
from typing import Annotated

import typer

voice = typer.Typer(
    help="Clone voices, list them, hear them, remove them; make the fixed phrases of an agent in advance.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
Model = Annotated[str | None, typer.Option(help="Model of tts_models.json; without it, the only one that fits.")]


@voice.command()
def add(
    name: Annotated[str, typer.Argument(help="What agents will call the voice.")],
    samples: Annotated[list[Path], typer.Argument(help="Recordings of the person, 3 to 30 s, any format.")],
    tone: Annotated[
        list[str] | None, typer.Option(help="TONE=FILE: the same person speaking so, such as warm=a.wav. Repeatable.")
    ] = None,
    model: Model = None,
    force: Annotated[bool, typer.Option("--force", help="Replace a voice of that name.")] = False,
    write: Annotated[bool, typer.Option("--write", help="Write the tones into tts_models.json.")] = False,
    consent: Annotated[
        str, typer.Option(metavar="TEXT", help="Who agreed to it, when and how; kept in the store (VOI_STORE).")
    ] = "",
) -> None:
    """Clone a voice from recordings of one person."""
    from voi.cli.voice_consent import keep_consent
    from voi.cli.voice_models import cloning_model, forget_rendered, read_models, sharing
    from voi.config.settings import load_settings
    from voi.config.write_tones import write_tone_map

    settings = load_settings()
    tones = {"neutral": samples} | _tones(tone or [])
    model_name, old, cloner = cloning_model(settings, model)
    if write and old.voice_tone_map and not force:
        raise typer.BadParameter(f"{model_name} has a voice_tone_map already; with --force it is replaced.")

    cloner.names()  # report a missing package or a broken file of voices before recordings are read

    from voi.audio.decode_apart import read_file_apart
    from voi.cli.engine_of import running_vad
    from voi.engines.tts.cloning import NamedSample, add_voice

    samples_of = {
        tone: [NamedSample(path.name, read_file_apart(path)) for path in paths] for tone, paths in tones.items()
    }
    typer.secho(f"Cloning {name} with {model_name} …", dim=True, err=True)
    with running_vad(settings) as vad:
        added = add_voice(cloner, name, samples_of, vad, force=force)
    for text in added.advice:
        typer.secho(f"advice: {text}", fg="yellow", err=True)
    typer.echo(f"{cloner.place}: {', '.join(added.voices)}")
    keep_consent(sharing(read_models(settings.tts_models_file), cloner), added.voices, consent)
    if added.tone_map and write:
        write_tone_map(settings.tts_models_file, model_name, added.tone_map, force=force)
        typer.echo(f"{settings.tts_models_file}: {model_name} speaks in the tones {', '.join(added.tone_map)}.")
        typer.echo("A server that runs speaks in them in a moment.")
    elif added.tone_map:
        typer.echo(f"For the tones, put this into {model_name!r} in {settings.tts_models_file}, or use --write:")
        typer.echo(f'  "voice_tone_map": {json.dumps(added.tone_map, ensure_ascii=False)}')
    else:
        typer.echo(f'Agents use it as: "voices": {{"character": {{"model": "{model_name}", "voice": "{name}"}}}}')
    if added.replaced:
        _tell_forgotten(forget_rendered(settings, cloner))


@voice.command("list")
def list_voices(
    model: Model = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, for other programs.")] = False,
) -> None:
    """List the voices of all models, and the tones they are used for."""
    from voi.cli.voice_consent import read_consents
    from voi.cli.voice_models import listed_voices, read_models
    from voi.config.problems import did_you_mean, quoted
    from voi.config.settings import load_settings
    from voi.errors import ConfigError

    settings = load_settings()
    models = read_models(settings.tts_models_file)
    if model is not None and model not in models:
        raise ConfigError(f"There is no model {quoted(model)}{did_you_mean(model, models)}")
    chosen = {name: each for name, each in models.items() if model in (None, name)}
    listed = {name: listed_voices(each, settings) for name, each in chosen.items()}
    consents = read_consents()
    if as_json:
        typer.echo(json.dumps([
            {
                "model": name,
                "engine": chosen[name].engine,
                "voices": [
                    {"name": known, "tones": list(tones), "consent": consents.get((name, known))}
                    for known, tones in voices.voices.items()
                ],
                "note": voices.note,
            }
            for name, voices in listed.items()
        ], indent=2, ensure_ascii=False))  # fmt: skip
        return
    for name, voices in listed.items():
        typer.secho(f"{name} ({chosen[name].engine})", bold=True)
        for known, tones in voices.voices.items():
            agreed = consents.get((name, known))
            typer.echo(
                f"  {known}"
                + (f"  (tone: {', '.join(tones)})" if tones else "")
                + (f"  (consent: {agreed})" if agreed else "")
            )
        if voices.note:
            typer.echo(f"  {voices.note}")


@voice.command()
def say(
    name: Annotated[str, typer.Argument(help="Whose voice.")],
    text: Annotated[str, typer.Argument(help="What to say; - reads it from standard input.")],
    model: Model = None,
    tone: Annotated[str, typer.Option(help="One of the model's tones.")] = "neutral",
    language: Annotated[str | None, typer.Option(help="ISO code; without it, the model's, or detected.")] = None,
    speed: Annotated[float, typer.Option(help="1 is natural.", min=0.25, max=4)] = 1.0,
    out: Annotated[Path | None, typer.Option(help="WAV file; - for standard output. Without it: the speaker.")] = None,
) -> None:
    """Hear a voice."""
    from voi.cli.tts import tts
    from voi.cli.voice_models import model_with_voice
    from voi.config.settings import load_settings

    named = model or model_with_voice(load_settings(), name)
    tts(text=text, model=named, voice=name, tone=tone, language=language, speed=speed, out=out, raw=False)


@voice.command()
def remove(
    names: Annotated[list[str], typer.Argument(help="Voices that go.")],
    model: Model = None,
    force: Annotated[bool, typer.Option("--force", help="Even if agents or tones name them.")] = False,
) -> None:
    """Remove voices."""
    from voi.cli.voice_consent import forget_consents
    from voi.cli.voice_models import cloning_model, forget_rendered, read_models, sharing, users
    from voi.config.settings import load_settings
    from voi.errors import ClientError

    settings = load_settings()
    _, _, cloner = cloning_model(settings, model)
    models = sharing(read_models(settings.tts_models_file), cloner)
    using = {name: users(settings.agents_file, models, name) for name in names}
    used = [f"{name} is used by {', '.join(places)}" for name, places in using.items() if places]
    if used and not force:
        raise ClientError(f"{'; '.join(used)}. Give those another voice first, or use --force.")
    cloner.remove(*names)
    typer.echo(f"{cloner.place}: removed {', '.join(names)}")
    forget_consents(list(models), names)
    _tell_forgotten(forget_rendered(settings, cloner))


@voice.command()
def render(
    agent: Annotated[str, typer.Argument(help="A name of agents.json.")],
    force: Annotated[bool, typer.Option("--force", help="Make those again that are there.")] = False,
) -> None:
    """Make the sound of an agent's fixed phrases in advance, so that they play at once: its greetings, reminders,
    apologies, and what its control agent says after giving up."""
    from voi.cli.render import render_agent
    from voi.config.load import load_config
    from voi.config.settings import load_settings
    from voi.engines.registry import tts_info

    settings = load_settings()
    asyncio.run(render_agent(load_config(settings, tts_info), settings, agent, force, typer.echo))


def _tell_forgotten(files: int) -> None:
    if files:
        typer.echo(
            f"Made in advance with the old voices, and gone: {files} of an agent's phrases. voi voice render AGENT"
        )


def _tones(given: list[str]) -> dict[str, list[Path]]:
    from voi.config.tones import folded

    tones: dict[str, list[Path]] = {}
    for entry in given:
        which, _, file = entry.partition("=")
        which = folded(which)
        if not which or not file or which == "neutral":
            raise typer.BadParameter(f"--tone takes TONE=FILE, such as warm=warm.wav, not {entry!r}.")
        tones.setdefault(which, []).append(Path(file))
    return tones
