"""What falls due, and when. Every waiting state has a deadline, so that no silent engine or client hangs a call."""

from dataclasses import dataclass
from enum import Enum, auto

from voi.core.script import Script
from voi.core.state import State


class Due(Enum):
    """What can fall due. `RULES` of the conversation has a rule for each."""

    DURATION_LIMIT = auto()
    IDLE_LIMIT = auto()
    REMINDER = auto()
    SOUND_LOST = auto()
    """Sound stopped arriving in the middle of a turn."""
    NO_TRANSCRIPT = auto()
    BARGE_IN_OVER = auto()
    SILENT_REPLY = auto()
    LATE_ANSWER = auto()
    """The person has waited for so long that they are told so."""
    TOOL_LATE = auto()
    FILLER = auto()
    """Tools have run for so long that something is said meanwhile."""


@dataclass(slots=True)
class Clocks:
    """Wall times, in ms, from which the deadlines are counted."""

    opened_ms: int = 0
    user_active_ms: int = 0
    """When the person last spoke, typed or acted, or when the agent's speech after that ended."""
    vad_ms: int = 0
    """When the VAD last reported on a turn's sound."""
    state_since_ms: int = 0
    reminders: int = 0
    """How many reminders were given since the person was last active."""
    goodbye: bool = False
    """The agent says goodbye, and hangs up then."""
    welcome_owed: bool = False
    """The person is back after a long absence and was not told so yet, because a reply goes on."""

    def user_acted(self, now_ms: int) -> None:
        """The person spoke, typed or acted."""
        self.user_active_ms, self.reminders, self.welcome_owed = now_ms, 0, False

    def came_back(self, now_ms: int) -> None:
        """The person's connection is back: nobody was idle, and no sound is missing yet."""
        self.user_active_ms = self.vad_ms = self.state_since_ms = now_ms
        self.reminders = 0

    def agent_spoke(self, now_ms: int) -> None:
        """The agent is silent again. A person who listened was not idle, so idle time starts here, but not after a
        reminder."""
        if not self.reminders:
            self.user_active_ms = now_ms


def next_due(
    script: Script,
    state: State,
    clocks: Clocks,
    reply_ms: int | None,
    tools_ms: int | None,
    late_ms: int | None = None,
    filler_ms: int | None = None,
) -> tuple[int, Due] | None:
    """What falls due first in this state, with its wall time in ms; None: nothing can. `reply_ms`, `tools_ms`: when the
    reply and the tools that are waited for will have taken too long. `late_ms`: when the person is told that their
    answer takes long. `filler_ms`: when something is said because tools run."""
    if state is State.CLOSED:
        return None
    policy = script.turn
    due: tuple[int, Due] | None = None  # the earliest so far: a list for each fact would cost twice as much
    if script.duration_limit_ms and not clocks.goodbye:
        due = (clocks.opened_ms + script.duration_limit_ms, Due.DURATION_LIMIT)
    if reply_ms is not None:
        due = _earlier(due, reply_ms, Due.SILENT_REPLY)
    if late_ms is not None and state in (State.PAUSED, State.ANSWERING):
        due = _earlier(due, late_ms, Due.LATE_ANSWER)
    if filler_ms is not None:
        due = _earlier(due, filler_ms, Due.FILLER)
    if state is State.IDLE or (state is State.HEARING and script.mode == "chat"):
        if script.idle_limit_ms:
            due = _earlier(due, clocks.user_active_ms + script.idle_limit_ms, Due.IDLE_LIMIT)
        reminding = state is State.IDLE and script.mode == "call" and clocks.reminders < script.reminders_max
        if reminding and script.reminder and script.reminder_after_ms:
            due = _earlier(due, clocks.state_since_ms + script.reminder_after_ms, Due.REMINDER)
    elif state is State.HEARING or state is State.PAUSED:
        due = _earlier(due, clocks.vad_ms + policy.audio_timeout_ms, Due.SOUND_LOST)
    elif state is State.WAITING:
        due = _earlier(due, clocks.state_since_ms + policy.transcript_timeout_ms, Due.NO_TRANSCRIPT)
    elif state is State.BARGE_IN:
        due = _earlier(due, clocks.state_since_ms + policy.barge_in_timeout_ms, Due.BARGE_IN_OVER)
    if tools_ms is not None:
        due = _earlier(due, tools_ms, Due.TOOL_LATE)
    return due


def _earlier(first: tuple[int, Due] | None, at_ms: int, due: Due) -> tuple[int, Due]:
    return first if first is not None and first[0] <= at_ms else (at_ms, due)
