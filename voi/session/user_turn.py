"""The person's turn: carries out Listen, Transcribe, JudgeTurn and EndUtterance."""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any

from voi.config.agents import Agent
from voi.config.config import Config
from voi.core.actions import EndUtterance, JudgeTurn, JudgeVoice, Listen, Transcribe, TranscribeNow
from voi.core.facts import Fact, Heard, TranscriptFailed, TurnJudged, VoiceJudged
from voi.core.late_words import LATE_MAX
from voi.core.options import CallOptions
from voi.core.vad_edges import VadRules
from voi.dialogue import Message
from voi.engines.base import SttOptions, SttStream
from voi.engines.fallback.ears import TwoEarsStream
from voi.errors import EngineError
from voi.session import llm_checks
from voi.session.audio_input import AudioInput
from voi.session.failure import Failure, FailureKind
from voi.session.metering import MeteredLlm, Metering
from voi.tasks import FAULT, Tasks
from voi.text.language import AUTO
from voi.use import Use

if TYPE_CHECKING:
    from voi.engines.startup import Engines

JUDGE_DEADLINE_S = 3.0
"""A judge that takes longer is too late for any pause, and is cancelled."""
EAR_DEADLINE_S = 1.0
"""An ear that judges turns and has said nothing by then is not waited for: the turn detector is asked."""
TRANSCRIPT_DEADLINE_S = 90.0
"""A transcript that takes longer is of no use even to the history. This is more than the core's longest wait."""


class UserTurn:
    """The person's sound, and the tasks of the current utterance, which end with it at the latest."""

    __slots__ = (
        "_agent",
        "_all_tasks",
        "_asked_s",
        "_config",
        "_ear_said",
        "_ear_speaks",
        "_engines",
        "_history",
        "_late",
        "_llm",
        "_on_failure",
        "_tasks",
        "_tell",
        "audio_input",
    )

    def __init__(
        self,
        all_tasks: Tasks,
        tell: Callable[[Fact], None],
        engines: "Engines",
        config: Config,
        agent: Agent,
        options: CallOptions,
        clean: Callable[[bytes], bytes] | None,
        on_sound: Callable[[bytes], None] | None,
        on_failure: Callable[[Failure], None],
        history: Callable[[], Sequence[Message]],
        metering: Metering,
    ) -> None:
        self._all_tasks = all_tasks
        self._tell = tell
        self._engines = engines
        self._config = config
        self._agent = agent
        self._on_failure = on_failure
        self._history = history
        self._llm = MeteredLlm(engines.llm, metering)
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._ear_said: tuple[tuple[int, int], float | None] = (0, 0), None
        """The pause that the newest words are of, and what the ear said of the turn's end with them."""
        self._ear_speaks = asyncio.Event()
        self._asked_s = 0.0
        """When the newest transcript was asked for."""
        self._late: dict[asyncio.Task[None], SttStream] = {}
        """Tasks whose transcript was not ready when the turn ended, with their streams."""
        self.audio_input = AudioInput(
            vad=engines.vad,
            rules=VadRules(agent.turn.vad_threshold, agent.turn.vad_threshold),
            stt=engines.stt,
            stt_options=SttOptions(
                None if agent.language == AUTO else agent.language, agent.stt.prompt, agent.stt.hot_words
            ),
            rate_hz=options.input_rate_hz,
            tell=tell,
            pushed=options.mode == "chat",
            keeps_turn=(engines.turn or engines.voice) is not None and options.mode == "call",
            clean=clean,
            on_sound=on_sound,
            on_transcribed=partial(_transcribed, engines, agent, metering.on_use),
        )

    def _begin(self, work: Coroutine[Any, Any, None], name: str) -> None:
        """Start a task. An older task of the same name is cancelled: its answer would be stale."""
        if older := self._tasks.pop(name, None):
            older.cancel()
        self._tasks[name] = self._all_tasks.start(work, name)

    def listen(self, action: Listen) -> None:
        self.audio_input.listen(action.utterance, partials=action.partials)

    def transcribe(self, action: Transcribe) -> None:
        self.audio_input.all_given()
        self._begin(self._transcribe(action), "transcript")

    async def _transcribe(self, action: Transcribe) -> None:
        began_s = self._asked_s = asyncio.get_running_loop().time()
        try:
            async with asyncio.timeout(TRANSCRIPT_DEADLINE_S):
                text = await self.audio_input.transcribe()
        except (TimeoutError, EngineError) as error:
            words = str(error) or "The transcript took too long."
            if asyncio.current_task() not in self._late or str(error):  # else that was told when the turn ended
                self._failed("stt", self._engines.stt.info.name, words, began_s)
            self._tell(TranscriptFailed(action.utterance, action.pause, words))
        except Exception as error:
            self._all_tasks.fault("no transcript", error)
            self._tell(TranscriptFailed(action.utterance, action.pause, FAULT))
        else:
            self._ear_said = (action.utterance, action.pause), self.audio_input.turn_end
            self._ear_speaks.set()
            self._tell(Heard(action.utterance, text, action.pause))

    def _failed(self, kind: FailureKind, engine: str, words: str, began_s: float) -> None:
        took_ms = round((asyncio.get_running_loop().time() - began_s) * 1_000)
        self._on_failure(Failure(kind, engine, "", words, took_ms))

    def transcribe_now(self, action: TranscribeNow) -> None:
        self._begin(self._transcribe_now(action), "words so far")

    async def _transcribe_now(self, action: TranscribeNow) -> None:
        """Tell the words so far. A failure is ignored here; it is told when the final transcript is asked for."""
        try:
            async with asyncio.timeout(JUDGE_DEADLINE_S):
                text = await self.audio_input.transcribe()
        except (TimeoutError, EngineError) as error:
            self._all_tasks.log.info("no words so far: %s", str(error) or "they took too long")
        except Exception as error:
            self._all_tasks.fault("no words so far", error)
        else:
            self._tell(Heard(action.utterance, text))

    def judge_turn(self, action: JudgeTurn) -> None:
        """Ask the turn model if `action.text` is "", else the completeness agent."""
        if not action.text:
            if self._engines.stt.info.judges_turns:
                self._begin(self._judge_by_ear(action), "audio judge")
            elif self._engines.turn:
                self._begin(self._judge_by_sound(action), "audio judge")
        elif agent := self._config.completeness_of(self._agent):
            ask = partial(llm_checks.completeness, self._llm, agent, self._history(), action.text)
            self._begin(self._judge(action, "agent", ask), "agent judge")

    async def _judge_by_ear(self, action: JudgeTurn) -> None:
        """Tell what the ear says of the turn's end, with its words; the turn detector is asked where it says
        nothing."""
        pause = (action.utterance, action.pause)
        with suppress(TimeoutError):
            async with asyncio.timeout(EAR_DEADLINE_S):
                while self._ear_said[0] != pause:
                    self._ear_speaks.clear()
                    await self._ear_speaks.wait()
        said_of, probability = self._ear_said
        if said_of == pause and probability is not None:
            self._tell(TurnJudged(*pause, "audio", probability, action.quiet_ms))
        elif self._engines.turn:
            await self._judge_by_sound(action)

    async def _judge_by_sound(self, action: JudgeTurn) -> None:
        if turn := self._engines.turn:
            await self._judge(action, "audio", partial(turn.probability, self.audio_input.turn_sound()))

    def judge_voice(self, action: JudgeVoice) -> None:
        if judge := self._engines.voice:
            heard = self.audio_input
            ask = partial(judge.judge, heard.turn_sound(), action.voice_ms)
            if judge.info.vad == self._engines.vad.info.name:
                ask = partial(ask, probabilities=heard.turn_probabilities())
            self._begin(self._judge_voice(action, ask), f"voice judge {action.voice_ms}")

    async def _judge_voice(
        self, action: JudgeVoice, ask: Callable[[], Coroutine[Any, Any, tuple[float, float]]]
    ) -> None:
        began_s = asyncio.get_running_loop().time()
        try:
            async with asyncio.timeout(JUDGE_DEADLINE_S):
                voice, floor = await ask()
        except (TimeoutError, EngineError) as error:
            self._failed("judge", "voice", str(error) or "it took too long.", began_s)
        except Exception as error:
            self._all_tasks.fault("no judgement of the voice", error)
        else:
            self._tell(VoiceJudged(action.utterance, action.voice_ms, voice, floor))

    async def _judge(self, action: JudgeTurn, judge: str, ask: Callable[[], Coroutine[Any, Any, float]]) -> None:
        began_s = asyncio.get_running_loop().time()
        try:
            async with asyncio.timeout(JUDGE_DEADLINE_S):
                probability = await ask()
        except (TimeoutError, EngineError) as error:
            self._failed("judge", judge, str(error) or "it took too long.", began_s)
        except Exception as error:
            self._all_tasks.fault(f"no judgement by the {judge} judge", error)
        else:
            self._tell(TurnJudged(action.utterance, action.pause, judge, probability, action.quiet_ms))

    def end_utterance(self, action: EndUtterance) -> None:
        if (
            action.late
            and (task := self._tasks.pop("transcript", None))
            and (stream := self.audio_input.leave_stream())
        ):
            words = "no transcript when the turn had to go on; is the engine overloaded?"
            self._failed("stt", self._engines.stt.info.name, words, self._asked_s)
            self._late[task] = stream
            task.add_done_callback(self._end_late)
            if len(self._late) > LATE_MAX:
                next(iter(self._late)).cancel()
        self._cancel()
        self.audio_input.end_utterance()

    def _end_late(self, task: asyncio.Task[None]) -> None:
        if stream := self._late.pop(task, None):
            stream.close()

    def _cancel(self) -> None:
        for task in self._tasks.values():
            task.cancel()
        self._tasks.clear()

    def close(self) -> None:
        self._cancel()
        for task in list(self._late):
            task.cancel()
            self._end_late(task)
        self.audio_input.close()


def _transcribed(
    engines: "Engines", agent: Agent, on_use: Callable[[Use], None], stream: SttStream, sound_ms: int
) -> None:
    if isinstance(stream, TwoEarsStream):
        for share in stream.shares:
            on_use(Use("stt", share.ear.engine.info.name, share.ear.name, sound_ms=share.sound_ms))
        return
    name = engines.stt.info.name
    on_use(Use("stt", name, agent.engines.stt or name, sound_ms=sound_ms))
