"""Self-signed certificates."""

import ssl
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509

from voi.errors import ConfigError
from voi.server.certificate import write_self_signed


def test_it_is_for_this_machine_and_the_key_is_private(tmp_path: Path) -> None:
    cert, key = write_self_signed(tmp_path / "certs", ["voi.example", "10.1.2.3", "bücher.example"], 30)
    assert key.stat().st_mode & 0o777 == 0o600
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    names = x509.load_pem_x509_certificate(cert.read_bytes()).extensions.get_extension_for_class(
        x509.SubjectAlternativeName
    )  # fmt: skip
    assert {"localhost", "voi.example", "xn--bcher-kva.example"} <= set(names.value.get_values_for_type(x509.DNSName))
    addresses = {ip_address("127.0.0.1"), ip_address("::1"), ip_address("10.1.2.3")}
    assert addresses <= set(names.value.get_values_for_type(x509.IPAddress))


def test_it_overwrites_only_by_force(tmp_path: Path) -> None:
    cert, key = write_self_signed(tmp_path, [], 30)
    before = cert.read_bytes(), key.read_bytes()
    cert.unlink()
    with pytest.raises(ConfigError, match=r"key\.pem exist"):
        write_self_signed(tmp_path, [], 30)
    assert key.read_bytes() == before[1]
    write_self_signed(tmp_path, [], 30, force=True)
    assert key.read_bytes() != before[1]


def test_wrong_hosts_and_folders(tmp_path: Path) -> None:
    for wrong in ("a" * 300, "a b", "", "http://x"):
        with pytest.raises(ConfigError, match="neither a name"):
            write_self_signed(tmp_path, [wrong], 30)
    write_self_signed(tmp_path, ["*.voi.example"], 30)
    (tmp_path / "file").write_text("x")
    with pytest.raises(ConfigError, match="cannot be written"):
        write_self_signed(tmp_path / "file", [], 30)
