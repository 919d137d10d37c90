"""Realtime clients over WebRTC: an HTTP request brings the offer and takes the answer; events go over a data channel,
sound over Opus tracks.

A call has its place from the offer on. It begins when the client is connected; one that does not connect in time gives
its place back.
"""

import asyncio
import importlib.util
import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from voi.core.end_reason import EndReason
from voi.errors import ClientError, ConfigError
from voi.session.events import Ended
from voi.tasks import Tasks
from voi.transports.realtime.endings import ending
from voi.transports.realtime.formats import RATE_HZ
from voi.transports.realtime.peer import RealtimePeer, RealtimeServices
from voi.transports.realtime.responses import AgentResponse
from voi.transports.realtime.wire import EventError, Json, encode, error
from voi.transports.webrtc.ear import PeerEar
from voi.transports.webrtc.failure import PeerFailed
from voi.transports.webrtc.mouth import PeerMouth
from voi.transports.webrtc.sdp import MESSAGE_MAX_BYTES, SdpOffer, parse_offer
from voi.transports.webrtc.settings import IceSettings

if TYPE_CHECKING:
    from voi.transports.webrtc.peer import WebRtcPeer

log = logging.getLogger(__name__)

UNREAD_EVENTS_MAX_BYTES = 4 * 2**20
"""A client that leaves more of its events unread is gone."""
NOT_INSTALLED = "This server has no WebRTC. Its operator can add it: ./install.sh webrtc"


def webrtc_installed() -> bool:
    """Whether the extra is there. Does not load it."""
    return importlib.util.find_spec("aiortc") is not None


class NoWebRtc(ConfigError):
    """The extra is not installed."""


class PeerRefused(ClientError):
    """A client that gets no conversation. `ended`: why."""

    def __init__(self, ended: Ended) -> None:
        super().__init__(ended.words or ended.reason.value)
        self.ended = ended


@dataclass(frozen=True)
class RealtimeOverWebRtc:
    """Takes Realtime clients over WebRTC. `messages_per_s`: a client that sends more events is disconnected.
    `on_failed` counts a failure, by what failed; `on_sound` counts the people's sound, by what became of it."""

    services: RealtimeServices
    ice: IceSettings
    messages_per_s: int
    on_failed: Callable[[str], None] = lambda step: None
    on_sound: Callable[[str, float], None] = lambda fate, count: None
    live: dict[str, "WebRtcClient"] = field(default_factory=dict)
    """By the id of the call."""

    async def meet(self, sdp: str, key: str, model: str, session: Json | None, address: str) -> tuple[str, str]:
        """A client made this offer. `model`: the agent that it names. `address`: names it in the log. Returns the id of
        its call, and the answer to the offer. Raises ClientError (PeerRefused, if it gets no conversation) or
        NoWebRtc."""
        if not webrtc_installed():
            self.on_failed("not_installed")
            raise NoWebRtc(NOT_INSTALLED)
        try:
            offer = parse_offer(sdp)
        except ClientError:
            self.on_failed("offer")
            raise
        return await WebRtcClient(self, offer, address).answer(key, model, session)

    def hang_up(self, call_id: str, app: str) -> bool:
        """End a call of that app. False: it has none of that id."""
        call = self.services.calls.find(call_id) if call_id in self.live else None
        if call is None or call.app != app:
            return False
        call.hang_up()
        return True


class SoundOnTrack:
    """`SoundOut` for clients that get the sound on a media track. `tell` tells the client what became of a response's
    sound."""

    def __init__(self, tell: Callable[[str, str], None]) -> None:
        self._tell = tell
        self.mouth: PeerMouth | None = None

    def play(self, response: AgentResponse, message_id: int, pcm: bytes) -> None:
        if self.mouth is not None:
            self.mouth.play(response.id, message_id, pcm)

    def ended(self, response: AgentResponse, message_id: int) -> None:
        if self.mouth is not None:
            self.mouth.end(message_id)

    def cleared(self, response_id: str, message_id: int) -> None:
        if self.mouth is not None:
            self.mouth.clear(message_id)
        self._tell("cleared", response_id)

    def played(self, response_id: str, message_id: int) -> None:
        """The mouth knows better when that is."""


class WebRtcClient:
    """One client, from its offer to its end: `Channel` of its conversation, and `PeerUser` of its connection."""

    def __init__(self, all_: RealtimeOverWebRtc, offer: SdpOffer, address: str) -> None:
        self._all, self._offer, self._address = all_, offer, address
        self._sound = SoundOnTrack(self._tell)
        self._client = RealtimePeer(all_.services, self, address, self._sound)
        self._ended: Ended | None = None
        self._peer: WebRtcPeer | None = None
        self._closing: asyncio.Task[None] | None = None
        self._messages, self._since_s = 0, 0.0

    async def answer(self, key: str, model: str, session: Json | None) -> tuple[str, str]:
        """See `RealtimeOverWebRtc.meet`."""
        client, tasks = self._client, self._all.services.calls.services.tasks
        if not client.arrive(key, urlencode({"model": model}), session, begin=False):
            raise PeerRefused(self._ended or Ended(EndReason.FAULT))
        try:
            peer = self._made()
            answer = await peer.answer()
        except BaseException as failure:
            self._failed(failure if isinstance(failure, PeerFailed) else None)
            raise
        tasks.start(self._connect(peer), f"connecting {client.id}")
        return client.id, answer

    def _made(self) -> "WebRtcPeer":
        """Our end of the connection."""
        from voi.transports.webrtc.peer import WebRtcPeer

        client = self._client
        self._peer = peer = WebRtcPeer(self._offer, self._all.ice, self, Tasks(client.id))
        self._all.live[client.id] = self
        self._sound.mouth = mouth = PeerMouth(
            RATE_HZ, self._offer.opus, peer.send_rtp,
            lambda response_id: self._tell("started", response_id),
            lambda response_id: self._tell("stopped", response_id),
            self._sent,
        )  # fmt: skip
        peer.attach(PeerEar(RATE_HZ, client.hear), mouth)
        return peer

    async def _connect(self, peer: "WebRtcPeer") -> None:
        try:
            await peer.connect()
        except PeerFailed as failure:
            if self._ended is None:
                self._failed(failure)
            return
        except asyncio.CancelledError:
            self._client.lost()
            self.close()
            raise
        except Exception:
            log.exception("connecting the WebRTC client %s broke", self._address)
            self._failed(None)
            return
        self._client.begin()

    def _failed(self, failure: PeerFailed | None) -> None:
        """It never came to a conversation."""
        self._all.on_failed(failure.step if failure is not None else "fault")
        words = str(failure) if failure is not None else "The server had an error."
        self._client.give_up(words)
        self.close()

    def _tell(self, what: str, response_id: str) -> None:
        """Tell the client that its sound started, stopped or was cleared."""
        self._client.door.emit({"type": f"output_audio_buffer.{what}", "response_id": response_id})

    def _sent(self, message_id: int, sent_bytes: int) -> None:
        """So much of that message's sound is on its way to the person."""
        if (session := self._client.door.session) is not None:
            session.sound_played(message_id, sent_bytes)

    # ---- `PeerUser` ---------------------------------------------------------------------------------

    def received(self, message: bytes | str) -> None:
        """An event of the client."""
        now_s = asyncio.get_running_loop().time()
        if now_s - self._since_s >= 1:
            self._messages, self._since_s = 0, now_s
        self._messages += 1
        if self._messages > self._all.messages_per_s:
            self._break_off("rate", f"sends more than {self._all.messages_per_s} events a second")
        elif len(message) > MESSAGE_MAX_BYTES:
            words = f"The event has more than {MESSAGE_MAX_BYTES} bytes."
            self.send(encode(error(words, "string_above_max_length")))
            self._client.mistake(EventError(words, "string_above_max_length"))
        else:
            self._client.received(message)

    def gone(self, failure: PeerFailed) -> None:
        """The client went away."""
        if self._ended is None and failure.step != "closed":
            self._all.on_failed(failure.step)
            log.info("the WebRTC connection of %s is over: %s", self._address, failure)
        self._client.lost()
        self.close()

    def _break_off(self, step: str, why: str) -> None:
        if self._closing is None:
            self._all.on_failed(step)
            log.info("the WebRTC client %s %s: its call ends", self._address, why)
            self._client.lost()
            self.close()

    # ---- `Channel` ----------------------------------------------------------------------------------

    @property
    def backlog_bytes(self) -> int:
        return self._peer.backlog_bytes if self._peer is not None else 0

    def send(self, event: bytes) -> None:
        peer = self._peer
        if peer is None or self._closing is not None:
            return
        if peer.backlog_bytes > UNREAD_EVENTS_MAX_BYTES:
            self._break_off("unread", "does not read its events")
        elif len(event) > peer.message_max_bytes:
            self._all.on_failed("too_large")
            log.warning("an event of %d bytes is larger than the client %s takes: it was left out", len(event),
                        self._address)  # fmt: skip
        else:
            peer.send(event.decode())

    def end(self, event: Ended) -> None:
        self._ended = event
        _, _, told = ending(event)
        if told is not None:
            self.send(encode(told))
        self.close()

    # ---- the end ------------------------------------------------------------------------------------

    def close(self) -> None:
        """Close the connection, after what was sent. Safe to call twice."""
        peer = self._peer
        if peer is None or self._closing is not None:
            return
        self._all.live.pop(self._client.id, None)
        self._closing = self._all.services.calls.services.tasks.start(self._close(peer), f"closing {self._client.id}")

    async def _close(self, peer: "WebRtcPeer") -> None:
        await peer.close()
        if peer.ear is not None:
            counts = peer.ear.counts
            for fate, count in (
                ("received", counts.received), ("lost", counts.lost), ("late", counts.late), ("double", counts.doubled),
            ):  # fmt: skip
                self._all.on_sound(fate, count)
