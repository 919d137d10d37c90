"""Calls that Voi makes through an Asterisk."""

import asyncio
import logging
import re
from collections.abc import Callable

from voi.config.ari_apps import AriOutgoing
from voi.transports.ari.causes import not_answered
from voi.transports.ari.expected import Expected
from voi.transports.ari.failure import AriError
from voi.transports.ari.leg import SETUP_S, AriLeg
from voi.transports.ari.signalling import AriSignalling
from voi.transports.telephone.dialing import AnsweredCall, Dial, NotAnswered, NotAnsweredKind

log = logging.getLogger(__name__)

RING_MAX_S = 300.0
_NUMBER = re.compile(r"\+?[0-9*#]{2,20}", re.ASCII)
_ADDRESS = re.compile(r"sips?:[A-Za-z0-9._~+%-]{1,64}@[A-Za-z0-9.-]{1,120}(?::\d{1,5})?", re.ASCII)
_CALLER = re.compile(r'[^\x00-\x1f\x7f"<>\\]{0,80}')
_STATUSES: dict[str, NotAnsweredKind] = {
    "BUSY": "busy", "NOANSWER": "no_answer", "CANCEL": "no_answer", "CONGESTION": "refused",
    "CHANUNAVAIL": "unreachable", "DONTCALL": "refused", "TORTURE": "refused",
}  # fmt: skip


def endpoint_of(outgoing: AriOutgoing, destination: str) -> str:
    """What Asterisk dials for it. Raises NotAnswered."""
    if _NUMBER.fullmatch(destination):
        if outgoing.endpoint is not None:
            number = destination if outgoing.plus else destination.removeprefix("+")
            return outgoing.endpoint.replace("{number}", number)
    elif _ADDRESS.fullmatch(destination) and outgoing.sip_endpoint is not None:
        return outgoing.sip_endpoint.replace("{address}", destination)
    raise NotAnswered("failed", "phones.json has no endpoint for such a destination")


class AriDialing:
    """One call that is being made, from its first request to its answer."""

    def __init__(self, leg: AriLeg, entered: Expected[None], on_ringing: Callable[[], None]) -> None:
        self.leg = leg
        self._entered = entered
        self._on_ringing = on_ringing
        self._rang = False
        self.status = ""
        """What Asterisk said of a call that was not answered."""

    def progressed(self, status: str) -> None:
        if status in ("RINGING", "PROGRESS"):
            if not self._rang:
                self._rang = True
                self._on_ringing()
        elif status in _STATUSES:
            self.status = status

    async def answered(self, dial: Dial, endpoint: str, caller_id: str) -> None:
        """Ring, and return when the other side has answered. Raises NotAnswered, AriError."""
        leg = self.leg
        ring_s = min(max(dial.ring_timeout_s, 1.0), RING_MAX_S)
        with self._entered.expect(leg.channel) as entered:
            await leg.operations.originate(leg.channel, endpoint, leg.app, caller_id, round(ring_s + 2))
            try:
                async with asyncio.timeout(ring_s):
                    await entered
            except TimeoutError:
                raise NotAnswered("no_answer", "the ring time is over") from None
            except AriError:
                raise self.refused() from None

    def refused(self) -> NotAnswered:
        """Why the call that Asterisk has ended was not answered."""
        cause = self.leg.cause
        kind = _STATUSES.get(self.status) or not_answered(cause)
        return NotAnswered(kind, f"{self.status or 'cause'} {cause}".strip())


def caller_id_of(outgoing: AriOutgoing, dial: Dial) -> str:
    """As Asterisk wants it: "Name" <number>."""
    number = dial.caller_id or outgoing.caller_id
    if not _CALLER.fullmatch(number) or not _CALLER.fullmatch(dial.display_name):
        raise NotAnswered("failed", "the caller id has characters that Asterisk does not take")
    return f'"{dial.display_name}" <{number}>' if dial.display_name and number else number


async def dialled(
    dialing: AriDialing, dial: Dial, endpoint: str, caller_id: str, signalling: AriSignalling
) -> AnsweredCall:
    """Ring somebody up and connect the sound. Raises NotAnswered; the leg is then closed."""
    leg = dialing.leg
    try:
        async with asyncio.timeout(dial.ring_timeout_s + SETUP_S):
            line = await leg.connect(lambda: dialing.answered(dial, endpoint, caller_id))
    except BaseException as error:
        await asyncio.shield(leg.close("no_answer" if isinstance(error, NotAnswered) else "normal"))
        if isinstance(error, AriError):
            if leg.gone:
                raise dialing.refused() from None
            raise NotAnswered("unreachable" if error.status == 0 else "failed", str(error)) from None
        if isinstance(error, TimeoutError):
            raise NotAnswered("failed", "Asterisk took too long to connect the sound") from None
        raise
    return AnsweredCall(line, signalling)
