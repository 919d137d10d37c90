"""The states of a conversation and the transitions between them: data, from which the diagram in the docs is drawn.

A state says whose turn it is. A call cycles through IDLE, HEARING, PAUSED and ANSWERING. Push-to-talk goes through
IDLE, HEARING, WAITING and ANSWERING; typed text does the same without HEARING. Every state but IDLE has a deadline, so
that no silent engine or client can hang a call.
"""

from enum import StrEnum


class State(StrEnum):
    """Whose turn it is, or what is being decided about that."""

    IDLE = "idle"
    """No one speaks and nothing is pending."""
    HEARING = "hearing"
    """The person speaks (or holds the talk button)."""
    PAUSED = "paused"
    """The person is quiet, and it is being decided whether their turn has ended. A muted reply may be under way. Until
    it has sound to play they can speak on as if nothing had happened."""
    WAITING = "waiting"
    """The person's turn is over. Its transcript, or the end of the old reply, is still awaited."""
    ANSWERING = "answering"
    """A reply is released: it is being written, spoken or played."""
    BARGE_IN = "barge_in"
    """The person makes a sound over the reply. It is being decided whether it is an interruption or a cough."""
    CLOSED = "closed"


S = State
TRANSITIONS: dict[tuple[State, State], str] = {
    (S.IDLE, S.HEARING): "voice sets in",
    (S.IDLE, S.WAITING): "typed, answer asked",
    (S.IDLE, S.ANSWERING): "greeting, reminder, typed answer",
    (S.HEARING, S.PAUSED): "quiet",
    (S.HEARING, S.WAITING): "answer asked, or sound stopped arriving",
    (S.HEARING, S.ANSWERING): "time is up: goodbye",
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
