"""When people may be called, by their own clock."""

from datetime import UTC, datetime

import pytest

from voi.config.outgoing import QuietHours
from voi.transports.telephone.outgoing.quiet_hours import quiet_until_ms

NIGHT = QuietHours(
    begin="21:00",
    end="08:00",
    time_zone="Europe/Berlin",
    time_zones={"+1": "America/New_York", "+1310": "America/Los_Angeles"},
)


def ms(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1_000)


@pytest.mark.parametrize(
    ("number", "now", "until"),
    [
        ("+4930", "2026-11-30T12:00", None), ("+4930", "2026-11-30T20:30", "2026-12-01T07:00"),  # 21:30 in Berlin
        ("+4930", "2026-11-30T02:00", "2026-11-30T07:00"), ("+12125", "2026-11-30T12:30", "2026-11-30T13:00"),
        ("+13105", "2026-11-30T15:30", "2026-11-30T16:00"), ("+13105", "2026-11-30T17:00", None),
        ("", "2026-11-30T20:00", "2026-12-01T07:00"),
        ("+4930", "2026-03-29T00:30", "2026-03-29T06:00"),  # the night in which summer begins
    ],
)  # fmt: skip
def test_the_night_there(number: str, now: str, until: str | None) -> None:
    assert quiet_until_ms(NIGHT, number, ms(now)) == (ms(until) if until else 0)


def test_sundays() -> None:
    quiet = NIGHT.model_copy(update={"sundays": False})
    assert quiet_until_ms(quiet, "+4930", ms("2026-11-29T12:00")) == ms("2026-11-30T07:00")
    assert quiet_until_ms(quiet, "+4930", ms("2026-11-28T20:30")) == ms("2026-11-30T07:00"), "Saturday night, too"


def test_by_day_and_without() -> None:
    noon = QuietHours(begin="12:00", end="14:00")
    assert quiet_until_ms(noon, "+4930", ms("2026-11-30T13:00")) == ms("2026-11-30T14:00")
    assert quiet_until_ms(QuietHours(begin="08:00", end="08:00"), "", ms("2026-11-30T13:00")) == 0
    assert quiet_until_ms(None, "", 0) == 0
