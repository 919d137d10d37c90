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
