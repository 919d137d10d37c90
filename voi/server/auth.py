"""The tokens that clients connect with (JWT, RFC 7519, HS256), and the API key with which other services request
them."""

import hmac
import re
import secrets
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from urllib.parse import unquote

import jwt

from voi.calls.claims import TokenClaims
from voi.errors import ClientError

ALGORITHM = "HS256"
MAX_TOKEN_CHARS = 4096
CLOCK_SKEW_S = 10
MAX_LIFE_DAYS = 3650.0
PERSON_MAX = 200
ID_MAX = 64
NAMES_PEOPLE = "names_people"
"""The claim of a token whose holder may say whom a conversation is with."""
_TOKEN_FORM = re.compile(r"eyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+", re.ASCII)
_APP = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", re.ASCII)


def checked_app(app: str) -> str:
    """The name itself, if it is a valid app name. Raises ClientError otherwise."""
    if not _APP.fullmatch(app):
        raise ClientError(
            "An app's name has 1 to 64 letters, digits, dots, dashes or underscores, and begins with a letter or digit."
        )
    return app


def issue_token(
    app: str,
    secret: str,
    life_days: float = 1.0,
    person: str = "",
    *,
    names_people: bool = False,
    own_agents: bool = False,
) -> str:
    """A token for that app, valid for `life_days`. `person`: whom it is for, in the app's own words (the claim `sub`),
    up to 200 characters. `names_people`: it is for a service of the app, which says in each conversation whom it is
    with. `own_agents`: its client may bring an agent of its own. It holds its expiry twice: as the standard `exp`, and
    as `expire` in naive local time, which is all that older servers read. Raises ClientError for an invalid app name,
    and for a token that has a person and names people."""
    checked_app(app)
    if not 0 < life_days <= MAX_LIFE_DAYS:
        raise ClientError(f"A token lives more than 0 and at most {MAX_LIFE_DAYS:.0f} days.")
    if len(person) > PERSON_MAX:
        raise ClientError(f"The name of a person has at most {PERSON_MAX} characters.")
    if person and names_people:
        raise ClientError("A token is for one person, or it names people itself: not both.")
    now = datetime.now(UTC)
    end = now + timedelta(days=life_days)
    claims = {
        "app": app,
        **({"sub": person} if person else {}),
        **({NAMES_PEOPLE: True} if names_people else {}),
        **({"own_agents": True} if own_agents else {}),
        "expire": end.astimezone().replace(tzinfo=None).isoformat(),
        "exp": end,
        "iat": now,
        "jti": secrets.token_hex(8),
    }
    return jwt.encode(claims, secret, algorithm=ALGORITHM)


def check_token(token: str, *secrets: str) -> str:
    """The app that the token is for. See `read_token`."""
    return read_token(token, *secrets).app


def read_token(token: str, *secrets: str) -> TokenClaims:
    """What the token says. One of `secrets` has signed it. Raises ClientError if the token is invalid or expired; its
    text never contains the token."""
    if not token:
        raise ClientError("Token validation error: no token was given. Connect to /ws?token=TOKEN.")
    if len(token) > MAX_TOKEN_CHARS:
        raise ClientError("Token validation error: the token is too long to be one.")
    try:
        claims = _claims(token, secrets)
    except jwt.InvalidAlgorithmError:
        raise ClientError(f"Token validation error: the token is not signed with {ALGORITHM}.") from None
    except jwt.InvalidSignatureError:
        raise ClientError("Token validation error: the token was not issued by this server.") from None
    except jwt.ImmatureSignatureError:
        raise ClientError("Token validation error: the token is not valid yet. Are the clocks right?") from None
    except (jwt.InvalidTokenError, ValueError, TypeError, OverflowError, RecursionError):
        raise ClientError("Token validation error: the token is malformed.") from None
    end = _end_of_life(claims)
    if end <= datetime.now(UTC):
        raise ClientError("Token validation error: the token has expired. Ask for a new one.")
    app = claims.get("app")
    if not isinstance(app, str) or not _APP.fullmatch(app):
        raise ClientError("Token validation error: the token does not name the app that it is for.")
    person, name, issued_s = claims.get("sub"), claims.get("jti"), claims.get("iat")
    return TokenClaims(
        app,
        person[:PERSON_MAX] if isinstance(person, str) else "",
        name[:ID_MAX] if isinstance(name, str) else "",
        int(issued_s * 1_000) if isinstance(issued_s, int | float) else 0,
        int(end.timestamp() * 1_000),
        claims.get(NAMES_PEOPLE) is True and not person,
        claims.get("own_agents") is True,
    )


def _claims(token: str, secrets: Sequence[str]) -> Mapping[str, object]:
    """What the token says. Raises the last secret's error if none of them has signed it."""
    for secret in secrets[:-1]:
        try:
            return _decoded(token, secret)
        except jwt.InvalidSignatureError:
            continue
    return _decoded(token, secrets[-1])


def _decoded(token: str, secret: str) -> Mapping[str, object]:
    # The skew applies to the beginning only: an expired token is expired.
    return jwt.decode(
        token, secret, algorithms=[ALGORITHM], leeway=CLOCK_SKEW_S,
        options={"verify_aud": False, "verify_exp": False},
    )  # fmt: skip


def token_in(query: str) -> str:
    """The value of `token` in a URL's raw query; "" if there is none. It is percent-decoded; a bare = or + stays."""
    for pair in query.split("&"):
        name, _, value = pair.partition("=")
        if name == "token":
            return unquote(value)
    return ""


def bearer(authorization: str) -> str | None:
    """The key in a header `Authorization: Bearer KEY`; None if there is none."""
    scheme, _, key = authorization.partition(" ")
    return key.strip() if scheme.lower() == "bearer" else None


def looks_like_token(text: str) -> bool:
    """Whether it has the form of a JWT, valid or not: three parts, of which the first is JSON."""
    return _TOKEN_FORM.fullmatch(text) is not None


def is_key(given: str, key: str) -> bool:
    """True if `given` is the key, compared in constant time."""
    return hmac.compare_digest(given.encode("utf-8", "replace"), key.encode())


def _end_of_life(claims: Mapping[str, object]) -> datetime:
    """When the token expires: its `exp` (seconds since 1970) or, without that, its `expire` (ISO 8601; without an
    offset, local time of the issuer). Raises ClientError if neither can be read."""
    seconds, expire = claims.get("exp"), claims.get("expire")
    if "exp" in claims:
        try:
            return datetime.fromtimestamp(float(seconds), UTC)  # type: ignore[arg-type]
        except (ValueError, TypeError, OverflowError, OSError):
            raise ClientError("Token validation error: the token's time of expiry is not a time.") from None
    if not isinstance(expire, str):
        raise ClientError("Token validation error: the token does not say when it expires.")
    try:
        return datetime.fromisoformat(expire).astimezone(UTC)
    except (ValueError, OverflowError, OSError):
        raise ClientError("Token validation error: the token's time of expiry is not a time.") from None
