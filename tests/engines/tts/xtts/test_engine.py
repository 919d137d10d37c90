import asyncio
import random
import secrets
import threading
from collections.abc import Iterator
from contextlib import aclosing
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch", reason="the extra `xtts` is not installed")

import torch

from tests.engines.tts.xtts import tiny
from tests.engines.tts.xtts.speaking import close_to, new_engine, say
from voi.engines import registry
from voi.engines.base import AS_IT_IS, VoiceSpec
from voi.engines.tts.xtts import engine as engine_module
from voi.engines.tts.xtts.device_thread import DeviceThread
from voi.engines.tts.xtts.engine import Xtts, runaway_codes
from voi.engines.tts.xtts.layout import Layout, read_layout
from voi.errors import ConfigError, EngineError

pytestmark = pytest.mark.integration


async def quiet(tts: Xtts) -> None:
    """Until its batch has nothing to do."""
    assert tts._running is not None
    async with asyncio.timeout(30):
        while tts._running.batch.busy:  # noqa: ASYNC110 -- another thread works it off
            await asyncio.sleep(0.005)


def codes_per_s(layout: Layout) -> float:
    return layout.input_sample_rate / layout.gpt_code_stride_len


# ---- speaking -----------------------------------------------------------------------------------


async def test_the_registry_has_it(files: dict[str, Path]) -> None:
    assert isinstance(registry.create("tts", "xtts", files), Xtts)


async def test_without_a_seed_every_time_is_another(files: dict[str, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    tts = Xtts(**files)
    await tts.warm_up()
    drawn = iter((1, 2))  # of all pairs, one in fifty would end at once and so sound the same
    monkeypatch.setattr(secrets, "randbits", lambda bits: next(drawn))
    try:
        assert await say(tts) != await say(tts)
    finally:
        await tts.close()


class TestSpeaking:
    """With one engine, which none of these changes."""

    @pytest.fixture(scope="class")
    @classmethod
    def tts(cls, files: dict[str, Path]) -> Iterator[Xtts]:
        engine = new_engine(files)
        asyncio.run(engine.warm_up())
        yield engine
        asyncio.run(engine.close())

    async def test_it_speaks_in_growing_chunks(self, tts: Xtts) -> None:
        chunks = [pcm async for pcm in tts.stream("This is a sentence of some length. " * 4, VoiceSpec())]
        assert all(chunks)
        assert all(len(pcm) % 2 == 0 for pcm in chunks)
        assert len(chunks[0]) / 48 < 200  # ms
        assert len(chunks[0]) < len(chunks[1]) < len(chunks[2])

    async def test_a_seed_gives_the_same_sound_again(self, tts: Xtts) -> None:
        assert await say(tts) == await say(tts)
        assert await say(tts) != await say(tts, "Hello there, my old friends.")

    async def test_tones_are_voices_of_the_map(self, tts: Xtts) -> None:
        assert tts.info.voices == tiny.VOICES
        assert tts.info.tones == ("neutral", "warm")
        warm = await say(tts, tone="warm")
        assert warm != await say(tts, tone="neutral")
        assert await say(tts, tone="unheard of") == await say(tts, tone="neutral")
        assert warm == await say(tts, tone="warm", voice="Robin")

    async def test_a_narrator_keeps_his_own_voice(self, tts: Xtts) -> None:
        narrator = await say(tts, voice="Claire", role="narrator")
        assert narrator == await say(tts, voice="Claire", role="narrator", tone="warm")
        assert narrator != await say(tts, tone="neutral")
        assert narrator == await say(tts, voice="Claire", tone=AS_IT_IS)

    async def test_speed_is_heard(self, tts: Xtts) -> None:
        usual, fast, slow = [len(await say(tts, speed=speed)) for speed in (1.0, 1.25, 0.8)]
        assert 0.75 < fast / usual < 0.85
        assert 1.2 < slow / usual < 1.3

    async def test_a_long_text_is_spoken_in_parts(self, tts: Xtts) -> None:
        long = await say(tts, "One more sentence is spoken here. " * 12)
        assert len(long) > 4 * len(await say(tts, "One more sentence is spoken here."))

    @pytest.mark.parametrize("text", ["", "  ", "…", "¿?!", "🎉🎉"])
    async def test_what_has_no_words_is_not_spoken(self, tts: Xtts, text: str) -> None:
        assert await say(tts, text) == b""

    async def test_characters_that_the_model_does_not_know_are_left_out(self, tts: Xtts) -> None:
        assert await say(tts, "Hello 🎉 there") != b""

    async def test_words_of_which_it_knows_no_letter_are_not_spoken_and_the_others_are(self, tts: Xtts) -> None:
        assert await say(tts, "Hello สวัสดีครับ there.") == await say(tts, "Hello there.") != b""

    async def test_silence_for_want_of_letters_is_logged_without_the_words(
        self, tts: Xtts, caplog: pytest.LogCaptureFixture
    ) -> None:
        for text in ("Hello.", "…"):
            await say(tts, text, language="en")
        assert caplog.messages == []
        assert await say(tts, "สวัสดีครับ", language="en") == b""
        assert caplog.messages == ["XTTS is silent for a text of 10 characters: it knows none of them in en"]

    @pytest.mark.parametrize("language", tiny.LANGUAGES)
    async def test_all_languages_are_spoken(self, tts: Xtts, language: str) -> None:
        texts = {"ru": "Привет", "ar": "مرحبا", "hi": "नमस्ते", "ko": "안녕하세요", "zh-cn": "你好", "ja": "こんにちは"}
        for name, package in (("ko", "ko_speech_tools"), ("zh-cn", "pypinyin"), ("ja", "cutlet")):
            if language == name:
                pytest.importorskip(package)
        assert await say(tts, texts.get(language, "Salut"), language=language)
        assert await say(tts, texts.get(language, "Salut"))  # by its script


# ---- many callers -------------------------------------------------------------------------------


@pytest.mark.integration
async def test_thirty_two_callers_get_the_sound_that_they_get_alone(tts: Xtts) -> None:
    chance = random.Random(2)
    words = ["who", "calls", "here", "so", "late", "at", "night", "again"]
    wishes = [
        (" ".join(chance.choices(words, k=chance.randint(2, 20))), VoiceSpec(tone=chance.choice(["neutral", "warm"])))
        for _ in range(32)
    ]
    heard: list[bytes] = [b""] * 32
    leaves = set(chance.sample(range(32), 8))

    async def call(number: int) -> None:
        await asyncio.sleep(number * 0.004)
        async with aclosing(tts.stream(*wishes[number])) as chunks:
            async for pcm in chunks:
                heard[number] += pcm
                if number in leaves:
                    return

    await asyncio.gather(*map(call, range(32)))
    await quiet(tts)
    for number, wish in enumerate(wishes):
        alone = b"".join([pcm async for pcm in tts.stream(*wish)])
        assert close_to(heard[number], alone[: len(heard[number])] if number in leaves else alone), number


async def test_closing_the_stream_frees_the_slot(tts: Xtts) -> None:
    async with aclosing(tts.stream("A long sentence. " * 20, VoiceSpec())) as chunks:
        await anext(chunks)
    await quiet(tts)
    assert tts._running is not None
    assert tts._running.batch.speaking == 0


async def test_a_cancelled_task_frees_the_slot(tts: Xtts) -> None:
    task = asyncio.create_task(say(tts, "A long sentence. " * 20))
    await asyncio.sleep(0.03)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await quiet(tts)


async def test_no_more_than_two_parts_are_made_ahead_of_a_slow_listener(tts: Xtts) -> None:
    async with aclosing(tts.stream("Sentences are spoken one by one here. " * 30, VoiceSpec())) as chunks:
        await anext(chunks)
        await quiet(tts)
        await asyncio.sleep(0.05)
        await quiet(tts)
        assert tts._running is not None
        longest_s = tts._running.layout.max_codes / codes_per_s(tts._running.layout)
        made = 0.0
        for _ in range(10):  # what lies ready without another step
            if tts._running.batch.busy:
                break
            made += len(await anext(chunks)) / 48_000
        assert made <= 2 * longest_s + 1


async def test_models_of_one_device_share_a_thread(tts: Xtts, tmp_path: Path) -> None:
    other = Xtts(**tiny.make(tmp_path, seed=1), seed=3)
    await other.warm_up()
    threads = [thread.name for thread in threading.enumerate() if thread.name == "xtts-cpu"]
    one, two = await asyncio.gather(say(tts), say(other))
    await other.close()
    assert threads == ["xtts-cpu"]
    assert one != two
    assert await say(tts) == one


# ---- errors -------------------------------------------------------------------------------------


async def test_unknown_voices_languages_and_endless_texts_are_refused(tts: Xtts) -> None:
    with pytest.raises(EngineError, match="No voice 'Bob'; there are Robin"):
        await say(tts, voice="Bob")
    with pytest.raises(EngineError, match="does not speak 'sv'; it speaks en"):
        await say(tts, language="sv")
    with pytest.raises(EngineError, match="too long"):
        await say(tts, "a " * 6_000)


async def test_closing_ends_what_is_spoken(files: dict[str, Path]) -> None:
    tts = Xtts(**files)
    with pytest.raises(EngineError, match="not running"):
        await say(tts)
    await tts.warm_up()
    speaking = asyncio.create_task(say(tts, "A long sentence. " * 30))
    await asyncio.sleep(0.05)
    await tts.close()
    with pytest.raises(EngineError, match="closed"):
        await speaking
    await tts.close()
    with pytest.raises(EngineError, match="not running"):
        await say(tts)


async def test_a_failing_model_ends_the_sentence_and_speaks_the_next(
    tts: Xtts, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert tts._running is not None

    def broken(*_: Any) -> Any:
        raise RuntimeError("device lost")

    with monkeypatch.context() as patched:
        patched.setattr(tts._running.decoder, "step", broken)
        with pytest.raises(EngineError, match="XTTS failed: device lost"):
            await say(tts)
    assert await say(tts)


@pytest.mark.parametrize(
    ("wish", "gpus", "taken", "device"),
    [("auto", 0, "", "cpu"), ("auto", 2, "", "cuda:0"), ("cpu", 2, "", "cpu"), ("cuda", 1, "", "cuda:0"),
     ("cuda:1", 2, "", "cuda:1"), ("cuda", 0, "", "finds no GPU"), ("cuda:2", 2, "", r"finds only 2 GPU\(s\)"),
     ("auto", 1, "CUDA error: out of memory\nand more", "cuda:0 cannot be used: CUDA error: out of memory$")],
)  # fmt: skip
def test_the_device_is_one_that_can_be_used(
    wish: str, gpus: int, taken: str, device: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def mem_get_info(_: str) -> None:
        if taken:
            raise RuntimeError(taken)

    monkeypatch.setattr(torch.cuda, "is_available", lambda: gpus > 0)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: gpus)
    monkeypatch.setattr(torch.cuda, "mem_get_info", mem_get_info)
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda _: (9, 0))
    monkeypatch.setattr(torch.cuda, "get_arch_list", lambda: ["sm_90"])
    if " " in device:
        with pytest.raises(EngineError, match=device):
            engine_module._device(wish)
    else:
        assert engine_module._device(wish) == device


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"speed": 9}, "speed"), ({"precision": "int4"}, "precision"), ({"slots": 0}, "slots"),
        ({"wisdom": 3}, "no option 'wisdom'"), ({"voice_tone_map": {"sad": {"rate": 1}}}, "tone 'sad'"),
    ],
)  # fmt: skip
def test_options_are_checked(files: dict[str, Path], options: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        Xtts(**files, **options)


async def test_a_missing_file_and_a_voice_that_is_not_there_are_told(files: dict[str, Path], tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="voices: there is no file"):
        await Xtts(**files | {"voices": tmp_path / "none.pth"}).warm_up()
    with pytest.raises(ConfigError, match="tone 'sad': there is no voice 'Bob'"):
        await Xtts(**files, voice_tone_map={"sad": "Bob"}).warm_up()
    assert not DeviceThread._all  # their threads are gone


async def test_what_does_not_fit_into_memory_is_refused(files: dict[str, Path]) -> None:
    with pytest.raises(EngineError, match=r"XTTS with 64 slots needs \d+ MiB on cpu .* at most \d+ slots fit"):
        await Xtts(**files, slots=64, memory_mb=4).warm_up()
    with pytest.raises(EngineError, match="not even one slot fits"):
        await Xtts(**files, memory_mb=1).warm_up()


# ---- what XTTS is known for ---------------------------------------------------------------------


def test_runaway_sentences_are_bound_by_their_text(files: dict[str, Path]) -> None:
    layout = read_layout(Path(__file__).parent / "xtts_v2_config.json")

    def seconds(text: str, language: str = "en") -> float:
        return runaway_codes(layout, text, language) / codes_per_s(layout)

    assert 1.5 < seconds("Yes.") < 2.5
    assert (
        seconds("It was a bright cold day in April, and the clocks were striking.") > 2 * 64 / 15
    )  # 15 characters a s
    assert seconds("nineteen eighty-four") > seconds("Yes.") + 0.9
    assert seconds("你好，很高兴见到你。", "zh-cn") > 2 * 10 / 4
    assert seconds("a" * 250) == layout.max_codes / codes_per_s(layout)


async def test_every_part_ends_with_a_mark(tts: Xtts) -> None:
    assert tts._running is not None
    tokenizer = tts._running.tokenizer
    with_mark = [tokenizer.ids(text, "en") for text in ("yes.", "yes!", '"yes!"')]
    assert [tokenizer.parts(text, "en", 200)[0][1] for text in ("Yes", "Yes!", '"Yes!"')] == with_mark
    cut_at_a_space = tokenizer.parts("one two three four", "en", 9)
    assert [ids for _, ids in cut_at_a_space] == [tokenizer.ids(text, "en") for text in ("one two,", "three,", "four.")]
