"""What becomes of a call when it is over: a summary and fields of it, and where they go."""

from collections.abc import Iterator
from typing import Any, Self
from urllib.parse import urlsplit

from pydantic import Field, model_validator

from voi.config.parts import FileModel, Lines
from voi.config.tools import CALL_VALUES, check_schema, placeholders, texts_in

ENDED_VALUES = (*CALL_VALUES, "mode", "began", "ended", "duration", "duration_s", "reason")
"""What templates know of a call that is over, as {call:NAME}."""
SUMMARY = "summary"
TOOL_BODIES = ("http", "mcp", "python")
"""Tools that can be called when nobody is connected any more."""


class Webhook(FileModel):
    """An address that is told of each call. Requests are signed as Standard Webhooks has it."""

    url: str = Field(max_length=2_000)
    """Where it is. It is the same for all calls."""
    secret: str = Field(min_length=1)
    """The key of the signature: a reference like ${WEBHOOK_SECRET}."""
    headers: dict[str, str] = Field(default_factory=dict, max_length=100)
    """Sent along, beside those of the signature."""
    timeout_s: float = Field(default=10, gt=0, le=60)
    """Longest time for one request."""
    transcript: bool = False
    """Send what was said, too."""

    @model_validator(mode="after")
    def _is_right(self) -> Self:
        try:
            parts = urlsplit(self.url)
            right = parts.scheme in ("http", "https") and bool(parts.hostname) and "@" not in parts.netloc
        except ValueError:
            right = False
        if not right:
            raise ValueError("needs a url like https://example.com/calls")
        if "${" not in self.secret:
            raise ValueError("needs a secret by reference, like ${WEBHOOK_SECRET}")
        if any(True for _ in placeholders(self.url)):
            raise ValueError("has a placeholder in its url, which is the same for all calls")
        return self


class PostCallTool(FileModel):
    """One of the agent's tools, which is called once after each call."""

    name: str
    """The tool."""
    arguments: dict[str, Any] = Field(default_factory=dict, max_length=100)
    """Its arguments. {summary} and {FIELD} stand for the model's answer, {call:NAME} for what is known of the call. The
    tool is not called if one that it requires is not known."""


class PostCall(FileModel):
    """After a call, the model is asked for a summary and for fields, which are sent to a webhook, a tool, or both."""

    prompt: Lines = ()
    """What the summary is for and what matters in it, beside Voi's own instruction."""
    llm_model: str | None = None
    """Without it, the agent's."""
    max_tokens: int | None = Field(default=None, ge=1, le=100_000)
    """Longest answer."""
    fields: dict[str, Any] | None = None
    """JSON Schema of the fields, an object."""
    webhook: Webhook | None = None
    """Where the summary and the fields are sent."""
    tool: PostCallTool | None = None
    """What is called with them."""

    @model_validator(mode="after")
    def _is_right(self) -> Self:
        if self.webhook is None and self.tool is None:
            raise ValueError("needs a webhook or a tool that the summary goes to")
        if self.fields is not None:
            check_schema(self.fields)
            if SUMMARY in self.known_fields:
                raise ValueError(f"has a field called {SUMMARY}, which is there anyhow")
        for kind, source, name in self._placeholders():
            if kind or source in ("auth", "captured"):
                raise ValueError(f"has {{{kind or source}:…}} in the arguments, which belongs into the tool's request")
            known: tuple[str, ...] = ENDED_VALUES if source else (SUMMARY, *self.known_fields)
            if name not in known:
                shown = f"{source}:{name}" if source else name
                raise ValueError(f"has {{{shown}}} in the arguments; known are: {', '.join(known)}")
        return self

    @property
    def known_fields(self) -> tuple[str, ...]:
        return tuple((self.fields or {}).get("properties", {}))

    def _placeholders(self) -> Iterator[tuple[str, str, str]]:
        for text in texts_in(self.tool.arguments if self.tool else None):
            yield from placeholders(text)
