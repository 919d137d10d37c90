"""How a conversation ends on a Realtime connection: its close code, and the error that is told before."""

from voi.core.end_reason import EndReason
from voi.session.events import Ended
from voi.transports.realtime.wire import Json, error
from voi.transports.websocket import GOING_AWAY, INTERNAL_ERROR, NORMAL, TRY_AGAIN_LATER

REFUSED = 3000
"""Close code of the real server where a key or a model is refused."""
_QUIET = frozenset({
    EndReason.FINISHED, EndReason.CLIENT_HUNG_UP, EndReason.AGENT_HUNG_UP, EndReason.IDLE_LIMIT, EndReason.NO_DOOR,
    EndReason.REPLACED, EndReason.TRANSFERRED,
})  # fmt: skip
"""Reasons that are no error."""
_ERRORS: dict[EndReason, tuple[int, str, str, str]] = {
    EndReason.TOKEN_REFUSED: (REFUSED, "invalid_request_error", "invalid_api_key", "Incorrect API key provided."),
    EndReason.BAD_START: (REFUSED, "invalid_request_error", "model_not_found", "There is no such agent."),
    EndReason.DURATION_LIMIT: (
        NORMAL, "invalid_request_error", "session_expired", "Your session hit the maximum duration.",
    ),
    EndReason.QUOTA_USED: (NORMAL, "insufficient_quota", "insufficient_quota", "The quota of this app is used up."),
    EndReason.APP_QUOTA: (TRY_AGAIN_LATER, "insufficient_quota", "insufficient_quota", "The quota is used up."),
    EndReason.APP_LIMIT: (TRY_AGAIN_LATER, "rate_limit_error", "rate_limit_exceeded", "Too many conversations."),
    EndReason.SERVER_FULL: (TRY_AGAIN_LATER, "server_error", "no_place", "The server is full."),
    EndReason.OVERLOADED: (TRY_AGAIN_LATER, "server_error", "no_place", "The server is too busy."),
    EndReason.STARTING: (TRY_AGAIN_LATER, "server_error", "no_place", "The server is starting."),
    EndReason.DRAINING: (TRY_AGAIN_LATER, "server_error", "no_place", "The server is shutting down."),
    EndReason.DRAINED: (GOING_AWAY, "server_error", "server_shutdown", "The server is shutting down."),
}  # fmt: skip
_FAULT = (INTERNAL_ERROR, "server_error", "server_error", "The server had an error while it ran your session.")


def ending(ended: Ended) -> tuple[int, str, Json | None]:
    """Close code, reason, and the error event to be told before; None: it is no error."""
    if ended.reason in _QUIET:
        return NORMAL, "", None
    close, kind, code, words = _ERRORS.get(ended.reason, _FAULT)
    return close, f"{kind}.{code}", error(ended.words or words, code, kind=kind)
