"""The id of a conversation, and the context variable that holds it in all code that runs for the conversation."""

import secrets
from contextvars import ContextVar
from datetime import UTC, datetime

conversation_id: ContextVar[str] = ContextVar("conversation_id", default="")
"""Id of the current conversation, for its log lines; "" outside of conversations."""


def new_call_id() -> str:
    """A new id, such as 20261128-194122-1f0a9c3e. Ids sort by time (UTC) and are hard to guess."""
    return f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{secrets.token_hex(4)}"
