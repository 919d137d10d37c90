"""Plays a scenario: does what the person does, lets the agent answer, and holds what happened against what must hold.
On which stage it is played, the core alone or a whole server, makes no difference here."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from voi.scenarios.expectations import Broken, check
from voi.scenarios.judge import Judge
from voi.scenarios.load import Case
from voi.scenarios.model import Expect, Step
from voi.scenarios.trace import Mark, Trace

SPEECH_MAX_S = 600.0
"""An agent that speaks on and on is heard out no longer."""
LOOK_S = 1.0
"""What nobody tells of, such as the end of a voice, is looked for so often."""


class Stage(Protocol):
    """Where a scenario is played: a conversation with the agent, open already."""

    trace: Trace
    changed: asyncio.Event
    """Set whenever something happens."""
    settle_ms: int
    """The agent is done when nothing has begun for this long."""

    @property
    def idle(self) -> bool:
        """Nobody speaks, and nothing is awaited."""
        ...

    @property
    def over(self) -> bool:
        """The conversation has ended."""
        ...

    def begin(self, number: int, step: Step) -> None:
        """A step begins: from now on the model answers by it."""

    async def do(self, step: Step) -> None:
        """Do what the person does. Returns when it is done; the answer comes later."""

    async def close(self) -> str:
        """End the conversation. Returns what broke in it; "": nothing."""
        ...


@dataclass(slots=True)
class Ran:
    """A scenario was played once. `broken`: what did not hold. `unjudged`: how many criteria no judge was asked
    about."""

    trace: Trace
    broken: list[Broken] = field(default_factory=list)
    unjudged: int = 0


class Play:
    """One performance of a scenario. `judge`: asked about criteria; None: they are left out."""

    def __init__(self, case: Case, stage: Stage, judge: Judge | None = None) -> None:
        self._case = case
        self._stage = stage
        self._trace = stage.trace
        self._judge = judge

    async def run(self) -> Ran:
        """Play it to its end. Raises nothing for what the scenario or the agent does."""
        ran = Ran(self._trace)
        try:
            await self._steps(ran)
        finally:
            fault = await self._stage.close()
        for wrong in dict.fromkeys(self._trace.faults):
            ran.broken.insert(0, Broken("", wrong))
        if fault:
            ran.broken.append(Broken(self._case.at(), fault))
        return ran

    async def _steps(self, ran: Ran) -> None:
        steps = self._case.scenario.steps
        for number, step in enumerate(steps):
            if self._stage.over:
                words = f"the conversation had ended before this: {self._trace.ended or 'the connection is gone'}"
                ran.broken.append(Broken(self._case.at("steps", number), words))
                break
            mark, fault = await self._begin(number, step)
            if fault:
                ran.broken.append(Broken(self._case.at("steps", number, "interrupts_after_ms"), fault))
            await self._stage.do(step)
            if not await self._hear_out(step, steps[number + 1] if number + 1 < len(steps) else None, mark):
                words = (
                    f"no answer, or none that ended, within {self._case.scenario.answer_within_s:g} s (answer_within_s)"
                )
                ran.broken.append(Broken(self._case.at("steps", number), words))
            if step.expect is not None:
                await self._check(ran, step.expect, mark, "steps", number, "expect")
            if step.hang_up:
                break
        if self._case.scenario.expect is not None:
            await self._check(ran, self._case.scenario.expect, Mark(), "expect")

    async def _check(self, ran: Ran, expect: Expect, since: Mark, *place: str | int) -> None:
        ran.broken += check(expect, self._trace, since, self._case, place)
        if self._judge is None:
            ran.unjudged += len(expect.judge)
            return
        for criterion in expect.judge:
            if objection := await self._judge.objection(self._trace, criterion):
                ran.broken.append(Broken(self._case.at(*place, "judge"), objection))

    async def _begin(self, number: int, step: Step) -> tuple[Mark, str]:
        """Wait for the moment at which the step begins. Returns it, and why the step cannot be what it was to be."""
        first, fault = number == 0, ""
        if step.interrupts_after_ms is not None:
            if not await self._until(self._speaks, settle=False):
                fault = "the agent did not speak, so nothing was interrupted"
            else:
                await asyncio.sleep(step.interrupts_after_ms / 1_000)
                if not self._speaks():
                    fault = f"the agent spoke for less than {step.interrupts_after_ms} ms, so nothing was interrupted"
        elif first and step.action is not None:
            await self._until(self._quiet)
        self._stage.begin(number, step)
        # a first step without an action is about what the agent does by itself, such as its greeting
        return Mark() if first and step.action is None else self._trace.mark(), fault

    async def _hear_out(self, step: Step, following: Step | None, mark: Mark) -> bool:
        """Let the agent answer. If the next step interrupts it, only until it speaks. False: it was not done in
        time."""
        if step.action == "hang_up":
            return await self._until(lambda: self._trace.ended is not None, settle=False)
        if step.action == "picture":
            return True
        if step.wait_s is not None:
            await self._until(lambda: self._stage.over, within_s=step.wait_s, settle=False)
        if following is not None and following.interrupts_after_ms is not None:
            said = 0 if step.action is None else mark.said
            await self._until(lambda: len(self._trace.said) > said and self._speaks(), settle=False)
            return True  # whether it spoke is for the next step to tell
        loop = asyncio.get_running_loop()
        end_s = loop.time() + SPEECH_MAX_S
        while not (done := await self._until(self._quiet)) and self._speaks() and loop.time() < end_s:
            pass  # it is answering, at length
        return done

    def _speaks(self) -> bool:
        return self._trace.playing is not None

    def _quiet(self) -> bool:
        return self._stage.over or (self._stage.idle and not self._trace.tools_running)

    async def _until(self, so: Callable[[], bool], within_s: float | None = None, *, settle: bool = True) -> bool:
        """Wait until that is so and, with `settle`, has been so for a moment. False: it did not come to that in
        time."""
        loop = asyncio.get_running_loop()
        end_s = loop.time() + (self._case.scenario.answer_within_s if within_s is None else within_s)
        changed = self._stage.changed
        while loop.time() < end_s:
            if so():
                if not settle:
                    return True
                await asyncio.sleep(self._stage.settle_ms / 1_000)
                if so():
                    return True
                continue
            changed.clear()
            try:
                async with asyncio.timeout_at(min(end_s, loop.time() + LOOK_S)):
                    await changed.wait()
            except TimeoutError:
                continue
        return so()
