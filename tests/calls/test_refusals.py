"""Refused clients in the log and in the metrics."""

import logging

import pytest

from voi.calls.refusals import LINE_EVERY_S, Refusals
from voi.core.end_reason import EndReason
from voi.session.events import Ended


class Counts:
    def __init__(self) -> None:
        self.reasons: list[EndReason] = []

    def refused(self, reason: EndReason) -> None:
        self.reasons.append(reason)


def test_a_crowd_is_one_line_a_second(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    now_s, counts = [5.0], Counts()
    refusals = Refusals(counts, lambda: now_s[0])
    for client in range(50):
        refusals.note(Ended(EndReason.OVERLOADED), f"client {client}")
    now_s[0] += LINE_EVERY_S
    refusals.note(Ended(EndReason.OVERLOADED), "client 50")
    now_s[0] += LINE_EVERY_S
    refusals.note(Ended(EndReason.OVERLOADED), "client 51")
    assert len(counts.reasons) == 52
    assert [message.split(" (")[0] for message in caplog.messages] == [
        "refused client 0", "refused client 50", "refused client 51",
    ]  # fmt: skip
    assert "(and 49 others)" in caplog.messages[1]
    assert "others" not in caplog.messages[2]


def test_each_bad_token_has_its_line(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    refusals = Refusals(Counts(), lambda: 5.0)
    for client in range(3):
        refusals.note(Ended(EndReason.TOKEN_REFUSED), f"client {client}")
    assert len(caplog.messages) == 3
