"""Digest credentials (RFC 7616 and 8760): challenges are answered, and asked."""

import hashlib
import hmac
import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice

from voi.transports.sip.fields import quoted_string

_HASHES = {"MD5": hashlib.md5, "SHA-256": hashlib.sha256}
_FIELD = re.compile(r'[\s,]*+([A-Za-z0-9_-]++)\s*+=\s*+("(?:[^"\\]|\\.)*+"|[^\s,"]*+)\s*+(?:,|$)')
"""Possessive: what does not match is given up at once. A peer writes these headers, and a search that tries again at
each character took 28 ms for one of them."""
_CHALLENGE_MAX = 2_048
_FIELDS_MAX = 32
_CHALLENGES_MAX = 8
"""Of one response: one for each algorithm, of a server and of a proxy before it."""
_NONCE_S = 300.0


@dataclass(frozen=True, slots=True)
class Challenge:
    """`proxy`: it came as Proxy-Authenticate."""

    realm: str
    nonce: str
    algorithm: str = "MD5"
    opaque: str | None = None
    qop: bool = False
    stale: bool = False
    proxy: bool = False

    @property
    def header(self) -> str:
        """The header that answers it."""
        return "Proxy-Authorization" if self.proxy else "Authorization"


def read_fields(value: str) -> dict[str, str]:
    """The fields of `Digest name="value", …`, up to the first that is none; {} if it is no such header."""
    scheme, _, rest = value.strip().partition(" ")
    if scheme.lower() != "digest" or len(value) > _CHALLENGE_MAX:
        return {}
    fields: dict[str, str] = {}
    at = 0
    while len(fields) < _FIELDS_MAX and (found := _FIELD.match(rest, at)) is not None:
        name, text = found.groups()
        fields[name.lower()] = re.sub(r"\\(.)", r"\1", text[1:-1]) if text.startswith('"') else text
        at = found.end()
    return fields


def best_challenge(values: Iterable[tuple[str, bool]]) -> Challenge | None:
    """The strongest of the first few that can be answered. `values`: of WWW-Authenticate (False) and Proxy-Authenticate
    (True)."""
    found = []
    for value, proxy in islice(values, _CHALLENGES_MAX):
        fields = read_fields(value)
        algorithm = fields.get("algorithm", "MD5").upper()
        qops = {each.strip().lower() for each in fields.get("qop", "").split(",") if each.strip()}
        if not fields.get("nonce") or algorithm not in _HASHES or (qops and "auth" not in qops):
            continue
        stale = fields.get("stale", "").lower() == "true"
        found.append(Challenge(fields.get("realm", ""), fields["nonce"], algorithm, fields.get("opaque"), bool(qops),
                               stale, proxy))  # fmt: skip
    return max(found, key=lambda each: each.algorithm == "SHA-256", default=None)


def answer_of(
    challenge: Challenge, user: str, password: str, method: str, uri: str, count: int = 1, cnonce: str = ""
) -> str:
    """The value of the header that answers the challenge. `count`: how often its nonce was used, with this time."""
    cnonce = cnonce or secrets.token_hex(8)
    nc = f"{count:08x}"
    response = _response(challenge.algorithm, user, challenge.realm, password, method, uri, challenge.nonce,
                         nc if challenge.qop else "", cnonce)  # fmt: skip
    fields = [f"username={quoted_string(user)}", f"realm={quoted_string(challenge.realm)}",
              f"nonce={quoted_string(challenge.nonce)}", f"uri={quoted_string(uri)}", f'response="{response}"',
              f"algorithm={challenge.algorithm}"]  # fmt: skip
    if challenge.opaque is not None:
        fields.append(f"opaque={quoted_string(challenge.opaque)}")
    if challenge.qop:
        fields += ["qop=auth", f"nc={nc}", f'cnonce="{cnonce}"']
    return "Digest " + ", ".join(fields)


def _response(
    algorithm: str, user: str, realm: str, password: str, method: str, uri: str, nonce: str, nc: str, cnonce: str
) -> str:
    def hashed(text: str) -> str:
        return _HASHES[algorithm](text.encode("utf-8", "surrogateescape")).hexdigest()

    first, second = hashed(f"{user}:{realm}:{password}"), hashed(f"{method}:{uri}")
    return hashed(f"{first}:{nonce}:{nc}:{cnonce}:auth:{second}" if nc else f"{first}:{nonce}:{second}")


class DigestGate:
    """Asks callers of a trunk for user and password. Nonces carry their own time, so nothing is kept of strangers."""

    def __init__(self, realm: str) -> None:
        self._realm = realm
        self._key = secrets.token_bytes(32)

    def challenges(self, now_s: float, *, stale: bool = False) -> list[tuple[str, str]]:
        """Headers of a 401, the stronger algorithm first."""
        nonce = self._nonce(int(now_s))
        tail = ", stale=true" if stale else ""
        return [("WWW-Authenticate", f'Digest realm={quoted_string(self._realm)}, nonce="{nonce}", '
                 f'algorithm={algorithm}, qop="auth"{tail}') for algorithm in ("SHA-256", "MD5")]  # fmt: skip

    def proven(self, value: str, user: str, password: str, method: str, now_s: float) -> bool | None:
        """Whether the Authorization header proves that user; None: its nonce is too old."""
        fields = read_fields(value)
        algorithm = fields.get("algorithm", "MD5").upper()
        nonce = fields.get("nonce", "")
        if algorithm not in _HASHES or fields.get("username") != user or fields.get("qop") != "auth":
            return False
        if fields.get("realm") != self._realm:
            return False
        want = _response(algorithm, user, self._realm, password, method, fields.get("uri", ""), nonce,
                         fields.get("nc", ""), fields.get("cnonce", ""))  # fmt: skip
        if not fields.get("nc") or not _same(want, fields.get("response", "")):
            return False
        made = nonce.partition("-")[0]
        at_s = int(made, 16) if re.fullmatch(r"[0-9a-f]{1,12}", made) else 0
        if not _same(self._nonce(at_s), nonce):
            return None
        return True if 0 <= now_s - at_s <= _NONCE_S else None

    def _nonce(self, at_s: int) -> str:
        return f"{at_s:x}-{hmac.digest(self._key, str(at_s).encode(), 'sha256').hex()[:32]}"


def _same(ours: str, said: str) -> bool:
    """`said`: out of any bytes."""
    return hmac.compare_digest(ours.encode(), said.encode("utf-8", "surrogateescape"))
