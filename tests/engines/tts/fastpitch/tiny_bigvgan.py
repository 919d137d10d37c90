"""Makes a BigVGAN folder of some 100 kB with random weights, in the published layout."""

import json
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

SIZES: dict[str, Any] = {
    "resblock": "1", "upsample_rates": [8, 8, 2, 2], "upsample_kernel_sizes": [16, 16, 4, 4],
    "upsample_initial_channel": 16, "resblock_kernel_sizes": [3, 5], "resblock_dilation_sizes": [[1, 3], [1, 3]],
    "activation": "snakebeta", "snake_logscale": True, "use_tanh_at_final": False, "use_bias_at_final": False,
    "num_mels": 80, "sampling_rate": 22_050, "hop_size": 256, "n_fft": 1_024, "win_size": 1_024, "fmin": 0,
    "fmax": 8_000,
}  # fmt: skip


def state(config: dict[str, Any], seed: int = 1) -> dict[str, Tensor]:
    """Random weights with weight norm, under the published names."""
    from voi.engines.tts.fastpitch.bigvgan import BigVgan
    from voi.engines.tts.fastpitch.vocoder_folder import _sizes

    random = torch.Generator().manual_seed(seed)
    found: dict[str, Tensor] = {}
    for name, value in BigVgan(_sizes(config)).state_dict().items():
        drawn = torch.randn(value.shape, generator=random) * (0.1 if value.dim() == 1 else value[0].numel() ** -0.5)
        if value.dim() == 3:
            layer = name.removesuffix("weight")
            found[layer + "weight_v"] = drawn
            found[layer + "weight_g"] = drawn.flatten(1).norm(dim=1)[:, None, None] * 0.4
        else:
            found[name] = drawn
    return found


def write(folder: Path, seed: int = 1, **changed: Any) -> Path:
    """Returns the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    config = SIZES | changed
    (folder / "config.json").write_text(json.dumps(config))
    torch.save({"generator": state(config, seed)}, folder / "bigvgan_generator.pt")
    return folder
