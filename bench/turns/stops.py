"""Stops an agent that speaks, through the real server, and counts the words by which its history differs from what was
heard.

    python -m bench.turns.stops CLIPS [--stops 20]

The agent (espeak-ng's voice, which tells when each word is spoken) greets with four sentences. Half of the calls are
stopped by their client, which says how much it has played; the other half by recorded interruptions. The client plays
what it gets as it comes, until it is told to stop. Heard is a word whose end was played, and not lowered by 12 dB or
more: how loud it came is seen by the same sentences, spoken here.
"""

import argparse
import asyncio
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from bench.turns.live import FRAME_BYTES, FRAME_MS, LEAD_MS, PORT, language_model, noise, server
from voi.client import OUTPUT_RATE_HZ, AudioEvent, MessageEvent, StatusEvent, VoiClient
from voi.dialogue import SpokenWord
from voi.engines.base import VoiceSpec
from voi.engines.tts.espeak import Espeak
from voi.training.turns.clips import Clip, load_clips

SENTENCES = (
    "The train to the coast leaves at nine, from platform four.",
    "You will have to change once, in Ashford, and the tickets are thirty pounds each.",
    "The second one has a small restaurant, and seats by the window on the left.",
    "Otherwise the next one goes at noon, from the same platform.",
)
FIRST_MS, STEP_MS = 700, 430
SAMPLES_PER_MS = OUTPUT_RATE_HZ // 1_000
LOWERED = 10 ** (-12 / 20)
BLOCK = 10 * SAMPLES_PER_MS
QUIET = 200
"""Blocks of the voice below this level (root mean square) came as loud as the one before them."""
NEAR_MS = 25
"""A stop this near to a word's end may count it or not: so exactly nobody hears."""
MARK = "... (interrupted)"
WAIT_S = 12.0

Wave = npt.NDArray[np.float64]


@dataclass(slots=True)
class Stop:
    """What was heard, and what the history says. Words counted from the first."""

    by: str
    said: str = ""
    heard_least: int = 0
    heard_most: int = 0

    @property
    def wrong(self) -> int:
        """Words too many or too few, or another text."""
        said = len(self.said.split())
        if " ".join(SENTENCES).split()[:said] != self.said.split():
            return max(1, said)
        return max(0, said - self.heard_most, self.heard_least - said)


@dataclass(slots=True)
class Player:
    """Plays sound as it comes, and keeps it."""

    sound: bytearray = field(default_factory=bytearray)
    speech: str = ""
    began_s: float = 0.0
    ends_s: float = 0.0
    gaps_s: float = 0.0

    def take(self, event: AudioEvent) -> None:
        now_s = time.monotonic()
        if not self.sound:
            self.speech, self.began_s, self.ends_s = event.speech_id, now_s, now_s
        self.gaps_s += max(0.0, now_s - self.ends_s)
        self.ends_s = max(now_s, self.ends_s) + len(event.payload) / 2 / OUTPUT_RATE_HZ
        self.sound += event.payload

    def played_ms(self) -> int:
        played_s = min(time.monotonic(), self.ends_s) - self.began_s - self.gaps_s
        return round(1_000 * max(0.0, played_s))


async def spoken() -> list[tuple[Wave, list[SpokenWord]]]:
    """Sound and words of each sentence, as the server's voice has them."""
    voice, found = Espeak(), []
    await voice.warm_up()
    for sentence in SENTENCES:
        items = [item async for item in voice.stream(sentence, VoiceSpec())]
        pcm = b"".join(item for item in items if isinstance(item, bytes))
        words = [item for item in items if isinstance(item, SpokenWord)]
        found.append((np.frombuffer(pcm, "<i2").astype(float), words))
    await voice.close()
    return found


def heard(sound: bytes, played_ms: int, sentences: Sequence[tuple[Wave, list[SpokenWord]]]) -> tuple[int, int]:
    """How many words were heard: at the least, and at the most."""
    played = np.frombuffer(sound, "<i2").astype(float)[: played_ms * SAMPLES_PER_MS]
    loud_ms, loud, ends_ms, at = 0.0, True, [], 0
    for wave, words in sentences:
        start = _found(played, wave, at)
        if start is None:
            break
        at = start + words[-1].end_ms * SAMPLES_PER_MS
        sound_ms = (
            int(np.flatnonzero(np.abs(wave) > QUIET)[-1]) // SAMPLES_PER_MS
        )  # after it the server leaves silence out
        ends_ms += [start / SAMPLES_PER_MS + min(word.end_ms, sound_ms) for word in words]
        for block in range(max(0, -start), min(len(wave), len(played) - start), BLOCK):
            came = played[start + block : start + block + BLOCK]
            said = wave[block : block + BLOCK][: len(came)]
            level = np.sqrt((said**2).mean())
            if level >= QUIET:
                loud = bool(np.sqrt((came**2).mean()) > LOWERED * level)
            if loud:
                loud_ms = (start + block + len(came)) / SAMPLES_PER_MS
    near = [end for end in ends_ms if end <= loud_ms + NEAR_MS]
    return sum(end <= loud_ms - NEAR_MS for end in near), len(near)


def _found(played: Wave, wave: Wave, at: int) -> int | None:
    """Where the sentence begins in what was played after `at`, or would begin with the silence that the server leaves
    out; None: it does not."""
    lead = int(np.argmax(np.abs(wave) > QUIET))
    head = wave[lead : lead + 400 * SAMPLES_PER_MS]
    rest = played[at : at + len(head) + OUTPUT_RATE_HZ]
    head = head[: len(rest)]
    if len(rest) < 40 * SAMPLES_PER_MS:
        return None
    size = 1 << (len(rest) + len(head)).bit_length()
    likeness = np.fft.irfft(np.fft.rfft(rest, size) * np.conj(np.fft.rfft(head, size)))[: len(rest)]
    place = int(np.argmax(likeness))
    return at + place - lead if likeness[place] > 0 else None


async def stop(number: int, clip: Clip | None, token: str, sentences: Any) -> Stop:
    """One call, stopped by its client or by a clip."""
    config = {
        "llm_model": "fake", "voices": {"character": {"model": "espeak"}}, "system_prompt": "You are a clerk.",
        "greetings": {"choices": [" ".join(SENTENCES)]},
    }  # fmt: skip
    player, shown, stopped = Player(), asyncio.Event(), asyncio.Event()
    found = Stop("voice" if clip else "client")
    async with VoiClient.connect(
        f"ws://127.0.0.1:{PORT}/ws", token=token, agent_name="caller", mode="call", agent_config=json.dumps(config)
    ) as voi:

        async def listen() -> None:
            async for event in voi:
                if isinstance(event, AudioEvent) and event.speech_id in ("", player.speech or event.speech_id):
                    if not stopped.is_set():
                        player.take(event)
                elif isinstance(event, StatusEvent) and event.status == "user_interrupt" and not stopped.is_set():
                    found.heard_least, found.heard_most = heard(bytes(player.sound), player.played_ms(), sentences)
                    stopped.set()
                elif isinstance(event, MessageEvent) and event.text.endswith(MARK):
                    found.said = event.text.removesuffix(MARK)
                    shown.set()

        async def talk() -> None:
            began_s, sent = time.monotonic(), 0

            async def send(pcm: bytes) -> None:
                nonlocal sent
                for at in range(0, len(pcm), FRAME_BYTES):
                    await asyncio.sleep(max(0.0, began_s + sent * FRAME_MS / 1_000 - time.monotonic()))
                    await voi.send_audio(pcm[at : at + FRAME_BYTES])
                    sent += 1

            while player.played_ms() < FIRST_MS + number * STEP_MS:
                await send(noise(FRAME_MS))
            if clip is None:
                played_ms = player.played_ms()
                found.heard_least, found.heard_most = heard(bytes(player.sound), played_ms, sentences)
                stopped.set()
                await voi.interrupt(player.speech, played_ms)
            else:
                await send(clip.pcm())
            while not shown.is_set():
                await send(noise(FRAME_MS, 1))

        tasks = [asyncio.create_task(work(), name=work.__name__) for work in (listen, talk)]
        try:
            async with asyncio.timeout(WAIT_S + (FIRST_MS + number * STEP_MS) / 1_000):
                await shown.wait()
        except TimeoutError:
            found.said = "(nothing)"
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
    return found


async def run(clips: list[Clip], stops: int, token: str) -> list[Stop]:
    sentences, found = await spoken(), []
    async with language_model(0):
        for number in range(stops):
            clip = clips[number % len(clips)] if number % 2 else None
            found.append(await stop(number, clip, token, sentences))
            await asyncio.sleep(LEAD_MS / 1_000)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("clips", type=Path)
    parser.add_argument("--stops", type=int, default=20)
    options = parser.parse_args()
    clips = load_clips(options.clips, {"interruption", "interruption_word"})
    with server() as (_, token):
        found = asyncio.run(run(clips, options.stops, token))
    print("| stopped by | the history says | heard, words | wrong |\n|---|---|---|---|")
    for one in found:
        least, most = one.heard_least, one.heard_most
        span = str(least) if least == most else f"{least} to {most}"
        print(f"| {one.by} | {len(one.said.split())}: … {' '.join(one.said.split()[-3:])} | {span} | {one.wrong} |")
    print(
        f"\n{sum(one.wrong == 0 for one in found)} of {len(found)} exact, {sum(one.wrong for one in found)} words wrong"
    )


if __name__ == "__main__":
    main()
