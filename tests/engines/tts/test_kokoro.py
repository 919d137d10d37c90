"""Kokoro: a tiny model made here, also beside the package kokoro-onnx, and the real one, where these are installed."""

import asyncio
import os
from collections.abc import AsyncIterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.engines.tts import tiny_kokoro
from tests.engines.tts.test_espeak import pitch_hz, seconds
from tests.engines.tts.test_hibari import speech
from tests.engines.tts.tiny_kokoro import FRAME_SAMPLES, FRAMES, RATE_HZ
from tests.engines.turn.tiny_onnx import INT64
from voi.engines.base import VoiceSpec
from voi.engines.tts import kokoro
from voi.engines.tts.kokoro import Kokoro, spoken_language
from voi.engines.tts.kokoro_model import GAIN, KokoroModel
from voi.engines.tts.kokoro_phonemes import VOCABULARY, kokoro_sounds
from voi.engines.tts.kokoro_voices import KokoroVoices
from voi.engines.tts.part_speech import Manner
from voi.errors import ConfigError, EngineError

pytest.importorskip("onnxruntime")
PHONEME_MS = FRAME_SAMPLES * FRAMES * 1_000 // RATE_HZ
REAL = Path(os.environ.get("VOI_MODELS_DIR", "models"))


@pytest.fixture
async def tts(tmp_path: Path) -> AsyncIterator[Kokoro]:
    tiny_kokoro.write(tmp_path / "kokoro")
    engine = Kokoro(models_dir=tmp_path, blends={"both": {"af_heart": 1, "bm_george": 3}}, threads=1)
    await engine.warm_up()
    yield engine
    await engine.close()


def loudness(pcm: bytes) -> float:
    return float(np.abs(np.frombuffer(pcm, "<i2")).max()) / 32_768


async def test_it_speaks_with_the_times_of_its_words(tts: Kokoro) -> None:
    text = "Hello there, one of the best — yes."
    pcm, words = await speech(tts, text, voice="bm_george")
    assert [word.text for word in words] == text.split()
    assert all(one.start_ms <= one.end_ms <= other.start_ms for one, other in pairwise(words))
    (hello, *_), end_ms = await tts._read(text.split(), "en-gb"), words[0].end_ms
    assert end_ms - words[0].start_ms == pytest.approx(len(hello) * PHONEME_MS, abs=2)
    assert words[-1].end_ms <= seconds(pcm) * 1_000


async def test_voices_and_their_blends_sound_by_their_files(tts: Kokoro) -> None:
    assert tts.info.voices == ("af_heart", "bm_george", "ef_dora", "both")
    levels = {voice: loudness((await speech(tts, "Hi.", voice=voice))[0]) for voice in tts.info.voices}
    assert levels["af_heart"] == pytest.approx(0.2 * GAIN, abs=0.01)
    assert levels["bm_george"] == pytest.approx(0.4 * GAIN, abs=0.01)
    assert levels["both"] == pytest.approx((0.2 + 3 * 0.4) / 4 * GAIN, abs=0.01)
    with pytest.raises(EngineError, match="No voice 'eve'"):
        await speech(tts, "Hi.", voice="eve")


async def test_a_tone_may_be_a_manner_or_a_voice(tmp_path: Path) -> None:
    tiny_kokoro.write(tmp_path / "kokoro")
    engine = Kokoro(
        models_dir=tmp_path,
        voices=["af_heart"],
        voice_tone_map={"stern": "bm_george", "quiet": {"gain_db": -6.0}},
    )
    await engine.warm_up()
    plain, stern, quiet = [
        loudness((await speech(engine, "Hi.", tone=tone))[0]) for tone in ("neutral", "stern", "quiet")
    ]
    assert (stern / plain, quiet / plain) == (pytest.approx(2, abs=0.05), pytest.approx(0.5, abs=0.02))
    assert (engine.info.voices, engine.info.tone_voices) == (("af_heart",), {"stern": "bm_george"})
    await engine.close()


async def test_other_languages_are_espeaks(tts: Kokoro) -> None:
    asked: list[str] = []
    read = tts._read

    async def reading(words: list[str], language: str) -> list[str]:
        asked.append(language)
        return await read(words, language)

    tts._read = reading  # type: ignore[method-assign]
    for language in ("es", "pt", "en-GB", "de", "vi"):
        assert (await speech(tts, "Hola amigo.", language=language))[0]
    assert (await speech(tts, "Hola.", voice="ef_dora"))[0]
    assert asked == ["es", "pt-br", "en-gb", "es"]


@pytest.mark.parametrize(
    ("wish", "own", "spoken"),
    [
        (None, "en-gb", "en-gb"), ("en", "en-gb", "en-gb"), ("en-US", "en-gb", "en-us"), ("en", "es", "en-us"),
        ("fr", "en-us", "fr-fr"), ("pt_BR", "en-us", "pt-br"), ("ja", "en-us", None), ("vi", "en-us", None),
    ],
)  # fmt: skip
def test_which_language_a_voice_speaks(wish: str | None, own: str, spoken: str | None) -> None:
    assert spoken_language(wish, own) == spoken


@pytest.mark.parametrize("text", ["", " ", "…", "—", "?!"])
async def test_what_has_no_sound_is_no_error(tts: Kokoro, text: str) -> None:
    assert seconds((await speech(tts, text))[0]) < 0.6


async def test_a_part_that_nobody_hears_is_ended(tts: Kokoro, monkeypatch: pytest.MonkeyPatch) -> None:
    runs: list[Any] = []
    make = KokoroModel.run
    monkeypatch.setattr(KokoroModel, "run", lambda self: runs.append(make(self)) or runs[-1])
    stream = tts.stream(
        "One sentence that is long enough. And another one, which follows it. And a third.", VoiceSpec()
    )
    assert await anext(stream)
    await stream.aclose()
    assert runs
    assert all(run.terminate for run in runs)
    ids, places = tts._the_model.ids(["həlˈO"])
    style = tts._the_voices.style("af_heart", 6)
    with pytest.raises(Exception, match=r"(?i)terminat"):
        await asyncio.to_thread(tts._the_model.speak, ["hello"], ids, places, style, Manner(), runs[0])


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"speed": 9}, "`speed`"),
        ({"threads": 0}, "`threads`"),
        ({"blends": {"a": {}}}, "must be like"),
        ({"blends": {"a": "af_heart"}}, "must be like"),
        ({"blends": {"a": {"af_heart": 0}}}, "above 0"),
        ({"voice_tone_map": {"calm": {"movement": 1.2}}}, "does not know movement"),
    ],
)
def test_options_that_are_wrong(options: dict[str, Any], why: str) -> None:
    with pytest.raises(ConfigError, match=why):
        Kokoro(**options)


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"voices": ["eve"]}, "there is no voice eve"),
        ({"voice_tone_map": {"warm": "eve"}}, "there is no voice eve"),
        ({"blends": {"a": {"eve": 1}}}, "there is no voice 'eve'"),
        ({"blends": {"af_heart": {"af_heart": 1}}}, "a voice has that name"),
    ],
)
async def test_names_that_are_no_voices(tmp_path: Path, options: dict[str, Any], why: str) -> None:
    tiny_kokoro.write(tmp_path / "kokoro")
    with pytest.raises(ConfigError, match=why):
        await Kokoro(models_dir=tmp_path, **options).warm_up()


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        (lambda path: path.write_bytes(b"no model"), "cannot be loaded"),
        (lambda path: tiny_kokoro.write(path.parent, tokens="words"), "is no Kokoro model: its inputs are words"),
        (lambda path: [file.unlink() for file in path.with_name("voices").iterdir()], "there are no voices"),
        (lambda path: (path.parent / "voices" / "af_heart.bin").write_bytes(b"abc"), "af_heart in .* cannot be read"),
    ],
)
async def test_files_that_are_no_model(tmp_path: Path, spoil: Any, why: str) -> None:
    path = tiny_kokoro.write(tmp_path)
    spoil(path)
    kokoro._model.cache_clear()
    with pytest.raises(ConfigError, match=why):
        await Kokoro(checkpoint=str(path)).warm_up()


async def test_without_a_model_it_says_how_to_get_one(tmp_path: Path) -> None:
    with pytest.raises(EngineError, match="voi models pull kokoro"):
        await Kokoro(models_dir=tmp_path).warm_up()


async def test_newer_files_other_vocabularies_and_whole_speeds(tmp_path: Path) -> None:
    vocabulary = {"model": {"vocab": {"h": 1, "A": 2, ".": 3}}}
    path = tiny_kokoro.write(tmp_path, times=False, tokens="input_ids", speed=INT64, **vocabulary)
    model = KokoroModel(path, tmp_path / "tokenizer.json")
    assert model.ids(["hA.", "x"]) == ([0, 1, 2, 3, 0], [(1, 3), ()])
    style = KokoroVoices(tmp_path / "voices").style("af_heart", 3)
    spoken = model.speak(["hey.", "x"], [0, 1, 2, 3, 0], [(1, 3), ()], style, Manner(speed=1.4), model.run())
    assert spoken.words == ()
    assert len(spoken.pcm) // 2 == pytest.approx(5 * FRAME_SAMPLES * FRAMES, abs=100)
    (tmp_path / "tokenizer.json").write_text("[]")
    with pytest.raises(ConfigError, match="no vocabulary"):
        KokoroModel(path, tmp_path / "tokenizer.json")


def test_voices_in_one_file(tmp_path: Path) -> None:
    with (tmp_path / "voices-v1.0.bin").open("wb") as file:
        np.savez(file, **tiny_kokoro.voices())
    voices = KokoroVoices(tmp_path / "voices-v1.0.bin")
    assert voices.names == ("af_heart", "bm_george", "ef_dora")
    assert voices.style("bm_george", 7)[0, 0] == pytest.approx(0.4006)
    assert voices.style("bm_george", 900)[0, 0] == pytest.approx(0.4509)
    (tmp_path / "none.bin").write_bytes(b"abc")
    with pytest.raises(ConfigError, match="holds no voices"):
        KokoroVoices(tmp_path / "none.bin")


@pytest.mark.parametrize(
    ("ipa", "language", "sounds"),
    [
        ("bˈʌɾɚ wˈɔːɾɚ mˈa^ʊntɪn bˈʌʔn̩", "en-us", "bˈʌTəɹ wˈɔTəɹ mˈWntɪn bˈʌtn"),
        ("lˈɪɾə^l d^ʒˈʌd^ʒ t^ʃˈɜːt^ʃ nˈɛvɚɹ", "en-us", "lˈɪTᵊl ʤˈʌʤ ʧˈɜɹʧ nˈɛvəɹ"),
        ("ðe^ə hˈi^ə ˌə^ʊld lˈɔːd", "en-gb", "ðɛː hˈɪə ˌQld lˈɔːd"),
        ("ʎuˈeβe mˈut^ʃo ˈo^ɪ", "es", "ʎuˈeβe mˈuʧo ˈoɪ"),
        ("ʒə- bɔ̃ʒˈuʁ", "fr-fr", "ʒə bɔ̃ʒˈuʁ"),
    ],
)
def test_ipa_becomes_kokoros_phonemes(ipa: str, language: str, sounds: str) -> None:
    assert kokoro_sounds(ipa, language) == sounds
    assert set(sounds) <= VOCABULARY.keys()


@pytest.mark.integration
async def test_the_same_samples_as_the_package(tmp_path: Path) -> None:
    package = pytest.importorskip("kokoro_onnx")
    path = tiny_kokoro.write(tmp_path)
    with (tmp_path / "voices.bin").open("wb") as file:
        np.savez(file, **tiny_kokoro.voices())
    theirs = package.Kokoro(str(path), str(tmp_path / "voices.bin"))
    assert theirs.tokenizer.vocab == dict(VOCABULARY)
    sounds = "həlˈO ðɛɹ."
    want, _ = theirs.create(sounds, "bm_george", is_phonemes=True, trim=False)
    model = KokoroModel(path)
    ids, _ = model.ids(sounds.split())
    style = KokoroVoices(tmp_path / "voices").style("bm_george", len(ids) - 2)
    feed = {"tokens": [ids], "style": style, "speed": np.asarray([1.0], np.float32)}
    assert np.array_equal(model._session.run(["audio"], feed)[0], want)


# ---- the real weights -----------------------------------------------------------------------------


@pytest.mark.integration
async def test_the_real_voices_have_tones_and_word_times() -> None:
    try:
        engine = Kokoro(models_dir=REAL)
        await engine.warm_up()
    except EngineError:
        pytest.skip("Kokoro's weights are not in the models folder")
    text = "I never expected to see you here again, my old friend."
    sounds = {tone: await speech(engine, text, tone=tone) for tone in ("neutral", "excited", "sad")}
    neutral, excited, sad = (sounds[tone][0] for tone in ("neutral", "excited", "sad"))
    assert seconds(excited) < seconds(neutral) < seconds(sad)
    assert pitch_hz(excited) > pitch_hz(sad)
    words = sounds["neutral"][1]
    assert [word.text for word in words] == text.split()
    assert 2.0 < seconds(neutral) < 5.0
    await engine.close()
