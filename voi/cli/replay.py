"""`voi replay`: feeds a recorded conversation to a fresh core."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

if TYPE_CHECKING:
    from voi.core.actions import Action
    from voi.core.barge_in import BargeIn
    from voi.core.conversation import Conversation
    from voi.core.endpoint import Decision
    from voi.core.journal import JournalEntry

JOURNAL = "journal.jsonl"
VALUE_MAX_CHARS = 100
TICKS = ("SpeechGrew", "QuietGrew")
"""Facts that come with every VAD window."""


def replay(
    recording: Annotated[Path, typer.Argument(help="A conversation's folder or its journal.jsonl, or its id.")],
    every: Annotated[
        bool, typer.Option("--all", help="Print the facts of every VAD window too, not only those that had an effect.")
    ] = False,
) -> None:
    """Print a recorded conversation (< facts, > actions, = why a turn had ended), and check that today's core would do
    the same. Exits with 1 where it would not; of a recording by an earlier version it only says how often."""
    from voi.core.journal import VERSION

    with journal_of(recording).open(encoding="utf-8", errors="replace") as lines:
        steps = facts = actions = differences = 0
        version = _version_of(lines.readline())
        lines.seek(0)
        for entry, now, reasons in replayed(lines):
            facts += 1
            actions += len(entry.actions)
            if every or entry.actions or now != entry.actions or type(entry.fact).__name__ not in TICKS:
                steps += 1
                typer.echo(f"{entry.now_ms / 1000:9.3f} < {told(entry.fact)}")
                for action in entry.actions:
                    typer.echo(f"{'':9} > {told(action)}")
                for reason in reasons:
                    typer.echo(f"{'':9} = {reason}")
            if now != entry.actions and version < VERSION:
                differences += 1
            elif now != entry.actions:
                _tell_difference(entry.actions, now, facts)
                raise typer.Exit(1)
    hidden = f" ({facts - steps} facts without effect not shown)" if steps < facts else ""
    if differences:
        typer.echo(
            f"Recorded by an earlier Voi: today's core acts otherwise at {differences} of {facts} facts.{hidden}"
        )
        return
    typer.echo(f"The same: {facts} facts, {actions} actions{hidden}.")


class Retold(NamedTuple):
    """A step of a journal. `now`: the actions of today's core. `reasons`: why, a line for each decision."""

    entry: "JournalEntry"
    now: "tuple[Action, ...]"
    reasons: tuple[str, ...]


def replayed(lines: Iterable[str]) -> Iterator[Retold]:
    """Each step of a journal. A last line that was cut off, as by a killed process, is ignored. Raises ClientError."""
    from voi.errors import ClientError

    retelling = Retelling()
    cut_off = ""
    for number, text in enumerate(lines, 1):
        if cut_off:
            raise ClientError(cut_off)
        try:
            line = json.loads(text)
        except ValueError:
            cut_off = f"Line {number} of the journal is not JSON."
            continue
        try:
            step = retelling.take(line)
        except ClientError as error:
            raise ClientError(f"Line {number}: {error}") from error
        if step:
            yield step
    if not retelling.has_begun:
        raise ClientError(cut_off or "The journal is empty.")


class Retelling:
    """Feeds a journal's facts to a fresh core, line by line."""

    def __init__(self) -> None:
        self._conversation: Conversation | None = None

    @property
    def has_begun(self) -> bool:
        return self._conversation is not None

    def take(self, line: object) -> Retold | None:
        """The step of a line, parsed; None for the first line, which holds the script. Raises ClientError."""
        from voi.core.actions import Stop
        from voi.core.conversation import Conversation
        from voi.core.facts import HungUp, Interrupted
        from voi.core.journal import decode_entry, decode_script
        from voi.core.state import State

        if self._conversation is None:
            self._conversation = Conversation(decode_script(line))
            return None
        entry, core = decode_entry(line), self._conversation
        before, contested = core.why, core.state is State.BARGE_IN
        actions = tuple(core.handle(entry.fact, entry.now_ms))
        reasons = [_why_ended(core.why)] if core.why and core.why is not before else []
        if contested and core.state is not State.BARGE_IN and not isinstance(entry.fact, HungUp | Interrupted):
            reasons.append(_why_over(core.barge_in, stops=any(isinstance(action, Stop) for action in actions)))
        return Retold(entry, actions, tuple(reasons))


def _version_of(first_line: str) -> int:
    """The journal's version; 0 if it has none, which reading the journal then reports."""
    try:
        version = json.loads(first_line).get("voi")
    except (ValueError, AttributeError):
        return 0
    return version if isinstance(version, int) else 0


def told(thing: Any) -> str:
    """A fact or action as one line that fits on a screen."""
    values = (f"{field.name}={_short(getattr(thing, field.name))}" for field in fields(thing))
    return f"{type(thing).__name__} {' '.join(values)}".rstrip()


def _why_ended(why: "Decision") -> str:
    """Why a silence was the end of the turn."""
    sound = "no verdict" if why.probability is None else f"{why.probability:.2f}"
    words = "unknown" if why.words is None else f"{why.words:.2f}"
    return (
        f"the turn ends after {why.quiet_ms} ms: {why.because} (enough {why.enough_ms} ms, evidence "
        f"{why.evidence:+.2f}, sound {sound}, words {words}, can end here {why.can_end:+.2f})"
    )


def _why_over(barge_in: "BargeIn", *, stops: bool) -> str:
    """Why a sound over a reply stopped it, or did not."""
    what = f"reply {barge_in.reply} {'is stopped' if stops else 'goes on'}"
    if barge_in.voice is None:
        return f"{what} (the sound was not judged: words or lasting voice stop a reply)"
    floor = "unknown" if barge_in.floor is None else f"{barge_in.floor:.2f}"
    return f"{what} (voice {barge_in.voice:.2f}, wants the floor {floor}, {barge_in.voice_ms} ms of voice)"


def _short(value: Any) -> str:
    if isinstance(value, tuple) and value and hasattr(value[-1], "role"):
        return f"[{len(value)}, last {value[-1].role}: {_short(value[-1].text)}]"
    text = repr(value)
    return text if len(text) <= VALUE_MAX_CHARS else text[:VALUE_MAX_CHARS] + "…"


def journal_of(recording: Path) -> Path:
    """The journal of a recording: its folder, or the journal itself. Raises ClientError if it is encrypted or not
    there."""
    from voi.errors import ClientError
    from voi.sealing.file import SUFFIX

    recording = _found(recording)
    journal = recording / JOURNAL if recording.is_dir() else recording
    if journal.suffix == SUFFIX or journal.with_name(journal.name + SUFFIX).is_file():
        raise ClientError(
            f"The recording is encrypted. First voi calls export --recording {journal.parent.name} --out FOLDER, then "
            "voi replay FOLDER."
        )
    if not journal.is_file():
        raise ClientError(f"There is no journal at {journal}. Name a folder of the recordings, or its {JOURNAL}.")
    return journal


def _found(recording: Path) -> Path:
    """The path itself; or what it means below the recordings' folder, as a path (DAY/ID) or as an id alone."""
    from voi.config.settings import load_settings

    if recording.exists() or recording.is_absolute() or ".." in recording.parts:
        return recording
    below = load_settings().recordings_dir
    if (below / recording).exists():
        return below / recording
    days = below.iterdir() if len(recording.parts) == 1 and below.is_dir() else ()
    return next((day / recording for day in days if (day / recording).is_dir()), recording)


def _tell_difference(recorded: "tuple[Action, ...]", now: "tuple[Action, ...]", number: int) -> None:
    typer.secho(f"Fact {number} is answered differently now:", fg="red", err=True)
    for sign, actions in (("-", recorded), ("+", now)):
        for action in actions or ("nothing",):
            typer.secho(f"  {sign} {action}", fg="red", err=True)
