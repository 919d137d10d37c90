"""Why calls end: Asterisk's causes (ITU-T Q.850) and Voi's reasons, both ways."""

from voi.core.end_reason import EndReason
from voi.transports.telephone.dialing import NotAnsweredKind

NORMAL = 16
BUSY = 17
_HUNG_UP = frozenset({0, 16, 17, 18, 19, 21, 26, 31, 32})
"""A person or their telephone ended the call. 0: Asterisk knows no cause."""
_BUSY = frozenset({17})
_NO_ANSWER = frozenset({0, 16, 18, 19, 31, 102})
"""Asterisk gives 16 or none when the ring time of an originated call is over."""
_REFUSED = frozenset({21, 55, 57, 87})
_UNREACHABLE = frozenset({1, 2, 3, 5, 20, 22, 27, 28, 29, 38, 42})

_REASONS: dict[EndReason, str] = {
    EndReason.SERVER_FULL: "congestion",
    EndReason.OVERLOADED: "congestion",
    EndReason.STARTING: "congestion",
    EndReason.DRAINING: "congestion",
    EndReason.APP_LIMIT: "busy",
    EndReason.APP_QUOTA: "rejected",
    EndReason.TOKEN_REFUSED: "rejected",
    EndReason.BAD_START: "failure",
    EndReason.ENGINE_FAILED: "failure",
    EndReason.MISCONFIGURED: "failure",
    EndReason.CLIENT_FAULT: "failure",
    EndReason.FAULT: "failure",
    EndReason.CANCELLED: "failure",
}


def hangup_reason(ended: EndReason) -> str:
    """`reason` of DELETE /channels/ID for a call that ended, or never began, for that reason."""
    return _REASONS.get(ended, "normal")


def end_reason_of(cause: int) -> EndReason:
    """Why a conversation ended whose channel is gone with that cause."""
    return EndReason.CLIENT_HUNG_UP if cause in _HUNG_UP else EndReason.NO_DOOR


def not_answered(cause: int) -> NotAnsweredKind:
    """How a call that was made and never answered ended."""
    if cause in _BUSY:
        return "busy"
    if cause in _NO_ANSWER:
        return "no_answer"
    if cause in _REFUSED:
        return "refused"
    return "unreachable" if cause in _UNREACHABLE else "failed"
