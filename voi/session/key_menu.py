"""What the keys of a telephone do beside dictation, as the agent's author says: pass the call on, end it, repeat."""

import asyncio
from collections.abc import Callable
from typing import Protocol

from voi.config.agents import Agent
from voi.config.telephone import KeyTransfer
from voi.config.transfers import CallTransfer
from voi.core import facts as was
from voi.core.end_reason import EndReason
from voi.core.facts import Fact
from voi.dialogue import Phrase
from voi.session.keys import keys_said
from voi.tasks import Tasks
from voi.tools.base import Hands, ToolFailed

TRANSFER_TIMEOUT_S = 15.0


class KeyMenuCall(Protocol):
    """What a key can do with its conversation."""

    def part(self, reason: EndReason) -> None: ...

    def end(self, reason: EndReason) -> None: ...


class KeyMenu:
    """`agent` returns the one that talks now, `newest` what it said last. `asks`: told what the agent is to know, and
    to answer to."""

    __slots__ = ("_agent", "_asks", "_call", "_hands", "_newest", "_tasks", "_tell", "_transferring")

    def __init__(
        self,
        agent: Callable[[], Agent],
        newest: Callable[[], str],
        tell: Callable[[Fact], None],
        asks: Callable[[str], None],
        call: KeyMenuCall,
        hands: Hands,
        tasks: Tasks,
    ) -> None:
        self._agent = agent
        self._newest = newest
        self._tell = tell
        self._asks = asks
        self._call = call
        self._hands = hands
        self._tasks = tasks
        self._transferring = False

    def press(self, key: str) -> bool:
        """A key was pressed that is no part of an entry. True: the menu has it, and the agent was stopped; False: the
        key is none of the menu's."""
        agent = self._agent()
        action = next((does for its_key, does in agent.telephone.keys.items() if its_key == key), None)
        if action is None:
            return False
        newest = self._newest()  # before it is cut to what was heard
        self._tell(was.Interrupted(None))
        if action == "repeat":
            if newest:
                self._tell(was.PhraseAsked(Phrase(newest)))
        elif action == "hang_up":
            if agent.goodbye is not None:  # what is said by default is that the time is up
                self._call.part(EndReason.FINISHED)
            else:
                self._call.end(EndReason.FINISHED)
        elif isinstance(action, KeyTransfer) and not self._transferring:
            self._transferring = True
            self._tasks.start(self._transfer(action.transfer, agent.telephone.transfers[action.transfer]), "key")
        return True

    async def _transfer(self, name: str, there: CallTransfer) -> None:
        try:
            async with asyncio.timeout(max(TRANSFER_TIMEOUT_S, there.longest_s)):
                await self._hands.transfer(there.to, there if there.asks else None)
        except (ToolFailed, TimeoutError) as error:
            why = str(error) or "nobody answered in time"
            self._asks(keys_said(f"to be put through to {name}. The call could not be passed on: {why}"))
        finally:
            self._transferring = False
