"""Why a conversation ends, or does not begin, in Voi's own terms. Each door has its own words: a close code, a SIP
response."""

from enum import StrEnum


class EndReason(StrEnum):
    # a conversation that was under way, or has had its say
    FINISHED = "finished"
    """It came to its end by itself: the agent or the client is done."""
    CLIENT_HUNG_UP = "client_hung_up"
    IDLE_LIMIT = "idle_limit"
    """Nobody spoke for a long time."""
    DURATION_LIMIT = "duration_limit"
    NO_DOOR = "no_door"
    """Its connection was lost, and no other came in time."""
    REPLACED = "replaced"
    """For this door alone: the conversation goes on through another."""
    DRAINED = "drained"
    """The server stops, and ended the conversation or the wait for one."""
    TOO_MANY_MISTAKES = "too_many_mistakes"
    """Too many messages of the client could not be used."""
    CLIENT_FAULT = "client_fault"
    """What the client sent broke it."""
    ENGINE_FAILED = "engine_failed"
    MISCONFIGURED = "misconfigured"
    """The operator's files are wrong."""
    CANCELLED = "cancelled"
    """The server broke it off."""
    FAULT = "fault"
    """A fault in Voi."""

    # one that never began
    TOKEN_REFUSED = "token_refused"
    BAD_START = "bad_start"
    """The client's first message was wrong, late, or asked for what this server does not have."""
    STARTING = "starting"
    """The server is not ready yet."""
    DRAINING = "draining"
    """The server stops, and takes nobody any more."""
    SERVER_FULL = "server_full"
    APP_LIMIT = "app_limit"
    """The client's app has as many conversations as it may have."""
