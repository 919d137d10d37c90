"""Makes labelled turns from calls that Voi recorded (VOI_RECORD), by what followed each silence.

A silence after which the person went on is a pause. One after which they were answered, and did not go on within 1.5 s
of the answer's first sound, is the end of a turn. Turns that begin over the agent's voice are left out. Only calls that
were permitted are read: a file `may_train.txt` is in the call's folder, or in a folder above it up to the given one.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from voi.core.expects import expects
from voi.training.turns.clips import CALL, Clip, Pause

JOURNAL, SOUND = "journal.jsonl", "user.wav"
ALLOWED = "may_train.txt"
LEAD_MS = 600
"""Sound before a turn's first voice that belongs to its clip."""
TAIL_MS = 4_000
"""Silence after a turn's last voice that belongs to its clip, where nobody speaks; at least…"""
TAIL_MIN_MS = 1_000
"""…that much, or the end counts as unknown."""
WENT_ON_MS = 1_500
"""A person who goes on within this time after an answer's first sound was cut off."""
PAUSE_MIN_MS = 200
JOURNAL_MAX_BYTES = 64 * 1024 * 1024


@dataclass(slots=True)
class RecordedTurns:
    """The turns found in a folder of recordings."""

    clips: list[Clip] = field(default_factory=list)
    calls: int = 0
    not_allowed: int = 0
    unreadable: int = 0
    """How many calls were sealed, cut off or damaged."""


def turns_in(folder: Path) -> RecordedTurns:
    """The turns of all calls in that folder that may be used."""
    found = RecordedTurns()
    for call in sorted({path.parent for name in (JOURNAL, JOURNAL + ".sealed") for path in folder.rglob(name)}):
        if not allowed(call, folder):
            found.not_allowed += 1
            continue
        try:
            if (call / JOURNAL).stat().st_size > JOURNAL_MAX_BYTES or not (call / SOUND).is_file():
                raise ValueError
            clips = turns_of(call, (call / JOURNAL).read_text(encoding="utf-8").splitlines()[1:])
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            found.unreadable += 1
            continue
        found.calls += 1
        found.clips += clips
    return found


def allowed(call: Path, top: Path) -> bool:
    """Whether `may_train.txt` is in the call's folder, or in one above it up to `top`."""
    places = [call, *(parent for parent in call.parents if parent.is_relative_to(top))]
    return any((place / ALLOWED).is_file() for place in places)


@dataclass(slots=True)
class _Turn:
    asked: str | None
    over_agent: bool
    stretches: list[list[int]]
    """Stretches of voice as [from, to], in ms on the audio clock."""
    answered_ms: int | None = None
    """When the answer to it was first heard."""


def turns_of(call: Path, lines: Sequence[str]) -> list[Clip]:
    """The turns of one call. `lines`: its journal, without the first line. Raises ValueError, KeyError, TypeError."""
    turns = list(_turns(map(json.loads, lines)))
    clips = []
    for number, turn in enumerate(turns):
        next_ms = turns[number + 1].stretches[0][0] if number + 1 < len(turns) else None
        if not turn.over_agent and (clip := _clip(call, turn, next_ms)):
            clips.append(clip)
    return clips


def _turns(entries: Iterator[Mapping[str, Any]]) -> Iterator[_Turn]:
    turn: _Turn | None = None
    texts: dict[int, str] = {}
    sounding = onset_ms = 0
    asked: str | None = None
    behind_ms: int | None = None
    for entry in entries:
        match entry["fact"]:
            case "ReplyText":
                texts[entry["reply"]] = texts.get(entry["reply"], "") + entry["text"]
            case "PlaybackStarted":
                sounding = entry["reply"]
                kind = expects(texts.get(sounding, "")).value
                asked = None if kind == "open" else kind
                if turn is not None and behind_ms is not None:
                    turn.answered_ms = entry["t"] - behind_ms
            case "ReplyPlayed" | "ReplyStopped":
                sounding = 0
            case "UserStarted":
                onset_ms = entry["audio_ms"]
                answered_ms = turn.answered_ms if turn else None
                went_on = turn is not None and (answered_ms is None or onset_ms - answered_ms <= WENT_ON_MS)
                if turn is None or not went_on:
                    if turn is not None:
                        yield turn
                    turn = _Turn(asked, bool(sounding), [])
                turn.answered_ms = None
                turn.stretches.append([onset_ms, onset_ms])
            case "SpeechGrew" if turn is not None:
                turn.stretches[-1][1] = onset_ms + entry["speech_ms"]
                late_ms = entry["t"] - turn.stretches[-1][1]
                behind_ms = late_ms if behind_ms is None else min(behind_ms, late_ms)
    if turn is not None:
        yield turn


def _clip(call: Path, turn: _Turn, next_ms: int | None) -> Clip | None:
    from_ms = max(0, turn.stretches[0][0] - LEAD_MS)
    last_ms = turn.stretches[-1][1]
    to_ms = last_ms + TAIL_MS if next_ms is None else min(last_ms + TAIL_MS, next_ms)
    pauses = [
        Pause(before[1] - from_ms, after[0] - from_ms, False)
        for before, after in zip(turn.stretches, turn.stretches[1:], strict=False)
        if after[0] - before[1] >= PAUSE_MIN_MS
    ]
    if turn.answered_ms is not None and to_ms - last_ms >= TAIL_MIN_MS:
        pauses.append(Pause(last_ms - from_ms, to_ms - from_ms, True))
    if not pauses:
        return None
    end_ms = last_ms - from_ms if pauses[-1].turn_ends else None
    source = f"call {call.name}"
    return Clip(
        call / SOUND, CALL, call.name, tuple(pauses), end_ms, "", turn.asked, None, False, source, "", from_ms, to_ms
    )
