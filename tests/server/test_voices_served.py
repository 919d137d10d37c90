"""Voices over the server's own HTTP side, and engines as the server starts them."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.server.fakes import API_KEY
from tests.server.house import fake_engines, serving
from voi.engines.hosted import HostedStt, HostedTts
from voi.engines.house import kept_going
from voi.engines.supervised import SupervisedStt, SupervisedTts


async def test_voices_want_the_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with serving(tmp_path, monkeypatch, fake_engines()) as house:
        assert (await house.http("GET", "/voices"))[0] == 401
        assert (await house.http("GET", "/voices", "API-Key: wrong\r\n"))[0] == 403
        status, _, body = await house.http("GET", "/voices", f"API-Key: {API_KEY}\r\n")
        assert status == 200
        assert json.loads(body)["models"]["voice"]["voices"] == ["anna", "bert"]
        status, _, body = await house.http("DELETE", "/voices/anna", f"API-Key: {API_KEY}\r\n")
        assert status == 400
        assert "none" in json.loads(body)["detail"]


class ForGpu:
    name = "for-gpu"

    def __init__(self, *, device: str = "auto") -> None: ...


class Plain:
    name = "plain"


@pytest.mark.parametrize(
    ("kind", "factory", "own_process", "outer", "inner"),
    [("tts", ForGpu, True, SupervisedTts, HostedTts), ("stt", ForGpu, True, SupervisedStt, HostedStt),
     ("tts", ForGpu, False, SupervisedTts, ForGpu), ("stt", Plain, True, SupervisedStt, Plain),
     ("vad", Plain, True, Plain, None), ("turn", ForGpu, True, ForGpu, None)],
)  # fmt: skip
def test_engines_are_kept_going(kind: Any, factory: type, own_process: bool, outer: type, inner: type | None) -> None:
    engine = kept_going(kind, factory.name, factory, {}, own_process)  # type: ignore[attr-defined]
    assert type(engine) is outer
    assert inner is None or type(engine.inner) is inner
