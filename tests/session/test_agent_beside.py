"""What an agent says beside its conversation."""

import asyncio

import pytest

from tests.fakes.call import Call, FakeEngines
from tests.fakes.clock import in_virtual_time
from tests.fakes.engines import FakeLlm
from voi.core.facts import AnswerAsked, TextTyped
from voi.dialogue import Message
from voi.errors import ClientError


@in_virtual_time
async def test_the_agents_model_answers_and_nothing_enters_the_dialogue() -> None:
    llm = FakeLlm("Once upon a time.", "A story.", "Bonjour.")
    async with Call(mode="chat", engines=FakeEngines(llm=llm)) as call:
        call.session.tell(TextTyped("Tell me one."))
        call.session.tell(AnswerAsked())
        await asyncio.sleep(8)
        assert call.answers == ["Once upon a time."]
        before = call.session.dialogue()
        assert await call.session.beside.answer("", None) == "A story."
        said = [message.text for message in llm.requests[-1].messages]
        assert said == ["You tell stories.", "Tell me one.", "Once upon a time."]
        assert await call.session.beside.answer("Translate.", (Message("user", "Hello"),)) == "Bonjour."
        assert [message.text for message in llm.requests[-1].messages] == ["Translate.", "Hello"]
        assert call.session.dialogue() == before


@in_virtual_time
async def test_its_voice_speaks_at_the_doors_rate_and_on_no_playback_clock() -> None:
    async with Call() as call:
        told = len(call.door)
        assert call.session.beside.has_voice
        sound = b"".join([pcm async for pcm in call.session.beside.speech("Good morning everybody.")])
        assert len(sound) % 2 == 0
        assert len(sound) > call.door.output_rate_hz  # half a second
        assert [text for text, _ in call.engines.tts["fake"].spoken] == ["Good morning everybody."]
        assert len(call.door) == told


@in_virtual_time
async def test_an_agent_without_a_voice_only_writes() -> None:
    async with Call(mode="chat", voices=None) as call:
        assert not call.session.beside.has_voice
        with pytest.raises(ClientError, match="no voice"):
            await anext(call.session.beside.speech("Good morning."))


@in_virtual_time
async def test_questions_beside_are_counted_as_others() -> None:
    async with Call(mode="chat", shared={"why_not_invoke": lambda: "not now."}) as call:
        with pytest.raises(ClientError, match="not now"):
            await call.session.beside.answer("", None)
