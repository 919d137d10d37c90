"""Session timers (RFC 4028): a call whose other side has vanished ends."""

import asyncio
from collections.abc import Callable

from voi.transports.sip.fields import parse_number
from voi.transports.sip.message import SipMessage, SipRequest
from voi.transports.sip.problem import SipProblem

MIN_S = 90
LONGEST_S = 86_400


class SessionTimer:
    """Of one call. `wanted_s`: how long a session lives without a refresh, if we say it; 0: no timer of ours.
    `on_refresh`: it is time to send one. `on_expired`: the other side's did not come."""

    def __init__(self, wanted_s: int, on_refresh: Callable[[], None], on_expired: Callable[[], None]) -> None:
        self.wanted_s = wanted_s
        self.ours = False
        """We refresh."""
        self.interval_s = 0
        """0: there is no timer."""
        self._min_s = MIN_S
        self._on_refresh = on_refresh
        self._on_expired = on_expired
        self._handles: list[asyncio.TimerHandle] = []

    def request_headers(self) -> list[tuple[str, str]]:
        """Of our INVITE or UPDATE. Within a call the side that refreshes stays the same."""
        seconds = self.interval_s or self.wanted_s
        if not seconds:
            return []
        role = ";refresher=uac" if self.interval_s and self.ours else ";refresher=uas" if self.interval_s else ""
        return [("Session-Expires", f"{max(seconds, self._min_s)}{role}"), ("Min-SE", str(self._min_s))]

    def too_small(self, response: SipMessage) -> bool:
        """A 422 says how long it has to be at least. False: it makes no sense to ask again."""
        try:
            least = parse_number(response.get("min-se").partition(";")[0], LONGEST_S, "Min-SE")
        except SipProblem:
            return False
        if least <= self._min_s:
            return False
        self._min_s = least
        self.wanted_s = max(self.wanted_s, least)
        return True

    def answer(self, request: SipRequest) -> list[tuple[str, str]]:
        """Take what their INVITE or UPDATE says; headers of the 2xx. Raises SipProblem(422)."""
        supports = "timer" in request.tokens("supported")
        said = request.get("session-expires")
        seconds, role = _read(said) if said else (0, "")
        if seconds and seconds < MIN_S:
            if supports:
                raise SipProblem(422, headers=(("Min-SE", str(MIN_S)),))
            seconds = MIN_S
        if not seconds:
            seconds, role = self.wanted_s, "" if supports else "uas"
        if not seconds:
            self._start(0, ours=False)
            return []
        ours = (role or ("uac" if supports else "uas")) == "uas"
        self._start(seconds, ours=ours)
        headers = [("Session-Expires", f"{seconds};refresher={'uas' if ours else 'uac'}")]
        return headers if ours else [*headers, ("Require", "timer")]

    def answered(self, response: SipMessage) -> None:
        """Take what a 2xx to our INVITE or UPDATE says."""
        said = response.get("session-expires")
        try:
            seconds, role = _read(said) if said else (0, "")
        except SipProblem:
            seconds, role = 0, ""
        self._start(seconds, ours=role != "uas")

    def _start(self, seconds: int, *, ours: bool) -> None:
        self.stop()
        self.interval_s, self.ours = seconds, ours
        if not seconds:
            return
        loop = asyncio.get_running_loop()
        if ours:
            self._handles = [loop.call_later(seconds / 2, self._on_refresh)]
        else:
            self._handles = [loop.call_later(seconds - min(32, seconds / 3), self._on_expired)]

    def stop(self) -> None:
        for handle in self._handles:
            handle.cancel()
        self._handles = []


def _read(value: str) -> tuple[int, str]:
    number, _, rest = value.partition(";")
    seconds = parse_number(number, 2**32 - 1, "Session-Expires")
    role = next((each.partition("=")[2].strip().lower() for each in rest.split(";")
                 if each.strip().lower().startswith("refresher")), "")  # fmt: skip
    return min(seconds, LONGEST_S), role if role in ("uac", "uas") else ""
