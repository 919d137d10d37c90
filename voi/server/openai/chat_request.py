"""The JSON of `POST /v1/chat/completions`, and what it means to a conversation."""

from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from voi.core.kept import Kept, KeptMessage
from voi.dialogue import Message, ToolCall, ToolResult
from voi.engines.base import ANY_CALL
from voi.engines.llm.picture_url import checked_picture_url
from voi.errors import ClientError
from voi.server.openai.failures import OpenAiError
from voi.tools.base import bounded
from voi.transports.realtime.settings import NAME_MAX, TOOLS_MAX, tools_of
from voi.transports.realtime.wire import EventError, Json

MESSAGES_MAX = 1_000
TEXT_MAX_CHARACTERS = 400_000
"""Of all messages together."""
PICTURES_MAX = 20
ID_MAX = 256

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


class CalledFunction(BaseModel):
    """What was called, with which arguments as JSON."""

    model_config = ConfigDict(extra="ignore")

    name: str = Field(max_length=NAME_MAX)
    arguments: str = ""


class FunctionCall(BaseModel):
    """A function of the client that the agent called."""

    model_config = ConfigDict(extra="ignore")

    id: str = Field(max_length=ID_MAX)
    function: CalledFunction


class ChatMessage(BaseModel):
    """A message of the dialogue so far."""

    model_config = ConfigDict(extra="ignore")

    role: _Role
    content: str | Annotated[list[ContentPart], Field(max_length=100)] | None = None
    tool_calls: Annotated[list[FunctionCall], Field(max_length=TOOLS_MAX)] | None = None
    tool_call_id: str = Field(default="", max_length=ID_MAX)


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
    tools: Annotated[list[dict[str, Any]], Field(max_length=TOOLS_MAX)] | None = None
    functions: list[Any] | None = None
    tool_choice: Any = None
    response_format: dict[str, Any] | None = None
    modalities: list[str] | None = None
    logprobs: bool | None = None


@dataclass(frozen=True, slots=True)
class ChatAsked:
    """What a request asks. `instructions`: what its system messages say. `before`: the dialogue, without the message
    that is to be answered; with what functions returned, it ends with that, and an answer is owed. `functions`: of the
    client, as `tools_of` returns them. `must_call`: see `Session.revise`."""

    instructions: str
    before: Kept
    text: str
    pictures: tuple[str, ...]
    functions: tuple[Json, ...] = ()
    must_call: str = ""


def asked_of(request: ChatRequest) -> ChatAsked:
    """Raises OpenAiError for what an agent cannot do."""
    _refuse_unsupported(request)
    instructions: list[str] = []
    dialogue: list[Message] = []
    for number, message in enumerate(request.messages):
        if message.role == "tool":
            _return(message, dialogue, number)
            continue
        said = _read(message, number)
        if message.role in ("system", "developer"):
            instructions.append(said.text)
        else:
            dialogue.append(said)
    _check_returns(dialogue)
    goes_on = bool(dialogue and dialogue[-1].tool_results)
    if not goes_on and not (dialogue and dialogue[-1].role == "user" and dialogue[-1].parts):
        raise OpenAiError(400, "The last message has to be a user's, or a tool's: it is what the agent answers.", "",
                          "messages")  # fmt: skip
    if sum(_length(each) for each in dialogue) + sum(map(len, instructions)) > TEXT_MAX_CHARACTERS:
        raise OpenAiError(400, f"The messages have more than {TEXT_MAX_CHARACTERS} characters.",
                          "context_length_exceeded", "messages")  # fmt: skip
    if sum(len(each.image_urls) for each in dialogue) > PICTURES_MAX:
        raise OpenAiError(400, f"The messages have more than {PICTURES_MAX} pictures.", "", "messages")
    earlier, last = (dialogue, Message("user")) if goes_on else (dialogue[:-1], dialogue[-1])
    kept = tuple(KeptMessage(number, said) for number, said in enumerate(earlier) if said.parts)
    return ChatAsked(
        "\n\n".join(filter(None, instructions)), Kept(kept, next_id=len(earlier), owed=goes_on),
        last.text, last.image_urls, _functions(request), _must_call(request),
    )  # fmt: skip


def _functions(request: ChatRequest) -> tuple[Json, ...]:
    if request.tool_choice == "none" or not request.tools:
        return ()
    flat = [{"type": tool.get("type", "function"), **_object(tool.get("function"))} for tool in request.tools]
    if any(tool["type"] != "function" for tool in flat):
        raise OpenAiError(400, "Only tools of the type 'function' can be brought.", "unsupported", "tools")
    try:
        return tools_of(flat, "tools")
    except EventError as error:
        raise OpenAiError(400, str(error), "", error.param) from None


def _must_call(request: ChatRequest) -> str:
    choice = request.tool_choice
    if isinstance(choice, dict):
        return str(_object(choice.get("function")).get("name", ""))[:NAME_MAX]
    return ANY_CALL if choice == "required" else ""


def _object(value: object) -> Json:
    return value if isinstance(value, dict) else {}


def _length(said: Message) -> int:
    """In characters."""
    calls = sum(len(call.arguments) for call in said.tool_calls)
    return len(said.text) + calls + sum(len(result.text) for result in said.tool_results)


def _return(message: ChatMessage, dialogue: list[Message], number: int) -> None:
    """Put what a function returned to its call, which is in the message before."""
    before = dialogue[-1] if dialogue else Message("user")
    if message.tool_call_id not in {call.call_id for call in before.tool_calls}:
        words = "A tool's message follows the message that called it, and has the tool_call_id of a call there."
        raise OpenAiError(400, words, "", f"messages[{number}]")
    result = ToolResult(message.tool_call_id, bounded(_read(message, number).text) or "Done.")
    dialogue[-1] = Message(before.role, (*before.parts, result))


def _check_returns(dialogue: list[Message]) -> None:
    for said in dialogue:
        returned = [result.call_id for result in said.tool_results]
        if sorted(returned) != sorted(call.call_id for call in said.tool_calls):
            raise OpenAiError(400, "Each call of a tool is followed by one message with what it returned.", "",
                              "messages")  # fmt: skip


def _read(message: ChatMessage, number: int) -> Message:
    where = f"messages[{number}]"
    if message.role == "function" or (message.tool_calls and message.role != "assistant"):
        words = "Calls are an assistant's tool_calls; what they return is a tool's."
        raise OpenAiError(400, words, "unsupported", where)
    if message.tool_calls:
        calls = [ToolCall(call.id, call.function.name, call.function.arguments) for call in message.tool_calls]
        said = _read(message.model_copy(update={"tool_calls": None}), number)
        return Message("assistant", (*said.parts, *calls))
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
        "tool_choice": bool(_must_call(request)) and not request.tools,
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
