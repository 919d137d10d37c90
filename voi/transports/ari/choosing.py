"""Which way the sound of an Asterisk's calls takes: what phones.json says, or what this Asterisk has."""

import asyncio
import logging
import socket
from urllib.parse import urlsplit

from voi.config.ari_apps import AriFormat, AsteriskServer
from voi.transports.ari.audiosocket_server import AudioSocketServer
from voi.transports.ari.expected import Told
from voi.transports.ari.failure import AriError
from voi.transports.ari.media import AudioSocketWay, MediaWay, WebSocketInWay, WebSocketOutWay
from voi.transports.ari.operations import Operations
from voi.transports.ari.websocket_server import WebSocketMediaServer

log = logging.getLogger(__name__)

ADDRESS_S = 3.0


async def choose_way(server: AsteriskServer, operations: Operations, stranger: Told) -> MediaWay:
    """The way, started. `stranger` is told of connections that no call expects. Raises AriError: Asterisk cannot be
    asked, or Voi cannot listen."""
    kind = await _chosen(server, operations)
    if kind == "websocket" and server.websocket_client is None:
        return WebSocketInWay(server.url, server.format or "ulaw")
    host = server.listen_host or await _own_address(server.url)
    address = server.address or host
    way: MediaWay
    if kind == "websocket":
        ours = WebSocketMediaServer(host, server.listen_port, server.format or "ulaw", stranger)
        way = WebSocketOutWay(ours, server.websocket_client or "", server.format or "ulaw")
    elif kind == "audiosocket":
        form: AriFormat = server.format or "slin"
        way = AudioSocketWay(AudioSocketServer(host, server.listen_port, form, stranger), address, form)
    else:
        from voi.transports.ari.rtp_way import RtpWay
        from voi.transports.telephone.rtp_ports import RtpPorts

        way = RtpWay(RtpPorts(host), address, server.format or "ulaw")
    try:
        await way.start()
    except OSError as error:
        raise AriError(f"Voi cannot listen at {host}, port {server.listen_port}: {error.strerror or error}") from None
    return way


async def _chosen(server: AsteriskServer, operations: Operations) -> str:
    version = await operations.version()
    if server.media == "websocket" and version is not None and not version.has_websocket:
        log.warning("Asterisk %s has no chan_websocket with marks: from 20.18, 22.8 and 23.2 on it does", version)
    if server.media == "audiosocket" and server.format == "slin16" and version and not version.has_wide_audiosocket:
        raise AriError(f"AudioSocket of Asterisk {version} has 8 kHz only; use the format slin")
    if server.media != "auto":
        return server.media
    if version is not None and version.has_websocket and await operations.has_module("chan_websocket.so"):
        return "websocket"
    if await operations.has_module("chan_audiosocket.so"):
        return "audiosocket"
    return "rtp"


async def _own_address(url: str) -> str:
    """The address by which this machine reaches Asterisk. Raises AriError."""
    parts = urlsplit(url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    try:
        async with asyncio.timeout(ADDRESS_S):
            found = await asyncio.get_running_loop().getaddrinfo(parts.hostname, port, type=socket.SOCK_DGRAM)
        family, kind, _, _, place = found[0]
        with socket.socket(family, kind) as probe:
            probe.connect(place)  # no packet is sent
            host: str = probe.getsockname()[0]
            return host
    except (OSError, TimeoutError, IndexError) as error:
        raise AriError(f"there is no way to Asterisk ({type(error).__name__})") from None
