"""Language models of a scenario: scripted, recorded, or real. All are one `Llm` to the conversation; `Watched` stands
before them and notes what the conversation asked."""

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable, Sequence
from contextlib import aclosing
from dataclasses import asdict, dataclass, field
from typing import Any, Protocol, cast
from weakref import WeakKeyDictionary

from voi.config.agents import Agent
from voi.dialogue import Message, ReplyForm, ToolCall
from voi.engines.base import Finished, Llm, LlmEvent, LlmRequest, Reasoning, TextDelta
from voi.engines.info import LlmInfo
from voi.errors import EngineError
from voi.scenarios.model import ModelAnswer
from voi.scenarios.trace import Trace
from voi.scenarios.virtual_time import VirtualLoop

PASSES = '{"class": "passes", "status": "complete", "reason": "a scenario without a real model"}'
"""What judges among the agents (control, completeness) answer when no real model is asked."""
ASKED_KEPT = 200


class Unanswered(EngineError):
    """A scenario does not say what the model answers."""


class AnswerSource(Protocol):
    """Where answers come from. `attempt`: how often the same reply asked before."""

    def answer(self, request: LlmRequest, attempt: int) -> AsyncIterator[LlmEvent]: ...


class Watched:
    """The `Llm` of a conversation in a scenario. Requests of the agent itself, and of `others` that it may hand the
    conversation over to, are noted in the trace and answered by `source`; those of judges among the agents go to
    `judges`, or pass everything if there is none."""

    info = LlmInfo("scenario")

    def __init__(
        self,
        agent: Agent,
        trace: Trace,
        source: AnswerSource,
        judges: Llm | None = None,
        others: Iterable[Agent] = (),
    ) -> None:
        self._talking = [(agent.llm_model, agent.prompt())]
        self._talking += [(other.llm_model, prompt) for other in others if (prompt := other.prompt())]
        self._trace = trace
        self._source = source
        self._judges = judges
        self._tries: WeakKeyDictionary[asyncio.Task[Any], list[float | None]] = WeakKeyDictionary()
        """Temperatures of the requests so far, by the task that writes the reply."""

    async def warm_up(self) -> None: ...

    async def close(self) -> None: ...

    async def stream(self, request: LlmRequest) -> AsyncGenerator[LlmEvent, None]:
        own = any(
            request.model == model and request.messages[: len(prompt)] == prompt for model, prompt in self._talking
        )
        if not own:
            judged = self._judges.stream(request) if self._judges else _says(PASSES)
            async with aclosing(cast(AsyncGenerator[LlmEvent, None], judged)) as events:
                async for event in events:
                    yield event
            return
        task = asyncio.current_task()
        assert task is not None
        tries = self._tries.setdefault(task, [])
        if tries and (request.temperature or 0) > (tries[-1] or 0):
            self._trace.note("denial", "the model was asked again")
        attempt = len(tries)
        tries.append(request.temperature)
        if len(self._trace.asked) >= ASKED_KEPT:
            del self._trace.asked[0]
        self._trace.asked.append(request.messages)
        answer = self._source.answer(request, attempt)
        try:
            async with aclosing(cast(AsyncGenerator[LlmEvent, None], answer)) as events:
                async for event in events:
                    yield event
        except Unanswered as error:
            self._trace.faults.append(str(error))
            raise


async def _says(text: str) -> AsyncGenerator[LlmEvent, None]:
    yield TextDelta(text)
    yield Finished()


# ---- scripted ----------------------------------------------------------------------------------------


class Scripted:
    """Answers with what the current step of the scenario says, else asks `otherwise`."""

    def __init__(
        self, form: ReplyForm, speaks_json: bool, otherwise: AnswerSource | None, where: Callable[[], str]
    ) -> None:
        self._form = form
        self._speaks_json = speaks_json
        self._otherwise = otherwise
        self._where = where
        self._answers: Sequence[ModelAnswer] | None = None
        self._first: dict[int, int] = {}
        """Which answer comes first after so many rounds of tool calls."""
        self._used = -1
        self._calls = 0

    def begin(self, answers: Sequence[ModelAnswer] | None) -> None:
        """A step begins. None: it says nothing about the model, and the answers of the step before go on."""
        if answers is not None:
            self._answers, self._first, self._used = answers, {}, -1

    async def answer(self, request: LlmRequest, attempt: int) -> AsyncGenerator[LlmEvent, None]:
        if self._answers is None:
            if self._otherwise is None:
                raise Unanswered(
                    f"{self._where()}: the scenario does not say what the model answers; give the step a model:, or "
                    "record answers with: voi test --live --record"
                )
            async with aclosing(
                cast(AsyncGenerator[LlmEvent, None], self._otherwise.answer(request, attempt))
            ) as events:
                async for event in events:
                    yield event
            return
        rounds = rounds_of(request.messages)
        if rounds not in self._first:
            self._first[rounds] = self._used + 1 if rounds else 0
        number = min(self._first[rounds] + attempt, len(self._answers) - 1)
        self._used = max(self._used, number)
        async for event in self._given(self._answers[number]):
            yield event

    async def _given(self, answer: ModelAnswer) -> AsyncGenerator[LlmEvent, None]:
        await asyncio.sleep(answer.after_ms / 1_000)
        if answer.error is not None:
            raise EngineError(answer.error)
        for text in in_deltas(answer.raw if answer.raw is not None else self._written(answer)):
            yield TextDelta(text)
        for call in answer.calls:
            self._calls += 1
            arguments = call.arguments if isinstance(call.arguments, str) else json.dumps(call.arguments)
            yield ToolCall(f"call-{self._calls}", call.name, arguments)
        yield Finished("tool_calls" if answer.calls else "stop")

    def _written(self, answer: ModelAnswer) -> str:
        """The words in the form that the agent's prompt asks for."""
        form = self._form
        if not answer.text or not self._speaks_json or not form.text_key:
            return answer.text
        text = {form.text_key: answer.text}
        tone = {form.tone_key: answer.voice_tone} if form.tone_key else {}
        return json.dumps(tone | text if form.tone_first else text | tone, ensure_ascii=False)


def rounds_of(messages: Sequence[Message]) -> int:
    """How many rounds of tool calls there were since the person last said something."""
    rounds = 0
    for message in reversed(messages):
        if message.role == "user":
            break
        rounds += bool(message.tool_calls)
    return rounds


def in_deltas(text: str) -> list[str]:
    """The text in pieces, as models send it: about a word each."""
    pieces, start = [], 0
    while start < len(text):
        end = text.find(" ", start + 1)
        end = len(text) if end < 0 else end
        pieces.append(text[start:end])
        start = end
    return pieces


# ---- recorded ----------------------------------------------------------------------------------------


@dataclass(slots=True)
class Tape:
    """Answers of a real model to one scenario, to be given again. `prompt`: a mark of the prompt that they were given
    to."""

    prompt: str = ""
    answers: list[dict[str, Any]] = field(default_factory=list)

    def find(self, dialogue: list[Any], attempt: int) -> dict[str, Any] | None:
        """The answer to this dialogue, else one to the same last words."""
        exact = [each for each in self.answers if each["dialogue"] == dialogue]
        near = [each for each in self.answers if each["dialogue"][-1:] == dialogue[-1:]]
        found = exact or near
        return found[min(attempt, len(found) - 1)] if found else None


class Recorded:
    """Answers from a tape, as fast as they came then."""

    def __init__(self, tape: Tape, prompt_length: int, where: Callable[[], str]) -> None:
        self._tape = tape
        self._prompt_length = prompt_length
        self._where = where

    async def answer(self, request: LlmRequest, attempt: int) -> AsyncGenerator[LlmEvent, None]:
        found = self._tape.find(dialogue_of(request.messages[self._prompt_length :]), attempt)
        if found is None:
            raise Unanswered(
                f"{self._where()}: no answer to these words was recorded; record again with: voi test --live --record"
            )
        for event in found["events"]:
            await asyncio.sleep(event["after_ms"] / 1_000)
            yield _event(event)


def dialogue_of(messages: Sequence[Message]) -> list[Any]:
    """The messages as JSON: role, text, calls and results."""
    return [
        [
            message.role,
            message.text,
            [[call.name, call.arguments] for call in message.tool_calls],
            [result.text for result in message.tool_results],
        ]
        for message in messages
    ]


_KINDS: dict[str, Any] = {"text": TextDelta, "reasoning": Reasoning, "call": ToolCall, "finished": Finished}


def _event(recorded: dict[str, Any]) -> LlmEvent:
    return cast(LlmEvent, _KINDS[recorded["kind"]](**recorded["fields"]))


# ---- real --------------------------------------------------------------------------------------------


class Real:
    """Asks a real model, and writes its answers on a tape if there is one."""

    def __init__(self, llm: Llm, prompt_length: int, tape: Tape | None = None) -> None:
        self._llm = llm
        self._prompt_length = prompt_length
        self._tape = tape

    async def answer(self, request: LlmRequest, attempt: int) -> AsyncGenerator[LlmEvent, None]:
        kinds = {kind: name for name, kind in _KINDS.items()}
        events: list[dict[str, Any]] = []
        loop = asyncio.get_running_loop()
        last_s = loop.time()
        async with aclosing(in_real_time(self._llm, request)) as answer:
            async for event in answer:
                if kind := kinds.get(type(event)):
                    now_s = loop.time()
                    events.append({"kind": kind, "after_ms": round((now_s - last_s) * 1_000), "fields": asdict(event)})
                    last_s = now_s
                yield event
        if self._tape is not None:  # what was dropped in the middle is no answer
            dialogue = dialogue_of(request.messages[self._prompt_length :])
            self._tape.answers.append({"dialogue": dialogue, "events": events})


async def in_real_time(llm: Llm, request: LlmRequest) -> AsyncGenerator[LlmEvent, None]:
    """The model's answer. While it is awaited, a virtual loop's time passes as it does outside."""
    loop = asyncio.get_running_loop()
    async with aclosing(cast(AsyncGenerator[LlmEvent, None], llm.stream(request))) as events:
        while True:
            if isinstance(loop, VirtualLoop):
                with loop.outside():
                    event = await anext(events, None)
            else:
                event = await anext(events, None)
            if event is None:
                return
            yield event


class InRealTime:
    """A real model as an `Llm`, for the judges of a conversation in virtual time."""

    def __init__(self, llm: Llm) -> None:
        self._llm = llm
        self.info = llm.info

    async def warm_up(self) -> None: ...

    async def close(self) -> None: ...

    def stream(self, request: LlmRequest) -> AsyncGenerator[LlmEvent, None]:
        return in_real_time(self._llm, request)
