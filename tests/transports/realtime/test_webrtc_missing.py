"""A server without the extra `webrtc` says so."""

import json
from pathlib import Path

import pytest

from tests.server.fakes import SECRET
from tests.server.serving import fake_engines, serving
from voi.server.auth import issue_token
from voi.transports.realtime import webrtc

pytestmark = pytest.mark.integration


async def test_without_the_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webrtc, "webrtc_installed", lambda: False)
    async with serving(tmp_path, monkeypatch, fake_engines()) as running:
        headers = f"Authorization: Bearer {issue_token('test', SECRET)}\r\nContent-Type: application/sdp\r\n"
        status, _, body = await running.http("POST", "/v1/realtime/calls?model=echo", headers)
        assert status == 501
        error = json.loads(body)["error"]
        assert error["code"] == "not_implemented"
        assert "./install.sh webrtc" in error["message"]
        assert running.server.admission.active == 0
