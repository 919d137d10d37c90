"""Who may be called."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voi.errors import ClientError
from voi.transports.telephone.outgoing.destinations import parse_destination, refusal


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("+49 30 123456", "+4930123456"), ("tel:+49-30-123456;phone-context=x", "+4930123456"),
        (" +49 (30) 12.34/56 ", "+4930123456"), ("sip:Anna@PBX.Example.com:5070", "sip:Anna@pbx.example.com:5070"),
        ("sips:+4930123456@trunk.example", "sips:+4930123456@trunk.example"),
        ("sip:%61nn%61@pbx.example", "sip:anna@pbx.example"),
    ],
)  # fmt: skip
def test_what_is_called_has_one_form(text: str, address: str) -> None:
    assert parse_destination(text).address == address


@pytest.mark.parametrize(
    "text",
    ["", "030123456", "0049301234", "112", "+4930\r\n123456", "sip:anna", "sip:an na@x.example", "sip:a@x..example",
     "sip:a@x.example;transport=udp", "tel:112", "http://x", "+49301234567890123", "sip:a@[::1]", "+49O30123",
     "sip:a%40b@x.example", "sip:a%0d%0ab@x.example", "sip:%2531@x.example", "sip:a%@x.example", "x" * 400],
)  # fmt: skip
def test_what_is_no_destination(text: str) -> None:
    with pytest.raises(ClientError) as error:
        parse_destination(text)
    assert "30123" not in str(error.value).replace("+4930123456", "")


@pytest.mark.parametrize(
    ("to", "allow", "why"),
    [
        ("+4930123456", (), "not_allowed"), ("+4930123456", ("+49*",), ""), ("+4930123456", ("+4930123456",), ""),
        ("+49301234567", ("+4930123456",), "not_allowed"), ("+33123456789", ("+49*",), "not_allowed"),
        ("+49900123456", ("+49*", "+49900*"), "premium"), ("+88216123456", ("+882*",), "premium"),
        ("+49116117", ("+49*",), "emergency"), ("sip:112@pbx.example", ("sip:*@pbx.example",), "emergency"),
        ("sip:0112@pbx.example", ("sip:*@pbx.example",), "emergency"),
        ("sip:%3112@pbx.example", ("sip:*@pbx.example",), "emergency"),
        ("sip:%2B49900123456@pbx.example", ("sip:*@pbx.example",), "premium"),
        ("sip:0049900123456@pbx.example", ("sip:*@pbx.example",), "premium"),
        ("sip:anna@pbx.example", ("sip:*@pbx.example",), ""), ("sip:anna@pbx.example", ("sip:ANNA@pbx.example",), ""),
        ("sip:anna@a.pbx.example", ("sip:*@*.pbx.example",), ""),
        ("sip:anna@evilpbx.example", ("sip:*@*.pbx.example",), "not_allowed"),
        ("sip:anna@pbx.example:5080", ("sip:*@pbx.example",), "not_allowed"),
        ("sip:+49900123456@trunk.example", ("sip:*@trunk.example",), "premium"),
        ("sip:+4930123456@trunk.example", ("+49*",), "not_allowed"),
        ("+18765551234", ("+1*",), "not_allowed"), ("+18765551234", ("+1876*",), ""), ("+12125551234", ("+1*",), ""),
    ],
)  # fmt: skip
def test_what_is_allowed(to: str, allow: tuple[str, ...], why: str) -> None:
    assert refusal(parse_destination(to), allow, ()) == why


def test_denied_whatever_is_allowed() -> None:
    assert refusal(parse_destination("+4930999"), ("+49*",), ("+4930999*",)) == "denied"
    assert refusal(parse_destination("+18765551234"), ("+1876*",), ("+1*",)) == "denied"
    assert refusal(parse_destination("sip:+4930999@trunk.example"), ("sip:*@trunk.example",), ("+49*",)) == "denied"
    assert refusal(parse_destination("sip:anna@trunk.example"), ("sip:*@trunk.example",), ("+49*",)) == ""


def test_no_number_is_shown_by_accident() -> None:
    assert "30123456" not in repr(parse_destination("+4930123456"))


@given(st.text(max_size=60))
def test_whatever_is_written(text: str) -> None:
    try:
        found = parse_destination(text)
    except ClientError:
        return
    assert parse_destination(found.address) == found
    assert found.address.isascii()
    assert not set(found.address) & set(" \r\n<>\"';,")
