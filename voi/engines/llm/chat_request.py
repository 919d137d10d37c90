"""Requests in the format of OpenAI chat completions. No I/O.

https://platform.openai.com/docs/api-reference/chat
"""

import re
from collections.abc import Iterable, Iterator
from typing import Any

import orjson

from voi.dialogue import Image, Message, Text, ToolCall
from voi.engines.base import ANY_CALL, LlmRequest

ARGUMENTS_MAX_CHARACTERS = 50_000
"""Longest arguments of an earlier call that a model is shown again."""
_NO_NAME = re.compile(r"[^A-Za-z0-9_-]")


def chat_request(request: LlmRequest, *, json_mode: bool, usage: bool = True) -> dict[str, Any]:
    """The fields of a streamed completion. `usage`: ask how many tokens it takes."""
    fields: dict[str, Any] = {
        "model": request.model,
        "messages": chat_messages(request.messages),
        "stream": True,
    }
    if usage:
        fields["stream_options"] = {"include_usage": True}
    if request.temperature is not None:
        fields["temperature"] = request.temperature
    if request.max_tokens is not None:
        fields["max_tokens"] = request.max_tokens
    if json_mode and not request.tools:  # with JSON mode some providers refuse tools, and some models call none
        fields["response_format"] = {"type": "json_object"}
    if request.tools:
        fields["tools"] = [
            {
                "type": "function",
                "function": {"name": tool.name, "description": tool.description, "parameters": tool.parameters},
            }
            for tool in request.tools
        ]
        if not request.may_call:
            fields["tool_choice"] = "none"
        elif request.must_call == ANY_CALL:
            fields["tool_choice"] = "required"
        elif request.must_call:
            fields["tool_choice"] = {"type": "function", "function": {"name": request.must_call}}
    return fields


def chat_messages(messages: Iterable[Message]) -> list[dict[str, Any]]:
    """Messages in the API's format: images become content parts, and each tool result a message of its own."""
    return [field for message in messages for field in _message(message)]


def has_images(request: LlmRequest) -> bool:
    """Whether any of its messages has a picture."""
    return any(message.image_urls for message in request.messages)


def _message(message: Message) -> Iterator[dict[str, Any]]:
    match message.parts:
        case (Text(text),) if message.role != "tool":  # nearly all are such
            yield {"role": message.role, "content": text}
            return
    for result in message.tool_results:
        yield {"role": "tool", "tool_call_id": result.call_id, "content": result.text}
    calls = [
        {"id": call.call_id, "type": "function", "function": {"name": _name(call), "arguments": _arguments(call)}}
        for call in message.tool_calls
    ]
    if calls:
        yield {"role": message.role, "content": message.text or None, "tool_calls": calls}
    elif message.role != "tool":
        yield {"role": message.role, "content": _content(message)}


def _name(call: ToolCall) -> str:
    """A name that providers take. A model may call anything, and a request that shows it the call must not fail."""
    return _NO_NAME.sub("_", call.name)[:64] or "_"


def _arguments(call: ToolCall) -> str:
    """Arguments that providers take: llama.cpp, vLLM and others refuse a conversation in which some are no JSON object.
    What was wrong with them stands in the call's result."""
    if not 0 < len(call.arguments) <= ARGUMENTS_MAX_CHARACTERS:
        return "{}"
    try:
        return call.arguments if isinstance(orjson.loads(call.arguments), dict) else "{}"
    except orjson.JSONDecodeError:
        return "{}"


def _content(message: Message) -> str | list[dict[str, Any]]:
    if not message.image_urls:
        return message.text
    parts: list[dict[str, Any]] = []
    for part in message.parts:
        if isinstance(part, Image):
            parts.append({"type": "image_url", "image_url": {"url": part.url}})
        elif isinstance(part, Text):
            parts.append({"type": "text", "text": part.text})
    return parts
