"""Turn detectors and voice judges that hang, crash and come back."""

import asyncio
from typing import Any

import pytest

from tests.fakes.clock import in_virtual_time
from voi.engines import supervisor
from voi.engines.info import TurnInfo, VoiceJudgeInfo
from voi.engines.supervised_judges import TRIAL_SOUND, SupervisedTurnDetector, SupervisedVoiceJudge
from voi.engines.supervisor import CLOSE_DEADLINE_S, FIRST_WAIT_S, IMPATIENT_S
from voi.errors import EngineError

CALLERS_PATIENCE_S = 3.0


class Judge:
    """Both kinds at once. It works, hangs or crashes."""

    info: Any = None
    encoder: Any = None

    def __init__(self, does: str) -> None:
        self.does = does
        self.asked: list[bytes] = []

    async def warm_up(self) -> None: ...

    async def close(self) -> None: ...

    async def _answer(self, pcm: bytes, answer: Any) -> Any:
        self.asked.append(pcm)
        if self.does == "hangs":
            await asyncio.sleep(1e6)
        if self.does == "crashes":
            raise ValueError("a bug")
        if self.does == "refuses":
            raise EngineError("No.")
        return answer

    async def probability(self, pcm: bytes) -> float:
        return float(await self._answer(pcm, 0.75))

    async def encode(self, pcm: bytes) -> Any:
        return await self._answer(pcm, "vector")

    async def judge(self, pcm: bytes, voice_ms: int, *known: Any) -> tuple[float, float]:
        self.known = known
        heard: tuple[float, float] = await self._answer(pcm, (0.9, 0.1))
        return heard


class Turn(Judge):
    info = TurnInfo("turn", encodes=True)


class VoiceTaker(Judge):
    info = VoiceJudgeInfo("voice", takes_encoder=True)


class CloudTurn(Judge):
    info = TurnInfo("cloud", cloud=True)


def kept(kind: type[Judge], *plans: str) -> tuple[Any, list[Judge]]:
    """A supervised judge; the n-th that is made does what the n-th plan says, and later ones work."""
    made: list[Judge] = []

    def make() -> Any:
        made.append(kind(plans[len(made)] if len(made) < len(plans) else "works"))
        return made[-1]

    return (SupervisedVoiceJudge if kind is VoiceTaker else SupervisedTurnDetector)(make), made


async def ask(judge: Any) -> Any:
    """As a conversation does, which waits for a few seconds at most."""
    async with asyncio.timeout(CALLERS_PATIENCE_S):
        return await (
            judge.judge(b"sound", 256) if isinstance(judge, SupervisedVoiceJudge) else judge.probability(b"sound")
        )


@pytest.mark.parametrize(("kind", "answer"), [(Turn, 0.75), (VoiceTaker, (0.9, 0.1))])
@in_virtual_time
async def test_one_that_crashes_is_made_again(kind: type[Judge], answer: Any) -> None:
    judge, made = kept(kind, "crashes")
    await judge.warm_up()
    with pytest.raises(EngineError, match="crashed: ValueError"):
        await ask(judge)
    with pytest.raises(EngineError, match="being restarted"):
        await ask(judge)
    await asyncio.sleep(2 * FIRST_WAIT_S)
    assert await ask(judge) == answer
    assert (len(made), judge.supervisor.restarts, judge.restarting) == (2, 1, False)
    await judge.close()


@pytest.mark.parametrize("kind", [Turn, VoiceTaker])
@in_virtual_time
async def test_one_that_hangs_is_tried_and_made_again(kind: type[Judge]) -> None:
    judge, made = kept(kind, "hangs")
    await judge.warm_up()
    assert CALLERS_PATIENCE_S > IMPATIENT_S
    with pytest.raises(TimeoutError):
        await ask(judge)
    await asyncio.sleep(supervisor.DEADLINE_S + CLOSE_DEADLINE_S + 2 * FIRST_WAIT_S)
    assert made[0].asked == [b"sound", TRIAL_SOUND]
    await ask(judge)
    assert len(made) == 2
    await judge.close()


@in_virtual_time
async def test_a_refusal_is_no_failure_of_the_engine() -> None:
    judge, made = kept(Turn, "refuses")
    await judge.warm_up()
    for _ in range(5):
        with pytest.raises(EngineError, match="No"):
            await ask(judge)
    await asyncio.sleep(30)
    assert (len(made), made[0].asked, judge.supervisor.errors) == (1, [b"sound"] * 5, 5)
    await judge.close()


@in_virtual_time
async def test_one_in_a_cloud_is_never_sent_a_trial() -> None:
    judge, made = kept(CloudTurn, "crashes")
    await judge.warm_up()
    for _ in range(3):
        with pytest.raises(EngineError, match="crashed"):
            await ask(judge)
    with pytest.raises(EngineError, match="does not work now"):
        await ask(judge)
    assert (len(made), made[0].asked) == (1, [b"sound"] * 3)
    await judge.close()


@in_virtual_time
async def test_a_voice_judge_has_the_turn_detectors_encoder_after_a_restart_of_either() -> None:
    turn, turns = kept(Turn, "works", "works")
    voice, voices = kept(VoiceTaker, "crashes")
    for judge in (turn, voice):
        await judge.warm_up()
    voice.lend(turn)
    assert await voices[0].encoder(b"x") == "vector"
    with pytest.raises(EngineError):
        await ask(voice)
    turns[0].does = "crashes"
    with pytest.raises(EngineError):
        await ask(turn)
    await asyncio.sleep(2 * FIRST_WAIT_S)
    assert await voices[1].encoder(b"y") == "vector"
    assert (turns[1].asked, len(voices)) == ([b"y"], 2)
    for judge in (turn, voice):
        await judge.close()


async def test_only_a_judge_that_names_a_vad_is_given_its_probabilities() -> None:
    judge, made = kept(VoiceTaker)
    await judge.judge(b"sound", 256, [0.5])
    made[0].info = VoiceJudgeInfo("voice", vad="fake")
    before = made[0].known
    await judge.judge(b"sound", 256, [0.5])
    assert (before, made[0].known) == ((), ([0.5],))
    await judge.close()


def test_what_an_engine_says_of_itself_is_passed_on() -> None:
    assert kept(Turn)[0].info == Turn.info
    assert kept(VoiceTaker)[0].info == VoiceTaker.info
