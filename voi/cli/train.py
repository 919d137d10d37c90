"""`voi train`: a voice of your own, from recordings to a checkpoint that tts_models.json can name; and the end of a
turn, fitted to your callers."""

from pathlib import Path
from typing import Annotated

import typer

train = typer.Typer(
    help="Fine-tune an XTTS voice (prepare, run, eval, export), or fit the end of a turn to your callers (turns).",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
RunFolder = Annotated[Path, typer.Argument(help="Folder of a training run.")]
CheckpointOption = Annotated[
    Path | None, typer.Option(help="Instead of the best weights: a checkpoint_*.pth of the run.", dir_okay=False)
]


@train.command()
def prepare(
    source: Annotated[
        Path, typer.Argument(help="Folder of sound files with .txt beside them or a metadata.csv; or parquet files.")
    ],
    out: Annotated[Path, typer.Argument(help="Folder to write what can be trained on.")],
    speaker: Annotated[str, typer.Option(help="Name of the voice, where the recordings name none.")] = "speaker",
    language: Annotated[str, typer.Option(help="What is spoken, where the recordings do not say.")] = "en",
    sound_column: Annotated[str | None, typer.Option(help="Column of the sound, if it has an unusual name.")] = None,
    text_column: Annotated[str | None, typer.Option(help="Column of the text, if it has an unusual name.")] = None,
    validation: Annotated[float, typer.Option(help="Share held back to watch the training.")] = 0.05,
    test: Annotated[float, typer.Option(help="Share held back to judge it afterwards.")] = 0.05,
    by_speaker: Annotated[bool, typer.Option(help="Hold back whole speakers instead of sentences.")] = False,
    seed: Annotated[str, typer.Option(help="Another seed, other splits.")] = "",
) -> None:
    """Check, cut, resample and split recordings; say what was left out and why."""
    from rich.console import Console

    from voi.errors import ConfigError
    from voi.training.prepare import Choices
    from voi.training.prepare import prepare as do
    from voi.training.recordings import find

    if out.resolve() == source.resolve():
        raise ConfigError(f"{source} holds the recordings: name another folder for what is made of them.")
    choices = Choices(speaker, language, validation, test, by_speaker, seed)
    with Console(stderr=True).status("") as status:
        report = do(find(source, sound_column, text_column), out, choices, lambda n: status.update(f"{n} recordings"))
    typer.echo(report)


@train.command()
def run(
    data: Annotated[Path, typer.Argument(help="Folder that `voi train prepare` wrote.")],
    out: Annotated[Path, typer.Argument(help="Folder of the run. Where there is one, it goes on.")],
    base: Annotated[Path, typer.Option(help="Folder of XTTS-v2, with dvae.pth and mel_stats.pth.")],
    steps: Annotated[int | None, typer.Option(help="Batches in all; default: ten times all recordings.")] = None,
    batch_size: Annotated[int, typer.Option(help="Recordings in a batch.")] = 4,
    accumulate: Annotated[int, typer.Option(help="Batches before the weights move.")] = 1,
    learning_rate: Annotated[float, typer.Option(help="Of AdamW.")] = 5e-6,
    precision: Annotated[str, typer.Option(help="fp32, or bf16 (less memory, faster).")] = "fp32",
    evaluate_every: Annotated[int, typer.Option(help="Steps between evaluations, each with clips.")] = 200,
    save_every: Annotated[int, typer.Option(help="Steps between checkpoints.")] = 200,
    keep: Annotated[int, typer.Option(help="Checkpoints to keep, each some three times as large as model.pth.")] = 2,
    clips: Annotated[int, typer.Option(help="Validation sentences spoken at each evaluation.")] = 3,
    workers: Annotated[int, typer.Option(help="Processes that read recordings.")] = 4,
    gpu: Annotated[int, typer.Option(help="Which GPU.")] = 0,
    seed: Annotated[int, typer.Option(help="Another seed, another order.")] = 1,
) -> None:
    """Train, or go on from the last checkpoint. Ctrl-C saves first."""
    from voi.training.base import Base
    from voi.training.run import Options

    options = Options(
        steps=steps,
        batch_size=batch_size,
        accumulate=accumulate,
        learning_rate=learning_rate,
        precision=precision,
        evaluate_every=evaluate_every,
        save_every=save_every,
        keep=keep,
        clips=clips,
        workers=workers,
        gpu=gpu,
        seed=seed,
    )
    checkpoint = Base.at(base)
    _need_extra()
    from voi.training.xtts_trainer import train as do

    outcome = do(checkpoint, data, out, options, typer.echo)
    typer.echo(outcome)
    if not outcome.finished:
        raise typer.Exit(130)
    listen = f"Listen to {out / 'clips'}; then" if clips else "Next"
    typer.echo(f"{listen}: voi train eval {out}, and voi train export {out} FOLDER")


@train.command("eval")
def evaluate(
    folder: RunFolder,
    checkpoint: CheckpointOption = None,
    clips: Annotated[int, typer.Option(help="Test sentences that both models speak.")] = 5,
) -> None:
    """Compare the trained model with its base on the test recordings."""
    from voi.training.run import Run

    trained = Run.at(folder)
    _need_extra()
    from voi.training.evaluate import evaluate as do

    typer.echo(do(trained, checkpoint, clips))


@train.command()
def export(
    folder: RunFolder,
    out: Annotated[Path, typer.Argument(help="Folder for the model.")],
    name: Annotated[str | None, typer.Option(help="Of the model in tts_models.json; default: the folder's.")] = None,
    checkpoint: CheckpointOption = None,
    base_voices: Annotated[bool, typer.Option(help="Keep the voices that came with the base.")] = True,
) -> None:
    """Write model.pth, config.json, vocab.json and speakers_xtts.pth, and show the entry for tts_models.json."""
    from voi.training.run import Run

    trained = Run.at(folder)
    _need_extra()
    from voi.training.export import export as do

    typer.echo(do(trained, out, name, checkpoint, base_voices))


@train.command()
def turns(
    source: Annotated[
        Path, typer.Argument(help="Folder with labels.jsonl and sound, or of calls that Voi recorded.", file_okay=False)
    ],
    out: Annotated[
        Path, typer.Argument(help="Folder for turns.json, voices.npz and their card, turns.md.", file_okay=False)
    ],
    models_dir: Annotated[Path | None, typer.Option(help="Instead of VOI_MODELS_DIR.")] = None,
    turn_engine: Annotated[
        str | None, typer.Option(help="Instead of VOI_TURN_ENGINE: smart-turn or turn-1-mini.")
    ] = None,
    from_nothing: Annotated[bool, typer.Option(help="Do not begin from the weights that Voi ships.")] = False,
    cache: Annotated[
        Path | None, typer.Option(help="Keep what the engines say here, for the next time. It holds what was said.")
    ] = None,
) -> None:
    """Fit the end of a turn, and the judge of voices, to your callers; measured on speakers who were left out."""
    from rich.console import Console

    from voi.training.turns.train import FILE, clips_in, fit_to, table, write
    from voi.training.voices import train as voices

    if models_dir is None or turn_engine is None:
        from voi.config.settings import load_settings

        settings = load_settings()
        models_dir, turn_engine = models_dir or settings.models_dir, turn_engine or settings.turn_engine
    clips, found = clips_in(source)
    with Console(stderr=True).status("") as status:
        fitted = fit_to(
            clips,
            models_dir,
            turn_engine=turn_engine,
            from_nothing=from_nothing,
            cache=cache,
            on_progress=lambda done: status.update(f"{done} of {len(clips)} turns"),
        )
        judge = voices.fit_to(
            source,
            models_dir,
            turn_engine=turn_engine,
            from_nothing=from_nothing,
            on_progress=lambda done: status.update(f"{done} sounds"),
        )
    write(fitted, out, found, voices.card(judge))
    typer.echo(table(fitted))
    typer.echo(
        f"\n{out / FILE}: use it with VOI_TURN_WEIGHTS={out / FILE}"
        if fitted.helps
        else f"\n{out / FILE} does not help speakers who were left out: better keep the weights that Voi ships."
    )
    if judge:
        voices.write(judge, out / voices.FILE)
        typer.echo(f"\n{voices.table(judge)}\n\n{voices.how_to_use(out / voices.FILE)}")


def _need_extra() -> None:
    from importlib.util import find_spec

    from voi.errors import ConfigError

    lacking = [package for package in ("torch", "TTS", "trainer") if find_spec(package) is None]
    if lacking:
        raise ConfigError(f"Fine-tuning needs {', '.join(lacking)}. Run: ./install.sh train")
