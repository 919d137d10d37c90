"""Runs many scenarios, each as often as wanted, and collects what came of them."""

import asyncio
import time
from collections.abc import Callable, Coroutine, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from voi.config.config import Config
from voi.config.settings import Settings
from voi.engines.base import Llm
from voi.errors import ConfigError, VoiError
from voi.scenarios.core_stage import CoreStage
from voi.scenarios.expectations import Broken, latency_ms
from voi.scenarios.judge import Judge
from voi.scenarios.load import Case
from voi.scenarios.models import Tape
from voi.scenarios.play import Play, Ran, Stage
from voi.scenarios.tapes import Tapes, prompt_mark
from voi.scenarios.trace import Trace
from voi.scenarios.transcript import TranscriptLine, lines_of
from voi.scenarios.virtual_time import VirtualLoop
from voi.scenarios.voices import persons_voice
from voi.session.session import KnowledgeOf

RunMode = Literal["core", "live", "voice"]
ScenarioOutcome = Literal["passed", "failed", "skipped"]


@dataclass(frozen=True, slots=True)
class Performance:
    """One performance of a scenario, as reports need it."""

    broken: tuple[Broken, ...]
    lines: tuple[TranscriptLine, ...]
    latencies_ms: tuple[int, ...]
    unjudged: int
    took_ms: int
    trace: Trace

    @property
    def passed(self) -> bool:
        return not self.broken


@dataclass(slots=True)
class Result:
    """What came of a scenario. `note`: why it was skipped, or what to know about it."""

    case: Case
    performances: list[Performance] = field(default_factory=list)
    skipped: bool = False
    note: str = ""

    @property
    def pass_rate(self) -> float:
        count = len(self.performances)
        return sum(each.passed for each in self.performances) / count if count else 0.0

    @property
    def status(self) -> ScenarioOutcome:
        if self.skipped:
            return "skipped"
        return "passed" if self.pass_rate >= self.case.scenario.pass_rate else "failed"

    @property
    def took_ms(self) -> int:
        return sum(each.took_ms for each in self.performances)

    @property
    def broken(self) -> list[Broken]:
        """What did not hold, each once."""
        return list(dict.fromkeys(broken for each in self.performances for broken in each.broken))


@dataclass(frozen=True, slots=True)
class RunPlan:
    """How scenarios are run. `llm`: a real model; without one answers are scripted or recorded. `record`: keep the real
    model's answers. `at_once`: how many scenarios run side by side while a real model is awaited. `knowledge_of`: what
    agents draw on, on the core; see `knowledge_in`."""

    mode: RunMode = "core"
    repeat: int = 1
    llm: Llm | None = None
    live: bool = False
    """In the mode "voice": the server asks its real models."""
    judge_model: str | None = None
    record: bool = False
    at_once: int = 4
    knowledge_of: KnowledgeOf = lambda knowledge: None


OnDone = Callable[[Result], None]


def run_on_core(
    cases: Sequence[Case], config: Config, plan: RunPlan, on_done: OnDone = lambda result: None
) -> list[Result]:
    """Run the scenarios in virtual time, on a loop of their own. `on_done` is told each result when it is there."""
    return in_virtual_time(core_suite(cases, config, plan, on_done))


def in_virtual_time(work: Coroutine[Any, Any, list[Result]]) -> list[Result]:
    """Runs it on an event loop whose clock jumps over every wait."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(work)


async def core_suite(
    cases: Sequence[Case], config: Config, plan: RunPlan, on_done: OnDone = lambda result: None
) -> list[Result]:
    """The same, on the running loop."""
    tapes = Tapes()
    gate = asyncio.Semaphore(plan.at_once if plan.llm is not None else 1)

    async def one(case: Case) -> Result:
        async with gate:
            result = await _repeated(case, config, plan, tapes)
        on_done(result)
        return result

    return list(await asyncio.gather(*(one(case) for case in cases)))


async def _repeated(case: Case, config: Config, plan: RunPlan, tapes: Tapes) -> Result:
    result = Result(case)
    if plan.llm is None and case.scenario.runs == "live":
        result.skipped, result.note = True, "needs a real model: --live"
        return result
    agent = config.agents[case.agent]
    kept = None if plan.llm is not None else tapes.of(case)
    mark = prompt_mark(agent)
    _note_tape(result, kept, mark)
    new = Tape(mark) if plan.record and plan.llm is not None and case.scenario.runs != "scripted" else None
    judge = judge_of(case, config, plan)
    for number in range(plan.repeat):
        stage = CoreStage(
            case, config, seed=f"{case.key}#{number}", llm=plan.llm, tape=new or kept,
            knowledge_of=plan.knowledge_of,
        )  # fmt: skip
        result.performances.append(await performance(case, stage, judge))
    if new is not None and new.answers:
        tapes.put(case, new)
    _note_unjudged(result)
    return result


def _note_tape(result: Result, tape: Tape | None, mark: str) -> None:
    if tape is not None and tape.prompt != mark:
        result.note = "its answers were recorded with another prompt or model: voi test --live --record"


def _note_unjudged(result: Result) -> None:
    if left_out := result.performances[0].unjudged:
        told = f"{count(left_out, 'criterion', 'criteria')} for a judge left out: --live"
        result.note = f"{result.note}; {told}" if result.note else told


async def voice_suite(
    cases: Sequence[Case], settings: Settings, plan: RunPlan, on_done: OnDone = lambda result: None
) -> list[Result]:
    """Run the scenarios one after the other through a whole server with the settings' engines, in real time. With
    `plan.live` its language models are asked. Raises ConfigError, EngineError."""
    from voi.scenarios.voice_stage import BenchServer, VoiceStage

    tapes, results = Tapes(), []
    async with BenchServer(settings).running() as server:
        config = server.config
        for case in cases:
            result = Result(case)
            results.append(result)
            if not plan.live and case.scenario.runs == "live":
                result.skipped, result.note = True, "needs a real model: --live"
                on_done(result)
                continue
            judge = judge_of(case, config, replace(plan, llm=server.engines.llm if plan.live else None))
            tape = None if plan.live else tapes.of(case)
            _note_tape(result, tape, prompt_mark(config.agents[case.agent]))
            try:
                async with persons_voice(case.persons_voice, config, settings, server.engines.tts) as voice:
                    for number in range(plan.repeat):
                        seed = f"{case.key}#{number}"
                        stage = VoiceStage(case, server, voice, seed=seed, live=plan.live, tape=tape)
                        await stage.open()
                        result.performances.append(await performance(case, stage, judge))
            except VoiError as error:  # it could not begin, as with a broken sound; the others are run nevertheless
                result.performances.append(_not_begun(case, str(error)))
            _note_unjudged(result)
            on_done(result)
    return results


def _not_begun(case: Case, why: str) -> Performance:
    broken = Broken(case.at(), f"could not be played: {why}")
    return Performance((broken,), (), (), 0, 0, Trace())


def judge_of(case: Case, config: Config, plan: RunPlan) -> Judge | None:
    """The judge of a scenario's criteria; None without a real model."""
    if plan.llm is None:
        return None
    return Judge(plan.llm, plan.judge_model or case.judge_model or config.agents[case.agent].llm_model)


async def performance(case: Case, stage: Stage, judge: Judge | None) -> Performance:
    """Play a scenario once on that stage."""
    began_s = time.perf_counter()
    ran: Ran = await Play(case, stage, judge).run()
    took_ms = round((time.perf_counter() - began_s) * 1_000)
    latencies = tuple(ms for times in ran.trace.turns if (ms := latency_ms(times)) is not None)
    return Performance(tuple(ran.broken), tuple(lines_of(ran.trace)), latencies, ran.unjudged, took_ms, ran.trace)


def count(number: int, one: str, many: str = "") -> str:
    """A number and its noun, such as `2 agents`. `many`: the plural where it is not `one` with an s."""
    return f"{number} {one if number == 1 else many or one + 's'}"


def models_of(cases: Iterable[Case], config: Config, plan_judge: str | None = None) -> frozenset[str]:
    """The language models that these scenarios ask when they run against real ones."""
    names = set()
    for case in cases:
        agent = config.agents[case.agent]
        names.add(agent.llm_model)
        control, completeness = config.control_of(agent), config.completeness_of(agent)
        names |= {judge.model for judge in (control, completeness) if judge is not None}
        names |= {name for name in (case.judge_model, plan_judge) if name}
    return frozenset(names - {"pattern_matching"})


def require_scenarios(cases: Sequence[Case], only: str) -> None:
    """Raises ConfigError if nothing is left to run: a check that checks nothing must not pass."""
    if not cases:
        raise ConfigError(f"No scenario has {only!r} in its name." if only else "There are no scenarios.")
