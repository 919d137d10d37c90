"""A call for one message that is typed, and its answer in words."""

import asyncio
from collections.abc import AsyncGenerator, Collection, Sequence
from dataclasses import replace

from voi.calls.calls import Calls
from voi.calls.chat_door import ChatDoor
from voi.core.end_reason import EndReason
from voi.core.facts import AnswerAsked, Continued, TextTyped
from voi.core.options import ANY_TOOL, CallOptions
from voi.core.tools import RUNNING, TOO_LATE
from voi.dialogue import ToolCall, ToolResult
from voi.session.conversation_agents import AgentChange
from voi.session.events import AgentText, AppToolCalled, Ended

OWN_CALLS_S = 30.0
"""How long an answer that calls functions of the client waits for the agent's own tools."""
LOOK_EVERY_S = 0.02
_FINISHED = (EndReason.FINISHED, EndReason.AGENT_HUNG_UP)


class TypedCall:
    """Admitted when it is made; hang up `call` in any case. `door`: name of the door, see `Door`. Raises Refused."""

    def __init__(self, calls: Calls, app: str, client: str, door: str) -> None:
        self._door = ChatDoor(door)
        self.call = calls.admit(app, client, self._door)
        self.failed: Ended | None = None
        """Once the pieces are through: why there is no whole answer; None: there is, unless it has no words."""
        self.agent_hung_up = False

    @property
    def calls(self) -> Sequence[AppToolCalled]:
        """Once the pieces are through: the client's functions that the agent waits for."""
        return self._door.calls

    @property
    def error(self) -> str:
        """What went wrong with the answer, in words for the client; "": nothing."""
        return self._door.error

    def begin(
        self,
        agent: str,
        text: str,
        continued: Continued | None,
        *,
        instructions: str = "",
        pictures: Sequence[str] = (),
        change: AgentChange | None = None,
        must_call: str = "",
    ) -> None:
        """Have the agent answer. `continued`: the dialogue before; with an answer owed, and no text, the agent goes on
        from there. `change`, `must_call`: see `Session.revise`. Raises ClientError for an agent that cannot be run."""
        app_tools = (ANY_TOOL,) if change else ()
        options = CallOptions(mode="chat", greet=False, silent=True, instructions=instructions, app_tools=app_tools)
        session = self.call.open(agent, None, options, continued)
        if change is not None:
            session.revise(change, instructions, must_call)
        self.call.start()
        if continued is not None and continued.kept.owed:
            return
        if text:
            session.tell(TextTyped(text))
        for url in pictures:
            session.show_picture(url)
        session.tell(AnswerAsked())

    async def own_calls(self, functions: Collection[str]) -> tuple[tuple[ToolCall, ToolResult], ...]:
        """What the agent's own tools returned that it called together with those `functions` of the client. Waits for
        them, for `OWN_CALLS_S` at most."""
        loop = asyncio.get_running_loop()
        until_s = loop.time() + OWN_CALLS_S
        while True:
            session = self.call.session
            said = session.dialogue()[-1:] if session is not None else ()
            own = [
                (call, result)
                for entry in said
                for call, result in zip(entry.calls, entry.results, strict=False)
                if call.name not in functions
            ]
            late = loop.time() >= until_s
            if late or not any(result.text == RUNNING for _, result in own):
                return tuple(
                    (call, replace(result, text=TOO_LATE, failed=True) if result.text == RUNNING else result)
                    for call, result in own
                )
            await asyncio.sleep(LOOK_EVERY_S)

    async def pieces(self) -> AsyncGenerator[AgentText, None]:
        """The answer as it is written, a clause or sentence each."""
        while isinstance(event := await self._door.events.get(), AgentText):
            yield event
        if isinstance(event, Ended):
            self.failed = None if event.reason in _FINISHED else event
            self.agent_hung_up = event.reason is EndReason.AGENT_HUNG_UP
