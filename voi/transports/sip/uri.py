"""SIP and tel addresses (RFC 3261, section 19; RFC 3966), read from any text."""

import re
from dataclasses import dataclass
from urllib.parse import quote, unquote

from voi.transports.sip.problem import SipProblem

URI_MAX = 2_048
_SIP = re.compile(
    r"(?P<scheme>sips?):(?:(?P<user>[^@]*)@)?(?P<host>\[[0-9A-Fa-f:.]{2,45}\]|[A-Za-z0-9_.-]{1,255})"
    r"(?::(?P<port>\d{1,5}))?(?P<params>(?:;[^;?@<>\"\s]*)*)(?:\?(?P<headers>[^<>\"\s]*))?",
    re.IGNORECASE,
)
_TEL = re.compile(r"tel:(?P<number>\+?[0-9A-Fa-f*#().-]{1,40})(?P<params>(?:;[^;?@<>\"\s]*)*)", re.IGNORECASE)
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]{0,40}:")
_USER_SAFE = "-_.!~*'()&=+$,;?/"
Params = tuple[tuple[str, str | None], ...]


@dataclass(frozen=True, slots=True)
class SipUri:
    """`user`: unescaped, without password; of a tel address, the number (`host` is "" then). `host`: without brackets.
    `params`: names in lower case. `headers`: what follows "?", as it stands."""

    scheme: str
    user: str
    host: str
    port: int | None = None
    params: Params = ()
    headers: str = ""

    def __str__(self) -> str:
        tail = "".join(f";{name}" if value is None else f";{name}={value}" for name, value in self.params)
        if self.scheme == "tel":
            return f"tel:{self.user}{tail}"
        user = f"{quote(self.user, safe=_USER_SAFE)}@" if self.user else ""
        return f"{self.scheme}:{user}{host_port(self.host, self.port)}{tail}"

    def param(self, name: str) -> str | None:
        """The parameter's value, "" if it has none; None: it is not there."""
        return next((value or "" for key, value in self.params if key == name), None)

    @property
    def transport(self) -> str:
        """What it is to be reached by: "udp" where it says nothing."""
        return "tls" if self.scheme == "sips" else (self.param("transport") or "udp").lower()


def parse_uri(text: str) -> SipUri:
    """Raises SipProblem: 400, or 416 for a scheme that is neither of SIP nor a telephone's."""
    text = text.strip()
    if len(text) > URI_MAX:
        raise SipProblem(414)
    if (found := _SIP.fullmatch(text)) is not None:
        port = int(found["port"]) if found["port"] else None
        user = (found["user"] or "").partition(":")[0]
        if port == 0 or (port or 0) > 65_535 or _unfit(user):
            raise SipProblem(400, "Bad Address")
        host = found["host"].strip("[]").lower()
        return SipUri(found["scheme"].lower(), unquote(user), host, port, _params(found["params"]),
                      found["headers"] or "")  # fmt: skip
    if (tel := _TEL.fullmatch(text)) is not None:
        number = re.sub(r"[().-]", "", tel["number"])
        return SipUri("tel", number, "", None, _params(tel["params"]))
    scheme = _SCHEME.match(text)
    if scheme is not None and scheme[0].lower() not in ("sip:", "sips:", "tel:"):
        raise SipProblem(416)
    raise SipProblem(400, "Bad Address")


def host_port(host: str, port: int | None) -> str:
    """As it stands in addresses: IPv6 in brackets."""
    host = f"[{host}]" if ":" in host else host
    return host if port is None else f"{host}:{port}"


def _unfit(user: str) -> bool:
    return any(character in '<>" \t' or character < " " for character in user)


def _params(text: str) -> Params:
    found = []
    for each in text.split(";")[1:]:
        name, sign, value = each.partition("=")
        if name:
            found.append((name.lower(), value if sign else None))
    return tuple(found)
