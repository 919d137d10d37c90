"""A whole session on fake engines and a fake door, with a person who speaks into it in virtual time."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tests.fakes.door import FakeDoor
from tests.fakes.engines import FakeLlm, FakeStt, FakeTts, FakeTurnDetector, FakeVad, FakeVoiceJudge, silence, tone
from tests.fakes.tools import offering
from voi.config.agents import Agent
from voi.config.classifiers import CompletenessAgent, ControlAgent
from voi.config.config import Config
from voi.core.facts import HungUp
from voi.core.options import CallOptions
from voi.engines.fallback.choices import Fallbacks
from voi.engines.llm.thought_habits import ThoughtHabits
from voi.session.brain import MakeBrain, PipelineBrain
from voi.session.conversation_agents import ToolsOf
from voi.session.latency import TurnTimes
from voi.session.line import Line
from voi.session.observer import Observer
from voi.session.session import Session
from voi.tools.toolbox import Toolbox

FRAME_MS = 20
VOICES: dict[str, Any] = {"character": {"model": "fake", "voice": "anna"}}


@dataclass
class FakeEngines:
    """Has the attributes of voi.engines.startup.Engines."""

    vad: FakeVad = field(default_factory=FakeVad)
    stt: FakeStt = field(default_factory=lambda: FakeStt("tell me a story please now"))
    turn: FakeTurnDetector | None = None
    voice: FakeVoiceJudge | None = None
    echo_canceller: Any = None
    echo_guard: Any = None
    llm: FakeLlm = field(default_factory=lambda: FakeLlm("Once upon a time there was a fox. It ran away."))
    tts: dict[str, FakeTts] = field(default_factory=lambda: {"fake": FakeTts()})

    habits: ThoughtHabits = field(default_factory=ThoughtHabits)
    fallbacks: Fallbacks = field(default_factory=Fallbacks)

    def llm_name(self, model: str) -> str:
        return self.llm.info.name

    @property
    def open_streams(self) -> int:
        """Everything that somebody has opened and not closed."""
        return sum(engine.open_streams for engine in (self.vad, self.stt, self.llm, *self.tts.values()))  # type: ignore[attr-defined]


class FakeRecorder(Observer):
    def __init__(self) -> None:
        self.facts: list[Any] = []
        self.turns: list[TurnTimes] = []
        self.user_bytes = 0
        self.agent: list[tuple[int, int]] = []
        self.closed = 0
        self.script: Any = None

    def begin(self, script: Any) -> None:
        self.script = script

    def step(self, now_ms: int, fact: Any, actions: Any) -> None:
        self.facts.append((now_ms, fact, actions))

    def user_sound(self, pcm: bytes) -> None:
        self.user_bytes += len(pcm)

    def agent_sound(self, pcm: bytes, rate_hz: int, at_ms: int) -> None:
        self.agent.append((at_ms, len(pcm) * 500 // rate_hz))

    def turn(self, times: TurnTimes) -> None:
        self.turns.append(times)

    async def close(self) -> None:
        self.closed += 1


class Turns(Observer):
    """The times of every turn."""

    def __init__(self) -> None:
        self.turns: list[TurnTimes] = []

    def turn(self, times: TurnTimes) -> None:
        self.turns.append(times)


class Call:
    """`async with Call(...) as call:` — runs the session; the end hangs up and checks that nothing is left. `shared`:
    budgets that it shares with others. `tools`: functions by name; or else `configured`: as in agents.json. `others`:
    more agents, by name. `files`: what each agent draws on that names knowledge."""

    def __init__(
        self,
        *,
        engines: FakeEngines | None = None,
        mode: str = "call",
        greet: bool = False,
        control: dict[str, Any] | None = None,
        completeness: dict[str, Any] | None = None,
        options: dict[str, Any] | None = None,
        greetings_dir: Path | None = None,
        observers: Sequence[Observer] = (),
        tools: Any = None,
        configured: dict[str, Any] | None = None,
        others: dict[str, Any] | None = None,
        files: Any = None,
        make_brain: MakeBrain = PipelineBrain,
        shared: dict[str, Any] | None = None,
        **agent: Any,
    ) -> None:
        agent = {"llm_model": "fake", "voices": VOICES, "system_prompt": "You tell stories.", **agent}
        if control:
            agent["control_agent"] = "control"
        if completeness:
            agent["completeness_agent"] = "completeness"
        if configured:
            agent["tools"] = configured
        parsed = Agent.model_validate(agent)
        self.config = Config(
            agents={"teller": parsed, **{name: Agent.model_validate(raw) for name, raw in (others or {}).items()}},
            control_agents={"control": ControlAgent.model_validate(control)} if control else {},
            completeness_agents={"completeness": CompletenessAgent.model_validate(completeness)}
            if completeness
            else {},
            tts_models={},
            llm_models=frozenset({"fake"}),
        )
        self.engines = engines or FakeEngines()
        self.door = FakeDoor()
        turns = Turns()
        self.turns = turns.turns
        self.observers_failed: list[str] = []
        self.loop = asyncio.get_running_loop()
        self.session = Session(
            conversation_id="test",
            line=Line(self.door),
            agent=parsed,
            config=self.config,
            engines=self.engines,  # type: ignore[arg-type]
            options=CallOptions(mode=mode, greet=greet, **(options or {})),  # type: ignore[arg-type]
            greetings_dir=greetings_dir,
            observers=(turns, *observers),
            on_observer_failed=self.observers_failed.append,
            agent_name="teller",
            knowledge_of=lambda knowledge: files if knowledge else None,
            tools_of=offering(tools) if configured is None else _from_toolbox(options or {}),
            make_brain=make_brain,
            clock=self.loop.time,
            **(shared or {}),
        )

    async def __aenter__(self) -> Self:
        self._tasks_before = len(asyncio.all_tasks())
        self.task = asyncio.ensure_future(self.session.run())
        await asyncio.sleep(0)
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: object, tb: TracebackType | None) -> None:
        self.session.tell(HungUp())
        if not self.task.done():
            await asyncio.wait_for(self.task, 1)
        if kind is None:
            assert self.engines.open_streams == 0
            assert len(asyncio.all_tasks()) == self._tasks_before

    # ---- the person ---------------------------------------------------------------------------------

    async def hear(self, sound: bytes) -> None:
        """Sound arrives in real time, 20 ms at a time."""
        step = FRAME_MS * 32
        for start in range(0, len(sound), step):
            await asyncio.sleep(FRAME_MS / 1_000)
            self.session.hear(sound[start : start + step])

    async def speak(self, ms: int) -> None:
        await self.hear(tone(ms))

    async def quiet(self, ms: int) -> None:
        await self.hear(silence(ms))

    async def until(self, condition: Callable[[], object], limit_ms: int = 10_000) -> None:
        """Stay quiet until that is so."""
        for _ in range(0, limit_ms, FRAME_MS):
            if condition():
                return
            await self.quiet(FRAME_MS)
        raise AssertionError(f"it did not come to that in {limit_ms} ms")

    # ---- what came out ------------------------------------------------------------------------------

    @property
    def answers(self) -> list[str]:
        """The agent's messages as the client sees them now."""
        return [text for role, text in self.door.shown().values() if role == "assistant"]

    @property
    def said(self) -> list[str]:
        """The person's messages as the client sees them now."""
        return [text for role, text in self.door.shown().values() if role == "user"]


def _from_toolbox(options: dict[str, Any]) -> ToolsOf:
    toolbox = Toolbox()
    return lambda agent, came_from: toolbox.of(agent, app_tools=options.get("app_tools", ()), came_from=came_from)
