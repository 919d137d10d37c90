"""Plays clips to the real server in real time: its door, its engines, its clock, over loopback.

Every clip is one call. Where its label says what was asked, the agent asks it first, and the clip begins when that was
heard. The language model is a fake one in this process, which answers "Yes." `think_ms` after it is asked. What the
core decided is read from the server's own recording, on the clip's clock: a frame's samples stand for its time. What
the caller hears is the first sample above -50 dBFS, when it reaches the client.
"""

import asyncio
import contextlib
import json
import os
import secrets
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from aiohttp import web
from voi.client import OUTPUT_RATE_HZ, AudioEvent, ErrorEvent, SpeechDoneEvent, VoiClient
from voi.server.auth import issue_token
from voi.training.turns.clips import Clip
from voi.training.turns.play import QUESTIONS, PlayedClip


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
        return port


PORT, LLM_PORT = _free_port(), _free_port()
FRAME_MS = 20
FRAME_BYTES = FRAME_MS * 32
LEAD_MS, TAIL_MS = 400, 2_200
"""Room noise before the clip, and after it, as the longest silence that the policy waits for."""
NOISE_PEAK = 6
AUDIBLE = 10 ** (-50 / 20) * 32_768
ANSWER = "Yes."
NAMED = "The call is "
GREETING_WAIT_MS = 10_000
RECORDED_WITHIN_S = 40
"""After the call. A busy machine writes late."""
GAP_S = 0.15
"""One answer has shorter gaps than this."""
PER_KIND = 12


@dataclass(slots=True)
class Called:
    """One clip's call: what the core decided, and what was heard. Times in ms of the clip."""

    decided: PlayedClip
    audible: PlayedClip
    silences_ms: list[int] = field(default_factory=list)
    """The silence before each decision."""


def sample(clips: Sequence[Clip], per_kind: int = PER_KIND) -> list[Clip]:
    """The same few clips of every kind each time, spread over its speakers."""
    chosen: list[Clip] = []
    for kind in sorted({clip.kind for clip in clips}):
        of_kind = [clip for clip in clips if clip.kind == kind]
        chosen += of_kind[:: max(1, -(-len(of_kind) // per_kind))]
    return chosen


def agent(asked: str | None, name: str) -> dict[str, Any]:
    """An agent that asks for that, if it is known what. `name`: told to it, so that the call's recording is found."""
    config: dict[str, Any] = {
        "llm_model": "fake", "voices": {"character": {"model": "espeak"}}, "system_prompt": f"{NAMED}{name}"
    }  # fmt: skip
    return config | ({"greetings": {"choices": [QUESTIONS[asked]]}} if asked in QUESTIONS else {})


@contextlib.contextmanager
def server() -> Iterator[tuple[Path, str]]:
    """A ready server of this tree. Gives the folder of its recordings and a token. Raises OSError if it does not
    start."""
    secret = secrets.token_urlsafe(48)
    models = Path(os.environ.get("VOI_MODELS_DIR", "models")).absolute()
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "agents.json").write_text(json.dumps({"caller": agent(None, "")}))
        Path(folder, "tts_models.json").write_text(json.dumps({"espeak": {"engine": "espeak"}}))
        env = os.environ | {
            "TOKEN_SECRET_KEY": secret, "API_KEY": secrets.token_urlsafe(48), "VOI_RECORD": "true",
            "VOI_LOG_LEVEL": "warning", "VOI_MODELS_DIR": str(models), "PYTHONPATH": os.pathsep.join(sys.path),
            "LITELLM_API_BASE": f"http://127.0.0.1:{LLM_PORT}",
        }  # fmt: skip
        command = [sys.executable, "-c", "from voi.cli import main; main()", "serve", "--port", str(PORT)]
        with Path(folder, "log").open("wb") as log:
            process = subprocess.Popen(command, cwd=folder, env=env, stderr=log, stdout=log)
        try:
            _await_ready(process, Path(folder, "log"))
            yield Path(folder, "recordings"), issue_token("turns", secret)
        finally:
            process.terminate()
            process.wait(30)


def _await_ready(process: "subprocess.Popen[bytes]", log: Path, limit_s: float = 120.0) -> None:
    began_s = time.monotonic()
    while b"is ready" not in log.read_bytes():
        if process.poll() is not None or time.monotonic() - began_s > limit_s:
            raise OSError(f"the server did not start: {log.read_text()[-2_000:]}")
        time.sleep(0.2)


@contextlib.asynccontextmanager
async def language_model(think_ms: int) -> AsyncIterator[None]:
    """A fake one, in the format of OpenAI's."""

    async def completes(request: web.Request) -> web.StreamResponse:
        await request.read()
        await asyncio.sleep(think_ms / 1_000)
        response = web.StreamResponse(headers={"content-type": "text/event-stream"})
        await response.prepare(request)
        for choice in ({"delta": {"content": ANSWER}}, {"delta": {}, "finish_reason": "stop"}):
            chunk = {"id": "1", "object": "chat.completion.chunk", "created": 1, "model": "fake"}
            chunk |= {"choices": [{"index": 0, **choice}]}
            await response.write(b"data: " + json.dumps(chunk).encode() + b"\n\n")
        await response.write(b"data: [DONE]\n\n")
        return response

    async def models(_: web.Request) -> web.Response:
        return web.json_response({"object": "list", "data": [{"id": "fake", "object": "model"}]})

    app = web.Application(client_max_size=16 * 1024 * 1024)
    app.router.add_post("/{path:.*}", completes)
    app.router.add_get("/{path:.*}", models)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", LLM_PORT).start()
        yield
    finally:
        await runner.cleanup()


def noise(ms: int, seed: int = 11) -> bytes:
    """Faint noise, as of a quiet room."""
    return np.random.default_rng(seed).integers(-NOISE_PEAK, NOISE_PEAK + 1, ms * 16).astype("<i2").tobytes()


class _Caller:
    """Plays one clip, and notes when an answer is heard."""

    def __init__(self, clip: Clip, voi: VoiClient) -> None:
        self._clip, self._voi = clip, voi
        self._asks = clip.asked in QUESTIONS
        self._greeting = ""
        self._greeting_s = 0.0
        self._greeted = asyncio.Event()
        self._clip_s = 0.0
        self._sounds_until_s = 0.0
        self._began_s = time.monotonic()
        self._sent = 0
        self.audible_ms: list[int] = []

    async def play(self) -> int:
        """Returns the clip's beginning in the call, in ms."""
        listening = asyncio.create_task(self._listen())
        try:
            idle = noise(FRAME_MS)
            while self._asks and not self._greeted.is_set() and self._sent * FRAME_MS < GREETING_WAIT_MS:
                await self._send(idle)
            start_ms = self._sent * FRAME_MS + LEAD_MS
            self._clip_s = self._began_s + start_ms / 1_000
            sound = noise(LEAD_MS) + self._clip.pcm() + noise(TAIL_MS)
            for start in range(0, len(sound), FRAME_BYTES):
                await self._send(sound[start : start + FRAME_BYTES])
        finally:
            listening.cancel()
        return start_ms

    async def _send(self, frame: bytes) -> None:
        due_s = self._began_s + (self._sent + 1) * FRAME_MS / 1_000  # a microphone gives a frame when it is full
        await asyncio.sleep(max(0.0, due_s - time.monotonic()))
        await self._voi.send_audio(frame)
        self._sent += 1

    async def _listen(self) -> None:
        async for event in self._voi:
            match event:
                case AudioEvent(speech, payload):
                    self._greeting = self._greeting or (speech if self._asks else "none")
                    if speech == self._greeting:
                        self._greeting_s += len(payload) / 2 / OUTPUT_RATE_HZ
                    else:
                        self._hear(payload, time.monotonic())
                case SpeechDoneEvent(speech) if speech == self._greeting:
                    asyncio.get_running_loop().call_later(self._greeting_s + 0.5, self._greeted.set)
                case ErrorEvent(error):
                    print(f"{self._clip.name}: the server complains: {error}", file=sys.stderr)

    def _hear(self, pcm: bytes, now_s: float) -> None:
        loud = np.flatnonzero(np.abs(np.frombuffer(pcm, "<i2").astype(int)) > AUDIBLE)
        if not len(loud):
            return
        if now_s > self._sounds_until_s + GAP_S:
            self.audible_ms.append(round(1_000 * (now_s - self._clip_s + float(loud[0]) / OUTPUT_RATE_HZ)))
        self._sounds_until_s = max(now_s, self._sounds_until_s) + len(pcm) / 2 / OUTPUT_RATE_HZ


async def call(clip: Clip, recordings: Path, token: str) -> Called:
    """Play one clip in real time. Raises ClientError, and OSError if there is no recording of the call."""
    name = f"{clip.name} {secrets.token_hex(4)}"
    async with VoiClient.connect(
        f"ws://127.0.0.1:{PORT}/ws", token=token, agent_name="caller", mode="call",
        agent_config=json.dumps(agent(clip.asked, name)), init_greeting=clip.asked in QUESTIONS,
    ) as voi:  # fmt: skip
        caller = _Caller(clip, voi)
        start_ms = await caller.play()
    made = decisions((await asyncio.to_thread(journal_of, recordings, name))[1:])
    mine = [(at_ms - start_ms, silence_ms) for at_ms, silence_ms in made if at_ms > start_ms]
    decided = PlayedClip(clip, [at_ms for at_ms, _ in mine])
    return Called(decided, PlayedClip(clip, caller.audible_ms), [silence_ms for _, silence_ms in mine])


def journal_of(recordings: Path, name: str) -> list[str]:
    """The lines of the journal of a call that is over, by the name that its agent was told. Raises OSError if there is
    none."""
    for _ in range(RECORDED_WITHIN_S * 5):
        time.sleep(0.2)  # the recording is written twice a second
        for path in recordings.glob("*/*/journal.jsonl"):
            lines = path.read_text().splitlines()
            if lines and name in lines[0] and any('"HungUp"' in line for line in lines[-3:]):
                return lines
    raise OSError(f"{name}: no recording of the call")


def decisions(lines: Sequence[str]) -> list[tuple[int, int]]:
    """When a journal's conversation took a silence for the end of a turn, on the clock of the sound received, and how
    long that silence was. In ms."""
    onset_ms = voice_ms = 0
    late_ms: int | None = None
    found = []
    for entry in map(json.loads, lines):
        match entry["fact"]:
            case "UserStarted":
                onset_ms = voice_ms = entry["audio_ms"]
            case "SpeechGrew":
                voice_ms = onset_ms + entry["speech_ms"]
                behind_ms = entry["t"] - voice_ms
                late_ms = behind_ms if late_ms is None else min(late_ms, behind_ms)
        if late_ms is not None and any(action["action"] == "Release" for action in entry["actions"]):
            at_ms = entry["t"] - late_ms
            found.append((at_ms, at_ms - voice_ms))
    return found


async def play_live(clips: Sequence[Clip], think_ms: int, callers: int, recordings: Path, token: str) -> list[Called]:
    """Play the clips, `callers` at a time."""
    waiting, called = list(reversed(clips)), []

    async def calls() -> None:
        while waiting:
            called.append(await call(waiting.pop(), recordings, token))

    async with language_model(think_ms), asyncio.TaskGroup() as group:
        for number in range(callers):
            group.create_task(calls(), name=f"caller {number}")
    return called


def endpoint_p50_ms(called: Sequence[Called]) -> float:
    """Median silence before a decision."""
    return median([silence_ms for one in called for silence_ms in one.silences_ms] or [float("nan")])
