"""What is said, by whom: the one shape of a message, for the history, the LLM and the doors."""

from dataclasses import dataclass
from typing import Literal

Role = Literal["system", "user", "assistant"]
Voice = Literal["character", "narrator"]


@dataclass(frozen=True, slots=True)
class Message:
    """One turn of a dialogue. `image_urls` are https or `data:image/…;base64,` URLs (user turns only)."""

    role: Role
    text: str
    image_urls: tuple[str, ...] = ()


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
