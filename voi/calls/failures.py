"""Maps the error that ended a conversation to an end reason, words for the client, and a log level."""

import asyncio
import logging
import re

from voi.calls.admission import Refused
from voi.core.end_reason import EndReason
from voi.errors import ClientError, ConfigError, EngineError
from voi.session.events import Ended

_QUOTED = re.compile(r'"(?:[^"\\\n]|\\.)*"|\'[^\'\n]*\'')


def ended_by(error: BaseException, conversation_id: str) -> tuple[Ended, int]:
    """How that error ends a conversation, and the level of its log line. This is the only place where failures become
    words for the client. A fault of the server is not described to the client."""
    error = _first(error)
    match error:
        case Refused():
            return error.ended, logging.INFO
        case ClientError():
            return Ended(EndReason.CLIENT_FAULT, str(error)), logging.INFO
        case EngineError():
            return Ended(EndReason.ENGINE_FAILED, str(error)), logging.WARNING
        case ConfigError():
            return Ended(EndReason.MISCONFIGURED), logging.ERROR
        case asyncio.CancelledError():
            return Ended(EndReason.CANCELLED), logging.INFO
    words = f"Internal error. The server's log has it under {conversation_id}."
    return Ended(EndReason.FAULT, words), logging.ERROR


def without_words(text: str) -> str:
    """The text of an error about a client's mistake, for the log, without the lines that quote the client's input,
    which may be its prompt."""
    lines = [line for line in text.splitlines() if not line.startswith("    ")]  # these quote its JSON
    return _QUOTED.sub('"…"', "\n".join(lines))


def _first(error: BaseException) -> BaseException:
    """The first exception within an exception group, however deep; any other error as it is."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error
