"""Why a conversation ends, or does not begin, in Voi's own terms. Each door translates them: into a close code, a SIP
response."""

from enum import StrEnum


class EndReason(StrEnum):
    """Why a conversation ends, or does not begin."""

    # a conversation that had begun
    FINISHED = "finished"
    """It ended normally: the agent or the client is done."""
    CLIENT_HUNG_UP = "client_hung_up"
    AGENT_HUNG_UP = "agent_hung_up"
    """The agent said goodbye and hung up."""
    TRANSFERRED = "transferred"
    """The person was passed on to somebody else. A call between the two that went on through here is over."""
    IDLE_LIMIT = "idle_limit"
    """No one spoke for a long time."""
    DURATION_LIMIT = "duration_limit"
    QUOTA_USED = "quota_used"
    """The client's app has used up its minutes or its money."""
    NO_DOOR = "no_door"
    """Its connection was lost, and the client did not connect again in time."""
    REPLACED = "replaced"
    """Told to one door only: the conversation goes on through another door."""
    DRAINED = "drained"
    """The server stops, and ended the conversation or the wait for one."""
    TOO_MANY_MISTAKES = "too_many_mistakes"
    """Too many messages of the client could not be used."""
    CLIENT_FAULT = "client_fault"
    """It failed because of something that the client sent."""
    ENGINE_FAILED = "engine_failed"
    MISCONFIGURED = "misconfigured"
    """It failed because of an error in the operator's files."""
    CANCELLED = "cancelled"
    """The server cancelled it."""
    FAULT = "fault"
    """A fault in Voi."""

    # a conversation that never began
    TOKEN_REFUSED = "token_refused"
    BAD_START = "bad_start"
    """The client's first message was wrong, late, or asked for what this server does not have."""
    STARTING = "starting"
    """The server is not ready yet."""
    DRAINING = "draining"
    """The server stops and admits no more conversations."""
    SERVER_FULL = "server_full"
    OVERLOADED = "overloaded"
    """The server has no time for it; those under way would suffer."""
    APP_LIMIT = "app_limit"
    """The client's app has reached its limit of conversations."""
    APP_QUOTA = "app_quota"
    """The client's app has used up its minutes or its money."""


FAILURES = (
    EndReason.TOO_MANY_MISTAKES, EndReason.CLIENT_FAULT, EndReason.ENGINE_FAILED, EndReason.MISCONFIGURED,
    EndReason.CANCELLED, EndReason.FAULT,
)  # fmt: skip
"""Why a conversation fails."""
REFUSALS = (
    EndReason.TOKEN_REFUSED, EndReason.BAD_START, EndReason.STARTING, EndReason.DRAINING, EndReason.SERVER_FULL,
    EndReason.OVERLOADED, EndReason.APP_LIMIT, EndReason.APP_QUOTA, EndReason.NO_DOOR,
)  # fmt: skip
"""Why a connection gets no conversation."""
