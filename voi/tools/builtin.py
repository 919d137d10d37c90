"""The tools that Voi has itself."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from voi.config.tools import AgentTool, BuiltInName
from voi.config.transfers import CallTransfer
from voi.tools.base import ToolBody, ToolContext, ToolFailed, ToolOutput

_NOTHING: dict[str, Any] = {"type": "object", "properties": {}}
MESSAGE_MAX_CHARACTERS = 10_000
QUERY_MAX_CHARACTERS = 1_000
FACT_MAX_CHARACTERS = 500


@dataclass(frozen=True, slots=True)
class BuiltIn:
    """A tool of Voi: how the model is told of it, if its author does not say, and what it does."""

    description: str
    parameters: dict[str, Any]
    body: ToolBody


def built_in(name: BuiltInName, tool: AgentTool, transfers: Mapping[str, CallTransfer]) -> BuiltIn:
    """`transfers`: where the agent's telephone passes calls to, where the tool does not say it."""
    match name:
        case "hang_up":
            return BuiltIn(
                "End the call. Say goodbye in the same answer; the call ends once that was heard.", _NOTHING, _hang_up
            )
        case "wait":
            return BuiltIn(
                "Say nothing now, because the person wants a moment or is talking to somebody else. You are asked "
                "again when they speak.",
                _NOTHING, _wait,
            )  # fmt: skip
        case "send_message":
            return BuiltIn(
                "Send a text to the app that the person uses, for them to read: an address, a link, a number.",
                _text_of("message", MESSAGE_MAX_CHARACTERS), _send_message,
            )  # fmt: skip
        case "switch_agent":
            return BuiltIn(
                "Let another agent go on with the conversation. It knows all that was said.",
                _one_of("agent", tool.agents), _switch_agent,
            )  # fmt: skip
        case "remember":
            return BuiltIn(
                "Remember a fact about the person for later conversations, in one sentence.",
                _text_of("fact", FACT_MAX_CHARACTERS), _remember,
            )  # fmt: skip
        case "search_knowledge":
            return BuiltIn(
                "Search the files that you draw on: for facts that you are asked for and were not given. Returns the "
                "passages that fit. Give the words that the passage will have, not a whole sentence.",
                _text_of("query", QUERY_MAX_CHARACTERS), _search,
            )  # fmt: skip
        case "transfer":
            return BuiltIn(
                "Pass the call on to somebody. Tell the person before that you do.",
                _one_of("target", tool.targets or transfers), _transfer_by(tool.targets, transfers),
            )  # fmt: skip
        case "never_call_again":
            return BuiltIn(
                "The person does not want to be called any more: keep that for good. Call it when they say so, then "
                "say goodbye.",
                _NOTHING, _never_call_again,
            )  # fmt: skip
        case "press_keys":
            parameters = _text_of("keys", 64)
            parameters["properties"]["keys"]["pattern"] = "^[0-9*#A-Dw]+$"
            return BuiltIn("Press keys of the telephone: 0-9, *, #, A-D; w waits half a second.", parameters, _press)


def _text_of(name: str, max_characters: int) -> dict[str, Any]:
    text = {"type": "string", "minLength": 1, "maxLength": max_characters}
    return {"type": "object", "properties": {name: text}, "required": [name]}


def _one_of(name: str, choices: Mapping[str, Any] | tuple[str, ...]) -> dict[str, Any]:
    return {"type": "object", "properties": {name: {"type": "string", "enum": list(choices)}}, "required": [name]}


async def _hang_up(_: dict[str, Any], __: ToolContext) -> ToolOutput:
    return ToolOutput("The call ends when the goodbye was heard.", "hang_up")


async def _wait(_: dict[str, Any], __: ToolContext) -> ToolOutput:
    return ToolOutput("Waiting for the person.", "wait")


async def _send_message(arguments: dict[str, Any], context: ToolContext) -> str:
    context.hands.tell_app(arguments["message"])
    return "Sent."


async def _switch_agent(arguments: dict[str, Any], context: ToolContext) -> str:
    name = arguments["agent"]
    if name == context.values["agent"]:
        raise ToolFailed("You are that agent already.")
    context.hands.switch_agent(name)
    return f"From now on you are the agent {name!r}. Go on with the conversation."


async def _never_call_again(_: dict[str, Any], context: ToolContext) -> str:
    return await context.hands.never_call_again()


async def _remember(arguments: dict[str, Any], context: ToolContext) -> str:
    return await context.hands.remember(arguments["fact"])


async def _search(arguments: dict[str, Any], context: ToolContext) -> str:
    return await context.hands.search_files(arguments["query"])


def _transfer_by(targets: Mapping[str, str], transfers: Mapping[str, CallTransfer]) -> ToolBody:
    async def transfer(arguments: dict[str, Any], context: ToolContext) -> ToolOutput | str:
        name = arguments["target"]
        if targets:
            return await context.hands.transfer(targets[name])
        there = transfers[name]
        result = await context.hands.transfer(there.to, there if there.asks else None)
        return ToolOutput(result, "wait") if there.asks else result  # the two talk, and the agent has nothing to say

    return transfer


async def _press(arguments: dict[str, Any], context: ToolContext) -> str:
    return await context.hands.press_keys(arguments["keys"])
