"""Who may ask: clients with a token of this server, which OpenAI's clients send as their API key."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field

from fastapi import Request

from voi.calls.calls import Calls
from voi.calls.claims import TokenClaims
from voi.config.config import Config
from voi.engines.startup import Engines
from voi.errors import ClientError
from voi.server.auth import bearer
from voi.server.openai.failures import Failures, OpenAiError
from voi.server.openai.own_calls import CalledBeside
from voi.transports.realtime.client_secrets import ClientSecrets
from voi.transports.realtime.webrtc import RealtimeOverWebRtc
from voi.use import Use


@dataclass(frozen=True, slots=True)
class OpenAiServices:
    """What the endpoints need of the server. `config` returns the current configuration, `engines` the running engines
    (None while starting). `check_token` returns what a token says, or raises ClientError. `on_use` is told what was
    used for an app outside of calls, and `tokens_of` returns the tokens that a call took and gave."""

    config: Callable[[], Config]
    engines: Callable[[], Engines | None]
    calls: Calls
    check_token: Callable[[str], TokenClaims]
    on_use: Callable[[str, Use], None]
    tokens_of: Callable[[str], tuple[int, int]]
    failures: Failures
    client_secrets: ClientSecrets | None = None
    """Issues client secrets for the Realtime protocol; None: that is not served."""
    webrtc: RealtimeOverWebRtc | None = None
    """Takes Realtime clients over WebRTC; None: the protocol is not served."""
    own_calls: CalledBeside = field(default_factory=CalledBeside)
    """What agents' tools returned that were called together with functions of clients."""

    def running(self) -> Engines:
        """The engines. Raises OpenAiError while the server starts."""
        if (engines := self.engines()) is None:
            raise OpenAiError(503, "The server is starting.", "no_place")
        return engines

    def check(self, request: Request) -> None:
        """Note whose request it is. Raises OpenAiError for callers without a valid token."""
        token = bearer(request.headers.get("Authorization", ""))
        if not token:
            raise OpenAiError(401, "No token was given: send it as Authorization: Bearer TOKEN.")
        try:
            claims = self.check_token(token)
        except ClientError as error:
            raise OpenAiError(401, str(error)) from None
        request.state.app, request.state.person = claims.app, claims.person
        request.state.own_agents, request.state.token_id = claims.own_agents, claims.id

    def may_change(self, field: str, request: Request) -> bool:
        """Whether the client that `check` let in may change that field of an agent. It is counted if its app may change
        none."""
        rights, app = self.config().client_agents, app_of(request)
        if not (request.state.own_agents or rights.allow_app(app)):
            self.calls.services.ungranted.note(app, self.calls.services.metrics)
            return False
        return rights.allow_field(field)

    def place(self, app: str) -> AbstractContextManager[None]:
        """See `Admission.place`."""
        return self.calls.admission.place(app)


def app_of(request: Request) -> str:
    """The app whose token the request brought; "": it brought none."""
    return str(getattr(request.state, "app", ""))
