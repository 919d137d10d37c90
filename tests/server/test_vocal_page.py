"""A page of this machine that behaves as the Vocal node's own test page, in Chromium."""

import asyncio
import shutil
from pathlib import Path
from urllib.parse import urlencode

import pytest

from tests.peers.browser import CHROMIUM, browser, page
from tests.server.serving import fake_engines, serving

pytestmark = [pytest.mark.integration, pytest.mark.timeout(120)]


@pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")
async def test_the_page_talks_without_a_token(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copy(Path(__file__).parent / "vocal_page.html", tmp_path)
    async with (
        serving(
            tmp_path, monkeypatch, fake_engines("Do you have roses"), host="127.0.0.1", vocal_open_app="page",
            vocal_agent="echo",
        ) as server,
        page(tmp_path, "") as (address, report),
    ):  # fmt: skip
        given = urlencode({"port": server.port, "report": f"{address}/report"})
        async with browser(
            f"{address}/vocal_page.html#{given}", tmp_path, "--autoplay-policy=no-user-gesture-required"
        ):
            seen = await asyncio.wait_for(report, 60)
    assert seen["errors"] == []
    assert seen["types"] == [
        "call_ready", "tts_stream", "tts_stream_end", "new_conversation_turn", "tts_stream", "tts_stream_end",
    ]  # fmt: skip
    assert seen["played_s"] == pytest.approx(1.1 + 17 * 0.05, abs=0.05)  # 22 characters and 17, 50 ms each
    assert 0 < seen["peak"] <= 1
