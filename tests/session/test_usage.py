"""What a conversation uses is counted, whether it was heard or not."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.fakes.call import Call, FakeEngines
from tests.fakes.clock import in_virtual_time
from tests.fakes.engines import FakeLlm, FakeStt, events_of
from voi.core.tokens import MESSAGE_TOKENS, estimated_input, estimated_tokens
from voi.dialogue import Message
from voi.engines.base import AskedAgain, LlmEvent, LlmRequest, TextDelta, Usage
from voi.errors import EngineError
from voi.session.metering import MeteredLlm, Metering
from voi.session.observer import Observer
from voi.use import Use

ASKED = LlmRequest("m", (Message("user", "a question of 28 characters."),))
INPUT = MESSAGE_TOKENS + 7


class Uses(Observer):
    def __init__(self) -> None:
        self.uses: list[Use] = []
        self.closed = False

    def usage(self, use: Use) -> None:
        assert not self.closed
        self.uses.append(use)

    async def close(self) -> None:
        self.closed = True

    def of(self, kind: str) -> list[Use]:
        return [use for use in self.uses if use.kind == kind]


def metered(*reply: LlmEvent, error: Exception | None = None) -> tuple[MeteredLlm, list[Use]]:
    class Scripted(FakeLlm):
        async def stream(self, request: LlmRequest) -> AsyncIterator[LlmEvent]:
            for event in reply:
                yield event
            if error is not None:
                raise error

    told: list[Use] = []
    return MeteredLlm(Scripted(), Metering(lambda model: f"provider of {model}", told.append)), told


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        ([*events_of("Hello."), Usage(20, 3)], (20, 3, False)),
        ([Usage(20, 1), *events_of("Hello."), Usage(20, 3)], (20, 3, False)),  # some servers count along
        (events_of("Hello. Here I am."), (INPUT, 5, True)),
        ([AskedAgain(), *events_of("Hello."), Usage(20, 3)], (20 + INPUT, 3, True)),
        ([], (INPUT, 0, True)),
    ],
)
async def test_tokens_are_as_told_or_estimated(events: list[LlmEvent], expected: tuple[int, int, bool]) -> None:
    llm, told = metered(*events)
    assert [event async for event in llm.stream(ASKED)] == events
    tokens_in, tokens_out, estimated = expected
    assert told == [Use("llm", "provider of m", "m", tokens_in, tokens_out, estimated=estimated)]


async def test_a_draft_that_was_dropped_is_counted_as_far_as_it_came() -> None:
    llm, told = metered(*events_of("Four and four letters and so on."))
    stream = llm.stream(ASKED)
    assert await anext(stream) == TextDelta("Four")
    await stream.aclose()
    assert told == [Use("llm", "provider of m", "m", INPUT, 1, estimated=True)]


async def test_how_long_a_request_took() -> None:
    now_s = iter((10.0, 10.75))
    told: list[Use] = []
    llm = MeteredLlm(FakeLlm("Hello."), Metering(lambda model: "fake", told.append, lambda: next(now_s)))
    assert [event async for event in llm.stream(ASKED)]
    assert [use.took_ms for use in told] == [750]


async def test_what_the_provider_refused_costs_nothing() -> None:
    llm, told = metered(error=EngineError("Wrong key."))
    with pytest.raises(EngineError):
        await anext(llm.stream(ASKED))
    assert told == []


async def test_what_broke_off_costs_what_came() -> None:
    llm, told = metered(TextDelta("Hello "), error=EngineError("Lost."))
    with pytest.raises(EngineError):
        [event async for event in llm.stream(ASKED)]
    assert told == [Use("llm", "provider of m", "m", INPUT, 2, estimated=True)]


def test_estimates() -> None:
    assert estimated_tokens(["four", "five"]) == 2
    assert estimated_tokens(["日本語"]) == 3
    assert estimated_input((Message("user", "Look.", ("data:image/png;base64,AA==",)),)) == 4 + 2 + 800


def call(uses: Uses, *replies: Any, **options: Any) -> Call:
    engines = FakeEngines(stt=FakeStt("tell me a story please now"), llm=FakeLlm(*replies))
    return Call(engines=engines, observers=[uses], **options)


@in_virtual_time
async def test_a_turn_uses_ear_model_and_voice() -> None:
    uses = Uses()
    async with call(uses, [*events_of("A fox ran."), Usage(40, 5)]) as talk:
        await talk.speak(1_200)
        await talk.until(lambda: talk.answers)
        await talk.quiet(6_000)
    assert uses.closed
    (heard,), (asked,), (spoken,) = uses.of("stt"), uses.of("llm"), uses.of("tts")
    assert (heard.provider, heard.estimated) == ("fake", False)
    assert 1_200 <= heard.sound_ms <= 4_000
    assert asked == Use("llm", "fake", "fake", 40, 5)
    assert (spoken.provider, spoken.model, spoken.characters) == ("fake", "fake", len("A fox ran."))
    assert spoken.sound_ms > 100


@in_virtual_time
async def test_denied_replies_and_judges_count() -> None:
    uses = Uses()
    control = {"model": "pattern_matching", "denial_phrases": ["as an AI"], "giveup_after": 3}
    denied = [*events_of("As an AI I cannot."), Usage(40, 6)]
    async with call(uses, denied, [*events_of("A fox ran."), Usage(41, 5)], control=control) as talk:
        await talk.speak(1_200)
        await talk.until(lambda: talk.answers)
    assert sum(use.input_tokens for use in uses.of("llm")) >= 41 + 10
    assert len(uses.of("llm")) == 2


@in_virtual_time
async def test_a_reply_that_hangs_when_the_call_ends_counts() -> None:
    uses = Uses()
    async with call(uses, None) as talk:
        await talk.speak(1_200)
        await talk.until(lambda: talk.engines.llm.requests)
        await asyncio.sleep(0.1)
    (asked,) = uses.of("llm")
    assert asked.estimated
    assert asked.input_tokens > 10


@in_virtual_time
async def test_questions_beside_the_conversation_count() -> None:
    uses = Uses()
    async with call(uses, [*events_of("Yes."), Usage(9, 1)]) as talk:
        assert await talk.session.invoke_llm("fake", "", [{"role": "user", "content": "Is it?"}]) == "Yes."
    assert uses.of("llm") == [Use("llm", "fake", "fake", 9, 1)]


@in_virtual_time
async def test_a_voice_that_is_stopped_counts_what_it_took() -> None:
    uses = Uses()
    reply = "Once upon a time there was a fox. It ran away over the hills and was never seen again by anyone."
    async with call(uses, reply) as talk:
        await talk.speak(1_200)
        await talk.until(lambda: talk.answers)
        await talk.quiet(1_000)
    (spoken,) = uses.of("tts")
    assert 0 < spoken.characters <= len(reply)
    assert spoken.sound_ms > 0
