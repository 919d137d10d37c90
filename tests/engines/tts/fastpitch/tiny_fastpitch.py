"""Makes a FastPitch model of some 100 kB with random weights, as a .nemo file in the published layout."""

from pathlib import Path
from typing import Any

import torch
from torch import Tensor

DICTIONARY = b";;; CMUdict\nHELLO  HH AH0 L OW1\nWORLD  W ER1 L D\nREAD  R EH1 D\nREAD(1)  R IY1 D\nTEA  T IY1\n"
VIETNAMESE: dict[str, Any] = {
    "_target_": "nemo.collections.common.tokenizers.text_to_speech.tts_tokenizers.VietnameseCharsTokenizer",
    "punct": True, "apostrophe": True, "pad_with_space": True,
}  # fmt: skip
ENGLISH: dict[str, Any] = {
    "_target_": "nemo.collections.tts.torch.tts_tokenizers.EnglishPhonemesTokenizer",
    "punct": True, "stresses": True, "chars": True, "apostrophe": True, "pad_with_space": True,
    "g2p": {"_target_": "nemo.collections.tts.torch.g2ps.EnglishG2p", "phoneme_dict": "nemo:0a_dict",
            "heteronyms": "nemo:0b_heteronyms", "phoneme_probability": 0.5},
}  # fmt: skip


def config(tokenizer: dict[str, Any], **changed: Any) -> dict[str, Any]:
    stack = {"n_layer": 2, "n_head": 2, "d_model": "${symbols_embedding_dim}", "d_head": 8, "d_inner": 32,
             "kernel_size": 3, "dropout": 0.1, "dropatt": 0.1, "dropemb": 0.0}  # fmt: skip
    predictor = {"input_size": "${symbols_embedding_dim}", "kernel_size": 3, "filter_size": 12, "dropout": 0.1,
                 "n_layers": 2}  # fmt: skip
    return {
        "learn_alignment": True, "n_speakers": 3, "symbols_embedding_dim": 16, "pitch_embedding_kernel_size": 3,
        "max_token_duration": 75, "n_mel_channels": 80, "pitch_mean": 210.0, "pitch_std": 70.0,
        "sample_rate": 22_050, "n_window_size": 1_024, "n_window_stride": 256, "n_fft": 1_024, "lowfreq": 0,
        "highfreq": 8_000, "text_tokenizer": tokenizer, "input_fft": dict(stack), "output_fft": dict(stack),
        "duration_predictor": dict(predictor), "pitch_predictor": dict(predictor),
        "preprocessor": {"features": "${n_mel_channels}", "sample_rate": "${sample_rate}", "n_fft": "${model.n_fft}",
                         "n_window_size": "${n_window_size}", "n_window_stride": "${n_window_stride}",
                         "lowfreq": "${lowfreq}", "highfreq": "${highfreq}"},
        **changed,
    }  # fmt: skip


def state(settings: dict[str, Any], seed: int = 1) -> dict[str, Tensor]:
    """Random weights under the published names. A letter takes some eight frames."""
    from voi.engines.tts.fastpitch.model import untrained

    random = torch.Generator().manual_seed(seed)
    found = {}
    for name, value in untrained(settings, {"0a_dict": DICTIONARY, "0b_heteronyms": b"tea\n"}).state_dict().items():
        drawn = torch.randn(value.shape, generator=random)
        found[f"fastpitch.{name}"] = drawn * (0.2 if value.dim() == 1 else value[0].numel() ** -0.5)
        if ".norm." in name or "layer_norm" in name:
            found[f"fastpitch.{name}"] = 1 + 0.1 * drawn if name.endswith("weight") else 0.1 * drawn
    found["fastpitch.duration_predictor.fc.bias"] = torch.tensor([2.1])
    found["fastpitch.pitch_mean"] = torch.zeros(1)  # beside those that an engine needs
    found["aligner.key_proj.0.conv.weight"] = torch.zeros(3)
    return found


def write(path: Path, tokenizer: dict[str, Any] = VIETNAMESE, seed: int = 1, **changed: Any) -> Path:
    from voi.engines.tts.fastpitch.nemo_file import write_nemo

    settings = config(tokenizer, **changed)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_nemo(path, settings, state(settings, seed), {"0a_dict": DICTIONARY, "0b_heteronyms": b"tea\n"})
    return path
