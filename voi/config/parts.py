"""The objects inside an agent of agents.json, and the base of all models of Voi's files."""

import json
import random
import re
from dataclasses import fields
from typing import TYPE_CHECKING, Annotated, Any, Self, TypeVar

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, create_model, model_validator

from voi.config.problems import quoted
from voi.config.tones import folded
from voi.dialogue import Phrase
from voi.text.language import AUTO
from voi.turn_policy import TurnPolicy

_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*")


class FileModel(BaseModel):
    """An object in a file that people write: frozen; null means absent; unknown fields are reported."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    @model_validator(mode="before")
    @classmethod
    def _null_is_absent(cls, data: Any) -> Any:
        return {key: value for key, value in data.items() if value is not None} if isinstance(data, dict) else data


def _one_or_many(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


def _text_or_json(value: Any) -> Any:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict) else value


def _content(value: Any) -> Any:
    return {"content": value} if isinstance(value, str) else value


def _texts(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    return {
        name: item if isinstance(item, str) else json.dumps(item, ensure_ascii=False) for name, item in value.items()
    }


def choices_of(value: Any) -> Any:
    """A bare text, or a list of them, as the field `choices` of an object; anything else as it is."""
    return {"choices": [value] if isinstance(value, str) else value} if isinstance(value, str | list) else value


Lines = Annotated[tuple[str, ...], BeforeValidator(_one_or_many, json_schema_input_type=str | list[str])]
"""A text, or an array of texts."""

Variables = Annotated[dict[str, str], BeforeValidator(_texts, json_schema_input_type=dict[str, Any])]
"""Name -> text; other values are turned into their JSON text."""


def _language(code: str) -> str:
    if code != AUTO and not _LANGUAGE.fullmatch(code):
        raise ValueError(f'must be a language\'s ISO code, such as en, de or pt-BR, or "{AUTO}", not {quoted(code)}')
    return code


LanguageCode = Annotated[str, AfterValidator(_language)]


class Example(FileModel):
    """One exchange before the conversation, as a model for the agent's way of talking."""

    user: str
    """What the person would say."""
    assistant: Annotated[str, BeforeValidator(_text_or_json, json_schema_input_type=str | dict[str, Any])]
    """What the agent would say. With a message format: the JSON object itself, or plain text (then neutral)."""


class Choice(FileModel):
    """One phrase of several: words, and perhaps their sound."""

    content: str
    """The words, which the voice speaks where there is no file."""
    file: str | None = Field(default=None, pattern=r"^[^\x00]+$")
    """Pre-recorded sound of the content: a file in the folder of VOI_GREETINGS_DIR."""


class Phrases(FileModel):
    """Things to say, one of which is drawn at random."""

    choices: tuple[
        Annotated[Choice, BeforeValidator(_content, json_schema_input_type=str | Choice)], ...
    ] = ()  # fmt: skip
    """What may be said; an object names a file with its sound."""
    voice_tone: Annotated[str, AfterValidator(folded)] = "neutral"
    """The tone in which it is said: one of the voice's."""

    def spoken(self) -> tuple[Phrase, ...]:
        return tuple(
            Phrase(choice.content, self.voice_tone, choice.file) for choice in self.choices if choice.content.strip()
        )


_P = TypeVar("_P", bound=Phrases)


def words_only(phrases: _P | None) -> _P | None:
    """The phrases without their sound files: no file is looked up for those of telephones."""
    if phrases is None:
        return None
    choices = tuple(choice.model_copy(update={"file": None}) for choice in phrases.choices)
    return phrases.model_copy(update={"choices": choices})


PhrasesOrText = Annotated[Phrases, BeforeValidator(choices_of, json_schema_input_type=str | list[str] | Phrases)]
"""Phrases, or just a text or an array of texts."""


class VoiceChoice(FileModel):
    """Whose voice speaks."""

    model: str
    """Name of a model in tts_models.json."""
    voice: str | None = None
    """One of the model's voices; without it, its first."""
    speed: float = Field(default=1.0, ge=0.25, le=4.0)
    """1 is the voice's own speed, 2 is twice as fast."""

    def faster(self, factor: float) -> Self:
        """The same voice, that many times as fast, within what voices can do."""
        return self.model_copy(update={"speed": min(4.0, max(0.25, self.speed * factor))})


class NarratorChoice(VoiceChoice):
    """The narrator's voice, with silence around what it says."""

    leading_silence: float = Field(default=0.0, ge=0, le=10)
    """Seconds of silence before the narrator speaks."""
    trailing_silence: float = Field(default=0.0, ge=0, le=10)
    """Seconds of silence after the narrator spoke."""

    @property
    def leading_silence_ms(self) -> int:
        return round(self.leading_silence * 1000)

    @property
    def trailing_silence_ms(self) -> int:
        return round(self.trailing_silence * 1000)


class Voices(FileModel):
    """Who speaks for the agent."""

    character: VoiceChoice
    """Speaks the agent's own words."""
    narrator: NarratorChoice | None = None
    """Without it, the narrator's comments are shown and not spoken."""

    def faster(self, factor: float) -> Self:
        """The same voices, that many times as fast, within what voices can do."""
        roles = (("character", self.character), ("narrator", self.narrator))
        return self.model_copy(update={role: voice.faster(factor) for role, voice in roles if voice})


class SttSettings(FileModel):
    """What speech recognition is told in advance."""

    prompt: str = Field(default="", max_length=2_000)
    """A sentence or two in the style of what the person will say; helps engines that take a prompt."""
    hot_words: tuple[str, ...] = Field(default=(), max_length=200)
    """Names and terms to listen for."""


class Redact(FileModel):
    """What is taken out of a conversation's words before they are logged or kept anywhere."""

    numbers: bool = False
    """Numbers of four digits and more, also spoken ones."""
    cards: bool = False
    """Numbers of payment cards."""
    emails: bool = False
    """E-mail addresses, also spoken ones."""
    names: tuple[Annotated[str, Field(max_length=200)], ...] = Field(default=(), max_length=1_000)
    """Names of people and things, in any case."""

    def __bool__(self) -> bool:
        return bool(self.numbers or self.cards or self.emails or self.names)


class Disclosure(FileModel):
    """What the agent says at its first words, before its greeting."""

    say: bool | None = None
    """Whether it says that it is an AI, and that the conversation is recorded where it is; without it, VOI_DISCLOSE
    decides by the door."""
    ai: str | None = Field(default=None, min_length=1, max_length=500)
    """Its own words for that it is an AI; without them, a sentence in its language."""
    recording: str | None = Field(default=None, min_length=1, max_length=500)
    """Its own words for that the conversation is recorded."""


class IdleReminder(Phrases):
    """Said when both have been silent for a while (call mode)."""

    after_s: float = Field(gt=0, le=3_600)
    """How long both have been silent then, in seconds."""
    max_times: int = Field(default=2, ge=1, le=100)
    """How often in a row."""

    @property
    def after_ms(self) -> int:
        return round(self.after_s * 1000)


class WelcomeBack(Phrases):
    """Said in calls when the person's connection was lost for long and is back. Without choices: a sentence in the
    agent's language."""

    after_s: float = Field(default=10, gt=0, le=3_600)
    """Shortest time away, in seconds, after which it is said."""

    @property
    def after_ms(self) -> int:
        return round(self.after_s * 1000)


WelcomeBackOrText = Annotated[
    WelcomeBack, BeforeValidator(choices_of, json_schema_input_type=str | list[str] | WelcomeBack)
]
"""What is said to a person who is back, or just a text or an array of texts."""


class LatePhrase(Phrases):
    """Said once in a turn while the words of an answer are late, ahead of them."""

    after_s: float = Field(default=2.5, ge=0.5, le=60)
    """How long the person has waited then, in seconds from the end of their turn."""

    @property
    def after_ms(self) -> int:
        return round(self.after_s * 1000)


LatePhraseOrText = Annotated[
    LatePhrase, BeforeValidator(choices_of, json_schema_input_type=str | list[str] | LatePhrase)
]
"""What is said while an answer is late, or just a text or an array of texts."""

FORMER_TURN_NAMES = {"contest_ms": "barge_in_ms", "contest_patience_ms": "barge_in_timeout_ms"}
"""Names that files written for earlier versions use."""


if TYPE_CHECKING:
    _TurnFields = FileModel
else:
    _TurnFields = create_model(
        "_TurnFields",
        __base__=FileModel,
        **{rule.name: (rule.type, Field(default=rule.default, **rule.metadata)) for rule in fields(TurnPolicy)},
    )


class TurnSettings(_TurnFields):
    """When a silence ends the person's turn, and when speech over the agent interrupts it."""

    vad_threshold: float = Field(default=0.5, ge=0.05, le=0.95)
    """How likely it has to be that a person speaks for sound to count as voice, by the voice detector. Higher hears
    less of a noisy line, and may miss quiet people."""

    def policy(self) -> TurnPolicy:
        return TurnPolicy(**self.model_dump(exclude={"vad_threshold"}))

    @model_validator(mode="before")
    @classmethod
    def _former_names(cls, data: Any) -> Any:
        if not isinstance(data, dict):
            return data
        return {FORMER_TURN_NAMES.get(key, key): value for key, value in data.items()}

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        policy = self.policy()
        if not policy.min_silence_ms <= policy.silence_ms <= policy.max_silence_ms:
            given = f"{policy.min_silence_ms}, {policy.silence_ms}, {policy.max_silence_ms}"
            raise ValueError(f"must have min_silence_ms ≤ silence_ms ≤ max_silence_ms, not {given}")
        return self


def draw(phrases: tuple[Phrase, ...]) -> Phrase | None:
    """One of them at random; None if there are none."""
    return random.choice(phrases) if phrases else None
