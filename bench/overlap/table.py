"""The table of what became of all sounds, a line for each rule, condition and kind of sound."""

from collections.abc import Iterable, Iterator

import numpy as np
from bench.overlap.sounds import CONDITIONS
from bench.overlap.trial import Outcome

NOISES = ("cough", "keyboard", "noise")
HEAD = (
    "| rule | sound | what | clips | stopped within 1 s | to soft | to deep | to stop | end to loud | answered in "
    "silence |\n|---|---|---|---|---|---|---|---|---|---|"
)


def table(over: list[Outcome], silent: list[Outcome], judged: bool) -> Iterator[str]:
    rule = "judge of voices" if judged else "words or lasting voice"
    for condition in CONDITIONS:
        for name, kinds in (
            ("coughs, keys, noise", NOISES),
            ("backchannels", ("backchannel",)),
            ("interruptions", ("interruption", "interruption_word")),
        ):
            chosen = [one for one in over if one.kind in kinds and one.condition == f"over {condition}"]
            if not chosen:
                continue
            cells = [rule, condition, name, str(len(chosen)), _count(one.stopped for one in chosen)]
            for what in ("soft_ms", "deep_ms", "stop_ms"):
                cells.append(_times(one.since_onset(getattr(one, what)) for one in chosen))
            cells.append(
                _times(
                    one.loud_again_ms - one.voice_end_ms
                    for one in chosen
                    if one.loud_again_ms is not None and one.voice_end_ms is not None and one.stop_ms is None
                )
            )
            cells.append(
                _count(one.answered is not None for one in silent if one.kind in kinds and one.condition == condition)
            )
            yield "| " + " | ".join(cells) + " |"


def _count(flags: Iterable[bool]) -> str:
    found = list(flags)
    return f"{sum(found)} ({100 * sum(found) / max(1, len(found)):.0f}%)"


def _times(values: Iterable[int | None]) -> str:
    found = [value for value in values if value is not None]
    return f"{np.mean(found):.0f} / {np.percentile(found, 90):.0f}" if found else ""
