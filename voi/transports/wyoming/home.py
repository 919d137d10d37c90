"""What all connections of a Wyoming listener share."""

from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from voi.calls.calls import Calls
from voi.core.kept import Kept
from voi.engines.ears import Ear, RunningEars
from voi.engines.startup import Engines
from voi.errors import ClientError
from voi.transports.listeners import OutOfCall
from voi.transports.wyoming.outcomes import Outcomes
from voi.transports.wyoming.voices import WyomingVoices

DIALOGUES_MAX = 200
DIALOGUE_MAX_MESSAGES = 100
FORGOTTEN_AFTER_S = 300.0
"""Home Assistant begins another conversation after five minutes."""


class Dialogues:
    """Conversations that may go on, by the id that their client gave them; bounded in number, length and time.
    `clock`: monotonic seconds."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._kept: OrderedDict[tuple[str, str, str], tuple[float, Kept]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._kept)

    def find(self, key: tuple[str, str, str]) -> Kept | None:
        """What was said before; None: nothing. `key`: the client's address, the agent, the conversation's id."""
        at_s, kept = self._kept.get(key, (0.0, None))
        return kept if kept is not None and self._clock() - at_s < FORGOTTEN_AFTER_S else None

    def keep(self, key: tuple[str, str, str], kept: Kept) -> None:
        """Remember it, and forget those that are too old."""
        now_s = self._clock()
        self._kept[key] = now_s, replace(kept, messages=kept.messages[-DIALOGUE_MAX_MESSAGES:])
        self._kept.move_to_end(key)
        while len(self._kept) > DIALOGUES_MAX or next(iter(self._kept.values()))[0] < now_s - FORGOTTEN_AFTER_S:
            self._kept.popitem(last=False)

    def forget(self, key: tuple[str, str, str]) -> None:
        self._kept.pop(key, None)


@dataclass(frozen=True, slots=True)
class Home:
    """`app`: what its use counts to. `agent`: the first of those that answer; "": the first of agents.json.
    `wake_words`: how each may be written in a transcript, by its name."""

    calls: Calls
    out_of_call: OutOfCall
    outcomes: Outcomes
    dialogues: Dialogues
    app: str
    agent: str = ""
    wake_words: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def engines(self) -> Engines:
        """Raises ClientError while the server starts."""
        if (engines := self.out_of_call.engines()) is None:
            raise ClientError("The server is starting.")
        return engines

    @property
    def agents(self) -> tuple[str, ...]:
        """All agents, the usual one first."""
        names = tuple(self.out_of_call.config().agents)
        return (self.agent, *(name for name in names if name != self.agent)) if self.agent in names else names

    @property
    def ears(self) -> RunningEars:
        return RunningEars(self.out_of_call.config(), self.engines)

    @property
    def voices(self) -> WyomingVoices:
        return WyomingVoices(self.out_of_call.config(), self.engines.tts, self.agents)

    def ear(self, name: str | None, language: str | None) -> Ear:
        """The agent's or engine's ear of that name; None: the usual agent's. Raises ClientError."""
        ears = self.ears
        wanted = name or next(iter(self.agents), "")
        ear = ears.named(wanted) or (None if name else ears.named(self.engines.stt.info.name))
        if ear is None:
            raise ClientError(f"There is no agent or ear {wanted!r}; there are: {', '.join(ears.all())}.")
        if why := ear.why_not(language):
            raise ClientError(why)
        usual = ear.options.language or self.out_of_call.config().language
        return ear.hearing(language or usual)
