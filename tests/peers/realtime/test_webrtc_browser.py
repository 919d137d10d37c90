"""`@openai/agents-realtime` over WebRTC in a browser, as it is. Needs Chromium, the packages of npm and the extra
`webrtc`:

    tools/peers.sh realtime
"""

import asyncio
import json
from pathlib import Path
from urllib.parse import urlencode

import pytest

pytest.importorskip("aiortc")

from tests.peers.browser import CHROMIUM, browser, bundle, page
from tests.peers.realtime.desk import ANSWER, SAID, STORY, desk, only_words
from tests.peers.realtime.test_clients import CLIENTS, CUT, WHOLE_RUN_S, node
from tests.server.fakes import SECRET
from voi.server.auth import issue_token

pytestmark = [pytest.mark.integration, pytest.mark.timeout(180)]


@pytest.mark.skipif(not CHROMIUM, reason="Chromium is not installed")
async def test_the_agents_of_npm_over_webrtc(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    node()
    await bundle(CLIENTS / "openai_agents_webrtc.mjs", tmp_path / "page.js")
    monkeypatch.setenv("VOI_CORS_ORIGINS", "*")
    async with desk(tmp_path, monkeypatch) as server, page(tmp_path, "page.js") as (url, reported):
        header = f"Authorization: Bearer {issue_token('shop', SECRET)}\r\n"
        asked = {"session": {"type": "realtime", "model": "desk"}}
        status, _, answer = await server.running.http("POST", "/v1/realtime/client_secrets", header, asked)
        assert status == 200
        query = {"host": server.host, "secret": json.loads(answer)["value"]}
        options = ("--autoplay-policy=no-user-gesture-required",)
        async with browser(f"{url}/?{urlencode(query)}", tmp_path, *options):
            report = await asyncio.wait_for(reported, WHOLE_RUN_S)
        print(report)
        assert "failed" not in report, report
        assert only_words(report["said"]) == only_words(SAID)
        assert report["functions"] == [{"name": "add", "a": 2, "b": 3}]
        assert report["answers"][-1] == ANSWER
        assert report["sound_ms"] > 3_000
        assert report["buffer"] == ["started", "cleared", "started", "stopped"]
        assert report["stoppedMs"] < 300  # what the browser held
        assert not [event for event in server.sent if event["type"] == "response.output_audio.delta"]
        (told,) = set(server.heard)
        words = told.rstrip(CUT).split()
        assert STORY.startswith(" ".join(words))
        assert 5 <= len(words) < len(STORY.split())
        async with asyncio.timeout(60):
            while server.running.server.admission.active:  # noqa: ASYNC110
                await asyncio.sleep(0.05)
