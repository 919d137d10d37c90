"""What judges are given of the person's turn."""

import pytest

from tests.fakes.call import Call, FakeEngines
from tests.fakes.clock import in_virtual_time
from tests.fakes.engines import FakeStt, FakeTurnDetector, FakeVoiceJudge
from voi.engines.info import SttInfo, VoiceJudgeInfo


@pytest.mark.parametrize("vad", ["", "fake", "another"])
@in_virtual_time
async def test_a_voice_judge_is_given_the_probabilities_of_the_vad_that_it_names(vad: str) -> None:
    judge = FakeVoiceJudge((0.9, 0.1))
    judge.info = VoiceJudgeInfo("fake", vad=vad)
    async with Call(engines=FakeEngines(voice=judge)) as call:
        await call.quiet(480)
        await call.speak(640)
        await call.until(lambda: judge.asked)
        sound_ms, _ = judge.asked[0]
        assert len(judge.known[0]) == (sound_ms // 32 if vad == "fake" else 0)


@pytest.mark.parametrize("says", [0.97, None])
@in_virtual_time
async def test_an_ear_that_judges_turns_is_believed_in_place_of_the_turn_detector(says: float | None) -> None:
    stt, turn = FakeStt("Good morning to you all."), FakeTurnDetector(0.02)
    stt.info, stt.turn_end = SttInfo("fake", judges_turns=True), says
    async with Call(engines=FakeEngines(stt=stt, turn=turn)) as call:
        await call.quiet(480)
        await call.speak(1_200)
        await call.quiet(640)
        await call.until(lambda: stt.streams)
        assert bool(turn.heard) == (says is None)


@in_virtual_time
async def test_an_ear_is_believed_for_the_pause_that_it_spoke_of_alone() -> None:
    stt, turn = FakeStt("Good morning to you all, and to those who come later."), FakeTurnDetector(0.02)
    stt.info, stt.turn_end = SttInfo("fake", judges_turns=True), 0.03
    async with Call(engines=FakeEngines(stt=stt, turn=turn)) as call:
        await call.quiet(480)
        await call.speak(1_000)
        await call.quiet(160)
        assert not turn.heard
        stt.turn_end = None
        await call.speak(1_000)
        await call.quiet(320)
        assert len(turn.heard) == 1, "what it said of the first pause does not count for the second"
