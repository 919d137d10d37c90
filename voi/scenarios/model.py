"""What a scenario file may say. Docstrings of fields are the descriptions in its JSON Schema, which editors show."""

from difflib import get_close_matches
from typing import Annotated, Any, Literal, Self, get_args

from pydantic import BeforeValidator, Field, model_validator

from voi.config.parts import FileModel
from voi.config.problems import did_you_mean, quoted
from voi.core.end_reason import EndReason

Happening = Literal[
    "greeting", "disclosure", "reminder", "apology", "goodbye", "late_phrase", "denial", "gave_up", "interruption",
    "backchannel", "call", "error", "failure", "hang_up",
]  # fmt: skip
HAPPENINGS: tuple[str, ...] = get_args(Happening)

STEPS_MAX = 500
PAUSE_MAX_MS = 60_000


def _one_or_many(value: Any) -> Any:
    return value if isinstance(value, list | tuple) else [value]


def _text(value: Any) -> Any:
    """YAML takes 7 for a number, where a text is meant."""
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value


def _texts(value: Any) -> Any:
    return [_text(each) for each in _one_or_many(value)]


def _answer(value: Any) -> Any:
    return {"text": value} if isinstance(value, str) else value


def _answers_of_tool(value: Any) -> Any:
    answers = _one_or_many(value)
    if not answers:
        raise ValueError("has no answer; a tool whose result is an empty list answers {result: []}")
    return answers


def _turns(value: Any) -> Any:
    return {"min": value, "max": value} if isinstance(value, int) and not isinstance(value, bool) else value


def _tool_answer(value: Any) -> Any:
    """A tool answers with a text, or with any other object than one that says how it answers."""
    if not isinstance(value, dict) or not value:
        return {"result": value}
    fields = ToolAnswer.model_fields.keys()
    if value.keys() <= fields:
        return value
    for name in value if value.keys() & fields else ():
        if name not in fields and get_close_matches(name, fields - value.keys(), cutoff=0.8):
            hint = did_you_mean(name, fields - value.keys())
            raise ValueError(f"{quoted(name)} is no field{hint}; an object that the tool returns goes under result:")
    return {"result": value}


class ScenarioPart(FileModel):
    """An object of a scenario file. A field without a value is a mistake here: what it was to expect would never be
    checked."""

    @model_validator(mode="before")
    @classmethod
    def _null_is_absent(cls, data: Any) -> Any:
        if isinstance(data, dict) and (empty := [name for name, value in data.items() if value is None]):
            raise ValueError(f"{quoted(empty[0])} has no value; give it one, or remove it")
        return data


class SpeechPause(ScenarioPart):
    """A silence in the middle of what the person says."""

    pause_ms: int = Field(ge=0, le=PAUSE_MAX_MS)
    """How long they are silent, in ms, before they speak on."""


class ModelCall(ScenarioPart):
    """A tool that the model calls."""

    name: str = Field(min_length=1)
    """Name of the tool."""
    arguments: dict[str, Any] | str = Field(default_factory=dict)
    """Arguments of the call. A text is sent as it is, so that broken JSON can be tried."""


class ModelAnswer(ScenarioPart):
    """What the model answers in a scenario that is run without a real model."""

    text: str = ""
    """The words. They are written in the form that the agent's prompt asks for, so write words and not JSON."""
    voice_tone: str = "neutral"
    """Tone of the words, where the prompt asks for one."""
    raw: str | None = None
    """Exactly what the model sends, instead of `text` and `voice_tone`: broken JSON, thoughts, a printed call."""
    calls: tuple[ModelCall, ...] = ()
    """Tools that the model calls behind its words."""
    error: str | None = None
    """The model fails in this way, instead of answering."""
    after_ms: int = Field(default=300, ge=0, le=600_000)
    """How long the model takes until its first word, in ms."""


class ToolAnswer(FileModel):
    """What a tool answers."""

    result: Any = ""
    """What comes back: a text, or anything else as JSON."""
    error: str | None = None
    """The tool fails, and the model is told this."""
    after_ms: int = Field(default=0, ge=0, le=600_000)
    """How long the tool takes, in ms."""


class ExpectedCall(ScenarioPart):
    """A tool call that must happen."""

    name: str = Field(min_length=1)
    """Name of the tool."""
    arguments: dict[str, Any] = Field(default_factory=dict)
    """Arguments that the call must have; it may have others. A text may name choices (`red | blue`) or be a regular
    expression (`"/^[0-9]{4}$/"`)."""


class Turns(ScenarioPart):
    """How often the agent may answer."""

    min: int = Field(default=0, ge=0)
    """At least so often."""
    max: int | None = Field(default=None, ge=0)
    """At most so often; without it, any number."""

    @model_validator(mode="after")
    def _some_number_fits(self) -> Self:
        if not self.model_fields_set:
            raise ValueError("says no number; give it min, max, or both")
        if self.max is not None and self.min > self.max:
            raise ValueError("has a min above its max, so no number fits")
        return self


String = Annotated[str, BeforeValidator(_text, json_schema_input_type=str | int | float)]
Strings = Annotated[tuple[str, ...], BeforeValidator(_texts, json_schema_input_type=str | list[str | int | float])]
Happenings = Annotated[
    tuple[Happening, ...], BeforeValidator(_one_or_many, json_schema_input_type=Happening | list[Happening])
]
WhatIsSaid = Annotated[
    tuple[str | SpeechPause, ...], BeforeValidator(_texts, json_schema_input_type=str | list[str | SpeechPause])
]
OneAnswer = Annotated[ModelAnswer, BeforeValidator(_answer, json_schema_input_type=str | ModelAnswer)]
Answers = Annotated[
    tuple[OneAnswer, ...],
    BeforeValidator(_one_or_many, json_schema_input_type=str | ModelAnswer | list[str | ModelAnswer]),
]
ToolAnswers = Annotated[
    tuple[Annotated[ToolAnswer, BeforeValidator(_tool_answer, json_schema_input_type=Any)], ...],
    BeforeValidator(_answers_of_tool, json_schema_input_type=Any),
]


class Expect(ScenarioPart):
    """What must hold: in a step, of what happened from its beginning to the end of the answer; in a scenario, of the
    whole conversation."""

    says: Strings = ()
    """Words that the agent must say, each of them somewhere. Case, line breaks and the form of quotes do not count.
    `yes | sure` means one of both; `/gr[ae]y/` is a regular expression."""
    never_says: Strings = ()
    """Words that the agent must not say, written as in `says`."""
    tone: Strings = ()
    """Every sentence of the agent's character must have one of these tones."""
    speakers: Annotated[
        tuple[Literal["character", "narrator"], ...],
        BeforeValidator(_one_or_many, json_schema_input_type=str | list[Literal["character", "narrator"]]),
    ] = ()
    """Who speaks, in this order: `character`, `narrator`."""
    words_max: int | None = Field(default=None, ge=0)
    """No message of the agent may have more words."""
    silent: bool = False
    """The agent must say nothing."""
    heard: Strings = ()
    """Words that the agent must have understood, written as in `says`. Worth something with `--voice`."""
    calls: tuple[ExpectedCall, ...] | None = None
    """Tool calls that must happen, in this order; others may come between. `[]`: there must be none."""
    never_calls: Strings = ()
    """Names of tools that must not be called."""
    happens: Happenings = ()
    """What must happen."""
    never: Happenings = ()
    """What must not happen. `denial`: the control agent blocked a reply; `gave_up`: it said its giveup_response;
    `hang_up`: the agent's side ended the conversation."""
    latency_ms: int | None = Field(default=None, ge=0)
    """Longest time from the end of the person's speech to the first sound of the answer, in ms (without voices: to its
    first words). Without a real model the model takes `after_ms`, and everything else what turn-taking needs."""
    turns: Annotated[Turns, BeforeValidator(_turns, json_schema_input_type=int | Turns)] | None = None
    """How often the agent answers: a number, or `min` and `max`. Greetings and reminders do not count."""
    ends: EndReason | None = None
    """The conversation must have ended for this reason, such as `idle_limit`; `client_hung_up`: the person did."""
    model_sees: Strings = ()
    """Words that must stand in what the model was last shown (prompt and history), written as in `says`."""
    model_never_sees: Strings = ()
    """Words that must not stand in what the model was last shown."""
    judge: Strings = ()
    """Questions of taste: criteria that a judge model is asked about, with the conversation so far. Needs a real model
    (`--live`, `--voice`); without one these are left out, and the report says so."""

    @model_validator(mode="after")
    def _expects_something(self) -> Self:
        given = {name: getattr(self, name) for name in self.model_fields_set}
        if empty := [name for name, value in given.items() if value == () and name != "calls"]:
            raise ValueError(f"{empty[0]} lists nothing, so it always holds; list something, or remove it")
        if not any(value is not False for value in given.values()):
            raise ValueError("expects nothing, so it always holds; say what must hold, or remove it")
        return self


ACTIONS = ("say", "type", "keys", "picture", "noise_ms", "wait_s", "hang_up")


class Step(ScenarioPart):
    """One thing that the person does, what the model answers, and what must hold then. A step that only has `expect` is
    about what the agent does by itself, such as its greeting."""

    say: WhatIsSaid | None = None
    """What the person says: a text, or texts with pauses between them (`[My code is, {pause_ms: 900}, five five]`)."""
    sound: str | None = None
    """A WAV file of what is said in `say`, beside this file, for `--voice`; without it, a voice says it."""
    type: String | None = None
    """What the person types."""
    keys: Annotated[String, Field(pattern=r"^[0-9*#A-D]+$")] | None = None
    """Keys that the person presses on a telephone."""
    picture: str | None = None
    """Address of a picture that the person shows; it belongs to what they say or type next."""
    noise_ms: int | None = Field(default=None, ge=32, le=PAUSE_MAX_MS)
    """A sound that is no speech, such as a cough, so long in ms."""
    wait_s: float | None = Field(default=None, ge=0, le=7_200)
    """The person is silent for so many seconds."""
    hang_up: Literal[True] | None = None
    """The person hangs up."""
    interrupts_after_ms: int | None = Field(default=None, ge=0, le=PAUSE_MAX_MS)
    """This happens while the agent is speaking, so long after its voice set in; without it, the person hears the agent
    out."""
    model: Answers | None = None
    """What the model answers here when no real one is asked: a text, or a list, if the model is asked several times:
    after a denial, and after the results of tools."""
    expect: Expect | None = None
    """What must hold when the agent has answered."""

    @model_validator(mode="after")
    def _one_action(self) -> Self:
        given = [name for name in ACTIONS if getattr(self, name) is not None]
        if len(given) > 1:
            raise ValueError(f"does {' and '.join(given)} at once; make each a step of its own")
        if self.sound is not None and self.say is None:
            raise ValueError("has a sound; give its words as say, which runs without voices need")
        if not given and self.expect is None and self.model is None:
            raise ValueError(f"does nothing: give it one of {', '.join(ACTIONS)}, or expect")
        if self.interrupts_after_ms is not None and not given:
            raise ValueError("has interrupts_after_ms, and nothing that interrupts: say, type, noise_ms or hang_up")
        return self

    @property
    def action(self) -> str | None:
        """Name of what the person does; None: nothing."""
        return next((name for name in ACTIONS if getattr(self, name) is not None), None)

    @property
    def words(self) -> str:
        """What the person says, types or presses; "": nothing."""
        if self.say is not None:
            return " ".join(part for part in self.say if isinstance(part, str))
        return self.type or self.keys or ""


class Scenario(ScenarioPart):
    """A conversation with an agent, and what must hold in it."""

    name: str = Field(min_length=1, max_length=200)
    """Name in reports; no other scenario of the file has it."""
    agent: str | None = None
    """Name of the agent in agents.json; without it, that of the file."""
    mode: Literal["call", "chat"] = "call"
    """`call`: both speak, and the agent may be interrupted. `chat`: the person types."""
    greet: bool = True
    """Whether the agent greets first, if it has greetings."""
    telephone: bool = False
    """The person calls by telephone: the agent discloses what it has to, before its greeting."""
    runs: Literal["anywhere", "scripted", "live"] = "anywhere"
    """`scripted`: also in runs against a real model the answers are those of this file (for denials, failures).
    `live`: only with a real model."""
    pass_rate: float = Field(default=1.0, gt=0, le=1)
    """Share of the repeats (`--repeat`) that must pass."""
    answer_within_s: float = Field(default=30, gt=0, le=600)
    """How long an answer is waited for, in seconds; one that is being spoken is heard out."""
    tools: dict[str, ToolAnswers] = Field(default_factory=dict)
    """What tools answer, by name. A list: the first call gets the first answer, and the last one repeats. An object of
    `result`, `error`, `after_ms` says how; anything else is the result."""
    steps: tuple[Step, ...] = Field(min_length=1, max_length=STEPS_MAX)
    """What happens, in this order."""
    expect: Expect | None = None
    """What must hold in the whole conversation."""


class ScenarioFile(ScenarioPart):
    """A file of scenarios."""

    agent: str | None = None
    """Name of the agent of all scenarios that name none."""
    judge_model: str | None = None
    """LLM that is asked about `judge` criteria; without it, the agent's own."""
    persons_voice: str | None = None
    """Who speaks for the person with `--voice`: a model of tts_models.json, or `MODEL/VOICE`."""
    tools: dict[str, ToolAnswers] = Field(default_factory=dict)
    """What tools answer in all scenarios that say nothing else."""
    scenarios: tuple[Scenario, ...] = Field(min_length=1, max_length=1_000)
    """The scenarios."""

    @model_validator(mode="after")
    def _names_differ(self) -> Self:
        seen: set[str] = set()
        for scenario in self.scenarios:
            if scenario.name in seen:
                raise ValueError(f"has two scenarios named {scenario.name!r}")
            seen.add(scenario.name)
        return self
