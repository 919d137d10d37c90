"""The speech-to-speech models of one conversation: the agent that holds it may have one, and another agent that takes
over may have another."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from voi.audio.resample import resample
from voi.config.agents import Agent
from voi.config.brain import SpeechBrain
from voi.config.fallback import Fallback
from voi.core.facts import ReplyStopped
from voi.engines.base import STT_RATE_HZ, Llm, LlmEvent, LlmRequest, SttOptions
from voi.engines.info import LlmInfo
from voi.engines.llm.thought_habits import ThoughtHabits
from voi.engines.speech_to_speech.link import SpeechLink
from voi.engines.speech_to_speech.response import REALTIME_RATE_HZ
from voi.engines.speech_to_speech.socket import Connect, connect
from voi.engines.speech_to_speech.uses import PROVIDER
from voi.errors import EngineError
from voi.session.failure import Failure
from voi.session.held_sound import HeldSound
from voi.session.metering import Metering
from voi.session.model_voice import ModelVoice, SpeakingPace
from voi.session.playback import Playback
from voi.session.reply_voice import ReplyFact, ReplyVoice, Voicing
from voi.session.reply_writer import AddExcerpts
from voi.tasks import Tasks
from voi.use import Use

if TYPE_CHECKING:
    from voi.engines.startup import Engines

TRANSCRIBE_S = 10.0
"""Longest wait for the words of an answer that came without any."""
UNKNOWN_WORDS = "…"
"""Stands in the history for words that nobody could tell."""


@dataclass(frozen=True, slots=True)
class Means:
    """What writes and says one reply. `agent`: with the model that writes as its llm_model."""

    agent: Agent
    llm: Llm
    voice: Voicing
    habits: ThoughtHabits
    metering: Metering


@dataclass(slots=True)
class _ModelReply:
    """A reply that a speech-to-speech model makes. `add`: adds excerpts of files; `exact`: words that it is to say and
    nothing else."""

    add: AddExcerpts | None = None
    exact: str = ""
    link: SpeechLink | None = None
    voice: ModelVoice | None = None
    released: bool = False


class SpeechModels:
    """Connects to the model of the agent that holds the conversation, keeps it in step with the person's speech, and
    has it answer. `silent`: nobody wants sound. `agent_of` returns the agent that holds the conversation."""

    def __init__(
        self,
        tasks: Tasks,
        engines: "Engines",
        agent_of: Callable[[], Agent],
        playback: Playback,
        rate_hz: int,
        tell: Callable[[ReplyFact], None],
        on_sound: Callable[[int], None],
        on_failure: Callable[[Failure], None],
        metering: Metering,
        *,
        silent: bool = False,
        connect: Connect = connect,
    ) -> None:
        self._tasks = tasks
        self._engines = engines
        self._agent_of = agent_of
        self._playback = playback
        self._rate_hz = rate_hz
        self._tell = tell
        self._on_sound = on_sound
        self._on_failure = on_failure
        self._metering = metering
        self._silent = silent
        self._connect = connect
        self._link: SpeechLink | None = None
        self._brain: SpeechBrain | None = None
        """The model that the link leads to."""
        self._closed = False
        self._pace = SpeakingPace()
        self._replies: dict[int, _ModelReply] = {}

    def follow(self) -> None:
        """Connect to the model of the agent that holds the conversation now, and leave that of the one before."""
        _ = self.link

    @property
    def link(self) -> SpeechLink | None:
        """The way to the present agent's model; None: it has none."""
        agent = self._agent_of()
        brain = agent.brain
        if brain is not self._brain and not self._closed:
            self._let_go()
            self._brain, self._pace = brain, SpeakingPace()
            if brain is not None:
                if agent.takes_private:  # their sound holds what the words do not
                    brain = brain.model_copy(update={"hears": "text"})
                self._link = SpeechLink(
                    brain, self._tasks, on_lost=partial(self._lost, brain), on_use=self._metering.on_use,
                    silent=self._silent, connect=self._connect,
                )  # fmt: skip
                self._link.prepare()
        return self._link

    def _lost(self, brain: SpeechBrain, why: str) -> None:
        self._on_failure(Failure("llm", PROVIDER, brain.model, why, 0))

    def close(self) -> None:
        """The conversation is over."""
        self._closed = True
        self._let_go()

    def _let_go(self) -> None:
        if self._link is not None:
            self._link.close()
        self._link = self._brain = None

    # ---- replies --------------------------------------------------------------------------------------

    def says_phrases_of(self, agent: Agent) -> bool:
        """Whether the model says what the agent has to say word for word: it has no voices of its own."""
        return agent.brain is not None and agent.voices is None and not self._silent

    def adding(self, reply: int, add: AddExcerpts | None) -> None:
        """That reply is made with excerpts of files."""
        self._replies[reply] = _ModelReply(add=add)

    def saying(self, reply: int, words: str) -> None:
        """That reply is a phrase, said exactly."""
        self._replies[reply] = _ModelReply(exact=words)

    def means(self, reply: int, agent: Agent, own: ReplyVoice, *, guarded: bool) -> Means:
        """What makes that reply. `own`: the agent's own voices. `guarded`: its sound waits until its words passed."""
        brain, link = agent.brain, self.link
        assert brain is not None
        assert link is not None
        made = self._replies.setdefault(reply, _ModelReply())
        made.link = link
        if not self._silent:
            made.voice = ModelVoice(
                reply, own, self._playback, self._rate_hz, REALTIME_RATE_HZ, self._tell, self._on_sound, self._pace,
                partial(HeldSound, speed=brain.speed or 1.0) if guarded else None,
            )  # fmt: skip
        only = {"llm_model": brain.model, "thinks_first": False, "fallback": Fallback()}
        answers = agent.model_copy(update=only)
        transcribe = partial(self._transcribe, agent, guarded)
        llm = _ReplyModel(brain.model, reply, link, made, self._engines.llm, transcribe)
        return Means(answers, llm, made.voice or own, ThoughtHabits(), self._metering_of(brain.model))

    def _metering_of(self, model: str) -> Metering:
        """Counts what is asked beside; the link tells what the model's answers cost."""
        usual = self._metering

        def on_use(use: Use) -> None:
            if use.provider != PROVIDER:
                usual.on_use(use)

        return Metering(lambda name: PROVIDER if name == model else usual.provider_of(name), on_use, usual.clock)

    async def _transcribe(self, agent: Agent, guarded: bool, pcm: bytes) -> str:
        """The words of an answer that came without any. Raises EngineError if they cannot be known and have to be."""
        language = agent.language if agent.language != "auto" else None
        text = ""
        try:
            async with asyncio.timeout(TRANSCRIBE_S):
                sound = await asyncio.to_thread(resample, pcm, REALTIME_RATE_HZ, STT_RATE_HZ)
                stream = self._engines.stt.open(SttOptions(language), None)
                try:
                    stream.feed(sound)
                    text = (await stream.flush()).text
                finally:
                    stream.close()
        except (EngineError, TimeoutError) as error:
            self._tasks.log.warning("the words of an answer without a transcript are not known: %s", error)
        name = self._engines.stt.info.name
        self._metering.on_use(Use("stt", name, agent.engines.stt or name, sound_ms=len(pcm) * 500 // REALTIME_RATE_HZ))
        if not text and guarded:
            raise EngineError("The speech model spoke without a transcript, so that its words could not be checked.")
        return text or UNKNOWN_WORDS

    def released(self, reply: int) -> None:
        """The reply may be heard now."""
        if made := self._replies.get(reply):
            made.released = True

    def stopped(self, stopped: ReplyStopped) -> None:
        """The reply was stopped, or dropped before it was heard: the server is told what was heard of it."""
        made = self._replies.pop(stopped.reply, None)
        if made is not None and made.link is not None and not made.exact:
            heard_ms = made.voice.heard_ms(stopped.played_ms) if made.voice else 0
            made.link.cut(stopped.reply, heard_ms if made.released else None)

    def forget(self, reply: int) -> None:
        """The reply was heard to its end."""
        self._replies.pop(reply, None)


class _ReplyModel:
    """The model as the LLM that writes one reply. What is asked of other models, judges say, goes to `others`."""

    info = LlmInfo(PROVIDER, cloud=True)

    def __init__(
        self,
        model: str,
        reply: int,
        link: SpeechLink,
        made: _ModelReply,
        others: Llm,
        transcribe: Callable[[bytes], Awaitable[str]],
    ) -> None:
        self._model = model
        self._reply = reply
        self._link = link
        self._made = made
        self._others = others
        self._transcribe = transcribe

    async def warm_up(self) -> None:
        """It is connected to when the conversation begins."""

    async def close(self) -> None:
        """Its link is closed with the conversation."""

    async def stream(self, request: LlmRequest) -> AsyncGenerator[LlmEvent]:
        """See `Llm.stream`. The answer's sound goes to its voice."""
        if request.model != self._model:
            async with aclosing(self._others.stream(request)) as events:  # type: ignore[type-var]
                async for event in events:
                    yield event
            return
        made = self._made
        beside = ""
        if made.add is not None:
            added = await made.add(request.messages)
            beside = "\n\n".join(new.text for new, old in zip(added, request.messages, strict=True) if new != old)
        on_sound: Callable[[bytes], None] = lambda pcm: None  # noqa: E731
        if made.voice is not None:
            made.voice.begin()
            on_sound = made.voice.hear
        answer = self._link.answer(self._reply, request, on_sound, self._transcribe, beside=beside, exact=made.exact)
        async with aclosing(answer) as events:
            async for event in events:
                yield event
