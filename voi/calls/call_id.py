"""The id of a conversation, and the context that everything of one conversation runs in."""

import secrets
from contextvars import ContextVar
from datetime import UTC, datetime

conversation_id: ContextVar[str] = ContextVar("conversation_id", default="")
"""Log lines are marked with it."""


def new_call_id() -> str:
    """Such as 20261128-194122-1f0a9c3e: sorted by time, and not to be guessed."""
    return f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{secrets.token_hex(4)}"
