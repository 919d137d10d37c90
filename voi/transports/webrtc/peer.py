"""One WebRTC peer: ICE, DTLS, SRTP and SCTP by aiortc, each with a deadline and within limits. Sound is in
`PeerEar` and `PeerMouth`; of aiortc's own tracks, whose buffer is a quarter of a second, nothing is used.

Only this module and `reports` import aiortc, which is an extra: `./install.sh webrtc`.
"""

import asyncio
import contextlib
import logging
from collections.abc import Callable
from typing import Any, Protocol

from aioice import Candidate
from aiortc import (
    RTCCertificate,
    RTCDataChannel,
    RTCDtlsFingerprint,
    RTCDtlsParameters,
    RTCDtlsTransport,
    RTCIceGatherer,
    RTCIceParameters,
    RTCIceServer,
    RTCIceTransport,
    RTCSctpCapabilities,
    RTCSctpTransport,
)
from aiortc.rtcicetransport import candidate_from_aioice

from voi.tasks import Tasks
from voi.transports.rtp import RtpPacket, parse_rtp
from voi.transports.webrtc.ear import PeerEar
from voi.transports.webrtc.failure import PeerFailed, PeerStep
from voi.transports.webrtc.mouth import PeerMouth
from voi.transports.webrtc.reports import RtcpReports
from voi.transports.webrtc.sdp import LocalTransport, SdpOffer, answer
from voi.transports.webrtc.settings import IceSettings

log = logging.getLogger(__name__)

GATHER_S, ICE_S, DTLS_S, CHANNEL_S = 8.0, 15.0, 10.0, 10.0
"""For our own addresses (a STUN or TURN server has 5 s of it), and for each step of the client's."""
SILENT_S = 15.0
"""A peer that sent nothing for this long is gone: its sound is fifty packets a second, and without a microphone it
still reports on ours."""
REPORT_S = 1.0
QUEUED_MAX = 512
"""Datagrams that wait to be looked at. More are dropped."""
CHANNELS_MAX = 4
CHANNEL = "oai-events"
UNREAD_MAX_BYTES = 2**20 + 256 * 1024
"""What a peer may send of messages that are not whole."""
CLOSE_S = 3.0
FLUSH_S = 1.0

for _name in ("aioice", "aiortc"):
    logging.getLogger(_name).setLevel(logging.ERROR)  # they log addresses, and each peer's mistakes


class PeerUser(Protocol):
    """What a peer is for: a protocol that is spoken over it. All methods are called on the event loop."""

    def received(self, message: bytes | str) -> None:
        """A message on the data channel."""

    def gone(self, failure: PeerFailed) -> None:
        """The peer went away, or broke the rules. Called once at most, after `connect` has returned."""


class WebRtcPeer:
    """Made with the peer's offer. Then `answer`, `connect`, and at the end `close`."""

    def __init__(self, offer: SdpOffer, settings: IceSettings, user: PeerUser, tasks: Tasks) -> None:
        self._offer, self._settings, self._user, self._tasks = offer, settings, user, tasks
        self._gatherer = RTCIceGatherer([_ice_server(each) for each in settings.servers])
        _bound_queue(self._gatherer._connection)
        self._ice = RTCIceTransport(self._gatherer)
        self._ice._connection.ice_controlling = offer.lite
        certificate = RTCCertificate.generateCertificate()
        self._dtls = _Dtls(self._ice, certificate, self._rtp_came, self._rtcp_came)
        self._dtls._set_role("client" if offer.setup == "active" else "server")
        self._sctp = RTCSctpTransport(self._dtls)
        self._dtls.unread_bytes = lambda: 2**20 - self._sctp._advertised_rwnd
        self._sctp.on("datachannel", self._channel_came)
        self._channels = 0
        self._channel: RTCDataChannel | None = None
        self._open = asyncio.Event()
        self._connected = self._closed = False
        self.ear: PeerEar | None = None
        self.mouth: PeerMouth | None = None
        self.reports: RtcpReports | None = None

    def attach(self, ear: PeerEar, mouth: PeerMouth) -> None:
        """Who hears the peer, and who speaks to it. Before `answer`."""
        self.ear, self.mouth = ear, mouth
        self.reports = RtcpReports(mouth, mouth.expect_loss)

    async def answer(self) -> str:
        """The answer to the offer, with all our addresses. Raises PeerFailed if there are none."""
        try:
            async with asyncio.timeout(GATHER_S):
                await self._gatherer.gather()
        except (TimeoutError, OSError) as error:
            log.warning("looking for our own addresses, or asking a STUN or TURN server, failed: %s; the client is "
                        "told those that were found", type(error).__name__)  # fmt: skip
        candidates = self._candidates()
        if not candidates:
            raise PeerFailed("ice", "This server has no address that a WebRTC client could reach.")
        parameters = self._gatherer.getLocalParameters()
        fingerprints = [(each.algorithm, each.value) for each in self._dtls.getLocalParameters().fingerprints]
        assert self.mouth is not None
        first = candidates[0]
        local = LocalTransport(
            parameters.usernameFragment, parameters.password,
            [each for each in fingerprints if each[0] == "sha-256"] or fingerprints,
            [each.to_sdp() for each in candidates], first.host, first.port,
        )  # fmt: skip
        return answer(self._offer, local, self.mouth.ssrc)

    def _candidates(self) -> list[Candidate]:
        """Ours, and for each address behind the NAT the one in front of it, with the same port."""
        own: list[Candidate] = self._gatherer._connection.local_candidates
        external = self._settings.external_address
        known = {each.host for each in own}
        before = []
        for each in own if external and external not in known else ():
            if each.type == "host" and (":" in each.host) == (":" in external):
                before.append(
                    Candidate(
                        foundation=f"ext{each.foundation}"[:32], component=each.component, transport=each.transport,
                        priority=each.priority, host=external, port=each.port, type="host",
                    )
                )  # fmt: skip
        return before + own

    # ---- the beginning ------------------------------------------------------------------------------

    async def connect(self) -> None:
        """Reach the peer. Returns when its data channel is open, and its sound can come. Raises PeerFailed."""
        offer = self._offer
        for line in offer.candidates:
            if (candidate := _candidate(line)) is not None:
                with contextlib.suppress(ValueError):  # a kind or an address that aioice does not know
                    await self._ice.addRemoteCandidate(candidate_from_aioice(candidate))
        await self._step("ice", ICE_S, self._ice.start(RTCIceParameters(offer.ufrag, offer.password, offer.lite)))
        if self._ice.state != "completed":
            raise PeerFailed("ice", "No way to the client was found (ICE): is its network, or ours, closed for UDP?")
        fingerprints = [RTCDtlsFingerprint(algorithm=name, value=value) for name, value in offer.fingerprints]
        await self._step("dtls", DTLS_S, self._dtls.start(RTCDtlsParameters(fingerprints=fingerprints)))
        if self._dtls.state != "connected":
            raise PeerFailed("dtls", "The client's encryption could not be agreed on (DTLS).")
        self._dtls.on("statechange", self._state_changed)
        port = offer.data.one("sctp-port")
        remote_port = int(port) if port.isdecimal() and 0 < int(port[:5]) < 65_536 else 5_000
        capabilities = RTCSctpCapabilities(maxMessageSize=offer.message_max_bytes)
        await self._step("channel", CHANNEL_S, self._open_channel(capabilities, remote_port))
        self._connected = True
        assert self.mouth is not None
        self._tasks.start(self._speak(self.mouth), "sound out")
        self._tasks.start(self._report(), "reports")

    async def _open_channel(self, capabilities: RTCSctpCapabilities, port: int) -> None:
        await self._sctp.start(capabilities, port)
        await self._open.wait()

    async def _step(self, step: PeerStep, most_s: float, work: Any) -> None:
        try:
            async with asyncio.timeout(most_s):
                await work
        except TimeoutError:
            raise PeerFailed(step, f"The client did not come that far within {most_s:g} s: {step}.") from None
        except (ConnectionError, AssertionError, ValueError) as error:
            raise PeerFailed(step, f"The client broke the protocol ({type(error).__name__}): {step}.") from None

    def _channel_came(self, channel: RTCDataChannel) -> None:
        self._channels += 1
        if self._channels > CHANNELS_MAX:
            self._gone("channel", "The client opens too many data channels.")
        elif channel.label == CHANNEL and self._channel is None:
            self._channel = channel
            channel.on("message", self._user.received)
            self._open.set()

    # ---- while it runs ------------------------------------------------------------------------------

    @property
    def backlog_bytes(self) -> int:
        """Bytes of messages that the peer has not taken yet."""
        return int(self._channel.bufferedAmount) if self._channel is not None else 0

    @property
    def message_max_bytes(self) -> int:
        """The largest message that the peer takes."""
        return self._offer.message_max_bytes

    def send(self, message: str) -> None:
        """Send a message of at most `message_max_bytes`. Dropped if the channel is not open."""
        if self._channel is not None and self._channel.readyState == "open":
            self._channel.send(message)

    async def _speak(self, mouth: PeerMouth) -> None:
        try:
            await mouth.run()
        except ConnectionError:
            self._gone("lost", "The connection to the client is lost.")

    async def _report(self) -> None:
        assert self.reports is not None
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(REPORT_S)
            try:
                await self._dtls._send_rtp(self.reports.next())
            except ConnectionError:
                self._gone("lost", "The connection to the client is lost.")
            if loop.time() - self._dtls.heard_s > SILENT_S:
                self._gone("lost", f"The client has sent nothing for {SILENT_S:g} s.")

    async def send_rtp(self, packet: bytes) -> None:
        """Raises ConnectionError when the peer is gone."""
        await self._dtls._send_rtp(packet)

    def _rtp_came(self, data: bytes) -> None:
        packet: RtpPacket | None = parse_rtp(data)
        if packet is None or packet.payload_type != self._offer.opus or not packet.payload:
            return
        assert self.reports is not None
        assert self.ear is not None
        self.reports.heard(packet)
        if self._connected:
            self.ear.packet(packet.sequence, packet.timestamp, packet.payload)

    def _rtcp_came(self, data: bytes) -> None:
        assert self.reports is not None
        self.reports.take(data)

    def _state_changed(self) -> None:
        if self._dtls.state in ("closed", "failed"):
            self._gone("lost" if self._dtls.broken else "closed", "The client has closed the connection.")

    def _gone(self, step: PeerStep, words: str) -> None:
        if self._connected and not self._closed:
            self._connected = False
            self._user.gone(PeerFailed(step, words))

    # ---- the end ------------------------------------------------------------------------------------

    async def close(self) -> None:
        """Send what is left of messages, and close. Within `FLUSH_S + CLOSE_S`."""
        if self._closed:
            return
        self._closed, self._connected = True, False
        if self.ear is not None:
            self.ear.close()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(FLUSH_S):
                while self.backlog_bytes and self._dtls.state == "connected":  # noqa: ASYNC110 - aiortc has no event
                    await asyncio.sleep(0.01)
        await self._tasks.close()
        for stop in (self._sctp.stop, self._dtls.stop, self._ice.stop):
            try:
                async with asyncio.timeout(CLOSE_S / 3):
                    await stop()
            except Exception as error:
                log.warning("%s failed: %s", stop.__qualname__, type(error).__name__)


class _Dtls(RTCDtlsTransport):
    """Hands RTP and RTCP on as they are, and ends on anything that aiortc trips over."""

    def __init__(
        self,
        ice: RTCIceTransport,
        certificate: RTCCertificate,
        on_rtp: Callable[[bytes], None],
        on_rtcp: Callable[[bytes], None],
    ) -> None:
        super().__init__(ice, [certificate])
        self._on_rtp, self._on_rtcp = on_rtp, on_rtcp
        self.unread_bytes: Callable[[], int] = lambda: 0
        self.heard_s = asyncio.get_running_loop().time()
        """When the newest datagram came."""
        self.broken = False
        """The peer broke the protocol."""

    async def _handle_rtp_data(self, data: bytes, arrival_time_ms: int) -> None:
        self._on_rtp(data)

    async def _handle_rtcp_data(self, data: bytes) -> None:
        self._on_rtcp(data)

    async def _recv_next(self) -> None:
        try:
            await super()._recv_next()
        except (ConnectionError, TimeoutError):
            raise
        except Exception as error:
            self.broken = True
            log.info("a WebRTC client broke the protocol (%s): its connection is closed", type(error).__name__)
            raise ConnectionError from None
        self.heard_s = asyncio.get_running_loop().time()
        if self.unread_bytes() > UNREAD_MAX_BYTES:
            self.broken = True
            log.info("a WebRTC client sends parts of messages without an end: its connection is closed")
            raise ConnectionError


def _bound_queue(connection: Any) -> None:
    """aioice queues whatever comes, from anybody, before anything is looked at."""
    queue, take = connection._queue, connection.data_received

    def data_received(data: bytes, component: int) -> None:
        if queue.qsize() < QUEUED_MAX and data:
            take(data, component)

    connection.data_received = data_received


def _ice_server(server: Any) -> RTCIceServer:
    return RTCIceServer(server.url, server.username or None, server.credential or None)


def _candidate(line: str) -> Candidate | None:
    """A candidate of the peer; None for one that is of no use: TCP, malformed, or a name that only its own network
    knows (mDNS). A peer that hides its address so still reaches us, and is seen then."""
    try:
        candidate = Candidate.from_sdp(line[:300])
    except (ValueError, IndexError, AssertionError):
        return None
    if candidate.transport.lower() != "udp" or candidate.component != 1 or candidate.host.endswith(".local"):
        return None
    return candidate
