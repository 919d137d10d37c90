"""Responses beside the conversation (`conversation: "none"`): the agent's model answers what the client gives it, as
text, and nothing of it enters the dialogue."""

import asyncio
import logging
from collections.abc import Callable

from voi.dialogue import Message, ReplySegment
from voi.errors import VoiError
from voi.session.session import Session
from voi.tasks import Tasks
from voi.transports.realtime.agent_side import ResponseWish
from voi.transports.realtime.client_items import message_given
from voi.transports.realtime.door import RealtimeDoor
from voi.transports.realtime.items import DialogueItem
from voi.transports.realtime.responses import AgentResponse
from voi.transports.realtime.wire import EventError, Json, text_at, wrong_type

log = logging.getLogger(__name__)

AT_ONCE_MAX = 4
INPUT_MAX = 200
MESSAGE = 0
"""The one message of such a response."""


class ResponsesBeside:
    """The responses of one client that are made beside its conversation."""

    def __init__(self, door: RealtimeDoor, session: Session, tasks: Tasks, usage: Callable[[], Json]) -> None:
        self._door, self._session, self._tasks, self._usage = door, session, tasks, usage
        self._running: dict[str, asyncio.Task[None]] = {}

    def create(self, given: Json, wish: ResponseWish) -> None:
        """Begin one. Raises EventError."""
        if len(self._running) >= AT_ONCE_MAX:
            raise EventError(f"At most {AT_ONCE_MAX} responses beside the conversation are made at once.",
                             "rate_limit_exceeded")  # fmt: skip
        if given.get("output_modalities") == ["audio"]:
            raise EventError("A response beside the conversation is text: ask for ['text'].", "invalid_value",
                             "response.output_modalities")  # fmt: skip
        messages = self.input_of(given)
        response = AgentResponse(
            self._door.emit, self._door.items, conversation_id=None, asked=True, sound=False, audio={},
            metadata=wish.metadata,
        )  # fmt: skip
        response.created()
        task = self._tasks.start(self._answer(response, wish.instructions, messages), "response beside")
        self._running[response.id] = task

    def cancel(self, response_id: str) -> bool:
        """Cancel one. False: there is none of that id."""
        task = self._running.get(response_id)
        if task is not None:
            task.cancel()
        return task is not None

    async def _answer(self, response: AgentResponse, instructions: str, messages: tuple[Message, ...] | None) -> None:
        try:
            text = await self._session.answer_beside(instructions, messages)
            response.text(MESSAGE, ReplySegment(text))
            response.message_done(MESSAGE)
            response.finish("completed", self._usage())
        except asyncio.CancelledError:
            response.finish("cancelled", self._usage())
            raise
        except VoiError as error:
            response.error = str(error)
            response.finish("failed", self._usage())
        except Exception:
            log.exception("a response beside the conversation broke")
            response.error = "The server had an error."
            response.finish("failed", self._usage())
        finally:
            self._running.pop(response.id, None)

    def input_of(self, given: Json) -> tuple[Message, ...] | None:
        """What is to be answered; None: the conversation so far. Raises EventError."""
        items = given.get("input")
        if items is None:
            return None
        if not isinstance(items, list) or len(items) > INPUT_MAX:
            raise wrong_type("response.input", f"an array of at most {INPUT_MAX} objects", items)
        messages: list[Message] = []
        for index, item in enumerate(items):
            at = f"response.input[{index}]"
            if not isinstance(item, dict):
                raise wrong_type(at, "an object", item)
            if item.get("type") == "item_reference":
                item_id = text_at(item, "id", most=256, param=f"{at}.id")
                found = self._door.items.find(item_id)
                if found is None:
                    raise EventError(f"Item with id '{item_id}' not found.", "item_not_found", f"{at}.id")
                messages += _said(found)
            elif item.get("type") in (None, "message"):
                messages.append(message_given(item, at))
            else:
                output = text_at(item, "output", most=100_000, param=f"{at}.output", required=False)
                name = text_at(item, "name", most=256, param=f"{at}.name", required=False)
                messages.append(Message("system", output or f"(called {name})"))
        return tuple(messages)


def _said(item: DialogueItem) -> list[Message]:
    if item.kind != "message":
        return [Message("system", item.output)] if item.output else []
    return [message_given({"role": item.role, "content": item.content}, "item")]
