"""Checks the picture addresses that clients give, against server-side request forgery (SSRF): a server that follows any
address can be made to call internal services.

Allowed are a picture as a `data:` URL, and an http(s) address with a public name. With https the fetcher (a provider,
or `pictures.py` for providers that do not fetch) checks the certificate for that name, so a name that resolves to an
internal address fails. With http nothing proves the name, so only `pictures.py` may fetch it.
"""

import re
from ipaddress import IPv6Network, ip_address
from urllib.parse import urlsplit

from voi.errors import ClientError

URL_MAX_CHARACTERS = 8_192
"""Longest address. Presigned ones have a few hundred to two thousand characters."""
_DATA = re.compile(r"data:image/[a-z0-9.+-]{1,40};base64,", re.IGNORECASE)
_PUBLIC_NAME = re.compile(r"(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9])?\.)+[a-z](?:[a-z0-9-]{0,61}[a-z0-9])\.?")
_INTERNAL_NAME = re.compile(r".*\.(?:local|localhost|localdomain|internal|intranet|private|corp|home|lan|arpa)\.?")
_PUBLIC_V6 = IPv6Network("2000::/3")
"""All that IANA has allocated for the public Internet; not loopback, link-local, multicast, translations."""
_AZURE_WIRE_SERVER = ip_address("168.63.129.16")
"""A public address that leads to the hypervisor of a virtual machine."""


def checked_picture_url(url: str) -> str:
    """The URL. Raises ClientError when it is neither `data:image/…;base64,…` nor http(s) with a public name."""
    if url[:5].lower() == "data:":
        header = _DATA.match(url)
        if header is None or url.find(":", header.end()) >= 0:  # every address has a colon, base64 never has one
            raise ClientError("image_url: a picture in a data: URL begins with data:image/…;base64,")
        return url
    return checked_public_url(url, "image_url: the address of a picture")


def checked_public_url(url: str, what: str = "the address") -> str:
    """The URL. Raises ClientError, which begins with `what`, when it is not http(s) with a public name."""
    if len(url) > URL_MAX_CHARACTERS:
        raise ClientError(f"{what} has at most {URL_MAX_CHARACTERS} characters.")
    try:
        parts = urlsplit(url)
        host, port = (parts.hostname or "").encode("idna").decode(), parts.port
    except ValueError:
        raise ClientError(f"{what} cannot be read.") from None
    if parts.scheme not in ("http", "https"):
        raise ClientError(f"{what} begins with https://; a picture may also be given as data:image/…;base64,…")
    if "@" in parts.netloc or "\\" in url or any(c.isspace() for c in url) or port == 0:
        raise ClientError(f"{what} cannot be read.")
    if not _PUBLIC_NAME.fullmatch(host) or _INTERNAL_NAME.fullmatch(host):
        raise ClientError(f"{what} needs a public name, such as bucket.example.com.")
    return url


def is_public(address: str) -> bool:
    """Whether this IP address belongs to the public Internet. Addresses that embed or translate others do not."""
    try:
        ip = ip_address(address)
    except ValueError:
        return False
    if ip.version == 6:
        return ip in _PUBLIC_V6 and ip.is_global and ip.sixtofour is None and ip.teredo is None
    return ip.is_global and not ip.is_multicast and not ip.is_reserved and ip != _AZURE_WIRE_SERVER
