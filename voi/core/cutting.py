"""Cuts what is too long for a model's context even alone: a text that somebody pastes, or a tool's long result."""

from collections.abc import Sequence
from dataclasses import replace

from voi.core.tokens import BYTES_PER_TOKEN, estimated_tokens
from voi.dialogue import Message, Part, Text, ToolResult

LEFT_MIN_TOKENS = 50
"""What is shorter stays whole."""
MARK = "[… {count:,} characters are left out here: they are too many …]"
_MARK_TOKENS = 24


def cut_to_fit(messages: Sequence[Message], over_tokens: int) -> tuple[tuple[Message, ...], int]:
    """The messages, made shorter by so many tokens if they have them: the longest text first, with a mark where
    something is left out. Of what was said the end stays, of a tool's result the beginning. Returns also how many
    characters are left out."""
    parts = [list(message.parts) for message in messages]
    sizes = {
        (row, column): estimated_tokens((part.text,))
        for row, some in enumerate(parts)
        for column, part in enumerate(some)
        if isinstance(part, Text | ToolResult)
    }
    left_out = 0
    for (row, column), size in sorted(sizes.items(), key=lambda item: item[1], reverse=True):
        keep_tokens = max(LEFT_MIN_TOKENS, size - over_tokens - _MARK_TOKENS)
        if over_tokens <= 0 or size <= keep_tokens + _MARK_TOKENS:
            break
        part, count = _cut(parts[row][column], keep_tokens * BYTES_PER_TOKEN)
        parts[row][column] = part
        left_out += count
        over_tokens -= size - keep_tokens - _MARK_TOKENS
    return tuple(Message(each.role, some) for each, some in zip(messages, parts, strict=True)), left_out


def _cut(part: Part, keep_bytes: int) -> tuple[Part, int]:
    assert isinstance(part, Text | ToolResult)
    text = part.text
    written = text.encode("utf-8", "replace")
    if isinstance(part, ToolResult):
        kept = written[:keep_bytes].decode("utf-8", "ignore")
        count = len(text) - len(kept)
        return replace(part, text=f"{kept} {MARK.format(count=count)}"), count
    kept = written[len(written) - keep_bytes :].decode("utf-8", "ignore")
    count = len(text) - len(kept)
    return Text(f"{MARK.format(count=count)} {kept}"), count
