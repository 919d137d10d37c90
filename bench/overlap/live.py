"""Plays sounds over the agent, and into silence, through the real server in real time: its door, engines and clock.

    python -m bench.overlap.live CLIPS [--per-kind 12] [--callers 1]

Each clip is two calls. In the first it begins somewhere in a greeting of ten sentences, in the second nobody speaks.
What became of it is read from the server's own recording, on the clock of the sound: a frame's samples stand for its
time. The weights are the shipped ones, which were fitted to the development clips too.
"""

import argparse
import asyncio
import json
import random
import secrets
import time
from collections.abc import Sequence
from pathlib import Path

from bench.overlap.table import HEAD, table
from bench.overlap.trial import Outcome
from bench.turns.live import (
    FRAME_BYTES,
    FRAME_MS,
    LEAD_MS,
    PORT,
    agent,
    journal_of,
    language_model,
    noise,
    sample,
    server,
)
from bench.turns.stops import SENTENCES
from voi.client import AudioEvent, VoiClient
from voi.training.turns.clips import OVER_AGENT, Clip, load_clips

GREETING = " ".join(SENTENCES * 3)
OFFSET_MS = 1_000, 4_000
"""Of the agent's speech, before the clip begins."""
TAIL_MS = 2_600
SPEAKS_WITHIN_S = 15.0


async def play(clip: Clip, over: bool, recordings: Path, token: str) -> Outcome:
    """One call. Raises ClientError, TimeoutError, and OSError if there is no recording of it."""
    name = f"{clip.name} {secrets.token_hex(4)}"
    config = agent(None, name) | ({"greetings": {"choices": [GREETING]}} if over else {})
    outcome = Outcome(clip.name, clip.kind, clip.over_agent, "over clean" if over else "clean")
    speaks = asyncio.Event()
    async with VoiClient.connect(
        f"ws://127.0.0.1:{PORT}/ws", token=token, agent_name="caller", mode="call", agent_config=json.dumps(config),
        init_greeting=over,
    ) as voi:  # fmt: skip

        async def listen() -> None:
            async for event in voi:
                if isinstance(event, AudioEvent):
                    speaks.set()

        listening = asyncio.create_task(listen(), name="listen")
        began_s, sent = time.monotonic(), 0

        async def send(pcm: bytes) -> None:
            nonlocal sent
            for at in range(0, len(pcm), FRAME_BYTES):
                sent += 1
                await asyncio.sleep(max(0.0, began_s + sent * FRAME_MS / 1_000 - time.monotonic()))
                await voi.send_audio(pcm[at : at + FRAME_BYTES])

        try:
            async with asyncio.timeout(SPEAKS_WITHIN_S):
                while over and not speaks.is_set():
                    await send(noise(FRAME_MS))
            await send(noise(random.Random(clip.name).randint(*OFFSET_MS) if over else LEAD_MS))
            await send(clip.pcm() + noise(TAIL_MS))
        finally:
            listening.cancel()
    tell(outcome, (await asyncio.to_thread(journal_of, recordings, name))[1:])
    return outcome


def tell(outcome: Outcome, lines: Sequence[str]) -> None:
    """Note what a journal says of the call's first sound, and of what was heard over and after it."""
    entries = [json.loads(line) for line in lines]
    onset_ms, behind_ms = 0, []
    for entry in entries:
        if entry["fact"] == "UserStarted":
            onset_ms = entry["audio_ms"]
        elif entry["fact"] == "SpeechGrew":
            entry["said_until_ms"] = onset_ms + entry["speech_ms"]
            behind_ms.append(entry["t"] - entry["said_until_ms"])
    for entry in entries:
        at_ms = entry["t"] - min(behind_ms, default=0)
        if entry["fact"] == "UserStarted" and outcome.onset_ms is None:
            outcome.onset_ms = entry["audio_ms"]
        outcome.voice_end_ms = entry.get("said_until_ms", outcome.voice_end_ms)
        for action in entry["actions"]:
            match action["action"]:
                case "Release" if outcome.onset_ms is not None:
                    outcome.answered = "an answer"
                case "Duck":
                    outcome.soft_ms = at_ms if outcome.soft_ms is None else outcome.soft_ms
                    if action["level"] == "deep" and outcome.deep_ms is None:
                        outcome.deep_ms = at_ms
                case "Resume":
                    outcome.loud_again_ms = at_ms
                case "SendStatus" if action["status"] == "user_interrupt" and outcome.stop_ms is None:
                    outcome.stop_ms = at_ms


async def run(clips: Sequence[Clip], callers: int, recordings: Path, token: str) -> tuple[list[Outcome], list[Outcome]]:
    """What became of the clips over the agent, and in silence; `callers` at a time."""
    waiting = [(clip, over) for clip in clips for over in (True, False)]
    found: dict[bool, list[Outcome]] = {True: [], False: []}

    async def calls() -> None:
        while waiting:
            clip, over = waiting.pop()
            found[over].append(await play(clip, over, recordings, token))

    async with language_model(0), asyncio.TaskGroup() as group:
        for number in range(callers):
            group.create_task(calls(), name=f"caller {number}")
    return found[True], found[False]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("clips", type=Path)
    parser.add_argument("--per-kind", type=int, default=12)
    parser.add_argument("--callers", type=int, default=1, help="how many at once")
    parser.add_argument("--each", action="store_true", help="what became of every clip")
    options = parser.parse_args()
    clips = sample([clip for clip in load_clips(options.clips, set(OVER_AGENT)) if clip.over_agent], options.per_kind)
    with server() as (recordings, token):
        over, silent = asyncio.run(run(clips, options.callers, recordings, token))
    print(HEAD, *table(over, silent, judged=True), sep="\n")
    for one in (*over, *silent) if options.each else ():
        print(one)


if __name__ == "__main__":
    main()
