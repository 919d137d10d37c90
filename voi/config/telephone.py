"""What is different about an agent on the telephone."""

from pydantic import Field

from voi.config.parts import FileModel, IdleReminder, PhrasesOrText, TurnSettings

IDLE_LIMIT_S = 120.0
DURATION_LIMIT_S = 7_200.0


class Telephone(FileModel):
    """What is different when somebody calls the agent by telephone. What is left out is as everywhere."""

    greetings: PhrasesOrText | None = None
    """What it opens a call with, in place of its greetings."""
    turn: TurnSettings | None = None
    """Rules of turn-taking in place of those of the same name in its turn: lines are noisier."""
    speed: float = Field(default=1.0, ge=0.5, le=2.0)
    """How fast its voices speak, as a multiple of their speed elsewhere; 0.9 is easier to follow."""
    idle_reminder: IdleReminder | None = None
    """Said when both have been silent for a while, in place of its idle_reminder."""
    idle_limit_s: float | None = Field(default=None, ge=0, le=86_400)
    """Hang up after that many seconds of silence on both sides; 0: never. Without it: the agent's idle_limit_s, or 120
    seconds if it has none."""
    duration_limit_s: float | None = Field(default=None, ge=0, le=86_400)
    """Hang up after that many seconds; 0: never. Without it: the agent's duration_limit_s, or two hours."""
