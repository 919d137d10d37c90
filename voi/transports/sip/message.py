"""SIP messages (RFC 3261, section 7): read from any bytes, and written.

Reading is tolerant in form and bounded in size. `read_message` returns None for what is no SIP at all; what is wrong
with a request that can still be answered is its `problem`.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from voi.transports.sip.fields import (
    TOKEN,
    SipAddress,
    Via,
    parse_address,
    parse_cseq,
    parse_number,
    parse_via,
    split_list,
)
from voi.transports.sip.problem import SipProblem
from voi.transports.sip.reasons import reason_of
from voi.transports.sip.uri import parse_uri

MESSAGE_MAX_BYTES = 65_536
HEADERS_MAX = 128
COMPACT = {
    "a": "accept-contact", "b": "referred-by", "c": "content-type", "d": "request-disposition",
    "e": "content-encoding", "f": "from", "i": "call-id", "j": "reject-contact", "k": "supported",
    "l": "content-length", "m": "contact", "n": "identity-info", "o": "event", "r": "refer-to", "s": "subject",
    "t": "to", "u": "allow-events", "v": "via", "x": "session-expires", "y": "identity",
}  # fmt: skip
_SPELLED = {"call-id": "Call-ID", "cseq": "CSeq", "www-authenticate": "WWW-Authenticate", "rack": "RAck",
            "rseq": "RSeq", "min-se": "Min-SE", "sip-etag": "SIP-ETag"}  # fmt: skip
_LISTS = ("via", "contact", "route", "record-route")
_ONCE = ("from", "to", "call-id", "cseq", "max-forwards", "content-length", "content-type")
_COPIED = ("via", "from", "to", "call-id", "cseq")
_FOLD = re.compile(r"\r?\n[ \t]+")
_STATUS = re.compile(r"SIP/2\.0 (\d{3})(?: (.*))?", re.IGNORECASE | re.DOTALL)
_REQUEST_END = re.compile(r"SIP/(\d+)\.(\d+)", re.IGNORECASE)


@dataclass(slots=True)
class SipMessage:
    """`headers`: names in lower case and their long form, with values, in order."""

    headers: list[tuple[str, str]] = field(default_factory=list)
    body: bytes = b""

    def get(self, name: str) -> str:
        """The first value; "" if there is none."""
        return next((value for key, value in self.headers if key == name), "")

    def has(self, name: str) -> bool:
        return any(key == name for key, _ in self.headers)

    def all(self, name: str) -> list[str]:
        """All values; those of lists of addresses apart."""
        values = [value for key, value in self.headers if key == name]
        return [item for value in values for item in split_list(value)] if name in _LISTS else values

    def tokens(self, name: str) -> set[str]:
        """The words of a header such as Supported or Require, in lower case."""
        return {item.strip().lower() for value in self.all(name) for item in value.split(",") if item.strip()}

    def add(self, name: str, value: str) -> None:
        self.headers.append((name.lower(), value))

    def set(self, name: str, value: str) -> None:
        """Replace all values of that header by one, where the first stood."""
        name = name.lower()
        at = next((at for at, (key, _) in enumerate(self.headers) if key == name), len(self.headers))
        rest = [(key, each) for key, each in self.headers if key != name]
        rest.insert(min(at, len(rest)), (name, value))
        self.headers = rest

    @property
    def call_id(self) -> str:
        return self.get("call-id")

    @property
    def cseq(self) -> tuple[int, str]:
        """Raises SipProblem."""
        return parse_cseq(self.get("cseq"))

    @property
    def sender(self) -> SipAddress:
        """From. Raises SipProblem."""
        return parse_address(self.get("from"))

    @property
    def receiver(self) -> SipAddress:
        """To. Raises SipProblem."""
        return parse_address(self.get("to"))

    @property
    def via(self) -> Via:
        """The uppermost. Raises SipProblem."""
        vias = self.all("via")
        return parse_via(vias[0] if vias else "")

    @property
    def content_type(self) -> str:
        """In lower case, without parameters."""
        return self.get("content-type").partition(";")[0].strip().lower()

    def _encode(self, first: str) -> bytes:
        lines = [first]
        lines += [f"{_spelled(name)}: {value}" for name, value in self.headers if name != "content-length"]
        lines += [f"Content-Length: {len(self.body)}", "", ""]
        return "\r\n".join(lines).encode("utf-8", "surrogateescape") + self.body


@dataclass(slots=True)
class SipRequest(SipMessage):
    """`problem`: why it cannot be used as it is; None: it can."""

    method: str = ""
    uri: str = ""
    problem: SipProblem | None = None

    def encode(self) -> bytes:
        return self._encode(f"{self.method} {self.uri} SIP/2.0")

    def response(
        self, code: int, reason: str = "", headers: Iterable[tuple[str, str]] = (), tag: str = ""
    ) -> "SipResponse":
        """A response to it. `tag`: of our side, where the request has none."""
        copied = [each for each in self.headers if each[0] in _COPIED or (each[0] == "timestamp" and code == 100)]
        made = SipResponse(copied, b"", code, reason or reason_of(code))
        if tag and code > 100 and self.has("to") and not _tag_in(self.get("to")):
            made.set("to", f"{self.get('to')};tag={tag}")
        for name, value in headers:
            made.add(name, value)
        return made

    @property
    def answerable(self) -> bool:
        """Whether a response could be sent, and would be understood."""
        return self.method != "ACK" and self.has("via") and self.has("cseq")


@dataclass(slots=True)
class SipResponse(SipMessage):
    """A response, whether it came or is to be sent."""

    code: int = 0
    reason: str = ""

    def encode(self) -> bytes:
        return self._encode(f"SIP/2.0 {self.code} {self.reason}")

    @property
    def tag(self) -> str:
        """Of the other side; "" if it has none."""
        try:
            return self.receiver.tag
        except SipProblem:
            return ""


def read_message(data: bytes, *, stream: bool = False) -> SipRequest | SipResponse | None:
    """The message in a datagram, or in exactly these bytes of a stream. None: it is none, or cannot be used in any
    way."""
    if len(data) > MESSAGE_MAX_BYTES:
        return None
    data = data.lstrip(b"\r\n")
    head, sign, body = data.partition(b"\r\n\r\n")
    if not sign:
        head, sign, body = data.partition(b"\n\n")
    lines = _FOLD.sub(" ", head.decode("utf-8", "surrogateescape").rstrip("\r\n")).replace("\r\n", "\n").split("\n")
    first = lines[0]
    headers: list[tuple[str, str]] = []
    wrong = None if sign else SipProblem(400, "No End Of Headers")
    for line in lines[1 : HEADERS_MAX + 1]:
        name, colon, value = line.partition(":")
        name = name.rstrip(" \t").lower()
        if not colon or not TOKEN.fullmatch(name):
            wrong = wrong or SipProblem(400, "Bad Header")
            continue
        headers.append((COMPACT.get(name, name), value.replace("\r", " ").strip(" \t")))
    if len(lines) > HEADERS_MAX + 1:
        wrong = wrong or SipProblem(400, "Too Many Headers")
    if (status := _STATUS.fullmatch(first)) is not None:
        response = SipResponse(headers, body, int(status[1]), status[2] or "")
        return response if wrong is None and _fits(response, stream=stream) else None
    return _request(first, headers, body, wrong, stream=stream)


def _request(
    first: str, headers: list[tuple[str, str]], body: bytes, wrong: SipProblem | None, *, stream: bool
) -> SipRequest | None:
    method, _, rest = first.partition(" ")
    uri, _, version = rest.rstrip().rpartition(" ")
    end = _REQUEST_END.fullmatch(version)
    if end is None or not TOKEN.fullmatch(method) or not uri.strip():
        return None
    request = SipRequest(headers, body, method, uri.strip(), wrong)
    if rest != f"{uri.strip()} {version}" or " " in uri:
        request.problem = request.problem or SipProblem(400, "Bad Request Line")
    if (int(end[1][:9]), int(end[2][:9])) != (2, 0):
        request.problem = SipProblem(505)
    if request.problem is None:
        try:
            _check_request(request, stream=stream)
        except SipProblem as problem:
            request.problem = problem
    return request


def _check_request(request: SipRequest, *, stream: bool) -> None:
    for name in ("via", "from", "to", "call-id", "cseq"):
        if not request.get(name):
            raise SipProblem(400, f"No {_spelled(name)}")
    _check(request, stream=stream)
    _, method = request.cseq
    if method != request.method:
        raise SipProblem(400, "CSeq Method Differs")
    if request.uri.startswith("<") or "?" in request.uri.rpartition("@")[2]:
        raise SipProblem(400, "Bad Request-URI")
    parse_uri(request.uri)
    for name in ("from", "to"):
        parse_address(request.get(name))
    for value in request.all("contact"):
        if value != "*":
            parse_address(value)
    if request.has("max-forwards"):
        parse_number(request.get("max-forwards"), 255, "Max-Forwards")
    if request.has("date") and not request.get("date").rstrip().endswith("GMT"):
        raise SipProblem(400, "Bad Date")
    for name in ("expires", "session-expires", "min-se"):
        if request.has(name):
            parse_number(request.get(name).partition(";")[0], 2**32 - 1, _spelled(name))


def _check(message: SipMessage, *, stream: bool) -> None:
    for name in _ONCE:
        if len(set(message.all(name))) > 1:
            raise SipProblem(400, f"More Than One {_spelled(name)}")
    for value in message.all("via"):
        parse_via(value)
    if message.has("content-length"):
        length = parse_number(message.get("content-length"), MESSAGE_MAX_BYTES, "Content-Length")
        if length > len(message.body):
            raise SipProblem(400, "Content-Length Too Large")
        message.body = message.body[:length]
    elif stream:
        message.body = b""
    _ = message.cseq


def _fits(response: SipResponse, *, stream: bool) -> bool:
    try:
        _check(response, stream=stream)
        _ = response.sender, response.receiver
    except SipProblem:
        return False
    return bool(100 <= response.code < 700 and response.call_id)


def _tag_in(value: str) -> bool:
    try:
        return bool(parse_address(value).tag)
    except SipProblem:
        return True  # it cannot be told, and stays as it is


def _spelled(name: str) -> str:
    return _SPELLED.get(name) or "-".join(part.capitalize() for part in name.split("-"))
