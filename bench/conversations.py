"""Real conversations for ten minutes: is a turn lost, and does anything grow?

    .venv/bin/python bench/conversations.py --minutes 10                # as many callers as this machine holds
    .venv/bin/python bench/conversations.py --minutes 10 --callers 4

`voi serve` runs as it is installed: the embedded ear and voice, the turn detector and voice judge that it finds, and
Eliza, who needs no LLM. Callers speak the recordings of tests/data/audio in real time and listen to the answers; each
call has some turns, then it is hung up or its socket is cut, and the next one begins. Without --callers their number is
found first: one more for as long as no turn is lost, the server does not call itself overloaded (it would refuse the
next caller), and the p95 of each half minute stays within a second of that of one alone. An apology is an answer here;
the failure that it is for fails the run. Every minute sums up latency, memory, descriptors, threads and tasks. It fails
when a turn or a connection is lost, when the server counts a failure, or when something grows. Linux; loopback only.
"""

import argparse
import asyncio
import contextlib
import json
import os
import random
import secrets
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE)]

from voi.calls.load import LoadLevel
from voi.client import AudioEvent, ErrorEvent, SpeechDoneEvent, VoiClient
from voi.errors import ClientError
from voi.server.auth import issue_token

from common import system
from hour import AFTERWARDS_S, COUNTERS, GAUGES, metrics, problems
from voices import FRAME_BYTES, FRAME_MS, PORT, pcm_of, references, speech_end_ms, start_server

AGENTS = {"eliza": {"llm_model": "eliza", "voices": {"character": {"model": "hibari"}}}}
MODELS = {"hibari": {"engine": "hibari"}}
ANSWER_LIMIT_S = 10.0
"""An answer must have begun by then, and goes on without a pause of that length."""
THINK_S = (0.5, 2.0)
TURNS_MOST = 12
CUT_SHARE = 0.15
WINDOW_S = 60.0
LEVEL_S = 30.0
SLACK_S = 1.0
MOST_CALLERS = 64
SILENCE = bytes(FRAME_BYTES)


@dataclass(slots=True)
class Turn:
    """`first_s`: when its answer began, after the end of speech; None: it never did. `early`: the agent spoke before
    that end, in a pause of the recording."""

    first_s: float | None = None
    early: bool = False
    complete: bool = False


class Microphone:
    """Sends sound in real time, all the time: what is to be said, or silence."""

    def __init__(self, voi: VoiClient) -> None:
        self._voi = voi
        self._saying = b""

    def say(self, pcm: bytes) -> None:
        self._saying = pcm

    async def run(self) -> None:
        start_s = time.monotonic()
        number = 0
        with contextlib.suppress(ClientError):  # the call is over
            while True:
                number += 1
                await asyncio.sleep(max(0.0, start_s + number * FRAME_MS / 1000 - time.monotonic()))
                frame, self._saying = self._saying[:FRAME_BYTES], self._saying[FRAME_BYTES:]
                await self._voi.send_audio(frame.ljust(FRAME_BYTES, b"\0") if frame else SILENCE)


class Conversations:
    def __init__(self, pid: int, token: str, seed: int) -> None:
        self.pid, self.token = pid, token
        self.random = random.Random(seed)
        self.sayings: list[tuple[bytes, float]] = []
        """Sound, and when its speech ends, in seconds."""
        self.turns: list[Turn] = []
        self.ends: Counter[str] = Counter()
        self.errors: list[str] = []
        self.samples: list[dict[str, float]] = []
        self.over = False
        self.lanes: list[asyncio.Task[None]] = []

    async def prepare(self) -> None:
        for name, said in references().items():
            if said:
                pcm = pcm_of(name)
                self.sayings.append((pcm, await speech_end_ms(pcm) / 1000))

    def add_caller(self) -> None:
        self.lanes.append(asyncio.create_task(self._lane(), name=f"caller {len(self.lanes)}"))

    async def _lane(self) -> None:
        while not self.over:
            try:
                await self._call()
            except ClientError as error:
                self.errors.append(str(error))
                await asyncio.sleep(1)

    async def _call(self) -> None:
        async with VoiClient.connect(
            f"ws://127.0.0.1:{PORT}/ws", token=self.token, agent_name="eliza", mode="call", init_greeting=False
        ) as voi:
            microphone = Microphone(voi)
            speaking = asyncio.create_task(microphone.run())
            try:
                for _ in range(self.random.randint(1, TURNS_MOST)):
                    turn = Turn()
                    await self._turn(voi, microphone, turn)
                    self.turns.append(turn)
                    if self.over or voi.close_code is not None:
                        break
                    await asyncio.sleep(self.random.uniform(*THINK_S))
            finally:
                speaking.cancel()
                await asyncio.gather(speaking, return_exceptions=True)
            if voi.close_code is not None:
                self.ends["lost"] += 1
            elif self.random.random() < CUT_SHARE:
                self.ends["cut"] += 1
                voi._socket._response.connection.transport.abort()  # type: ignore[union-attr]
            else:
                self.ends["hung up"] += 1

    async def _turn(self, voi: VoiClient, microphone: Microphone, turn: Turn) -> None:
        pcm, speech_s = self.random.choice(self.sayings)
        ends_s = time.monotonic() + speech_s
        microphone.say(pcm)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(speech_s + ANSWER_LIMIT_S) as limit:
                async for event in voi:
                    now_s = time.monotonic()
                    match event:
                        case AudioEvent() if now_s < ends_s:
                            turn.early = True
                        case AudioEvent():
                            turn.first_s = now_s - ends_s if turn.first_s is None else turn.first_s
                            limit.reschedule(asyncio.get_running_loop().time() + ANSWER_LIMIT_S)
                        case SpeechDoneEvent() if turn.first_s is not None:
                            turn.complete = True
                            return
                        case ErrorEvent(error):
                            self.errors.append(error)

    # ---- what is measured -------------------------------------------------------------------------------

    def summed_up(self, turns: list[Turn]) -> dict[str, Any]:
        heard_s = [turn.first_s for turn in turns if turn.first_s is not None and not turn.early]
        p50_s, p95_s = (system.percentile(heard_s, share) for share in (50, 95))
        return {
            "turns": len(turns), "missed": sum(turn.first_s is None for turn in turns),
            "incomplete": sum(turn.first_s is not None and not turn.complete for turn in turns),
            "early": sum(turn.early for turn in turns), "p50_s": p50_s, "p95_s": p95_s,
        }  # fmt: skip

    async def find_most(self) -> int:
        """Add callers until one is too many; that one leaves again."""
        alone_s: float | None = None
        while len(self.lanes) < MOST_CALLERS:
            self.add_caller()
            await asyncio.sleep(LEVEL_S / 3)  # the models' queues settle
            taken = len(self.turns)
            await asyncio.sleep(LEVEL_S)
            now = self.summed_up(self.turns[taken:])
            alone_s = alone_s or now["p95_s"]
            print(f"{len(self.lanes)} callers: {line_of(now)}", flush=True)
            overloaded = (await self.sample(0))["load"] >= LoadLevel.FULL
            lost = now["missed"] or now["incomplete"] or self.ends["lost"] or self.errors
            if lost or overloaded or now["p95_s"] is None or (alone_s is not None and now["p95_s"] > alone_s + SLACK_S):
                break
        await self.leave()
        return max(1, len(self.lanes) - 1)

    async def leave(self) -> None:
        self.over = True
        await asyncio.wait(self.lanes)

    async def run(self, minutes: float, callers: int) -> dict[str, Any]:
        self.over, self.lanes = False, []
        self.turns, self.errors = [], []
        self.ends.clear()
        before, at_first = await self.sample(0), await asyncio.to_thread(metrics, PORT)
        began_s, windows, cpu_s = time.monotonic(), [], system.cpu_s(self.pid)
        for _ in range(callers):
            self.add_caller()
            await asyncio.sleep(5 / callers)
        taken, until_s = 0, began_s + minutes * 60
        while (left_s := until_s - time.monotonic()) > 0:
            await asyncio.sleep(min(WINDOW_S, left_s))
            self.samples.append(await self.sample(time.monotonic() - began_s))
            windows.append(self.summed_up(self.turns[taken:]))
            taken = len(self.turns)
            print(f"{self.samples[-1]['at_s'] / 60:4.1f} min: {line_of(windows[-1])}; {sample_line(self.samples[-1])}")
            sys.stdout.flush()
        cores = (system.cpu_s(self.pid) - cpu_s) / (minutes * 60)
        await self.leave()
        await asyncio.sleep(AFTERWARDS_S)
        after, at_last = await self.sample(time.monotonic() - began_s), await asyncio.to_thread(metrics, PORT)
        return {
            "minutes": minutes, "callers": callers, "calls": self.ends.total(), "ends": dict(self.ends),
            **self.summed_up(self.turns), "connections_lost": self.ends["lost"], "errors": sorted(set(self.errors))[:5],
            "before": before, "after": after, "cores": cores, "tasks_left": after["tasks"] - before["tasks"],
            "conversations_left": after["conversations"], "windows": windows, "samples": self.samples,
            "failures": {name: at_last.get(name, 0) - at_first.get(name, 0) for name in COUNTERS},
        }  # fmt: skip

    async def sample(self, at_s: float) -> dict[str, float]:
        counted = await asyncio.to_thread(metrics, PORT)
        return {
            "at_s": at_s, "rss_mb": system.rss_mb(self.pid), "files": system.open_files(self.pid),
            "threads": system.threads(self.pid), **{name: counted[metric] for name, metric in GAUGES.items()},
        }  # fmt: skip


def line_of(window: dict[str, Any]) -> str:
    p50_s, p95_s = (window[name] or 0.0 for name in ("p50_s", "p95_s"))
    return (
        f"{window['turns']} turns, {window['missed']} missed, {window['incomplete']} incomplete, "
        f"{window['early']} early; first sound p50 {p50_s * 1000:.0f}, p95 {p95_s * 1000:.0f} ms"
    )


def sample_line(sample: dict[str, float]) -> str:
    return (
        f"{sample['rss_mb']:.1f} MB, {sample['files']:.0f} files, {sample['threads']:.0f} threads, "
        f"{sample['tasks']:.0f} tasks"
    )


async def measure(pid: int, token: str, args: argparse.Namespace) -> dict[str, Any]:
    conversations = Conversations(pid, token, args.seed)
    await conversations.prepare()
    callers = args.callers or await conversations.find_most()
    print(f"{callers} callers for {args.minutes:g} minutes", flush=True)
    return await conversations.run(args.minutes, callers)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--callers", type=int, default=0, help="0: as many as the machine holds")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, help="JSON of all that was measured")
    args = parser.parse_args()
    secret, os.environ["API_KEY"] = secrets.token_urlsafe(48), secrets.token_urlsafe(32)
    with tempfile.TemporaryDirectory() as folder:
        server, ready_s = start_server(
            Path(folder), secret, AGENTS, MODELS, API_KEY=os.environ["API_KEY"], VOI_ADMIT_BY_LOAD="false"
        )
        print(f"Server ready after {ready_s:.1f} s.", flush=True)
        try:
            r = asyncio.run(measure(server.pid, issue_token("bench", secret), args))
        finally:
            server.terminate()
            server.wait(60)
    r["problems"] = problems(r)
    if args.out:
        args.out.write_text(json.dumps(r, indent=1))
    print(f"{r['calls']} calls {r['ends']}: {line_of(r)}; {r['cores']:.2f} cores")
    print(f"before: {sample_line(r['before'])}; after: {sample_line(r['after'])}; failures {r['failures']}")
    print(f"problems: {r['problems'] or 'none'}")
    return 1 if r["problems"] else 0


if __name__ == "__main__":
    sys.exit(main())
