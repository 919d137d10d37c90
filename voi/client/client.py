"""The client: connects, begins a conversation, sends, receives, and comes back after a lost connection."""

import asyncio
import random
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from itertools import chain, repeat
from typing import Any, Self

import aiohttp

from voi.audio.pcm import SAMPLE_BYTES
from voi.calls.proof import Proof
from voi.client.connecting import open_socket
from voi.client.events import ErrorEvent, Event, ResumedEvent, StatusEvent, parse
from voi.client.outgoing import Outgoing
from voi.core.options import Mode
from voi.errors import ClientError
from voi.transports.voi_ws import from_client, wire

INPUT_RATE_HZ = wire.INPUT_RATE_HZ
OUTPUT_RATE_HZ = wire.OUTPUT_RATE_HZ
CLOSE_TIMEOUT_S = 3.0
HEARTBEAT_S = 30.0
"""Interval of pings. A server that does not answer within half of it counts as gone."""
RESUMING_HEARTBEAT_S = 4.0
"""The same for a client that can come back."""
BACK_OFF_S = (0.0, 0.1, 0.2, 0.4, 0.8, 1.5, 2.0)
"""Waits before each attempt to connect again; the last one repeats. Up to a quarter is added at random."""
RESUME_ATTEMPT_S = 5.0
"""Longest time for one attempt."""
SERVICE_RESTART = 1012
COME_BACK = frozenset({1001, 1006, SERVICE_RESTART, 1013})
"""Close codes after which a client that can come back does so: a proxy or the server is restarted, or full."""


class _Broke(ClientError):
    """The connection was lost without a word."""


class VoiClient:
    """One conversation, ready as soon as it is made (`init_done` has arrived). Iterating gives the server's events
    until the conversation ends; then `close_code` and `close_reason` say how it ended."""

    def __init__(
        self,
        socket: aiohttp.ClientWebSocketResponse,
        reconnect: Callable[[float], Awaitable[aiohttp.ClientWebSocketResponse]] | None = None,
    ) -> None:
        self._socket = socket
        self._reconnect = reconnect
        """Connects again within that many seconds; None: this client does not come back."""
        self._early: list[Event] = []
        self._outgoing = Outgoing()
        self._resume_id = ""
        self._resume_within_s = self._restart_within_s = 0.0
        self._received = 0
        """How many messages of the server arrived, `init_done` included."""
        self._away = False
        self._closing = False
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
        input_audio_format: from_client.InputFormat = "pcm16",
        insecure: bool = False,
        resume: bool = False,
        session: str = "",
        person: str = "",
        proof: Proof = Proof.APP,
        app_tools: Sequence[str] = (),
        app_messages: bool = False,
        lowers_sound: bool = False,
        timeout_s: float = 15.0,
    ) -> AsyncIterator[Self]:
        """Connect and begin a conversation. It is closed at the end of the `async with`.

        `agent_config`: a whole agent as JSON text, instead of one that the server knows. `insecure`: accept any
        certificate of a `wss` server, as is needed for self-signed ones in development. `resume`: come back by itself
        after a lost connection, for as long as the server waits; the events have to be read for that. `session`: a name
        under which the server saves the conversation at its end; where it has one of that name, it goes on, and its
        messages come first. `person`: whom it is with, for a service whose token may name people; `proof`: how it
        knows. `app_tools`: names of the tools that this client runs when it gets a ToolCallEvent.
        `app_messages`: it wants AppMessageEvents. `lowers_sound`: it wants SoundLoweredEvents, for its
        PlayQueue. Raises ClientError if the server cannot be reached or refuses.
        """
        init: dict[str, Any] = {
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
        heartbeat_s, query = HEARTBEAT_S, {"token": token}
        if session:
            init["session"] = session
        if person:
            init |= {"person": person, "proof": proof.value}
        if app_tools:
            init["app_tools"] = list(app_tools)
        if app_messages:
            init["app_messages"] = True
        if lowers_sound:
            init["lowers_sound"] = True
        if resume:
            init["resumable"], heartbeat_s = True, RESUMING_HEARTBEAT_S
            query["call"] = secrets.token_hex(8)  # a proxy of several workers knows the right one by it
        async with aiohttp.ClientSession() as http:

            async def connected(within_s: float) -> aiohttp.ClientWebSocketResponse:
                return await open_socket(http, url, query, insecure, within_s, heartbeat_s)

            client = cls(await connected(timeout_s), connected if resume else None)
            try:
                await client._begin(init, timeout_s)
                yield client
            finally:
                await client.close()

    async def _begin(self, init: dict[str, Any], timeout_s: float) -> None:
        """Ask for the conversation. A client that comes back after a lost connection asks once more if it is lost
        before the server answers (a proxy is restarted, say): nothing was said yet."""
        try:
            async with asyncio.timeout(timeout_s):
                try:
                    await self._ask(init)
                except _Broke:
                    if self._reconnect is None:
                        raise
                    self._early.clear()
                    self._socket, self._received, self.close_code = await self._reconnect(timeout_s), 0, None
                    await self._ask(init)
        except TimeoutError:
            raise ClientError(f"The server did not begin the conversation within {timeout_s:g} s.") from None

    async def _ask(self, init: dict[str, Any]) -> None:
        await self._put(wire.join(init))
        while (event := await self._next()) is not None:
            match event:
                case StatusEvent("init_done"):
                    return
                case ErrorEvent(error):
                    raise ClientError(f"The server refused: {error}")
                case _:
                    self._early.append(event)
        kind = _Broke if self.close_code == aiohttp.WSCloseCode.ABNORMAL_CLOSURE else ClientError
        raise kind(f"The server closed the connection at once ({self.close_code} {self.close_reason}).")

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

    async def send_tool_result(self, call_id: str, result: Any = None, *, error: str = "") -> None:
        """Answer a ToolCallEvent: with a result (a text, or what JSON can hold), or with why there is none."""
        answer = {"error": error} if error else {"result": result}
        await self._send({"type": "tool_result", "call_id": call_id, **answer})

    async def close(self) -> None:
        """End the conversation. Safe to call twice."""
        self._closing = True
        try:
            async with asyncio.timeout(CLOSE_TIMEOUT_S):
                await self._socket.close(message=b"Normal closure")
        except TimeoutError:
            self.close_reason = self.close_reason or "the server did not answer the close"

    async def _send(self, metadata: dict[str, Any], payload: bytes = b"") -> None:
        frame = wire.join(metadata, payload)
        if not self._resume_id:
            await self._put(frame)
            return
        if self.close_code is not None:
            raise ClientError("The connection to the server is gone.")
        self._outgoing.add(frame, len(payload) if metadata["type"] == "audio" else None)
        if not self._away:
            with suppress(ClientError):  # it is kept, and sent again when the connection is back
                await self._put(frame)

    async def _put(self, frame: bytes) -> None:
        try:
            await self._socket.send_bytes(frame)
        except (ConnectionError, aiohttp.ClientError):
            raise _Broke("The connection to the server is gone.") from None

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
            try:
                frame = await self._socket.receive()
            except (ConnectionError, aiohttp.ClientError):
                continue  # a ping cannot be answered, as the connection is lost; what came after it can be read
            match frame.type:
                case aiohttp.WSMsgType.BINARY:
                    event = parse(frame.data)
                    self._received += 1
                    if event == StatusEvent("init_done"):
                        self._note_resume_id(frame.data)
                    if event is not None:
                        return event
                case aiohttp.WSMsgType.TEXT:
                    raise ClientError("The server sent text; it does not speak the Voi protocol.")
                case aiohttp.WSMsgType.ERROR if not self._may_come_back(frame):
                    raise _Broke(f"The connection to the server broke: {frame.data}.")
                case _:
                    restarts = frame.type is aiohttp.WSMsgType.CLOSE and frame.data == SERVICE_RESTART
                    if self._may_come_back(frame) and (event := await self._come_back(restarts=restarts)):
                        return event
                    if frame.type is aiohttp.WSMsgType.CLOSE:
                        self.close_reason = self.close_reason or str(frame.extra or "")
                    self.close_code = self.close_code or self._socket.close_code
                    return None

    # ---- coming back ----------------------------------------------------------------------------

    def _note_resume_id(self, frame: bytes) -> None:
        if self._reconnect is not None:
            metadata, _ = wire.split(frame)
            self._resume_id = str(metadata.get("resume_id") or "")
            self._resume_within_s = float(metadata.get("resume_within_s") or 0)
            self._restart_within_s = float(metadata.get("restart_within_s") or 0)

    def _may_come_back(self, frame: aiohttp.WSMessage) -> bool:
        """True if the connection was lost, or the server asks to come back. False: the conversation is over."""
        if not self._resume_id or self._closing:
            return False
        return frame.type is not aiohttp.WSMsgType.CLOSE or frame.data in COME_BACK

    async def _come_back(self, *, restarts: bool) -> ResumedEvent | None:
        """Connect again and resume, until it succeeds or the server waits no longer. `restarts`: the server said that
        it is restarted. None: the conversation is over, and `close_code` and `close_reason` say why."""
        loop = asyncio.get_running_loop()
        within_s = max(self._resume_within_s, self._restart_within_s if restarts else 0)
        lost_s, self._away = loop.time(), True
        for wait_s in chain(BACK_OFF_S, repeat(BACK_OFF_S[-1])):
            if loop.time() - lost_s + wait_s > within_s:
                break
            await asyncio.sleep(wait_s * random.uniform(1, 1.25))
            try:
                async with asyncio.timeout(RESUME_ATTEMPT_S):
                    if await self._try_to_resume():
                        away_s = loop.time() - lost_s
                        lost_bytes, self._outgoing.lost_bytes = self._outgoing.lost_bytes, 0
                        return ResumedEvent(away_s, lost_bytes * 1_000 // (INPUT_RATE_HZ * SAMPLE_BYTES))
            except (ClientError, TimeoutError, ConnectionError, aiohttp.ClientError):
                continue  # not yet
            if self.close_code is not None:
                return None
        self.close_code = self.close_code or 1006
        self.close_reason = "the connection was lost and did not come back in time"
        return None

    async def _try_to_resume(self) -> bool:
        """Try once to resume. False: the server refused; `close_code` is set if that is final."""
        assert self._reconnect is not None
        socket = await self._reconnect(RESUME_ATTEMPT_S)
        resume = {"type": "resume", "resume_id": self._resume_id, "received": self._received}
        await socket.send_bytes(wire.join(resume))
        error = ""
        while True:
            frame = await socket.receive()
            if frame.type is not aiohttp.WSMsgType.BINARY:
                if frame.type is aiohttp.WSMsgType.CLOSE and frame.data not in COME_BACK:
                    self.close_code, self.close_reason = frame.data, error or str(frame.extra or "")
                await socket.close()
                return False
            metadata, _ = wire.split(frame.data)
            if metadata.get("status") == "resumed":
                break
            error = str(metadata.get("error", ""))
        self._outgoing.rewind(metadata["received_messages"], metadata["received_audio_bytes"])
        for again in self._outgoing.again():
            await socket.send_bytes(again)
        self._received, self._socket, self._away = metadata["sent"], socket, False
        return True
