import pytest

from voi.transports.forwarded import TrustedProxies

PROXIES = TrustedProxies(["10.0.0.0/8", "::1", "127.0.0.1"])
X, RFC = "x-forwarded-for", "forwarded"


def client(peer: str, *headers: tuple[str, str], proxies: TrustedProxies = PROXIES) -> str:
    return proxies.client_of(peer, lambda name: [value for key, value in headers if key == name])


@pytest.mark.parametrize(
    ("headers", "found"),
    [
        ([], "127.0.0.1"),
        ([(X, "203.0.113.7")], "203.0.113.7"),
        ([(X, "203.0.113.7:4711")], "203.0.113.7"),
        ([(X, "2001:db8::7")], "2001:db8::7"),
        ([(X, "[2001:db8::7]:80")], "2001:db8::7"),
        ([(X, "::ffff:203.0.113.7")], "203.0.113.7"),
        ([(X, "1.1.1.1, 203.0.113.7")], "203.0.113.7"),  # what the client itself had sent
        ([(X, "1.1.1.1, 203.0.113.7, 10.2.3.4")], "203.0.113.7"),
        ([(X, "1.1.1.1"), (X, "203.0.113.7"), (X, "10.2.3.4")], "203.0.113.7"),
        ([(X, "10.9.9.9, 10.2.3.4")], "10.9.9.9"),
        ([(X, "nonsense")], "127.0.0.1"),
        ([(X, "203.0.113.7, nonsense")], "127.0.0.1"),
        ([(X, "nonsense, 10.2.3.4")], "10.2.3.4"),
        ([(X, "")], "127.0.0.1"),
        ([(RFC, "for=203.0.113.7")], "203.0.113.7"),
        ([(RFC, 'For="[2001:db8::7]:4711";proto=https;by=10.1.1.1')], "2001:db8::7"),
        ([(RFC, "proto=https; for=203.0.113.7")], "203.0.113.7"),
        ([(RFC, "for=1.1.1.1, for=203.0.113.7;by=x, for=10.0.0.9")], "203.0.113.7"),
        ([(RFC, "for=unknown")], "127.0.0.1"),
        ([(RFC, "for=_hidden, for=10.0.0.9")], "10.0.0.9"),
        ([(RFC, "by=203.0.113.7")], "127.0.0.1"),
        ([(X, "203.0.113.7"), (RFC, "for=203.0.113.7")], "203.0.113.7"),
        ([(X, "203.0.113.7"), (RFC, "for=1.1.1.1")], "127.0.0.1"),  # one of the two is the client's invention
        ([(X, "1.1.1.1, " * 10_000 + "203.0.113.7")], "203.0.113.7"),
        ([(X, ", ".join(["10.0.0.1"] * 10_000))], "10.0.0.1"),
    ],
)
def test_a_trusted_proxy_is_believed(headers: list[tuple[str, str]], found: str) -> None:
    assert client("127.0.0.1", *headers) == found


@pytest.mark.parametrize("peer", ["203.0.113.1", "11.0.0.1", "::2", ""])
def test_others_are_not(peer: str) -> None:
    assert client(peer, (X, "1.1.1.1"), (RFC, "for=1.1.1.1")) == peer


def test_without_trusted_proxies_nobody_is() -> None:
    nobody = TrustedProxies([])
    assert not nobody
    assert client("127.0.0.1", (X, "1.1.1.1"), proxies=nobody) == "127.0.0.1"


def test_a_proxy_that_reaches_us_over_a_mapped_address() -> None:
    assert client("::ffff:10.0.0.1", (X, "1.1.1.1")) == "1.1.1.1"


@pytest.mark.parametrize("network", ["proxy.example", "10.0.0.1/8", "10.0.0.0/99", ""])
def test_what_is_no_network(network: str) -> None:
    with pytest.raises(ValueError, match=r"network|address|host bits|permitted"):
        TrustedProxies([network])
