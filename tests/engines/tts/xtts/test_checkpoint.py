import os
import pickle
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch", reason="the extra `xtts` is not installed")

import torch

from tests.engines.tts.xtts import tiny
from voi.engines.tts.xtts.checkpoint import load_tensors, load_voices, load_weights, without_weight_norm
from voi.engines.tts.xtts.layout import read_layout
from voi.errors import ConfigError


@pytest.mark.integration
def test_the_published_file_loads_though_it_holds_objects(files: dict[str, Path], tmp_path: Path) -> None:
    """The original model.pth keeps Coqui's configuration objects beside the weights."""
    tiny.need_coqui()
    from TTS.config.shared_configs import BaseDatasetConfig
    from TTS.tts.configs.xtts_config import XttsConfig

    path = tmp_path / "model.pth"
    config = XttsConfig(datasets=[BaseDatasetConfig()])
    torch.save({"config": config, "model": tiny.state(), "step": 3}, path)
    with pytest.raises(pickle.UnpicklingError):
        torch.load(path, weights_only=True)
    gpt, decoder = load_weights(path)
    plain_gpt, plain_decoder = load_weights(files["checkpoint"])
    assert gpt.keys() == plain_gpt.keys()
    assert all(torch.equal(gpt[name], plain_gpt[name]) for name in gpt)
    assert all(torch.equal(decoder[name], plain_decoder[name]) for name in decoder)


def test_the_trainers_names_are_known(files: dict[str, Path], tmp_path: Path) -> None:
    path = tmp_path / "best_model.pth"
    torch.save({"model": {f"xtts.{name}": tensor for name, tensor in tiny.state().items()}}, path)
    assert load_weights(path)[0].keys() == load_weights(files["checkpoint"])[0].keys()


class Harmful:
    def __reduce__(self) -> Any:
        return os.mkdir, (f"{os.environ['HARM_AT']}",)


def test_nothing_in_a_file_is_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    harm = tmp_path / "harm"
    monkeypatch.setenv("HARM_AT", str(harm))
    path = tmp_path / "model.pth"
    torch.save({"model": Harmful()}, path)
    with pytest.raises(ConfigError, match="cannot be loaded"):
        load_weights(path)
    with pytest.raises(ConfigError, match="cannot be loaded"):
        load_voices(path)
    assert not harm.exists()
    torch.load(path, weights_only=False)
    assert harm.exists()  # it would have been


@pytest.mark.parametrize("content", [b"", b"not a model", b"PK\x03\x04 broken"])
def test_broken_files_are_told(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "model.pth"
    path.write_bytes(content)
    with pytest.raises(ConfigError, match="cannot be loaded as an XTTS file"):
        load_tensors(path)


def test_another_model_is_told(tmp_path: Path) -> None:
    path = tmp_path / "model.pth"
    torch.save({"model": {"encoder.weight": torch.zeros(3)}}, path)
    with pytest.raises(ConfigError, match="no XTTS-v2 checkpoint"):
        load_weights(path)


def test_voices_of_both_forms(tmp_path: Path) -> None:
    path = tmp_path / "voices.pth"
    cloned = {"gpt_conditioning_latents": torch.ones(1, 32, 8), "speaker_embedding": torch.ones(1, 512, 1)}
    torch.save({"Cloned": cloned}, path)
    voice = load_voices(path)["Cloned"]
    assert voice.conditioning.shape == (32, 8)
    assert voice.embedding.shape == (512,)
    torch.save({"Odd": {"speaker_embedding": torch.ones(3)}}, path)
    with pytest.raises(ConfigError, match="'Odd' has no"):
        load_voices(path)


def test_weight_norm_is_multiplied_out() -> None:
    layer = torch.nn.utils.parametrizations.weight_norm(torch.nn.ConvTranspose1d(4, 6, 3))
    layer.parametrizations.weight.original0.data *= 1.7
    state = layer.state_dict()
    old = {
        "a.weight_g": state["parametrizations.weight.original0"],
        "a.weight_v": state["parametrizations.weight.original1"],
    }
    new = {f"a.{name}": tensor for name, tensor in state.items() if name != "bias"}
    for spelling in (old, new):
        assert torch.allclose(without_weight_norm(spelling)["a.weight"], layer.weight)


def test_a_configuration_that_is_none_is_told(tmp_path: Path) -> None:
    path = tmp_path / "config.json"
    for content, words in (("{", "config.json"), ("{}", "model_args"), ('{"model_args": {"gpt_layers": "x"}}', "gpt_")):
        path.write_text(content)
        with pytest.raises(ConfigError, match=words):
            read_layout(path)


def test_the_published_sizes() -> None:
    """Of XTTS-v2: 1040 places of 123 kB in half precision for one sentence."""
    layout = read_layout(Path(__file__).parent / "xtts_v2_config.json")
    assert layout.max_codes == 602
    assert layout.positions(32) == 1_040
    assert layout.cache_bytes(32, 2) == 30 * 2 * 1024 * 2 * 1_040
    assert layout.sampling.repetition_penalty == 5.0
