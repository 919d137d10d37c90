"""The agent's replies: carries out StartReply, SayPhrase, Release, Duck, Resume and Stop."""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from voi.config.config import Config
from voi.core.actions import Duck, Release, Resume, SayAhead, SayPhrase, SayRest, StartReply, Stop
from voi.core.facts import Fact, ReplyFailed
from voi.dialogue import Message
from voi.engines.base import ANY_CALL
from voi.errors import VoiError
from voi.session.current_agent import CurrentAgent
from voi.session.failure import Failure, FailureKind, JudgeFailed, NothingSaid
from voi.session.metering import Metering
from voi.session.phrase_sound import load_phrase_sound
from voi.session.playback import Playback
from voi.session.reply_voice import ReplyVoice, Voicing
from voi.session.reply_writer import ReplyWriter
from voi.session.speech_models import Means, SpeechModels
from voi.tasks import FAULT, Tasks
from voi.text.language import Spoken

if TYPE_CHECKING:
    from voi.engines.startup import Engines

Work = Callable[[ReplyWriter], Coroutine[Any, Any, None]]

log = logging.getLogger(__name__)


class AgentTurn:
    """The replies under way, by number. Each has one task that writes and one that voices.

    Whatever a stopped reply's tasks still produce carries its number, so the playback drops its sound and the core its
    words. `on_token` and `on_sound` are called with the number when a reply's first text and any of its sound arrive,
    `on_failure` with what broke. `metering` counts what they use. `models`: the speech-to-speech models that answer for
    agents with a `brain`; None: there are none.
    """

    __slots__ = (
        "_agent",
        "_all_tasks",
        "_config",
        "_current",
        "_engines",
        "_greetings_dir",
        "_metering",
        "_models",
        "_on_failure",
        "_on_sound",
        "_on_token",
        "_rate_hz",
        "_silent",
        "_spoken",
        "_tasks",
        "_tell",
        "_voices",
        "playback",
    )

    def __init__(
        self,
        all_tasks: Tasks,
        tell: Callable[[Fact], None],
        engines: "Engines",
        config: Config,
        current: CurrentAgent,
        playback: Playback,
        rate_hz: int,
        greetings_dir: Path | None,
        metering: Metering,
        on_token: Callable[[int], None],
        on_sound: Callable[[int], None],
        on_failure: Callable[[Failure], None],
        silent: bool = False,
        models: SpeechModels | None = None,
    ) -> None:
        self._models = models
        self._silent = silent
        self._all_tasks = all_tasks
        self._tell = tell
        self._engines = engines
        self._config = config
        self._current = current
        self._agent = current.agent
        self._spoken = Spoken(current.agent.language, config.language)
        self._rate_hz = rate_hz
        self._greetings_dir = greetings_dir
        self._metering = metering
        self._on_token = on_token
        self._on_sound = on_sound
        self._on_failure = on_failure
        self._tasks: dict[int, tuple[asyncio.Task[None], ...]] = {}
        self._voices: dict[int, Voicing] = {}
        self.playback = playback

    def start_reply(self, action: StartReply) -> None:
        self._follow()
        if action.messages and action.messages[-1].role == "user":
            self._spoken.hear(action.messages[-1].text)
        specs = self._current.specs
        lookups = self._current.lookups
        add = partial(lookups.with_excerpts, action.reply) if lookups else None
        if self._models is not None and self._agent.brain is not None:  # it adds the excerpts beside the person's sound
            self._models.adding(action.reply, add)
            add = None
        wanted, goes_on = self._current.must_call, bool(action.messages and action.messages[-1].tool_results)
        must_call = wanted if not goes_on and wanted in (ANY_CALL, *(spec.name for spec in specs)) else ""
        work: Work = lambda writer: writer.answer(  # noqa: E731
            action.messages, specs, may_call=action.tools, must_call=must_call, add=add
        )
        self._begin(action.reply, work, by_model=True)

    def _follow(self) -> None:
        """Speak as the agent that holds the conversation now."""
        if self._agent is not self._current.agent:
            self._agent = self._current.agent
            self._spoken = Spoken(self._agent.language, self._config.language)
            if self._models is not None:
                self._models.follow()

    def say_phrase(self, action: SayPhrase) -> None:
        self._follow()
        if self._models is not None and self._models.says_phrases_of(self._agent):
            self._models.saying(action.reply, action.text)
            said = (Message("user", action.text),)
            self._begin(action.reply, lambda writer: writer.answer(said, may_call=False), by_model=True)
            return
        folder, rate_hz = self._greetings_dir, self._rate_hz
        self._begin(action.reply, lambda writer: writer.say(action.text, action.tone, action.file, folder, rate_hz))

    def say_ahead(self, action: SayAhead) -> None:
        voice = self._voices.get(action.reply)
        if voice is not None and voice.can_say("character"):
            task = self._all_tasks.start(self._say_ahead(voice, action), f"ahead of reply {action.reply}")
            self._tasks[action.reply] += (task,)

    async def _say_ahead(self, voice: Voicing, action: SayAhead) -> None:
        sound = b""
        if action.file is not None:
            try:
                sound = await load_phrase_sound(action.file, self._greetings_dir, self._rate_hz)
            except VoiError as error:
                log.warning("a phrase is spoken by the voice instead: %s", error)
        voice.put_ahead(action.text, action.tone, sound)

    def say_rest(self, action: SayRest) -> None:
        self._begin(action.reply, lambda writer: writer.say_rest(action.segments))

    def _begin(self, reply: int, work: Work, *, by_model: bool = False) -> None:
        """Start a reply. `by_model`: the agent's speech-to-speech model writes and says it, if it has one."""
        self._follow()
        engines, agent, playback, tell = self._engines, self._agent, self.playback, self._tell
        playback.open(reply)
        voiced = agent.model_copy(update={"voices": None}) if self._silent else agent
        own = ReplyVoice(
            reply, voiced, engines.tts, playback, self._rate_hz, tell, self._on_sound, self._spoken,
            self._metering.on_use, engines.fallbacks,
        )  # fmt: skip
        control = self._config.control_of(agent)
        means = Means(agent, engines.llm, own, engines.habits, self._metering)
        if by_model and self._models is not None and agent.brain is not None:
            means = self._models.means(reply, agent, own, guarded=control is not None)
        self._voices[reply] = means.voice
        writer = ReplyWriter(
            reply, means.agent, control, means.llm, means.voice, playback, tell, self._on_token, self._on_failure,
            means.habits, means.metering, engines.fallbacks,
        )  # fmt: skip
        now_s = asyncio.get_running_loop().time()
        self._tasks[reply] = (
            self._all_tasks.start(work(writer), f"reply {reply}", partial(self._broke, reply, means, "llm", now_s)),
            self._all_tasks.start(
                means.voice.speak(), f"voice {reply}", partial(self._broke, reply, means, "tts", now_s)
            ),
        )

    def _broke(self, reply: int, means: Means, kind: FailureKind, began_s: float, error: BaseException) -> None:
        """A task of that reply has failed."""
        agent = means.agent
        if isinstance(error, VoiError):
            if isinstance(error, NothingSaid):
                kind = error.kind
            if kind.startswith("llm"):
                model = error.model if isinstance(error, JudgeFailed) else agent.llm_model
                engine = means.metering.provider_of(model)
            else:
                engine, model = ", ".join(sorted({choice.model for choice in agent.voices_by_role().values()})), ""
            took_ms = round((asyncio.get_running_loop().time() - began_s) * 1_000)
            self._on_failure(Failure(kind, engine, model, str(error), took_ms))
            self._tell(ReplyFailed(reply, str(error)))
        else:
            self._all_tasks.fault(f"reply {reply} fails", error)
            self._tell(ReplyFailed(reply, FAULT))

    def release(self, action: Release) -> None:
        if self._models is not None:
            self._models.released(action.reply)
        self.playback.release(action.reply, action.message_id)

    def duck(self, action: Duck) -> None:
        self.playback.duck(action.reply, action.level)

    def resume(self, action: Resume) -> None:
        self.playback.resume(action.reply)

    def stop(self, action: Stop) -> None:
        self._voices.pop(action.reply, None)
        for task in self._tasks.pop(action.reply, ()):
            task.cancel()
        stopped = self.playback.stop(action.reply)
        if self._models is not None:
            self._models.stopped(stopped)
        self._tell(stopped)

    def forget(self, reply: int) -> None:
        """The reply was played to its end: release what is kept of it."""
        self._voices.pop(reply, None)
        self._tasks.pop(reply, None)
        if self._models is not None:
            self._models.forget(reply)

    def close(self) -> None:
        for tasks in self._tasks.values():
            for task in tasks:
                task.cancel()
        self._tasks.clear()
        self._voices.clear()
        self.playback.close()
