"""The exchangeable middle of a conversation: it hears the person and makes the replies. The core is always the same.

`PipelineBrain` is VAD, STT, an LLM and TTS. A speech-to-speech model can be another brain: it tells the same facts and
carries out the same actions. The core's history is authoritative, and such a model is given it with each StartReply.
Its sound is held until its transcript has passed the guard (`held_sound.py`).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from voi.config.agents import Agent
from voi.config.config import Config
from voi.core import actions as do
from voi.core.facts import Fact
from voi.core.options import CallOptions
from voi.dialogue import Message
from voi.session.agent_turn import AgentTurn
from voi.session.current_agent import CurrentAgent
from voi.session.failure import Failure
from voi.session.metering import Metering
from voi.session.playback import Playback
from voi.session.user_turn import UserTurn
from voi.tasks import Tasks

if TYPE_CHECKING:
    from voi.engines.startup import Engines

BrainAction = (
    do.Listen | do.TakeSound | do.Transcribe | do.TranscribeNow | do.JudgeTurn | do.JudgeVoice | do.EndUtterance
    | do.StartReply | do.SayPhrase | do.SayAhead | do.SayRest | do.Release | do.Duck | do.Resume | do.Stop
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a conversation gives its brain. `tell` takes the brain's facts; `playback` takes its sound, at `rate_hz`.
    `history` returns the dialogue so far, without what the person is saying at the moment. The brain calls
    `on_user_sound`, if there is one, with the person's sound (16 kHz PCM); `on_token` with a reply's number at its
    first text; `on_sound` with a reply's number at each sound of it; and `on_failure` with each failure."""

    tasks: Tasks
    tell: Callable[[Fact], None]
    playback: Playback
    rate_hz: int
    agent: Agent
    """The agent with which the conversation begins."""
    current: CurrentAgent
    """The agent that makes the replies now, and its tools."""
    config: Config
    engines: "Engines"
    options: CallOptions
    greetings_dir: Path | None
    history: Callable[[], Sequence[Message]]
    on_user_sound: Callable[[bytes], None] | None
    on_token: Callable[[int], None]
    on_sound: Callable[[int], None]
    on_failure: Callable[[Failure], None]
    metering: Metering
    """Counts what the brain uses that may cost money."""
    clean: Callable[[bytes], bytes] | None = None
    """Takes the agent's echo out of the person's sound (16 kHz PCM); None: it is left as it is."""


class Brain(Protocol):
    """The brain of one conversation. All methods are called on the event loop and return at once."""

    @property
    def hear(self) -> Callable[[bytes], None]:
        """Takes the person's sound: s16le mono at `options.input_rate_hz`, any length."""
        ...

    def act(self, action: BrainAction) -> None:
        """Start to carry out the action. Its results are told as facts."""

    def forget(self, reply: int) -> None:
        """The reply was played to its end: release what is kept of it."""

    def close(self) -> None:
        """The conversation is over: stop all work."""


MakeBrain = Callable[[Surroundings], Brain]


class PipelineBrain:
    """VAD, STT, an LLM and TTS, one after the other."""

    __slots__ = ("_replying", "_turn", "forget", "hear")

    def __init__(self, around: Surroundings) -> None:
        self._turn = turn = UserTurn(
            around.tasks, around.tell, around.engines, around.config, around.agent, around.options,
            clean=around.clean, on_sound=around.on_user_sound, on_failure=around.on_failure,
            history=around.history, metering=around.metering,
        )  # fmt: skip
        self._replying = replying = AgentTurn(
            around.tasks, around.tell, around.engines, around.config, around.current, around.playback, around.rate_hz,
            around.greetings_dir, metering=around.metering,
            on_token=around.on_token, on_sound=around.on_sound, on_failure=around.on_failure,
            silent=around.options.silent,
        )  # fmt: skip
        self.hear = turn.audio_input.hear
        self.forget = replying.forget

    def act(self, action: BrainAction) -> None:
        match action:
            case do.Listen():
                self._turn.listen(action)
            case do.TakeSound():
                self._turn.audio_input.take(pushed=action.pushed)
            case do.Transcribe():
                self._turn.transcribe(action)
            case do.TranscribeNow():
                self._turn.transcribe_now(action)
            case do.JudgeTurn():
                self._turn.judge_turn(action)
            case do.JudgeVoice():
                self._turn.judge_voice(action)
            case do.EndUtterance():
                self._turn.end_utterance(action)
            case do.StartReply():
                self._replying.start_reply(action)
            case do.SayPhrase():
                self._replying.say_phrase(action)
            case do.SayAhead():
                self._replying.say_ahead(action)
            case do.SayRest():
                self._replying.say_rest(action)
            case do.Release():
                self._replying.release(action)
            case do.Duck():
                self._replying.duck(action)
            case do.Resume():
                self._replying.resume(action)
            case do.Stop():
                self._replying.stop(action)

    def close(self) -> None:
        self._turn.close()
        self._replying.close()
