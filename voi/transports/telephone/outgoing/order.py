"""An order: whom to call, with which agent, and what it says first. It comes over HTTP and is kept as JSON."""

import json
from typing import Annotated, Any, Literal, Self

import orjson
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator

from voi.config.outgoing import MachinesSettings, OnMenu, OnScreening, OnVoicemail

VARIABLES_MAX, METADATA_MAX_CHARACTERS = 50, 10_000
OrderName = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f]+$")]
VariableName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_.-]{0,63}$")]
FirstWords = Literal["greeting", "text", "wait"]
FirstMoment = Literal["after_hello", "at_once"]
OrderOutcome = Literal[
    "answered", "voicemail", "machine", "busy", "no_answer", "refused", "unreachable", "failed", "cancelled", "expired",
    "interrupted", "not_allowed",
]  # fmt: skip


class OrderMachines(BaseModel):
    """What happens with this call when no person takes it, in place of what phones.json says."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    detect: bool | None = None
    on_voicemail: OnVoicemail | None = None
    message: str | None = Field(default=None, max_length=2_000)
    on_ivr: OnMenu | None = None
    on_screening: OnScreening | None = None
    who: str | None = Field(default=None, max_length=500)
    on_music_s: float | None = Field(default=None, ge=0, le=3_600)

    def over(self, usual: MachinesSettings) -> MachinesSettings:
        given = {name: value for name, value in self.model_dump().items() if value is not None}
        return usual.model_copy(update=given)


class CallOrder(BaseModel):
    """The body of POST /calls."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    to: str = Field(min_length=1, max_length=300, repr=False)
    """+4930123456, tel:+4930123456 or sip:anna@example.com."""
    account: OrderName
    """The account that makes the call."""
    agent: OrderName
    """The agent that talks."""
    first: FirstWords = "greeting"
    """What it says first: its greeting, `text`, or nothing before the person speaks."""
    text: str = Field(default="", max_length=2_000)
    """Its first words, with {vars:NAME}."""
    when: FirstMoment = "after_hello"
    """after_hello: when the person has said hello, or nothing for some seconds; at_once: as soon as the call is
    answered and the line is open."""
    variables: dict[VariableName, Annotated[str, StringConstraints(max_length=2_000)]] = Field(
        default_factory=dict, max_length=VARIABLES_MAX
    )
    """What {vars:NAME} in the agent's prompt and greetings stands for, where its own `vars` say nothing."""
    ring_timeout_s: float | None = Field(default=None, ge=5, le=180)
    caller_id: str = Field(default="", max_length=40)
    person: str = Field(default="", max_length=200)
    """Who is called, in the app's words."""
    metadata: dict[str, Any] = Field(default_factory=dict)
    """Given back as it is."""
    consent: str = Field(default="", max_length=500)
    """Where it is written down that the person agreed to be called."""
    webhook: str = Field(default="", max_length=2_000)
    """Told what came of it."""
    machines: OrderMachines = OrderMachines()
    not_before: int | None = Field(default=None, ge=0, le=10_000_000_000)
    """Unix time; without it, now."""
    expires_s: float | None = Field(default=None, ge=10, le=30 * 86_400)
    """Give up when it could not be dialled within this time."""
    redial_interrupted: bool = False
    """Dial again if the server ended before the call was answered. Without it such a call is over, `interrupted`: it
    may have rung."""
    idempotency_key: str = Field(default="", max_length=200)

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        if self.first == "text" and not self.text.strip():
            raise ValueError('first is "text", and there is no text')
        if self.first != "text" and self.text:
            raise ValueError('there is a text to say first: set first to "text"')
        if self.first == "wait" and self.when == "at_once":
            raise ValueError("an agent that waits for the person says nothing at once: leave out when")
        if len(json.dumps(self.metadata)) > METADATA_MAX_CHARACTERS:
            raise ValueError(f"metadata has more than {METADATA_MAX_CHARACTERS} characters")
        if not _comes_back(self.metadata):
            raise ValueError("metadata has a number that JSON cannot give back: at most 64 bits; write it as a text")
        return self

    def as_details(self) -> str:
        """As JSON that is the same for the same order."""
        return json.dumps(self.model_dump(mode="json"), sort_keys=True, separators=(",", ":"))


def _comes_back(metadata: dict[str, Any]) -> bool:
    """Whether those who are told of the order get it as it is: 1e999 would be null, and 2**64 would break the event."""
    try:
        return bool(orjson.loads(orjson.dumps(metadata)) == metadata)
    except TypeError:
        return False


def order_of(details: str | None) -> CallOrder | None:
    """The order that `as_details` gave; None: its key was deleted, or another version wrote it."""
    try:
        return None if details is None else CallOrder.model_validate_json(details)
    except ValidationError:
        return None
