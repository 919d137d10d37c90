"""Who is to blame decides what the client is told."""

import asyncio
import logging

import pytest

from voi.errors import ClientError, ConfigError, EngineError
from voi.server.failures import Farewell, Refused, farewell


@pytest.mark.parametrize(
    ("error", "code", "says", "level"),
    [
        (ClientError("wrong"), 1008, "wrong", logging.INFO),
        (Refused("full"), 1013, "full", logging.INFO),
        (EngineError("the model refused"), 1011, "the model refused", logging.WARNING),
        (ConfigError("secret path /etc/x"), 1011, "not configured rightly", logging.ERROR),
        (asyncio.CancelledError(), 1001, "ended the conversation", logging.INFO),
        (RuntimeError("my secret words"), 1011, "under c-17", logging.ERROR),
        (ExceptionGroup("g", [ExceptionGroup("h", [ClientError("inner")])]), 1008, "inner", logging.INFO),
    ],
)
def test_farewells(error: BaseException, code: int, says: str, level: int) -> None:
    last = farewell(error, "c-17")
    assert isinstance(last, Farewell)
    assert (last.close_code, last.log_level) == (code, level)
    assert says in last.message
    assert "secret" not in last.message
