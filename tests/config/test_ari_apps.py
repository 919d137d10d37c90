"""phones.json: Asterisk servers, and what is wrong with them."""

import json
from pathlib import Path
from typing import Any

import pytest

from voi.config.phones import Phones, read_phones
from voi.config.problems import Problems

RIGHT: dict[str, Any] = {"url": "http://127.0.0.1:8088/ari/", "user": "voi", "password": "${ARI_PASSWORD}",
                         "stasis": {"voi": {"agent": "echo"}}}  # fmt: skip


def read(folder: Path, **more: Any) -> tuple[Phones | None, list[str]]:
    path = folder / "phones.json"
    path.write_text(json.dumps({"asterisk": {"pbx": {**RIGHT, **more}}}))
    problems = Problems()
    return read_phones(path, {"echo": None}, problems), problems.errors


@pytest.fixture(autouse=True)
def _password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ARI_PASSWORD", "secret")


def test_the_least_that_is_needed(tmp_path: Path) -> None:
    phones, errors = read(tmp_path)
    assert errors == []
    assert phones is not None
    assert phones.asterisk["pbx"].url == "http://127.0.0.1:8088"


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"url": "127.0.0.1:8088"}, "address of Asterisk's HTTP server"),
        ({"url": "http://voi:secret@127.0.0.1:8088"}, "without a password"),
        ({"stasis": {"voi": {"agent": "ecco"}}}, "there is no agent"),
        ({"stasis": {"voi": {}}}, "numbers has no entry"),
        ({"stasis": {"voi,other": {"agent": "echo"}}}, "other characters"),
        ({"media": "rtp", "format": "slin16"}, "rtp carries ulaw or alaw or g722"),
        ({"format": "ulaw"}, "auto chooses it"),
        ({"websocket_client": "voi"}, '"media" must be "websocket"'),
        ({"media": "websocket", "websocket_client": "voi"}, "listen_port must be the port"),
        ({"transfer": {}}, "needs either context or endpoint"),
        ({"transfer": {"context": "a", "variables": {"CHANNEL(x)": "1"}}}, "names have letters"),
        ({"outgoing": {"endpoint": "PJSIP/trunk"}}, "with {number} in it"),
        ({"outgoing": {}}, "needs an endpoint"),
        ({"password": "${ARI_NOT_SET}"}, "ARI_NOT_SET is not set"),
    ],
)
def test_what_is_wrong(wrong: dict[str, Any], told: str, tmp_path: Path) -> None:
    _, errors = read(tmp_path, **wrong)
    assert any(told in each for each in errors), errors


def test_one_application_has_one_client(tmp_path: Path) -> None:
    path = tmp_path / "phones.json"
    path.write_text(json.dumps({"asterisk": {"one": RIGHT, "two": RIGHT}}))
    problems = Problems()
    read_phones(path, {"echo": None}, problems)
    assert any("only one client" in each for each in problems.errors)
