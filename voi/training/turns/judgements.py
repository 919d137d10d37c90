"""The engines' answers about a clip: the VAD's for every window, the turn detector's and the recogniser's on demand.
Answers are cached on disk by hashes of the sound and the engines, so that measuring a policy takes seconds. Windows of
32 ms are counted from the clip's first; a question is about the windows [start, end) of it.
"""

import asyncio
import hashlib
import json
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from voi.core.vad_edges import VadEdges
from voi.engines.base import SttOptions
from voi.engines.stt.moonshine import Moonshine
from voi.engines.turn.smart_turn import SmartTurn
from voi.engines.turn.turn_1_mini import Turn1Mini
from voi.engines.vad.silero import Silero
from voi.training.turns.clips import Clip

WINDOW_SAMPLES = 512
WINDOW_BYTES = WINDOW_SAMPLES * 2
WINDOW_MS = 32
PREROLL_WINDOWS = 15


TURN_ENGINES: dict[str, type[SmartTurn] | type[Turn1Mini]] = {"smart-turn": SmartTurn, "turn-1-mini": Turn1Mini}


class ClipEngines:
    """The embedded engines, loaded at their first use."""

    def __init__(self, models_dir: str | Path = "models", turn_engine: str = "smart-turn") -> None:
        """Raises EngineError when there are no weights of that turn engine."""
        self._turn = TURN_ENGINES[turn_engine](models_dir=models_dir)
        self.turn_name, self.turn_file = turn_engine, self._turn.weights
        self._loop = asyncio.new_event_loop()
        self._stt = Moonshine()
        self._vad = Silero()
        self._warm: set[int] = set()
        names = f"{version('moonshine-voice')} {self.turn_sha256}"
        self.version = hashlib.sha256(names.encode()).hexdigest()[:12]

    @property
    def turn_sha256(self) -> str:
        """SHA-256 of the turn model's file."""
        return hashlib.sha256(self.turn_file.read_bytes()).hexdigest()

    @property
    def encodes(self) -> bool:
        """True if the turn model gives its encoder's output."""
        return self._turn.info.encodes

    def _run(self, engine: Any, work: Callable[[], Any]) -> Any:
        async def asked() -> Any:
            if id(engine) not in self._warm:
                self._warm.add(id(engine))
                await engine.warm_up()
            return await work()

        return self._loop.run_until_complete(asked())

    def vad(self, windows: list[bytes]) -> list[float]:
        stream = self._vad.open()
        return [round(stream.probability(window), 4) for window in windows]

    def listener(self) -> Callable[[bytes], float]:
        """A fresh VAD: probability of speech in the next window."""
        return self._vad.open().probability

    def encode(self, pcm: bytes) -> npt.NDArray[np.float32] | None:
        """What the voice judge gets of the turn model's encoder; None: it has none to lend."""
        model = self._turn
        return self._run(model, lambda: model.encode(pcm)) if isinstance(model, SmartTurn) else None

    def turn(self, pcm: bytes) -> float:
        return round(float(self._run(self._turn, lambda: self._turn.probability(pcm))), 5)

    def vector(self, pcm: bytes) -> list[float]:
        """The turn model's encoder output, if it `encodes`."""
        model = self._turn
        assert isinstance(model, SmartTurn)
        heard = self._run(model, lambda: model.hear(pcm))
        return [round(float(value), 4) for value in heard.vector]

    def words(self, windows: list[tuple[bytes, bool]]) -> str:
        async def transcribed() -> str:
            stream = self._stt.open(SttOptions(), None)
            for pcm, voiced in windows:
                stream.feed(pcm, speech=voiced)
            transcript = await stream.flush()
            stream.close()
            return transcript.text

        text: str = self._run(self._stt, transcribed)
        return text

    def close(self) -> None:
        self._loop.run_until_complete(self._turn.close())
        self._loop.run_until_complete(self._stt.close())
        self._loop.close()


class Judgements:
    """Answers about one clip. `near`: if a question's sound begins elsewhere than that of a cached answer (as after a
    cut) but ends at the same window, the cached answer is used. `folder` None: nothing is cached on disk."""

    def __init__(self, clip: Clip, folder: Path | None, engines: ClipEngines, *, near: bool = False) -> None:
        pcm = clip.pcm()
        rest = -len(pcm) % WINDOW_BYTES
        pcm += bytes(rest)
        self._windows = [pcm[at : at + WINDOW_BYTES] for at in range(0, len(pcm), WINDOW_BYTES)]
        self._engines = engines
        sound = hashlib.sha256(pcm).hexdigest()[:16]
        self._near = near
        self._path = folder / f"{engines.version}-{sound}.json" if folder else None
        self._known: dict[str, Any] = {}
        if self._path and self._path.is_file():
            self._known = json.loads(self._path.read_text())
        self._fresh = False

    @property
    def vad(self) -> list[float]:
        """Probability of speech for each window."""
        if "vad" not in self._known:
            self._keep("vad", self._engines.vad(self._windows))
        found: list[float] = self._known["vad"]
        return found

    def turn(self, start: int, end: int) -> float:
        """The detector's probability, of up to the last 8 s."""
        key = self._key("turn", max(start, end - 250), end)
        if key not in self._known:
            self._keep(key, self._engines.turn(b"".join(self._windows[max(start, end - 250) : end])))
        probability: float = self._known[key]
        return probability

    def vector(self, start: int, end: int) -> list[float]:
        """The detector's encoder output for the same sound."""
        key = self._key("vector", max(start, end - 250), end)
        if key not in self._known:
            self._keep(key, self._engines.vector(b"".join(self._windows[max(start, end - 250) : end])))
        found: list[float] = self._known[key]
        return found

    def words(self, start: int, end: int) -> str:
        key = self._key("words", start, end)
        if key not in self._known:
            edges, voiced = VadEdges(), []
            for probability in self.vad[:end]:
                edges.window(probability)
                voiced.append(edges.voiced)
            flags = [at < start + PREROLL_WINDOWS or voiced[at] for at in range(start, end)]
            self._keep(key, self._engines.words(list(zip(self._windows[start:end], flags, strict=True))))
        text: str = self._known[key]
        return text

    def _key(self, what: str, start: int, end: int) -> str:
        key = f"{what} {start} {end}"
        if self._near and key not in self._known:
            known = (one.split() for one in self._known if one.startswith(what))
            others = [int(first) for _, first, last in known if int(last) == end]
            if others:
                return f"{what} {min(others, key=lambda other: abs(other - start))} {end}"
        return key

    def _keep(self, key: str, value: object) -> None:
        self._known[key] = value
        self._fresh = True

    def save(self) -> None:
        if self._path and self._fresh:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._path.write_text(json.dumps(self._known))
            self._fresh = False
