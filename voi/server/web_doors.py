"""The doors at the server's HTTP port: WebSockets by their path, and Realtime over WebRTC."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial

from voi.calls.calls import Calls
from voi.calls.claims import TokenClaims
from voi.calls.handover import Handover
from voi.config.config import Config
from voi.config.settings import Settings
from voi.errors import ClientError
from voi.server.auth import bearer, token_in
from voi.server.metrics import Metrics
from voi.server.tokens import Tokens
from voi.server.usages import Usages
from voi.transports.media_ws.answering import REMEMBERED_S, PhoneAnswers
from voi.transports.media_ws.carriers import KINDS, media_path
from voi.transports.media_ws.connection import MediaWebSockets
from voi.transports.media_ws.seen_by_workers import SeenByWorkers
from voi.transports.media_ws.tickets import Tickets
from voi.transports.realtime.client_secrets import PREFIX, ClientSecrets
from voi.transports.realtime.connection import REALTIME_PATH, RealtimeWebSockets
from voi.transports.realtime.peer import RealtimeCaller, RealtimeServices
from voi.transports.realtime.webrtc import RealtimeOverWebRtc
from voi.transports.resumables import Resumables
from voi.transports.rtvi.connection import RtviWebSockets
from voi.transports.telephone.consultation import RingUpOf
from voi.transports.vocal.connection import VOCAL_PATH, VocalWebSockets
from voi.transports.voi_ws.connection import VoiWebSockets
from voi.transports.webrtc.settings import ice_settings
from voi.transports.websocket import Accept


class WebDoors:
    """`config` returns the configuration that holds now. `tokens` say who a client is, and `secrets` sign what clients
    are given besides; the first signs, all are accepted. `voices_of` returns the voices of a TTS model.
    `requests_left`: see `RealtimeServices`. `ring_up_of`: see `MediaWebSockets`. Raises
    ConfigError for settings of WebRTC that cannot be used."""

    def __init__(
        self,
        settings: Settings,
        calls: Calls,
        config: Callable[[], Config],
        tokens: Tokens,
        secrets: Sequence[str],
        voices_of: Callable[[str], tuple[str, ...]],
        requests_left: Callable[[str], tuple[int, int, float]],
        usages: Usages,
        metrics: Metrics,
        ring_up_of: RingUpOf,
    ) -> None:
        init_s, failed = settings.init_timeout_s, metrics.listener_request

        def check(query: str) -> TokenClaims:
            return tokens.check(token_in(query))

        ice = ice_settings(settings.webrtc_ice_servers, settings.webrtc_external_address)
        self.voi_ws = VoiWebSockets(calls, check, init_s, Resumables(settings.resume_s), handover_of(settings))
        rtvi = RtviWebSockets(calls, check, init_s)
        seen = (
            SeenByWorkers(settings.resume_dir / "telephone.seen", secrets[0], REMEMBERED_S)
            if settings.worker_name
            else None
        )
        tickets = Tickets(secrets[0], used=seen)
        self.phone_answers = PhoneAnswers(calls, tickets, config, failed, seen=seen)
        media = MediaWebSockets(calls, tickets, self.phone_answers, init_s, failed, ring_up_of=ring_up_of)
        carriers: Mapping[str, Accept] = {media_path(kind): partial(media.meet, kind) for kind in KINDS}
        vocal = VocalWebSockets(
            calls,
            lambda request: tokens.check(bearer(request.authorization) or token_in(request.query)),
            config, init_s, open_app_of(settings), settings.vocal_agent,
        )  # fmt: skip
        self.by_path: dict[str, Accept] = {
            "/ws": self.voi_ws.meet, "/rtvi": rtvi.meet, VOCAL_PATH: vocal.meet, **carriers,
        }  # fmt: skip
        """Who takes the WebSockets."""
        self.client_secrets: ClientSecrets | None = None
        """Keys for browsers; None: the Realtime protocol is switched off."""
        self.webrtc: RealtimeOverWebRtc | None = None
        if settings.realtime:
            self.client_secrets = ClientSecrets(secrets)
            realtime = RealtimeServices(
                calls, partial(_caller_of, tokens, self.client_secrets), voices_of, usages.tokens_of,
                Resumables(settings.resume_s), requests_left,
            )  # fmt: skip
            self.by_path[REALTIME_PATH] = RealtimeWebSockets(realtime).meet
            self.webrtc = RealtimeOverWebRtc(
                realtime, ice, settings.max_messages_per_s, metrics.webrtc.failed, metrics.webrtc.packets
            )  # fmt: skip


def open_app_of(settings: Settings) -> str:
    """The app of clients of the Vocal node that bring no token; "": they need one, as wherever others can reach the
    server."""
    return "" if settings.reachable else settings.vocal_open_app


def handover_of(settings: Settings) -> Handover | None:
    """Where calls are kept for another process; None: they are not."""
    if not settings.resume_restart_s:
        return None
    return Handover(settings.resume_dir, settings.resume_restart_s, shared=bool(settings.worker_name))


def _caller_of(tokens: Tokens, client_secrets: ClientSecrets, key: str) -> RealtimeCaller:
    """Whose a key of a Realtime client is: a token or a client secret. Raises ClientError."""
    if not key:
        raise ClientError("No token was given: send it as Authorization: Bearer TOKEN.")
    if key.startswith(PREFIX):
        caller = client_secrets.read(key)
        tokens.check_revoked(caller.token_id, caller.app, caller.issued_ms)
        return caller
    claims = tokens.check(key)
    return RealtimeCaller(claims.app, claims.person, own_agents=claims.own_agents)
