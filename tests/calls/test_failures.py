"""Who is to blame decides what the client is told."""

import asyncio
import logging

import pytest

from voi.calls.admission import Refused
from voi.calls.failures import ended_by, without_words
from voi.core.end_reason import EndReason
from voi.errors import ClientError, ConfigError, EngineError


@pytest.mark.parametrize(
    ("error", "reason", "says", "level"),
    [
        (ClientError("wrong"), EndReason.CLIENT_FAULT, "wrong", logging.INFO),
        (Refused(EndReason.SERVER_FULL, "full"), EndReason.SERVER_FULL, "full", logging.INFO),
        (EngineError("the model refused"), EndReason.ENGINE_FAILED, "the model refused", logging.WARNING),
        (ConfigError("secret path /etc/x"), EndReason.MISCONFIGURED, "", logging.ERROR),
        (asyncio.CancelledError(), EndReason.CANCELLED, "", logging.INFO),
        (RuntimeError("my secret words"), EndReason.FAULT, "under c-17", logging.ERROR),
        (ExceptionGroup("g", [ExceptionGroup("h", [ClientError("in")])]), EndReason.CLIENT_FAULT, "in", logging.INFO),
    ],
)
def test_endings(error: BaseException, reason: EndReason, says: str, level: int) -> None:
    ended, logged = ended_by(error, "c-17")
    assert (ended.reason, logged) == (reason, level)
    assert says in ended.words
    assert "secret" not in ended.words


def test_the_log_does_not_quote_what_a_client_wrote() -> None:
    told = 'agent_config:1:5: not valid JSON (the { of line 1)\n    {"system_prompt": "You are my secret"\n    ^'
    assert without_words(told) == "agent_config:1:5: not valid JSON (the { of line 1)"
    assert (
        without_words('agent_config: $.a: must be a number, not "my secret"')
        == 'agent_config: $.a: must be a number, not "…"'
    )
