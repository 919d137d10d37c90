"""What judges are given of the person's turn."""

import pytest

from tests.fakes.call import Call, FakeEngines
from tests.fakes.clock import in_virtual_time
from tests.fakes.engines import FakeVoiceJudge
from voi.engines.info import VoiceJudgeInfo


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
