"""What is different about an agent on the telephone."""

import re
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from voi.config.parts import FileModel, IdleReminder, PhrasesOrText, TurnSettings
from voi.config.problems import did_you_mean, quoted

IDLE_LIMIT_S = 120.0
DURATION_LIMIT_S = 7_200.0

TelephoneKey = Literal["0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "*", "#"]
_TARGET = re.compile(
    r"\+[1-9][0-9 ().-]{4,28}|sips?:[A-Za-z0-9._~+%-]{1,64}@[A-Za-z0-9.-]{1,120}(?::\d{1,5})?", re.ASCII
)


def _target(text: str) -> str:
    if not _TARGET.fullmatch(text):
        raise ValueError(f"must be a number with its country code or a SIP address, not {quoted(text)}")
    return text


class KeyTransfer(FileModel):
    """A key that passes the call on."""

    transfer: str
    """One of the section's transfers, by its name."""


KeyAction = Literal["repeat", "hang_up"] | KeyTransfer
"""What a key does: the agent says its newest message again, ends the call, or passes it on."""


class HangUpPolicy(FileModel):
    """How calls end from the agent's side."""

    agent: bool = True
    """Whether the agent may hang up: without it, its tools of that kind are not offered on the telephone."""
    goodbye: PhrasesOrText | None = None
    """Said before the call is ended, because its time is up or by a key, in place of the agent's goodbye."""


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
    keys: dict[TelephoneKey, KeyAction] = Field(default_factory=dict)
    """What keys do, each by itself: "repeat", "hang_up" or {"transfer": NAME}. Keys that are not named here are
    dictation, and so is every key while something is being dictated or entered."""
    transfers: dict[str, Annotated[str, AfterValidator(_target)]] = Field(default_factory=dict, max_length=1_000)
    """Where calls may be passed to: a telephone number with its country code, or a SIP address, by the name that keys
    and the tool transfer use. The model can name no other."""
    hang_up: HangUpPolicy = HangUpPolicy()
    """Whether the agent may hang up, and what is said before a call is ended."""

    @model_validator(mode="after")
    def _keys_name_transfers(self) -> Self:
        for key, action in self.keys.items():
            if isinstance(action, KeyTransfer) and action.transfer not in self.transfers:
                raise ValueError(
                    f"keys.{key}: {quoted(action.transfer)} is none of transfers"
                    f"{did_you_mean(action.transfer, self.transfers)}"
                )
        return self
