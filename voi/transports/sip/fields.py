"""Values of headers: addresses with names, Via, CSeq, lists, parameters. All raise SipProblem(400) for what is none."""

import re
from dataclasses import dataclass

from voi.transports.sip.problem import SipProblem
from voi.transports.sip.uri import Params, SipUri, host_port, parse_uri

MAGIC = "z9hG4bK"
"""What branches begin with since RFC 3261."""
SEQUENCE_MAX = 2**31 - 1
ITEMS_MAX = 64
_TOKEN = r"[A-Za-z0-9.!%*_+`'~-]+"
TOKEN = re.compile(_TOKEN)
_QUOTED = r'"(?:[^"\\]|\\.)*"'
_PARAM = re.compile(rf'\s*;\s*({_TOKEN})(?:\s*=\s*({_QUOTED}|\[[0-9A-Fa-f:.]+\]|[^\s;,"<>]*))?\s*', re.DOTALL)
_DISPLAY = re.compile(rf"\s*({_QUOTED})\s*", re.DOTALL)
_VIA = re.compile(
    rf"\s*SIP\s*/\s*2\.0\s*/\s*({_TOKEN})\s+(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9_.-]+)\s*(?::\s*(\d{{1,5}}))?\s*",
    re.IGNORECASE,
)
_CSEQ = re.compile(rf"\s*(\d+)\s+({_TOKEN})\s*")


@dataclass(frozen=True, slots=True)
class SipAddress:
    """From, To, Contact, Route and their like. `uri`: the address as it stands. `display`: unquoted."""

    uri: str
    display: str = ""
    params: Params = ()

    def param(self, name: str) -> str | None:
        """The parameter's value, "" if it has none; None: it is not there."""
        return next((value or "" for key, value in self.params if key == name), None)

    @property
    def tag(self) -> str:
        return self.param("tag") or ""

    @property
    def parsed(self) -> SipUri:
        """Raises SipProblem."""
        return parse_uri(self.uri)


@dataclass(frozen=True, slots=True)
class Via:
    """`transport`: in upper case."""

    transport: str
    host: str
    port: int | None = None
    params: Params = ()

    def param(self, name: str) -> str | None:
        return next((value or "" for key, value in self.params if key == name), None)

    @property
    def branch(self) -> str:
        return self.param("branch") or ""

    def __str__(self) -> str:
        return f"SIP/2.0/{self.transport} {host_port(self.host, self.port)}{params_text(self.params)}"


def params_text(params: Params) -> str:
    """The parameters as they stand behind a value, such as `;tag=1;lr`."""
    return "".join(f";{name}" if value is None else f";{name}={value}" for name, value in params)


def parse_params(text: str) -> Params:
    """`;name=value;name`: names in lower case, values as they stand without their quotes."""
    found: list[tuple[str, str | None]] = []
    at = 0
    while at < len(text):
        part = _PARAM.match(text, at)
        if part is None or len(found) >= ITEMS_MAX:
            raise SipProblem(400, "Bad Parameter")
        found.append((part[1].lower(), unquoted(part[2]) if part[2] is not None else None))
        at = part.end()
    return tuple(found)


def unquoted(text: str) -> str:
    """A token or a quoted string, without its quotes."""
    return re.sub(r"\\(.)", r"\1", text[1:-1], flags=re.DOTALL) if len(text) > 1 and text[0] == '"' else text


def quoted_string(text: str) -> str:
    """The text in quotes, without characters that would end the header."""
    text = "".join(" " if character < " " else character for character in text)
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def parse_address(text: str) -> SipAddress:
    """`"Name" <sip:…>;tag=…` or `sip:…;tag=…`, where all parameters are the header's."""
    found = _DISPLAY.match(text)
    display = unquoted(found[1]) if found else ""
    before, begin, rest = (text[found.end() :] if found else text).partition("<")
    uri, end, params = rest.partition(">")
    if begin and end and "<" not in uri and not (found and before):
        words = before.split()
        if not all(TOKEN.fullmatch(word) for word in words):
            raise SipProblem(400, "Bad Display Name")
        return SipAddress(uri.strip(), " ".join(display.split() or words), parse_params(params.strip()))
    if any(character in text for character in '<>"'):
        raise SipProblem(400, "Bad Address")
    uri, sign, params = text.strip().partition(";")
    if not uri.strip() or "?" in uri or re.search(r"\s", uri.strip()):
        raise SipProblem(400, "Bad Address")  # RFC 4475, badaspec and its like
    return SipAddress(uri.strip(), "", parse_params(sign + params))


def parse_via(text: str) -> Via:
    """The topmost value of a Via. Raises SipProblem(400)."""
    found = _VIA.match(text)
    port = int(found[3]) if found and found[3] else None
    if found is None or (port is not None and not 0 < port < 65_536):
        raise SipProblem(400, "Bad Via")
    return Via(found[1].upper(), found[2].strip("[]").lower(), port, parse_params(text[found.end() :]))


def parse_cseq(text: str) -> tuple[int, str]:
    """The number and the method."""
    found = _CSEQ.fullmatch(text)
    if found is None or len(found[1]) > 20 or int(found[1]) > SEQUENCE_MAX:
        raise SipProblem(400, "Bad CSeq")
    return int(found[1]), found[2]


def split_list(text: str) -> list[str]:
    """The items between commas, but not those in quotes or angle brackets. Empty items are left out."""
    items, begin, at, bracket = [], 0, 0, False
    while at < len(text):
        character = text[at]
        if character == '"' and not bracket:
            at += 1
            while at < len(text) and text[at] != '"':
                at += 2 if text[at] == "\\" else 1
        elif character == "<":
            bracket = True
        elif character == ">":
            bracket = False
        elif character == "," and not bracket:
            items.append(text[begin:at].strip())
            begin = at + 1
        at += 1
    items.append(text[begin:].strip())
    found = [item for item in items if item]
    if len(found) > ITEMS_MAX:
        raise SipProblem(400, "Too Many Values")
    return found


def parse_number(text: str, most: int, what: str) -> int:
    """A whole number from 0 to `most`."""
    text = text.strip()
    if not (text.isascii() and text.isdecimal() and len(text) <= 20 and int(text) <= most):
        raise SipProblem(400, f"Bad {what}")
    return int(text)
