"""What clients ask, checked: the data of each event that Voi takes."""

from typing import Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from wyoming.event import Event

from voi.audio.resample import RATE_RANGE_HZ
from voi.config.parts import LanguageCode
from voi.config.problems import explain
from voi.errors import ClientError

TEXT_MAX_CHARACTERS = 4_096
NAME_MAX_CHARACTERS = 200


class AskedData(BaseModel):
    """Data of an event. Fields that Voi does not know are ignored."""

    model_config = ConfigDict(extra="ignore")


class PingAsked(AskedData):
    """The client asks whether we are there."""

    text: str | None = None


class ProgramAsked(AskedData):
    """The client chooses a program: what its sound is for."""

    name: str = Field(max_length=NAME_MAX_CHARACTERS)


class TranscribeAsked(AskedData):
    """The client sends sound next, which is to be transcribed."""

    name: str | None = Field(default=None, max_length=NAME_MAX_CHARACTERS)
    language: LanguageCode | None = None
    context: dict[str, Any] | None = None


class DetectAsked(AskedData):
    """The client sends sound next, in which wake words are to be found."""

    names: list[str] | None = Field(default=None, max_length=100)
    context: dict[str, Any] | None = None


class SoundAsked(AskedData):
    """The format of sound, and when it was recorded, in ms."""

    rate: int = Field(ge=RATE_RANGE_HZ[0], le=RATE_RANGE_HZ[1])
    width: Literal[2]
    channels: Literal[1, 2]
    timestamp: int | float | None = None


class VoiceAsked(AskedData):
    """Which voice speaks."""

    name: str | None = Field(default=None, max_length=NAME_MAX_CHARACTERS)
    language: LanguageCode | None = None


class SpeakAsked(AskedData):
    """`synthesize-start`, and what it has in common with `synthesize`."""

    voice: VoiceAsked | None = None
    text_format: str | None = None


class SpeakTextAsked(SpeakAsked):
    """A text is to be spoken."""

    text: str = Field(max_length=TEXT_MAX_CHARACTERS)


class TextPieceAsked(AskedData):
    """The next piece of a text that is spoken as it grows."""

    text: str = Field(max_length=TEXT_MAX_CHARACTERS)


class AnswerWanted(AskedData):
    """`transcript` or `recognize`, sent by a client."""

    text: str = Field(max_length=TEXT_MAX_CHARACTERS)
    context: dict[str, Any] | None = None

    @property
    def conversation(self) -> str:
        """The conversation that it belongs to; "": the client does not say."""
        found = (self.context or {}).get("conversation_id")
        return found if isinstance(found, str) and len(found) <= NAME_MAX_CHARACTERS else ""


AnyAsked = TypeVar("AnyAsked", bound=AskedData)


def asked(model: type[AnyAsked], event: Event) -> AnyAsked:
    """The event's data. Raises ClientError."""
    try:
        return model.model_validate(event.data)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise ClientError(f"{event.type}: {place}: {explain(first, quote=False)}") from None
