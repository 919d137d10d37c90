"""Client secrets: short-lived keys for one agent, which an app's server requests for the browser of a person.

A secret says all that it stands for, signed, so that any process of the server can read it, and nothing is kept. It is
signed with another key than tokens are, so it is good for nothing else.
"""

import base64
import hashlib
import hmac
import secrets
import time
import zlib
from collections.abc import Sequence

import jwt
import orjson

from voi.errors import ClientError
from voi.transports.realtime.peer import RealtimeCaller

PREFIX = "ek_"
SECRET_MAX_CHARACTERS = 24_000
SESSION_MAX_BYTES = 256 * 1024
LIFE_MIN_S, LIFE_MAX_S, LIFE_USUAL_S = 10, 7_200, 600
_ALGORITHM = "HS256"
_PURPOSE = b"realtime client secret"
WRONG = "Incorrect API key provided: the client secret is not valid, or has expired."


class ClientSecrets:
    """Issues and reads client secrets. `token_secrets`: those that sign tokens, today's first. `clock`: s since
    1970."""

    def __init__(self, token_secrets: Sequence[str]) -> None:
        self._keys = [hmac.digest(each.encode(), _PURPOSE, hashlib.sha256) for each in token_secrets]

    def issue(self, caller: RealtimeCaller, life_s: int) -> tuple[str, int]:
        """A secret and when it expires, in s since 1970. Raises ClientError if the caller's session is too large for
        one, or has a number that is."""
        now_s = time.time()
        expires_s = int(now_s) + life_s
        try:
            session = orjson.dumps(caller.session or {})
        except TypeError:
            raise ClientError("The session has a number that is too large.") from None
        packed = base64.b64encode(zlib.compress(session)).decode()
        claims = {
            "app": caller.app, "sub": caller.person, "agent": caller.agent, "session": packed, "exp": expires_s,
            "jti": secrets.token_hex(8), "own_agents": caller.own_agents,
            "token": caller.token_id, "issued_ms": int(now_s * 1_000),
        }  # fmt: skip
        value = PREFIX + jwt.encode(claims, self._keys[0], algorithm=_ALGORITHM)
        if len(value) > SECRET_MAX_CHARACTERS:
            raise ClientError("The session is too large for a client secret: send the rest by session.update.")
        return value, expires_s

    def read(self, value: str) -> RealtimeCaller:
        """Whom a secret was issued for. Raises ClientError if it is not valid or has expired."""
        if len(value) > SECRET_MAX_CHARACTERS:
            raise ClientError(WRONG)
        for key in self._keys:
            try:
                claims = jwt.decode(value.removeprefix(PREFIX), key, algorithms=[_ALGORITHM])
                packed = base64.b64decode(claims["session"])
                session = orjson.loads(zlib.decompressobj().decompress(packed, SESSION_MAX_BYTES))
                return RealtimeCaller(
                    claims["app"], claims["sub"], claims["agent"], session, claims.get("own_agents") is True,
                    claims.get("token", ""), claims.get("issued_ms", 0),
                )  # fmt: skip
            except jwt.InvalidSignatureError:
                continue
            except (jwt.InvalidTokenError, KeyError, ValueError, TypeError, zlib.error):
                break
        raise ClientError(WRONG)
