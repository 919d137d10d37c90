"""One simulated caller: speaks 20 ms frames in real time, listens with a simulated player.

`RawCaller` speaks the peers' protocol (bare PCM both ways), `VoiCaller` Voi's own (token, init, JSON header before the
sound), `RealtimeCaller` OpenAI's (realtime_caller.py); everything that is measured is in `Caller`, so it is measured
alike.
"""

import asyncio
import json
import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from common import config as C
from common import ws
from common.fakes import tag_of

ASSETS = Path(__file__).parent / "assets"
PLAYER_START_S = 0.060  # the simulated player starts this long after the first byte
THINK_S = 0.6  # silence between the end of playback and the next utterance
SETTLE_FRAMES = 25
ANSWER_LIMIT_S = 8.0
STALL_LIMIT_S = 3.0
_NOISES = 64

now = time.monotonic


@dataclass(slots=True)
class Turn:
    """One utterance and its answer; times are CLOCK_MONOTONIC seconds."""

    key: str
    """Under which the servers trace this call."""
    alignment: int
    spoken_at: float
    first_at: float | None = None
    last_at: float = 0.0
    complete_at: float | None = None
    play_start: float = 0.0
    got_bytes: int = 0
    underruns: int = 0
    missed: bool = False
    incomplete: bool = False

    def hear(self, n: int) -> None:
        t = now()
        if self.first_at is None:
            self.first_at, self.play_start = t, t + PLAYER_START_S
        elif self.complete_at is None:
            lacking_s = t - self.play_start - self.got_bytes / C.OUT_BYTES_PER_S
            if lacking_s > 0.001:
                self.underruns += 1
                self.play_start += lacking_s  # the player stalled
        self.got_bytes += n
        self.last_at = t
        if self.complete_at is None and self.got_bytes >= C.REPLY_BYTES * 0.98:
            self.complete_at = t

    def played_until(self) -> float:
        return self.play_start + self.got_bytes / C.OUT_BYTES_PER_S


@dataclass
class Sound:
    """The caller's frames, ready to be written to a socket."""

    utterance: list[bytes]
    noise: list[bytes]

    @classmethod
    def load(cls, header: bytes = b"") -> "Sound":
        """`header` goes before the sound of each frame."""
        pcm = (ASSETS / "utterance.s16").read_bytes()
        frames = [pcm[i : i + C.FRAME_BYTES] for i in range(0, len(pcm), C.FRAME_BYTES)]
        parts = (frames, noises(C.FRAME_SAMPLES))
        return cls(*([ws.client_frame(header + frame) for frame in part] for part in parts))


def noises(samples: int) -> list[bytes]:
    """Frames of that many samples, of what a silent room sounds like."""
    rng = random.Random(11)
    return [
        b"".join(rng.randint(-6, 6).to_bytes(2, "little", signed=True) for _ in range(samples)) for _ in range(_NOISES)
    ]


@dataclass
class Plan:
    """What all callers of a run have in common."""

    port: int
    sound: Sound
    turns: int
    on_finished: Callable[["Caller"], None]
    token: str = ""
    agent: str = ""
    stray_bytes: int = 0
    errors: list[str] = field(default_factory=list)


class Caller(asyncio.Protocol):
    transport: asyncio.Transport

    def __init__(self, plan: Plan, number: int) -> None:
        self.plan, self.number = plan, number
        self.frames, self.http = ws.Frames(), b""
        self.shaken = self.talking = self.gone = self.finished = False
        self.frames_sent = 0
        self.utterance_at: int | None = None  # frame number at which the next utterance starts
        self.position = -1  # in the utterance; -1: silent
        self.current: Turn | None = None
        self.turns: list[Turn] = []

    # ---- what the protocols differ in

    path = ""
    headers = ""
    frame_header = b""

    @classmethod
    def sound(cls) -> Sound:
        """What callers of this protocol send."""
        return Sound.load(cls.frame_header)

    def on_open(self) -> None:
        """The socket is open."""

    def on_message(self, payload: bytes) -> None:
        """A binary message came."""

    def on_text(self, payload: bytes) -> None:
        """A text message came."""

    # ---- the connection

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self.transport = transport
        transport.write(ws.client_handshake(self.plan.port, self.path, self.headers))

    def connection_lost(self, exc: Exception | None) -> None:
        self.gone = True

    def data_received(self, data: bytes) -> None:
        if not self.shaken:
            self.http += data
            head, blank, data = self.http.partition(b"\r\n\r\n")
            if not blank:
                return
            if b" 101 " not in head[:20]:
                self.plan.errors.append(head[:200].decode("latin1"))
                self.transport.close()
                return
            self.shaken = True
            self.on_open()
        for op, payload in self.frames.feed(data):
            if op == ws.BINARY:
                self.on_message(payload)
            elif op == ws.TEXT:
                self.on_text(payload)
            elif op == ws.PING:
                self.transport.write(ws.client_frame(payload, ws.PONG))
            elif op == ws.CLOSE and not self.finished:
                self.on_close_frame(payload)

    def on_close_frame(self, payload: bytes) -> None:
        self.plan.errors.append(f"closed by the server: {payload!r}")

    def hang_up(self) -> None:
        self.finished = True
        if not self.gone:
            self.transport.write(ws.client_frame(b"\x03\xe8", ws.CLOSE))  # 1000, normal

    # ---- talking

    def begin(self) -> None:
        self.talking = True
        self.schedule(SETTLE_FRAMES)

    def schedule(self, delay_frames: int) -> None:
        """Callers and turns go through all 8 alignments with the VAD's windows."""
        alignment = (len(self.turns) + 1 + self.number * 3) % 8
        earliest = self.frames_sent + delay_frames
        self.utterance_at = earliest + (alignment - earliest) % 8

    def send_next(self) -> None:
        """One 20 ms frame; called in real time."""
        if self.gone or not self.talking:
            return
        if self.position < 0 and self.utterance_at is not None and self.frames_sent >= self.utterance_at:
            self.position, self.utterance_at = 0, None
            self.alignment = self.frames_sent % 8
        if self.position >= 0:
            self.transport.write(self.plan.sound.utterance[self.position])
            self.position += 1
            if self.position == len(self.plan.sound.utterance):
                self.position = -1
                self.current = Turn(str(self.number), self.alignment, now())
        else:
            self.transport.write(self.plan.sound.noise[(self.frames_sent * 7 + self.number) % _NOISES])
            if self.current is not None:
                self.watch(self.current, now())
        self.frames_sent += 1

    def watch(self, turn: Turn, t: float) -> None:
        if turn.first_at is None:
            turn.missed = t - turn.spoken_at > ANSWER_LIMIT_S
        elif turn.complete_at is None:
            turn.incomplete = t - turn.last_at > STALL_LIMIT_S
        if turn.missed or turn.incomplete or (turn.complete_at and t >= turn.played_until() + THINK_S):
            self.end_turn(turn)

    def end_turn(self, turn: Turn) -> None:
        self.current = None
        self.turns.append(turn)
        if len(self.turns) == self.plan.turns:
            self.finished = True
            self.plan.on_finished(self)
        self.schedule(1)

    # ---- listening

    def hear(self, n: int) -> None:
        if self.current is None:
            self.plan.stray_bytes += n
        else:
            self.current.hear(n)


class RawCaller(Caller):
    """Bare PCM in binary messages: 16 kHz in, 24 kHz out."""

    @property
    def path(self) -> str:  # type: ignore[override]
        return f"/ws?sid={self.number}"

    def on_open(self) -> None:
        self.begin()

    def on_message(self, payload: bytes) -> None:
        self.hear(len(payload))


def voi_message(metadata: Mapping[str, object]) -> bytes:
    """Voi's framing: length of the JSON (32 bit, big-endian), the JSON; the sound follows."""
    text = json.dumps(metadata, separators=(",", ":")).encode()  # as JavaScript writes it
    return len(text).to_bytes(4, "big") + text


class VoiCaller(Caller):
    """Voi's own protocol, in call mode. The tag in the transcript tells under which key the server traces the turn."""

    frame_header = voi_message({"type": "audio"})

    @property
    def path(self) -> str:  # type: ignore[override]
        return f"/ws?token={self.plan.token}"

    def on_open(self) -> None:
        init = {
            "type": "init", "agent_name": self.plan.agent, "agent_config": None, "mode": "call",
            "stream_user_stt": True, "final_stt_correction": True, "stream_output_audio": True, "init_greeting": False,
        }  # fmt: skip
        self.transport.write(ws.client_frame(voi_message(init)))

    def on_message(self, payload: bytes) -> None:
        end = 4 + int.from_bytes(payload[:4], "big")
        if len(payload) > end:
            self.hear(len(payload) - end)
            return
        message = json.loads(payload[4:end])
        kind = message["type"]
        if kind == "status" and message["status"] == "init_done":
            self.begin()
        elif kind == "message" and message["role"] == "user" and self.current is not None:
            self.current.key = tag_of(message["content"][0]["text"]).split("/")[0]
        elif kind == "error":
            self.plan.errors.append(message["error"])
