"""What the engines said of noises and real utterances in silence, in one small file, without the sound: for a test."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from bench.overlap.trial import WINDOW_BYTES, Hearing, Outcome, Trial, script
from bench.turns.live import LEAD_MS, noise
from voi.core import facts as was
from voi.core.conversation import Conversation
from voi.training.turns.clips import Clip

TAIL_MS = 2_600


class KnownSound:
    """One sound as `Hearing`. It is asked with stretches of `pcm`, in which each window holds its own number. What was
    not asked when it was kept is answered for the nearest end of a stretch."""

    def __init__(self, vad: list[int], voice: dict[str, list[float]], words: dict[str, str]) -> None:
        self._vad, self._voice, self._words = vad, voice, words
        self.pcm = b"".join(window.to_bytes(2, "little") * (WINDOW_BYTES // 2) for window in range(len(vad)))

    def voiced(self, pcm: bytes) -> list[float]:
        return [percent / 100 for percent in self._vad]

    async def voice(self, pcm: bytes, voice_ms: int, speaker: str) -> tuple[float, float]:
        voice, floor = self._voice[_nearest(self._voice, pcm)]
        return voice, floor

    async def words(self, pcm: bytes) -> str:
        return self._words[_nearest(self._words, pcm)]


def _nearest(known: Iterable[str], pcm: bytes) -> str:
    """The key, "START END" in windows, that is nearest to this stretch."""
    start, end = int.from_bytes(pcm[:2], "little"), int.from_bytes(pcm[-2:], "little") + 1

    def distance(key: str) -> tuple[int, int]:
        known_start, known_end = map(int, key.split())
        return abs(known_end - end), abs(known_start - start)

    return min(known, key=distance)


class KeptSound:
    """Asks other engines about one sound, `pcm`, and keeps what they say."""

    def __init__(self, engines: Hearing, pcm: bytes) -> None:
        self._engines, self.pcm = engines, pcm
        self.vad: list[int] = []
        self.voices: dict[str, list[float]] = {}
        self.texts: dict[str, str] = {}

    def _key(self, pcm: bytes) -> str:
        start = self.pcm.find(pcm)
        return f"{start // WINDOW_BYTES} {(start + len(pcm)) // WINDOW_BYTES}"

    def voiced(self, pcm: bytes) -> list[float]:
        found = self._engines.voiced(pcm)
        self.vad = [round(100 * probability) for probability in found]
        return found

    async def voice(self, pcm: bytes, voice_ms: int, speaker: str) -> tuple[float, float]:
        voice, floor = await self._engines.voice(pcm, voice_ms, speaker)
        self.voices[self._key(pcm)] = [round(voice, 3), round(floor, 3)]
        return voice, floor

    async def words(self, pcm: bytes) -> str:
        text = self.texts[self._key(pcm)] = await self._engines.words(pcm)
        return text


async def answered(sound: KnownSound | KeptSound, clip: Clip, *, busy: bool) -> bool:
    """Whether the core answers this sound in silence. `busy`: the server is, so that words are asked for later."""
    core = Conversation(script(judged=True))
    core.handle(was.Opened(False), 0)
    if busy:
        core.handle(was.LoadChanged(True), 0)
    outcome = Outcome(clip.name, clip.kind, clip.over_agent, "clean")
    return (await Trial(sound, clip, outcome, core, sound.pcm).run()).answered is not None


async def keep(path: Path, engines: Hearing, clips: Iterable[Clip]) -> None:
    """Write a line for each clip: what the engines say of it to a calm and to a busy server."""
    lines = []
    for clip in clips:
        sound = KeptSound(engines, noise(LEAD_MS) + clip.pcm() + noise(TAIL_MS))
        for busy in (False, True):
            await answered(sound, clip, busy=busy)
        line = {"clip": clip.name, "kind": clip.kind, "vad": sound.vad, "voice": sound.voices, "words": sound.texts}
        lines.append(json.dumps(line, ensure_ascii=False))
    _write(path, lines)


def _write(path: Path, lines: list[str]) -> None:
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def load(path: Path) -> list[tuple[Clip, KnownSound]]:
    """What `keep` wrote. Raises OSError and ValueError."""
    found = []
    for line in path.read_text(encoding="utf-8").splitlines():
        one: dict[str, Any] = json.loads(line)
        clip = Clip(Path(f"{one['clip']}.flac"), one["kind"], "", (), None, "", None, None, False, "", "")
        found.append((clip, KnownSound(one["vad"], one["voice"], one["words"])))
    return found
