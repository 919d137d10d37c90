"""Connects a client to a server, and says in words what is wrong if that fails."""

import asyncio
import ssl
from collections.abc import Mapping

import aiohttp
from yarl import URL

from voi.errors import ClientError

MAX_FRAME_BYTES = 64 * 1024 * 1024
"""Largest frame taken from the server: a whole speech may come in one frame."""


async def open_socket(
    http: aiohttp.ClientSession,
    url: str,
    query: Mapping[str, str],
    insecure: bool,
    within_s: float,
    heartbeat_s: float,
) -> aiohttp.ClientWebSocketResponse:
    """Connect to a Voi server at `url`. `insecure`: accept any certificate. Raises ClientError, in words for the person
    who runs the client, if that does not succeed within `within_s`."""
    try:
        address = URL(url)
        if address.scheme not in ("ws", "wss") or not address.host:
            raise ValueError
        address = address.update_query(query)
    except ValueError:
        raise ClientError(f"{url} is not a WebSocket address. Use one like ws://127.0.0.1:8765/ws.") from None
    here = f"{address.scheme}://{address.authority}{address.path}"  # without the token
    try:
        async with asyncio.timeout(within_s):
            return await http.ws_connect(address, max_msg_size=MAX_FRAME_BYTES, ssl=not insecure, heartbeat=heartbeat_s)
    except aiohttp.ClientConnectorCertificateError as error:
        raise ClientError(
            f"The certificate of {here} is not trusted ({_reason(error.certificate_error)}). For a self-signed "
            "one in development, connect with `insecure` (voi talk --insecure)."
        ) from None
    except aiohttp.ClientConnectorSSLError as error:
        raise ClientError(f"{here} does not speak TLS as expected ({_reason(error)}). ws:// or wss://?") from None
    except aiohttp.ServerDisconnectedError:
        other = "wss" if address.scheme == "ws" else "ws"
        raise ClientError(f"{here} hangs up at once. Is it {other}:// instead?") from None
    except aiohttp.WSServerHandshakeError as error:
        raise ClientError(f"{here} is no Voi server: it answered {error.status} {error.message}.") from None
    except (aiohttp.ClientError, OSError) as error:
        raise ClientError(f"Nothing answers at {here} ({_reason(error)}). Is the server running (voi serve)?") from None
    except TimeoutError:
        raise ClientError(f"{here} did not answer within {within_s:g} s.") from None


def _reason(error: BaseException) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return error.verify_message
    return getattr(error, "strerror", None) or type(error).__name__
