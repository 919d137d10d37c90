"""Thirty-two callers who come, talk, hang up and are flushed at random: each gets the text that it gets alone."""

import asyncio
import random
from pathlib import Path

import pytest

from tests.engines.sounds import sound
from tests.engines.stt.whisper.scripted import Piece, said
from tests.engines.stt.whisper.test_engine import GatedBackend, Scripted
from voi.engines.base import SttOptions
from voi.engines.stt.whisper import acceptance
from voi.engines.stt.whisper.engine import Whisper
from voi.errors import EngineError

CALLERS = 32


async def test_thirty_two_scripted_callers() -> None:
    engine = Scripted(GatedBackend())
    await engine.warm_up()

    async def call(number: int) -> None:
        chance = random.Random(number)
        await asyncio.sleep(chance.random() / 20)
        for utterance in range(3):
            stream = engine.open(SttOptions(), (lambda _: None) if chance.random() < 0.7 else None)
            hang_up = chance.random() < 0.25
            first = number * 60
            words = range(first, first + chance.randint(1, 50))
            for at, word in enumerate(words):
                pcm = Piece(word, chance.randint(100, 500)).pcm + bytes(32 * 20)
                for start in range(0, len(pcm), 3_200):
                    stream.feed(pcm[start : start + 3_200])
                if chance.random() < 0.2:
                    stream.feed(bytes(32 * 200), speech=False)
                if chance.random() < 0.3:
                    await asyncio.sleep(0.001)
                if chance.random() < 0.05:
                    assert (await stream.flush()).text == said(*words[: at + 1]), (number, utterance)
            if hang_up:
                waiting = asyncio.ensure_future(stream.flush())
                await asyncio.sleep(0)
                stream.close()
                (answer,) = await asyncio.gather(waiting, return_exceptions=True)
                if isinstance(answer, EngineError):
                    assert "closed" in str(answer), (number, utterance)
                else:  # all of it had been heard before the hang-up
                    assert not isinstance(answer, BaseException)
                    assert answer.text == said(*words), (number, utterance)
            else:
                assert (await stream.flush()).text == said(*words), (number, utterance)
                stream.close()

    async with asyncio.timeout(30):
        await asyncio.gather(*(call(number) for number in range(CALLERS)))
    assert max(len(batch) for batch in engine.backend.batches) == 4
    await engine.close()


@pytest.mark.integration
async def test_thirty_two_callers_on_one_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The whole chain with a random checkpoint, whose loops the guards would drop."""
    pytest.importorskip("whisper")
    from tests.engines.stt.whisper.checkpoints import save

    monkeypatch.setattr(acceptance, "believable", lambda hypothesis, *_, **__: hypothesis.words)
    engine = Whisper(model=str(save(tmp_path / "tiny.pt")), device="cpu", max_batch=8)
    await engine.warm_up()
    names = ("spk1_snt1", "spk1_snt2", "spk1_snt3", "austen-0880")
    pieces = {
        (name, at): sound(name)[at * 16_000 : at * 16_000 + 9_600 + 6_400 * at] for name in names for at in range(2)
    }

    async def text_of(key: tuple[str, int]) -> str:
        stream = engine.open(SttOptions(language="en"), None)
        stream.feed(pieces[key])
        text = (await stream.flush()).text
        stream.close()
        return text

    alone = {key: await text_of(key) for key in pieces}
    assert len(set(alone.values())) == len(pieces)

    async def call(number: int) -> None:
        chance = random.Random(number)
        await asyncio.sleep(chance.random())
        key = chance.choice(list(pieces))
        if chance.random() < 0.25:
            stream = engine.open(SttOptions(language="en"), None)
            stream.feed(pieces[key])
            waiting = asyncio.ensure_future(stream.flush())
            await asyncio.sleep(chance.random() / 20)
            if not waiting.done():
                stream.close()
                with pytest.raises(EngineError, match="closed"):
                    await waiting
            return
        assert await text_of(key) == alone[key], key

    async with asyncio.timeout(30):
        await asyncio.gather(*(call(number) for number in range(CALLERS)))
    await engine.close()
