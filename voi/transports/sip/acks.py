"""A 2xx to an INVITE is sent again until its ACK comes (RFC 3261, section 13.3.1.4)."""

import asyncio
from collections.abc import Callable

from voi.transports.sip.message import SipResponse
from voi.transports.sip.transactions import GIVE_UP_S, T1_S, T2_S, ServerTransaction


def _nobody() -> None: ...


class AwaitedAck:
    """`on_missing`: no ACK came."""

    def __init__(self, transaction: ServerTransaction, response: SipResponse, on_missing: Callable[[], None]) -> None:
        self.seq = transaction.request.cseq[0]
        self._flow = transaction.flow
        self._data = response.encode()
        self._on_missing = on_missing
        self._loop = asyncio.get_running_loop()
        self._again_s = T1_S
        transaction.on_again = self._resend
        transaction.respond(response)
        self._again = self._loop.call_later(T1_S, self._repeat)
        self._late = self._loop.call_later(GIVE_UP_S, self._missing)

    def _resend(self) -> None:
        self._flow.send(self._data)

    def _repeat(self) -> None:
        self._resend()
        self._again_s = min(2 * self._again_s, T2_S)
        self._again = self._loop.call_later(self._again_s, self._repeat)

    def _missing(self) -> None:
        then = self._on_missing
        self.stop()
        then()

    def stop(self) -> None:
        """The ACK is here, or the call is over."""
        self._again.cancel()
        self._late.cancel()
        self._on_missing = _nobody  # the transaction outlives the call, and must not keep it
