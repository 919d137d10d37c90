"""Records one conversation on disk, if the operator turned it on. The folder DIR/2026-11-21/CONVERSATION_ID/ has

    journal.jsonl   the script, then every fact with the actions it caused (`voi.core.journal`); `voi replay` reads it
    user.wav        the person, 16 kHz, on the audio clock: `audio_ms` of the facts is a place in it
    agent.wav       what the person heard of the agent, 24 kHz, on the conversation's clock
    turns.jsonl     each turn's latencies, and each tool's call: {"tool": name, …};
                    and which files an answer was given: {"sources": […], …}

Where the operator has set a key, the files are encrypted while they are written (`voi.sealing.file`), and are named
user.wav.sealed and so on; `voi calls export` reads them.

The event loop only appends to a queue; one thread per recording wakes up twice a second and writes. When the disk is
slow, sound is dropped (silence takes its place), but facts are not.
"""

import asyncio
import io
import json
import logging
import re
import shutil
import tempfile
import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeout
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO, TextIO, cast

from voi.audio.pcm import SAMPLE_BYTES, ms_to_samples
from voi.audio.resample import Resampler
from voi.audio.wav import OpenFile, WavWriter, new_private_file
from voi.core.actions import Action, Stop
from voi.core.facts import Fact, PlaybackStarted
from voi.core.journal import encode_entry, encode_script
from voi.core.script import Script
from voi.errors import ConfigError, StoreError
from voi.sealing.file import SUFFIX, SealedFile
from voi.session.latency import TurnTimes
from voi.session.lookups import LookedUp
from voi.session.observer import Observer
from voi.session.tool_use import ToolUse

USER_RATE_HZ = 16_000
AGENT_RATE_HZ = 24_000
WRITE_EVERY_S = 0.5
"""A killed process loses at most this much."""
WAITING_SOUND_LIMIT_BYTES = 4 * 1024 * 1024
"""Sound that may wait for the disk: about 50 s of both sides."""
WAITING_FACTS_LIMIT = 20_000
"""Facts that may wait for the disk: about 5 minutes of a lively conversation. After that the recording is given up."""
SEAM_MS = 40
"""Pieces of the agent's sound that begin within this distance of the previous one's end are joined."""
NAME_MAX = 100
CLOSE_TIMEOUT_S = 10
KEY_TIMEOUT_S = 60
"""How long a recording that is to be encrypted waits for its key to be stored."""

log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Sound:
    pcm: bytes
    start_samples: int


@dataclass(slots=True)
class _AgentSound:
    pcm: bytes
    rate_hz: int
    at_ms: int


@dataclass(slots=True)
class _Step:
    now_ms: int
    fact: Fact
    actions: tuple[Action, ...]


class Recorder(Observer):
    """Records one conversation from `begin` to `close`. Never blocks and never raises. A recording that cannot be
    written is logged and given up (`problem` says why); the conversation goes on.

    Call on the event loop, `begin` first. All times are ms since the conversation began.
    """

    def __init__(
        self,
        recordings_dir: Path,
        conversation_id: str,
        limit_bytes: int,
        data_key: "Future[bytes | None] | None" = None,
    ) -> None:
        """`data_key`: resolves to the key that encrypts the files, once that key is stored. If it resolves to None, or
        there is no future, the files are not encrypted. Nothing is written before it resolves."""
        name = re.sub(r"[^A-Za-z0-9_-]", "_", conversation_id)[:NAME_MAX] or "conversation"
        self.folder = recordings_dir / datetime.now().date().isoformat() / name
        self.problem: str | None = None
        self._conversation_id = conversation_id
        self._limit_bytes = limit_bytes
        self._data_key = data_key
        self._queue: deque[_Sound | _AgentSound | _Step | Script | Mapping[str, Any]] = deque()
        self._user_samples = 0
        self._half_sample = b""
        self._queued_bytes = 0  # of sound, ever; written by the event loop
        self._taken_bytes = 0  # of sound, ever; written by the thread
        self._dropping = False
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._work, name="voi-recording", daemon=True)

    # ---- on the event loop ----------------------------------------------------------------------

    def begin(self, script: Script) -> None:
        self._queue.append(script)
        self._thread.start()

    def step(self, now_ms: int, fact: Fact, actions: Sequence[Action]) -> None:
        if self.problem or self._closing.is_set():
            return
        if len(self._queue) >= WAITING_FACTS_LIMIT:
            self._give_up("the disk does not keep up")
            return
        self._queue.append(_Step(now_ms, fact, tuple(actions)))

    def user_sound(self, pcm: bytes) -> None:
        """The person's sound: s16le mono at 16 kHz, without gaps, any length, even half a sample."""
        pcm = self._half_sample + pcm
        whole_bytes = len(pcm) - len(pcm) % SAMPLE_BYTES
        self._half_sample = pcm[whole_bytes:]
        self._keep_sound(_Sound(pcm[:whole_bytes], self._user_samples))
        self._user_samples += whole_bytes // SAMPLE_BYTES

    def agent_sound(self, pcm: bytes, rate_hz: int, at_ms: int) -> None:
        """Sound (s16le mono) that the person hears from `at_ms` on. Sound that begins more than `SEAM_MS` before the
        end of earlier sound replaces the remainder of the earlier sound."""
        self._keep_sound(_AgentSound(pcm, rate_hz, at_ms))

    def turn(self, times: TurnTimes) -> None:
        """Write one turn's latencies."""
        if not self.problem and not self._closing.is_set():
            self._queue.append(times.as_dict())

    def tool(self, use: ToolUse) -> None:
        """Write one tool's call."""
        if not self.problem and not self._closing.is_set():
            self._queue.append({"tool": use.name, **{k: v for k, v in asdict(use).items() if k != "name"}})

    def looked_up(self, lookup: LookedUp) -> None:
        """Write which files an answer was given passages of."""
        if lookup.sources and not self.problem and not self._closing.is_set():
            self._queue.append(asdict(lookup))

    async def close(self) -> None:
        """Write the rest and close the files. Safe to call twice, and without `begin`."""
        self._closing.set()
        if self._thread.ident is not None:
            await asyncio.to_thread(self._thread.join, CLOSE_TIMEOUT_S)
            if self._thread.is_alive():
                self._give_up(f"the disk did not take the rest within {CLOSE_TIMEOUT_S} s")

    def _keep_sound(self, sound: _Sound | _AgentSound) -> None:
        if self.problem or self._closing.is_set():
            return
        if self._queued_bytes - self._taken_bytes + len(sound.pcm) > WAITING_SOUND_LIMIT_BYTES:
            if not self._dropping:
                self._dropping = True
                log.warning("recording of %s: the disk is slow, so some sound is left out", self._conversation_id)
            return
        self._queued_bytes += len(sound.pcm)
        self._queue.append(sound)

    def _give_up(self, problem: str) -> None:
        if self.problem is None:
            self.problem = problem
            log.warning("recording of %s has stopped: %s", self._conversation_id, problem)

    # ---- in the thread --------------------------------------------------------------------------

    def _work(self) -> None:
        try:
            key = self._data_key.result(KEY_TIMEOUT_S) if self._data_key else None
            with _Files(self.folder, self._limit_bytes, key) as files:
                last = False
                while not last and not self.problem:
                    last = self._closing.wait(WRITE_EVERY_S)
                    self._write_waiting(files)
        except (StoreError, FutureTimeout):
            self._give_up("the key to encrypt it with could not be stored")
        except OSError as error:
            self._give_up(f"{error.filename or self.folder} cannot be written: {error.strerror}")
        except Exception:
            log.exception("recording of %s", self._conversation_id)
            self._give_up("a fault of Voi's own")
        finally:
            self._queue.clear()

    def _write_waiting(self, files: "_Files") -> None:
        for _ in range(len(self._queue)):  # what arrives meanwhile is written next time
            item = self._queue.popleft()
            match item:
                case _Sound():
                    self._taken_bytes += len(item.pcm)
                    files.user.add(item.start_samples, item.pcm)
                case _AgentSound():
                    self._taken_bytes += len(item.pcm)
                    files.agent_sound(item)
                case _Step():
                    files.step(item)
                case Script():
                    files.journal_line(encode_script(item))
                case _:
                    files.turn_line(item)
        if not files.flush():
            self._give_up(f"it has reached its limit of {self._limit_bytes} bytes")


class _Track:
    """A WAV file to which sound is added at given positions. Adjacent sound is collected and written at once."""

    def __init__(self, path: Path, rate_hz: int, limit_bytes: int, open_file: "Callable[[Path], OpenFile]") -> None:
        self.wav = WavWriter(path, rate_hz, limit_bytes, open_file)
        self._gathered = bytearray()
        self._start_samples = 0

    @property
    def end_samples(self) -> int:
        return self._start_samples + len(self._gathered) // SAMPLE_BYTES

    def add(self, start_samples: int, pcm: bytes) -> None:
        if start_samples != self.end_samples:
            self.flush()
            self._start_samples = start_samples
        self._gathered += pcm

    def cut(self, samples: int) -> None:
        """Remove the sound from that sample on."""
        if samples < self.end_samples:
            self.flush()
            self.wav.cut(samples)
            self._start_samples = samples

    def flush(self) -> bool:
        """Write the collected sound. False: the file is full."""
        fits = self.wav.write_at(self._start_samples, bytes(self._gathered))
        self._start_samples = self.end_samples
        self._gathered.clear()
        return fits


class _Files:
    """The folder and its files; with a key they are encrypted, and their names end in `.sealed`. Blocks; raises
    OSError."""

    def __init__(self, folder: Path, limit_bytes: int, key: bytes | None = None) -> None:
        folder.parent.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.parent.mkdir(mode=0o700, exist_ok=True)
        folder.mkdir(mode=0o700)
        self._limit_bytes = limit_bytes
        self._playing: int | None = None
        self._resampler: Resampler | None = None
        suffix = SUFFIX if key else ""
        open_sound: Callable[[Path], OpenFile] = partial(SealedFile, key=key) if key else new_private_file
        self.user = _Track(folder / f"user.wav{suffix}", USER_RATE_HZ, limit_bytes, open_sound)
        self._agent = _Track(folder / f"agent.wav{suffix}", AGENT_RATE_HZ, limit_bytes, open_sound)
        self._journal = _open_private(folder / f"journal.jsonl{suffix}", key)
        self._turns = _open_private(folder / f"turns.jsonl{suffix}", key)
        self._text_bytes = 0

    def step(self, step: _Step) -> None:
        self.journal_line(encode_entry(step.now_ms, step.fact, step.actions))
        if isinstance(step.fact, PlaybackStarted):
            self._playing = step.fact.reply
        if any(isinstance(action, Stop) and action.reply == self._playing for action in step.actions):
            self._agent.cut(ms_to_samples(step.now_ms, AGENT_RATE_HZ))  # sent ahead, but not heard

    def agent_sound(self, sound: _AgentSound) -> None:
        start_samples = ms_to_samples(max(0, sound.at_ms), AGENT_RATE_HZ)
        follows_on = abs(start_samples - self._agent.end_samples) <= ms_to_samples(SEAM_MS, AGENT_RATE_HZ)
        if self._resampler is None or self._resampler.in_rate_hz != sound.rate_hz or not follows_on:
            self._resampler = Resampler(sound.rate_hz, AGENT_RATE_HZ)
        self._agent.add(self._agent.end_samples if follows_on else start_samples, self._resampler.push(sound.pcm))

    def journal_line(self, line: Mapping[str, Any]) -> None:
        self._write_line(self._journal, line)

    def turn_line(self, line: Mapping[str, Any]) -> None:
        self._write_line(self._turns, line)

    def flush(self) -> bool:
        """Write everything to disk. False: the recording has reached its size limit."""
        self._journal.flush()
        self._turns.flush()
        fits = self.user.flush() & self._agent.flush()
        return fits and self._text_bytes + self.user.wav.data_bytes + self._agent.wav.data_bytes <= self._limit_bytes

    def _write_line(self, file: TextIO, line: Mapping[str, Any]) -> None:
        # escaped to ASCII, because a model may write half a surrogate pair, which UTF-8 cannot hold
        self._text_bytes += file.write(json.dumps(line, separators=(",", ":")) + "\n")

    def __enter__(self) -> "_Files":
        return self

    def __exit__(self, *_: object) -> None:
        for closable in (self._journal, self._turns, self.user.wav, self._agent.wav):
            closable.close()


def _open_private(path: Path, key: bytes | None) -> TextIO:
    if key:
        return io.TextIOWrapper(cast(BinaryIO, SealedFile(path, key)), encoding="ascii")
    path.touch(mode=0o600, exist_ok=False)
    return path.open("a", encoding="ascii")


def prepare(recordings_dir: Path) -> None:
    """Create the folder and test that it can be written to, before the first call needs it. Raises ConfigError."""
    try:
        recordings_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=recordings_dir):
            pass
    except OSError as error:
        raise ConfigError(
            f"{recordings_dir} cannot be written to ({error.strerror}), and VOI_RECORD wants recordings there. "
            "Look at VOI_RECORDINGS_DIR."
        ) from None


def sweep(recordings_dir: Path, keep_days: int, today: date | None = None) -> int:
    """Delete recordings older than `keep_days` days; 0 keeps all. Returns how many folders (one per day) were deleted.
    Blocks on the disk. Only folders named like a date are touched, and no link is followed. Raises OSError."""
    if keep_days <= 0 or not recordings_dir.is_dir():
        return 0
    first_kept = (today or datetime.now().date()) - timedelta(days=keep_days)
    old = [folder for folder in recordings_dir.iterdir() if (day := _day(folder.name)) and day < first_kept]
    removed = 0
    for folder in old:
        if folder.is_dir() and not folder.is_symlink():
            shutil.rmtree(folder)
            removed += 1
    return removed


def _day(name: str) -> date | None:
    try:
        return date.fromisoformat(name) if re.fullmatch(r"\d{4}-\d\d-\d\d", name) else None
    except ValueError:
        return None
