"""`voi softphone`: an agent talks over a telephone application on this desktop, GNOME Calls."""

import asyncio
from typing import TYPE_CHECKING, Annotated

import typer

from voi.errors import ClientError

if TYPE_CHECKING:
    from collections.abc import Callable

    from voi.cli.gnome_calls import DesktopCall, GnomeCalls
    from voi.cli.talk import Talker

LOOK_EVERY_S = 0.3
APPEARS_S = 5.0
"""A call that was dialled is there by then."""
START_S = 30.0
"""How long the application may take to appear on the bus."""


def softphone(
    agent: Annotated[str, typer.Option(help="Who talks: a name in the server's agents.json.")],
    dial: Annotated[
        str | None, typer.Option(metavar="ADDRESS", help="Ring this up, talk, and end: +4930…, tel:… or sip:…")
    ] = None,
    allow: Annotated[
        list[str] | None,
        typer.Option(
            metavar="PATTERN",
            help="What may be dialled: 'tel:+4930*', 'sip:*@pbx.example.com'. May be repeated.",
        ),
    ] = None,
    answer: Annotated[bool, typer.Option("--answer", help="Answer calls that come in, one after the other.")] = False,
    url: Annotated[str | None, typer.Option(help="Default: the server that .env describes, on this machine.")] = None,
    token: Annotated[
        str | None, typer.Option(envvar="VOI_TOKEN", help="Default: made with TOKEN_SECRET_KEY of .env.")
    ] = None,
    ring_timeout: Annotated[float, typer.Option(min=1, metavar="S", help="Give a call up after so long.")] = 45.0,
) -> None:
    """Let an agent talk over GNOME Calls: its microphone is the agent's voice, its loudspeaker the agent's ear. Dials
    by the application's own interface; exits with 1 if nobody answered."""
    from voi.cli.gnome_calls import GnomeCalls, checked_address
    from voi.cli.talk import Talker, own_token, own_url

    if (dial is None) == (not answer):
        raise ClientError("Give --dial ADDRESS or --answer.")
    address = checked_address(dial, allow or ()) if dial is not None else ""
    wants = {
        "url": url or own_url(), "token": token or own_token(), "agent_name": agent, "mode": "call", "insecure": False,
        "resume": True, "session": "", "app_tools": [], "app_messages": False, "lowers_sound": True,
        "init_greeting": True,
    }  # fmt: skip
    phone = Softphone(GnomeCalls(), lambda: Talker(wants, 30.0, None), ring_timeout)
    asyncio.run(phone.call(address) if address else phone.answer_all())


class Softphone:
    """`talker`: makes one conversation's `Talker`."""

    def __init__(self, calls: "GnomeCalls", talker: "Callable[[], Talker]", ring_timeout_s: float) -> None:
        self._calls = calls
        self._talker = talker
        self._ring_timeout_s = ring_timeout_s

    async def call(self, address: str) -> None:
        """Ring that address up, and talk until either side hangs up. Raises ClientError if nobody answered."""
        from voi.cli.gnome_calls import DesktopCallState

        await self._ready()
        if not await self._can_dial(address):
            raise ClientError("GNOME Calls has no account that can dial that, or it is not online.")
        before = {each.path for each in await self._calls.calls()}
        await self._calls.dial(address)
        call = await self._appeared(before)
        try:
            async with asyncio.timeout(self._ring_timeout_s):
                while call.state is not DesktopCallState.ACTIVE:
                    await asyncio.sleep(LOOK_EVERY_S)
                    call = await self._newest(call)
                    if call.over:
                        raise ClientError("The call was not answered.")
        except TimeoutError:
            await self._calls.hang_up(call)
            raise ClientError(f"Nobody answered within {self._ring_timeout_s:g} s.") from None
        await self._talk(call)

    async def answer_all(self) -> None:
        """Answer calls until Ctrl-C."""
        from voi.cli.gnome_calls import DesktopCallState

        await self._ready()
        while True:
            for call in await self._calls.calls():
                if call.inbound and call.state is DesktopCallState.INCOMING:
                    await self._calls.accept(call)
                    await self._talk(call)
                    break
            await asyncio.sleep(LOOK_EVERY_S)

    async def _talk(self, call: "DesktopCall") -> None:
        """The agent talks until the call is over; if the agent ends it, the telephone hangs up."""
        talking = asyncio.create_task(self._talker().speak(), name="talk")
        try:
            while not talking.done():
                await asyncio.wait((talking,), timeout=LOOK_EVERY_S)
                if (await self._newest(call)).over:
                    return
            await talking
        except ClientError as error:
            typer.echo(str(error), err=True)
        finally:
            talking.cancel()
            await asyncio.wait((talking,))
            if not (await self._newest(call)).over:
                await self._calls.hang_up(call)

    async def _ready(self) -> "list[DesktopCall]":
        """The application's calls, once it is there. Raises ClientError."""
        deadline_s = asyncio.get_running_loop().time() + START_S
        while True:
            try:
                return await self._calls.calls()
            except ClientError:
                if asyncio.get_running_loop().time() >= deadline_s:
                    raise
            await asyncio.sleep(1.0)

    async def _can_dial(self, address: str) -> bool:
        """What is dialled before an account is online is lost."""
        for _ in range(round(START_S / LOOK_EVERY_S)):
            if await self._calls.can_dial(address):
                return True
            await asyncio.sleep(LOOK_EVERY_S)
        return False

    async def _appeared(self, before: set[str]) -> "DesktopCall":
        for _ in range(round(APPEARS_S / LOOK_EVERY_S)):
            new = [each for each in await self._calls.calls() if each.path not in before and not each.inbound]
            if new:
                return new[-1]
            await asyncio.sleep(LOOK_EVERY_S)
        raise ClientError("GNOME Calls did not dial.")

    async def _newest(self, call: "DesktopCall") -> "DesktopCall":
        """The same call as it is now; one that is gone is over."""
        from dataclasses import replace

        from voi.cli.gnome_calls import DesktopCallState

        found = [each for each in await self._calls.calls() if each.path == call.path]
        return found[0] if found else replace(call, state=DesktopCallState.DISCONNECTED)
