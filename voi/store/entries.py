"""What calls give the store to write. An entry replaces one with the same `key` that still waits to be written."""

from collections.abc import Hashable
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any

from voi.session.failure import Failure
from voi.session.latency import TurnTimes
from voi.session.lookups import LookedUp
from voi.session.tool_use import ToolUse
from voi.store.audit import Act

SUMS = ("uses", "estimated", "unpriced", "input_tokens", "output_tokens", "sound_ms", "characters", "cost_micros")
"""The fields of a use that are added up."""


@dataclass(frozen=True, slots=True)
class Began:
    """A conversation began. `person`: who the app says the caller is; "": it does not say. `config`: the agent's
    definition, which is kept with its version. `data_key` is set once the conversation's key is stored: to the key, or
    to None where nothing is encrypted."""

    conversation_id: str
    app: str
    person: str
    door: str
    agent: str
    agent_version: str
    config: str
    mode: str
    began_ms: int
    recording: str | None
    redacted: bool
    data_key: "Future[bytes | None]" = field(compare=False, default_factory=Future)

    @property
    def key(self) -> Hashable:
        return "began", self.conversation_id

    @property
    def size(self) -> int:
        return 400 + len(self.config)


@dataclass(frozen=True, slots=True)
class WordsShown:
    """A message, or a longer state of it."""

    conversation_id: str
    message_id: int
    role: str
    at_ms: int
    text: str

    @property
    def key(self) -> Hashable:
        return "words", self.conversation_id, self.message_id

    @property
    def size(self) -> int:
        return 200 + len(self.text)


@dataclass(frozen=True, slots=True)
class TurnTaken:
    """How long the steps of one turn took."""

    conversation_id: str
    times: TurnTimes

    size = 200

    @property
    def key(self) -> Hashable:
        return "turn", self.conversation_id, self.times.turn


@dataclass(frozen=True, slots=True)
class FailureTold:
    """The `number`-th failure of an engine in that conversation."""

    conversation_id: str
    number: int
    failure: Failure

    size = 300

    @property
    def key(self) -> Hashable:
        return "failed", self.conversation_id, self.number


@dataclass(frozen=True, slots=True)
class ToolTold:
    """The `number`-th call of a tool in that conversation, at `at_ms` since it began."""

    conversation_id: str
    number: int
    at_ms: int
    use: ToolUse

    @property
    def key(self) -> Hashable:
        return "tool", self.conversation_id, self.number

    @property
    def size(self) -> int:
        return 300 + len(self.use.arguments)


@dataclass(frozen=True, slots=True)
class LookupTold:
    """The `number`-th search of files in that conversation, at `at_ms` since it began."""

    conversation_id: str
    number: int
    at_ms: int
    lookup: LookedUp

    @property
    def key(self) -> Hashable:
        return "lookup", self.conversation_id, self.number

    @property
    def size(self) -> int:
        return 200 + sum(map(len, self.lookup.sources))


@dataclass(frozen=True, slots=True)
class UsageRow:
    """Totals of one engine and model in a conversation."""

    kind: str
    provider: str
    model: str
    uses: int = 0
    estimated: int = 0
    unpriced: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    sound_ms: int = 0
    characters: int = 0
    cost_micros: int = 0

    @property
    def sums(self) -> dict[str, int]:
        return {name: getattr(self, name) for name in SUMS}


@dataclass(frozen=True, slots=True)
class UsageTold:
    """What a conversation used from `since_ms`, when this server took it, up to `at_ms`; both in ms since 1970."""

    conversation_id: str
    since_ms: int
    at_ms: int
    rows: tuple[UsageRow, ...]

    @property
    def key(self) -> tuple[str, str, int]:
        return "usage", self.conversation_id, self.since_ms

    @property
    def size(self) -> int:
        return 100 + 200 * len(self.rows)


@dataclass(frozen=True, slots=True, eq=False)
class UsedApart:
    """What was used outside of any conversation. Each is an entry of its own."""

    at_ms: int
    app: str
    agent: str
    row: UsageRow

    conversation_id = ""
    size = 300

    @property
    def key(self) -> Hashable:
        return self


@dataclass(frozen=True, slots=True, eq=False)
class Acted:
    """What a manager did. Each is an entry of its own."""

    act: Act

    conversation_id = ""
    size = 800

    @property
    def key(self) -> Hashable:
        return self


@dataclass(slots=True)
class Changed:
    """New values of columns of the conversation. A waiting one is merged with the next. `last`: no more entries of the
    conversation follow."""

    conversation_id: str
    values: dict[str, Any]
    last: bool = False

    size = 300

    @property
    def key(self) -> Hashable:
        return "changed", self.conversation_id


Entry = Began | WordsShown | TurnTaken | FailureTold | ToolTold | LookupTold | UsageTold | UsedApart | Acted | Changed
