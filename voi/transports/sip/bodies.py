"""Bodies of messages: the session description in them, keys in INFO, and the status line in NOTIFY."""

import re

from voi.transports.sip.fields import parse_params
from voi.transports.sip.message import SipMessage
from voi.transports.sip.problem import SipProblem

SDP = "application/sdp"
PARTS_MAX = 8
_SIGNAL = re.compile(r"^\s*Signal\s*[=:]\s*(\d{1,2}|[A-D*#])\s*$", re.IGNORECASE | re.MULTILINE)
_FRAG = re.compile(rb"\s*SIP/2\.0 (\d{3})\b")
KEYS = "0123456789*#ABCD"


def sdp_in(message: SipMessage) -> bytes:
    """The session description, alone or as a part of several; b"": there is none."""
    if message.content_type == SDP:
        return message.body
    if not message.content_type.startswith("multipart/"):
        return b""
    try:
        params = dict(parse_params(";" + message.get("content-type").partition(";")[2]))
    except SipProblem:
        return b""
    boundary = (params.get("boundary") or "").encode("utf-8", "surrogateescape")
    if not 0 < len(boundary) <= 70:
        return b""
    for part in message.body.split(b"--" + boundary)[1 : PARTS_MAX + 1]:
        head, _, body = part.lstrip(b"\r\n").partition(b"\r\n\r\n")
        if re.search(rb"(?im)^(content-type|c)[ \t]*:[ \t]*application/sdp\b", head):
            return body
    return b""


def key_in(message: SipMessage) -> str:
    """The key that an INFO says was pressed; "": none."""
    text = message.body[:200].decode("ascii", "replace")
    if message.content_type == "application/dtmf-relay":
        found = _SIGNAL.search(text)
        key = found[1].upper() if found else ""
    elif message.content_type == "application/dtmf":
        key = text.strip().upper()
    else:
        return ""
    if key in ("10", "11"):  # the numbers of RFC 4733
        key = {"10": "*", "11": "#"}[key]
    return key if len(key) == 1 and key in KEYS else ""


def status_in(message: SipMessage) -> int:
    """The status code in a message/sipfrag (RFC 3420); 0: there is none."""
    found = _FRAG.match(message.body)
    return int(found[1]) if found else 0
