"""The person of a scenario, without sound: what they do becomes facts when ears would have told them."""

import asyncio
from collections.abc import Coroutine, Sequence
from functools import partial
from typing import Any, cast

from voi.core import facts as was
from voi.core.actions import EndUtterance, JudgeTurn, JudgeVoice, Listen, Transcribe, TranscribeNow
from voi.core.facts import Fact
from voi.errors import EngineError
from voi.scenarios.model import SpeechPause
from voi.scenarios.silent_voice import word_ms
from voi.session import llm_checks
from voi.session.agent_turn import AgentTurn
from voi.session.brain import PipelineBrain, Surroundings

WINDOW_MS = 32
"""The VAD tells what it hears once in a window of this length."""
STT_MS = 80
"""How long a transcript takes."""
JUDGE_MS = 20
"""How long a judge of the turn's or the voice's sound takes."""
SURE, UNSURE = 0.97, 0.03
"""What such judges answer: they are right."""
JUDGE_DEADLINE_S = 3.0


class ScriptedEars:
    """Carries out what the conversation asks of its ears, about a person who speaks by a script. Transcripts are right,
    and so are the judges."""

    def __init__(self, around: Surroundings, *, asks_completeness: bool) -> None:
        self._around = around
        self._asks_completeness = asks_completeness
        self._loop = asyncio.get_running_loop()
        self._start_s = self._loop.time()
        self._utterance = 0
        """The open one; 0: there is none."""
        self._partials = False
        self._words: list[str] = []
        """Spoken since the last utterance ended."""
        self._finished = True
        """The person has said all they want to say."""
        self._is_voice = True
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._quiet: asyncio.Task[None] | None = None

    # ---- what the person does -----------------------------------------------------------------------

    async def say(self, speech: Sequence[str | SpeechPause]) -> None:
        """The person says the texts, with the pauses between them. Returns when their voice falls silent."""
        for number, part in enumerate(speech):
            if isinstance(part, SpeechPause):
                await asyncio.sleep(part.pause_ms / 1_000)
                continue
            self._finished = not any(isinstance(later, str) for later in speech[number + 1 :])
            await self._voice(part.split())

    async def noise(self, ms: int) -> None:
        """A sound that is no speech."""
        self._is_voice = False
        await self._sound(ms, [])
        self._be_quiet()

    async def _voice(self, words: Sequence[str]) -> None:
        self._is_voice = True
        ends, at_ms = [], 0
        for word in words:
            at_ms += word_ms(word)
            ends.append((at_ms, word))
        await self._sound(at_ms, ends)
        self._be_quiet()

    async def _sound(self, ms: int, words: list[tuple[int, str]]) -> None:
        if self._quiet is not None:
            self._quiet.cancel()
            self._quiet = None
        self._tell(was.UserStarted(round((self._loop.time() - self._start_s) * 1_000)))
        speech_ms = 0
        while speech_ms < ms:
            await asyncio.sleep(WINDOW_MS / 1_000)
            speech_ms += WINDOW_MS
            grown = False
            while words and words[0][0] <= speech_ms:
                self._words.append(words.pop(0)[1])
                grown = True
            if grown and self._partials and self._utterance:
                self._tell(was.Heard(self._utterance, self._text))
            self._tell(was.SpeechGrew(speech_ms))
        self._words += [word for _, word in words]

    def _be_quiet(self) -> None:
        self._quiet = self._around.tasks.start(self._quiet_grows(), "the person's silence")

    async def _quiet_grows(self) -> None:
        quiet_ms = 0
        while self._utterance:
            await asyncio.sleep(WINDOW_MS / 1_000)
            quiet_ms += WINDOW_MS
            if self._utterance:
                self._tell(was.QuietGrew(quiet_ms))

    def _tell(self, fact: Fact) -> None:
        self._around.tell(fact)

    @property
    def _text(self) -> str:
        return " ".join(self._words)

    # ---- what the conversation wants of its ears ----------------------------------------------------

    def listen(self, action: Listen) -> None:
        self._utterance, self._partials = action.utterance, action.partials

    def transcribe(self, action: Transcribe) -> None:
        self._later("transcript", STT_MS, was.Heard(action.utterance, self._text, action.pause))

    def transcribe_now(self, action: TranscribeNow) -> None:
        self._later("words so far", STT_MS, was.Heard(action.utterance, self._text))

    def judge_turn(self, action: JudgeTurn) -> None:
        judged = partial(was.TurnJudged, action.utterance, action.pause, quiet_ms=action.quiet_ms)
        probability = SURE if self._finished and self._is_voice else UNSURE
        if not action.text:
            self._later("audio judge", JUDGE_MS, judged(judge="audio", probability=probability))
        elif self._around.config.completeness_of(self._around.agent) is not None:
            if self._asks_completeness:
                self._begin("agent judge", self._completeness(action))
            else:
                self._later("agent judge", JUDGE_MS, judged(judge="agent", probability=probability))

    async def _completeness(self, action: JudgeTurn) -> None:
        around = self._around
        judge = around.config.completeness_of(around.agent)
        assert judge is not None
        try:
            async with asyncio.timeout(JUDGE_DEADLINE_S):
                probability = await llm_checks.completeness(around.engines.llm, judge, around.history(), action.text)
        except (TimeoutError, EngineError) as error:
            around.tasks.log.warning("the completeness agent did not answer: %s", type(error).__name__)
            return
        self._tell(was.TurnJudged(action.utterance, action.pause, "agent", probability, action.quiet_ms))

    def judge_voice(self, action: JudgeVoice) -> None:
        sure = SURE if self._is_voice else UNSURE
        self._later(
            f"voice judge {action.voice_ms}",
            JUDGE_MS,
            was.VoiceJudged(action.utterance, action.voice_ms, sure, sure),
        )

    def end_utterance(self, action: EndUtterance) -> None:
        self._cancel()
        self._utterance = 0
        self._words = []

    def _later(self, name: str, ms: int, fact: Fact) -> None:
        async def tell() -> None:
            await asyncio.sleep(ms / 1_000)
            self._tell(fact)

        self._begin(name, tell())

    def _begin(self, name: str, work: Coroutine[Any, Any, None]) -> None:
        """Start a task in place of an older one of that name, whose answer would be stale."""
        if older := self._tasks.pop(name, None):
            older.cancel()
        self._tasks[name] = self._around.tasks.start(work, name)

    def _cancel(self) -> None:
        for task in self._tasks.values():
            task.cancel()
        self._tasks.clear()

    def close(self) -> None:
        self._cancel()
        if self._quiet is not None:
            self._quiet.cancel()


class ScriptedBrain(PipelineBrain):
    """The brain of a conversation with such a person: their ears in place of VAD and STT; the agent's replies are made
    as always."""

    __slots__ = ("ears",)

    def __init__(self, around: Surroundings, *, asks_completeness: bool = False) -> None:
        self.ears = ScriptedEars(around, asks_completeness=asks_completeness)
        self._turn = cast(Any, self.ears)
        self._replying = AgentTurn(
            around.tasks, around.tell, around.engines, around.config, around.current, around.playback, around.rate_hz,
            around.greetings_dir, metering=around.metering,
            on_token=around.on_token, on_sound=around.on_sound, on_failure=around.on_failure,
        )  # fmt: skip
        self.hear = lambda pcm: None
        self.forget = self._replying.forget
