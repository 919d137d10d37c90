"""What a client of the Voi WebSocket protocol says: frames (`wire.py`) as messages. All mistakes are `ClientError`."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import orjson

from voi.calls.proof import Proof
from voi.core.options import CallOptions
from voi.errors import ClientError
from voi.transports.voi_ws.wire import INPUT_RATE_HZ, Json, message_id_of, split

MAX_TEXT_CHARS = 20_000
MAX_LLM_MESSAGES = 200
MAX_LLM_CHARACTERS = 200_000
"""Limit on the prompt and all messages of one `invoke_llm` together: as long as the longest answer that Voi reads."""
MAX_SPEECH_S = 24 * 3600
MAX_RESUME_ID_CHARS = 200
MAX_PERSON_CHARS = 200
MAX_APP_TOOLS = 128
MAX_TOOL_NAME_CHARS = 64
MAX_TOOL_RESULT_CHARS = 200_000
_SESSION = re.compile(r"[A-Za-z0-9._-]{1,100}")

_CHAT = CallOptions(mode="chat", input_rate_hz=INPUT_RATE_HZ)
InputFormat = Literal["pcm16", "webm", "mp4", "ogg"]


@dataclass(frozen=True, slots=True)
class Init:
    """The first message. `agent_config`: a whole agent as JSON text, instead of one that the server knows. `resumable`:
    the client wants to come back if it loses its connection. `session`: the name under which the conversation is saved,
    and continued another day; "": it is not. `person`: whom the app names; "": nobody, or the one of the token.
    `proof`: how the app knows."""

    agent_name: str
    agent_config: str | None = None
    options: CallOptions = _CHAT
    input_audio_format: InputFormat = "pcm16"
    resumable: bool = False
    session: str = ""
    person: str = ""
    proof: Proof = Proof.APP


@dataclass(frozen=True, slots=True)
class ResumeCall:
    """The first message on a new connection of a conversation that goes on. `received`: how many messages of the server
    arrived, all connections together; None: the client has lost what it had. `speech_id` and `played_ms`: for a client
    whose player lost sound that had arrived: which speech, and how many ms of it were heard."""

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


@dataclass(frozen=True, slots=True)
class AppToolResult:
    """The client has run a tool (`tool_call`), or could not. `result`: a text, or JSON as text. `error`: why there is
    none; "": there is one."""

    call_id: str
    result: str = ""
    error: str = ""


ClientMessage = (
    Init | ResumeCall | Audio | TypedText | ImageUrl | CreateResponse | Interrupt | InvokeLlm | AppToolResult
)

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
        raise ClientError(f"Unknown message type {_quoted(kind)}. Known are: {', '.join(_TYPES.values())}.")
    return read(metadata)


def type_of(message: ClientMessage) -> str:
    """The message's "type" in the protocol."""
    return _TYPES[type(message)]


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
            app_tools=_app_tools(metadata),
            app_messages=_switch(metadata, "app_messages", default=False),
            lowers_sound=_switch(metadata, "lowers_sound", default=False),
            input_rate_hz=INPUT_RATE_HZ,
        ),
        input_audio_format=input_format,
        resumable=_switch(metadata, "resumable", default=False),
        session=_session(metadata),
        person=_person(metadata),
        proof=_proof(metadata),
    )


def _app_tools(metadata: Json) -> tuple[str, ...]:
    names = metadata.get("app_tools")
    if names is None:
        return ()
    if not isinstance(names, list) or len(names) > MAX_APP_TOOLS or not all(isinstance(n, str) for n in names):
        raise ClientError(f"init: app_tools is a list of at most {MAX_APP_TOOLS} names of tools.")
    return tuple(name[:MAX_TOOL_NAME_CHARS] for name in names)


def _session(metadata: Json) -> str:
    session = metadata.get("session")
    if session is None or session == "":
        return ""
    if not isinstance(session, str) or not _SESSION.fullmatch(session):
        raise ClientError("init: session is a name of 1 to 100 letters, digits, dots, dashes and underscores.")
    return session


def _person(metadata: Json) -> str:
    person = metadata.get("person")
    if not isinstance(person, str | None) or len(person or "") > MAX_PERSON_CHARS:
        raise ClientError(f"init: person is a text of at most {MAX_PERSON_CHARS} characters, or null.")
    return person or ""


def _proof(metadata: Json) -> Proof:
    proof: Any = metadata.get("proof") or Proof.APP
    if proof not in (Proof.APP, Proof.NUMBER):
        raise ClientError(f"init: unknown proof {_quoted(proof)}. Known are: app, number.")
    return Proof(proof)


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


def _read_tool_result(metadata: Json) -> AppToolResult:
    call_id = _string(metadata, "call_id", "tool_result")
    error, result = metadata.get("error"), metadata.get("result")
    if not isinstance(error, str | None):
        raise ClientError("tool_result: error is a string, or null.")
    text = result if isinstance(result, str) else "" if result is None else orjson.dumps(result).decode()
    if len(text) + len(error or "") > MAX_TOOL_RESULT_CHARS:
        raise ClientError(f"tool_result: more than the {MAX_TOOL_RESULT_CHARS:,} characters allowed.")
    return AppToolResult(call_id, text, error or "")


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
    "tool_result": _read_tool_result,
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
    AppToolResult: "tool_result",
}
