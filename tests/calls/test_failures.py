"""Who is to blame decides what the client is told."""

import asyncio
import logging

import pytest

from voi.calls.admission import Refused
from voi.calls.failures import ended_by
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
