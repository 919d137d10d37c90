"""All carriers, by kind."""

from collections.abc import Mapping

from voi.config.phones import CarrierAccount, CarrierKind
from voi.transports.media_ws.carrier import Carrier
from voi.transports.media_ws.codecs import MediaCodec
from voi.transports.media_ws.plivo import Plivo
from voi.transports.media_ws.telnyx import Telnyx
from voi.transports.media_ws.twilio import Twilio
from voi.transports.media_ws.vonage import Vonage

CARRIERS: Mapping[CarrierKind, Carrier] = {each.kind: each for each in (Twilio(), Telnyx(), Plivo(), Vonage())}


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
