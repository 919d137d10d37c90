"""An agent as what handles what was said: each message is a call of its own, typed and silent, that takes up the
conversation which the client names. Prompt, guard, tools, admission and observers are those of any call.
"""

import asyncio
from contextlib import aclosing

from wyoming.handle import Handled, HandledChunk, HandledStart, HandledStop, NotHandled

from voi.calls.call_id import new_call_id
from voi.calls.typed import TypedCall
from voi.core.facts import Continued
from voi.core.kept import Kept
from voi.transports.wyoming.asked import AnswerWanted
from voi.transports.wyoming.home import Home
from voi.transports.wyoming.outlet import Outlet

SERVICE = "handle"
ANSWER_TIMEOUT_S = 600.0
KEPT_TIMEOUT_S = 2.0
"""Time for a call to end once it was answered, so that the next message finds what was said."""


async def answer(home: Home, agent: str, wanted: AnswerWanted, outlet: Outlet, address: str) -> None:
    """Send the agent's answer, or that there is none. Raises Refused, ClientError, TimeoutError."""
    conversation = wanted.conversation or new_call_id()
    context = (wanted.context or {}) | {"conversation_id": conversation}
    key = (address, agent, conversation)
    kept = asyncio.Event()

    async def keep(said: Kept) -> None:
        home.dialogues.keep(key, said)
        kept.set()

    typed = TypedCall(home.calls, home.app, f"{address} (Wyoming)", "wyoming")
    said: list[str] = []
    try:
        async with asyncio.timeout(ANSWER_TIMEOUT_S):
            before = home.dialogues.find(key)
            typed.call.afterwards.append(keep)
            typed.begin(agent, wanted.text, Continued(before) if before else None)
            async with aclosing(typed.pieces()) as pieces:
                async for piece in pieces:
                    if not said:
                        await outlet.send(HandledStart(context))
                    said.append(piece.text)
                    await outlet.send(HandledChunk(piece.text))
    finally:
        typed.call.hang_up()
    text = "".join(said).strip()
    if typed.failed or not text:  # the call has logged why
        await outlet.send(NotHandled(_apology(home, agent), context))
        home.outcomes.count(SERVICE, "failed")
    else:
        try:
            async with asyncio.timeout(KEPT_TIMEOUT_S):
                await kept.wait()
        except TimeoutError:
            pass  # the answer is worth more than that the agent remembers it
        if typed.agent_hung_up:
            home.dialogues.forget(key)
        await outlet.send(Handled(text, context))
        home.outcomes.count(SERVICE, "ok")
    if said:
        await outlet.send(HandledStop())


def _apology(home: Home, agent: str) -> str:
    """What a person hears instead of an answer."""
    config = home.out_of_call.config()
    phrase = config.finished(config.agents[agent]).apology_phrase() if agent in config.agents else None
    return phrase.text if phrase else ""
