"""The RTVI protocol as it travels over a WebSocket, and all that the server sends.

What clients really do, read from @pipecat-ai/client-js 1.13 (RTVI 2.1.0), @pipecat-ai/websocket-transport 1.7 and
pipecat 1.14 (RTVI 2.2.0):

- An RTVI message is a JSON object: `label` "rtvi-ai", `type`, `data`, and an `id` where an answer refers to it.
- The JavaScript transport sends protobuf frames only (`frames.py`), and takes two kinds: sound and messages. Any other
  kind it logs as an error and drops, the InterruptionFrame included. It plays sound at a rate of its own (24 kHz unless
  its option `playerSampleRate` says otherwise) and ignores the rate of the frame. Nothing makes it drop sound that it
  has: what was sent is heard. So this door sends sound just before it is heard (`pacing.py`). Its player takes blocks
  of 128 samples; when it has none left it stops, and loses a rest that is shorter.
- It opens the WebSocket (`wsUrl`, with the connection parameter `token` appended as `token=`), then sends
  `client-ready`, and only then sound: mono at 16 kHz (`recorderSampleRate`), in frames of 32 ms or so, beginning with
  what its microphone took while it connected. `connect()` resolves on `bot-ready`. A WebSocket that closes, for
  whatever reason, is a fatal error to it; so is an `error` with `fatal`.
- `startBot` posts JSON to an endpoint, whose answer is the connection parameters: `wsUrl` (or `ws_url`) and `token`,
  and no other field.
- A function call is told by `llm-function-call-started` and `-in-progress`; on the latter a handler that the app
  registered for that name is run, and its result sent as `llm-function-call-result`. A handler that returns nothing or
  fails sends nothing. Clients of RTVI 1 know `llm-function-call` instead.
- pipecat's Python clients and its `evals` send the same messages as JSON in text frames, sound as `raw-audio` in
  base64. The `evals` first send a `client-message` of type `eval-connect`, which says whether they want to hear the
  agent; its sound goes to them as `eval-bot-audio`.
- `bot-output` tells a sentence three times: "new", "in-progress" at each word that is spoken, "completed". Clients of
  RTVI 1 get it once, with `spoken`.
"""

import base64
from datetime import UTC, datetime
from typing import Any, Protocol

import orjson

from voi.text.whole_characters import whole_characters
from voi.transports.rtvi import frames

PROTOCOL_VERSION = "2.2.0"
LABEL = "rtvi-ai"
OUTPUT_RATE_HZ = 24_000
"""Sound to the client, unless it asks for another rate: s16le, mono."""
INPUT_RATE_HZ = 16_000
"""Sound of the person as the session hears it."""
OUTPUT_BLOCK_SAMPLES = 128
"""The client's player plays whole blocks only."""

Json = dict[str, Any]


class Encoding(Protocol):
    """How a connection's messages travel. Text messages are `str`, binary ones `bytes`."""

    def message(self, text: bytes) -> bytes | str:
        """An RTVI message, given as JSON."""

    def sound(self, pcm: bytes, rate_hz: int) -> bytes | str | None:
        """Sound of the agent; None: the client does not want it."""

    interruption: bytes | None
    """Tells the client to drop sound that it has not played; None: only the message `bot-interrupted` does."""


class ProtobufEncoding:
    """Protobuf frames in binary messages."""

    interruption: bytes | None = frames.INTERRUPTED

    def message(self, text: bytes) -> bytes | str:
        return frames.message(text)

    def sound(self, pcm: bytes, rate_hz: int) -> bytes | str | None:
        return frames.sound(pcm, rate_hz)


class JsonEncoding:
    """JSON in text messages. `wants_sound`: the client wants to hear the agent; `evaluates`: it is pipecat's `evals`,
    which know the sound by a name of their own."""

    interruption: bytes | None = None

    def __init__(self, *, wants_sound: bool = True, evaluates: bool = False) -> None:
        self.wants_sound = wants_sound
        self.evaluates = evaluates

    def message(self, text: bytes) -> bytes | str:
        return text.decode()

    def sound(self, pcm: bytes, rate_hz: int) -> bytes | str | None:
        if not self.wants_sound:
            return None
        data: Json = {"audio": base64.b64encode(pcm).decode()}
        if self.evaluates:
            return to_json("eval-bot-audio", data | {"sampleRate": rate_hz}).decode()
        return to_json("bot-tts-audio", data | {"sample_rate": rate_hz, "num_channels": 1}).decode()


def to_json(kind: str, data: Json | None = None, message_id: str | None = None) -> bytes:
    """An RTVI message. `message_id`: of the message that it answers."""
    whole: Json = {"label": LABEL, "type": kind}
    if message_id is not None:
        whole["id"] = message_id
    if data is not None:
        whole["data"] = data
    try:
        return orjson.dumps(whole)
    except TypeError:  # half a surrogate pair, as a model may write it
        return orjson.dumps(whole_characters(whole))


def bot_ready(message_id: str, version: str, about_version: str, *, audio_out: bool) -> bytes:
    """The answer to `client-ready`. `version`: of RTVI, that the server speaks with this client."""
    data: Json = {"version": version, "about": {"library": "voi", "library_version": about_version}}
    if not version.startswith("1."):
        data["capabilities"] = {"audio_in": True, "audio_out": audio_out, "video_in": False, "screen_in": False,
                                "video_out": False, "metrics": False}  # fmt: skip
    return to_json("bot-ready", data, message_id)


def error(text: str, *, fatal: bool) -> bytes:
    """Something failed. `fatal`: the connection ends with it."""
    return to_json("error", {"error": text, "fatal": fatal})


def error_response(message_id: str, text: str) -> bytes:
    """That message of the client could not be used."""
    return to_json("error-response", {"error": text}, message_id)


def user_transcription(text: str, *, final: bool) -> bytes:
    """What the person says. Each text replaces the earlier ones since the last final one."""
    return to_json("user-transcription", {"text": text, "user_id": "", "timestamp": now(), "final": final})


def user_input(text: str, input_type: str, *, final: bool = True, message_id: str = "") -> bytes:
    """`input_type`: "transcription", or "chat" for the text of that `send-text` message."""
    data = {"text": text, "input_type": input_type, "timestamp": now(), "final": final}
    return to_json("user-input", data | ({"msg_id": message_id} if message_id else {}))


def bot_output(text: str, segment_id: int, status: str, *, spoken: bool, said: str = "", legacy: bool = False) -> bytes:
    """A sentence of the agent. `status`: "new", "in-progress" or "completed"; `said`: how much of it was heard."""
    data: Json = {"text": text, "output_type": "sentence", "text_type": "sentence", "aggregated_by": "sentence"}
    if legacy:
        return to_json("bot-output", data | {"spoken": spoken})
    data |= {"segment_id": segment_id, "will_be_spoken": spoken, "spoken_status": status}
    if spoken:
        data["spoken_progress"] = {"accumulated_text": said, "remaining_text": text[len(said) :]}
    return to_json("bot-output", data)


def text_of(kind: str, text: str) -> bytes:
    """The messages that carry only a text: bot-llm-text, bot-tts-text, bot-transcription, user-llm-text."""
    return to_json(kind, {"text": text})


def function_call(number: str, name: str, arguments: str, *, legacy: bool = False) -> list[bytes]:
    """The app is to run a function. `arguments`: a JSON object as text."""
    parsed = orjson.loads(arguments)
    if legacy:
        return [to_json("llm-function-call", {"function_name": name, "tool_call_id": number, "args": parsed})]
    return [
        to_json("llm-function-call-started", {"function_name": name}),
        to_json("llm-function-call-in-progress", {"tool_call_id": number, "function_name": name, "arguments": parsed}),
    ]


def function_call_stopped(number: str, name: str, *, cancelled: bool) -> bytes:
    """A tool has run, or was `cancelled`. `number`: of its call."""
    data = {"tool_call_id": number, "function_name": name, "cancelled": cancelled}
    return to_json("llm-function-call-stopped", data)


def server_message(data: Json) -> bytes:
    """A message of our own, for what RTVI has no word for."""
    return to_json("server-message", data)


def now() -> str:
    """The time as ISO 8601, in UTC."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")
