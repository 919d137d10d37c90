"""How Voi's reasons are told to a telephone."""

import pytest

from voi.core.end_reason import REFUSALS, EndReason
from voi.session.events import Ended
from voi.transports.sip.statuses import bye_headers, refusal_of


@pytest.mark.parametrize(
    ("reason", "code", "later"),
    [
        (EndReason.SERVER_FULL, 486, False),
        (EndReason.APP_LIMIT, 486, False),
        (EndReason.DRAINING, 480, True),
        (EndReason.STARTING, 480, True),
        (EndReason.OVERLOADED, 503, True),
        (EndReason.BAD_START, 500, False),
    ],
)
def test_refusals(reason: EndReason, code: int, later: bool) -> None:
    problem = refusal_of(Ended(reason, "words for the log, such as a name"))
    assert problem.code == code
    assert bool(problem.headers) == later
    assert "words" not in str(problem)


def test_every_refusal_has_a_code() -> None:
    assert {refusal_of(Ended(reason)).code for reason in REFUSALS} <= {403, 480, 486, 500, 503}


def test_why_a_call_ended() -> None:
    assert bye_headers(Ended(EndReason.AGENT_HUNG_UP)) == [("Reason", 'Q.850;cause=16;text="Normal call clearing"')]
    assert bye_headers(Ended(EndReason.FAULT, "secret")) == [("Reason", 'SIP;cause=500;text="fault"')]
