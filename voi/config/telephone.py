"""What is different about an agent on the telephone."""

from collections.abc import Callable
from typing import Literal, Self

from pydantic import Field, model_validator

from voi.config.parts import FileModel, IdleReminder, PhrasesOrText, TurnSettings
from voi.config.problems import did_you_mean, quoted
from voi.config.transfers import TelephoneKey, TransferOrTarget

IDLE_LIMIT_S = 120.0
DURATION_LIMIT_S = 7_200.0


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
    transfers: dict[str, TransferOrTarget] = Field(default_factory=dict, max_length=1_000)
    """Where calls may be passed to, by the name that keys and the tool transfer use: a telephone number with its
    country code or a SIP address, or such a target with how it is done. The model can name no other."""
    hold_music: str | None = Field(default=None, max_length=1_000)
    """A WAV file of the folder of sounds (VOI_GREETINGS_DIR), which callers hear while a colleague is asked; without
    it, a sound of Voi's own. At most five minutes and 30 MB of it are used."""
    hang_up: HangUpPolicy = HangUpPolicy()
    """Whether the agent may hang up, and what is said before a call is ended."""

    def with_files(self, resolve: Callable[[str], str | None]) -> Self:
        """The same with `resolve(file)` in place of its sound file."""
        return self.model_copy(update={"hold_music": resolve(self.hold_music)}) if self.hold_music else self

    @model_validator(mode="after")
    def _keys_name_transfers(self) -> Self:
        for key, action in self.keys.items():
            if isinstance(action, KeyTransfer) and action.transfer not in self.transfers:
                raise ValueError(
                    f"keys.{key}: {quoted(action.transfer)} is none of transfers"
                    f"{did_you_mean(action.transfer, self.transfers)}"
                )
        return self
