"""How conversations end on the Voi WebSocket."""

import pytest

from voi.core.end_reason import EndReason
from voi.session.events import Ended
from voi.transports.endings import ending


@pytest.mark.parametrize("reason", EndReason)
def test_every_reason_has_a_code_and_words_of_its_own_go_first(reason: EndReason) -> None:
    code, _ = ending(Ended(reason))
    assert code in (1000, 1001, 1008, 1011, 1013)
    assert ending(Ended(reason, "why")) == (code, "why")


@pytest.mark.parametrize(
    ("reason", "code", "words"),
    [
        (EndReason.FINISHED, 1000, ""),
        (EndReason.IDLE_LIMIT, 1000, "Nobody spoke for a long time."),
        (EndReason.DURATION_LIMIT, 1000, "The conversation reached its maximum duration."),
        (EndReason.DRAINED, 1001, "The server is shutting down."),
        (EndReason.DRAINING, 1013, "The server is shutting down."),
        (EndReason.STARTING, 1013, "The server is starting. Try again in a moment."),
        (EndReason.CANCELLED, 1001, "The server ended the conversation."),
        (EndReason.TOO_MANY_MISTAKES, 1008, "Too many of your messages could not be used."),
        (EndReason.MISCONFIGURED, 1011,
         "This server is not configured rightly; its operator finds why in its log."),
    ],
)  # fmt: skip
def test_codes_and_words_stay_as_clients_know_them(reason: EndReason, code: int, words: str) -> None:
    assert ending(Ended(reason)) == (code, words)
