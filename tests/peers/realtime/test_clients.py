"""The clients of OpenAI's Realtime protocol that people use, each as it is: recorded speech in, a spoken answer, an
interruption by voice, a function of the client and its spoken result. Their packages are installed by

    tools/peers.sh realtime

which then runs this. Without it they are skipped, but for the SDK of PyPI where the tests' own environment has it."""

import asyncio
import importlib.util
import json
import os
import shutil
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from tests.peers.browser import CHROMIUM, browser, page
from tests.peers.realtime.desk import ANSWER, SAID, STORY, Desk, desk, only_words
from tests.peers.speech import words_in
from tests.server.fakes import SECRET
from voi.engines.base import VoiceSpec
from voi.engines.tts.espeak import Espeak
from voi.server.auth import issue_token

pytestmark = [pytest.mark.integration, pytest.mark.timeout(180)]

ROOT = Path(__file__).parent.parent.parent.parent
CLIENTS = Path(__file__).parent / "clients"
PEERS = Path(os.environ.get("VOI_PEERS", ROOT / ".peers")).absolute()
WHOLE_RUN_S = 90
BYTES_PER_MS = 48
ALONE_MS = 200
"""How much longer the beginning of a text may take, spoken alone, than within it: its last word is drawn out."""
CUT = " .…—-"
"""Behind the words of a sentence that was cut off."""


def python_of(client: str) -> str:
    """The Python that has the packages of a client. Skips the test if there is none."""
    python = PEERS / client / "bin" / "python"
    if python.exists():
        return str(python)
    if client == "openai_sdk" and all(map(importlib.util.find_spec, ("openai", "websockets"))):
        return sys.executable
    pytest.skip("packages of other clients: tools/peers.sh realtime")


def node() -> str:
    """Node, if the packages of npm are there. Skips the test else."""
    found = shutil.which("node")
    if found is None or not (CLIENTS / "node_modules").exists():
        pytest.skip("packages of other clients: tools/peers.sh realtime")
    return found


async def run_client(desk: Desk, folder: Path, *command: str, **env: str) -> dict[str, Any]:
    """Run a client's script to its end. Returns what it reports."""
    told = {"PEER_HOST": desk.host, "PEER_TOKEN": issue_token("shop", SECRET), "PEER_AGENT": "desk"}
    process = await asyncio.create_subprocess_exec(
        *command, env={**os.environ, **told, "PEER_FOLDER": str(folder), **env},
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    talking = asyncio.create_task(process.communicate())
    await asyncio.wait([talking], timeout=WHOLE_RUN_S)
    if process.returncode is None:
        process.kill()
    out, errors = await talking
    sent = [event["type"] for event in desk.sent if not event["type"].endswith("delta")]
    assert process.returncode == 0, f"{errors.decode()[-4000:]}\n{out.decode()[-2000:]}\nsent: {sent}"
    report: dict[str, Any] = json.loads(out.decode().strip().splitlines()[-1])
    print(report)
    return report


async def spoken_ms(text: str) -> float:
    """How long the agent's voice takes for a text."""
    voice = Espeak()
    await voice.warm_up()
    pcm = b"".join([item async for item in voice.stream(text, VoiceSpec()) if isinstance(item, bytes)])
    await voice.close()
    return len(pcm) / BYTES_PER_MS


async def assert_held(desk: Desk, report: dict[str, Any], codes: frozenset[str] = frozenset()) -> None:
    """The client held the whole conversation, and the model knows what the person heard."""
    assert only_words(report["said"]) == only_words(SAID)
    assert report["functions"] == [{"name": "add", "a": 2, "b": 3}]
    assert report["answers"][-1] == ANSWER
    assert report["sound_ms"] > 3_000
    assert [message.text for message in desk.llm.requests[-1].messages if message.role == "user"] == report["said"]

    truncated = desk.of("conversation.item.truncate")[0]
    story = truncated["item_id"]
    texts = [e["delta"] for e in desk.sent if e["type"].endswith("transcript.delta") and e["item_id"] == story]
    assert texts
    assert STORY.startswith("".join(texts))
    done = [event["response"] for event in desk.sent if event["type"] == "response.done"]
    reasons = [response["status_details"]["reason"] for response in done if response["status"] == "cancelled"]
    assert reasons == ["turn_detected"]
    (told,) = set(desk.heard)
    heard_ms = truncated["audio_end_ms"]
    in_sound = await words_in(desk.sound_of(story)[: heard_ms * BYTES_PER_MS])
    print(f"{heard_ms} ms: {told!r}; in the sound: {in_sound!r}")
    words, all_words = told.rstrip(CUT).split(), STORY.split()
    assert STORY.startswith(" ".join(words))
    assert 5 <= len(words) < len(all_words)
    # By the voice's own time: the ear takes several of espeak's words for others, and for more or fewer. It does hear
    # "every", which is over before each client's interruption.
    assert await spoken_ms(" ".join(words)) - ALONE_MS <= heard_ms
    assert heard_ms <= await spoken_ms(" ".join(all_words[: len(words) + 1]))
    assert "every" in in_sound.lower().split()

    mistakes = [event["error"] for event in desk.sent if event["type"] == "error"]
    assert {mistake["code"] for mistake in mistakes} <= codes


async def test_the_sdk_of_pypi(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    python = python_of("openai_sdk")
    async with desk(tmp_path, monkeypatch) as server:
        report = await run_client(server, tmp_path, python, str(CLIENTS / "openai_sdk.py"))
    await assert_held(server, report)
    assert report["interrupted"] == ["turn_detected"]
    assert STORY.startswith(report["heard"][0].rstrip(CUT))


async def test_the_agents_of_pypi(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    python = python_of("openai_agents")
    async with desk(tmp_path, monkeypatch) as server:
        report = await run_client(server, tmp_path, python, str(CLIENTS / "openai_agents.py"))
    await assert_held(server, report)


async def test_the_sdk_of_npm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    command = [node(), str(CLIENTS / "openai_sdk.mjs")]
    async with desk(tmp_path, monkeypatch, tls=True) as server:
        report = await run_client(server, tmp_path, *command, NODE_EXTRA_CA_CERTS=str(tmp_path / "cert.pem"))
    await assert_held(server, report)
    assert report["interrupted"] == ["turn_detected"]
    assert STORY.startswith(report["heard"][0].rstrip(CUT))


async def test_the_agents_of_npm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    command = [node(), str(CLIENTS / "openai_agents.mjs")]
    async with desk(tmp_path, monkeypatch) as server:
        report = await run_client(server, tmp_path, *command)
    await assert_held(server, report)


@pytest.mark.skipif(not CHROMIUM, reason="Chromium is not installed")
async def test_the_agents_of_npm_in_a_browser(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    node()
    esbuild = await asyncio.create_subprocess_exec(
        str(CLIENTS / "node_modules/.bin/esbuild"), str(CLIENTS / "openai_agents_browser.mjs"), "--bundle",
        "--format=esm", "--platform=browser", "--log-level=error", f"--outfile={tmp_path / 'page.js'}",
    )  # fmt: skip
    assert await asyncio.wait_for(esbuild.wait(), 120) == 0
    async with desk(tmp_path, monkeypatch) as server, page(tmp_path, "page.js") as (url, reported):
        header = f"Authorization: Bearer {issue_token('shop', SECRET)}\r\n"
        asked = {"session": {"type": "realtime", "model": "desk"}}
        status, _, answer = await server.running.http("POST", "/v1/realtime/client_secrets", header, asked)
        assert status == 200
        query = {"host": server.host, "secret": json.loads(answer)["value"], "agent": "desk"}
        async with browser(f"{url}/?{urlencode(query)}", tmp_path):
            report = await asyncio.wait_for(reported, WHOLE_RUN_S)
    assert "failed" not in report, report
    await assert_held(server, report)


async def test_livekit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    python = python_of("livekit")
    async with desk(tmp_path, monkeypatch) as server:
        report = await run_client(server, tmp_path, python, str(CLIENTS / "livekit_agents.py"))
    await assert_held(server, report, frozenset({"response_cancel_not_active"}))  # it cancels what Voi has stopped
    assert report["errors"] == []


async def test_pipecat(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    python = python_of("pipecat")
    async with desk(tmp_path, monkeypatch) as server:
        report = await run_client(server, tmp_path, python, str(CLIENTS / "pipecat_service.py"))
    await assert_held(server, report)
