"""A request of ours with all its attempts: it is made again with credentials where they are asked for."""

from collections.abc import Callable
from dataclasses import dataclass

from voi.transports.sip.digest import answer_of, best_challenge
from voi.transports.sip.message import SipRequest, SipResponse
from voi.transports.sip.transactions import ClientTransaction, FailedWhy


@dataclass(frozen=True, slots=True)
class SipCredentials:
    """What an account proves itself with when a peer asks (digest)."""

    user: str
    password: str


SendRequest = Callable[[SipRequest, Callable[[SipResponse], None], Callable[[FailedWhy], None]], ClientTransaction]
"""Sends a request that has no Via yet, and tells of each response, or why it failed."""


class Asking:
    """One request with all its attempts: it is made again with credentials if they are asked for. `make`: makes it
    again, each time with the next CSeq."""

    def __init__(
        self,
        send: SendRequest,
        make: Callable[[], SipRequest],
        credentials: SipCredentials | None,
        on_response: Callable[[SipResponse], None],
        on_failed: Callable[[FailedWhy], None],
    ) -> None:
        self._send = send
        self._make = make
        self._credentials = credentials
        self._on_response = on_response
        self._on_failed = on_failed
        self._answered: set[str] = set()
        """Nonces that were answered."""
        self.over = False
        self.request = make()
        self.transaction = send(self.request, self._received, self._failed)

    def _failed(self, why: FailedWhy) -> None:
        if not self.over:
            self.over = True
            self._on_failed(why)

    def _received(self, response: SipResponse) -> None:
        known = self._credentials if response.code in (401, 407) and not self.over else None
        if known is not None and self._again(response, known):
            return
        if response.code >= 200:
            self.over = True
        self._on_response(response)

    def _again(self, response: SipResponse, credentials: SipCredentials) -> bool:
        values = [(value, False) for value in response.all("www-authenticate")]
        values += [(value, True) for value in response.all("proxy-authenticate")]
        challenge = best_challenge(values)
        if challenge is None or challenge.nonce in self._answered or len(self._answered) > 2:
            return False
        if self._answered and not challenge.stale:
            return False  # these credentials are wrong
        self._answered.add(challenge.nonce)
        kept = [each for each in self.request.headers if each[0] in ("authorization", "proxy-authorization")
                and each[0] != challenge.header.lower()]  # fmt: skip
        request = self._make()
        request.headers += kept
        answer = answer_of(challenge, credentials.user, credentials.password, request.method, request.uri)
        request.add(challenge.header, answer)
        self.request = request
        self.transaction = self._send(request, self._received, self._failed)
        return True
