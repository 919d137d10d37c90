"""Where a call may be passed to, and how: at once, or after a colleague was asked."""

import re
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints, model_validator

from voi.config.parts import FileModel
from voi.config.problems import quoted

TelephoneKey = Literal["0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "*", "#"]
TransferWay = Literal["blind", "attended", "warm"]
SUMMARY = (
    "A colleague takes over this telephone call. Tell them in at most three short sentences who calls, what they want, "
    "and what was settled so far. Speak to the colleague, in the language of the conversation. Add nothing else."
)
"""What the agent's model is asked for the {summary} of a briefing."""
BRIEFING_MAX_S = 60.0
"""A briefing is given up that takes longer to say."""
SUMMARY_MAX_S = 15.0
"""The model may think so long about the summary, beyond the time that it rings."""
_TARGET = re.compile(
    r"\+[1-9][0-9 ().-]{4,28}|sips?:[A-Za-z0-9._~+%-]{1,64}@[A-Za-z0-9.-]{1,120}(?::\d{1,5})?", re.ASCII
)
_ASKING = ("account", "briefing", "accept_words", "refuse_words", "on_failure")
"""Fields that a blind transfer has no use for."""


def _target(text: str) -> str:
    if not _TARGET.fullmatch(text):
        raise ValueError(f"must be a number with its country code or a SIP address, not {quoted(text)}")
    return text


def _to(value: Any) -> Any:
    return {"to": value} if isinstance(value, str) else value


Target = Annotated[str, AfterValidator(_target)]
Words = Annotated[
    tuple[Annotated[str, StringConstraints(min_length=1, max_length=60, strip_whitespace=True)], ...],
    Field(max_length=50),
]


class CallTransfer(FileModel):
    """Where a call may be passed to, and how."""

    to: Target
    """A telephone number with its country code, or a SIP address."""
    way: TransferWay = "blind"
    """blind: the caller's line is told to call there. warm: the colleague is called first, over a second line, while
    the caller hears music; they hear the briefing and accept or refuse, and Voi connects the two. attended: as warm,
    and then the two lines are connected without Voi, where the caller's line can do that (REFER with Replaces)."""
    account: str | None = Field(default=None, max_length=80)
    """The account, trunk or Asterisk of phones.json through which the colleague is called; without it, the caller's
    own."""
    briefing: str = Field(default="", max_length=4_000)
    """What the colleague hears, and nobody else, with the question whether they take the call. {summary} stands for
    what the agent's model says of the conversation, {caller} for the caller's number. Without it (attended alone) the
    two are connected as soon as the colleague answers."""
    summary: str = Field(default=SUMMARY, min_length=1, max_length=4_000)
    """What the agent's model is asked for {summary}."""
    accept_key: TelephoneKey = "1"
    """The key by which the colleague takes the call."""
    accept_words: Words = ()
    """Words by which they take it, such as "yes"; said after the briefing. A key is surer."""
    refuse_key: TelephoneKey = "2"
    """The key by which they refuse it."""
    refuse_words: Words = ()
    """Words by which they refuse it, such as "no". What has words of both refuses."""
    ring_timeout_s: float = Field(default=30.0, ge=5, le=120)
    """How long it rings at the colleague's."""
    answer_timeout_s: float = Field(default=10.0, ge=3, le=60)
    """How long their answer is waited for after the briefing, which is then said once more."""
    longest_minutes: float = Field(default=120.0, gt=0, le=1_440)
    """How long the two may talk at most."""
    on_failure: str = Field(default="", max_length=1_000)
    """What the agent is to tell the caller when the colleague did not take the call; without it, its own words."""

    @property
    def asks(self) -> bool:
        """A colleague is called before the call is passed on."""
        return self.way != "blind"

    @property
    def longest_s(self) -> float:
        """When it is certain what became of it, at the latest."""
        if not self.asks:
            return 0.0
        return self.ring_timeout_s + SUMMARY_MAX_S + 2 * (BRIEFING_MAX_S + self.answer_timeout_s) + 30.0

    @model_validator(mode="after")
    def _fits_its_way(self) -> Self:
        if self.way == "warm" and not self.briefing.strip():
            raise ValueError("is warm and has no briefing: say what the colleague hears, and how they accept")
        if not self.asks and (without_use := [name for name in _ASKING if getattr(self, name)]):
            raise ValueError(f'has {without_use[0]}, which needs "way": "warm" or "attended"')
        if self.accept_key == self.refuse_key:
            raise ValueError("accepts and refuses by the same key")
        return self


TransferOrTarget = Annotated[CallTransfer, BeforeValidator(_to, json_schema_input_type=str | CallTransfer)]
"""A transfer, or just where to."""
