"""How a conversation ends on a WebSocket of Voi, a carrier or an RTVI client: close code, and words for each reason."""

from voi.core.end_reason import EndReason
from voi.session.events import Ended
from voi.transports.websocket import GOING_AWAY, INTERNAL_ERROR, NORMAL, POLICY_VIOLATION, TRY_AGAIN_LATER

_LEAVING = "The server is shutting down."
_ENDINGS: dict[EndReason, tuple[int, str]] = {
    EndReason.FINISHED: (NORMAL, ""),
    EndReason.CLIENT_HUNG_UP: (NORMAL, ""),
    EndReason.AGENT_HUNG_UP: (NORMAL, "The agent hung up."),
    EndReason.TRANSFERRED: (NORMAL, "The call was passed on."),
    EndReason.IDLE_LIMIT: (NORMAL, "Nobody spoke for a long time."),
    EndReason.DURATION_LIMIT: (NORMAL, "The conversation reached its maximum duration."),
    EndReason.QUOTA_USED: (NORMAL, ""),
    EndReason.NO_DOOR: (NORMAL, ""),
    EndReason.REPLACED: (NORMAL, "The conversation goes on over another connection."),
    EndReason.DRAINED: (GOING_AWAY, _LEAVING),
    EndReason.TOO_MANY_MISTAKES: (POLICY_VIOLATION, "Too many of your messages could not be used."),
    EndReason.CLIENT_FAULT: (POLICY_VIOLATION, ""),
    EndReason.ENGINE_FAILED: (INTERNAL_ERROR, ""),
    EndReason.MISCONFIGURED: (
        INTERNAL_ERROR,
        "This server is not configured rightly; its operator finds why in its log.",
    ),
    EndReason.CANCELLED: (GOING_AWAY, "The server ended the conversation."),
    EndReason.FAULT: (INTERNAL_ERROR, ""),
    EndReason.TOKEN_REFUSED: (POLICY_VIOLATION, ""),
    EndReason.BAD_START: (POLICY_VIOLATION, ""),
    EndReason.STARTING: (TRY_AGAIN_LATER, "The server is starting. Try again in a moment."),
    EndReason.DRAINING: (TRY_AGAIN_LATER, _LEAVING),
    EndReason.SERVER_FULL: (TRY_AGAIN_LATER, ""),
    EndReason.OVERLOADED: (TRY_AGAIN_LATER, ""),
    EndReason.APP_LIMIT: (TRY_AGAIN_LATER, ""),
    EndReason.APP_QUOTA: (TRY_AGAIN_LATER, ""),
}


def ending(ended: Ended) -> tuple[int, str]:
    """Close code, and words for the client; "": nothing to say beyond the close."""
    code, words = _ENDINGS[ended.reason]
    return code, ended.words or words
