"""The states of a conversation and the ways between them: data, from which the diagram in the docs is drawn.

Whose turn it is, in one word. A call goes round IDLE, HEARING, PAUSED, ANSWERING; push-to-talk and typed text go IDLE
(HEARING) WAITING ANSWERING. Every state but IDLE has a deadline, so that no silent engine or client can hang a call.
"""

from enum import StrEnum


class State(StrEnum):
    IDLE = "idle"
    """Nobody speaks and nothing is pending."""
    HEARING = "hearing"
    """The person speaks (or holds the talk button)."""
    PAUSED = "paused"
    """They are quiet: is it the end of their turn? A muted reply may be in the making; until it could be heard they may
    speak on, and nothing happened."""
    WAITING = "waiting"
    """Their turn is over; its transcript (or the end of the old reply) is still awaited."""
    ANSWERING = "answering"
    """A reply is released: it is being written, spoken or played."""
    BARGE_IN = "barge_in"
    """The person makes a sound over the reply: an interruption, or a cough?"""
    CLOSED = "closed"


S = State
TRANSITIONS: dict[tuple[State, State], str] = {
    (S.IDLE, S.HEARING): "voice sets in",
    (S.IDLE, S.WAITING): "typed, answer asked",
    (S.IDLE, S.ANSWERING): "greeting, reminder, typed answer",
    (S.HEARING, S.PAUSED): "quiet",
    (S.HEARING, S.WAITING): "answer asked, or sound stopped arriving",
    (S.PAUSED, S.HEARING): "speaks on",
    (S.PAUSED, S.WAITING): "end of turn, no transcript yet",
    (S.PAUSED, S.ANSWERING): "end of turn",
    (S.PAUSED, S.IDLE): "there were no words",
    (S.WAITING, S.HEARING): "speaks on",
    (S.WAITING, S.PAUSED): "transcript, no reply yet",
    (S.WAITING, S.ANSWERING): "transcript",
    (S.WAITING, S.IDLE): "no words, or no transcript in time",
    (S.ANSWERING, S.BARGE_IN): "voice over the reply",
    (S.ANSWERING, S.HEARING): "talk button",
    (S.ANSWERING, S.WAITING): "another answer asked",
    (S.ANSWERING, S.IDLE): "played, failed or stopped by the client",
    (S.BARGE_IN, S.ANSWERING): "a cough: resume",
    (S.BARGE_IN, S.HEARING): "words or lasting voice: stop",
    (S.BARGE_IN, S.PAUSED): "words, then quiet: stop",
    (S.BARGE_IN, S.WAITING): "another answer asked",
} | {(state, S.CLOSED): "hung up" for state in S if state is not S.CLOSED}
