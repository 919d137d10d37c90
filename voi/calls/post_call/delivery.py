"""Sends what is known of a call to the agent's webhook, or to one of its tools."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from voi.calls.post_call.job import PostCallJob
from voi.config.agents import Agent
from voi.config.post_call import SUMMARY
from voi.config.transfers import CallTransfer
from voi.errors import VoiError
from voi.tools.arguments import WrongArguments
from voi.tools.base import AvailableTool, ToolContext, ToolFailed
from voi.tools.http import HttpTool
from voi.tools.templates import Values
from voi.tools.webhook import WebhookGone, WebhookSender

EVENT = "call.ended"
OVER = "The call is over."


class DeliveryFailed(VoiError):
    """It did not arrive. `again`: it may be tried again. `after_s`: when the receiver wants that."""

    def __init__(self, why: str, *, again: bool, after_s: float | None = None) -> None:
        super().__init__(why)
        self.again = again
        self.after_s = after_s


class NotWanted(VoiError):
    """What the tool requires is not known of this call."""


@dataclass(frozen=True, slots=True)
class _NoHands:
    """`Hands` when nobody is connected any more."""

    async def ask_app(self, name: str, arguments: Mapping[str, Any]) -> str:
        raise ToolFailed(OVER)

    def tell_app(self, content: str) -> None:
        raise ToolFailed(OVER)

    async def transfer(self, target: str, how: CallTransfer | None = None) -> str:
        raise ToolFailed(OVER)

    async def press_keys(self, keys: str) -> str:
        raise ToolFailed(OVER)

    def switch_agent(self, name: str) -> None:
        raise ToolFailed(OVER)

    async def search_files(self, query: str) -> str:
        raise ToolFailed(OVER)

    async def never_call_again(self) -> str:
        raise ToolFailed(OVER)

    async def prove_person(self) -> None:
        """It is too late to tell them anything."""

    async def remember(self, fact: str) -> str:
        raise ToolFailed(OVER)


def event_of(job: PostCallJob, *, transcript: bool) -> bytes:
    """The body of a webhook's request."""
    about = {"conversation_id" if name == "id" else name: value for name, value in job.about.items()}
    data: dict[str, Any] = {**about, "summary": job.summary, "fields": job.fields, "problem": job.problem or None}
    if transcript:
        data["transcript"] = [{"role": line.role, "text": line.text} for line in job.transcript]
    return orjson.dumps({"type": EVENT, "timestamp": job.about.get("ended"), "data": data})


async def to_webhook(sender: WebhookSender, job: PostCallJob, *, transcript: bool, now_s: int) -> None:
    """Send the job's result. Raises DeliveryFailed."""
    await send_event(sender, job.id, event_of(job, transcript=transcript), now_s)


async def send_event(sender: WebhookSender, message_id: str, body: bytes, now_s: int) -> None:
    """Send an event, once. Raises DeliveryFailed."""
    try:
        await sender.send(message_id, body, now_s)
    except ToolFailed as failed:
        again = not isinstance(failed, WebhookGone)
        raise DeliveryFailed(str(failed), again=again, after_s=failed.retry_after_s) from None


async def to_tool(tool: AvailableTool, agent: Agent, job: PostCallJob) -> None:
    """Call the tool once. Raises NotWanted, DeliveryFailed: `again` only if the call certainly did nothing, or may be
    made twice."""
    assert agent.after_call is not None
    assert agent.after_call.tool is not None
    known: dict[str, Any] = {**(job.fields or {}), SUMMARY: job.summary}
    filled = Values({name: value for name, value in known.items() if value is not None}, job.about).json(
        agent.after_call.tool.arguments
    )
    lacking = set(tool.spec.parameters.get("required", ())) - filled.keys()
    if lacking:
        raise NotWanted(f"{', '.join(sorted(lacking))} is not known")
    twice = may_run_twice(tool)
    context = ToolContext({name: str(value) for name, value in job.about.items()}, _NoHands())
    try:
        arguments = tool.arguments.read(orjson.dumps(filled).decode())
        async with asyncio.timeout(tool.rule.timeout_ms / 1_000):
            await tool.body(arguments, context)
    except WrongArguments:
        raise DeliveryFailed("the arguments do not fit its parameters", again=False) from None
    except TimeoutError:
        raise DeliveryFailed("it did not answer in time", again=twice) from None
    except ToolFailed as failed:
        again = failed.undone or twice
        raise DeliveryFailed("it failed", again=again, after_s=failed.retry_after_s) from None
    except VoiError as error:
        raise DeliveryFailed(type(error).__name__, again=twice) from None


def may_run_twice(tool: AvailableTool) -> bool:
    """Whether the tool may be called again when nobody knows if a call did its work."""
    return tool.rule.safe or (isinstance(tool.body, HttpTool) and tool.body.idempotent)
