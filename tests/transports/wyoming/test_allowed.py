"""Who may connect."""

import pytest

from voi.errors import ConfigError
from voi.transports.wyoming.allowed import Allowed, is_loopback


def test_this_machine_alone_unless_more_is_said() -> None:
    allowed = Allowed([])
    assert [allowed.has(host) for host in ("127.0.0.1", "::1", "::ffff:127.0.0.1")] == [True] * 3
    assert [allowed.has(host) for host in ("192.168.1.7", "fe80::1%eth0", "", "nowhere")] == [False] * 4


def test_networks_and_addresses() -> None:
    allowed = Allowed(["192.168.1.0/24", "10.0.0.5", "fe80::/10"])
    assert [allowed.has(host) for host in ("192.168.1.7", "10.0.0.5", "fe80::1%eth0")] == [True] * 3
    assert [allowed.has(host) for host in ("192.168.2.7", "10.0.0.6", "127.0.0.1")] == [False] * 3
    everybody = Allowed(["any"])
    assert everybody.has("203.0.113.9")
    assert everybody.has("2001:db8::1")


@pytest.mark.parametrize("wrong", ["home", "192.168.1.5/24", "300.1.1.1"])
def test_what_is_no_network(wrong: str) -> None:
    with pytest.raises(ConfigError, match="neither an address"):
        Allowed([wrong])


def test_loopback() -> None:
    assert [is_loopback(host) for host in ("localhost", "127.0.0.5", "::1")] == [True] * 3
    assert [is_loopback(host) for host in ("0.0.0.0", "::", "home.local")] == [False] * 3
