"""Which doors are at the HTTP port, and whom a Realtime client's key belongs to."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.server.fakes import SECRET, Sessions, some_calls
from voi.config.settings import Settings
from voi.errors import ClientError, ConfigError
from voi.server.auth import issue_token
from voi.server.metrics import Metrics
from voi.server.tokens import Tokens
from voi.server.web_doors import WebDoors, _caller_of, handover_of, open_app_of
from voi.transports.media_ws.carriers import KINDS
from voi.transports.realtime.client_secrets import ClientSecrets
from voi.transports.realtime.peer import RealtimeCaller

OTHERS = {"/ws", "/ws/*", "/rtvi", *(f"/telephone/{kind}/media" for kind in KINDS)}


def doors(**settings: Any) -> WebDoors:
    return WebDoors(
        Settings.model_construct(**settings), some_calls(Sessions()), lambda: None, Tokens((SECRET,), None), (SECRET,),  # type: ignore[arg-type, return-value]
        lambda model: (), lambda app: (0, 0, 0.0), SimpleNamespace(tokens_of=lambda *_: None), Metrics(lambda: 0),  # type: ignore[arg-type, return-value]
        lambda account: None,
    )  # fmt: skip


async def test_each_web_door_has_its_path() -> None:
    made = doors()
    assert made.by_path.keys() == {*OTHERS, "/v1/realtime"}
    assert made.client_secrets is not None
    assert made.webrtc is not None


async def test_the_realtime_protocol_can_be_switched_off() -> None:
    made = doors(realtime=False)
    assert made.by_path.keys() == OTHERS
    assert (made.client_secrets, made.webrtc) == (None, None)


async def test_settings_of_webrtc_that_cannot_be_used_are_refused() -> None:
    with pytest.raises(ConfigError, match="VOI_WEBRTC_EXTERNAL_ADDRESS"):
        doors(webrtc_external_address="my-router")


def test_calls_are_handed_over_only_where_it_is_wanted(tmp_path: Path) -> None:
    assert handover_of(Settings.model_construct(resume_restart_s=0)) is None
    assert handover_of(Settings.model_construct(resume_restart_s=5, resume_dir=tmp_path)) is not None


def test_the_vocal_node_is_open_only_where_nobody_else_comes_in() -> None:
    assert open_app_of(Settings.model_construct(host="127.0.0.1", vocal_open_app="test")) == "test"
    assert open_app_of(Settings.model_construct(host="0.0.0.0", vocal_open_app="test")) == ""
    behind = Settings.model_construct(host="127.0.0.1", trusted_proxies=("127.0.0.1",), vocal_open_app="test")
    assert open_app_of(behind) == ""


def test_a_key_is_a_token_or_a_secret_for_a_browser() -> None:
    tokens, secrets = Tokens((SECRET,), None), ClientSecrets((SECRET,))
    by_token = _caller_of(tokens, secrets, issue_token("shop", SECRET, person="anna"))
    assert (by_token.app, by_token.person) == ("shop", "anna")
    secret, _ = secrets.issue(RealtimeCaller("shop", "ben"), 60)
    assert _caller_of(tokens, secrets, secret).person == "ben"
    for wrong in ("", "guess", f"{secret}x"):
        with pytest.raises(ClientError):
            _caller_of(tokens, secrets, wrong)
