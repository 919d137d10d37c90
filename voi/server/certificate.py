"""Self-signed TLS certificates (X.509, RFC 5280), for development."""

import os
import re
import socket
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from voi.errors import ConfigError

PRIVATE = 0o600
_HOST_NAME = re.compile(r"(\*\.)?[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*")


def write_self_signed(folder: Path, hosts: Sequence[str], days: int, *, force: bool = False) -> tuple[Path, Path]:
    """Write cert.pem and key.pem (readable by its owner only) and return their paths. Raises ConfigError if one of them
    exists already, unless `force`."""
    cert_file, key_file = folder / "cert.pem", folder / "key.pem"
    there = [str(path) for path in (cert_file, key_file) if path.exists()]
    if there and not force:
        raise ConfigError(f"{' and '.join(there)} exist already. To overwrite: --force")
    certificate, key = self_signed(hosts, days)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _write(key_file, key, PRIVATE)
        _write(cert_file, certificate, 0o644)
    except OSError as error:
        raise ConfigError(f"The certificate cannot be written: {error}") from None
    return cert_file, key_file


def self_signed(hosts: Sequence[str], days: int) -> tuple[bytes, bytes]:
    """Certificate and private key (PEM) for localhost, this machine's name, and `hosts`. Raises ConfigError for an
    invalid host."""
    names = list(dict.fromkeys(["localhost", "127.0.0.1", "::1", socket.gethostname(), *hosts]))
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Voi, for development")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=5))
        .not_valid_after(now + timedelta(days=days))
        .add_extension(x509.SubjectAlternativeName([_name(name) for name in names]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .sign(key, hashes.SHA256())
    )
    return (
        certificate.public_bytes(serialization.Encoding.PEM),
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        ),
    )  # fmt: skip


def _name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(host))
    except ValueError:
        pass
    try:
        name = host.encode("idna").decode("ascii")
    except UnicodeError:
        name = ""
    if not _HOST_NAME.fullmatch(name):
        raise ConfigError(f"{host!r} is neither a name nor an address of a machine.")
    return x509.DNSName(name)


def _write(path: Path, content: bytes, mode: int) -> None:
    """Write the file, created with its final mode, so that no other user can read it meanwhile."""
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
        file.write(content)
