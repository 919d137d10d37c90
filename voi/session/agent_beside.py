"""The agent beside its conversation: what it says there is in no dialogue and on no playback clock."""

from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing
from typing import TYPE_CHECKING

from voi.audio.resample import Resampler
from voi.config.agents import EMBEDDED_MODELS
from voi.config.config import Config
from voi.core.conversation import Conversation
from voi.dialogue import Message
from voi.engines.base import VoiceSpec
from voi.errors import ClientError
from voi.session.current_agent import CurrentAgent
from voi.session.ear_beside import EarBeside
from voi.session.side_questions import SideQuestions
from voi.session.speaker import Speaker
from voi.use import Use

if TYPE_CHECKING:
    from voi.engines.startup import Engines


class AgentBeside:
    """`current`: the agent that is asked. `conversation`: whose prompt and dialogue it knows. `rate_hz`: of its sound.
    `on_use` is told what its voice uses."""

    __slots__ = ("_config", "_conversation", "_current", "_engines", "_on_use", "_questions", "_rate_hz")

    def __init__(
        self,
        questions: SideQuestions,
        current: CurrentAgent,
        conversation: Conversation,
        config: Config,
        engines: "Engines",
        rate_hz: int,
        on_use: Callable[[Use], None],
    ) -> None:
        self._questions = questions
        self._current = current
        self._conversation = conversation
        self._config = config
        self._engines = engines
        self._rate_hz = rate_hz
        self._on_use = on_use

    async def answer(self, instructions: str, messages: tuple[Message, ...] | None) -> str:
        """What its model says. `instructions`: in place of the agent's prompt; "": with that. `messages`: what it
        answers; None: the dialogue so far. Raises ClientError, EngineError."""
        prompt = (Message("system", instructions),) if instructions else self._conversation.script.prompt
        said = self._conversation.history.messages() if messages is None else messages
        return await self._questions.ask_own(self._current.agent.llm_model, (*prompt, *said))

    @property
    def has_voice(self) -> bool:
        """It can say what it answers."""
        return self._current.agent.voices is not None

    async def speech(self, text: str) -> AsyncGenerator[bytes, None]:
        """The text as PCM (s16le mono), in the agent's own voice, while it is made. Raises ClientError if the agent has
        no voice, or the text no word; EngineError."""
        agent = self._current.agent
        choice = agent.voices.character if agent.voices is not None else None
        engine = self._engines.tts.get(choice.model) if choice is not None else None
        if choice is None or engine is None:
            raise ClientError("The agent has no voice.")
        spec = VoiceSpec(choice.voice, "neutral", choice.speed, agent.language, "character")
        resampler = Resampler(engine.info.sample_rate_hz, self._rate_hz)
        speaker = Speaker(choice.model, engine, spec)
        async with aclosing(speaker.speech(_once(text), self._config, self._on_use)) as speech:
            async for pcm in speech:
                if sound := resampler.push(pcm):
                    yield sound
        if sound := resampler.flush():
            yield sound

    @property
    def summarizes(self) -> bool:
        """Its model can say what the conversation was about."""
        return self._current.agent.llm_model not in EMBEDDED_MODELS

    def ear(self, rate_hz: int) -> EarBeside:
        """Hears somebody else, whose sound has that rate, as the agent would. Close it in any case."""
        return EarBeside(self._engines.stt, self._engines.vad, self._current.agent, rate_hz, self._on_use)


async def _once(text: str) -> AsyncIterator[str]:
    yield text
