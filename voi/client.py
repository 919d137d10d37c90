"""A client of the Voi WebSocket protocol (docs/protocol.md), for `voi talk`, tests and other programs.

    async with VoiClient.connect("ws://127.0.0.1:8765/ws", token=token, agent_name="my_bro", mode="call") as voi:
        await voi.send_audio(pcm)                   # s16le, mono, 16 kHz
        async for event in voi:
            match event:
                case AudioEvent(speech_id, pcm): ...     # s16le, mono, 24 kHz
                case MessageEvent(role="assistant"): ...

Every failure is a `ClientError`, worded for the person who runs the client.
"""

import asyncio
import ssl
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Self

import aiohttp
from yarl import URL

from voi.core.options import Mode
from voi.dialogue import Role
from voi.errors import ClientError
from voi.transports.voi_ws import wire

INPUT_RATE_HZ = wire.INPUT_RATE_HZ
OUTPUT_RATE_HZ = wire.OUTPUT_RATE_HZ
MAX_FRAME_BYTES = 64 * 1024 * 1024
"""Largest frame taken from the server: a whole speech may come in one frame."""
CLOSE_TIMEOUT_S = 3.0
HEARTBEAT_S = 30.0
"""Interval of pings. A server that does not answer within half of it counts as gone."""


# ---- what the server says -------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class StatusEvent:
    """`response_created`, `response_done`, `response_cancelled` or `user_interrupt` (stop playing)."""

    status: str


@dataclass(frozen=True, slots=True)
class SpeechDoneEvent:
    """All sound of the assistant message with that id has arrived, if it has any."""

    speech_id: str


@dataclass(frozen=True, slots=True)
class MessageEvent:
    """A message of the dialogue. The same id again replaces the message."""

    message_id: int
    role: Role
    text: str
    image_urls: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class AudioEvent:
    """Sound of the assistant message with that id: s16le, mono, 24 kHz, or with `stream_output_audio` False the whole
    speech as an Ogg/Opus file."""

    speech_id: str
    payload: bytes


@dataclass(frozen=True, slots=True)
class LlmResponseEvent:
    """The answer to `invoke_llm`."""

    content: str


@dataclass(frozen=True, slots=True)
class ErrorEvent:
    """The server could not do something; the conversation may go on."""

    error: str


Event = StatusEvent | SpeechDoneEvent | MessageEvent | AudioEvent | LlmResponseEvent | ErrorEvent


# ---- the client -----------------------------------------------------------------------------------


class VoiClient:
    """One conversation, ready as soon as it is made (`init_done` has arrived). Iterating gives the server's events
    until the conversation ends; then `close_code` and `close_reason` say how it ended."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse, early: Sequence[Event] = ()) -> None:
        self._socket = socket
        self._early = list(early)
        self.close_code: int | None = None
        self.close_reason = ""

    @classmethod
    @asynccontextmanager
    async def connect(
        cls,
        url: str,
        *,
        token: str,
        agent_name: str,
        mode: Mode = "chat",
        agent_config: str | None = None,
        init_greeting: bool = True,
        stream_user_stt: bool = True,
        final_stt_correction: bool = True,
        stream_output_audio: bool = True,
        input_audio_format: wire.InputFormat = "pcm16",
        insecure: bool = False,
        timeout_s: float = 15.0,
    ) -> AsyncIterator[Self]:
        """Connect and begin a conversation. It is closed at the end of the `async with`.

        `agent_config`: a whole agent as JSON text, instead of one that the server knows. `insecure`: accept any
        certificate of a `wss` server, as is needed for self-signed ones in development. Raises ClientError if the
        server cannot be reached or refuses.
        """
        init = {
            "type": "init",
            "agent_name": agent_name,
            "agent_config": agent_config,
            "mode": mode,
            "stream_user_stt": stream_user_stt,
            "final_stt_correction": final_stt_correction,
            "stream_output_audio": stream_output_audio,
            "init_greeting": init_greeting,
            "input_audio_format": input_audio_format,
        }
        async with aiohttp.ClientSession() as http:
            socket = await _open(http, url, token, insecure, timeout_s)
            client = cls(socket)
            try:
                await client._begin(init, timeout_s)
                yield client
            finally:
                await client.close()

    async def _begin(self, init: dict[str, Any], timeout_s: float) -> None:
        await self._send(init)
        try:
            async with asyncio.timeout(timeout_s):
                while (event := await self._next()) is not None:
                    match event:
                        case StatusEvent("init_done"):
                            return
                        case ErrorEvent(error):
                            raise ClientError(f"The server refused: {error}")
                        case _:
                            self._early.append(event)
        except TimeoutError:
            raise ClientError(f"The server did not begin the conversation within {timeout_s:g} s.") from None
        raise ClientError(f"The server closed the connection at once ({self.close_code} {self.close_reason}).")

    # ---- what the person does -------------------------------------------------------------------

    async def send_audio(self, payload: bytes) -> None:
        """Send sound of the person: s16le, mono, 16 kHz, or a piece in the chosen `input_audio_format`."""
        await self._send({"type": "audio"}, payload)

    async def send_text(self, text: str) -> None:
        """Send typed text. `create_response` then asks for an answer."""
        await self._send({"type": "text", "content": text})

    async def send_image(self, url: str) -> None:
        """Send a picture (http, https or data URL), before the text or the request for an answer that it belongs to."""
        await self._send({"type": "image_url", "image_url": url})

    async def create_response(self) -> None:
        await self._send({"type": "create_response"})

    async def interrupt(self, speech_id: str | None, played_ms: int | None) -> None:
        """Tell the server that playback of that speech was stopped after `played_ms`; None: not known."""
        seconds = None if played_ms is None else played_ms / 1000
        await self._send({"type": "interrupt", "speech_id": speech_id, "interrupted_at": seconds})

    async def invoke_llm(self, model: str, prompt: str, messages: Sequence[dict[str, str]]) -> None:
        """Ask a model a question outside of the conversation. Answered by LlmResponseEvent or ErrorEvent."""
        await self._send({"type": "invoke_llm", "model": model, "prompt": prompt, "messages": list(messages)})

    async def close(self) -> None:
        """End the conversation. Safe to call twice."""
        try:
            async with asyncio.timeout(CLOSE_TIMEOUT_S):
                await self._socket.close(message=b"Normal closure")
        except TimeoutError:
            self.close_reason = self.close_reason or "the server did not answer the close"

    async def _send(self, metadata: dict[str, Any], payload: bytes = b"") -> None:
        try:
            await self._socket.send_bytes(wire.join(metadata, payload))
        except (ConnectionError, aiohttp.ClientError):
            raise ClientError("The connection to the server is gone.") from None

    # ---- what the server says -------------------------------------------------------------------

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Event:
        event = self._early.pop(0) if self._early else await self._next()
        if event is None:
            raise StopAsyncIteration
        return event

    async def _next(self) -> Event | None:
        """The next event; None when the conversation has ended. Raises ClientError for a malformed frame."""
        while True:
            frame = await self._socket.receive()
            match frame.type:
                case aiohttp.WSMsgType.BINARY:
                    event = parse(frame.data)
                    if event is not None:
                        return event
                case aiohttp.WSMsgType.TEXT:
                    raise ClientError("The server sent text; it does not speak the Voi protocol.")
                case aiohttp.WSMsgType.ERROR:
                    raise ClientError(f"The connection to the server broke: {frame.data}.")
                case _:
                    if frame.type is aiohttp.WSMsgType.CLOSE:
                        self.close_reason = str(frame.extra or "")
                    self.close_code = self._socket.close_code
                    return None


def parse(frame: bytes) -> Event | None:
    """The event in a frame; None for a type that this client does not know. Raises ClientError for a malformed
    frame."""
    metadata, payload = wire.split(frame)
    try:
        match metadata["type"]:
            case "status" if metadata["status"] == "speech_done":
                return SpeechDoneEvent(metadata["speech_id"])
            case "status":
                return StatusEvent(metadata["status"])
            case "message":
                parts = metadata["content"]
                text = "".join(part["text"] for part in parts if part["type"] == "text")
                urls = tuple(part["image_url"]["url"] for part in parts if part["type"] == "image_url")
                return MessageEvent(int(metadata["id"]), metadata["role"], text, urls)
            case "audio":
                return AudioEvent(metadata["speech_id"], payload)
            case "llm_response":
                return LlmResponseEvent(metadata["content"])
            case "error":
                return ErrorEvent(metadata["error"])
    except (KeyError, TypeError, ValueError) as error:
        raise ClientError(f"The server sent a message that lacks something: {error!r}.") from None
    return None


async def _open(
    http: aiohttp.ClientSession, url: str, token: str, insecure: bool, timeout_s: float
) -> aiohttp.ClientWebSocketResponse:
    try:
        address = URL(url)
        if address.scheme not in ("ws", "wss") or not address.host:
            raise ValueError
        address = address.update_query(token=token)
    except ValueError:
        raise ClientError(f"{url} is not a WebSocket address. Use one like ws://127.0.0.1:8765/ws.") from None
    here = f"{address.scheme}://{address.authority}{address.path}"  # without the token
    try:
        async with asyncio.timeout(timeout_s):
            return await http.ws_connect(address, max_msg_size=MAX_FRAME_BYTES, ssl=not insecure, heartbeat=HEARTBEAT_S)
    except aiohttp.ClientConnectorCertificateError as error:
        raise ClientError(
            f"The certificate of {here} is not to be trusted ({_reason(error.certificate_error)}). For a self-signed "
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
        raise ClientError(f"{here} did not answer within {timeout_s:g} s.") from None


def _reason(error: BaseException) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return error.verify_message
    return getattr(error, "strerror", None) or type(error).__name__
