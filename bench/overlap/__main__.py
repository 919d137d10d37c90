"""Measures what happens when a sound sets in over the agent: does it stop, when, and when is it lowered?

    python -m bench.overlap CLIPS [--folds DIR] [--cache FILE] [--rule today|judge|both] [--markdown]

The core runs on the clock of the sound: each clip (labels.jsonl, see voi/training/turns/clips.py) begins at a
random place of running speech of the agent; then in silence. Conditions: as recorded; with babble 10 dB below; with the
agent's echo 30 dB below. Judgements come from the voice judge after as long as it takes, words from Moonshine; both are
kept in the cache. `--folds`: a folder of weights that were fitted without the clip's speaker; what is not there yet
is fitted. Without it the shipped weights judge clips that they were fitted on.
"""

import argparse
import asyncio
from pathlib import Path

from bench.overlap.judges import Judges
from bench.overlap.known import keep
from bench.overlap.sounds import CONDITIONS, Sounds, agent_speech
from bench.overlap.table import HEAD, table
from bench.overlap.trial import Outcome, first_onset_ms, in_silence, over_agent
from voi.training.turns.clips import Clip, load_clips
from voi.training.voices import train as voices

REAL = ("short", "question", "order", "call_turn", "dialogue_read", "reading", "spontaneous")
"""Real utterances that must be answered in silence."""
SHORT_WORDS_MAX = 4
NOISES = frozenset({"cough", "keyboard", "noise"})


def kept_clips(clips: list[Clip]) -> list[Clip]:
    """All noises and the short real utterances: those that are most like each other."""
    return [
        clip
        for clip in clips
        if clip.kind in NOISES or (clip.kind in REAL and 0 < len(clip.text.split()) <= SHORT_WORDS_MAX)
    ]


async def run(args: argparse.Namespace) -> None:
    clips = load_clips(args.clips)
    chosen = [clip for clip in clips if clip.over_agent]
    real = [clip for clip in clips if clip.kind in REAL]
    sounds = Sounds(clips, await agent_speech())
    judges = Judges(args.models, args.folds, args.cache)
    await judges.warm_up()
    if args.keep:
        await keep(args.keep, judges, kept_clips(clips))
        judges.save()
        return
    print(HEAD)
    for judged in {"today": (False,), "judge": (True,), "both": (False, True)}[args.rule]:
        over: list[Outcome] = []
        silent: list[Outcome] = []
        lost: list[Outcome] = []
        for condition in args.conditions:
            for clip in chosen:
                pcm = sounds.of(clip, condition)
                onset_ms = first_onset_ms(judges.voiced(sounds.of(clip, "clean")))
                over.append(await over_agent(judges, clip, pcm, condition, judged, onset_ms))
                silent.append(await in_silence(judges, clip, pcm, condition, judged))
                judges.save()
            for clip in real if condition == "clean" else ():
                lost.append(await in_silence(judges, clip, sounds.of(clip, condition), condition, judged))
        judges.save()
        for line in table(over, silent, judged):
            print(line)
        unanswered = [one for one in lost if one.answered is None]
        print(f"\nreal utterances in silence not answered: {len(unanswered)} of {len(lost)}\n")
        if args.each:
            for one in (*over, *silent, *unanswered):
                print(one)


def fit_folds(clips: Path, models: Path, folds: Path) -> None:
    """Fit weights that leave each speaker out, and write them to that folder."""
    fitted = voices.fit_to(clips, models, from_nothing=True)
    if fitted is None:
        raise SystemExit("There are too few noises, voices or speakers to fit to.")
    voices.write_folds(fitted, folds)
    print(voices.table(fitted))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("clips", type=Path)
    parser.add_argument("--models", type=Path, default=Path("models"))
    parser.add_argument("--folds", type=Path)
    parser.add_argument("--cache", type=Path)
    parser.add_argument("--rule", choices=("today", "judge", "both"), default="both")
    parser.add_argument("--conditions", nargs="+", choices=CONDITIONS, default=CONDITIONS)
    parser.add_argument("--keep", type=Path, help="keeps what the engines say of noises and short words, for a test")
    parser.add_argument("--each", action="store_true", help="what became of every clip")
    args = parser.parse_args()
    if args.folds and not (args.folds / "folds.json").exists():
        fit_folds(args.clips, args.models, args.folds)  # which has an event loop of its own
    asyncio.run(run(args))


if __name__ == "__main__":
    main()
