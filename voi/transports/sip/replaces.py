"""The header Replaces (RFC 3891): which call another one takes the place of."""

import re
from dataclasses import dataclass
from urllib.parse import unquote

from voi.transports.sip.fields import parse_params
from voi.transports.sip.message import SipRequest
from voi.transports.sip.problem import SipProblem

_CALL_ID = re.compile(r"[^\s;,<>\"]{1,256}")
_TAG = re.compile(r"[A-Za-z0-9.!%*_+`'~-]{1,128}")


@dataclass(frozen=True, slots=True)
class Replaces:
    """`to_tag`: of the receiver of the INVITE; `from_tag`: of the other side of the call that is replaced.
    `early_only`: only if it is not answered yet."""

    call_id: str
    to_tag: str
    from_tag: str
    early_only: bool = False

    def __str__(self) -> str:
        return f"{self.call_id};to-tag={self.to_tag};from-tag={self.from_tag}{';early-only' * self.early_only}"


def parse_replaces(text: str) -> Replaces:
    """Raises SipProblem(400)."""
    call_id, sign, rest = text.strip().partition(";")
    params = dict(parse_params(sign + rest))
    to_tag, from_tag = params.get("to-tag") or "", params.get("from-tag") or ""
    if not (_CALL_ID.fullmatch(call_id) and _TAG.fullmatch(to_tag) and _TAG.fullmatch(from_tag)):
        raise SipProblem(400, "Bad Replaces")
    return Replaces(call_id, to_tag, from_tag, "early-only" in params)


def replaces_in(request: SipRequest) -> Replaces | None:
    """What an INVITE replaces; None: nothing. Raises SipProblem(400)."""
    values = request.all("replaces")
    if len(values) > 1:
        raise SipProblem(400, "Bad Replaces")
    return parse_replaces(values[0]) if values else None


def replaces_asked(headers: str) -> Replaces | None:
    """Of the headers of an address, as Refer-To has them behind "?". Raises SipProblem(400)."""
    found = [value for name, _, value in (each.partition("=") for each in headers.split("&"))
             if name.lower() == "replaces"]  # fmt: skip
    if len(found) > 1:
        raise SipProblem(400, "Bad Replaces")
    return parse_replaces(unquote(found[0])) if found else None
