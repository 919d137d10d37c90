"""Genesys Cloud's AudioHook protocol, version 2, as its Audio Connector speaks it: JSON, and μ-law at 8 kHz in binary
messages both ways.

Sources: developer.genesys.cloud/devapps/audiohook (protocol reference, session walkthrough, security), and Genesys' own
servers (github.com/purecloudlabs/audiohook-reference-implementation). Requests are signed as RFC 9421 says.
Each message counts its side's messages (`seq`) and names the newest of the other side (`clientseq`), so there is one
object for each WebSocket. Genesys has no marks: it says when it begins to play and when it has played all. Only it ends
a session: the server asks for that (`disconnect`), Genesys says `close`, and the server answers `closed`.
"""

import base64
import binascii
from collections.abc import Iterable
from typing import Any, ClassVar

from voi.config.phones import CarrierKind
from voi.core.end_reason import FAILURES, REFUSALS, EndReason
from voi.errors import ClientError
from voi.session.events import Ended
from voi.transports.media_ws.carrier import (
    CallerKey,
    CallerSound,
    Carrier,
    CarrierComplains,
    CarrierPlays,
    CarrierWaits,
    FromCarrier,
    RingingCall,
    StreamStarted,
    StreamStopped,
    Unsigned,
)
from voi.transports.media_ws.codecs import MediaCodec
from voi.transports.media_ws.json_stream import CarrierJson, count_at, object_at, parsed, text_at, to_text
from voi.transports.media_ws.message_signature import checked
from voi.transports.websocket import Request

SOUND_MAX_BYTES = 64_000
"""Largest binary message that Genesys takes."""
FRESH_S = 30.0
NONCE_MIN_CHARS = 22
API_KEY_MAX_CHARS = 500
_PROBE = "00000000-0000-0000-0000-000000000000"
"""Ids of a session in which Genesys only finds out whether there is a server."""
_SIGNED = (
    "@request-target", "@authority", "audiohook-organization-id", "audiohook-session-id", "audiohook-correlation-id",
    "x-api-key",
)  # fmt: skip
_FAILED = frozenset({*FAILURES, *REFUSALS, EndReason.DRAINED})
"""What the flow in Genesys may want to go on from otherwise."""
_ULAW = MediaCodec("ulaw", 8_000)


class Genesys(Carrier):
    """Genesys Cloud's Audio Connector (AudioHook), with signed requests."""

    kind: ClassVar[CarrierKind] = "genesys"
    gathers_ms = 200
    """Genesys takes five messages with sound a second."""

    def __init__(self) -> None:
        self._id = ""
        self._organization = ""
        self._seq = 0
        self._client_seq = 0
        self._media: CarrierJson = {}
        """What was chosen of the formats that Genesys offered."""
        self._channels = 1
        self._external = 0
        """The caller's channel."""
        self._ending = False

    # ---- whose it is

    def claims(self, request: Request) -> str:
        return request.headers.get("x-api-key", "")[:API_KEY_MAX_CHARS]

    def check(self, request: Request, key: str, public_url: str, now_s: float) -> str:
        try:
            secret = base64.b64decode(key, validate=True)
        except (binascii.Error, ValueError):
            secret = b""
        if not secret:
            raise Unsigned("The account's client_secret is no base64.")
        _, _, rest = public_url.partition("://")
        authority, slash, path = rest.partition("/")
        derived = {"@request-target": f"{slash}{path}{request.target}", "@authority": authority.lower()}
        signed = checked(request.headers, derived, secret, _SIGNED, now_s, FRESH_S)
        if signed.key_id != self.claims(request) or len(signed.nonce) < NONCE_MIN_CHARS:
            raise Unsigned("The request's Signature is of another key, or has no nonce.")
        self._id = request.headers.get("audiohook-session-id", "")
        self._organization = request.headers.get("audiohook-organization-id", "")
        return signed.nonce

    # ---- from the carrier

    def read(self, message: bytes | str) -> FromCarrier | None:
        if isinstance(message, bytes):
            if len(message) > SOUND_MAX_BYTES * 2:
                raise ClientError("A sound of the carrier is too long.")
            return CallerSound(message[self._external :: self._channels], None)
        whole = parsed(message)
        self._client_seq = count_at(whole, "seq") or self._client_seq
        named = text_at(whole, "id")
        given = whole.get("parameters")
        parameters: CarrierJson = given if isinstance(given, dict) else {}
        match whole.get("type"):
            case "open":
                return self._opening(named, parameters)
            case "ping":
                return CarrierWaits(self._message("pong"), named)
            case "update":
                return CarrierWaits(self._message("updated"), named)
            case "close":
                self._ending = True
                return StreamStopped(named, self._message("closed"))
            case "dtmf":
                return CallerKey(text_at(parameters, "digit")[:1], named)
            case "playback_started":
                return CarrierPlays(done=False, stream_id=named)
            case "playback_completed":
                return CarrierPlays(done=True, stream_id=named)
            case "error":
                return CarrierComplains("too_fast" if parameters.get("code") == 429 else "error", named)
            case "paused" | "resumed" | "discarded":  # on hold there is no sound, and then there is again
                return None
        raise ClientError("A message of the carrier has an unknown type.")

    def _opening(self, named: str, parameters: CarrierJson) -> StreamStarted | CarrierWaits:
        participant = object_at(parameters, "participant")
        if text_at(parameters, "conversationId") == _PROBE and text_at(participant, "id") == _PROBE:
            return CarrierWaits(self._message("opened", startPaused=False, media=[]), named)
        if not named or named != self._id or text_at(parameters, "organizationId") != self._organization:
            raise ClientError("The session is not the one that its request was signed for.")
        self._choose(parameters.get("media"))
        call = RingingCall(
            text_at(parameters, "conversationId"), _number(participant, "dnis"), _number(participant, "ani")
        )
        return StreamStarted(named, call.call_id, "", _ULAW, call)

    def _choose(self, offered: object) -> None:
        """The format with the caller alone, or else that with both sides. Raises ClientError."""
        fit = [
            each
            for each in (offered[:20] if isinstance(offered, list) else [])
            if isinstance(each, dict)
            and each.get("format") == "PCMU"
            and each.get("rate") == 8_000
            and each.get("channels") in (["external"], ["external", "internal"], ["internal", "external"])
        ]
        if not fit:
            raise ClientError("The carrier offers no PCMU with the caller's channel.")
        self._media = min(fit, key=lambda each: len(each["channels"]))
        self._channels = len(self._media["channels"])
        self._external = self._media["channels"].index("external")

    # ---- to the carrier

    def opened(self) -> str:
        chosen = {name: self._media[name] for name in ("format", "channels", "rate")}
        return self._message("opened", startPaused=False, media=[{"type": "audio", **chosen}])

    def sound(self, stream_id: str, payload: bytes, codec: MediaCodec) -> Iterable[bytes]:
        return (payload[start : start + SOUND_MAX_BYTES] for start in range(0, len(payload), SOUND_MAX_BYTES))

    def mark(self, stream_id: str, name: str) -> str | None:
        return None

    def clear(self, stream_id: str) -> str | None:
        if self._ending:
            return None
        return self._message("event", entities=[{"type": "barge_in", "data": {}}])

    def pass_on(self, target: str) -> str | None:
        if self._ending:
            return None
        self._ending = True
        return self._message("disconnect", reason="completed", outputVariables={"action": "transfer", "target": target})

    def parting(self, ended: Ended) -> str | None:
        if self._ending or not self._id or ended.reason is EndReason.TOKEN_REFUSED:
            return None  # strangers are not waited for
        self._ending = True
        failed = ended.reason in _FAILED or not self._media
        said = {"action": "failed" if failed else "hang_up"}
        return self._message("disconnect", reason="error" if failed else "completed", outputVariables=said)

    def _message(self, kind: str, **parameters: Any) -> str:
        self._seq += 1
        return to_text({"version": "2", "id": self._id, "type": kind, "seq": self._seq, "clientseq": self._client_seq,
                        "parameters": parameters})  # fmt: skip


def _number(participant: CarrierJson, name: str) -> str:
    """Genesys writes numbers as tel:+49…, and addresses as sip:…"""
    return text_at(participant, name).removeprefix("tel:")
