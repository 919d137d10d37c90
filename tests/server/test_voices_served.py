"""Voices over the server's own HTTP side."""

import json
from pathlib import Path

import pytest

from tests.server.fakes import API_KEY
from tests.server.serving import fake_engines, serving

pytestmark = pytest.mark.integration


async def test_voices_want_the_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with serving(tmp_path, monkeypatch, fake_engines()) as running:
        assert (await running.http("GET", "/voices"))[0] == 401
        assert (await running.http("GET", "/voices", "API-Key: wrong\r\n"))[0] == 403
        status, _, body = await running.http("GET", "/voices", f"API-Key: {API_KEY}\r\n")
        assert status == 200
        assert json.loads(body)["models"]["voice"]["voices"] == ["anna", "bert"]
        status, _, body = await running.http("DELETE", "/voices/anna", f"API-Key: {API_KEY}\r\n")
        assert status == 400
        assert "none" in json.loads(body)["detail"]
