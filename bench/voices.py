"""Real voices through the real server with its embedded engines: is it quick, does it answer once, does it hear right?

Run: python bench/voices.py. It starts `voi serve`, speaks each recording of tests/data/audio to the echo agent as a
call in real time, and prints when the server was ready, how long after the end of speech the answer sounded, how much
of that was the silence that the endpointer waited for (from the server's own recording), and the word error rate,
streamed and of the whole recording at once.
"""

import argparse
import asyncio
import json
import os
import re
import secrets
import subprocess
import sys
import tempfile
import threading
import time
import wave
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

from voi.client import AudioEvent, ErrorEvent, MessageEvent, VoiClient
from voi.engines.base import SttOptions
from voi.engines.registry import create
from voi.server.auth import issue_token

AUDIO = Path(__file__).resolve().parent.parent / "tests" / "data" / "audio"
PORT = 18090
FRAME_MS = 20
FRAME_BYTES = FRAME_MS * 32
SILENCE_AFTER_S = 4.0
AGENTS = {"echo": {"llm_model": "echo", "voices": {"character": {"model": "espeak"}}}}
MODELS = {"espeak": {"engine": "espeak"}}


@dataclass
class Heard:
    """What came of one recording."""

    texts: dict[int, str] = field(default_factory=dict)
    answers: set[int] = field(default_factory=set)
    answered_in_ms: float | None = None
    answered_early: bool = False
    endpoint_ms: int | None = None
    first_sent_ms: int | None = None


def references() -> dict[str, str]:
    """What is said in each recording, from the README beside them; "" for noise."""
    rows = re.findall(r"^\| ([\w, .-]+?\.wav) \| ([^|]+?) \|", (AUDIO / "README.md").read_text(), re.M)
    return {name: "" if said.startswith("no speech") else said for names, said in rows for name in names.split(", ")}


def pcm_of(name: str) -> bytes:
    with wave.open(str(AUDIO / name)) as wav:
        return wav.readframes(wav.getnframes())


def words(text: str) -> list[str]:
    return re.sub(r"[^a-z' ]", " ", text.lower().replace("mr.", "mister").replace("-", " ")).split()


def word_errors(said: list[str], heard: list[str]) -> int:
    """Least substitutions, insertions and deletions (Levenshtein)."""
    row = list(range(len(heard) + 1))
    for i, word in enumerate(said, 1):
        before, row[0] = row[0], i
        for j, other in enumerate(heard, 1):
            before, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, before + (word != other))
    return row[-1]


async def speech_end_ms(pcm: bytes) -> int:
    """End of the last window that the VAD takes for speech; 0 when there is none."""
    vad = create("vad", "silero")
    stream, window_bytes, end_ms = vad.open(), vad.info.window_samples * 2, 0
    for start in range(0, len(pcm) - window_bytes + 1, window_bytes):
        if stream.probability(pcm[start : start + window_bytes]) >= 0.5:
            end_ms = (start + window_bytes) // 32
    return end_ms


async def call(token: str, pcm: bytes) -> Heard:
    heard, end_ms = Heard(), await speech_end_ms(pcm)
    async with VoiClient.connect(
        f"ws://127.0.0.1:{PORT}/ws", token=token, agent_name="echo", mode="call", init_greeting=False
    ) as voi:
        began_s = time.monotonic()

        async def listen() -> None:
            async for event in voi:
                at_ms = (time.monotonic() - began_s) * 1000
                match event:
                    case MessageEvent(number, "user", text):
                        heard.texts[number] = text
                    case MessageEvent(number, "assistant", _):
                        heard.answers.add(number)
                    case AudioEvent() if heard.answered_in_ms is None:
                        heard.answered_in_ms = at_ms - end_ms
                        heard.answered_early = at_ms < end_ms
                    case ErrorEvent(error):
                        sys.exit(f"the server complains: {error}")

        listening = asyncio.create_task(listen())
        sound = pcm + bytes(int(SILENCE_AFTER_S * 32_000))
        for number, start in enumerate(range(0, len(sound), FRAME_BYTES)):
            await asyncio.sleep(max(0.0, began_s + number * FRAME_MS / 1000 - time.monotonic()))
            await voi.send_audio(sound[start : start + FRAME_BYTES])
        listening.cancel()
    return heard


async def transcribed_whole(pcm: bytes) -> str:
    stt = create("stt", "moonshine")
    await stt.warm_up()
    stream = stt.open(SttOptions(), None)
    stream.feed(pcm)
    text: str = (await stream.flush()).text
    stream.close()
    await stt.close()
    return text


def turns_of(folder: Path) -> list[dict[str, Any]]:
    """The turns of the newest recording."""
    files = sorted(folder.rglob("turns.jsonl"), key=lambda path: path.stat().st_mtime)
    return [json.loads(line) for line in files[-1].read_text().splitlines()] if files else []


def _show(lines: Iterable[bytes]) -> None:
    """A pipe that nobody reads would stop the server in the end."""
    for line in lines:
        print(line.decode().rstrip(), file=sys.stderr)


def start_server(
    folder: Path, secret: str, agents: Mapping[str, Any], models: Mapping[str, Any], **environ: str
) -> tuple["subprocess.Popen[bytes]", float]:
    """The server, ready; and seconds that it took. `environ`: settings besides the usual ones."""
    (folder / "agents.json").write_text(json.dumps(agents))
    (folder / "tts_models.json").write_text(json.dumps(models))
    env = os.environ | {
        "TOKEN_SECRET_KEY": secret, "API_KEY": secrets.token_urlsafe(48),
        "VOI_LOG_LEVEL": "warning", "VOI_MODELS_DIR": os.environ.get("VOI_MODELS_DIR", str(Path("models").absolute())),
        **environ,
    }  # fmt: skip
    began_s = time.monotonic()
    server = subprocess.Popen(
        [Path(sys.executable).parent / "voi", "serve", "--port", str(PORT)], cwd=folder, env=env, stderr=subprocess.PIPE
    )
    assert server.stderr is not None
    for line in server.stderr:
        if b"is ready" in line:
            threading.Thread(target=_show, args=(server.stderr,), daemon=True).start()
            return server, time.monotonic() - began_s
        print(line.decode().rstrip(), file=sys.stderr)
    sys.exit("the server did not start")


async def run(folder: Path, token: str) -> None:
    print(
        "| recording | answers | answer after the end of speech ms | endpoint ms | WER streamed | WER whole | heard |"
    )
    print("| --- | --- | --- | --- | --- | --- | --- |")
    total, streamed, whole, waits, extra = 0, 0, 0, [], []
    for name, said in references().items():
        pcm = pcm_of(name)
        heard = await call(token, pcm)
        await asyncio.sleep(1)
        turns = turns_of(folder / "recordings")
        text = " ".join(heard.texts.values())
        reference = words(said)
        errors = [word_errors(reference, words(t)) for t in (text, await transcribed_whole(pcm))]
        total, streamed, whole = total + len(reference), streamed + errors[0], whole + errors[1]
        rates = [f"{e / len(reference):.0%}" if reference else f"{e} words" for e in errors]
        wait = heard.answered_in_ms
        endpoint = turns[0]["endpoint_ms"] if turns and heard.answers else None
        if wait is not None:
            waits.append(wait)
            if endpoint is not None:
                extra.append(turns[0]["first_sent_ms"] - endpoint)
        cells = (
            name, f"{len(heard.answers)}{' (before the last voiced window)' if heard.answered_early else ''}",
            "-" if wait is None else f"{wait:.0f}", "-" if endpoint is None else str(endpoint), *rates, text,
        )  # fmt: skip
        print("| " + " | ".join(cells) + " |", flush=True)
    print(f"\nWord error rate {streamed / total:.1%} streamed, {whole / total:.1%} whole ({total} words).")
    if waits:
        print(f"Answer after the end of speech: median {median(waits):.0f} ms.", end=" ")
    if extra:
        print(f"First sound after the endpoint decision: median {median(extra):.0f} ms, worst {max(extra)} ms.", end="")
    print()


def main() -> None:
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    secret = secrets.token_urlsafe(48)
    with tempfile.TemporaryDirectory() as folder:
        server, ready_s = start_server(Path(folder), secret, AGENTS, MODELS, VOI_RECORD="true")
        try:
            print(f"Server ready after {ready_s:.1f} s.\n", flush=True)
            asyncio.run(run(Path(folder), issue_token("voices", secret)))
        finally:
            server.terminate()
            server.wait(15)


if __name__ == "__main__":
    main()
