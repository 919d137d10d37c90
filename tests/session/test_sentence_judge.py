"""A control agent that is an LLM judges sentence by sentence, in order."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from tests.fakes.clock import in_virtual_time
from tests.fakes.engines import FakeLlm
from voi.config.classifiers import ControlAgent
from voi.dialogue import ReplySegment
from voi.engines.base import LlmEvent, LlmRequest, TextDelta
from voi.errors import EngineError
from voi.session.sentence_judge import CONTEXT_MAX_CHARACTERS, JUDGED_AT_ONCE, SentenceJudge

CONTROL = ControlAgent(model="judge", system_prompt="Judge.", denial_classes=["denial"])  # type: ignore[arg-type]


class Judge(FakeLlm):
    """Denies what has "never" in its newest sentence; takes as many seconds as the newest sentence names."""

    def __init__(self) -> None:
        super().__init__()
        self.busy = self.busiest = 0

    async def stream(self, request: LlmRequest) -> AsyncIterator[LlmEvent]:
        self.requests.append(request)
        newest = request.messages[-1].text.rstrip(".").split(". ")[-1]
        self.busy += 1
        self.busiest = max(self.busiest, self.busy)
        try:
            await asyncio.sleep(next((int(word) for word in newest.split() if word.isdigit()), 1))
            if "broken" in newest:
                raise EngineError("The judge is away.")
            if "garbled" in newest:
                yield TextDelta("I think that this sentence is all right.")
                return
            yield TextDelta('{"class": "denial"}' if "never" in newest else '{"class": "fine"}')
        finally:
            self.busy -= 1


def pieces(text: str) -> list[ReplySegment]:
    return [ReplySegment(f"{sentence}. ") for sentence in text.rstrip(". ").split(". ")]


@asynccontextmanager
async def judging() -> AsyncIterator[tuple[SentenceJudge, Judge, list[str]]]:
    released: list[str] = []

    async def release(some: list[ReplySegment]) -> None:
        released.append("".join(piece.text for piece in some))

    llm = Judge()
    judge = SentenceJudge(llm, CONTROL, release, lambda: released.append("(unread)"))
    try:
        yield judge, llm, released
    finally:
        await judge.close()
        assert not llm.busy


@in_virtual_time
async def test_what_was_passed_is_released_while_the_rest_is_judged() -> None:
    async with judging() as (judge, _, released):
        judge.put(pieces("One 1. Two 5. Three 1."))
        await asyncio.sleep(2)
        assert released == ["One 1. "]
        await asyncio.sleep(4)
        assert released == ["One 1. ", "Two 5. ", "Three 1. "]
        assert await judge.passed()


@in_virtual_time
async def test_nothing_is_released_from_the_first_denial_on() -> None:
    async with judging() as (judge, _, released):
        judge.put(pieces("One 1. I never do 3. Three 1. Four 1."))
        assert not await judge.passed()
        assert judge.is_over
        assert released == ["One 1. "]


@in_virtual_time
async def test_a_sentence_is_judged_whole_and_the_rest_at_the_end() -> None:
    async with judging() as (judge, llm, released):
        judge.put([ReplySegment("Well,"), ReplySegment(" I know"), ReplySegment(" one!”"), ReplySegment(" And then")])
        await asyncio.sleep(2)
        assert [request.messages[-1].text for request in llm.requests] == ["Well, I know one!”"]
        assert await judge.passed()
        assert released == ["Well, I know one!”", " And then"]
        assert llm.requests[1].messages[-1].text == "Well, I know one!” And then"


@in_virtual_time
async def test_only_so_many_at_once_and_only_so_much_is_shown() -> None:
    async with judging() as (judge, llm, released):
        judge.put(pieces("A sentence of some length, which is 1 of many. " * 60))
        assert await judge.passed()
        assert llm.busiest == JUDGED_AT_ONCE
        assert len(released) == len(llm.requests) == 60
        assert max(len(request.messages[-1].text) for request in llm.requests) <= CONTEXT_MAX_CHARACTERS + 60


@in_virtual_time
async def test_a_judge_that_fails_is_an_error_behind_what_was_passed() -> None:
    async with judging() as (judge, _, released):
        judge.put(pieces("One 1. A broken one. Three 1."))
        with pytest.raises(EngineError, match="away"):
            await judge.passed()
        assert released == ["One 1. "]


@in_virtual_time
async def test_a_verdict_that_names_no_class_passes_and_is_told_once() -> None:
    async with judging() as (judge, _, released):
        judge.put(pieces("A garbled one. Another garbled one. One 1."))
        assert await judge.passed()
        assert released == ["(unread)", "A garbled one. ", "Another garbled one. ", "One 1. "]


@in_virtual_time
async def test_a_reply_without_words_is_no_denial() -> None:
    async with judging() as (judge, llm, _):
        judge.put([ReplySegment(" \n")])
        assert await judge.passed()
        assert not llm.requests
