"""What is said, by whom: the one shape of a message, for the history, the LLM and the doors."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

Role = Literal["system", "user", "assistant", "tool"]
Voice = Literal["character", "narrator"]


@dataclass(frozen=True, slots=True)
class Text:
    text: str


@dataclass(frozen=True, slots=True)
class Image:
    """`url`: https, or `data:image/…;base64,` (user turns only)."""

    url: str


@dataclass(frozen=True, slots=True)
class Sound:
    """A mark: the message was spoken, for `audio_ms`. The sound itself stays where it was heard."""

    audio_ms: int


@dataclass(frozen=True, slots=True)
class ToolCall:
    """The model wants a tool to run. `call_id` is the model's own; `arguments` is JSON as the model wrote it."""

    call_id: str
    name: str
    arguments: str = ""


@dataclass(frozen=True, slots=True)
class ToolResult:
    """What came of that call. `failed`: `text` says why."""

    call_id: str
    text: str
    failed: bool = False


Part = Text | Image | Sound | ToolCall | ToolResult


@dataclass(frozen=True, slots=True, init=False)
class Message:
    """One turn of a dialogue. `Message("user", "Look.", [url])` is short for its text and its pictures as parts; an
    empty text is no part."""

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
    """A word of a reply as it is written, with its punctuation and without spaces around it, and when it is spoken:
    from `start_ms` to `end_ms` of the sound of the piece of text that it is in. `estimated`: the voice did not tell;
    the times are in proportion to the letters."""

    text: str
    start_ms: int
    end_ms: int
    estimated: bool = False


@dataclass(frozen=True, slots=True)
class Phrase:
    """Words to be said as they are. `file`: pre-recorded sound of them, a path that the loader has checked."""

    text: str
    tone: str = "neutral"
    file: str | None = None
