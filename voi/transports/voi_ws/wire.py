"""The Voi WebSocket protocol without a socket: frames (bytes) <-> messages.

Every frame, both ways, is one binary WebSocket message:

    bytes 0..3      N: length of the metadata, unsigned 32-bit big-endian
    bytes 4..4+N    metadata: one JSON object in UTF-8 with a "type"
    bytes 4+N..     payload: sound of `audio` frames, else nothing that matters

The browser client appends the nine characters `undefined` to every frame that has no payload, so only the payload of
`audio` is read. Unknown fields are ignored. Every other mistake is a `ClientError`.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import orjson

from voi.core.options import CallOptions
from voi.dialogue import Role
from voi.errors import ClientError

OUTPUT_RATE_HZ = 24_000
"""Sound to the client: s16le, mono, an even number of bytes per frame."""
OUTPUT_BLOCK_SAMPLES = 128
"""The client's player never plays a rest shorter than this, so a speech has to end on a whole block."""
INPUT_RATE_HZ = 16_000

MAX_TEXT_CHARS = 20_000
MAX_LLM_MESSAGES = 200
MAX_LLM_CHARACTERS = 200_000
"""Of the prompt and all messages of one `invoke_llm`: as long as the longest answer that Voi reads."""
LARGE_METADATA_BYTES = 64 * 1024
MAX_METADATA_SIGNS = 100_000
"""Most commas in larger metadata, and as many colons and brackets: a picture has a handful, texts have hundreds.
Megabytes of them would take the parser a tenth of a second."""
MAX_SPEECH_S = 24 * 3600
MAX_RESUME_ID_CHARS = 200
_SESSION = re.compile(r"[A-Za-z0-9._-]{1,100}")
FIRST_LOCAL_ID = 1_000
"""From here on the browser client numbers bubbles of its own (1000 + n, 2000 + n). A message of the server with such a
number would replace one of them."""
SKIPPED_IDS = 1_000_000
"""Offset that is added to message ids from `FIRST_LOCAL_ID` on."""
MAX_RETURNED_IMAGE_CHARS = 64 * 1024
"""A picture as a longer `data:` URL is not sent back: it would delay the sound, and the client has it."""

_CHAT = CallOptions(mode="chat", input_rate_hz=INPUT_RATE_HZ)
InputFormat = Literal["pcm16", "webm", "mp4", "ogg"]
Json = dict[str, Any]


# ---- client -> server -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Init:
    """The first message. `agent_config`: a whole agent as JSON text, instead of one that the server knows. `resumable`:
    the client wants to come back if it loses its connection. `session`: the name under which the conversation is saved,
    and continued another day; "": it is not."""

    agent_name: str
    agent_config: str | None = None
    options: CallOptions = _CHAT
    input_audio_format: InputFormat = "pcm16"
    resumable: bool = False
    session: str = ""


@dataclass(frozen=True, slots=True)
class ResumeCall:
    """The first message on a new connection of a conversation that goes on. `received`: how many messages of the server
    arrived, all connections together; None: the client has lost what it had. `speech_id` and `played_ms`: for a client
    whose player lost sound that had arrived: how much of which speech was heard."""

    resume_id: str
    received: int | None = None
    speech_id: int | None = None
    played_ms: int | None = None

    @property
    def played(self) -> tuple[int, int] | None:
        """The message whose sound the player lost, and how many ms of it were heard."""
        return None if self.speech_id is None or self.played_ms is None else (self.speech_id, self.played_ms)


@dataclass(frozen=True, slots=True)
class Audio:
    """Sound of the person: s16le at 16 kHz, or a piece of the container named in `Init.input_audio_format`."""

    payload: bytes


@dataclass(frozen=True, slots=True)
class TypedText:
    """What the person typed. It is not answered until CreateResponse."""

    content: str


@dataclass(frozen=True, slots=True)
class ImageUrl:
    """`image_url` is None when the client failed to upload the picture."""

    image_url: str | None


@dataclass(frozen=True, slots=True)
class CreateResponse:
    """The person wants an answer to what was typed and shown."""


@dataclass(frozen=True, slots=True)
class Interrupt:
    """The client stopped a speech. `speech_id` None: it does not know which one. `interrupted_at_ms`: how much was
    played; None: it does not know."""

    speech_id: int | None
    interrupted_at_ms: int | None


@dataclass(frozen=True, slots=True)
class InvokeLlm:
    """Ask an LLM beside the conversation, with a prompt and messages of the client's own."""

    model: str
    prompt: str
    messages: tuple[Json, ...]


ClientMessage = Init | ResumeCall | Audio | TypedText | ImageUrl | CreateResponse | Interrupt | InvokeLlm

PLAIN_AUDIO = b'\x00\x00\x00\x10{"type":"audio"}'
"""The beginning of nearly every frame of a call."""
_CREATE_RESPONSE = CreateResponse()


def parse(frame: bytes) -> ClientMessage:
    """The message in a frame from the client. Raises ClientError."""
    if frame.startswith(PLAIN_AUDIO):
        return Audio(frame[len(PLAIN_AUDIO) :])
    metadata, payload = split(frame)
    kind = metadata.get("type")
    if not isinstance(kind, str):
        raise ClientError("The message has no type.")
    if kind == "audio":
        return Audio(payload)
    if kind == "resume":
        return _read_resume(metadata)
    read = _READERS.get(kind)
    if read is None:
        raise ClientError(f"Unknown message type {_quoted(kind)}. Known are: audio, {', '.join(_READERS)}.")
    return read(metadata)


def type_of(message: ClientMessage) -> str:
    """The message's "type" in the protocol."""
    return _TYPES[type(message)]


def split(frame: bytes) -> tuple[Json, bytes]:
    """Metadata and payload of a frame in either direction. Raises ClientError if the frame is malformed."""
    if len(frame) < 4:
        raise ClientError(f"A message has at least 4 bytes, this one {len(frame)}: the metadata's length is missing.")
    end = 4 + int.from_bytes(frame[:4], "big")
    if end > len(frame):
        raise ClientError(f"The message says that its metadata has {end - 4} bytes, but only {len(frame) - 4} follow.")
    if end > LARGE_METADATA_BYTES and _has_many_signs(frame, 4, end):
        raise ClientError("The message's metadata has too many parts.")
    try:
        metadata = orjson.loads(memoryview(frame)[4:end])
    except orjson.JSONDecodeError as error:
        # only the position: the parser's text may quote what the person said
        raise ClientError(f"The message's metadata is not valid JSON (at character {error.pos}).") from None
    if not isinstance(metadata, dict):
        raise ClientError("The message's metadata is not a JSON object.")
    return metadata, frame[end:]


def _has_many_signs(frame: bytes, start: int, end: int) -> bool:
    """Whether there are more than `MAX_METADATA_SIGNS` of a sign. `find` passes megabytes without one in a moment."""
    for sign in (b",", b":", b"[", b"{"):
        at, count = frame.find(sign, start, end), 0
        while at >= 0:
            count += 1
            if count > MAX_METADATA_SIGNS:
                return True
            at = frame.find(sign, at + 1, end)
    return False


def join(metadata: Mapping[str, Any], payload: bytes = b"") -> bytes:
    """The frame, for either direction, with that metadata and payload."""
    try:
        text = orjson.dumps(metadata)
    except TypeError:  # half a surrogate pair, as a model may write it; escaped it is legal JSON
        text = json.dumps(metadata).encode()
    return len(text).to_bytes(4, "big") + text + payload


def _read_init(metadata: Json) -> Init:
    mode: Any = metadata.get("mode") or "chat"
    if mode not in ("chat", "call"):
        raise ClientError(f"init: unknown mode {_quoted(mode)}. Known are: chat, call.")
    input_format: Any = metadata.get("input_audio_format") or "pcm16"
    if input_format not in ("pcm16", "webm", "mp4", "ogg"):
        raise ClientError(
            f"init: unknown input_audio_format {_quoted(input_format)}. Known are: pcm16, webm, mp4, ogg."
        )
    agent_config = metadata.get("agent_config")
    if not isinstance(agent_config, str | None):
        raise ClientError("init: agent_config is a string that holds JSON, or null.")
    return Init(
        agent_name=_string(metadata, "agent_name", "init"),
        agent_config=agent_config or None,
        options=CallOptions(
            mode=mode,
            greet=_switch(metadata, "init_greeting"),
            stream_user_stt=_switch(metadata, "stream_user_stt"),
            final_stt_correction=_switch(metadata, "final_stt_correction"),
            stream_output_audio=_switch(metadata, "stream_output_audio"),
            input_rate_hz=INPUT_RATE_HZ,
        ),
        input_audio_format=input_format,
        resumable=_switch(metadata, "resumable", default=False),
        session=_session(metadata),
    )


def _session(metadata: Json) -> str:
    session = metadata.get("session")
    if session is None or session == "":
        return ""
    if not isinstance(session, str) or not _SESSION.fullmatch(session):
        raise ClientError("init: session is a name of 1 to 100 letters, digits, dots, dashes and underscores.")
    return session


def _read_resume(metadata: Json) -> ResumeCall:
    received = metadata.get("received")
    if received is not None and (type(received) is not int or not 0 <= received < 2**53):
        raise ClientError("resume: received is the number of messages that arrived, or null.")
    resume_id = _string(metadata, "resume_id", "resume")
    if len(resume_id) > MAX_RESUME_ID_CHARS:
        raise ClientError("resume: resume_id is not one that this server gave.")
    played_ms = metadata.get("played_ms")
    if played_ms is not None and (type(played_ms) is not int or not 0 <= played_ms <= MAX_SPEECH_S * 1000):
        raise ClientError("resume: played_ms is a whole number of milliseconds, or null.")
    return ResumeCall(resume_id, received, _speech_id("resume", metadata), played_ms)


def _read_text(metadata: Json) -> TypedText:
    content = _string(metadata, "content", "text")
    if len(content) > MAX_TEXT_CHARS:
        raise ClientError(f"text: {len(content)} characters are more than the {MAX_TEXT_CHARS} allowed.")
    return TypedText(content)


def _read_image_url(metadata: Json) -> ImageUrl:
    url = metadata.get("image_url")
    if not isinstance(url, str | None):
        raise ClientError("image_url: image_url is a string or null.")
    return ImageUrl(url)


def _read_interrupt(metadata: Json) -> Interrupt:
    number, seconds = _speech_id("interrupt", metadata), metadata.get("interrupted_at")
    if seconds is None:
        return Interrupt(number, None)
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 0 <= seconds <= MAX_SPEECH_S:
        raise ClientError(f"interrupt: interrupted_at is a number of seconds from 0 to {MAX_SPEECH_S}, or null.")
    return Interrupt(number, round(seconds * 1000))


def _speech_id(kind: str, metadata: Json) -> int | None:
    """The message id that `speech_id` names; None if it names none."""
    speech_id = metadata.get("speech_id")
    if isinstance(speech_id, str) and speech_id.isascii() and speech_id.isdigit() and len(speech_id) <= 9:
        return message_id_of(int(speech_id))
    if isinstance(speech_id, int | float) and not isinstance(speech_id, bool) and 0 <= speech_id < 10**9:
        return message_id_of(int(speech_id))
    if speech_id is None or speech_id == "":
        return None
    raise ClientError(f"{kind}: speech_id {_quoted(speech_id)} is not the id of a speech.")


def _read_invoke_llm(metadata: Json) -> InvokeLlm:
    messages = metadata.get("messages", [])
    if not isinstance(messages, list) or len(messages) > MAX_LLM_MESSAGES:
        raise ClientError(f"invoke_llm: messages is a list of at most {MAX_LLM_MESSAGES} messages.")
    for message in messages:
        if not (
            isinstance(message, dict)
            and message.get("role") in ("system", "user", "assistant")
            and isinstance(message.get("content"), str)
        ):
            raise ClientError(
                'invoke_llm: each message is {"role": "user", "content": "…"}; roles are system, user, assistant.'
            )
    model, prompt = _string(metadata, "model", "invoke_llm"), _string(metadata, "prompt", "invoke_llm")
    if len(prompt) + sum(len(message["content"]) for message in messages) > MAX_LLM_CHARACTERS:
        raise ClientError(f"invoke_llm: the prompt and the messages have more than {MAX_LLM_CHARACTERS:,} characters.")
    return InvokeLlm(model, prompt, tuple(messages))


def _string(metadata: Json, field: str, kind: str) -> str:
    value = metadata.get(field)
    if not isinstance(value, str):
        raise ClientError(f"{kind}: {field} is required and a string.")
    return value


def _switch(metadata: Json, field: str, *, default: bool = True) -> bool:
    """A boolean field of `init`. Missing or null means `default`, mostly true, as in the client's own defaults."""
    value = metadata.get(field)
    if not isinstance(value, bool | None):
        raise ClientError(f"init: {field} is true or false.")
    return default if value is None else value


def _quoted(value: object) -> str:
    if isinstance(value, str):
        value = value[:41]
    text = repr(value) if isinstance(value, str | int | float | None) else type(value).__name__
    return text if len(text) <= 40 else text[:40] + "…"


_READERS: dict[str, Callable[[Json], ClientMessage]] = {
    "init": _read_init,
    "text": _read_text,
    "image_url": _read_image_url,
    "create_response": lambda _: _CREATE_RESPONSE,
    "interrupt": _read_interrupt,
    "invoke_llm": _read_invoke_llm,
}
_TYPES: dict[type[ClientMessage], str] = {
    Init: "init",
    ResumeCall: "resume",
    Audio: "audio",
    TypedText: "text",
    ImageUrl: "image_url",
    CreateResponse: "create_response",
    Interrupt: "interrupt",
    InvokeLlm: "invoke_llm",
}


# ---- server -> client -----------------------------------------------------------------------------


def init_done(agent_name: str, resume_id: str = "", resume_within_s: float = 0, restart_within_s: float = 0) -> bytes:
    """`resume_id`: for clients that want to come back, with how long they may be away, and how long after the server
    was restarted (0: they may not)."""
    metadata: Json = {"type": "status", "status": "init_done", "agent_name": agent_name}
    if resume_id:
        metadata |= {"resume_id": resume_id, "resume_within_s": resume_within_s}
    if resume_id and restart_within_s:
        metadata["restart_within_s"] = restart_within_s
    return join(metadata)


def resumed(sent: int, messages: int, audio_bytes: int) -> bytes:
    """The conversation goes on. `sent`: the number of the last message that is not sent again. `messages` and
    `audio_bytes`: what arrived from the client since `init`: messages other than audio, and sound."""
    return join({"type": "status", "status": "resumed", "sent": sent,
                 "received_messages": messages, "received_audio_bytes": audio_bytes})  # fmt: skip


def status(name: str) -> bytes:
    return join({"type": "status", "status": name})


def speech_done(message_id: int) -> bytes:
    """The speech with that message's id was sent to its end."""
    return join({"type": "status", "status": "speech_done", "speech_id": str(shown_id(message_id))})


def message(
    message_id: int,
    role: Role,
    text: str,
    image_urls: tuple[str, ...] = (),
    narrated: Sequence[tuple[int, int]] = (),
) -> bytes:
    """The frame that shows a message. The same id again replaces the message in the client's window. `narrated`: where
    in the text the narrator speaks."""
    images = [url for url in image_urls if len(url) <= MAX_RETURNED_IMAGE_CHARS]
    content: list[Json] = [{"type": "text", "text": text}] if text or not images else []
    content += [{"type": "image_url", "image_url": {"url": url}} for url in images]
    metadata: Json = {"type": "message", "role": role, "content": content, "id": shown_id(message_id)}
    if narrated:
        metadata["voices"] = list(_by_voice(text, narrated))
    return join(metadata)


def _by_voice(text: str, narrated: Sequence[tuple[int, int]]) -> Iterator[Json]:
    """The text in parts of one voice each. Parts and not positions, because clients count characters differently."""
    end = 0
    for begin, next_end in narrated:
        if begin > end:
            yield {"voice": "character", "text": text[end:begin]}
        yield {"voice": "narrator", "text": text[begin:next_end]}
        end = next_end
    if text[end:]:
        yield {"voice": "character", "text": text[end:]}


def shown_id(message_id: int) -> int:
    """The number by which clients know the message."""
    return message_id if message_id < FIRST_LOCAL_ID else message_id + SKIPPED_IDS


def message_id_of(shown: int) -> int:
    """The message id behind the number that clients use. Inverse of `shown_id`."""
    return shown if shown < FIRST_LOCAL_ID + SKIPPED_IDS else shown - SKIPPED_IDS


def audio_header(message_id: int) -> bytes:
    """The part before the sound in every audio frame of the speech with that message id. The id is sent as a JSON
    string, because the client's player throws on numbers."""
    return join({"type": "audio", "speech_id": str(shown_id(message_id))})


def llm_response(content: str) -> bytes:
    return join({"type": "llm_response", "content": content})


def error(text: str) -> bytes:
    return join({"type": "error", "error": text})
