"""The parts of XTTS that only cloning needs: the encoders that describe a voice to the GPT and to the vocoder.

Sizes are read off the weights, and names are those of the published checkpoint. The GPT's side is attention over mel
frames (as in Tortoise, Betker 2022), gathered into 32 latents by a Perceiver resampler (Alayrac et al. 2022). The
vocoder's side is the H/ASP speaker encoder (Heo et al. 2020): a ResNet with squeeze-and-excitation, and attentive
pooling of mean and deviation.
"""

from collections.abc import Mapping
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn.functional import gelu, normalize, scaled_dot_product_attention

from voi.engines.tts.xtts.cloning_sound import SPEAKER_RATE_HZ, mel_filters, power_mel, preemphasised

HEAD_WIDTH = 64
SPEAKER_FFT, SPEAKER_WINDOW, SPEAKER_HOP, SPEAKER_BANDS = 512, 400, 160, 64
_SPEAKER_WINDOW, _SPEAKER_FILTERS = "torch_spec.1.spectrogram.window", "torch_spec.1.mel_scale.fb"


def _count(state: Mapping[str, Tensor], prefix: str) -> int:
    """How many numbered parts the weights have under a name."""
    return len({key[len(prefix) :].split(".")[0] for key in state if key.startswith(prefix)})


# ---- for the GPT --------------------------------------------------------------------------------


class _FrameAttention(nn.Module):
    """(batch, width, frames). Attention is added to the normed input, not to the input."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        groups = 8 if width <= 16 else 16 if width <= 64 else 32
        while width % groups:
            groups //= 2
        self.norm = nn.GroupNorm(groups, width)
        self.qkv = nn.Conv1d(width, 3 * width, 1)
        self.proj_out = nn.Conv1d(width, width, 1)

    def forward(self, x: Tensor) -> Tensor:
        normed = self.norm(x)
        batch, width, frames = normed.shape
        heads = self.qkv(normed).view(batch, self.heads, 3, width // self.heads, frames).transpose(3, 4)
        attended = scaled_dot_product_attention(heads[:, :, 0], heads[:, :, 1], heads[:, :, 2])
        return normed + self.proj_out(attended.transpose(2, 3).reshape(batch, width, frames))


class ConditioningEncoder(nn.Module):
    """Mel (batch, 80, frames) to (batch, width, frames)."""

    def __init__(self, state: Mapping[str, Tensor], heads: int) -> None:
        super().__init__()
        width, bands, _ = state["init.weight"].shape
        self.init = nn.Conv1d(bands, width, 1)
        self.attn = nn.Sequential(*(_FrameAttention(width, heads) for _ in range(_count(state, "attn."))))

    def forward(self, mel: Tensor) -> Tensor:
        return self.attn(self.init(mel))


class _Gather(nn.Module):
    """Attention of the latents to the frames and to themselves."""

    def __init__(self, width: int, inner: int) -> None:
        super().__init__()
        self.to_q = nn.Linear(width, inner, bias=False)
        self.to_kv = nn.Linear(width, 2 * inner, bias=False)
        self.to_out = nn.Linear(inner, width, bias=False)

    def forward(self, latents: Tensor, frames: Tensor) -> Tensor:
        def heads(x: Tensor) -> Tensor:
            return x.view(*x.shape[:2], -1, HEAD_WIDTH).transpose(1, 2)

        keys, values = self.to_kv(torch.cat([latents, frames], dim=1)).chunk(2, dim=-1)
        attended = scaled_dot_product_attention(heads(self.to_q(latents)), heads(keys), heads(values))
        return self.to_out(attended.transpose(1, 2).flatten(2))


class _Gated(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        values, gates = x.chunk(2, dim=-1)
        return values * gelu(gates)


class _RmsNorm(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.gamma = nn.Parameter(torch.ones(width))

    def forward(self, x: Tensor) -> Tensor:
        return normalize(x, dim=-1) * x.shape[-1] ** 0.5 * self.gamma


class Perceiver(nn.Module):
    """Frames (batch, frames, width) to (batch, latents, width)."""

    def __init__(self, state: Mapping[str, Tensor]) -> None:
        super().__init__()
        count, width = state["latents"].shape
        inner, gated = len(state["layers.0.0.to_q.weight"]), len(state["layers.0.1.0.weight"])
        self.latents = nn.Parameter(torch.zeros(count, width))
        self.layers = nn.ModuleList(
            nn.ModuleList(
                [
                    _Gather(width, inner),
                    nn.Sequential(nn.Linear(width, gated), _Gated(), nn.Linear(gated // 2, width)),
                ]
            )
            for _ in range(_count(state, "layers."))
        )
        self.norm = _RmsNorm(width)

    def forward(self, frames: Tensor) -> Tensor:
        latents: Tensor = self.latents.expand(len(frames), -1, -1)
        for layer in self.layers:
            gather, feed = cast(nn.ModuleList, layer)
            latents = gather(latents, frames) + latents
            latents = feed(latents) + latents
        return self.norm(latents)


# ---- for the vocoder ----------------------------------------------------------------------------


class _Excitation(nn.Module):
    """Scales each channel by what all channels are on average (Hu et al. 2018)."""

    def __init__(self, channels: int, squeezed: int) -> None:
        super().__init__()
        self.fc = nn.Sequential(
            nn.Linear(channels, squeezed), nn.ReLU(), nn.Linear(squeezed, channels), nn.Sigmoid()
        )  # fmt: skip

    def forward(self, x: Tensor) -> Tensor:
        return x * self.fc(x.mean(dim=(2, 3)))[:, :, None, None]


class _Residual(nn.Module):
    def __init__(self, before: int, channels: int, stride: int, squeezed: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(before, channels, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(channels)
        self.conv2 = nn.Conv2d(channels, channels, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(channels)
        self.se = _Excitation(channels, squeezed)
        self.downsample = (
            nn.Sequential(nn.Conv2d(before, channels, 1, stride, bias=False), nn.BatchNorm2d(channels))
            if stride != 1 or before != channels
            else nn.Identity()
        )

    def forward(self, x: Tensor) -> Tensor:
        inner = self.bn1(self.conv1(x).relu())  # norm after relu: as it was trained
        inner = self.se(self.bn2(self.conv2(inner)))
        return (inner + self.downsample(x)).relu()


class SpeakerEncoder(nn.Module):
    """Sound (samples,) at 16 kHz to an embedding (embedding width,) of length one."""

    def __init__(self, state: Mapping[str, Tensor]) -> None:
        super().__init__()
        channels = len(state["conv1.weight"])
        self.conv1 = nn.Conv2d(1, channels, 3, 1, 1)
        self.bn1 = nn.BatchNorm2d(channels)
        for stage in range(1, 5):
            wider, squeezed = len(state[f"layer{stage}.0.conv1.weight"]), len(state[f"layer{stage}.0.se.fc.0.weight"])
            blocks = []
            for number in range(_count(state, f"layer{stage}.")):
                stride = 2 if stage > 1 and number == 0 else 1
                blocks.append(_Residual(channels, wider, stride, squeezed))
                channels = wider
            self.add_module(f"layer{stage}", nn.Sequential(*blocks))
        hidden, pooled, _ = state["attention.0.weight"].shape
        self.attention = nn.Sequential(
            nn.Conv1d(pooled, hidden, 1), nn.ReLU(), nn.BatchNorm1d(hidden), nn.Conv1d(hidden, pooled, 1)
        )
        self.fc = nn.Linear(2 * pooled, len(state["fc.weight"]))
        window, filters = state.get(_SPEAKER_WINDOW), state.get(_SPEAKER_FILTERS)
        self.window: Tensor
        self.filters: Tensor
        self.register_buffer(
            "window", torch.hamming_window(SPEAKER_WINDOW) if window is None else window.float(), persistent=False
        )
        own = mel_filters(bands=SPEAKER_BANDS, bins=SPEAKER_FFT // 2 + 1, rate_hz=SPEAKER_RATE_HZ,
                          top_hz=SPEAKER_RATE_HZ / 2, slaney_area=False)  # fmt: skip
        self.register_buffer("filters", own if filters is None else filters.float(), persistent=False)

    def forward(self, sound: Tensor) -> Tensor:
        mel = power_mel(
            preemphasised(sound), fft=SPEAKER_FFT, hop=SPEAKER_HOP, window=self.window, filters=self.filters
        )
        logs = (mel + 1e-6).log()
        level, spread = logs.mean(dim=1, keepdim=True), logs.var(dim=1, keepdim=True, correction=0)
        x = self.bn1(self.conv1(((logs - level) / (spread + 1e-5).sqrt())[None, None]).relu())
        for stage in range(1, 5):
            x = self.get_submodule(f"layer{stage}")(x)
        x = x.flatten(1, 2)
        weights = self.attention(x).softmax(dim=2)
        mean = (x * weights).sum(dim=2)
        deviation = ((x * x * weights).sum(dim=2) - mean * mean).clamp(min=1e-5).sqrt()
        return normalize(self.fc(torch.cat([mean, deviation], dim=1)), dim=1)[0]
