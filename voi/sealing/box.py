"""Seals bytes with a key: AES-256-GCM, a random nonce of 96 bits in front (NIST SP 800-38D)."""

import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from voi.errors import VoiError

KEY_BYTES = 32
NONCE_BYTES = 12
TAG_BYTES = 16
OVERHEAD_BYTES = NONCE_BYTES + TAG_BYTES


class Unreadable(VoiError):
    """The box was sealed with another key or for another place, or it is damaged."""


def new_key() -> bytes:
    """A random key."""
    return os.urandom(KEY_BYTES)


def derived_key(secret: str, purpose: str) -> bytes:
    """A key made from a long random secret (HKDF-SHA256, RFC 5869). Each `purpose` has a key of its own."""
    return HKDF(hashes.SHA256(), KEY_BYTES, salt=None, info=f"voi {purpose}".encode()).derive(secret.encode())


def seal(key: bytes, plain: bytes, place: bytes) -> bytes:
    """The box: nonce, ciphertext, tag. It opens only with the same `place`, which says where it belongs, so that a box
    moved elsewhere is noticed."""
    nonce = os.urandom(NONCE_BYTES)
    return nonce + AESGCM(key).encrypt(nonce, plain, place)


def unseal(key: bytes, box: bytes, place: bytes) -> bytes:
    """What is in the box. Raises Unreadable."""
    try:
        return AESGCM(key).decrypt(box[:NONCE_BYTES], box[NONCE_BYTES:], place)
    except (InvalidTag, ValueError):
        raise Unreadable("This was encrypted with another key, or it is damaged.") from None
