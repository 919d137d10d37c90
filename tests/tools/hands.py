"""Hands that note what they were asked for."""

from collections.abc import Mapping
from typing import Any

from voi.config.transfers import CallTransfer
from voi.tools.base import ToolContext, ToolFailed


class FakeHands:
    def __init__(self, *, telephone: bool = True) -> None:
        self.did: list[tuple[str, Any]] = []
        self._telephone = telephone

    async def ask_app(self, name: str, arguments: Mapping[str, Any]) -> str:
        self.did.append((name, dict(arguments)))
        return "from the app"

    def tell_app(self, content: str) -> None:
        self.did.append(("message", content))

    async def transfer(self, target: str, how: CallTransfer | None = None) -> str:
        if not self._telephone:
            raise ToolFailed("This is no telephone call.")
        self.did.append(("transfer", target if how is None else (target, how.way)))
        return "Connected."

    async def press_keys(self, keys: str) -> str:
        self.did.append(("keys", keys))
        return "Pressed."

    def switch_agent(self, name: str) -> None:
        self.did.append(("agent", name))

    async def search_files(self, query: str) -> str:
        self.did.append(("search", query))
        return "Found."

    async def prove_person(self) -> None:
        self.did.append(("proven", True))

    async def never_call_again(self) -> str:
        self.did.append(("never call", True))
        return "Kept."

    async def remember(self, fact: str) -> str:
        self.did.append(("fact", fact))
        return "Remembered."


def context(hands: FakeHands | None = None, **values: str) -> ToolContext:
    return ToolContext({"id": "c1", "agent": "desk", "person": "ada", **values}, hands or FakeHands())
