"""How requests of tools sign in to a service: an access token by OAuth 2.0."""

from typing import Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, model_validator

from voi.config.parts import FileModel

Grant = Literal["refresh_token", "client_credentials", "jwt_bearer"]
_NEEDS: dict[Grant, tuple[str, ...]] = {
    "refresh_token": ("client_id", "refresh_token"),
    "client_credentials": ("client_id", "client_secret"),
    "jwt_bearer": ("client_id", "private_key", "subject", "audience"),
}
_LOOPBACK = ("127.0.0.1", "::1", "localhost")


class OAuthCredential(FileModel):
    """What an access token is asked for with. Secrets are references to environment variables: ${NAME}."""

    grant: Grant
    """refresh_token (RFC 6749, 6), client_credentials (4.4), or jwt_bearer: an assertion signed with RS256 (RFC
    7523)."""
    token_url: str = Field(max_length=2_000)
    """Where tokens are asked for."""
    client_id: str = ""
    """The app's, as the service has registered it."""
    client_secret: str = ""
    """The app's, for client_credentials, and for refresh_token where the service gave one."""
    refresh_token: str = ""
    """For refresh_token: what access tokens are asked for with."""
    private_key: str = ""
    """For jwt_bearer: an RSA key in PEM."""
    subject: str = ""
    """For jwt_bearer: the user in whose name requests are made."""
    audience: str = ""
    """For jwt_bearer: the server that the assertion is for."""
    scope: str = ""
    """Only where the server wants one."""
    scheme: str = Field(default="Bearer", pattern=r"^[A-Za-z][A-Za-z0-9-]{0,39}$")
    """The word before the token in the header Authorization."""

    @model_validator(mode="after")
    def _is_right(self) -> Self:
        if missing := [name for name in _NEEDS[self.grant] if not getattr(self, name)]:
            raise ValueError(f"needs {' and '.join(missing)}, for the grant {self.grant}")
        try:
            parts = urlsplit(self.token_url)
            right = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOOPBACK)
            right = right and bool(parts.hostname) and "@" not in parts.netloc
        except ValueError:
            right = False
        if not right:
            raise ValueError("needs a token_url like https://login.example.com/oauth2/token: it is sent secrets")
        return self
