"""What the agent's own tools returned when they were called together with functions of the client.

Such an answer is `tool_calls` of the client's functions alone, for the agent's tools are not the client's to know. So
what they returned is kept here until the next request brings the client's results, and joined to them then.
"""

import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from voi.core.kept import Kept, KeptMessage
from voi.dialogue import Message, ToolCall, ToolResult

KEPT_S = 3_600.0
"""How long a client's function may take."""
KEPT_MAX = 1_000
KEPT_MAX_CHARACTERS = 4 * 2**20
"""Of all that is kept. Beyond these limits the oldest is forgotten."""

OwnCalls = Sequence[tuple[ToolCall, ToolResult]]


class CalledBeside:
    """By app, and by the first of the client's calls that they were made with. `clock`: monotonic seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._all: OrderedDict[tuple[str, str], tuple[float, OwnCalls]] = OrderedDict()
        self._characters = 0

    def __len__(self) -> int:
        return len(self._all)

    def keep(self, app: str, call_id: str, calls: OwnCalls) -> None:
        """Keep what was called together with that call of the client."""
        if not calls:
            return
        self._all[app, call_id] = self._clock() + KEPT_S, calls
        self._characters += _size(calls)
        while self._all and (
            len(self._all) > KEPT_MAX
            or self._characters > KEPT_MAX_CHARACTERS
            or next(iter(self._all.values()))[0] <= self._clock()
        ):
            _, (_, gone) = self._all.popitem(last=False)
            self._characters -= _size(gone)

    def joined(self, app: str, before: Kept) -> Kept:
        """The dialogue with what is known of its calls."""
        return replace(before, messages=tuple(self._with_own(app, each) for each in before.messages))

    def _with_own(self, app: str, kept: KeptMessage) -> KeptMessage:
        said = kept.message
        own = [each for call in said.tool_calls for each in self._of(app, call.call_id)]
        if not own:
            return kept
        calls, results = [*said.tool_calls, *(call for call, _ in own)], [*said.tool_results, *(r for _, r in own)]
        words = [part for part in said.parts if not isinstance(part, ToolCall | ToolResult)]
        return replace(kept, message=Message(said.role, (*words, *calls, *results)))

    def _of(self, app: str, call_id: str) -> OwnCalls:
        until_s, calls = self._all.get((app, call_id), (0.0, ()))
        return calls if until_s > self._clock() else ()


def _size(calls: Iterable[tuple[ToolCall, ToolResult]]) -> int:
    return sum(len(call.arguments) + len(result.text) for call, result in calls)
