"""A conversation through a whole server: the person's sound goes in over a WebSocket, real ears hear it, a real voice
answers. The server runs in this process, so that what happens in it can be seen. In real time."""

import asyncio
import random
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

from pydantic import SecretStr

from voi.audio.pcm import silence
from voi.audio.resample import resample
from voi.audio.wav import read_wav
from voi.calls.call import Call
from voi.client import INPUT_RATE_HZ, VoiClient
from voi.config.agents import Agent
from voi.config.config import Config
from voi.config.settings import Settings
from voi.core.facts import AnswerAsked, Continued, TextTyped
from voi.core.options import CallOptions
from voi.dialogue import Phrase
from voi.errors import ConfigError, EngineError, VoiError
from voi.scenarios.core_stage import ScenarioModel, disclosure_in, scripted_tools
from voi.scenarios.load import Case
from voi.scenarios.microphone import Microphone
from voi.scenarios.model import SpeechPause, Step
from voi.scenarios.models import Tape
from voi.scenarios.trace import Trace
from voi.scenarios.voices import PersonsVoice
from voi.server.auth import issue_token
from voi.server.run import Server
from voi.server.session_maker import SessionMaker
from voi.session.line import Line
from voi.session.observer import Observer
from voi.session.session import Session

APP = "voi-test"
SETTLE_MS = 400
"""Sound and words are this long on their way at most."""
START_S = 300.0
STOP_S = 20.0
NOISE_LEVEL = 6_000


@dataclass(kw_only=True)
class StagedSessions(SessionMaker):
    """Sessions whose language model, tools and disclosure are those of the `stage`; None: of the server."""

    stage: "VoiceStage | None" = None

    def open(
        self,
        conversation_id: str,
        line: Line,
        agent: Agent,
        config: Config,
        options: CallOptions,
        /,
        continued: Continued | None = None,
    ) -> Session:
        stage, warm = self.stage, self.engines()
        if stage is None or warm is None:
            return super().open(conversation_id, line, agent, config, options, continued=continued)
        agent = agent.model_copy(update={"after_call": None})  # a test writes into nobody's books
        staged = replace(warm, llm=stage.model_for(agent, warm.llm).llm)
        engines, self.engines = self.engines, lambda: staged
        toolbox, self.toolbox = self.toolbox, cast(Any, scripted_tools(stage.case, stage.trace))
        try:
            stage.session = super().open(conversation_id, line, agent, config, options, continued=continued)
            return stage.session
        finally:
            self.engines, self.toolbox = engines, toolbox

    def notice(self, call: Call | None, agent: Agent) -> Phrase | None:
        if self.stage is None:
            return super().notice(call, agent)
        return disclosure_in(self.stage.case, agent, self.stage.server.config)

    def observers(self, call: Call | None, conversation_id: str, agent: Agent, mode: str) -> list[Observer]:
        watching = [] if self.stage is None else [self.stage.trace]
        return [*super().observers(call, conversation_id, agent, mode), *watching]


class BenchServer(Server):
    """A server at a free port of this machine, for one conversation at a time. It keeps nothing."""

    make_sessions = StagedSessions

    def __init__(self, settings: Settings) -> None:
        self.url = ""
        self._ready = asyncio.Event()
        self.secret = secrets.token_urlsafe(48)
        own = settings.model_copy(
            update={
                "host": "127.0.0.1", "port": 0, "tls_cert_file": None, "tls_key_file": None, "store": "off",
                "record": False, "admit_by_load": False, "listeners": {}, "max_conversations": 64,
                "shutdown_grace_s": 0.0, "resume_restart_s": 0.0, "worker_name": "", "resume_s": 0.0,
                "token_secret_key": SecretStr(self.secret), "old_token_secret_key": None,
                "api_key": SecretStr(secrets.token_urlsafe(48)), "init_timeout_s": 30.0,
            }
        )  # fmt: skip
        super().__init__(own, lambda progress: None, self._is_ready)

    def _is_ready(self, url: str) -> None:
        self.url = url
        self._ready.set()

    @property
    def config(self) -> Config:
        return self._configs.current

    @property
    def engines(self) -> Any:
        return self._engines

    @asynccontextmanager
    async def running(self) -> AsyncIterator["BenchServer"]:
        """Start, and stop at the end. Raises ConfigError, EngineError."""
        life = asyncio.ensure_future(self.serve())
        ready = asyncio.ensure_future(self._ready.wait())
        try:
            await asyncio.wait({life, ready}, timeout=START_S, return_when=asyncio.FIRST_COMPLETED)
            if life.done():
                await life
            if not self._ready.is_set():
                raise EngineError(f"The server was not ready within {START_S:g} s.")
            yield self
        finally:
            ready.cancel()
            self.stop()
            with suppress(VoiError):
                async with asyncio.timeout(STOP_S):
                    await life

    def play(self, stage: "VoiceStage | None") -> None:
        """The next conversation is that of the stage."""
        assert isinstance(self.sessions, StagedSessions)
        self.sessions.stage = stage


class VoiceStage:
    """One conversation with the server, after `open`. `live`: its language models are asked, and their answers written
    on `tape`; else answers are scripted, or come from `tape`."""

    settle_ms = SETTLE_MS

    def __init__(
        self, case: Case, server: BenchServer, voice: PersonsVoice, *, seed: str, live: bool, tape: Tape | None
    ) -> None:
        config = server.config
        control = config.control_of(config.agents[case.agent])
        self.changed = asyncio.Event()
        self.trace = Trace(control.giveup_response if control else (), self.changed.set)
        self.case = case
        self.session: Session | None = None
        """Its conversation in the server; None: it has not begun."""
        self.server = server
        self._voice = voice
        self._seed = seed
        self._live = live
        self._tape = tape
        self._model: ScenarioModel | None = None
        self._client: VoiClient | None = None
        self._connection: Any = None
        self._sounds: dict[str, bytes] = {}
        self._microphone: Microphone | None = None
        self._tasks: list[asyncio.Task[None]] = []

    def model_for(self, agent: Agent, llm: Any) -> ScenarioModel:
        asked = llm if self._live else None
        config = self.server.config
        self._model = ScenarioModel(self.case, agent, self.trace, self._seed, asked, self._tape, config)
        return self._model

    async def open(self) -> None:
        """Connect. Before that, all that the person will say is spoken once. Raises VoiError."""
        for step in self.case.scenario.steps:
            for part in step.say or ():
                if isinstance(part, str) and step.sound is None:
                    await self._voice.sound(part)
            if step.sound is not None:
                self._sounds[step.sound] = await asyncio.to_thread(_read, self.case.file.parent / step.sound)
        random.seed(self._seed)
        self.server.play(self)
        scenario = self.case.scenario
        self._connection = VoiClient.connect(
            self.server.url,
            token=issue_token(APP, self.server.secret),
            agent_name=self.case.agent,
            mode=scenario.mode,
            init_greeting=scenario.greet,
        )
        try:
            self._client = await self._connection.__aenter__()
        finally:
            self.server.play(None)
        self._microphone = Microphone(self._client, always=scenario.mode == "call")
        self._tasks = [
            asyncio.create_task(self._listen(self._client), name="what the server says"),
            asyncio.create_task(self._microphone.run(), name="the microphone"),
        ]

    async def _listen(self, client: VoiClient) -> None:
        async for _ in client:
            self.changed.set()
        self.changed.set()

    @property
    def idle(self) -> bool:
        return self.session is None or self.session.idle

    @property
    def over(self) -> bool:
        return self.trace.ended is not None or self._client is None or self._client.close_code is not None

    def begin(self, number: int, step: Step) -> None:
        if self._model is not None:
            self._model.begin(number, step)

    async def do(self, step: Step) -> None:
        client, microphone = self._client, self._microphone
        assert client is not None
        assert microphone is not None
        match step.action:
            case "say" if step.sound is not None:
                await microphone.say(self._sounds[step.sound])
            case "say":
                for part in step.say or ():
                    if isinstance(part, SpeechPause):
                        await microphone.say(silence(part.pause_ms, INPUT_RATE_HZ))
                    else:
                        await microphone.say(await self._voice.sound(part))
            case "noise_ms":
                await microphone.say(_noise(step.noise_ms or 0))
            case "type":
                await client.send_text(step.words)
                await client.create_response()
            case "keys" if self.session is not None:  # a door of telephones would tell them so
                self.session.tell(TextTyped(step.words))
                self.session.tell(AnswerAsked())
            case "picture":
                await client.send_image(step.picture or "")
            case "hang_up":
                await client.close()
        if step.say is not None and self.case.scenario.mode == "chat":
            await client.create_response()

    async def close(self) -> str:
        fault = ""
        try:
            if self._connection is not None and self._client is not None:
                await self._connection.__aexit__(None, None, None)
        except VoiError as error:
            fault = f"the connection did not end in order: {error}"
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        return fault


def _read(file: Path) -> bytes:
    pcm, rate_hz = read_wav(file)
    try:
        return resample(pcm, rate_hz, INPUT_RATE_HZ)
    except ValueError as error:
        raise ConfigError(f"{file}: {error}") from None


def _noise(ms: int) -> bytes:
    """A burst of noise that fades, as a cough or a door does."""
    count = ms * INPUT_RATE_HZ // 1_000
    drawn = random.Random(count)
    levels = (round(drawn.uniform(-NOISE_LEVEL, NOISE_LEVEL) * (1 - at / count)) for at in range(count))
    return b"".join(level.to_bytes(2, "little", signed=True) for level in levels)
