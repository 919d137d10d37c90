"""How fast an account dials: so long from one dial to the next, counted from when each really began.

The store spaces the turns of all servers (`voi.store.call_orders`). But what a busy server does between an order's turn
and its dial takes now longer, now less, and would let two dials follow each other too closely.
"""

import asyncio
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass

from voi.transports.telephone.dialing import AnsweredCall, Dial, Dialer


class DialPace:
    """Of all accounts of one server."""

    def __init__(self) -> None:
        self._turns: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._last_s: dict[str, float] = {}

    async def turn(self, account: str, spacing_s: float) -> None:
        """Returns when that account may dial, which it then does at once. First come, first served."""
        clock = asyncio.get_running_loop().time
        async with self._turns[account]:
            due_s = self._last_s.get(account, -spacing_s) + spacing_s
            if (wait_s := due_s - clock()) > 0:
                await asyncio.sleep(wait_s)
            self._last_s[account] = clock()


@dataclass(frozen=True, slots=True)
class PacedDialer:
    """`Dialer` that waits for its account's turn first."""

    dialer: Dialer
    pace: DialPace
    account: str
    spacing_s: float

    async def dial(self, dial: Dial, on_ringing: Callable[[], None], on_gone: Callable[[], None]) -> AnsweredCall:
        """`Dialer`."""
        await self.pace.turn(self.account, self.spacing_s)
        return await self.dialer.dial(dial, on_ringing, on_gone)
