"""An agent's speech-to-speech model, in the place of its LLM and voices."""

import re
from typing import Literal
from urllib.parse import urlsplit

from pydantic import Field, field_validator

from voi.config.parts import FileModel

OPENAI_REALTIME = "wss://api.openai.com/v1/realtime"
_WHOLE_REFERENCE = re.compile(r"\$\{[A-Za-z_][A-Za-z0-9_]*\}")
_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


class SpeechBrain(FileModel):
    """A model that takes sound and gives sound, reached over OpenAI's Realtime protocol: OpenAI's, or another Voi."""

    url: str = OPENAI_REALTIME
    """Address of the Realtime endpoint, ws:// or wss://, without the model."""
    model: str = Field(min_length=1, max_length=200)
    """Name of the model, or of the other Voi's agent."""
    api_key: str = ""
    """Reference to the environment variable with the key, such as "${OPENAI_API_KEY}"; without it, no key is sent."""
    voice: str = Field(default="", max_length=100)
    """The model's voice; without it, the model's default."""
    speed: float | None = Field(default=None, ge=0.25, le=1.5)
    """How fast the model speaks; 1 is its own speed."""
    hears: Literal["sound", "text"] = "sound"
    """What the model is given of the person: their sound, or only the words that Voi's transcription heard."""

    @field_validator("url")
    @classmethod
    def _is_address(cls, url: str) -> str:
        try:
            parts = urlsplit(url.strip())
            good = parts.scheme in ("ws", "wss") and parts.hostname and (parts.port or True)
        except ValueError:
            good = False
        if not good:
            raise ValueError("must be an address like wss://api.openai.com/v1/realtime")
        if "@" in parts.netloc or parts.query or parts.fragment:
            raise ValueError("must have no user name, no query and no fragment: the key belongs into api_key")
        return url.strip()

    @field_validator("api_key")
    @classmethod
    def _is_reference(cls, key: str) -> str:
        if key and not _WHOLE_REFERENCE.fullmatch(key):
            raise ValueError("must be a reference like ${OPENAI_API_KEY}; put the key itself into .env")
        return key

    @property
    def host(self) -> str:
        return urlsplit(self.url).hostname or ""

    @property
    def shows_key(self) -> bool:
        """The key would cross a network in plain text."""
        return bool(self.api_key) and self.url.startswith("ws:") and self.host not in _LOOPBACK
