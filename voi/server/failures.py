"""What a conversation's failure means to its client: a message, a close code, and how loudly to log it."""

import asyncio
import logging
from dataclasses import dataclass

from voi.errors import ClientError, ConfigError, EngineError, VoiError
from voi.transports.websocket import GOING_AWAY, INTERNAL_ERROR, POLICY_VIOLATION, TRY_AGAIN_LATER


class Refused(VoiError):
    """No conversation now, through no fault of the client: the server is full, starting or stopping."""


@dataclass(frozen=True, slots=True)
class Farewell:
    message: str
    close_code: int
    log_level: int


def farewell(error: BaseException, conversation_id: str) -> Farewell:
    """The one place where failures become words for the client. What is nobody's fault but ours is not described."""
    error = _first(error)
    if isinstance(error, Refused):
        return Farewell(str(error), TRY_AGAIN_LATER, logging.INFO)
    if isinstance(error, ClientError):
        return Farewell(str(error), POLICY_VIOLATION, logging.INFO)
    if isinstance(error, EngineError):
        return Farewell(str(error), INTERNAL_ERROR, logging.WARNING)
    if isinstance(error, ConfigError):
        return Farewell("This server is not configured rightly; its operator finds why in its log.", INTERNAL_ERROR,
                        logging.ERROR)  # fmt: skip
    if isinstance(error, asyncio.CancelledError):
        return Farewell("The server ended the conversation.", GOING_AWAY, logging.INFO)
    return Farewell(f"Internal error. The server's log has it under {conversation_id}.", INTERNAL_ERROR, logging.ERROR)


def _first(error: BaseException) -> BaseException:
    """The first cause in what a TaskGroup raised."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error
