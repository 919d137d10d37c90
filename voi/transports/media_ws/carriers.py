"""All carriers, by kind."""

from collections.abc import Mapping

from voi.config.phones import CarrierAccount, CarrierKind
from voi.transports.media_ws.carrier import Carrier, SocketCarrier, WebhookCarrier
from voi.transports.media_ws.codecs import MediaCodec
from voi.transports.media_ws.exotel import Exotel
from voi.transports.media_ws.genesys import Genesys
from voi.transports.media_ws.plivo import Plivo
from voi.transports.media_ws.telnyx import Telnyx
from voi.transports.media_ws.twilio import Twilio
from voi.transports.media_ws.vonage import Vonage

WEBHOOK_CARRIERS: Mapping[CarrierKind, WebhookCarrier] = {
    each.kind: each for each in (Twilio(), Telnyx(), Plivo(), Vonage())
}
SOCKET_CARRIERS: Mapping[CarrierKind, type[Exotel] | type[Genesys]] = {each.kind: each for each in (Exotel, Genesys)}
KINDS: tuple[CarrierKind, ...] = (*WEBHOOK_CARRIERS, *SOCKET_CARRIERS)


def socket_carrier(kind: CarrierKind) -> SocketCarrier | None:
    """A new carrier of that kind for one WebSocket; None: it is one that sends webhooks."""
    made = SOCKET_CARRIERS.get(kind)
    return made() if made is not None else None


def new_carrier(kind: CarrierKind) -> Carrier:
    """What reads and writes one WebSocket of that kind."""
    return socket_carrier(kind) or WEBHOOK_CARRIERS[kind]


def media_path(kind: CarrierKind) -> str:
    """Where the carriers of that kind open their WebSockets."""
    return f"/telephone/{kind}/media"


def codec_of(account: CarrierAccount) -> MediaCodec:
    """How the agent's sound is sent to that account."""
    return MediaCodec(account.media_format, account.media_rate_hz, account.kind == "telnyx")


def e164(number: str) -> str:
    """A number as it stands in phones.json: some carriers leave out the plus. Anything else stays as it is."""
    number = number.strip()
    return f"+{number}" if number.isascii() and number.isdecimal() and 6 <= len(number) <= 15 else number
