"""When somebody may be called, by the clock where they are."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from voi.config.outgoing import QuietHours


def quiet_until_ms(quiet: QuietHours | None, number: str, now_ms: int) -> int:
    """When the quiet hours end that are now where that number is, in ms since 1970; 0: there are none now. `number`
    "": a SIP address."""
    if quiet is None:
        return 0
    here = datetime.fromtimestamp(now_ms / 1_000, UTC).astimezone(ZoneInfo(_zone_of(quiet, number)))
    at = here
    for _ in range(9):  # a Sunday, and the nights around it
        ends = _end_of_quiet(quiet, at)
        if ends is None:
            break
        at = ends
    return 0 if at == here else int(at.timestamp() * 1_000)


def _zone_of(quiet: QuietHours, number: str) -> str:
    fitting = [prefix for prefix in quiet.time_zones if number.startswith(prefix)]
    return quiet.time_zones[max(fitting, key=len)] if fitting else quiet.time_zone


def _end_of_quiet(quiet: QuietHours, at: datetime) -> datetime | None:
    """When the quiet that is at that moment ends; None: it is not quiet."""
    if not quiet.sundays and at.weekday() == 6:
        return _at(at + timedelta(days=1), time(0))
    begin, end = time.fromisoformat(quiet.begin), time.fromisoformat(quiet.end)
    now = at.time().replace(tzinfo=None)
    if begin == end:
        return None
    if begin < end:
        return _at(at, end) if begin <= now < end else None
    if now >= begin:
        return _at(at + timedelta(days=1), end)
    return _at(at, end) if now < end else None


def _at(day: datetime, clock: time) -> datetime:
    return day.replace(hour=clock.hour, minute=clock.minute, second=0, microsecond=0, fold=0)
