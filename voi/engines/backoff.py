"""Guards calls to an external service (a cloud engine): failures are counted, and repeated ones are followed by a wait.

The service gets no trial calls, which would cost money, and the engine is not restarted, since the fault is not in this
process. After some failures in a row, calls are refused at once for a while, twice as long each time, so that callers
hear an apology instead of silence. The first call after that shows whether the service works again.
"""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator
from typing import Any, NoReturn

from voi.engines.supervisor import DEADLINE_S, Supervisee, close_engine, warm_up
from voi.errors import ConfigError, EngineError

FAILURES_MAX = 3
"""After this many failures in a row, calls are refused for a while."""
FIRST_WAIT_S, LONGEST_WAIT_S = 1.0, 60.0
CLOUD_DEADLINE_S = 10.0
"""Deadline of one answer, or of sound after a text."""

log = logging.getLogger(__name__)


class Backoff:
    """Takes the place of a `Supervisor` for a cloud engine."""

    restarts = 0

    def __init__(self, *, deadline_s: float = min(CLOUD_DEADLINE_S, DEADLINE_S)) -> None:
        self.deadline_s = deadline_s
        self.errors = 0
        """Failed calls since the start."""
        self._in_a_row = 0
        self._wait_s = FIRST_WAIT_S
        self._refused_until_s = float("-inf")

    @property
    def down(self) -> str:
        """Why calls are refused now, in a sentence; "" while they are not."""
        left_s = self._refused_until_s - _now_s()
        return f"It failed {self._in_a_row} times in a row and is asked again in {left_s:.0f} s." if left_s > 0 else ""

    async def warm_up(self, kept: Supervisee) -> None:
        """Raises ConfigError, EngineError."""
        await warm_up(kept.engine)

    async def close(self, kept: Supervisee) -> None:
        await close_engine(kept.engine)

    def check(self, kept: Supervisee, engine: Any) -> None:
        """Raises EngineError while calls are refused."""
        if down := self.down:
            raise EngineError(f"{kept.name} does not work now. {down}", retryable=True)

    @contextlib.asynccontextmanager
    async def call(self, kept: Supervisee, engine: Any) -> AsyncIterator[None]:
        """Wraps every wait for the engine with the deadline. Raises EngineError or ConfigError for anything that fails
        inside."""
        try:
            async with asyncio.timeout(self.deadline_s):
                yield
        except TimeoutError:
            self._failed(kept, "gave nothing in time")
            raise EngineError(f"{kept.name} gave nothing for {self.deadline_s:g} s.", retryable=True) from None
        except Exception as error:
            self.raise_error(error, kept, engine)
        self.gave()

    def gave(self) -> None:
        """Note that a call got something: the count of failures starts again at 0."""
        self._in_a_row, self._wait_s = 0, FIRST_WAIT_S

    def raise_error(self, error: Exception, kept: Supervisee, engine: Any) -> NoReturn:
        """Count an error of the engine and raise the error for its caller. A refusal, such as for an unknown voice,
        does not count as a failure of the service."""
        if isinstance(error, ConfigError):
            raise error
        if isinstance(error, EngineError):
            if error.retryable:
                self._failed(kept, "failed")
            else:
                self.errors += 1
            raise error
        log.error("%s crashed", kept.name, exc_info=error)
        self._failed(kept, "crashed")
        raise EngineError(f"{kept.name} crashed: {type(error).__name__}.", retryable=True) from error

    def _failed(self, kept: Supervisee, how: str) -> None:
        self.errors += 1
        self._in_a_row += 1
        if self._in_a_row < FAILURES_MAX or self.down:
            return
        self._refused_until_s = _now_s() + self._wait_s
        log.warning("%s %s %d times in a row; calls are refused for %g s", kept.name, how, self._in_a_row, self._wait_s)
        self._wait_s = min(LONGEST_WAIT_S, 2 * self._wait_s)


def _now_s() -> float:
    return asyncio.get_running_loop().time()
