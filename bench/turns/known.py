"""Judgements in one small file: what the engines said of some clips, without the sound. For tests, and to pass on."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from voi.training.turns.clips import Clip, Pause


class Known:
    """Judgements of one clip, as `Judgements`. What was not asked when they were kept is answered for the nearest end
    of a question."""

    def __init__(self, vad: Sequence[float], turn: dict[str, float], words: dict[str, str]) -> None:
        self.vad = list(vad)
        self._turn = {_key(key): value for key, value in turn.items()}
        self._words = {_key(key): value for key, value in words.items()}

    def turn(self, start: int, end: int) -> float:
        return self._turn[min(self._turn, key=lambda known: (abs(known[1] - end), abs(known[0] - start)))]

    def words(self, start: int, end: int) -> str:
        return self._words[min(self._words, key=lambda known: (abs(known[1] - end), abs(known[0] - start)))]


class Keeping:
    """Asks other judgements, and keeps what they say."""

    def __init__(self, asked: Any) -> None:
        self._asked = asked
        self.vad: list[float] = asked.vad
        self.turns: dict[str, float] = {}
        self.texts: dict[str, str] = {}

    def turn(self, start: int, end: int) -> float:
        found: float = self._asked.turn(start, end)
        self.turns[f"{start} {end}"] = round(found, 4)
        return found

    def words(self, start: int, end: int) -> str:
        text: str = self._asked.words(start, end)
        self.texts[f"{start} {end}"] = text
        return text


def _key(key: str) -> tuple[int, int]:
    start, end = key.split()
    return int(start), int(end)


def save_known(path: Path, kept: Sequence[tuple[Clip, Keeping]]) -> None:
    """One line a clip."""
    lines = []
    for clip, one in kept:
        label = asdict(clip) | {"path": clip.path.name, "text": ""}
        vad = [round(100 * probability) for probability in one.vad]
        lines.append(json.dumps({"clip": label, "vad": vad, "turn": one.turns, "words": one.texts}))
    path.write_text("\n".join(lines) + "\n")


def load_known(path: Path) -> list[tuple[Clip, Known]]:
    """What `save_known` wrote. Raises OSError and ValueError."""
    found = []
    for line in path.read_text().splitlines():
        one = json.loads(line)
        label = one["clip"]
        pauses = tuple(Pause(**pause) for pause in label.pop("pauses"))
        clip = Clip(**{**label, "path": Path(label["path"]), "pauses": pauses})
        found.append((clip, Known([percent / 100 for percent in one["vad"]], one["turn"], one["words"])))
    return found
