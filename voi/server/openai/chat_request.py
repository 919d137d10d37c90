"""The JSON of `POST /v1/chat/completions`, and what it means to a conversation."""

from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from voi.core.kept import Kept, KeptMessage
from voi.dialogue import Message
from voi.engines.llm.picture_url import checked_picture_url
from voi.errors import ClientError
from voi.server.openai.failures import OpenAiError

MESSAGES_MAX = 1_000
TEXT_MAX_CHARACTERS = 400_000
"""Of all messages together."""
PICTURES_MAX = 20

_Role = Literal["system", "developer", "user", "assistant", "tool", "function"]
_TEXTS = ("text", "input_text", "output_text", "refusal")


class PictureAddress(BaseModel):
    """Where a picture is, or the picture itself."""

    url: str


class ContentPart(BaseModel):
    """A part of a message."""

    model_config = ConfigDict(extra="ignore")

    type: str = Field(max_length=40)
    text: str = ""
    image_url: PictureAddress | None = None


class ChatMessage(BaseModel):
    """A message of the dialogue so far."""

    model_config = ConfigDict(extra="ignore")

    role: _Role
    content: str | Annotated[list[ContentPart], Field(max_length=100)] | None = None
    tool_calls: list[Any] | None = None


class StreamOptions(BaseModel):
    """`include_usage`: tell the tokens in one more chunk."""

    model_config = ConfigDict(extra="ignore")

    include_usage: bool | None = None


class ChatRequest(BaseModel):
    """What is not here is ignored: how an agent writes (temperature, longest reply) is its author's choice."""

    model_config = ConfigDict(extra="ignore")

    model: str = Field(max_length=200)
    messages: list[ChatMessage] = Field(min_length=1, max_length=MESSAGES_MAX)
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    n: int | None = None
    tools: list[Any] | None = None
    functions: list[Any] | None = None
    tool_choice: Any = None
    response_format: dict[str, Any] | None = None
    modalities: list[str] | None = None
    logprobs: bool | None = None


@dataclass(frozen=True, slots=True)
class ChatAsked:
    """What a request asks. `instructions`: what its system messages say. `before`: the dialogue, without the message
    that is to be answered."""

    instructions: str
    before: Kept
    text: str
    pictures: tuple[str, ...]


def asked_of(request: ChatRequest) -> ChatAsked:
    """Raises OpenAiError for what an agent cannot do."""
    _refuse_unsupported(request)
    instructions: list[str] = []
    dialogue: list[Message] = []
    for number, message in enumerate(request.messages):
        said = _read(message, number)
        if message.role in ("system", "developer"):
            instructions.append(said.text)
        else:
            dialogue.append(said)
    if not dialogue or dialogue[-1].role != "user" or not (dialogue[-1].text or dialogue[-1].image_urls):
        raise OpenAiError(400, "The last message has to be a user's: it is what the agent answers.", "", "messages")
    if sum(len(each.text) for each in dialogue) + sum(map(len, instructions)) > TEXT_MAX_CHARACTERS:
        raise OpenAiError(400, f"The messages have more than {TEXT_MAX_CHARACTERS} characters.",
                          "context_length_exceeded", "messages")  # fmt: skip
    if sum(len(each.image_urls) for each in dialogue) > PICTURES_MAX:
        raise OpenAiError(400, f"The messages have more than {PICTURES_MAX} pictures.", "", "messages")
    *earlier, last = dialogue
    kept = tuple(KeptMessage(number, said) for number, said in enumerate(earlier) if said.text or said.image_urls)
    return ChatAsked(
        "\n\n".join(filter(None, instructions)), Kept(kept, next_id=len(earlier)), last.text, last.image_urls
    )


def _read(message: ChatMessage, number: int) -> Message:
    where = f"messages[{number}]"
    if message.tool_calls or message.role in ("tool", "function"):
        raise OpenAiError(400, "Tools of the client cannot be used here: an agent calls its own.", "unsupported", where)
    if isinstance(message.content, str) or message.content is None:
        return Message(_role(message.role), message.content or "")
    texts, pictures = [], []
    for part in message.content:
        if part.type in _TEXTS:
            texts.append(part.text)
        elif part.type == "image_url" and part.image_url is not None and message.role == "user":
            try:
                pictures.append(checked_picture_url(part.image_url.url))
            except ClientError as error:
                raise OpenAiError(400, str(error), "", where) from None
        else:
            raise OpenAiError(
                400, "A message has texts, and a user's has pictures; nothing else.", "unsupported", where
            )
    return Message(_role(message.role), "\n".join(texts), pictures)


def _role(role: _Role) -> Literal["system", "user", "assistant"]:
    return "user" if role == "user" else "assistant" if role == "assistant" else "system"


def _refuse_unsupported(request: ChatRequest) -> None:
    form = (request.response_format or {}).get("type", "text")
    unsupported = {
        "tools": bool(request.tools) and request.tool_choice != "none",
        "functions": bool(request.functions),
        "n": request.n not in (None, 1),
        "response_format": form != "text",
        "modalities": bool(request.modalities) and request.modalities != ["text"],
        "logprobs": bool(request.logprobs),
    }
    for field, wrong in unsupported.items():
        if wrong:
            words = f"An agent cannot do what {field} asks: it answers once, in its own form, with its own tools."
            raise OpenAiError(400, words, "unsupported", field)
