"""What tools can do with their conversation, through its door."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import orjson

from voi.config.transfers import CallTransfer
from voi.errors import ClientError
from voi.session import events
from voi.session.current_agent import CurrentAgent
from voi.session.events import DoorEvent
from voi.session.line import Line
from voi.session.memory import PersonMemory
from voi.tools.base import ToolFailed, bounded

NO_MESSAGES = "The app that the person uses shows no messages."
NO_TELEPHONE = "This is no telephone call, so that is not possible here."
NO_FILES = "This agent has no files to search."
NO_NUMBER = "The number of this person is not known, so nothing can be kept of it."
NO_MEMORY = "Nothing can be remembered in this conversation."


class ConversationHands:
    """`Hands` of one conversation. `takes_messages`: its client shows messages of the agent. `memory` None: nothing is
    remembered. `never_call`: keeps that the person is not called again; None: that is not possible. `prove`: told when
    a tool has found out that the person is who they are said to be. `current`: the agent whose files are searched."""

    __slots__ = (
        "_asked",
        "_current",
        "_line",
        "_memory",
        "_never_call",
        "_prove",
        "_switch",
        "_takes_messages",
        "_waiting",
    )

    def __init__(
        self,
        line: Line,
        switch: Callable[[str], None],
        *,
        takes_messages: bool,
        memory: PersonMemory | None = None,
        prove: Callable[[], Awaitable[None]] | None = None,
        current: CurrentAgent | None = None,
        never_call: Callable[[], Awaitable[str]] | None = None,
    ) -> None:
        self._current = current
        self._line = line
        self._switch = switch
        self._takes_messages = takes_messages
        self._memory = memory
        self._prove = prove
        self._never_call = never_call
        self._asked = 0
        self._waiting: dict[str, asyncio.Future[str]] = {}
        """What the door was asked for and has not answered, by the number of the request."""

    async def ask_app(self, name: str, arguments: Mapping[str, Any]) -> str:
        written = orjson.dumps(dict(arguments)).decode()
        return await self._ask(lambda number: events.AppToolCalled(number, name, written))

    def tell_app(self, content: str) -> None:
        if not self._takes_messages:
            raise ToolFailed(NO_MESSAGES)
        self._line.now.tell(events.AppMessage(content))

    async def transfer(self, target: str, how: CallTransfer | None = None) -> str:
        self._check_telephone()
        return await self._ask(lambda number: events.TransferAsked(number, target, how))

    async def press_keys(self, keys: str) -> str:
        self._check_telephone()
        return await self._ask(lambda number: events.KeysAsked(number, keys))

    def switch_agent(self, name: str) -> None:
        self._switch(name)

    async def never_call_again(self) -> str:
        self._check_telephone()
        if self._never_call is None:
            raise ToolFailed(NO_NUMBER)
        return await self._never_call()

    async def prove_person(self) -> None:
        if self._prove is not None:
            await self._prove()

    async def remember(self, fact: str) -> str:
        if self._memory is None:
            raise ToolFailed(NO_MEMORY)
        return await self._memory.remember(fact)

    async def search_files(self, query: str) -> str:
        lookups = self._current.lookups if self._current else None
        if lookups is None:
            raise ToolFailed(NO_FILES)
        return await lookups.search(query)

    def answered(self, number: str, result: str, *, failed: bool = False) -> None:
        """The door answers what it was asked for. An answer that comes too late is dropped. Raises ClientError if it
        was never asked."""
        if not (number.isascii() and number.isdecimal() and 0 < int(number[:12]) <= self._asked):
            raise ClientError(f"There was no tool call {number[:40]!r}.")
        waiting = self._waiting.get(number)
        if waiting is None or waiting.done():
            return
        if failed:
            waiting.set_exception(ToolFailed(bounded(result) or "The app could not do it."))
        else:
            waiting.set_result(bounded(result) or "Done.")

    def _check_telephone(self) -> None:
        door = self._line.door
        if door is None or door.kind != "telephone":
            raise ToolFailed(NO_TELEPHONE)

    async def _ask(self, event: Callable[[str], DoorEvent]) -> str:
        self._asked += 1
        number = str(self._asked)
        waiting: asyncio.Future[str]
        waiting = self._waiting[number] = asyncio.get_running_loop().create_future()
        try:
            self._line.now.tell(event(number))
            return await waiting
        finally:
            del self._waiting[number]
            if waiting.cancelled():
                self._line.now.tell(events.RequestWithdrawn(number))
