"""pipecat's JavaScript client, as it is, in a browser: a conversation with recorded speech, an interruption by voice, a
function of the app. Needs Chromium and the packages of npm:

    tools/peers.sh rtvi
"""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import numpy as np
import pytest

from tests.fakes.engines import FakeLlm, calls_of, events_of, silence
from tests.peers.browser import CHROMIUM, browser, bundle, page
from tests.peers.realtime.desk import SAID, STORY, VOICES, only_words
from tests.peers.speech import recorded, words_in
from tests.server.fakes import SECRET
from tests.server.serving import serving
from voi.audio.wav import to_wav
from voi.dialogue import ToolCall
from voi.engines.base import LlmEvent, LlmRequest
from voi.engines.startup import Engines, start_engines
from voi.server.auth import issue_token

pytestmark = [pytest.mark.integration, pytest.mark.timeout(300)]

NPM = Path(__file__).parent / "rtvi"
FIND: Any = {
    "description": "Find an order.", "app": True,
    "parameters": {"type": "object", "properties": {"number": {"type": "integer"}}, "required": ["number"]},
}  # fmt: skip
AGENTS = {"desk": {"llm_model": "echo", "voices": {"character": {"model": "voice"}}, "tools": {"find": FIND}}}
LOUD = 300
"""Of 32767: sound that can be heard."""


class DeskLlm(FakeLlm):
    """Answers what was said last, however often it is asked."""

    async def stream(self, request: LlmRequest) -> AsyncIterator[LlmEvent]:
        said = str(request.messages[-1]).lower()
        await asyncio.sleep(0.05)
        if "sent" in said:
            events = events_of("It was sent.")
        elif "order" in said:
            events = calls_of(ToolCall("c1", "find", '{"number": 7}'))
        else:
            events = events_of("All right." if "figures" in said else STORY)
        for event in events:
            yield event


@pytest.mark.skipif(not CHROMIUM, reason="Chromium is not installed")
@pytest.mark.skipif(not (NPM / "node_modules").exists(), reason="packages of npm: tools/peers.sh rtvi")
async def test_a_conversation_by_pipecats_javascript_client(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    await bundle(NPM / "client.mjs", tmp_path / "client.js")
    microphone = tmp_path / "microphone.wav"
    said = [silence(2_500), recorded("spk1_snt1.wav"), silence(5_500), recorded("spk1_snt2.wav"), silence(60_000)]
    microphone.write_bytes(to_wav(b"".join(said), 16_000))
    (tmp_path / "agents.json").write_text(json.dumps(AGENTS))
    (tmp_path / "tts_models.json").write_text(json.dumps(VOICES))

    async def engines(*args: Any) -> Engines:
        started = await start_engines(*args)
        started.llm = DeskLlm()  # type: ignore[misc]
        return started

    async with (
        page(tmp_path, "client.js") as (url, report),
        serving(tmp_path, monkeypatch, engines, turn_engine="none", cors_origins=[url]) as running,
    ):
        await asyncio.wait_for(running.ready.wait(), 60)
        query = {"start": f"http://127.0.0.1:{running.port}/rtvi/start", "token": issue_token("shop", SECRET)}
        options = (
            "--autoplay-policy=no-user-gesture-required", "--use-fake-ui-for-media-stream",
            "--use-fake-device-for-media-stream", f"--use-file-for-fake-audio-capture={microphone}%noloop",
        )  # fmt: skip
        async with browser(f"{url}/?{urlencode(query)}", tmp_path, *options):
            told = await asyncio.wait_for(report, 90)
    (tmp_path / "report.json").write_text(json.dumps(told))
    happened: list[dict[str, Any]] = told["events"]

    def all_of(kind: str) -> list[dict[str, Any]]:
        return [event for event in happened if event["kind"] == kind]

    assert not all_of("failed"), all_of("failed")
    assert all_of("bot-ready")[0]["data"]["about"]["library"] == "voi"
    finals = [event["data"]["text"] for event in all_of("transcript") if event["data"]["final"]]
    assert only_words(finals) == only_words(SAID)
    assert any(not event["data"]["final"] for event in all_of("transcript"))

    # the interruption: what was told as heard is a part of the story, and the loudspeaker falls silent
    blocks = [(block["at"], np.array(block["pcm"], np.int16)) for block in told["sound"]]
    stopped_ms, again_ms = all_of("bot-stopped")[0]["at"], all_of("bot-started")[1]["at"]
    loud_ms = [at for at, pcm in blocks if np.abs(pcm).max(initial=0) > LOUD]
    after = [at - stopped_ms for at in loud_ms if stopped_ms < at < again_ms]
    started_ms = [event["at"] for event in all_of("user-started") if event["at"] < stopped_ms][-1]
    print(f"stopped {stopped_ms - started_ms:.0f} ms after the voice; heard {max(after, default=0):.0f} ms longer")
    print(f"the player began {len(all_of('player-starts'))} times for {len(all_of('bot-started'))} answers")
    assert max(after, default=0) < 400  # 160 ms of it are with the client, the rest is the browser's own way
    heard = " ".join(event["data"]["text"] for event in all_of("tts-text") if event["at"] <= stopped_ms)
    assert STORY.startswith(heard)
    assert 5 <= len(heard.split()) < len(STORY.split())
    begun_ms = all_of("bot-started")[0]["at"]
    first = np.concatenate([pcm for at, pcm in blocks if begun_ms - 100 < at < stopped_ms + 400]).tobytes()
    captured = (await words_in(first)).lower()
    assert "every evening" in captured  # the recognizer hears espeak's other words in several ways
    assert "river" in captured

    # the function, and the end
    assert all_of("function")[0]["data"] == {"number": 7}
    assert all_of("function-stopped")[0]["data"]["cancelled"] is False
    texts = [event["data"]["text"] for event in all_of("llm-text")]
    assert texts[-2:] == ["It was sent.", "All right."]
    assert len(all_of("bot-started")) == 3  # the last answer was to be written alone
    assert all_of("output")[-1]["data"]["will_be_spoken"] is False
    assert all_of("refused")
    assert all_of("disconnected")
    assert [event["data"] for event in all_of("error")] == []
