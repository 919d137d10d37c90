"""What all carriers have in common: a WebSocket for the sound of a call. Each carrier is one class of differences. Wire
formats only: no I/O.

Most carriers ask first, by a signed request (`WebhookCarrier`): it is answered with a document that names the WebSocket
and carries a ticket (`tickets.py`), which the carrier gives back in its first message. Others open the WebSocket at
once (`SocketCarrier`): then the upgrade request itself shows that it is theirs, and the first message says who calls.
Sound goes out with marks behind it, which the carrier sends back once all sound before them was played.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import ClassVar, Protocol
from urllib.parse import parse_qs

from voi.config.phones import CarrierKind
from voi.errors import ClientError
from voi.session.events import Ended
from voi.transports.media_ws.codecs import FRAME_MS, MediaCodec
from voi.transports.websocket import Request

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
    """The first message. `codec`: of the caller's sound; None: the same that was asked for. `call`: who calls whom,
    where there was no request before that said so."""

    stream_id: str
    call_id: str
    ticket: str
    codec: MediaCodec | None = None
    call: RingingCall | None = None


@dataclass(frozen=True, slots=True)
class CallerSound:
    """`chunk`: counts the caller's sounds up, by 1 each; None: the carrier does not count."""

    payload: bytes
    chunk: int | None = None
    stream_id: str = ""


@dataclass(frozen=True, slots=True)
class CallerKey:
    """The caller pressed a key: 0-9, * or #."""

    key: str
    stream_id: str = ""


@dataclass(frozen=True, slots=True)
class MarkPlayed:
    """All sound before that mark was played, or dropped by `clear`."""

    name: str
    stream_id: str = ""


@dataclass(frozen=True, slots=True)
class StreamStopped:
    """The caller has hung up, or the call was passed on. `answer`: what the carrier waits for; "": nothing."""

    stream_id: str = ""
    answer: str = ""


@dataclass(frozen=True, slots=True)
class CarrierWaits:
    """A message that only wants an answer."""

    answer: str
    stream_id: str = ""


@dataclass(frozen=True, slots=True)
class CarrierPlays:
    """The carrier has begun to play what was sent (`done` False), or has played all that it has."""

    done: bool
    stream_id: str = ""


@dataclass(frozen=True, slots=True)
class CarrierComplains:
    """The carrier did not like what it was sent. `fault`: a short name for a counter, no data of the carrier."""

    fault: str
    stream_id: str = ""


FromCarrier = (
    StreamStarted | CallerSound | CallerKey | MarkPlayed | StreamStopped | CarrierWaits | CarrierPlays
    | CarrierComplains
)  # fmt: skip


class Carrier(Protocol):
    """One carrier's differences. Those that have none in something inherit what stands here."""

    kind: ClassVar[CarrierKind]
    gathers_ms: ClassVar[int] = FRAME_MS
    """Shortest sound in a message, but for the end of an utterance."""

    def read(self, message: bytes | str) -> FromCarrier | None:
        """What a message of the carrier says; None: nothing that matters here. Raises ClientError."""
        ...

    def sound(self, stream_id: str, payload: bytes, codec: MediaCodec) -> Iterable[bytes | str]:
        """Messages with whole frames of sound."""
        ...

    def mark(self, stream_id: str, name: str) -> str | None:
        """A message that the carrier sends back once it has played all sound before it; None: it has none, and says
        `CarrierPlays`."""
        ...

    def clear(self, stream_id: str) -> str | None:
        """A message that drops all sound that was not played; None: the carrier ends the stream already."""
        ...

    def keys(self, stream_id: str, keys: str) -> str | None:
        """A message that presses keys on the line; None: the carrier has none."""
        return None

    def opened(self) -> str | None:
        """A message that takes the call; None: it needs none."""
        return None

    def pass_on(self, target: str) -> str | None:
        """A message that ends the stream and has the carrier pass the call on; None: it has none."""
        return None

    def parting(self, ended: Ended) -> str | None:
        """A message after which the carrier ends the stream itself; None: the WebSocket is just closed."""
        return None


class WebhookCarrier(Carrier, Protocol):
    """It asks what to do with a call."""

    def nonce(self, webhook: PhoneWebhook, key: str, now_s: float) -> str:
        """Check the request's signature, made at about `now_s` (Unix time) where it says so. Returns what no other
        request has. Raises Unsigned."""
        ...

    def ringing(self, webhook: PhoneWebhook) -> RingingCall:
        """Who calls whom. Raises ClientError."""
        ...

    def connect(self, url: str, ticket: str, codec: MediaCodec) -> PhoneDocument:
        """Answer the call, and connect its sound with that WebSocket."""
        ...

    def reject(self, *, busy: bool) -> PhoneDocument:
        """Do not answer the call. `busy`: there is no place for it now; else nobody answers this number."""
        ...


class SocketCarrier(Carrier, Protocol):
    """It opens the WebSocket of a call at once."""

    def claims(self, request: Request) -> str:
        """Whose the upgrade request says that it is: an account's name in phones.json, or its API key; "": nobody's.
        That is not proven."""
        ...

    def check(self, request: Request, key: str, public_url: str, now_s: float) -> str:
        """Check with the account's key that the request is its carrier's. Returns what no other request has; "": there
        is no such thing. Raises Unsigned."""
        ...
