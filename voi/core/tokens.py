"""Estimates how many tokens a request to a language model takes, where nobody has counted them: four bytes of UTF-8
each, which is about right for English and Chinese, and too few for some other languages."""

from collections.abc import Iterable

from voi.dialogue import Message

BYTES_PER_TOKEN = 4
MESSAGE_TOKENS = 4
"""Tokens that a message takes beside its text."""
PICTURE_TOKENS = 800
"""Estimated tokens of a picture. Providers count 85 to 1,600."""


def estimated_input(messages: Iterable[Message]) -> int:
    """Tokens of a request with these messages, tool calls and results included."""
    return sum(
        MESSAGE_TOKENS + estimated_tokens(_texts_of(message)) + PICTURE_TOKENS * len(message.image_urls)
        for message in messages
    )


def _texts_of(message: Message) -> Iterable[str]:
    yield message.text
    for call in message.tool_calls:
        yield call.name
        yield call.arguments
    for result in message.tool_results:
        yield result.text


def estimated_tokens(texts: Iterable[str]) -> int:
    """Tokens of these texts together."""
    size = sum(len(text) if text.isascii() else len(text.encode("utf-8", "replace")) for text in texts)
    return -(-size // BYTES_PER_TOKEN)
