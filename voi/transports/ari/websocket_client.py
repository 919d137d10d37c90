"""Connects to Asterisk for a call's sound over chan_websocket."""

import asyncio
import logging
from typing import cast

from picows import WSError, WSFrame, WSListener, WSTransport, ws_connect

from voi.config.ari_apps import AriFormat
from voi.transports.ari.failure import AriError
from voi.transports.ari.rest import part
from voi.transports.ari.websocket_line import ChanWebSocketLine
from voi.transports.ari.websocket_server import LIMITS, PROTOCOL
from voi.transports.websocket import Request, WebSocket

CONNECT_S = 5.0
_QUIET = logging.getLogger("voi.picows")


class DialledWebSocket(WebSocket):
    """A `WebSocket` that we opened, whose peer is the operator's own Asterisk."""

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        self.bytes_arrived()
        super().on_ws_frame(transport, frame)


async def connect_media(url: str, connection_id: str, form: AriFormat) -> ChanWebSocketLine:
    """Connect to the channel of that connection id. `url`: of Asterisk's HTTP server. Raises AriError."""
    lines: list[ChanWebSocketLine] = []

    def meet(socket: WebSocket, request: Request) -> ChanWebSocketLine:
        lines.append(ChanWebSocketLine(socket, form))
        return lines[0]

    request = Request("/media", "", "")
    scheme, _, rest = url.partition("://")
    address = f"{'wss' if scheme == 'https' else 'ws'}://{rest}/media/{part(connection_id)}"
    try:
        async with asyncio.timeout(CONNECT_S):
            await ws_connect(
                lambda: cast(WSListener, DialledWebSocket(meet, request, LIMITS)), address,
                extra_headers={"Sec-WebSocket-Protocol": PROTOCOL}, enable_auto_pong=False,
                max_frame_size=LIMITS.max_message_bytes, max_redirects=0, logger_name=_QUIET,
            )  # fmt: skip
    except (WSError, OSError, TimeoutError, ValueError) as error:
        raise AriError(f"Asterisk's WebSocket for sound could not be opened ({type(error).__name__})") from None
    return lines[0]
