"""Labelled clips of people who speak: what `labels.jsonl` beside the sound files says of each, and their sound.

    clips = load_clips("/data/turns", kinds={"order", "short"})
    pcm = clips[0].pcm()        16 kHz s16le mono

One JSON object a line: file, end_of_speech_ms (null: none), pauses [{start_ms, end_ms, turn_ends}], text, kind, asked,
over_agent, speaker, rate, composite, source, licence. Loading sound needs `soundfile`.
"""

import json
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

RATE_HZ = 16_000
SAMPLE_BYTES = 2
NATURAL = frozenset({"call_turn", "dialogue_read", "spontaneous"})
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

    @property
    def name(self) -> str:
        return self.path.stem

    @property
    def left_out_with(self) -> str:
        """Clips of one such name are trained on, or judged by, together: a call, or a corpus."""
        if self.kind == "call_turn":
            return self.speaker.split("_")[0]
        if self.kind in ("dialogue_read", "spontaneous"):
            return "dialogue"
        if self.kind == "question":
            return "short"
        return self.kind

    def pcm(self) -> bytes:
        """16 kHz s16le mono. Raises OSError."""
        import soundfile

        samples, rate_hz = soundfile.read(self.path, dtype="int16", always_2d=True)
        if rate_hz != RATE_HZ:
            raise OSError(f"{self.path}: {rate_hz} Hz, expected {RATE_HZ}")
        sound: bytes = samples[:, 0].tobytes()
        return sound


def load_clips(folder: str | Path, kinds: Collection[str] = ()) -> list[Clip]:
    """The clips that `labels.jsonl` in the folder names, of these kinds (none named: of all). Raises OSError and
    ValueError."""
    labels = Path(folder) / "labels.jsonl"
    clips = [_clip(Path(folder), json.loads(line)) for line in labels.read_text().splitlines() if line.strip()]
    return [clip for clip in clips if not kinds or clip.kind in kinds]


def _clip(folder: Path, label: dict[str, Any]) -> Clip:
    pauses = tuple(Pause(one["start_ms"], one["end_ms"], one["turn_ends"]) for one in label["pauses"])
    return Clip(
        folder / label["file"],
        label["kind"],
        label["speaker"] or label["file"],
        pauses,
        label["end_of_speech_ms"],
        label["text"] or "",
        label["asked"],
        label["over_agent"],
        bool(label["composite"]),
        label["source"],
        label["licence"],
    )
