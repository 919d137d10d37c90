"""Whole conversations in which first choices fail: the person hears an answer within the turn."""

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fakes.call import Call, FakeEngines
from tests.fakes.clock import in_virtual_time
from tests.fakes.door import FakeDoor
from tests.fakes.engines import FakeLlm, FakeStt, FakeTts, calls_of, events_of
from voi.config.agents import Agent
from voi.core.facts import PieceVoiced, ReplyText
from voi.dialogue import SpokenWord, ToolCall
from voi.engines.base import AskedAgain, CallPart, LlmEvent, LlmRequest, Reasoning, TextDelta, VoiceSpec
from voi.engines.fallback.choices import FIRST_REST_S, Fallbacks, Takeover
from voi.engines.fallback.ears import NamedStt, TwoEars
from voi.engines.info import LlmInfo, TtsInfo
from voi.errors import EngineError
from voi.session.line import Line
from voi.session.observer import Observer
from voi.session.playback import Playback
from voi.session.reply_voice import ReplyVoice
from voi.session.reply_writer import ReplyWriter
from voi.text.language import Spoken
from voi.use import Use

ANSWER = "Once there was a fox. It ran away. Then it slept."
SENTENCES = ["Once there was a fox.", "It ran away.", "Then it slept."]
DOWN = EngineError("It is down.", retryable=True)
REFUSED = EngineError("It refused the key.")
FULL = EngineError("It takes no more.", retryable=True, limit=True)
SECOND_VOICE: dict[str, Any] = {"character": {"model": "other", "voice": "kim"}}


class Uses(Observer):
    def __init__(self) -> None:
        self.uses: list[Use] = []

    def usage(self, use: Use) -> None:
        self.uses.append(use)


class TwoLlms(FakeLlm):
    """Answers as `first` or `second`, by the model that is asked for."""

    info = LlmInfo("fake")

    def __init__(self, first: FakeLlm, second: FakeLlm) -> None:
        super().__init__()
        self.first, self.second = first, second

    def stream(self, request: LlmRequest) -> AsyncIterator[LlmEvent]:
        return (self.second if request.model == "small" else self.first).stream(request)


class OtherTts(FakeTts):
    """At another rate, with other voices and one tone."""

    info = TtsInfo("other", voices=("kim",), tones=("neutral",), sample_rate_hz=16_000)


class BreakingTts(FakeTts):
    """Does with the nth text what `plan` says: None: speaks it. "raise", "stall": before any sound. A number: raises
    after so many ms of sound."""

    def __init__(self, *plan: str | int | None, fault: Exception = DOWN) -> None:
        super().__init__()
        self.plan, self.error = list(plan), fault
        self.sounded: list[tuple[str, int]] = []
        """Texts, and the ms that were made of each."""

    async def stream(self, text: str, voice: VoiceSpec) -> AsyncIterator[bytes]:
        does = self.plan.pop(0) if self.plan else None
        self.sounded.append((text, 0))
        if does == "raise":
            raise self.error
        if does == "stall":
            await asyncio.sleep(1e6)
        async for pcm in super().stream(text, voice):
            made_ms = self.sounded[-1][1]
            if isinstance(does, int) and made_ms >= does:
                raise self.error
            self.sounded[-1] = text, made_ms + len(pcm) // 48
            yield pcm


async def ask(call: Call) -> None:
    await call.speak(1_200)
    await call.quiet(700)


async def answered(call: Call, count: int = 1, within_ms: int = 10_000) -> None:
    await call.until(lambda: len(call.door.statuses()) >= 2 * count, within_ms)
    await call.quiet(6_000)


# ---- the model --------------------------------------------------------------------------------------


@pytest.mark.parametrize("broken", [DOWN, REFUSED, FULL, None, [Reasoning("Hm."), DOWN], [AskedAgain(), DOWN]])
def test_the_second_model_answers_within_the_turn(broken: Any) -> None:
    @in_virtual_time
    async def run() -> None:
        llm, uses = TwoLlms(Script(broken), FakeLlm(ANSWER)), Uses()
        engines = FakeEngines(llm=llm)
        async with Call(engines=engines, fallback={"llm_model": "small"}, observers=[uses]) as call:
            await ask(call)
            await answered(call)
            assert call.answers == [ANSWER]
            assert call.turns[0].first_sound_ms is not None
            assert call.turns[0].first_sound_ms < 6_000
            assert [text for text, _ in engines.tts["fake"].spoken] == SENTENCES
            await ask(call)
            await answered(call, 2)
            assert call.answers[1:] == [ANSWER]
        asked = len(llm.first.requests)
        assert asked == (2 if broken is REFUSED else 1), "it rests"
        assert [request.model for request in llm.second.requests] == ["small", "small"]
        assert [use.model for use in uses.uses if use.kind == "llm"][-2:] == ["small", "small"]

    run()


class Script(FakeLlm):
    """Yields events, and raises the errors among them."""

    def __init__(self, *replies: Any) -> None:
        super().__init__(*replies)

    async def stream(self, request: LlmRequest) -> AsyncIterator[LlmEvent]:
        reply = self.replies[min(len(self.requests), len(self.replies) - 1)]
        if not isinstance(reply, list):
            async for event in super().stream(request):
                yield event
            return
        self.requests.append(request)
        for event in reply:
            await asyncio.sleep(0.02)
            if isinstance(event, Exception):
                raise event
            yield event


@in_virtual_time
async def test_a_model_that_thinks_is_given_its_time() -> None:
    thinks = [Reasoning("Hm."), *(CallPart("x") for _ in range(3)), *events_of(ANSWER)]
    llm = TwoLlms(FakeLlm(thinks, token_s=2), FakeLlm("Second."))
    async with Call(engines=FakeEngines(llm=llm), fallback={"llm_model": "small", "llm_after_s": 1}) as call:
        await ask(call)
        await call.until(lambda: ANSWER in call.answers, 40_000)
        assert not llm.second.requests


@in_virtual_time
async def test_the_first_model_is_asked_again_after_a_while() -> None:
    llm = TwoLlms(FakeLlm(DOWN, ANSWER), FakeLlm("Second."))
    engines = FakeEngines(llm=llm)
    async with Call(engines=engines, fallback={"llm_model": "small"}) as call:
        await ask(call)
        await answered(call)
        await call.quiet(round(FIRST_REST_S * 1_000))
        await ask(call)
        await answered(call, 2)
        assert call.answers == ["Second.", ANSWER]
        assert not engines.fallbacks.resting
    assert engines.fallbacks.counts == {Takeover("llm", "fake", "small", "failed"): 1}


@in_virtual_time
async def test_a_model_that_breaks_off_before_anything_was_heard_is_replaced_whole() -> None:
    broken = [TextDelta("Twice "), TextDelta("upon a time. "), DOWN]
    llm = TwoLlms(Script(broken), FakeLlm(ANSWER))
    engines = FakeEngines(llm=llm)
    async with Call(engines=engines, fallback={"llm_model": "small"}, turn={"silence_ms": 1_500}) as call:
        await ask(call)
        await answered(call)
        assert call.answers == [ANSWER]


@in_virtual_time
async def test_what_was_heard_of_the_first_model_is_not_said_again_by_the_second() -> None:
    broken = [TextDelta(f"{SENTENCES[0]} "), TextDelta(f"{SENTENCES[1]} "), *[TextDelta("and ")] * 200, DOWN]
    llm = TwoLlms(Script(broken), FakeLlm(ANSWER))
    engines = FakeEngines(llm=llm)
    async with Call(engines=engines, fallback={"llm_model": "small"}, apology="Sorry.") as call:
        await ask(call)
        await call.until(lambda: "Sorry." in [text for text, _ in engines.tts["fake"].spoken], 20_000)
        assert not llm.second.requests
        assert [text for text, _ in engines.tts["fake"].spoken].count(SENTENCES[0]) == 1
        assert engines.fallbacks.resting == ["LLM fake"]


@in_virtual_time
async def test_a_tool_that_the_first_model_called_before_it_broke_runs_once() -> None:
    ran: list[str] = []

    async def look(arguments: str) -> str:
        ran.append("look")
        return "A fox."

    call_it = ToolCall("c1", "look", "{}")
    llm = TwoLlms(Script([call_it, DOWN]), FakeLlm(calls_of(call_it), ANSWER))
    async with Call(engines=FakeEngines(llm=llm), fallback={"llm_model": "small"}, tools={"look": look}) as call:
        await ask(call)
        await call.until(lambda: ANSWER in call.answers)
        assert ran == ["look"]


@in_virtual_time
async def test_a_second_model_that_fails_leaves_the_first_to_try() -> None:
    llm = TwoLlms(FakeLlm(DOWN, ANSWER), FakeLlm(DOWN))
    async with Call(engines=FakeEngines(llm=llm), fallback={"llm_model": "small"}) as call:
        await ask(call)
        await answered(call)
        assert call.answers == [ANSWER]


# ---- the voice --------------------------------------------------------------------------------------


def spoken_by(engines: FakeEngines) -> tuple[list[str], list[str]]:
    """The texts that the first and the second voice gave sound of."""
    first, second = engines.tts["fake"], engines.tts["other"]
    assert isinstance(first, BreakingTts)
    return [text for text, ms in first.sounded if ms], [text for text, _ in second.spoken]


@pytest.mark.parametrize(
    ("plan", "by_first"),
    [
        (["raise"], 0), (["stall"], 0), ([None, "raise"], 1), ([None, "stall"], 1), ([None, None, "raise"], 2),
    ],
)  # fmt: skip
def test_the_second_voice_speaks_from_the_sentence_on_that_the_first_did_not(plan: list[Any], by_first: int) -> None:
    @in_virtual_time
    async def run() -> None:
        uses = Uses()
        engines = FakeEngines(llm=FakeLlm(ANSWER), tts={"fake": BreakingTts(*plan), "other": OtherTts()})
        async with Call(engines=engines, fallback={"voices": SECOND_VOICE}, observers=[uses]) as call:
            await ask(call)
            await answered(call)
            assert call.answers == [ANSWER]
            assert spoken_by(engines) == (SENTENCES[:by_first], SENTENCES[by_first:])
            assert {spec.voice for _, spec in engines.tts["other"].spoken} == {"kim"}
            assert call.door.played_ms(1) == pytest.approx(sum(map(len, SENTENCES)) * 50, abs=10)
            assert {use.model for use in uses.uses if use.kind == "tts"} >= {"other"}
            await ask(call)
            await answered(call, 2)
            assert spoken_by(engines)[1] == [*SENTENCES[by_first:], *SENTENCES], "the first rests"
        assert engines.fallbacks.counts[Takeover("tts", "fake", "other", "resting")] >= 1

    run()


@in_virtual_time
async def test_a_sentence_that_was_begun_is_not_finished_in_another_voice() -> None:
    engines = FakeEngines(llm=FakeLlm(ANSWER), tts={"fake": BreakingTts(None, 240), "other": OtherTts()})
    async with Call(engines=engines, fallback={"voices": SECOND_VOICE}, apology="Sorry.") as call:
        await ask(call)
        await call.until(lambda: "Sorry." in call.answers)
        await call.quiet(3_000)
        assert spoken_by(engines) == (SENTENCES[:2], ["Sorry."]), "the apology is the second's: the first rests"


@in_virtual_time
async def test_a_clause_of_a_sentence_that_was_begun_has_no_other_voice_either() -> None:
    story = "Once upon a time in the deep dark wood, there was a very small and clever fox who ran away."
    engines = FakeEngines(llm=FakeLlm(story), tts={"fake": BreakingTts(None, "raise"), "other": OtherTts()})
    async with Call(engines=engines, fallback={"voices": SECOND_VOICE}, apology="Sorry.") as call:
        await ask(call)
        await call.until(lambda: "Sorry." in call.answers)
        assert len(engines.tts["fake"].spoken) == 1, "the sentence was cut into clauses"
        await call.quiet(2_000)
        assert spoken_by(engines)[1] == ["Sorry."]


@in_virtual_time
async def test_a_voice_that_could_not_start_is_replaced() -> None:
    engines = FakeEngines(llm=FakeLlm(ANSWER), tts={"other": OtherTts()})
    async with Call(engines=engines, fallback={"voices": SECOND_VOICE}) as call:
        await ask(call)
        await answered(call)
        assert [text for text, _ in engines.tts["other"].spoken] == SENTENCES


@in_virtual_time
async def test_a_voice_is_given_its_time_once_it_sounds_and_while_it_has_no_text() -> None:
    first = BreakingTts()
    first.speed = 0.1
    slow_llm = FakeLlm(events_of("One two. Three four."), token_s=4)
    engines = FakeEngines(llm=slow_llm, tts={"fake": first, "other": OtherTts()})
    async with Call(engines=engines, fallback={"voices": SECOND_VOICE, "voices_after_s": 1}) as call:
        await ask(call)
        await call.until(lambda: call.answers == ["One two. Three four."], 60_000)
        await call.quiet(30_000)
        assert spoken_by(engines) == (["One two.", "Three four."], [])


@in_virtual_time
async def test_a_narrator_keeps_the_silence_around_it() -> None:
    voices = {
        "character": {"model": "fake"},
        "narrator": {"model": "fake", "leading_silence": 0.5, "trailing_silence": 0.5},
    }
    engines = FakeEngines(
        llm=FakeLlm("*It rains.* Hello there."), tts={"fake": BreakingTts("stall"), "other": OtherTts()}
    )
    second = {"voices": {"narrator": {"model": "other"}}}
    async with Call(engines=engines, voices=voices, fallback=second) as call:
        await ask(call)
        await answered(call)
        assert spoken_by(engines) == (["Hello there."], ["It rains."])


class ContextTts(BreakingTts):
    """Takes a reply's texts as they come and knows when it says each word. Its plan is for texts; the sound of a text
    ends with `tail_ms` of silence, which comes with it."""

    info = TtsInfo("fake", voices=("anna",), contexts=True, word_times="exact")
    tail_ms = 120

    def open(self, voice: VoiceSpec) -> "FakeContext":
        return FakeContext(self)


class FakeContext:
    def __init__(self, tts: ContextTts) -> None:
        self._tts = tts
        self._texts: asyncio.Queue[str | None] = asyncio.Queue()

    async def say(self, text: str) -> None:
        self._texts.put_nowait(text)

    async def finish(self) -> None:
        self._texts.put_nowait(None)

    async def aclose(self) -> None:
        pass

    async def __aiter__(self) -> AsyncIterator[bytes | SpokenWord]:
        tts, at_ms = self._tts, 0
        while (text := await self._texts.get()) is not None:
            does = tts.plan.pop(0) if tts.plan else None
            tts.sounded.append((text, 0))
            if does == "stall":
                await asyncio.sleep(1e6)
            if does is not None:
                if isinstance(does, int):
                    tts.sounded[-1] = text, does
                    yield b"\x10\x20" * (does * 24)
                raise tts.error
            ms = len(text) * 50
            words = text.split()
            for number, word in enumerate(words):
                yield SpokenWord(word, at_ms + ms * number // len(words), at_ms + ms * (number + 1) // len(words))
            yield b"\x10\x20" * (ms * 24) + bytes(tts.tail_ms * 48)
            tts.sounded[-1] = text, ms
            at_ms += ms + tts.tail_ms


@pytest.mark.parametrize(
    ("plan", "by_first"), [(["raise"], 0), (["stall"], 0), ([None, "raise"], 1), ([None, "stall"], 1)]
)
def test_a_voice_with_contexts_is_replaced_between_its_sentences(plan: list[Any], by_first: int) -> None:
    @in_virtual_time
    async def run() -> None:
        engines = FakeEngines(llm=FakeLlm(ANSWER), tts={"fake": ContextTts(*plan), "other": OtherTts()})
        async with Call(engines=engines, fallback={"voices": SECOND_VOICE}) as call:
            await ask(call)
            await answered(call)
            assert call.answers == [ANSWER]
            assert spoken_by(engines) == (SENTENCES[:by_first], SENTENCES[by_first:])

    run()


@in_virtual_time
async def test_a_voice_with_contexts_that_breaks_off_in_a_sentence_is_not_replaced_there() -> None:
    engines = FakeEngines(llm=FakeLlm(ANSWER), tts={"fake": ContextTts(None, 400), "other": OtherTts()})
    async with Call(engines=engines, fallback={"voices": SECOND_VOICE}, apology="Sorry.") as call:
        await ask(call)
        await call.until(lambda: "Sorry." in call.answers)
        await call.quiet(2_000)
        assert spoken_by(engines) == (SENTENCES[:2], ["Sorry."])


LONG = "Under an old oak by the quiet river, some young wolves sang very loudly until morning came."
POOL = ["It ran.", "A fox appeared.", "Where was he?", "Nobody knew that!", LONG, "Rain fell."]


class Reply:
    """Reply `number` of an agent with two voices, which says the text."""

    def __init__(self, number: int, text: str, first: FakeTts, second: FakeTts, fallbacks: Fallbacks) -> None:
        agent = Agent.model_validate(
            {"llm_model": "x", "voices": {"character": {"model": "fake"}}, "fallback": {"voices": SECOND_VOICE}}
        )
        playback = Playback(Line(FakeDoor()), lambda _: None, asyncio.get_running_loop().time)
        playback.open(number)
        playback.release(number, number)
        self.facts: list[Any] = []
        self.voice = ReplyVoice(
            number, agent, {"fake": first, "other": second}, playback, 24_000, self.facts.append, lambda _: None,
            Spoken("en", "en"), fallbacks=fallbacks,
        )  # fmt: skip
        self.writer = ReplyWriter(
            number, agent, None, FakeLlm(text), self.voice, playback, self.facts.append, lambda _: None,
            fallbacks=fallbacks,
        )  # fmt: skip

    async def say(self) -> str:
        """The words that it tells as spoken."""
        writing = asyncio.create_task(self.writer.answer(()))
        with contextlib.suppress(EngineError):
            await self.voice.speak()
        writing.cancel()
        await asyncio.gather(writing, return_exceptions=True)
        texts = {fact.piece: fact.text for fact in self.facts if isinstance(fact, ReplyText)}
        return "".join(texts[fact.piece] for fact in self.facts if isinstance(fact, PieceVoiced)).strip()


@given(
    plan=st.lists(st.sampled_from([None, None, "raise", "stall", 0, 80, 400]), max_size=8),
    sentences=st.permutations(POOL),
    cut=st.integers(1, len(POOL)),
)
def test_whatever_fails_when_no_sentence_has_two_voices_and_no_word_is_lost_or_said_twice(
    plan: Sequence[Any], sentences: list[str], cut: int
) -> None:
    @in_virtual_time
    async def run() -> None:
        first, second, fallbacks = BreakingTts(*plan), OtherTts(), Fallbacks()
        for number, part in enumerate(filter(None, (sentences[:cut], sentences[cut:])), 1):
            first.sounded.clear()
            second.spoken.clear()
            reply = " ".join(part)
            told = await Reply(number, reply, first, second, fallbacks).say()
            by_first, by_second = [text for text, ms in first.sounded if ms], [text for text, _ in second.spoken]
            whole = [text for text, ms in first.sounded if ms == len(text) * 50]
            heard = " ".join([*by_first, *by_second])
            assert _bare(reply).startswith(_bare(heard)), "every word once, in order"
            assert _bare(told) == _bare(" ".join([*whole, *by_second])), "the history has what was spoken whole"
            for sentence in part:
                assert not (_share(sentence, by_first) and _share(sentence, by_second)), "it has two voices"
            broke_off = whole != by_first or (_share(LONG, whole) and "came" not in whole[-1])
            assert broke_off or _bare(heard) == _bare(reply), "only what follows a break is lost"
        assert first.open_streams == second.open_streams == 0

    run()


def _bare(text: str) -> str:
    """Its words: a comma at a clause's end is not spoken."""
    return " ".join(re.findall(r"\w+", text))


def _share(sentence: str, spoken: list[str]) -> bool:
    """Some words of the sentence were spoken: no other sentence has them."""
    return not set(_bare(sentence).split()).isdisjoint(_bare(" ".join(spoken)).split())


# ---- the ear ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("broken", [{"fault": DOWN}, {"fault": REFUSED}, {"flush_s": 60.0}])
def test_the_second_ear_hears_the_turn(broken: dict[str, Any]) -> None:
    @in_virtual_time
    async def run() -> None:
        first, second, fallbacks, uses = (
            FakeStt("wrong", **broken),
            FakeStt("tell me a story please now"),
            Fallbacks(),
            Uses(),
        )
        second.info = replace(FakeStt.info, name="other")  # type: ignore[misc]
        engines = FakeEngines()
        engines.stt = TwoEars(NamedStt("fake", first), NamedStt("spare", second), fallbacks, 2.5)  # type: ignore[assignment]
        call = Call(engines=engines, observers=[uses])
        task = asyncio.ensure_future(call.session.run())
        await call.speak(1_200)
        await call.until(lambda: call.answers)
        assert call.said == ["tell me a story please now"]
        heard = [(use.provider, use.model) for use in uses.uses if use.kind == "stt"]
        assert ("other", "spare") in heard
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        assert first.open_streams == second.open_streams == 0

    run()
