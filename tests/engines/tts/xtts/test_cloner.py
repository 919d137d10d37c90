"""XTTS's voices: from samples to the file of voices, and from there into the engine."""

import os
import pickle
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch", reason="the extra `xtts` is not installed")

import torch

from tests.engines.tts.test_cloning import AUDIO, samples
from tests.engines.tts.xtts import tiny, tiny_cloning
from voi.audio.sample import Sample, read_sample
from voi.config.voice_names import checked_name
from voi.engines.base import VoiceSpec
from voi.engines.tts.cloning import add_voice
from voi.engines.tts.xtts import cloning, cloning_file
from voi.engines.tts.xtts.checkpoint import VoiceLatents, load_voices
from voi.engines.tts.xtts.cloner import XttsCloner
from voi.engines.tts.xtts.cloning import VoiceEncoders
from voi.engines.tts.xtts.engine import Xtts
from voi.engines.vad.silero import Silero
from voi.errors import ClientError, ConfigError

pytestmark = pytest.mark.integration


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    return tiny_cloning.make(tmp_path)


@pytest.fixture
def cloner(files: dict[str, Path]) -> XttsCloner:
    return XttsCloner(**files)


def voice(name: str = "x") -> VoiceLatents:
    return VoiceLatents(name, torch.randn(tiny.CONDITIONING, tiny.WIDTH), torch.randn(512))


async def test_a_voice_with_tones_is_added_and_speaks(files: dict[str, Path], cloner: XttsCloner) -> None:
    tones = {"neutral": samples("austen-0870.wav"), "warm": samples("spk1_snt1.wav", "spk1_snt2.wav")}
    added = add_voice(cloner, "Ada", tones, Silero())
    assert added.voices == ("Ada", "Ada warm")
    assert added.tone_map == {"neutral": "Ada", "warm": "Ada warm"}
    other = "it does not sound like austen-0870.wav: another person, microphone or room?"
    assert added.advice == [
        "the samples of warm: only 5.6 s of speech: with 6 s and more it is more like the person.",
        f"spk1_snt1.wav: {other} (The tone warm alone may explain it.)",
    ]
    assert cloning_file.names(files["voices"]) == (*tiny.VOICES, "Ada", "Ada warm")
    engine = Xtts(**files, voice_tone_map=added.tone_map, greedy=True)
    await engine.warm_up()
    try:
        assert engine.info.voices[-2:] == ("Ada", "Ada warm")
        sounds = []
        for tone in ("neutral", "warm"):
            spec = VoiceSpec(voice="Ada", tone=tone, language="en")
            sounds.append(b"".join([chunk async for chunk in engine.stream("hello there.", spec)]))
        assert min(len(sound) for sound in sounds) > 10_000
        assert sounds[0] != sounds[1]
    finally:
        await engine.close()


async def test_a_running_engine_learns(files: dict[str, Path]) -> None:
    options: dict[str, Any] = {**files, "greedy": True}
    engine = Xtts(**options)
    assert not await engine.reconfigure(options)  # it does not run yet
    await engine.warm_up()
    try:
        cloning_file.store(files["voices"], {"Ada": voice()})
        assert await engine.reconfigure(options)
        spec = VoiceSpec(voice="Ada", language="en")
        assert b"".join([chunk async for chunk in engine.stream("hello there.", spec)])
        cloning_file.remove(files["voices"], "Claire")
        with pytest.raises(ConfigError, match="lacks the voice 'Claire', which is in use"):
            await engine.reconfigure(options, {"Claire", "Ada"})
        assert engine.info.voices == (*tiny.VOICES, "Ada")
        assert await engine.reconfigure(options, {"Ada"})
        assert engine.info.voices == ("Robin", "Robin warm", "Ada")
        toned = options | {"voice_tone_map": {"neutral": "Ada", "warm": "Robin warm"}}
        with pytest.raises(ConfigError, match="there is no voice 'Nobody'"):
            await engine.reconfigure(options | {"voice_tone_map": {"neutral": "Nobody"}})
        assert await engine.reconfigure(toned)
        assert (engine.info.tones, engine.info.tone_voices) == (("neutral", "warm"), toned["voice_tone_map"])
        assert not await engine.reconfigure(options | {"slots": 3})  # only a restart can
        longer = VoiceLatents("x", torch.randn(tiny.CONDITIONING + 1, tiny.WIDTH), torch.randn(512))
        cloning_file.store(files["voices"], {"Long": longer})
        assert not await engine.reconfigure(options)  # its caches are too small for that
    finally:
        await engine.close()


async def test_another_file_may_be_copied_over_the_voices_that_speak(files: dict[str, Path]) -> None:
    engine = Xtts(**files, device="cpu", greedy=True)
    await engine.warm_up()
    try:
        files["voices"].write_bytes(b"")
        assert b"".join([chunk async for chunk in engine.stream("hello there.", VoiceSpec(language="en"))])
    finally:
        await engine.close()


def test_what_is_stored_is_what_the_encoders_gave(files: dict[str, Path], cloner: XttsCloner) -> None:
    add_voice(cloner, "Ada", {"neutral": samples("jfk.wav")}, Silero())
    expected = VoiceEncoders(files["checkpoint"], files["config"]).latents("Ada", [read_sample(AUDIO / "jfk.wav")])
    stored = load_voices(files["voices"])["Ada"]
    assert torch.equal(stored.conditioning, expected.conditioning)
    assert torch.equal(stored.embedding, expected.embedding)
    raw = torch.load(files["voices"], weights_only=True)  # Coqui unpacks the values in this order
    assert list(raw["Ada"]) == ["gpt_cond_latent", "speaker_embedding"]
    assert {key: tuple(value.shape) for key, value in raw["Ada"].items()} == {
        "gpt_cond_latent": (1, tiny_cloning.LATENTS, tiny.WIDTH),
        "speaker_embedding": (1, 512, 1),
    }


class TestFile:
    def test_one_name_has_one_form(self, tmp_path: Path) -> None:
        path = tmp_path / "voices.pth"
        composed, apart = "Zo\u00eb", "Zoe\u0308"
        assert checked_name(apart) == composed
        cloning_file.store(path, {composed: voice(), "Ada": voice()})
        for name, says in (("ada", "only in upper and lower case"), ("ADA", "only in upper"), ("Ada", "already")):
            with pytest.raises(ClientError, match=says):
                cloning_file.store(path, {name: voice()})
        with pytest.raises(ClientError, match="only in upper"):
            cloning_file.store(path, {"ada": voice()}, force=True)
        cloning_file.remove(path, apart)
        assert cloning_file.names(path) == ("Ada",)

    def test_begins_and_grows(self, tmp_path: Path) -> None:
        path = tmp_path / "new" / "voices.pth"
        assert cloning_file.names(path) == ()
        cloning_file.store(path, {"a": voice()})
        cloning_file.store(path, {"b": voice(), "c": voice()})
        assert cloning_file.names(path) == ("a", "b", "c")
        cloning_file.remove(path, "a", "b")
        assert cloning_file.names(path) == ("c",)
        assert {entry.name for entry in path.parent.iterdir()} == {"voices.pth", ".voices.pth.lock"}

    def test_never_overwrites_without_force(self, tmp_path: Path) -> None:
        path = tmp_path / "voices.pth"
        first, second = voice(), voice()
        cloning_file.store(path, {"a": first})
        with pytest.raises(ClientError, match="already"):
            cloning_file.store(path, {"b": first, "a": second})
        assert cloning_file.names(path) == ("a",)
        cloning_file.store(path, {"a": second}, force=True)
        assert torch.equal(load_voices(path)["a"].conditioning, second.conditioning)

    def test_removals_that_cannot_be(self, tmp_path: Path) -> None:
        path = tmp_path / "voices.pth"
        cloning_file.store(path, {"a": voice()})
        with pytest.raises(ClientError, match="no voice 'b'; there are: a"):
            cloning_file.remove(path, "b")
        with pytest.raises(ClientError, match="last voice"):
            cloning_file.remove(path, "a")
        assert cloning_file.names(path) == ("a",)

    def test_a_hostile_file_is_neither_run_nor_overwritten(self, tmp_path: Path) -> None:
        class Bomb:
            def __reduce__(self) -> Any:
                return (Path.touch, (tmp_path / "bang",))

        path = tmp_path / "voices.pth"
        torch.save({"a": Bomb()}, path)
        before = path.read_bytes()
        with pytest.raises(ConfigError, match="cannot be loaded"):
            cloning_file.store(path, {"b": voice()})
        assert path.read_bytes() == before
        path.write_bytes(pickle.dumps({"a": Bomb()}, protocol=2))
        with pytest.raises(ConfigError, match="cannot be loaded"):
            cloning_file.names(path)
        assert not (tmp_path / "bang").exists()

    def test_voices_of_coquis_own_cloning_are_kept(self, tmp_path: Path) -> None:
        path = tmp_path / "voices.pth"
        old = {"gpt_conditioning_latents": torch.randn(1, 32, 64), "speaker_embedding": torch.randn(1, 512, 1)}
        torch.save({"old": old}, path)
        cloning_file.store(path, {"new": voice()})
        kept = torch.load(path, weights_only=True)["old"]
        assert {key: torch.equal(kept[key], old[key]) for key in old} == dict.fromkeys(old, True)

    def test_many_at_once_lose_nothing(self, tmp_path: Path) -> None:
        path = tmp_path / "voices.pth"
        added = [threading.Thread(target=cloning_file.store, args=(path, {f"v{n}": voice()})) for n in range(8)]
        for thread in added:
            thread.start()
        for thread in added:
            thread.join(20)
        assert sorted(cloning_file.names(path)) == [f"v{n}" for n in range(8)]

    def test_a_failed_write_leaves_the_old(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        path = tmp_path / "voices.pth"
        cloning_file.store(path, {"a": voice()})
        before = path.read_bytes()

        def full(*_: object) -> None:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(torch, "save", full)
        with pytest.raises(ConfigError, match="No space left"):
            cloning_file.store(path, {"b": voice()})
        assert path.read_bytes() == before
        assert sorted(entry.name for entry in tmp_path.iterdir()) == [".voices.pth.lock", "voices.pth"]


def test_a_sample_is_not_changed(cloner: XttsCloner) -> None:
    sample = read_sample(AUDIO / "jfk.wav")
    copy = Sample(sample.samples.copy(), sample.rate_hz)
    cloner.add({"a": [sample]})
    assert np.array_equal(sample.samples, copy.samples)


def test_the_encoders_are_loaded_once_and_again_when_their_file_changes(
    files: dict[str, Path], cloner: XttsCloner, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded = []

    class Counted(VoiceEncoders):
        def __init__(self, *paths: Path) -> None:
            loaded.append(paths)
            super().__init__(*paths)

    monkeypatch.setattr(cloning, "VoiceEncoders", Counted)
    sample = read_sample(AUDIO / "jfk.wav")
    cloner.add({"a": [sample]})
    XttsCloner(**files).add({"b": [sample]})
    assert len(loaded) == 1
    os.utime(files["checkpoint"], (1, 1))
    cloner.add({"c": [sample]})
    assert len(loaded) == 2


def test_files_that_are_missing(files: dict[str, Path], cloner: XttsCloner) -> None:
    files["checkpoint"].unlink()
    with pytest.raises(ConfigError, match=r"there is no file .*model\.pth"):
        cloner.add({"a": [read_sample(AUDIO / "jfk.wav")]})


def test_models_with_one_file_of_voices_share_them(files: dict[str, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(files["voices"].parent)
    other = XttsCloner(checkpoint="x.pth", config="x.json", voices=files["voices"].name)
    assert other.place == XttsCloner(**files).place
    assert other.names() == tiny.VOICES
    with pytest.raises(ConfigError, match="must name a file"):
        XttsCloner(checkpoint="x.pth", config="x.json", voices=["a", "b"])  # type: ignore[arg-type]
