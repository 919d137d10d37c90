#!/usr/bin/env python3
"""Telephone calls over SIP with the embedded engines: how long after the caller's last word the answer is on the wire,
where that time goes, and how long after the decision to be silent the last sound of the agent is.

    PYTHONPATH=. .venv/bin/python bench/sip_turns.py                      # the sentences of tests/data/audio, PCMU
    PYTHONPATH=. .venv/bin/python bench/sip_turns.py --clips FOLDER       # every full request among labelled clips
    PYTHONPATH=. .venv/bin/python bench/sip_turns.py --clips FOLDER --part 1/2 --interruptions 0

One process: a whole server (VAD, Moonshine, smart-turn, the echo agent, a voice), and a caller that rings it up through
Voi's own SIP and RTP on the loopback, in real time. Each recording is a call of its own: its speaker's first turn. The
caller says it, waits for the answer, and hangs up; in the last call it talks over long answers.

Full requests are the clips of the kinds `order`, `question` and `short` to which no question was asked before, or an
open one: an answer ("Half an hour.") is no request without its question. Speech ends where the label says, or with the
last window that the VAD takes for speech at 16 kHz, which is how the labels were made. Sound counts from the packet
that is louder than `LOUD`. A recording that is answered before its end is counted apart.
"""

import argparse
import asyncio
import json
import os
import secrets
import socket
import statistics
import sys
import tempfile
import time
import wave
from array import array
from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

from voi.audio.resample import resample
from voi.calls.call import Call
from voi.config.phones import Phones
from voi.config.settings import load_settings
from voi.core import actions as do
from voi.core import facts as was
from voi.engines.registry import create
from voi.server.run import Server
from voi.session import events
from voi.session.observer import Observer
from voi.training.turns.clips import load_clips
from voi.transports.sip.rtp_media import media_of
from voi.transports.sip.service import SipCounters, SipService
from voi.transports.telephone.dialing import Dial
from voi.transports.telephone.door import TelephoneDoor

ROOT = Path(__file__).resolve().parent.parent
AUDIO = ROOT / "tests" / "data" / "audio"
SAID = ("spk1_snt1", "spk1_snt2", "spk1_snt3", "austen-0880", "austen-0870")
REQUESTS = frozenset({"order", "question", "short"})
RATE_HZ, VAD_HZ = 8_000, 16_000
LOUD = 300
QUIET_S = 0.8
"""After so long without sound the agent has finished."""
ANSWER_WAIT_S = 6.0
LONG, OVER = "austen-0870", "spk1_snt2"


@dataclass(frozen=True)
class Said:
    """A recording at the telephone's rate, and where speech ends in it, in bytes."""

    name: str
    pcm: bytes
    end: int


@dataclass
class Waterfall:
    """Moments of one turn, in s on the monotonic clock; None: it did not come before the answer was heard."""

    ended_s: float
    vad_s: float | None = None
    verdict_s: float | None = None
    words_s: float | None = None
    sound_s: float | None = None
    decided_s: float | None = None
    given_s: float | None = None
    wire_s: float | None = None

    def ms(self, moment: str) -> float:
        at_s = getattr(self, moment)
        return float("nan") if at_s is None else (at_s - self.ended_s) * 1000


STEPS = {
    "vad_s": "the VAD's last voice", "verdict_s": "the turn model's verdict", "words_s": "the words",
    "sound_s": "the answer's first sound is ready", "decided_s": "the turn is over", "given_s": "given to the line",
    "wire_s": "on the wire",
}  # fmt: skip


class Stages(Observer):
    """Notes when the newest turn's steps came, of whichever call is under way."""

    def __init__(self) -> None:
        self.at: dict[str, float] = {}

    def step(self, now_ms: int, fact: was.Fact, actions: Sequence[do.Action]) -> None:
        now_s, at = time.monotonic(), self.at
        match fact:
            case was.UserStarted() | was.SpeechGrew():
                at.clear()
                at["vad_s"] = now_s
            case was.TurnJudged(judge="audio"):
                at["verdict_s"] = now_s
            case was.Heard(pause=pause) if pause:
                at["words_s"] = now_s
            case was.ReplySounded():
                at["sound_s"] = now_s
        if any(isinstance(action, do.Release) for action in actions):
            at["decided_s"] = now_s


class Caller:
    """A `LineListener` that notes when it hears something, and when its own sound has left."""

    def __init__(self) -> None:
        self.first_s: float | None = None
        self.last_s = 0.0
        self.left: dict[int, list[tuple[float, int]]] = {}
        self.heard = asyncio.Event()
        self.parting = False

    def listen(self) -> None:
        self.first_s = None
        self.heard.clear()

    def sound(self, pcm: bytes) -> None:
        if max(map(abs, array("h", pcm)), default=0) > LOUD:
            self.last_s = time.monotonic()
            if self.first_s is None:
                self.first_s = self.last_s
                self.heard.set()

    def key(self, key: str) -> None: ...

    def played(self, message_id: int, size_bytes: int) -> None:
        self.left.setdefault(message_id, []).append((time.monotonic(), size_bytes))

    def fault(self, fault: str) -> None:
        print("fault:", fault, file=sys.stderr)

    def gone(self, why: str) -> None:
        if not self.parting:
            sys.exit(f"the call is gone: {why}")

    async def left_s(self, message_id: int, size_bytes: int) -> float:
        """When the message's sound has left up to that byte."""
        while True:
            for at_s, size in self.left.get(message_id, ()):
                if size >= size_bytes:
                    return at_s
            await asyncio.sleep(0.005)

    async def quiet(self) -> None:
        while time.monotonic() - self.last_s < QUIET_S:
            await asyncio.sleep(0.02)


class Talk:
    """One call to the server, by the caller's own telephone."""

    def __init__(self, answered: Any) -> None:
        self.caller, self.line, self._signalling = Caller(), answered.line, answered.signalling
        self._scale = self.line.rate_hz // RATE_HZ
        self._number = 0
        self.line.open(self.caller)

    @staticmethod
    async def ring(phone: SipService, port: int) -> "Talk":
        dialer = phone.dialer("me")
        assert dialer is not None
        return Talk(await dialer.dial(Dial(f"sip:1001@127.0.0.1:{port}"), lambda: None, lambda: None))

    def say(self, said: Said) -> tuple[int, int]:
        self._number += 1
        pcm = said.pcm
        self.line.play(self._number, resample(pcm, RATE_HZ, self.line.rate_hz) if self._scale > 1 else pcm)
        self.line.finish(self._number)
        return self._number, said.end * self._scale

    async def greeted(self) -> None:
        """Wait for the end of the greeting."""
        await asyncio.wait_for(self.caller.heard.wait(), 10)
        await self.caller.quiet()
        self.caller.listen()

    async def answered(self, said: Said, stages: Stages) -> Waterfall | None:
        """Say that, and wait for the first sound of the answer. None: the answer came before the end."""
        number, end = self.say(said)
        ended_s, caller = await self.caller.left_s(number, end), self.caller
        if caller.first_s is not None:
            return None
        await asyncio.wait_for(caller.heard.wait(), ANSWER_WAIT_S)
        turn = Waterfall(ended_s, wire_s=caller.first_s)
        for one in fields(turn):
            if one.name in stages.at:
                setattr(turn, one.name, stages.at[one.name])
        return turn

    async def hang_up(self) -> None:
        self.caller.parting = True
        self._signalling.hang_up(events.Ended(events.EndReason.FINISHED))
        await asyncio.sleep(0.3)


def sentence(name: str) -> Said:
    """A recording of the tests."""
    with wave.open(str(AUDIO / f"{name}.wav")) as recording:
        pcm16 = resample(recording.readframes(recording.getnframes()), recording.getframerate(), VAD_HZ)
    vad = create("vad", "silero")
    stream, window_bytes, end = vad.open(), vad.info.window_samples * 2, 0
    for start in range(0, len(pcm16) - window_bytes + 1, window_bytes):
        if stream.probability(pcm16[start : start + window_bytes]) >= 0.5:
            end = start + window_bytes
    return Said(name, resample(pcm16, VAD_HZ, RATE_HZ), end // 2)


def requests(folder: Path) -> list[Said]:
    """The full requests among labelled clips."""
    return [
        Said(clip.name, resample(clip.pcm(), VAD_HZ, RATE_HZ), clip.end_of_speech_ms * RATE_HZ // 1_000 * 2)
        for clip in load_clips(folder, REQUESTS)
        if clip.asked in (None, "open") and clip.end_of_speech_ms is not None
    ]


def free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def write_files(voice: str, phones: dict[str, Any]) -> None:
    agents = {
        "echo": {"llm_model": "echo", "voices": {"character": {"model": voice}}, "greetings": {"choices": ["Hello."]}}
    }
    files = {"agents": agents, "tts_models": {voice: {"engine": voice}}, "phones": phones}
    for name, content in files.items():
        Path(f"{name}.json").write_text(json.dumps(content))


def watch(stages: Stages, cleared: list[float]) -> None:
    """Have every call of this process noted: the session's steps, and what its door is told."""
    opened, tell = Call.open, TelephoneDoor.tell

    def opening(call: Call, *of: Any, **named: Any) -> Any:
        call.looked_on_by.append(stages)
        return opened(call, *of, **named)

    def noting(door: TelephoneDoor, event: events.DoorEvent) -> None:
        if isinstance(event, events.SoundCleared):
            cleared.append(time.monotonic())
        if isinstance(event, events.Sound):
            stages.at.setdefault("given_s", time.monotonic())
        tell(door, event)

    Call.open = opening  # type: ignore[method-assign]
    TelephoneDoor.tell = noting  # type: ignore[method-assign]


async def measure(said: Sequence[Said], turns: int, interruptions: int, voice: str, codec: str) -> None:
    port = free_port()
    trunk = {"registers": False, "allow": "127.0.0.0/8", "codecs": [codec.lower()]}
    write_files(voice, {"sip": {"host": "127.0.0.1", "port": port}, "accounts": {"desk": {**trunk, "agent": "echo"}}})
    ready = asyncio.Event()
    server = Server(
        load_settings(
            token_secret_key=secrets.token_urlsafe(48), api_key=secrets.token_urlsafe(48), port=0, store="off",
            disclose=(), admit_by_load=False, log_level="warning",
        ),
        lambda text: print(text), lambda address: ready.set(),
    )  # fmt: skip
    running = asyncio.create_task(server.serve())
    await asyncio.wait([running, asyncio.create_task(ready.wait())], return_when=asyncio.FIRST_COMPLETED)
    stages, cleared = Stages(), list[float]()
    watch(stages, cleared)
    phones = Phones.model_validate({
        "sip": {"host": "127.0.0.1", "port": free_port(), "rtp_ports": [24_000, 24_999]},
        "accounts": {"me": {**trunk, "server": f"127.0.0.1:{port}"}},
    })  # fmt: skip
    counters = SipCounters(lambda *_: None, lambda fault: None, lambda *_: None)
    no_calls = SimpleNamespace(ringing=SimpleNamespace(listed=list))  # the caller's own calls ring nobody here
    phone = SipService(cast(Any, no_calls), lambda: cast(Any, SimpleNamespace(phones=phones)), counters, media_of)
    await phone.start()
    while phone.states["me"].name == "starting":
        await asyncio.sleep(0.05)
    found, early = list[Waterfall](), 0
    for turn in range(turns or len(said)):
        one = said[turn % len(said)]
        talk = await Talk.ring(phone, port)
        await talk.greeted()
        stages.at.clear()
        waterfall = await talk.answered(one, stages)
        await talk.hang_up()
        if waterfall is None:
            early += 1
            print(f"{one.name}: answered before its end", flush=True)
            continue
        found.append(waterfall)
        print(f"{one.name}: " + ", ".join(f"{step[:-2]} {waterfall.ms(step):.0f}" for step in STEPS), flush=True)
    stops_ms = await interrupted(phone, port, stages, cleared, interruptions) if interruptions else []
    report(found, early, f"{codec}, {voice}")
    if stops_ms:
        print(f"{len(stops_ms)} of {interruptions} interruptions, decision to the last sound on the wire: "
              f"median {statistics.median(stops_ms):.0f} ms, most {max(stops_ms):.0f}")  # fmt: skip
    await phone.close()
    server.stop()
    await running


async def interrupted(
    phone: SipService, port: int, stages: Stages, cleared: list[float], interruptions: int
) -> list[float]:
    """Talk over long answers: how long after each decision to be silent the last sound came, in ms."""
    talk, stops_ms = await Talk.ring(phone, port), list[float]()
    caller, long, over = talk.caller, sentence(LONG), sentence(OVER)
    await talk.greeted()
    for _ in range(interruptions):
        await talk.answered(long, stages)
        await asyncio.sleep(1.0)
        cleared.clear()
        talk.say(over)
        for _ in range(300):
            if cleared:
                break
            await asyncio.sleep(0.01)
        if cleared:
            await asyncio.sleep(0.3)
            stops_ms.append((caller.last_s - cleared[-1]) * 1000)
        caller.listen()
        await asyncio.wait_for(caller.heard.wait(), 30)
        await caller.quiet()
        caller.listen()
    await talk.hang_up()
    return stops_ms


def report(found: Sequence[Waterfall], early: int, what: str) -> None:
    print(f"\n{what}: {len(found)} turns, {early} answered before their end. From the end of speech, in ms:")
    print("| step | median | p90 | p95 | most |\n| --- | --- | --- | --- | --- |")
    for step, meaning in STEPS.items():
        ms = sorted(each.ms(step) for each in found if getattr(each, step) is not None)
        if ms:
            at = lambda share, ms=ms: ms[min(len(ms) - 1, round(share * (len(ms) - 1)))]  # noqa: E731
            print(f"| {meaning} | {statistics.median(ms):.0f} | {at(0.9):.0f} | {at(0.95):.0f} | {ms[-1]:.0f} |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clips", type=Path, help="labelled clips, of which the full requests are said")
    parser.add_argument("--part", default="1/1", help="one part of the recordings, such as 1/2")
    parser.add_argument("--turns", type=int, default=0, help="so many, the recordings again and again; 0: each once")
    parser.add_argument("--interruptions", type=int, default=5)
    parser.add_argument("--voice", default="hibari")
    parser.add_argument("--codec", default="PCMU")
    given = parser.parse_args()
    said = requests(given.clips) if given.clips else [sentence(name) for name in SAID]
    part, parts = map(int, given.part.split("/"))
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        if (ROOT / "models").is_dir():
            Path("models").symlink_to(ROOT / "models")
        asyncio.run(measure(said[part - 1 :: parts], given.turns, given.interruptions, given.voice, given.codec))


if __name__ == "__main__":
    main()
