"""Passing a call on (RFC 3515): the REFER, and what NOTIFY says of it."""

import asyncio
from typing import Any
from urllib.parse import quote

from voi.errors import VoiError
from voi.transports.sip.bodies import status_in
from voi.transports.sip.dialog import SipDialog
from voi.transports.sip.message import SipRequest, SipResponse
from voi.transports.sip.reasons import reason_of
from voi.transports.sip.transactions import FailedWhy
from voi.transports.sip.uri import SipUri

ACCEPT_S = 20.0
"""A REFER that is not answered for so long has failed."""
SILENT_S = 5.0
"""Accepted, and nothing is told of it: some never tell."""
RINGING_S = 60.0
"""The target may ring for so long."""


class Transferring:
    """What becomes of one REFER."""

    def __init__(self) -> None:
        self._done: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._accepted = asyncio.Event()
        self._told = asyncio.Event()

    def answered(self, response: SipResponse) -> None:
        if response.code >= 300:
            self._finish(f"the REFER was refused ({response.code} {reason_of(response.code)})")
        elif response.code >= 200:
            self._accepted.set()

    def failed(self, why: FailedWhy) -> None:
        self._finish("the REFER was not answered")

    def notified(self, request: SipRequest) -> None:
        code = status_in(request)
        self._accepted.set()
        self._told.set()
        if 200 <= code < 300:
            self._finish("")
        elif code >= 300:
            self._finish(f"the target did not answer ({code} {reason_of(code)})")
        elif request.get("subscription-state").lower().startswith("terminated"):
            self._finish("")

    def gone(self) -> bool:
        """The call has ended: once accepted, because it was passed on. Returns whether it was."""
        accepted = self._accepted.is_set()
        self._finish("" if accepted else "the call ended")
        return accepted

    def _finish(self, wrong: str) -> None:
        if not self._done.done():
            self._done.set_result(wrong)

    async def outcome(self) -> None:
        """Wait for it. Raises VoiError."""
        await self._until(self._accepted, ACCEPT_S)
        if self._accepted.is_set():
            await self._until(self._told, SILENT_S)
        elif not self._done.done():
            self._finish("the REFER was not answered")
        if not self._told.is_set():
            self._finish("")
        try:
            async with asyncio.timeout(RINGING_S):
                wrong = await asyncio.shield(self._done)
        except TimeoutError:
            wrong = "the target did not answer in time"
        if wrong:
            raise VoiError(wrong)

    async def _until(self, event: asyncio.Event, timeout_s: float) -> None:
        waiting = asyncio.ensure_future(event.wait())
        both: list[asyncio.Future[Any]] = [waiting, self._done]
        await asyncio.wait(both, timeout=timeout_s, return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()


def refer_request(target: SipUri, referred_by: str, replaces: SipDialog | None) -> list[tuple[str, str]]:
    """Headers of the REFER. `replaces`: see `SipLeg.transfer`."""
    uri = str(target)
    if replaces is not None:
        dialog = f"{replaces.call_id};to-tag={replaces.remote_tag};from-tag={replaces.local_tag}"
        uri += f"?Replaces={quote(dialog, safe='')}"
    return [("Refer-To", f"<{uri}>"), ("Referred-By", f"<{referred_by}>")]
