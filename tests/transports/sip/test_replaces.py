"""The header Replaces (RFC 3891)."""

import pytest

from voi.transports.sip.problem import SipProblem
from voi.transports.sip.replaces import Replaces, parse_replaces, replaces_asked


@pytest.mark.parametrize(
    "text",
    ["98732@sip.example.com;from-tag=r33th4x0r;to-tag=ff87ff",
     "425928@bobster.example.org;to-tag=7743;from-tag=6472;early-only",
     "12adf2f34456gs5;to-tag=12345;from-tag=54321"],
)  # fmt: skip
def test_examples_of_the_rfc(text: str) -> None:
    read = parse_replaces(text)
    assert parse_replaces(str(read)) == read
    assert read.early_only == ("early-only" in text)


@pytest.mark.parametrize(
    "text",
    ["", "a", "a;to-tag=1", "a;from-tag=1", "a;to-tag=;from-tag=1", "a b;to-tag=1;from-tag=2",
     "a;to-tag=1;from-tag=2\r\nVia: x", 'a;to-tag="1 2";from-tag=2', "a" * 300 + ";to-tag=1;from-tag=2"],
)  # fmt: skip
def test_what_is_none(text: str) -> None:
    with pytest.raises(SipProblem):
        parse_replaces(text)


def test_in_an_address() -> None:
    asked = replaces_asked("Replaces=a%40b%3Bto-tag%3D1%3Bfrom-tag%3D2&Require=replaces")
    assert asked == Replaces("a@b", "1", "2")
    assert replaces_asked("") is None
    for wrong in ("Replaces=a", "Replaces=a%3Bto-tag%3D1%3Bfrom-tag%3D2&replaces=b",
                  "Replaces=a%0d%0aVia:x%3Bto-tag%3D1%3Bfrom-tag%3D2"):  # fmt: skip
        with pytest.raises(SipProblem):
            replaces_asked(wrong)
