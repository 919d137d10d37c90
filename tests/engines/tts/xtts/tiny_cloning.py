"""A tiny checkpoint that can clone: random weights of the encoders, under the names of the published model.pth."""

from pathlib import Path
from typing import Any

import torch

from tests.engines.tts.xtts import tiny

LATENTS, INNER, GATED = 32, 128, 340  # perceiver: heads of 64, as in the published model
FILTERS, BLOCKS = (8, 12, 16, 24), (1, 2, 1, 1)


def encoders(seed: int = 7, filters: tuple[int, ...] = FILTERS, blocks: tuple[int, ...] = BLOCKS) -> dict[str, Any]:
    random = torch.Generator().manual_seed(seed)
    made: dict[str, torch.Tensor] = {"mel_stats": 1.0 + torch.rand(80, generator=random)}

    def normal(name: str, *shape: int, bias: bool = True, gain: float = 1.0) -> None:
        fan_in = max(1, torch.Size(shape[1:]).numel())
        made[f"{name}.weight"] = torch.randn(*shape, generator=random) * gain * fan_in**-0.5
        if bias:
            made[f"{name}.bias"] = torch.randn(shape[0], generator=random) * 0.1

    def norm(name: str, channels: int, running: bool = False) -> None:
        made[f"{name}.weight"] = 1 + 0.1 * torch.randn(channels, generator=random)
        made[f"{name}.bias"] = 0.1 * torch.randn(channels, generator=random)
        if running:
            made[f"{name}.running_mean"] = 0.1 * torch.randn(channels, generator=random)
            made[f"{name}.running_var"] = 0.5 + torch.rand(channels, generator=random)
            made[f"{name}.num_batches_tracked"] = torch.tensor(1)

    width = tiny.WIDTH
    normal("gpt.conditioning_encoder.init", width, 80, 1)
    for block in range(6):
        at = f"gpt.conditioning_encoder.attn.{block}"
        norm(f"{at}.norm", width)
        normal(f"{at}.qkv", 3 * width, width, 1)
        normal(f"{at}.proj_out", width, width, 1)
    at = "gpt.conditioning_perceiver"
    made[f"{at}.latents"] = torch.randn(LATENTS, width, generator=random)
    made[f"{at}.norm.gamma"] = 1 + 0.1 * torch.randn(width, generator=random)
    inner, gated = 8 * 64, 2 * int(width * 4 * 2 / 3)
    for layer in range(2):
        normal(f"{at}.layers.{layer}.0.to_q", inner, width, bias=False)
        normal(f"{at}.layers.{layer}.0.to_kv", 2 * inner, width, bias=False)
        normal(f"{at}.layers.{layer}.0.to_out", width, inner, bias=False)
        normal(f"{at}.layers.{layer}.1.0", gated, width)
        normal(f"{at}.layers.{layer}.1.2", width, gated // 2)
    at = "hifigan_decoder.speaker_encoder"
    normal(f"{at}.conv1", filters[0], 1, 3, 3)
    norm(f"{at}.bn1", filters[0], running=True)
    before = filters[0]
    for stage, (channels, count) in enumerate(zip(filters, blocks, strict=True), 1):
        for block in range(count):
            name = f"{at}.layer{stage}.{block}"
            normal(f"{name}.conv1", channels, before, 3, 3, bias=False, gain=1.4)
            normal(f"{name}.conv2", channels, channels, 3, 3, bias=False, gain=1.4)
            norm(f"{name}.bn1", channels, running=True)
            norm(f"{name}.bn2", channels, running=True)
            normal(f"{name}.se.fc.0", channels // 8, channels)
            normal(f"{name}.se.fc.2", channels, channels // 8)
            if block == 0 and (stage > 1 or before != channels):
                normal(f"{name}.downsample.0", channels, before, 1, 1, bias=False)
                norm(f"{name}.downsample.1", channels, running=True)
            before = channels
    pooled = before * 8
    normal(f"{at}.attention.0", 128, pooled, 1)
    norm(f"{at}.attention.2", 128, running=True)
    normal(f"{at}.attention.3", pooled, 128, 1)
    normal(f"{at}.fc", 512, 2 * pooled)
    return made


def make(folder: Path, seed: int = 0, **sizes: Any) -> dict[str, Path]:
    """The four files of `tiny.make`, with encoders in the checkpoint."""
    files = tiny.make(folder, seed)
    torch.save({"model": tiny.state(seed) | encoders(**sizes), "config": {}, "step": 1}, files["checkpoint"])
    return files
