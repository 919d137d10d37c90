"""A conversation on the core, without sound: the real session (core, guard, reply parser, playback, tools) between a
person by a script, a model, and a voice that makes silence. In virtual time a conversation takes milliseconds."""

import asyncio
import random
import zlib
from collections.abc import AsyncIterator
from typing import Any, cast

from voi.config.agents import EMBEDDED_MODELS, Agent
from voi.config.config import Config
from voi.core import facts as was
from voi.core.options import CallOptions
from voi.dialogue import Phrase
from voi.engines import registry
from voi.engines.base import Llm, LlmEvent, LlmRequest
from voi.engines.startup import Engines
from voi.scenarios.load import Case
from voi.scenarios.model import Step
from voi.scenarios.models import AnswerSource, InRealTime, Real, Recorded, Scripted, Tape, Watched
from voi.scenarios.person import ScriptedBrain
from voi.scenarios.silent_voice import RATE_HZ, silent_voice
from voi.scenarios.tool_answers import ScriptedTools
from voi.scenarios.trace import Trace
from voi.session.brain import Surroundings
from voi.session.events import DoorEvent
from voi.session.line import Line
from voi.session.session import KnowledgeOf, Session

END_S = 30.0
SETTLE_MS = 40


class NoDoor:
    """The door of a conversation that nobody listens to."""

    name = "scenario"
    kind = "app"
    output_rate_hz = RATE_HZ
    backlog_bytes = 0

    def tell(self, event: DoorEvent) -> None:
        pass

    async def aclose(self) -> None:
        pass


class ScenarioModel:
    """The language model of a scenario, as both stages use it. `llm`: a real one; None: answers are scripted, or come
    from `tape`. A real one's answers are written on `tape`."""

    def __init__(
        self, case: Case, agent: Agent, trace: Trace, seed: str, llm: Llm | None, tape: Tape | None, config: Config
    ) -> None:
        self._case = case
        self._number = 0
        length = len(agent.prompt())
        otherwise: AnswerSource | None = None
        if llm is not None:
            otherwise = Real(llm, length, tape)
        elif tape is not None:
            otherwise = Recorded(tape, length, self._where)
        elif agent.llm_model in EMBEDDED_MODELS:
            options = {"seed": zlib.crc32(seed.encode())} if agent.llm_model == "eliza" else {}
            otherwise = EmbeddedModel(registry.create("llm", agent.llm_model, options))
        self._script = Scripted(agent.reply_form, agent.speaks_json, otherwise, self._where)
        self.real = llm is not None and case.scenario.runs != "scripted"
        """Whether a real model is asked."""
        source: AnswerSource = otherwise if self.real and otherwise is not None else self._script
        judges = InRealTime(llm) if llm is not None and self.real else None
        self.llm = Watched(agent, trace, source, judges, config.agents.values())

    def _where(self) -> str:
        return self._case.at("steps", self._number)

    def begin(self, number: int, step: Step) -> None:
        self._number = number
        self._script.begin(step.model)


class EmbeddedModel:
    """A model that is part of Voi, such as eliza."""

    def __init__(self, llm: Llm) -> None:
        self._llm = llm

    def answer(self, request: LlmRequest, attempt: int) -> AsyncIterator[LlmEvent]:
        return self._llm.stream(request)


def disclosure_in(case: Case, agent: Agent, config: Config) -> Phrase | None:
    """What the agent discloses first of all in that scenario."""
    if not (case.scenario.telephone if agent.disclosure.say is None else agent.disclosure.say):
        return None
    if agent.language is None:
        agent = agent.model_copy(update={"language": config.language})
    return agent.notice(ai=True, recorded=False)


def scripted_tools(case: Case, trace: Trace) -> ScriptedTools:
    """The tools of a scenario. A tool without an answer is told as a mistake of the scenario."""

    def missing(name: str) -> None:
        trace.faults.append(f"{case.at()}: the scenario does not say what the tool {name} answers; add it to tools:")

    return ScriptedTools(case.tools, missing)


class CoreStage:
    """A conversation with the agent of a scenario, begun when it is made. `seed` decides which of several phrases are
    drawn. `knowledge_of` returns what an agent with that knowledge draws on."""

    settle_ms = SETTLE_MS

    def __init__(
        self,
        case: Case,
        config: Config,
        *,
        seed: str = "",
        llm: Llm | None = None,
        tape: Tape | None = None,
        knowledge_of: KnowledgeOf = lambda knowledge: None,
    ) -> None:
        agent = config.agents[case.agent].with_files(lambda _: None)  # sound files play no part
        control = config.control_of(agent)
        seed = seed or case.key
        self.changed = asyncio.Event()
        self.trace = Trace(control.giveup_response if control else (), self.changed.set)
        self._model = ScenarioModel(case, agent, self.trace, seed, llm, tape, config)
        self._brain: ScriptedBrain | None = None
        tools = scripted_tools(case, self.trace)
        random.seed(seed)
        tones = config.tones_of(agent)
        engines = Engines(
            vad=cast(Any, None),  # the scripted brain has ears of its own
            stt=cast(Any, None),
            turn=None,
            llm=self._model.llm,
            tts={choice.model: silent_voice(tones) for choice in agent.voices_by_role().values()},
            voice=cast(Any, self),  # so that the rules count with a judge of voices
        )
        self._session = Session(
            conversation_id=case.name,
            line=Line(NoDoor()),
            agent=agent,
            config=config,
            engines=engines,
            options=CallOptions(mode=case.scenario.mode, greet=case.scenario.greet),
            observers=(self.trace,),
            language=config.language,
            notice=disclosure_in(case, agent, config),
            agent_name=case.agent,
            tools_of=lambda other, came_from: tools.of(other, came_from=came_from),
            knowledge_of=knowledge_of,
            make_brain=self._make_brain,
            clock=asyncio.get_running_loop().time,
        )
        self._life = asyncio.ensure_future(self._session.run())

    def _make_brain(self, around: Surroundings) -> ScriptedBrain:
        self._brain = ScriptedBrain(around, asks_completeness=self._model.real)
        return self._brain

    @property
    def idle(self) -> bool:
        return self._brain is not None and self._session.idle

    @property
    def over(self) -> bool:
        return self.trace.ended is not None or self._life.done()

    def begin(self, number: int, step: Step) -> None:
        self._model.begin(number, step)

    async def do(self, step: Step) -> None:
        session = self._session
        match step.action:
            case "say" if self._brain is not None:
                await self._brain.ears.say(step.say or ())
            case "noise_ms" if self._brain is not None:
                await self._brain.ears.noise(step.noise_ms or 0)
            case "type" | "keys":
                session.tell(was.TextTyped(step.words))
                session.tell(was.AnswerAsked())
            case "picture":
                session.tell(was.ImageGiven(step.picture or ""))
            case "hang_up":
                session.tell(was.HungUp())

    async def close(self) -> str:
        self._session.tell(was.HungUp())
        try:
            async with asyncio.timeout(END_S):
                await self._life
        except Exception as error:  # a fault in Voi fails this scenario, and the others are run nevertheless
            return f"a fault in Voi: {type(error).__name__}: {error}"
        return ""
