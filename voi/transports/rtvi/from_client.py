"""What an RTVI client says: messages of the protocol (`wire.py`) as objects. All mistakes are `ClientError`."""

import binascii
from base64 import b64decode
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import orjson

from voi.errors import ClientError
from voi.tools.arguments import DEPTH_MAX, is_deeper
from voi.transports.rtvi import frames
from voi.transports.rtvi.frames import InterruptionFrame, SoundFrame
from voi.transports.rtvi.wire import LABEL, Json

MAX_JSON_BYTES = 1024 * 1024
"""The JavaScript client's own limit."""
MAX_TYPED_CHARS = 20_000
MAX_RESULT_CHARS = 200_000
MAX_ID_CHARS = 200
MAX_BUTTONS = 64
MAX_BATCH = 256
BUTTONS = frozenset("0123456789*#")


@dataclass(frozen=True, slots=True)
class ClientReady:
    """The client can be told things now. `version`: of RTVI, as three numbers; None: it does not say."""

    version: tuple[int, int, int] | None


@dataclass(frozen=True, slots=True)
class SendText:
    """What the person typed. `answer`: it is to be answered at once; `spoken` False: by text alone."""

    content: str
    answer: bool = True
    spoken: bool = True


@dataclass(frozen=True, slots=True)
class SendPicture:
    """A picture with a text. `url`: http(s), or the picture itself as a data: URL."""

    url: str
    content: str
    answer: bool = True
    spoken: bool = True


@dataclass(frozen=True, slots=True)
class FunctionResult:
    """The app has run a function. `result`: a text, or JSON as text."""

    number: str
    result: str


@dataclass(frozen=True, slots=True)
class ButtonsPressed:
    """Keys of a telephone: 0-9, * and #."""

    buttons: str


@dataclass(frozen=True, slots=True)
class AppRequest:
    """A message of the app's own kind (`client-message`)."""

    kind: str
    data: Any


@dataclass(frozen=True, slots=True)
class PageTold:
    """What the app's page shows, or what happened on it (`ui-…`), for agents that work with pages. No agent here does,
    and clients send it without being asked."""


@dataclass(frozen=True, slots=True)
class DisconnectBot:
    """The client wants to end the conversation."""


@dataclass(frozen=True, slots=True)
class SoundBatch:
    """Several pieces of sound, in their order."""

    pieces: tuple[SoundFrame, ...]


RtviMessage = (
    ClientReady | SendText | SendPicture | FunctionResult | ButtonsPressed | AppRequest | PageTold | DisconnectBot
    | SoundFrame | SoundBatch | InterruptionFrame
)  # fmt: skip


class CannotAnswer(ClientError):
    """A message with an id, to which an `error-response` is the answer."""

    def __init__(self, message_id: str, text: str) -> None:
        super().__init__(text)
        self.message_id = message_id


class NobodyAnswers(CannotAnswer):
    """A message that an app may send as often as it likes, and that nobody here answers: no mistake."""


@dataclass(frozen=True, slots=True)
class FromRtvi:
    """A message and its id; "": it has none."""

    message: RtviMessage
    id: str = ""


def parse(received: bytes | str) -> FromRtvi:
    """The message in a WebSocket message: a protobuf frame in a binary one, JSON in a text one. Raises ClientError, or
    `CannotAnswer` if it is known which message could not be used."""
    if isinstance(received, str):
        return _parse_json(received.encode())
    frame = frames.decode(received)
    return _parse_json(frame.data) if isinstance(frame, frames.JsonFrame) else FromRtvi(frame)


def _parse_json(text: bytes) -> FromRtvi:
    if len(text) > MAX_JSON_BYTES:
        raise ClientError(f"An RTVI message has at most {MAX_JSON_BYTES} bytes; this one has {len(text)}.")
    try:
        whole = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        # only the position: the parser's text may quote what the person said
        raise ClientError(f"The RTVI message is not valid JSON (at character {error.pos}).") from None
    if not isinstance(whole, dict) or whole.get("label") != LABEL:
        raise ClientError(f'An RTVI message is a JSON object with the label "{LABEL}".')
    kind, message_id, data = whole.get("type"), whole.get("id"), whole.get("data")
    name = message_id if isinstance(message_id, str) and len(message_id) <= MAX_ID_CHARS else ""
    try:
        if not isinstance(kind, str):
            raise ClientError("The RTVI message has no type.")
        read = _READERS.get(kind)
        if read is None:
            raise ClientError(f"Unsupported type {kind[:40]}.")
        if data is None:
            data = {}
        if not isinstance(data, dict):
            raise ClientError(f"{kind}: data is a JSON object.")
        return FromRtvi(read(data), name)
    except ClientError as error:
        raise (CannotAnswer(name, str(error)) if name else error) from None


def _ready(data: Json) -> ClientReady:
    version = data.get("version")
    parts = version.split(".") if isinstance(version, str) else []
    if len(parts) != 3 or not all(part.isascii() and part.isdecimal() and len(part) < 6 for part in parts):
        return ClientReady(None)
    return ClientReady((int(parts[0]), int(parts[1]), int(parts[2])))


def _send_text(data: Json) -> SendText:
    content = _string(data, "content", "send-text", MAX_TYPED_CHARS)
    return SendText(content, *_answers(data.get("options"), "send-text"))


def _append(data: Json) -> SendText:
    if data.get("role") != "user":
        raise ClientError("append-to-context: only messages of the role user are taken.")
    content = data.get("content")
    if isinstance(content, list):
        parts = [part.get("text") for part in content if isinstance(part, dict)]
        content = " ".join(part for part in parts if isinstance(part, str))
    return SendText(
        _string({"content": content}, "content", "append-to-context", MAX_TYPED_CHARS),
        _switch(data, "run_immediately", "append-to-context", default=False),
    )


def _send_file(data: Json) -> SendPicture:
    content = _string(data, "content", "send-file", MAX_TYPED_CHARS)
    file = data.get("file")
    source = file.get("source") if isinstance(file, dict) else None
    if not isinstance(file, dict) or not isinstance(source, dict):
        raise ClientError("send-file: file has a format and a source.")
    kind = _string(file, "format", "send-file", 100)
    if not kind.startswith("image/"):
        raise ClientError("send-file: only pictures are taken (a format that begins with image/).")
    if source.get("type") == "url":
        url = _string(source, "url", "send-file", MAX_JSON_BYTES)
    else:
        url = _string(source, "bytes", "send-file", MAX_JSON_BYTES)
        url = url if url.startswith("data:") else f"data:{kind};base64,{url}"
    return SendPicture(url, content, *_answers(data.get("options"), "send-file"))


def _function_result(data: Json) -> FunctionResult:
    number = _string(data, "tool_call_id", "llm-function-call-result", MAX_ID_CHARS)
    result = data.get("result")
    if is_deeper(result, DEPTH_MAX):
        raise ClientError(f"llm-function-call-result: result is nested deeper than {DEPTH_MAX} levels.")
    text = result if isinstance(result, str) else "" if result is None else orjson.dumps(result).decode()
    if len(text) > MAX_RESULT_CHARS:
        raise ClientError(f"llm-function-call-result: more than the {MAX_RESULT_CHARS:,} characters allowed.")
    return FunctionResult(number, text)


def _dtmf(data: Json) -> ButtonsPressed:
    buttons = data.get("buttons", [data.get("button")])  # one `button` before RTVI 2.1
    if (
        not isinstance(buttons, list)
        or not 0 < len(buttons) <= MAX_BUTTONS
        or not BUTTONS.issuperset(map(str, buttons))
    ):
        raise ClientError(f"dtmf: buttons is a list of 1 to {MAX_BUTTONS} of 0-9, * and #.")
    return ButtonsPressed("".join(map(str, buttons)))


def _client_message(data: Json) -> AppRequest:
    return AppRequest(_string(data, "t", "client-message", MAX_ID_CHARS), data.get("d"))


def _raw_audio(data: Json) -> SoundFrame:
    return _sound(data, data.get("base64Audio"))


def _raw_audio_batch(data: Json) -> SoundBatch:
    batch = data.get("base64AudioBatch")
    if not isinstance(batch, list) or len(batch) > MAX_BATCH:
        raise ClientError(f"raw-audio-batch: base64AudioBatch is a list of at most {MAX_BATCH} strings.")
    return SoundBatch(tuple(_sound(data, piece) for piece in batch))


def _sound(data: Json, written: object) -> SoundFrame:
    rate_hz, channels = data.get("sampleRate"), data.get("numChannels")
    if type(rate_hz) is not int or type(channels) is not int:
        raise ClientError("raw-audio: sampleRate and numChannels are whole numbers.")
    try:
        pcm = b64decode(written, validate=True) if isinstance(written, str) else None
    except (binascii.Error, ValueError):
        pcm = None
    if pcm is None:
        raise ClientError("raw-audio: the sound is a string in base64.")
    return SoundFrame(pcm, rate_hz, channels)


def _answers(options: object, kind: str) -> tuple[bool, bool]:
    """Whether it is to be answered at once, and whether the answer is to be spoken."""
    if options is None:
        return True, True
    if not isinstance(options, dict):
        raise ClientError(f"{kind}: options is a JSON object.")
    answer = _switch(options, "run_immediately", kind, default=True)
    return answer, _switch(options, "audio_response", kind, default=True)


def _switch(data: Json, field: str, kind: str, *, default: bool) -> bool:
    value = data.get(field)
    if not isinstance(value, bool | None):
        raise ClientError(f"{kind}: {field} is true or false.")
    return default if value is None else value


def _string(data: Json, field: str, kind: str, most_chars: int) -> str:
    value = data.get(field)
    if not isinstance(value, str):
        raise ClientError(f"{kind}: {field} is required and a string.")
    if len(value) > most_chars:
        raise ClientError(f"{kind}: {field} has {len(value)} characters, more than the {most_chars} allowed.")
    return value


_READERS: dict[str, Callable[[Json], RtviMessage]] = {
    "client-ready": _ready,
    "disconnect-bot": lambda _: DisconnectBot(),
    "send-text": _send_text,
    "append-to-context": _append,
    "send-file": _send_file,
    "llm-function-call-result": _function_result,
    "dtmf": _dtmf,
    "client-message": _client_message,
    "ui-event": lambda _: PageTold(),
    "ui-snapshot": lambda _: PageTold(),
    "ui-cancel-job-group": lambda _: PageTold(),
    "raw-audio": _raw_audio,
    "raw-audio-batch": _raw_audio_batch,
}
