"""What the server tells a client: frames of the Voi protocol as events."""

from dataclasses import dataclass
from typing import Any

from voi.dialogue import Role, Voice
from voi.errors import ClientError
from voi.transports.voi_ws import wire


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
    """A message of the dialogue. The same id again replaces the message. `voices`: where a narrator speaks, the text in
    parts of one voice each, as pairs of voice and text."""

    message_id: int
    role: Role
    text: str
    image_urls: tuple[str, ...] = ()
    voices: tuple[tuple[Voice, str], ...] = ()


@dataclass(frozen=True, slots=True)
class AudioEvent:
    """Sound of the assistant message with that id: s16le, mono, 24 kHz, or with `stream_output_audio` False the whole
    speech as an Ogg/Opus file."""

    speech_id: str
    payload: bytes


@dataclass(frozen=True, slots=True)
class SoundLoweredEvent:
    """The person may be interrupting: what is not played yet of that speech should be no louder than `gain_db` (0: as
    it came). Sound that comes later has its volume already."""

    speech_id: str
    gain_db: float


@dataclass(frozen=True, slots=True)
class LlmResponseEvent:
    """The answer to `invoke_llm`."""

    content: str


@dataclass(frozen=True, slots=True)
class ToolCallEvent:
    """The agent calls a tool of this client, which answers with `send_tool_result`."""

    call_id: str
    name: str
    arguments: dict[str, Any]


@dataclass(frozen=True, slots=True)
class ToolCancelEvent:
    """The result of that call is not needed any more."""

    call_id: str


@dataclass(frozen=True, slots=True)
class AppMessageEvent:
    """A text that the agent sends for the person to read."""

    content: str


@dataclass(frozen=True, slots=True)
class ErrorEvent:
    """The server could not do something; the conversation may go on."""

    error: str


@dataclass(frozen=True, slots=True)
class ResumedEvent:
    """The connection was lost and is back. `away_s`: how long it was away. `lost_ms`: the person's sound from that time
    that was too much to keep."""

    away_s: float
    lost_ms: int = 0


Event = (
    StatusEvent | SpeechDoneEvent | MessageEvent | AudioEvent | LlmResponseEvent | ToolCallEvent | ToolCancelEvent
    | AppMessageEvent | SoundLoweredEvent | ErrorEvent | ResumedEvent
)  # fmt: skip


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
                voices = tuple((part["voice"], part["text"]) for part in metadata.get("voices", ()))
                return MessageEvent(int(metadata["id"]), metadata["role"], text, urls, voices)
            case "audio":
                return AudioEvent(metadata["speech_id"], payload)
            case "sound_lowered":
                return SoundLoweredEvent(metadata["speech_id"], float(metadata["gain_db"]))
            case "llm_response":
                return LlmResponseEvent(metadata["content"])
            case "tool_call":
                return ToolCallEvent(metadata["call_id"], metadata["name"], metadata["arguments"])
            case "tool_cancel":
                return ToolCancelEvent(metadata["call_id"])
            case "app_message":
                return AppMessageEvent(metadata["content"])
            case "error":
                return ErrorEvent(metadata["error"])
    except (KeyError, TypeError, ValueError) as error:
        raise ClientError(f"The server sent a message that lacks something: {error!r}.") from None
    return None
