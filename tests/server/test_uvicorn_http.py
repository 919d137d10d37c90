"""A uvicorn whose private class is another: the server still starts."""

import logging
from pathlib import Path

import pytest

from tests.server.serving import Person, fake_engines, serving
from voi.server import uvicorn_http
from voi.server.uvicorn_http import http_protocol
from voi.transports.forwarded import TrustedProxies


def test_of_the_uvicorn_that_voi_is_made_for_nothing_is_missing() -> None:
    assert uvicorn_http._missing() == ""
    assert callable(http_protocol(TrustedProxies(())))


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("UVICORNS_MODULE", "uvicorn.protocols.http.gone", "no uvicorn.protocols.http.gone"),
        ("UVICORNS_CLASS", "Gone", "no Gone"),
        ("OVERRIDDEN", ("connection_made", "gone"), "no HttpToolsProtocol.gone"),
    ],
)
@pytest.mark.integration
async def test_another_uvicorn_is_used_by_its_public_settings(
    name: str,
    value: object,
    says: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(uvicorn_http, name, value)
    with caplog.at_level(logging.WARNING, "voi"):
        async with serving(tmp_path, monkeypatch, fake_engines()) as running:
            assert (await running.http("GET", "/health"))[0] == 200
            person = await Person.arrive(running.port, "echo")
            await person.until(lambda: person.sound.get("0"))
            assert person.closed is None
    assert f"another than Voi knows ({says})" in caplog.text
