"""Finds out whose the WebSocket is that a carrier opens without asking first, and whether it really is."""

import hmac
import time
from collections.abc import Callable
from ipaddress import ip_address, ip_network

from voi.config.phones import CarrierAccount, CarrierKind, Phones
from voi.errors import ConfigError
from voi.transports.media_ws.answering import PhoneAnswers
from voi.transports.media_ws.carrier import SocketCarrier, Unsigned
from voi.transports.websocket import Request

_NOBODY = "The WebSocket's request names no account of phones.json."


def account_of(
    answers: PhoneAnswers,
    kind: CarrierKind,
    carrier: SocketCarrier,
    request: Request,
    clock: Callable[[], float] = time.time,
) -> str:
    """The account's name in phones.json. A request that is refused is counted, and logged without any of its secrets.
    Raises Unsigned. `clock`: Unix time."""
    try:
        return _account(answers, kind, carrier, request, clock())
    except Unsigned as error:
        answers.note(kind, "unsigned", request.peer, str(error), "media")
        raise
    except ConfigError as error:
        answers.note(kind, "misconfigured", request.peer, str(error), "media")
        raise Unsigned("phones.json is not right; the server's log says why.") from None


def _account(answers: PhoneAnswers, kind: CarrierKind, carrier: SocketCarrier, request: Request, now_s: float) -> str:
    phones = answers.phones
    name = _claimed(answers, phones, kind, carrier.claims(request)) if phones else ""
    if phones is None or not name:
        raise Unsigned(_NOBODY)
    if not _from_there(phones.carriers[name], request.peer):
        raise Unsigned("The account's allow_from has not that address.")
    nonce = carrier.check(request, answers.keys.of(phones, name), phones.public_url, now_s)
    if nonce and answers.seen.note(f"{name} {nonce}") > 1:
        raise Unsigned("The request was used before.")
    return name


def _claimed(answers: PhoneAnswers, phones: Phones, kind: CarrierKind, claim: str) -> str:
    """The account that a request says to be of; "": none. All accounts are compared, so that the time that it takes
    says nothing about an API key."""
    found = ""
    for name, account in phones.carriers.items():
        if account.kind == kind and claim:
            known = answers.keys.of(phones, name, "api_key") if account.api_key else name
            if hmac.compare_digest(known.encode("utf-8", "replace"), claim.encode("utf-8", "replace")):
                found = name
    return found


def _from_there(account: CarrierAccount, peer: str) -> bool:
    if not account.allow_from:
        return True
    try:
        address = ip_address(peer.partition("%")[0])
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return any((mapped or address) in ip_network(network) for network in account.allow_from)
