"""Labelled clips of people who speak: what `labels.jsonl` beside the sound files says about each, and their sound.

    clips = load_clips("/data/turns", kinds={"order", "short"})
    pcm = clips[0].pcm()        16 kHz s16le mono

One JSON object a line. `file` and `pauses` [{start_ms, end_ms, turn_ends: true, false, or null: nobody can tell}] are
needed; speaker, kind, asked (number, spelling, list, yes_no, choice, name, open), text, end_of_speech_ms, over_agent,
composite, source and licence may be there. Sound other than WAV needs `soundfile`.
"""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from voi.audio.resample import resample
from voi.audio.wav import read_wav
from voi.errors import ClientError, ConfigError

RATE_HZ = 16_000
LABELS = "labels.jsonl"
CALL = "call"
"""Kind of clips that do not name one."""
NATURAL = frozenset({CALL, "call_turn", "dialogue_read", "spontaneous"})
ISOLATED = frozenset({"order", "short", "question", "reading"})
COMPOSITES = frozenset({"order_pause", "fluent_cut"})
SERIES = frozenset({"digits", "spelling", "list"})
OVER_AGENT = frozenset({"cough", "keyboard", "noise", "backchannel", "interruption", "interruption_word"})


@dataclass(frozen=True, slots=True)
class Pause:
    """A silence of the clip. `turn_ends`: the person had finished; None: nobody can tell."""

    start_ms: int
    end_ms: int
    turn_ends: bool | None

    @property
    def length_ms(self) -> int:
        return self.end_ms - self.start_ms


@dataclass(frozen=True, slots=True)
class Clip:
    """One labelled recording. Times in ms from its first sample."""

    path: Path
    kind: str
    speaker: str
    pauses: tuple[Pause, ...]
    end_of_speech_ms: int | None
    text: str
    asked: str | None
    over_agent: str | None
    composite: bool
    source: str
    licence: str
    from_ms: int = 0
    """Where the clip begins in its file, and…"""
    to_ms: int | None = None
    """…ends; None: with the file."""

    @property
    def name(self) -> str:
        return self.path.stem

    @property
    def left_out_with(self) -> str:
        """Clips with the same value are either all trained on or all tested on: a corpus recorded in one way, a call,
        or a speaker."""
        if self.kind == "call_turn":
            return self.speaker.split("_")[0]
        if self.kind in ("dialogue_read", "spontaneous"):
            return "dialogue"
        if self.kind == "question":
            return "short"
        return self.kind if self.kind in ISOLATED | COMPOSITES | SERIES else self.speaker

    def pcm(self) -> bytes:
        """16 kHz s16le mono. Raises ClientError."""
        return _sound(self.path)[self.from_ms * 32 : None if self.to_ms is None else self.to_ms * 32]


@lru_cache(maxsize=1)
def _sound(path: Path) -> bytes:
    """The sound of the whole file. The newest is cached, because the turns of a call are read one after the other."""
    sound, rate_hz = read_wav(path) if path.suffix.lower() == ".wav" else _decoded(path)
    return sound if rate_hz == RATE_HZ else resample(sound, rate_hz, RATE_HZ)


def _decoded(path: Path) -> tuple[bytes, int]:
    try:
        import soundfile
    except ImportError as error:
        raise ConfigError(f"Reading {path.name} needs soundfile. Run: ./install.sh train") from error
    try:
        samples, rate_hz = soundfile.read(path, dtype="int16", always_2d=True)
    except (soundfile.LibsndfileError, OSError) as error:
        raise ClientError(f"{path} cannot be read: {error}") from error
    return samples[:, 0].tobytes(), rate_hz


def load_clips(folder: str | Path, kinds: Collection[str] = ()) -> list[Clip]:
    """The clips that `labels.jsonl` in the folder names, of these kinds (empty: all kinds). Raises ClientError naming
    the line."""
    folder = Path(folder)
    try:
        lines = (folder / LABELS).read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ClientError(f"{folder / LABELS} cannot be read: {error}.") from error
    clips = []
    for number, line in enumerate(lines, 1):
        if line.strip():
            try:
                clips.append(_clip(folder, json.loads(line)))
            except (ValueError, KeyError, TypeError, AttributeError) as error:
                raise ClientError(f"{folder / LABELS}, line {number}: {type(error).__name__}: {error}") from error
    return [clip for clip in clips if not kinds or clip.kind in kinds]


def _clip(folder: Path, label: Mapping[str, Any]) -> Clip:
    file = str(label["file"])
    if not (folder / file).resolve().is_relative_to(folder.resolve()):
        raise ValueError(f"{file!r} is not in the folder")
    pauses = tuple(_pause(one) for one in label["pauses"])
    asked, over_agent = label.get("asked"), label.get("over_agent")
    end_ms = label.get("end_of_speech_ms", next((one.start_ms for one in pauses if one.turn_ends), None))
    return Clip(
        folder / file,
        str(label.get("kind") or CALL),
        str(label.get("speaker") or file),
        pauses,
        None if end_ms is None else int(end_ms),
        str(label.get("text") or ""),
        None if asked is None else str(asked),
        None if over_agent is None else str(over_agent),
        bool(label.get("composite")),
        str(label.get("source") or ""),
        str(label.get("licence") or ""),
    )


def _pause(one: Mapping[str, Any]) -> Pause:
    start_ms, end_ms, ends = int(one["start_ms"]), int(one["end_ms"]), one["turn_ends"]
    if not 0 <= start_ms < end_ms or ends not in (True, False, None):
        raise ValueError("a pause has 0 <= start_ms < end_ms, and turn_ends true, false or null")
    return Pause(start_ms, end_ms, ends)
