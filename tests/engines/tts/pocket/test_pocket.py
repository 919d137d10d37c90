"""Pocket TTS on a tiny random model in its own form, beside the package's own sound."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.engines.sounds import sound
from tests.engines.tts.pocket import tiny_pocket
from tests.engines.tts.pocket.tiny_pocket import FRAME_SAMPLES
from voi.audio.pcm import to_float
from voi.audio.resample import resample
from voi.audio.sample import Sample
from voi.engines.base import VoiceSpec
from voi.engines.tts.cloning import cloner_of
from voi.engines.tts.pocket import cloner as cloner_module
from voi.engines.tts.pocket import engine as engine_module
from voi.engines.tts.pocket.engine import PocketTts
from voi.engines.tts.pocket.options import short_code, source_of
from voi.engines.tts.pocket.voices import voice_files
from voi.errors import ClientError, ConfigError, EngineError, NameTaken

pytestmark = pytest.mark.integration
pytest.importorskip("pocket_tts")
TEXT = "Hello there, my old friend."
SPEECH = sound("austen-0870")[: 16_000 * 2 * 4]
ENGLISH = Sample(to_float(SPEECH), 16_000)
OTHER = Sample(to_float(SPEECH[: 16_000 * 2])[::-1].copy(), 16_000)


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_pocket.write(tmp_path_factory.mktemp("pocket"))


@pytest.fixture
def options(config: Path, tmp_path: Path) -> dict[str, Any]:
    options = {"config": str(config), "voices": str(tmp_path / "voices")}
    made = cloner_of("pocket-tts", options)
    assert made is not None
    made.add({"Ada": [ENGLISH], "Ada sad": [OTHER]})
    return options


@pytest.fixture
async def tts(options: dict[str, Any]) -> AsyncIterator[PocketTts]:
    engine = PocketTts(**options, voice_tone_map={"sad": "Ada sad"})
    await engine.warm_up()
    yield engine
    await engine.close()


async def said(engine: PocketTts, text: str = TEXT, **spec: Any) -> bytes:
    return b"".join([piece async for piece in engine.stream(text, VoiceSpec(**spec))])


def apart(one: bytes, other: bytes) -> int:
    """The greatest difference of two samples."""
    both = [np.frombuffer(pcm, "<i2").astype(int) for pcm in (one, other)]
    return int(np.abs(both[0] - both[1]).max())


async def test_it_sounds_as_the_package_itself_does(tts: PocketTts, config: Path) -> None:
    """Cloned from the same recording, and spoken: no sample differs by more than one step of 16 bits."""
    import torch
    from pocket_tts import TTSModel

    theirs = TTSModel.load_model(config=config)
    recording = torch.from_numpy(to_float(resample(SPEECH, 16_000, 24_000)))[None]
    want = theirs.generate_audio(theirs.get_state_for_audio_prompt(recording), TEXT).numpy()
    got = np.frombuffer(await said(tts, voice="Ada"), "<i2")
    assert len(got) == len(want) == 9 * FRAME_SAMPLES
    assert np.abs(got - want * 32_767).max() <= 1.5
    assert np.abs(got).max() > 100


async def test_tones_are_voices(tts: PocketTts) -> None:
    assert tts.info.voices == ("Ada", "Ada sad")
    assert tts.info.languages is None
    neutral, sad, named = await said(tts), await said(tts, tone="sad"), await said(tts, voice="Ada sad")
    assert apart(sad, named) <= 2 < apart(neutral, sad)
    with pytest.raises(EngineError, match="No voice 'Eve'"):
        await said(tts, voice="Eve")


async def test_long_texts_go_part_by_part_and_signs_have_no_sound(tts: PocketTts) -> None:
    assert await said(tts, " … — ?!") == b""
    one, many = (
        len(await said(tts, "One sentence of some words.")),
        len(await said(tts, "One sentence of some words. " * 12)),
    )
    assert many > 8 * one


async def test_an_interruption_stops_the_making(tts: PocketTts, monkeypatch: pytest.MonkeyPatch) -> None:
    model = tts._model
    assert model is not None
    monkeypatch.setattr(model._model, "eos_threshold", 1e9)  # it would go on for seconds
    monkeypatch.setattr(model._model, "_TOKENS_PER_SECOND_ESTIMATE", 0.1)
    stream = tts.stream(TEXT, VoiceSpec())
    assert await anext(stream)
    await stream.aclose()
    async with asyncio.timeout(20):
        await asyncio.get_running_loop().run_in_executor(engine_module._thread, lambda: None)


async def test_a_failure_is_told_without_its_words(tts: PocketTts, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(text: str, *_: Any) -> Any:
        raise RuntimeError(text)

    monkeypatch.setattr(tts._model, "stream", fails)
    with pytest.raises(EngineError, match=r"^pocket-tts failed \(RuntimeError\)\.$") as failed:
        await said(tts)
    assert failed.value.retryable


async def test_voices_come_and_go_while_it_runs(tts: PocketTts, options: dict[str, Any]) -> None:
    cloner = PocketTts.cloner(**options)
    cloner.add({"Bob": [OTHER]})
    assert await tts.reconfigure(options, ("Ada",))
    assert (tts.info.voices, tts.info.tone_voices) == (("Ada", "Ada sad", "Bob"), {})
    assert await said(tts, voice="Bob")
    cloner.remove("Ada sad", "Bob")
    with pytest.raises(ConfigError, match="'Bob', which is in use"):
        await tts.reconfigure(options, ("Bob",))
    with pytest.raises(ConfigError, match="tone 'sad': there is no voice 'Ada sad'"):
        await tts.reconfigure(options | {"voice_tone_map": {"sad": "Ada sad"}})
    assert tts.info.voices == ("Ada", "Ada sad", "Bob")
    assert not await tts.reconfigure(options | {"quantize": True})


def test_voices_are_kept_whole_and_under_their_names(options: dict[str, Any]) -> None:
    cloner = PocketTts.cloner(**options)
    with pytest.raises(NameTaken):
        cloner.add({"ada": [ENGLISH]})
    with pytest.raises(NameTaken):
        cloner.add({"New": [ENGLISH], "Ada": [ENGLISH]})
    cloner.add({"Ada": [ENGLISH]}, force=True)
    assert cloner.names() == ("Ada", "Ada sad")
    with pytest.raises(ClientError, match="There is no voice 'Eve'"):
        cloner.remove("Ada", "Eve")
    with pytest.raises(ClientError, match="last voice"):
        cloner.remove("Ada", "Ada sad")
    with pytest.raises(ClientError, match="A voice's name"):
        cloner.add({"../x": [ENGLISH]})
    cloner.remove("Ada sad")
    assert cloner.names() == ("Ada",)


def test_weights_that_cannot_clone_say_how_to_get_those_that_can(
    options: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    model = cloner_module._model(source_of(options))
    monkeypatch.setattr(model, "clones", False)
    with pytest.raises(EngineError, match="accept their terms"):
        PocketTts.cloner(**options).add({"Eve": [ENGLISH]})


async def test_a_folder_without_voices(config: Path, tmp_path: Path) -> None:
    engine = PocketTts(config=str(config), voices=str(tmp_path))
    for start in (engine.look, engine.warm_up):
        with pytest.raises(ConfigError, match="voi voice add"):
            await start()


async def test_voices_of_another_model_or_of_none(options: dict[str, Any], tmp_path: Path) -> None:
    ada = voice_files(Path(options["voices"]))["Ada"]
    other = tiny_pocket.write(tmp_path / "other", seed=2)
    deeper = other.read_text().replace("num_layers: 2", "num_layers: 1")
    other.write_text(deeper)
    with pytest.raises(ConfigError, match="cannot be loaded: RuntimeError"):
        await PocketTts(**options | {"config": str(other)}).warm_up()
    ada.write_bytes(b"no voice")
    with pytest.raises(ConfigError, match="cannot be read or fetched"):
        await PocketTts(**options).warm_up()
    import torch
    from safetensors.torch import save_file

    save_file({"transformer.layers.0.self_attn/offset": torch.zeros(1)}, ada)
    with pytest.raises(ConfigError, match="belongs to another model"):
        await PocketTts(**options).warm_up()


async def test_models_that_are_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    from pocket_tts import TTSModel

    def unreachable(**_: Any) -> Any:
        raise ConnectionError("no route")

    with pytest.raises(ConfigError, match="no `variant` 'klingon'"):
        await PocketTts(variant="klingon").warm_up()
    monkeypatch.setattr(TTSModel, "load_model", unreachable)
    with pytest.raises(EngineError, match="needs a connection to the hub once"):
        await PocketTts(temperature=0.31).warm_up()


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"language": "vi"}, "no model for 'vi'"),
        ({"config": "a.yaml", "variant": "english", "voices": "v"}, "exclude each other"),
        ({"temperature": 0}, "`temperature`"),
        ({"config": "a.yaml"}, "the folder of its voices"),
        ({"voice_tone_map": {"sad": {}}}, "name of a voice"),
    ],
)
def test_options_that_are_wrong(options: dict[str, Any], why: str) -> None:
    with pytest.raises(ConfigError, match=why):
        PocketTts(**options)


async def test_languages_and_names(config: Path) -> None:
    assert PocketTts(language="pt-BR").info.languages == ("pt",)
    assert short_code(None) == "en"
    with pytest.raises(ConfigError, match="tone 'sad': there is no voice 'eve'; there are alba"):
        await PocketTts(voices=["alba"], voice_tone_map={"sad": "eve"}).look()
    ready = PocketTts.cloner(voices=["alba"])
    assert (ready.names(), ready.place) == (("alba",), "the voices that come with pocket-tts")
    with pytest.raises(ConfigError, match="must name a folder"):
        ready.add({"Ada": [ENGLISH]})
    with pytest.raises(ConfigError, match="must name a folder"):
        ready.remove("alba")
