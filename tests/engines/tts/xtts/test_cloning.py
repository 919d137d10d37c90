"""Cloning: the same numbers as Coqui's get_conditioning_latents with the same weights, on real recordings."""

from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch", reason="the extra `xtts` is not installed")

import torch

from tests.engines.tts.xtts import tiny, tiny_cloning
from voi.audio.sample import Sample, read_sample
from voi.engines.tts.xtts.cloning import Lengths, VoiceEncoders
from voi.engines.tts.xtts.cloning_sound import resample
from voi.errors import ClientError, ConfigError

AUDIO = Path(__file__).parents[3] / "data" / "audio"
TOLERANCE = 2e-5
FULL_SIZE = {"filters": (32, 64, 128, 256), "blocks": (3, 4, 6, 3)}  # Coqui's speaker encoder knows no other


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return tiny_cloning.make(tmp_path_factory.mktemp("cloning"))


@pytest.fixture(scope="module")
def cloner(files: dict[str, Path]) -> VoiceEncoders:
    return VoiceEncoders(files["checkpoint"], files["config"])


def of(name: str, seconds: float | None = None) -> Sample:
    sample = read_sample(AUDIO / name)
    return sample if seconds is None else Sample(sample.samples[: int(seconds * sample.rate_hz)], sample.rate_hz)


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, VoiceEncoders]:
    """Coqui's Xtts and ours."""
    full = tiny_cloning.make(tmp_path_factory.mktemp("full"), **FULL_SIZE)
    coqui = tiny.reference(full)
    own = torch.load(full["checkpoint"], weights_only=True)["model"]
    missing, unexpected = coqui.load_state_dict(own, strict=False)
    assert not unexpected
    # Spectra are Coqui's own, as ours are; all that is learnt comes from the file.
    assert not [key for key in missing if ("conditioning" in key or "speaker" in key) and "torch_spec" not in key]
    coqui.eval()
    return coqui, VoiceEncoders(full["checkpoint"], full["config"])


@pytest.mark.integration
class TestAgainstCoqui:
    @pytest.mark.parametrize(
        ("names", "how"),
        [
            (("austen-0870.wav",), {}),
            (("austen-0870.wav", "spk1_snt1.wav"), {}),
            (("spk1_snt1.wav", "austen-0880.wav"), {"gpt_cond_len": 12, "gpt_cond_chunk_len": 4}),
            (("austen-0870.wav", "spk1_snt1.wav"), {"max_ref_length": 3, "gpt_cond_len": 30, "gpt_cond_chunk_len": 4}),
            (("spk1_snt1.wav",), {"max_ref_length": 2, "gpt_cond_len": 2, "gpt_cond_chunk_len": 2}),
            (("jfk.wav",), {"gpt_cond_len": 9, "gpt_cond_chunk_len": 4, "sound_norm_refs": True}),
        ],
    )
    def test_the_same_latents(
        self,
        both: tuple[Any, VoiceEncoders],
        names: tuple[str, ...],
        how: dict[str, Any],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        coqui, cloner = both

        def load_audio(path: Path, rate_hz: int) -> torch.Tensor:  # as Coqui's, without its file reader
            import torchaudio

            sample = read_sample(path)
            sound = torch.from_numpy(sample.samples)[None]
            return torchaudio.functional.resample(sound, sample.rate_hz, rate_hz).clip(-1, 1)

        monkeypatch.setattr("TTS.tts.models.xtts.load_audio", load_audio)
        paths = [AUDIO / name for name in names]
        conditioning, embedding = coqui.get_conditioning_latents(paths, **how)
        lengths = Lengths(
            how.get("gpt_cond_len", 6),
            how.get("gpt_cond_chunk_len", 6),
            how.get("max_ref_length", 30),
            how.get("sound_norm_refs", False),
        )
        ours = cloner.latents("Robin", [read_sample(path) for path in paths], lengths)
        assert conditioning.shape == (1, *ours.conditioning.shape)
        assert (ours.conditioning - conditioning[0]).abs().max() < TOLERANCE * conditioning.abs().max()
        assert (ours.embedding - embedding.flatten()).abs().max() < TOLERANCE

    @pytest.mark.parametrize(
        ("in_hz", "out_hz"), [(44_100, 22_050), (48_000, 22_050), (22_050, 16_000), (8_000, 22_050)]
    )
    def test_the_same_resampling(self, both: object, in_hz: int, out_hz: int) -> None:
        import torchaudio

        sound = torch.from_numpy(of("spk1_snt1.wav", 1.0).samples)
        theirs = torchaudio.functional.resample(sound[None], in_hz, out_hz)[0]
        ours = resample(sound, in_hz, out_hz)
        assert len(ours) == len(theirs)
        assert (ours - theirs).abs().max() < 1e-5


def test_lengths_come_from_the_configuration(files: dict[str, Path], tmp_path: Path) -> None:
    import json

    config = tmp_path / "config.json"
    raw = json.loads(files["config"].read_text())
    config.write_text(json.dumps(raw | {"gpt_cond_len": 30, "max_ref_len": 30, "sound_norm_refs": True}))
    assert VoiceEncoders(files["checkpoint"], config).lengths == Lengths(30, 4, 30, True)
    config.write_text(json.dumps(raw | {"gpt_cond_chunk_len": 0}))
    with pytest.raises(ConfigError, match="gpt_cond_chunk_len"):
        VoiceEncoders(files["checkpoint"], config)


def test_only_so_much_is_used(cloner: VoiceEncoders) -> None:
    """What lies behind the limits changes nothing."""
    long = Sample(resample(torch.from_numpy(of("jfk.wav").samples), 16_000, 22_050).numpy(), 22_050)
    ours, theirs = cloner.latents("a", [long]), cloner.latents("a", [Sample(long.samples[: 10 * 22_050], 22_050)])
    assert torch.equal(ours.conditioning, theirs.conditioning)
    assert torch.equal(ours.embedding, theirs.embedding)


def test_too_short(cloner: VoiceEncoders) -> None:
    with pytest.raises(ClientError, match=r"shorter than 0\.33 s"):
        cloner.latents("a", [of("spk1_snt1.wav", 0.3)])


def test_a_checkpoint_without_encoders(tmp_path: Path) -> None:
    stripped = tiny.make(tmp_path)
    with pytest.raises(ConfigError, match="cannot clone voices: it lacks"):
        VoiceEncoders(stripped["checkpoint"], stripped["config"])


def test_encoders_of_another_model(files: dict[str, Path], tmp_path: Path) -> None:
    broken = tmp_path / "model.pth"
    state = torch.load(files["checkpoint"], weights_only=True)["model"]
    state.pop("hifigan_decoder.speaker_encoder.fc.bias")
    torch.save({"model": state}, broken)
    with pytest.raises(ConfigError, match="its encoders are not XTTS-v2's"):
        VoiceEncoders(broken, files["config"])
