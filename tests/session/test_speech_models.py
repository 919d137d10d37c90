"""Conversations with a speech-to-speech model whose server misbehaves as real ones do."""

import asyncio
import random
from typing import Any

import pytest

from tests.fakes.call import Call, FakeEngines
from tests.fakes.clock import in_virtual_time
from tests.fakes.engines import FakeLlm, FakeStt, FakeTts
from tests.fakes.realtime_server import FakeRealtime, Item, Spoken, words_in
from voi.core.facts import AnswerAsked, TextTyped
from voi.dialogue import Message, ToolCall
from voi.errors import EngineError
from voi.session import events
from voi.session.brain import SpeechModelBrain
from voi.session.failure import Failure
from voi.session.observer import Observer
from voi.use import Use

SAID = "tell me a story please now"
STORY = "Once upon a time there was a fox. It ran away and hid."
SORRY = "Sorry, I lost the thread."
BRAIN = {"model": "gpt-realtime", "voice": "marin"}
GUARD = {"model": "pattern_matching", "denial_phrases": ["as an AI"], "giveup_after": 1, "giveup_response": ["Well."]}
WORDS = ("with", "first", "ahead", "late", "last")


class Seen(Observer):
    """What was counted."""

    def __init__(self) -> None:
        self.failures: list[Failure] = []
        self.uses: list[Use] = []

    def failure(self, failure: Failure) -> None:
        self.failures.append(failure)

    def usage(self, use: Use) -> None:
        self.uses.append(use)


def call_with(server: FakeRealtime, *said: str, brain: dict[str, Any] | None = None, **more: Any) -> Call:
    engines = more.pop("engines", None) or FakeEngines(stt=FakeStt(*(said or (SAID,))))
    return Call(
        engines=engines,
        make_brain=lambda around: SpeechModelBrain(around, server.connect),
        brain={**BRAIN, **(brain or {})},
        **{"apology": SORRY, **more},
    )


def shape(items: list[Item]) -> list[str]:
    """The dialogue as the server has it, in short: sound or words, by whom."""
    shown = []
    for item in items:
        part = (item.get("content") or [{}])[0]
        text = part.get("text") or part.get("transcript") or ""
        kind = "sound" if part.get("type") in ("input_audio", "output_audio") else item["type"]
        shown.append(f"{item.get('role', '')}:{kind}:{text or item.get('output', '') or item.get('name', '')}")
    return shown


def plain(answers: list[str]) -> list[str]:
    return [" ".join(answer.split()) for answer in answers]


async def turn(call: Call, ms: int = 1_200) -> None:
    """The person speaks, and hears the answer to its end."""
    played = len(call.door.all(events.SoundPlayed))
    await call.speak(ms)
    await call.until(lambda: len(call.door.all(events.SoundPlayed)) > played, 30_000)
    await call.quiet(100)


# ---- what the model is given ------------------------------------------------------------------------


@in_virtual_time
async def test_the_model_hears_the_turn_and_knows_its_own_answers() -> None:
    server = FakeRealtime([Spoken(STORY), Spoken("Fine.")])
    async with call_with(server) as call:
        await turn(call)
        await turn(call)
    assert [shape(asked) for asked in server.asked] == [
        ["user:sound:"],
        ["user:sound:", f"assistant:sound:{STORY}", "user:sound:"],
    ]
    sound = server.asked[0][0]["content"][0]
    assert 1_200 <= sound["ms"] <= 1_600
    assert not server.errors
    assert server.connects == 1
    created = [event for event in server.session.events if event["type"] == "conversation.item.create"]
    assert not created
    settings = server.session.settings
    assert settings["audio"]["input"]["turn_detection"] is None
    assert settings["audio"]["output"]["voice"] == "marin"
    assert settings["instructions"] == "You tell stories."


@in_virtual_time
async def test_a_draft_that_is_dropped_leaves_nothing_behind_and_no_sound_is_sent_twice() -> None:
    server = FakeRealtime([Spoken(STORY), Spoken("Fine.")])
    async with call_with(server, turn={"min_silence_ms": 600, "silence_ms": 900}) as call:
        await call.speak(1_000)
        await call.quiet(400)  # a draft is begun, and dropped
        assert len(server.asked) == 1
        await turn(call, 600)
        assert plain(call.answers) == ["Fine."]
    assert shape(server.asked[-1]) == ["user:sound:", "user:sound:"]
    assert sum(item["content"][0]["ms"] for item in server.asked[-1]) < 2_400
    assert not server.errors


@in_virtual_time
async def test_without_speculation_each_turn_is_asked_about_once() -> None:
    server = FakeRealtime([Spoken(STORY)])
    async with call_with(server, turn={"speculate": False, "min_silence_ms": 600, "silence_ms": 900}) as call:
        await call.speak(1_000)
        await call.quiet(400)
        await turn(call, 600)
    assert len(server.asked) == 1
    assert shape(server.asked[0]) == ["user:sound:"]


@in_virtual_time
async def test_a_model_may_be_given_the_words_alone() -> None:
    server = FakeRealtime([Spoken(STORY)])
    async with call_with(server, brain={"hears": "text"}) as call:
        await turn(call)
    assert shape(server.asked[0]) == [f"user:message:{SAID}"]
    assert not [event for event in server.session.events if event["type"].startswith("input_audio")]


@in_virtual_time
async def test_an_agent_that_takes_down_private_values_sends_no_sound() -> None:
    pin = {"kind": "code", "pattern": "9999", "private": True}
    server = FakeRealtime([Spoken(STORY)])
    async with call_with(server, configured={"note": {"capture": {"slots": {"pin": pin}}}}) as call:
        await turn(call)
    assert shape(server.asked[0]) == [f"user:message:{SAID}"]
    assert not [event for event in server.session.events if event["type"].startswith("input_audio")]


@in_virtual_time
async def test_what_is_typed_goes_as_text_and_noise_is_cleared() -> None:
    server = FakeRealtime([Spoken(STORY)])
    async with call_with(server, "") as call:
        await call.speak(400)  # a cough
        await call.quiet(1_500)
        call.session.tell(TextTyped("Tell me a story."))
        call.session.tell(AnswerAsked())
        await call.until(lambda: call.door.all(events.SoundPlayed))
    assert shape(server.asked[0]) == ["user:message:Tell me a story."]
    assert not server.errors


@in_virtual_time
async def test_where_nobody_wants_sound_the_model_writes() -> None:
    server = FakeRealtime([Spoken(STORY)])
    async with call_with(server, options={"silent": True}) as call:
        await call.speak(1_200)
        await call.until(lambda: STORY in plain(call.answers))
        assert not call.door.all(events.Sound)
    assert server.session.settings["output_modalities"] == ["text"]


# ---- words and sound, in any order ------------------------------------------------------------------


@pytest.mark.parametrize("words", WORDS)
@in_virtual_time
async def test_the_answer_is_shown_and_heard_whole(words: Any) -> None:
    server = FakeRealtime([Spoken(STORY, words=words)])
    async with call_with(server) as call:
        await turn(call)
        assert plain(call.answers) == [STORY]
        assert words_in(_heard(call)) == set(range(13))


@pytest.mark.parametrize("words", WORDS)
@in_virtual_time
async def test_of_what_is_denied_not_a_word_is_heard(words: Any) -> None:
    denied = "Well now, let us see about it. As an AI I cannot tell stories."
    server = FakeRealtime([Spoken(denied, words=words)])
    async with call_with(server, control=GUARD) as call:
        await call.speak(1_200)
        await call.quiet(6_000)
        assert not [text for text in call.door.texts() if "AI" in text]
        assert not [number for number in words_in(_heard(call, model=True)) if number >= 7]
        assert "Well." in call.answers[-1]


@in_virtual_time
async def test_words_that_are_told_only_at_the_end_are_guarded_too() -> None:
    server = FakeRealtime([Spoken("As an AI I cannot tell stories.", words="gap")])
    async with call_with(server, control=GUARD) as call:
        await call.speak(1_200)
        await call.quiet(6_000)
        assert call.answers[-1].endswith("Well.")


@in_virtual_time
async def test_with_a_guard_harmless_answers_are_heard_whole() -> None:
    for words in WORDS:
        server = FakeRealtime([Spoken(STORY, words=words)])
        async with call_with(server, control=GUARD) as call:
            await turn(call)
            assert plain(call.answers) == [STORY]
            assert words_in(_heard(call)) == set(range(13))


@in_virtual_time
async def test_a_speech_without_a_transcript_is_transcribed_and_guarded() -> None:
    server = FakeRealtime([Spoken(STORY, words="never")])
    engines = FakeEngines(stt=FakeStt(SAID, "I am speaking as an AI of course"))
    async with call_with(server, engines=engines, control=GUARD) as call:
        await call.speak(1_200)
        await call.quiet(6_000)
        assert not words_in(_heard(call, model=True))
        assert "Well." in call.answers[-1]


@in_virtual_time
async def test_a_speech_whose_words_nobody_knows_is_not_heard_where_words_are_guarded() -> None:
    server = FakeRealtime([Spoken(STORY, words="never")])
    seen = Seen()
    engines = FakeEngines(stt=FakeStt(SAID, ""))
    async with call_with(server, engines=engines, control=GUARD, observers=[seen]) as call:
        await call.speak(1_200)
        await call.until(lambda: SORRY in call.answers)
        assert not words_in(_heard(call, model=True))
    assert [(each.kind, each.engine, each.model) for each in seen.failures] == [
        ("llm", "openai-realtime", "gpt-realtime")
    ]


@in_virtual_time
async def test_a_speech_whose_words_nobody_knows_is_heard_otherwise() -> None:
    server = FakeRealtime([Spoken(STORY, words="never"), Spoken("Fine.")])
    async with call_with(server, engines=FakeEngines(stt=FakeStt(SAID, "", SAID))) as call:
        await turn(call)
        assert call.answers == ["…"]
        await turn(call)
    assert plain(call.answers) == ["…", "Fine."]


@pytest.mark.parametrize("words", ["with", "first", "ahead"])
@in_virtual_time
async def test_who_speaks_over_it_leaves_the_words_that_were_heard(words: Any) -> None:
    server = FakeRealtime([Spoken(STORY, words=words), Spoken("Fine.")])
    async with call_with(server) as call:
        await call.speak(1_200)
        await call.until(lambda: call.door.all(events.Sound))
        await call.quiet(2_000)
        await call.speak(1_200)
        await call.until(lambda: "Fine." in call.answers)
        cleared = call.door.all(events.SoundCleared)[0]
        heard = call.answers[0].removesuffix("... (interrupted)").split()
        assert heard == STORY.split()[: len(heard)]
        assert abs(sum(len(word) for word in heard) * 70 - cleared.played_ms) < 500
    cut = [event for event in server.session.events if event["type"] == "conversation.item.truncate"]
    assert cut[0]["audio_end_ms"] == cleared.played_ms
    assert shape(server.asked[-1]) == ["user:sound:", "assistant:sound:", "user:sound:"]
    assert not server.errors


LONG = (
    "Well, let me think about that for a moment. Once upon a time there was a fox who lived in a den by the river, and "
    "every morning it went down to the water to drink. One day it met a heron there, and they became friends."
)


@pytest.mark.parametrize(
    ("words", "speed", "first_ms", "guarded_ms", "gaps_ms"),
    [
        ("with", 4, 520, 1_060, 0), ("with", 2, 620, 1_660, 1_600), ("ahead", 4, 520, 920, 0),
        ("first", 4, 520, 580, 0), ("last", 4, 520, 3_460, 0),
    ],
)  # fmt: skip
@in_virtual_time
async def test_what_the_guard_costs(words: Any, speed: float, first_ms: int, guarded_ms: int, gaps_ms: int) -> None:
    """The figures of docs/speech-to-speech.md: from the person's last word to the first sound, and the gaps in 14 s."""
    for control, expected_ms, gaps in ((None, first_ms, 0), (GUARD, guarded_ms, gaps_ms)):
        server = FakeRealtime([Spoken(LONG, words=words, speed=speed)], delay_s=0.3)
        async with call_with(server, control=control) as call:
            await call.quiet(1_000)
            before_ms = await _spoken_ms(call)
            await call.until(lambda call=call: call.door.all(events.SoundPlayed), 60_000)  # type: ignore[misc]
            sounds = [(ms, len(event.pcm) / 48) for ms, event in call.door if isinstance(event, events.Sound)]
            assert abs(sounds[0][0] - before_ms - expected_ms) <= 60
            ends_ms, silent_ms = float(sounds[0][0]), 0.0
            for ms, length_ms in sounds:
                silent_ms += max(0.0, ms - ends_ms)
                ends_ms = max(ends_ms, ms) + length_ms
            assert abs(silent_ms - gaps) <= 100


@in_virtual_time
async def test_what_speculation_gains() -> None:
    heard_ms = []
    for speculate in (True, False):
        server = FakeRealtime([Spoken(LONG)], delay_s=0.3)
        async with call_with(server, turn={"speculate": speculate}) as call:
            await call.quiet(1_000)
            before_ms = await _spoken_ms(call)
            await call.until(lambda call=call: call.door.all(events.Sound))  # type: ignore[misc]
            heard_ms.append(next(ms for ms, event in call.door if isinstance(event, events.Sound)) - before_ms)
    assert 150 <= heard_ms[1] - heard_ms[0] <= 250


async def _spoken_ms(call: Call) -> int:
    """The person speaks. Returns when they have, on the door's clock."""
    await call.speak(1_200)
    return round((call.loop.time() - call.door._opened_s) * 1_000)


@in_virtual_time
async def test_an_answer_that_is_still_being_made_is_cancelled_before_it_is_cut() -> None:
    server = FakeRealtime([Spoken(LONG, speed=1.2), Spoken("Fine.")])
    async with call_with(server) as call:
        await call.speak(1_200)
        await call.until(lambda: call.door.all(events.Sound))
        await call.quiet(2_000)
        await call.speak(1_200)
        await call.until(lambda: "Fine." in call.answers)
    told = [event["type"] for event in server.session.events]
    assert told.count("response.cancel") == 1
    assert told.index("response.cancel") < told.index("conversation.item.truncate")
    assert shape(server.asked[-1]) == ["user:sound:", "assistant:sound:", "user:sound:"]
    assert not server.errors


# ---- tools ------------------------------------------------------------------------------------------


def tool_server(*more: Spoken) -> FakeRealtime:
    call = ToolCall("call_1", "clock", '{"zone": "UTC"}')
    return FakeRealtime([*more, Spoken("Let me look.", (call,)), Spoken("It is noon.")])


@in_virtual_time
async def test_a_tool_runs_once_and_its_result_goes_back() -> None:
    ran: list[str] = []

    async def clock(arguments: str) -> str:
        ran.append(arguments)
        await asyncio.sleep(0.5)
        return "noon"

    server = tool_server()
    async with call_with(server, tools={"clock": clock}) as call:
        await call.speak(1_200)
        await call.until(lambda: "It is noon." in call.answers)
    assert ran == ['{"zone": "UTC"}']
    assert shape(server.asked[-1]) == [
        "user:sound:", "assistant:sound:Let me look.", ":function_call:clock", ":function_call_output:noon",
    ]  # fmt: skip
    assert server.session.settings["tools"][0]["name"] == "clock"
    assert not server.errors


@in_virtual_time
async def test_a_tool_runs_once_whatever_is_dropped_denied_and_tried_again() -> None:
    """Drafts are dropped, answers denied, connections lost: by chance, many times."""
    chance = random.Random(7)
    for _ in range(25):
        ran: list[str] = []

        async def clock(arguments: str, ran: list[str] = ran) -> str:
            ran.append(arguments)
            await asyncio.sleep(chance.choice([0, 0.3]))
            return "noon"

        broken = [Spoken("Hm.", (ToolCall("x", "clock", '{"zone": "X"}'),), breaks="drop", at=0)]
        denied = [Spoken("As an AI I look.", (ToolCall("y", "clock", '{"zone": "Y"}'),))]
        server = tool_server(*chance.choice([[], broken, denied, denied + broken]))
        guard = {**GUARD, "giveup_after": 5}
        turn_rules = {"min_silence_ms": 600, "silence_ms": 900}
        async with call_with(server, control=guard, turn=turn_rules, tools={"clock": clock}) as call:
            await call.speak(600)
            await call.quiet(chance.choice([60, 200, 300, 400, 480]))
            await call.speak(600)
            await call.until(lambda call=call: "It is noon." in call.answers)  # type: ignore[misc]
            await call.quiet(500)
        assert ran == ['{"zone": "UTC"}']


# ---- failures ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["drop", "stall", "garbage", "no_sound"])
@in_virtual_time
async def test_an_answer_that_breaks_is_apologized_for_once_and_the_talk_goes_on(how: str) -> None:
    server = FakeRealtime([Spoken(STORY, breaks=how, at=8, speed=1.2), Spoken("Fine.")])
    seen = Seen()
    async with call_with(server, observers=[seen]) as call:
        await call.speak(1_200)
        await call.until(lambda: SORRY in call.answers, 30_000)
        assert len(seen.failures) == 1
        await call.until(lambda: call.session.idle, 10_000)
        await turn(call)
        assert "Fine." in call.answers
    assert [(each.kind, each.engine) for each in seen.failures] == [("llm", "openai-realtime")]
    last = shape(server.asked[-1])
    assert last[-1] == "user:sound:"
    assert any(each.endswith(SORRY) for each in last)


@in_virtual_time
async def test_an_answer_that_breaks_after_its_first_sound_is_not_begun_twice() -> None:
    server = FakeRealtime([Spoken(STORY, breaks="drop", at=2, speed=1.2), Spoken("Fine.")])
    async with call_with(server) as call:
        await call.speak(1_200)
        await call.until(lambda: SORRY in call.answers, 30_000)
        assert not [number for number in words_in(_heard(call, model=True)) if number > 1]


@in_virtual_time
async def test_a_draft_that_breaks_is_asked_for_again_and_nobody_notices() -> None:
    server = FakeRealtime([Spoken(STORY, breaks="drop", at=2), Spoken(STORY)])
    seen = Seen()
    rules = {"min_silence_ms": 900, "silence_ms": 1_200}
    async with call_with(server, observers=[seen], turn=rules) as call:
        await turn(call)
        assert plain(call.answers) == [STORY]
        assert words_in(_heard(call)) == set(range(13))
    assert len(seen.failures) == 1


@in_virtual_time
async def test_a_connection_that_is_lost_before_the_answer_begins_is_not_noticed() -> None:
    server = FakeRealtime([Spoken(STORY, breaks="drop", at=0), Spoken(STORY)])
    seen = Seen()
    async with call_with(server, observers=[seen]) as call:
        await turn(call)
        assert plain(call.answers) == [STORY]
    assert server.connects == 2
    assert shape(server.asked[-1]) == [f"user:message:{SAID}"]  # its sound is lost with the connection
    assert len(seen.failures) == 1


@pytest.mark.parametrize("how", ["rate_limit", "refused"])
@in_virtual_time
async def test_a_rate_limit_is_tried_again_once_and_then_apologized_for(how: str) -> None:
    for often, said in ((1, STORY), (9, SORRY)):
        server = FakeRealtime([*[Spoken(STORY, breaks=how)] * often, Spoken(STORY)])
        seen = Seen()
        async with call_with(server, observers=[seen], turn={"speculate": False}) as call:
            await call.speak(1_200)
            await call.until(lambda call=call, said=said: said in plain(call.answers))  # type: ignore[misc]
        assert len(server.requests) == min(often + 1, 2)
        assert len(seen.failures) == (said == SORRY)
        assert all("rate limit" in each.message for each in seen.failures)


@in_virtual_time
async def test_a_session_that_expires_is_followed_by_another_one() -> None:
    server = FakeRealtime([Spoken(STORY), Spoken("Fine.")])
    seen = Seen()
    async with call_with(server, observers=[seen], idle_limit_s=0) as call:
        await turn(call)
        await asyncio.sleep(3_600)
        await call.quiet(500)
        assert server.connects == 2
        await turn(call)
        assert "Fine." in call.answers
    assert shape(server.asked[-1]) == [f"user:message:{SAID}", f"assistant:message:{STORY}", "user:sound:"]
    assert len(seen.failures) == 1


@in_virtual_time
async def test_a_server_that_cannot_be_reached_is_waited_for_with_pauses_and_then_given_up() -> None:
    server = FakeRealtime([Spoken(STORY)], refuses=[EngineError("not now", retryable=True)] * 1_000)
    seen = Seen()
    async with call_with(server, observers=[seen]) as call:
        await call.speak(1_200)
        await call.until(lambda: SORRY in call.answers, 20_000)
        assert len(seen.failures) == 1
        assert server.connects < 15
        server.refuses.clear()
        await call.until(lambda: call.session.idle)
        await turn(call)
        assert STORY in plain(call.answers)


@in_virtual_time
async def test_a_refused_key_is_not_tried_again() -> None:
    server = FakeRealtime([Spoken(STORY)], refuses=[EngineError("the key was refused")] * 3)
    async with call_with(server) as call:
        await call.speak(1_200)
        await call.until(lambda: SORRY in call.answers)
        assert "the key was refused" in call.door.errors()[0]
    assert server.connects <= 3


# ---- around it --------------------------------------------------------------------------------------


@in_virtual_time
async def test_phrases_are_said_by_the_voices_of_the_agent_or_by_the_model_itself() -> None:
    greeting = {"greetings": {"choices": ["Hello there."]}, "greet": True}
    for voices, own in (({"character": {"model": "fake", "voice": "anna"}}, True), (None, False)):
        server = FakeRealtime([Spoken(STORY)])
        tts = FakeTts()
        engines = FakeEngines(stt=FakeStt(SAID), tts={"fake": tts})
        async with call_with(server, engines=engines, voices=voices, **greeting) as call:
            await call.until(lambda call=call: call.door.all(events.SoundPlayed))  # type: ignore[misc]
            assert plain(call.answers) == ["Hello there."]
            assert bool(tts.spoken) == own
            await turn(call)
            assert plain(call.answers) == ["Hello there.", STORY]
        assert shape(server.asked[-1]) == ["assistant:message:Hello there.", "user:sound:"]
        assert not server.errors


@in_virtual_time
async def test_another_agent_goes_on_with_its_own_model_or_with_none() -> None:
    hand_over = {"hand_over": {"builtin": "switch_agent", "agents": ["other"]}}
    for other_brain in ({"model": "second"}, None):
        server = FakeRealtime(
            [Spoken("", (ToolCall("h", "hand_over", '{"agent": "other"}'),)), Spoken("I am another.")]
        )
        other = {"llm_model": "fake", "system_prompt": "You are another.", "brain": other_brain}
        engines = FakeEngines(stt=FakeStt(SAID), llm=FakeLlm("I am no model."))
        async with call_with(server, engines=engines, configured=hand_over, others={"other": other}) as call:
            await call.speak(1_200)
            said = "I am another." if other_brain else "I am no model."
            await call.until(lambda call=call, said=said: said in plain(call.answers))  # type: ignore[misc]
            await call.quiet(500)
            assert server.open_sessions == bool(other_brain)
        assert server.connects == (2 if other_brain else 1)
        if other_brain:
            assert server.session.settings["instructions"] == "You are another."
            assert shape(server.asked[-1])[0] == f"user:message:{SAID}"


@in_virtual_time
async def test_excerpts_of_files_are_instructions_for_one_answer() -> None:
    server = FakeRealtime([Spoken(STORY), Spoken("Fine.")])
    async with call_with(server) as call:
        models = call.session._brain._models  # type: ignore[union-attr]

        async def add(messages: tuple[Message, ...]) -> tuple[Message, ...]:
            return (*messages[:-1], Message("user", f"Excerpts: foxes are red. {messages[-1].text}"))

        adding = models.adding
        models.adding = lambda reply, _: adding(reply, add)
        await turn(call)
    assert server.requests[0]["instructions"].startswith("You tell stories.\n\nExcerpts: foxes are red.")
    assert shape(server.asked[0]) == ["user:sound:"]


@in_virtual_time
async def test_what_it_costs_is_counted_for_dropped_drafts_too() -> None:
    server = FakeRealtime([Spoken(STORY), Spoken("Fine.")])
    seen = Seen()
    async with call_with(server, observers=[seen], turn={"min_silence_ms": 600, "silence_ms": 900}) as call:
        await call.speak(1_000)
        await call.quiet(500)
        await turn(call, 600)
    used = [use for use in seen.uses if use.provider == "openai-realtime"]
    assert len([use for use in used if use.model == "gpt-realtime"]) == 2
    assert {(use.input_tokens, use.output_tokens) for use in used if use.model == "gpt-realtime"} == {(36, 12)}
    assert sum(use.input_tokens for use in used if use.model == "gpt-realtime/cached") == 128
    assert sum(use.sound_ms for use in used if use.model == "gpt-realtime/audio") > 350


@in_virtual_time
async def test_a_judge_of_sentences_is_asked_and_not_the_model() -> None:
    judge = {"model": "judge", "system_prompt": "Judge.", "denial_classes": ["denial"], "giveup_after": 1}
    server = FakeRealtime([Spoken(STORY)])
    engines = FakeEngines(stt=FakeStt(SAID), llm=FakeLlm('{"class": "fine"}'))
    async with call_with(server, engines=engines, control=judge) as call:
        await turn(call)
        assert plain(call.answers) == [STORY]
    assert {request.model for request in engines.llm.requests} == {"judge"}
    assert len(server.asked) == 1


@in_virtual_time
async def test_nothing_is_left_when_the_call_ends_in_the_middle() -> None:
    for ms in (50, 500, 1_400, 1_700, 2_600):
        server = FakeRealtime([Spoken(STORY)])
        async with call_with(server) as call:
            await call.speak(min(ms, 1_200))
            await call.quiet(max(0, ms - 1_200))
        assert server.open_sessions == 0


def _heard(call: Call, *, model: bool = False) -> bytes:
    """All sound that the door was given. `model`: without that of our own voices."""
    pcm = b"".join(sound.pcm for sound in call.door.all(events.Sound))
    return pcm.replace(b"\x10\x20", b"") if model else pcm
