"""Messages of a dialogue, in the one form that the history, the LLM and the doors share."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

Role = Literal["system", "user", "assistant", "tool"]
Voice = Literal["character", "narrator"]


@dataclass(frozen=True, slots=True)
class SpokenWords:
    """A text as it is read aloud, in that language."""

    words: str
    language: str


@dataclass(frozen=True, slots=True)
class ReplySegment:
    """A fragment of the agent's reply (not a sentence): words that one voice says in one tone. `spoken`: as they are
    read aloud, where that is known already."""

    text: str
    voice: Voice = "character"
    tone: str = "neutral"
    spoken: SpokenWords | None = None


@dataclass(frozen=True, slots=True)
class ReplyForm:
    """The form in which the agent's prompt asks for replies. `text_key`: of the JSON object; "" for plain text.
    `tone_key`: "" if the object has no tone. `comment_mark` is put around a narrator's comment."""

    text_key: str = ""
    tone_key: str = ""
    tone_first: bool = True
    comment_mark: str = "*"


@dataclass(frozen=True, slots=True)
class Text:
    """Words of a message."""

    text: str


@dataclass(frozen=True, slots=True)
class Image:
    """A picture, in user messages only. `url`: http, https, or `data:image/…;base64,`."""

    url: str


@dataclass(frozen=True, slots=True)
class SpokenMark:
    """Marks a message as spoken, `audio_ms` long. The sound itself is not kept here."""

    audio_ms: int


@dataclass(frozen=True, slots=True)
class ToolCall:
    """The model calls a tool. `call_id`: the model's own id. `arguments`: JSON as the model wrote it."""

    call_id: str
    name: str
    arguments: str = ""


@dataclass(frozen=True, slots=True)
class ToolResult:
    """The result of a tool call. `failed`: the tool failed, and `text` says why."""

    call_id: str
    text: str
    failed: bool = False


@dataclass(frozen=True, slots=True)
class ToolSpec:
    """A tool as the model is told of it. `parameters`: JSON Schema of its arguments, which are an object."""

    name: str
    description: str
    parameters: Mapping[str, Any]


Part = Text | Image | SpokenMark | ToolCall | ToolResult


@dataclass(frozen=True, slots=True, init=False)
class Message:
    """One turn of a dialogue. `Message("user", "Look.", [url])` is short for a message with its text and pictures as
    parts; an empty text adds no part."""

    role: Role
    parts: tuple[Part, ...]

    def __init__(self, role: Role, parts: str | Iterable[Part] = (), image_urls: Iterable[str] = ()) -> None:
        text: Iterable[Part] = ((Text(parts),) if parts else ()) if isinstance(parts, str) else parts
        object.__setattr__(self, "role", role)
        object.__setattr__(self, "parts", (*text, *map(Image, image_urls)))

    @property
    def text(self) -> str:
        """All text of the message."""
        return "".join(part.text for part in self.parts if isinstance(part, Text))

    @property
    def image_urls(self) -> tuple[str, ...]:
        return tuple(part.url for part in self.parts if isinstance(part, Image))

    @property
    def tool_calls(self) -> tuple[ToolCall, ...]:
        return tuple(part for part in self.parts if isinstance(part, ToolCall))

    @property
    def tool_results(self) -> tuple[ToolResult, ...]:
        return tuple(part for part in self.parts if isinstance(part, ToolResult))


@dataclass(frozen=True, slots=True)
class SpokenWord:
    """A word of a reply as written, with its punctuation and without spaces, and when it is spoken: from `start_ms` to
    `end_ms`, counted from the start of the sound of its piece of text. `estimated`: the engine gave no times, so they
    are estimated in proportion to the letters."""

    text: str
    start_ms: int
    end_ms: int
    estimated: bool = False


@dataclass(frozen=True, slots=True)
class Phrase:
    """Words to be said exactly. `file`: pre-recorded sound of them, a path that the loader has checked."""

    text: str
    tone: str = "neutral"
    file: str | None = None
