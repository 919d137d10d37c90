"""How a conversation that does not begin, or ends, is told to a telephone."""

from voi.core.end_reason import EndReason
from voi.session.events import Ended
from voi.transports.sip.problem import SipProblem

RETRY_S = "30"
_REFUSED: dict[EndReason, int] = {
    EndReason.STARTING: 480,
    EndReason.DRAINING: 480,
    EndReason.DRAINED: 480,
    EndReason.SERVER_FULL: 486,
    EndReason.APP_LIMIT: 486,
    EndReason.APP_QUOTA: 486,
    EndReason.OVERLOADED: 503,
    EndReason.TOKEN_REFUSED: 403,
    EndReason.BAD_START: 500,
    EndReason.MISCONFIGURED: 500,
    EndReason.FAULT: 500,
    EndReason.ENGINE_FAILED: 500,
}
_FAILED = {EndReason.FAULT: 500, EndReason.ENGINE_FAILED: 500, EndReason.MISCONFIGURED: 500, EndReason.DRAINED: 503}


def refusal_of(ended: Ended) -> SipProblem:
    """The response to an INVITE."""
    code = _REFUSED.get(ended.reason, 480)
    later = ended.reason in (EndReason.OVERLOADED, EndReason.STARTING, EndReason.DRAINING)
    return SipProblem(code, headers=(("Retry-After", RETRY_S),) if later else ())


def bye_headers(ended: Ended) -> list[tuple[str, str]]:
    """Headers of the BYE (RFC 3326)."""
    if (code := _FAILED.get(ended.reason)) is not None:
        return [("Reason", f'SIP;cause={code};text="{ended.reason}"')]
    return [("Reason", 'Q.850;cause=16;text="Normal call clearing"')]
