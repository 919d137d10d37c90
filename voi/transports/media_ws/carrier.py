"""What all carriers have in common: a signed request when somebody calls, which is answered with a document, and then
a WebSocket for the sound. Each carrier is one class of differences. Wire formats only: no I/O.

The door's path is the same with each: the document names the WebSocket and carries a ticket (`tickets.py`), the carrier
opens it and gives the ticket back in its first message. Sound goes out with marks behind it, which the carrier sends
back once all sound before them was played.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import ClassVar, Protocol
from urllib.parse import parse_qs

from voi.config.phones import CarrierKind
from voi.errors import ClientError
from voi.transports.media_ws.codecs import MediaCodec

FIELDS_MAX = 200
TICKET = "ticket"
"""Name of the parameter that carries the ticket."""


class Unsigned(ClientError):
    """A request that its carrier did not sign, or so long ago that somebody may have copied it."""


@dataclass(frozen=True, slots=True)
class PhoneWebhook:
    """A carrier's request. `url`: as the carrier knows it, with its query. `headers`: by name in lower case."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes

    def form(self) -> dict[str, list[str]]:
        """The fields of an HTML form in the body. Raises ClientError."""
        try:
            return parse_qs(self.body.decode(), keep_blank_values=True, max_num_fields=FIELDS_MAX)
        except ValueError:
            raise ClientError("The request is no form.") from None


@dataclass(frozen=True, slots=True)
class RingingCall:
    """Somebody calls. `call_id`: the carrier's own. Numbers are as the carrier writes them."""

    call_id: str
    called: str
    caller: str


@dataclass(frozen=True, slots=True)
class PhoneDocument:
    """What a carrier is told to do."""

    content_type: str
    body: str


# ---- what comes over the WebSocket ------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class StreamStarted:
    """The first message. `codec`: of the caller's sound; None: the same that was asked for."""

    stream_id: str
    call_id: str
    ticket: str
    codec: MediaCodec | None = None


@dataclass(frozen=True, slots=True)
class CallerSound:
    """`chunk`: counts the caller's sounds up, by 1 each; None: the carrier does not count."""

    payload: bytes
    chunk: int | None = None
    stream_id: str = ""


@dataclass(frozen=True, slots=True)
class CallerKey:
    key: str
    stream_id: str = ""


@dataclass(frozen=True, slots=True)
class MarkPlayed:
    """All sound before that mark was played, or dropped by `clear`."""

    name: str
    stream_id: str = ""


@dataclass(frozen=True, slots=True)
class StreamStopped:
    """The caller has hung up, or the call was passed on."""

    stream_id: str = ""


FromCarrier = StreamStarted | CallerSound | CallerKey | MarkPlayed | StreamStopped


class Carrier(Protocol):
    """One carrier's differences."""

    kind: ClassVar[CarrierKind]

    def nonce(self, webhook: PhoneWebhook, key: str, now_s: float) -> str:
        """Check the request's signature, made at about `now_s` (Unix time) where it says so. Returns what no other
        request has. Raises Unsigned."""

    def ringing(self, webhook: PhoneWebhook) -> RingingCall:
        """Who calls whom. Raises ClientError."""

    def connect(self, url: str, ticket: str, codec: MediaCodec) -> PhoneDocument:
        """Answer the call, and connect its sound with that WebSocket."""

    def reject(self, *, busy: bool) -> PhoneDocument:
        """Do not answer the call. `busy`: there is no place for it now; else nobody answers this number."""

    def read(self, message: bytes | str) -> FromCarrier | None:
        """What a message of the carrier says; None: nothing that matters here. Raises ClientError."""

    def sound(self, stream_id: str, payload: bytes, codec: MediaCodec) -> Iterable[bytes | str]:
        """Messages with whole frames of sound."""

    def mark(self, stream_id: str, name: str) -> str:
        """A message that the carrier sends back once it has played all sound before it."""

    def clear(self, stream_id: str) -> str:
        """A message that drops all sound that was not played."""

    def keys(self, stream_id: str, keys: str) -> str | None:
        """A message that presses keys on the line; None: the carrier has none."""
