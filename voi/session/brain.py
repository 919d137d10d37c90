"""The exchangeable middle of a conversation: it hears the person and makes the replies. The core is always the same.

`PipelineBrain` is VAD, STT, an LLM and TTS. `SpeechModelBrain` has a speech-to-speech model answer in the place of LLM
and TTS: VAD, STT and endpointing stay ours, and the model is given the sound of the person's turn. The core's history
is authoritative, and the model is brought into step with it at each StartReply. Its sound is held until its transcript
has passed the guard (`held_sound.py`).
"""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from voi.audio.pcm import SAMPLE_BYTES
from voi.config.agents import Agent
from voi.config.config import Config
from voi.core import actions as do
from voi.core.facts import Fact, Heard
from voi.core.options import CallOptions
from voi.dialogue import Message
from voi.engines.base import STT_RATE_HZ
from voi.engines.speech_to_speech.socket import Connect, connect
from voi.session.agent_turn import AgentTurn
from voi.session.audio_input import PREROLL_MS
from voi.session.current_agent import CurrentAgent
from voi.session.failure import Failure
from voi.session.metering import Metering
from voi.session.playback import Playback
from voi.session.speech_models import SpeechModels
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

    @property
    def tune(self) -> Callable[[str | None, str], None]:
        """Has the person's next words heard in that language (None: it is detected), with that prompt for the ear."""
        ...

    def act(self, action: BrainAction) -> None:
        """Start to carry out the action. Its results are told as facts."""

    def forget(self, reply: int) -> None:
        """The reply was played to its end: release what is kept of it."""

    def close(self) -> None:
        """The conversation is over: stop all work."""


_PREROLL_BYTES = PREROLL_MS * STT_RATE_HZ * SAMPLE_BYTES // 1_000

MakeBrain = Callable[[Surroundings], Brain]


def brain_for(around: Surroundings) -> Brain:
    """The brain of a conversation: with speech-to-speech models if its agent, or one that may take over, has any."""
    agents = (around.agent, around.current.agent, *around.config.agents.values())
    return SpeechModelBrain(around) if any(agent.brain for agent in agents) else PipelineBrain(around)


class PipelineBrain:
    """VAD, STT, an LLM and TTS, one after the other."""

    __slots__ = ("_replying", "_turn", "forget", "hear", "tune")

    def __init__(self, around: Surroundings, models: SpeechModels | None = None) -> None:
        self._turn = turn = UserTurn(
            around.tasks, around.tell, around.engines, around.config, around.agent, around.options,
            clean=around.clean, on_sound=around.on_user_sound, on_failure=around.on_failure,
            history=around.history, metering=around.metering,
        )  # fmt: skip
        self._replying = replying = AgentTurn(
            around.tasks, around.tell, around.engines, around.config, around.current, around.playback, around.rate_hz,
            around.greetings_dir, metering=around.metering,
            on_token=around.on_token, on_sound=around.on_sound, on_failure=around.on_failure,
            silent=around.options.silent, models=models,
        )  # fmt: skip
        self.hear, self.tune = turn.audio_input.hear, turn.audio_input.tune
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


class SpeechModelBrain(PipelineBrain):
    """The same, with speech-to-speech models that answer for the agents that have one. `connect`: reaches them."""

    __slots__ = ("_kept", "_kept_bytes", "_models", "_on_user_sound", "_tell", "_utterance")

    def __init__(self, around: Surroundings, connect: Connect = connect) -> None:
        self._models = SpeechModels(
            around.tasks, around.engines, lambda: around.current.agent, around.playback, around.rate_hz, around.tell,
            around.on_sound, around.on_failure, around.metering, silent=around.options.silent, connect=connect,
        )  # fmt: skip
        self._tell, self._on_user_sound = around.tell, around.on_user_sound
        self._utterance = 0
        self._kept: deque[bytes] = deque()
        """The newest sound before an utterance, with which it begins."""
        self._kept_bytes = 0
        super().__init__(replace(around, tell=self._note, on_user_sound=self._listen_in), self._models)
        self._models.follow()

    def _listen_in(self, pcm: bytes) -> None:
        """The person's sound, 16 kHz."""
        if self._on_user_sound:
            self._on_user_sound(pcm)
        if self._utterance:
            if link := self._models.link:
                link.hear(pcm)
            return
        self._kept.append(pcm)
        self._kept_bytes += len(pcm)
        while self._kept_bytes - len(self._kept[0]) >= _PREROLL_BYTES:
            self._kept_bytes -= len(self._kept.popleft())

    def _note(self, fact: Fact) -> None:
        if isinstance(fact, Heard) and (link := self._models.link):
            link.heard(fact.utterance, fact.text)
        self._tell(fact)

    def act(self, action: BrainAction) -> None:
        match action:
            case do.Listen():
                self._utterance = action.utterance
                if link := self._models.link:
                    link.listen(action.utterance)
                    link.hear(b"".join(self._kept))
                self._kept.clear()
                self._kept_bytes = 0
            case do.EndUtterance():
                self._utterance = 0
                if link := self._models.link:
                    link.end_utterance()
        super().act(action)

    def close(self) -> None:
        super().close()
        self._models.close()
