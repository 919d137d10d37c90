"""Messages as bytes: what is read from them, and what is written."""

import pytest

from voi.errors import ClientError
from voi.transports.sip.bodies import key_in, sdp_in, status_in
from voi.transports.sip.dialog import SipDialog
from voi.transports.sip.fields import (
    parse_address,
    parse_cseq,
    parse_params,
    parse_via,
    quoted_string,
    split_list,
)
from voi.transports.sip.framing import SipStream
from voi.transports.sip.message import SipRequest, SipResponse, read_message
from voi.transports.sip.problem import SipProblem
from voi.transports.sip.uri import parse_uri

INVITE = (
    b"INVITE sip:bob@192.0.2.2 SIP/2.0\r\n"
    b"Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK1;rport\r\n"
    b"Max-Forwards: 70\r\n"
    b'From: "Anna \\"A\\"" <sip:anna@192.0.2.1>;tag=a1\r\n'
    b"To: <sip:bob@192.0.2.2>\r\n"
    b"Call-ID: c1@192.0.2.1\r\n"
    b"CSeq: 7 INVITE\r\n"
    b"Contact: <sip:anna@192.0.2.1:5060>\r\n"
    b"Record-Route: <sip:p1.example.com;lr>, <sip:p2.example.com;lr>\r\n"
    b"Content-Type: application/sdp\r\n"
    b"Content-Length: 5\r\n"
    b"\r\n"
    b"v=0\r\n"
)


def invite() -> SipRequest:
    message = read_message(INVITE)
    assert isinstance(message, SipRequest)
    assert message.problem is None
    return message


def test_a_message_is_written_as_it_was_read() -> None:
    assert invite().encode() == INVITE.replace(b"Content-Length: 5\r\n", b"", 1).replace(
        b"application/sdp\r\n", b"application/sdp\r\nContent-Length: 5\r\n"
    )


def test_what_stands_in_it() -> None:
    message = invite()
    assert (message.method, message.uri, message.cseq, message.call_id) == (
        "INVITE", "sip:bob@192.0.2.2", (7, "INVITE"), "c1@192.0.2.1"
    )  # fmt: skip
    assert (message.sender.display, message.sender.tag) == ('Anna "A"', "a1")
    assert (message.via.host, message.via.port, message.via.branch, message.via.param("rport")) == (
        "192.0.2.1", 5060, "z9hG4bK1", ""
    )  # fmt: skip
    assert message.all("record-route") == ["<sip:p1.example.com;lr>", "<sip:p2.example.com;lr>"]
    assert message.body == b"v=0\r\n"


def test_a_response_to_it() -> None:
    assert invite().response(486, headers=(("Retry-After", "5"),), tag="b1").encode() == (
        b"SIP/2.0 486 Busy Here\r\n"
        b"Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK1;rport\r\n"
        b'From: "Anna \\"A\\"" <sip:anna@192.0.2.1>;tag=a1\r\n'
        b"To: <sip:bob@192.0.2.2>;tag=b1\r\n"
        b"Call-ID: c1@192.0.2.1\r\n"
        b"CSeq: 7 INVITE\r\n"
        b"Retry-After: 5\r\n"
        b"Content-Length: 0\r\n\r\n"
    )


def test_compact_names_and_lone_line_feeds() -> None:
    message = read_message(b"BYE sip:b@h SIP/2.0\nv: SIP/2.0/TCP h;branch=z9hG4bK2\nf: <sip:a@h>;tag=1\n"
                           b"t: <sip:b@h>;tag=2\ni: x\nCSeq: 1 BYE\nl: 0\n\n")  # fmt: skip
    assert isinstance(message, SipRequest)
    assert message.problem is None
    assert message.receiver.tag == "2"


@pytest.mark.parametrize(
    "data", [b"", b"\r\n\r\n", b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", b"\xff" * 200, b"SIP/2.0 20\r\n\r\n"]
)
def test_what_is_no_sip(data: bytes) -> None:
    assert read_message(data) is None


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("sip:anna:pw@Host.Example:5070;transport=TCP;lr?Subject=x", ("sip", "anna", "host.example", 5070)),
        ("sips:[2001:db8::1]:5061", ("sips", "", "2001:db8::1", 5061)),
        ("sip:%61nna%40x@h", ("sip", "anna@x", "h", None)),
        ("tel:+49-30-(12)34.56;phone-context=x", ("tel", "+4930123456", "", None)),
        ("SIP:user;par=u%40example.net@example.com", ("sip", "user;par=u@example.net", "example.com", None)),
    ],
)
def test_addresses(text: str, parts: tuple[str, str, str, int | None]) -> None:
    uri = parse_uri(text)
    assert (uri.scheme, uri.user, uri.host, uri.port) == parts
    assert parse_uri(str(uri)) == parse_uri(str(parse_uri(str(uri))))


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("sip:", 400),
        ("sip:a@h:0", 400),
        ("sip:a@h:70000", 400),
        ("http://x", 416),
        ("sip:a b@h", 400),
        ("x", 400),
        ("sip:" + "a" * 3_000 + "@h", 414),
    ],
)
def test_what_is_no_address(text: str, code: int) -> None:
    with pytest.raises(SipProblem) as problem:
        parse_uri(text)
    assert problem.value.code == code


def test_values_of_headers() -> None:
    assert parse_address("sip:a@h;tag=1;x").params == (("tag", "1"), ("x", None))
    assert parse_address("<sip:a@h;tag=1>").params == ()
    assert parse_address('"a, <b>" <sip:a@h>').display == "a, <b>"
    assert parse_address("Anna  A <sip:a@h> ; tag = t").tag == "t"
    assert split_list('"a,b" <sip:x,y>, <sip:z>,, w') == ['"a,b" <sip:x,y>', "<sip:z>", "w"]
    assert parse_cseq(" 0009   INVITE ") == (9, "INVITE")
    assert parse_params(';a="x;y";b') == (("a", "x;y"), ("b", None))
    assert str(parse_via("SIP / 2.0 / udp  [2001:db8::1] : 5060 ;branch=1;rport")) == (
        "SIP/2.0/UDP [2001:db8::1]:5060;branch=1;rport"
    )
    assert quoted_string('a"\\\r\nb') == '"a\\"\\\\  b"'


@pytest.mark.parametrize("text", ["a b <sip:x", "<sip:x> junk", '"open <sip:x>', "", "sip:a b", "<<sip:x>>"])
def test_bad_addresses(text: str) -> None:
    with pytest.raises(SipProblem):
        parse_address(text)


def test_reading_takes_no_longer_for_hostile_text() -> None:
    """Regular expressions that go back again and again would need minutes."""
    for text in ("a " * 30_000, " " * 60_000, '"' + "\\" * 60_000, "a" * 60_000 + " ", ";" * 60_000, "<" * 60_000):
        for parse in (parse_address, parse_via, parse_params, split_list):
            try:
                parse(text)
            except SipProblem:
                continue
    assert (
        read_message(b"OPTIONS sip:a@b SIP/2.0\r\nX:" + b" " * 30_000 + b"y" + b" " * 30_000 + b"\r\n\r\n") is not None
    )


def test_a_stream_in_any_pieces() -> None:
    whole = b"\r\n\r\n" + INVITE + INVITE.replace(b"Content-Length", b"l") + b"\r\n"
    for size in (1, 3, 50, len(whole)):
        stream = SipStream()
        found = [message for at in range(0, len(whole), size) for message in stream.push(whole[at : at + size])]
        assert [len(each) for each in found] == [len(INVITE), len(INVITE) - 13]
        assert stream.pings == 1


@pytest.mark.parametrize("data", [b"x" * 70_000, b"A: b\r\nContent-Length: 999999\r\n\r\n"])
def test_a_stream_that_is_too_large(data: bytes) -> None:
    with pytest.raises(ClientError):
        SipStream().push(data)


def test_bodies() -> None:
    parts = b"--x\r\nContent-Type: text/plain\r\n\r\nhi\r\n--x\r\nContent-Type: application/sdp\r\n\r\nv=0\r\n--x--\r\n"
    message = SipRequest([("content-type", 'multipart/mixed; boundary="x"')], parts)
    assert sdp_in(message) == b"v=0\r\n"
    assert sdp_in(SipRequest([("content-type", "text/plain")], b"v=0")) == b""
    for kind, body, key in (
        ("application/dtmf-relay", b"Signal=5\r\nDuration=160", "5"), ("application/dtmf-relay", b"Signal= *\r\n", "*"),
        ("application/dtmf-relay", b"Signal=11", "#"), ("application/dtmf", b"7", "7"), ("application/dtmf", b"77", ""),
        ("application/dtmf-relay", b"nothing", ""), ("text/plain", b"5", ""), ("application/dtmf", b"d", "D"),
    ):  # fmt: skip
        assert key_in(SipRequest([("content-type", kind)], body)) == key
    assert status_in(SipRequest([], b"SIP/2.0 486 Busy")) == 486
    assert status_in(SipRequest([], b"HTTP")) == 0


def test_requests_of_a_dialog_go_where_the_other_side_wants_them() -> None:
    dialog = SipDialog.of_callee(invite(), "b1")
    request = dialog.request("BYE")
    assert request.uri == "sip:anna@192.0.2.1:5060"
    assert request.all("route") == ["<sip:p1.example.com;lr>", "<sip:p2.example.com;lr>"]
    assert request.get("to") == '"Anna \\"A\\"" <sip:anna@192.0.2.1>;tag=a1'
    assert str(dialog.next_hop()) == "sip:p1.example.com;lr"
    response = read_message(INVITE.replace(b"INVITE sip:bob@192.0.2.2 SIP/2.0", b"SIP/2.0 200 OK")
                            .replace(b"To: <sip:bob@192.0.2.2>", b"To: <sip:bob@192.0.2.2>;tag=b1"))  # fmt: skip
    assert isinstance(response, SipResponse)
    mine = SipDialog.of_caller(invite(), response)
    assert mine.route == ["<sip:p2.example.com;lr>", "<sip:p1.example.com;lr>"]
    mine.route = ["<sip:strict.example.com>", "<sip:p1.example.com;lr>"]
    strict = mine.request("BYE")
    assert strict.uri == "sip:strict.example.com"
    assert strict.all("route") == ["<sip:p1.example.com;lr>", "<sip:anna@192.0.2.1:5060>"]
