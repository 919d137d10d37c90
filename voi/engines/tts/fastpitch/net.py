"""FastPitch (arXiv:2006.06873): letters to mel spectra, all at once. Names of weights are NeMo's.

Rows of a batch may have different lengths. All values behind a row's end are zero between any two convolutions, so that
a sentence has the same spectrum alone and among others.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from voi.engines.tts.fastpitch.layout import FastPitchLayout, Predictor, Stack

MEL_FRAMES_MAX = 4_000
"""46 s at the usual hop: a part of a text that asks for more is cut."""


@dataclass(frozen=True, slots=True)
class ProsodyRows:
    """One number for each row of a batch, (batch, 1). `pace`: above 1 is faster; `pitch`: a factor of the frequency;
    `movement`: a factor of how far the pitch leaves its mean."""

    pace: Tensor
    pitch: Tensor
    movement: Tensor


class FftAttention(nn.Module):
    """Self-attention with what comes back added and normalised."""

    def __init__(self, stack: Stack) -> None:
        super().__init__()
        self._heads, self._head = stack.heads, stack.head_width
        self.qkv_net = nn.Linear(stack.width, 3 * stack.heads * stack.head_width)
        self.o_net = nn.Linear(stack.heads * stack.head_width, stack.width, bias=False)
        self.layer_norm = nn.LayerNorm(stack.width)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """(batch, places, width); `mask`: (batch, places), True where a row has something."""
        batch, places, _ = x.shape
        q, k, v = self.qkv_net(x).view(batch, places, 3, self._heads, self._head).permute(2, 0, 3, 1, 4)
        seen = functional.scaled_dot_product_attention(q, k, v, mask[:, None, None])
        return self.layer_norm(x + self.o_net(seen.transpose(1, 2).reshape(batch, places, -1)))


class FeedForward(nn.Module):
    """Two convolutions with what comes back added and normalised."""

    def __init__(self, stack: Stack) -> None:
        super().__init__()
        edge = stack.kernel // 2
        self.CoreNet = nn.Sequential(
            nn.Conv1d(stack.width, stack.inner, stack.kernel, padding=edge),
            nn.ReLU(),
            nn.Conv1d(stack.inner, stack.width, stack.kernel, padding=edge),
        )
        self.layer_norm = nn.LayerNorm(stack.width)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        one, relu, other = self.CoreNet
        y = other(relu(one(x.transpose(1, 2))) * mask[:, None]).transpose(1, 2)
        return self.layer_norm(x + y)


class FftLayer(nn.Module):
    """An FFT block."""

    def __init__(self, stack: Stack) -> None:
        super().__init__()
        self.dec_attn, self.pos_ff = FftAttention(stack), FeedForward(stack)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        x = self.dec_attn(x, mask) * mask[..., None]
        return self.pos_ff(x, mask) * mask[..., None]


class FftStack(nn.Module):
    """`tokens` None: its input has the model's width already."""

    def __init__(self, stack: Stack, tokens: int | None = None) -> None:
        super().__init__()
        self._width = stack.width
        self.layers = nn.ModuleList(FftLayer(stack) for _ in range(stack.layers))
        if tokens is not None:
            self.word_emb = nn.Embedding(tokens, stack.width)

    def forward(self, x: Tensor, mask: Tensor, speaker: Tensor | None) -> Tensor:
        x = x + positions(x.shape[1], self._width, x.device) * mask[..., None]
        if speaker is not None:
            x = x + speaker
        for layer in self.layers:
            x = layer(x, mask)
        return x


class TokenPredictor(nn.Module):
    """Durations or pitch: one number for each token."""

    def __init__(self, sizes: Predictor, width: int) -> None:
        super().__init__()
        self.layers = nn.ModuleList()
        for number in range(sizes.layers):
            layer = nn.Module()
            layer.conv = nn.Conv1d(
                sizes.width if number else width, sizes.width, sizes.kernel, padding=sizes.kernel // 2
            )
            layer.norm = nn.LayerNorm(sizes.width)
            self.layers.append(layer)
        self.fc = nn.Linear(sizes.width, 1)

    def forward(self, x: Tensor, mask: Tensor, speaker: Tensor | None) -> Tensor:
        """(batch, tokens, width) to (batch, tokens)."""
        if speaker is not None:
            x = x + speaker
        for layer in self.layers:
            x = layer.norm(layer.conv((x * mask[..., None]).transpose(1, 2)).relu().transpose(1, 2))
        return self.fc(x)[..., 0] * mask


class FastPitch(nn.Module):
    """`tokens`: how many there are in the vocabulary."""

    def __init__(self, layout: FastPitchLayout, tokens: int) -> None:
        super().__init__()
        self.layout, width = layout, layout.encoder.width
        self.encoder, self.decoder = FftStack(layout.encoder, tokens), FftStack(layout.decoder)
        self.duration_predictor = TokenPredictor(layout.duration, width)
        self.pitch_predictor = TokenPredictor(layout.pitch, width)
        self.pitch_emb = nn.Conv1d(1, width, layout.pitch_kernel, padding=layout.pitch_kernel // 2)
        self.speaker_emb = nn.Embedding(layout.speakers, width) if layout.speakers > 1 else None
        self.proj = nn.Linear(width, layout.mel_bands)

    def forward(self, ids: Tensor, mask: Tensor, speakers: Tensor, prosody: ProsodyRows) -> tuple[Tensor, Tensor]:
        """`ids`, `mask`: (batch, tokens); `speakers`: (batch,). Log mel (batch, bands, frames) and how many frames each
        row has, (batch,)."""
        layout = self.layout
        speaker = self.speaker_emb(speakers)[:, None] if self.speaker_emb is not None else None
        encoded = self.encoder(self.encoder.word_emb(ids) * mask[..., None], mask, speaker)
        prosodic = speaker if layout.speaker_in_predictors else None
        frames = self.duration_predictor(encoded, mask, prosodic).exp() - 1.0
        frames = frames.clamp(layout.least_frames, layout.most_frames) * mask
        repeats = (frames / prosody.pace + 0.5).floor().long()
        repeats = torch.where(repeats.cumsum(1) <= MEL_FRAMES_MAX, repeats, 0)
        pitch = self._moved(self.pitch_predictor(encoded, mask, prosodic), mask, prosody)
        encoded = encoded + self.pitch_emb(pitch[:, None]).transpose(1, 2)
        spread, lengths = repeated(encoded, repeats)
        there = torch.arange(spread.shape[1], device=ids.device)[None] < lengths[:, None]
        decoded = self.decoder(spread, there, speaker if layout.speaker_in_decoder else None)
        return self.proj(decoded).transpose(1, 2), lengths

    def _moved(self, pitch: Tensor, mask: Tensor, prosody: ProsodyRows) -> Tensor:
        """The normalised pitch, raised and stretched. A model without statistics takes a standard deviation of a third
        of the mean, as recorded voices have."""
        mean = self.layout.pitch_mean / self.layout.pitch_std if self.layout.pitch_std else 3.0
        return (pitch * prosody.movement * prosody.pitch + mean * (prosody.pitch - 1.0)) * mask


def positions(length: int, width: int, device: torch.device) -> Tensor:
    """(length, width): sines in the first half, cosines in the second (Transformer-XL)."""
    frequencies = 10_000 ** -(torch.arange(0.0, width, 2.0, device=device) / width)
    at = torch.arange(length, device=device, dtype=torch.float32)[:, None] * frequencies[None]
    return torch.cat([at.sin(), at.cos()], 1)


def repeated(x: Tensor, times: Tensor) -> tuple[Tensor, Tensor]:
    """Each place of (batch, places, width) so often; shorter rows end in zeros. At least one frame long."""
    ends = times.cumsum(1)
    lengths = ends[:, -1]
    at = torch.arange(max(1, int(lengths.max())), device=x.device)
    index = torch.searchsorted(ends, at[None].expand(len(x), -1).contiguous(), right=True)
    there = at[None] < lengths[:, None]
    index = index.clamp(max=x.shape[1] - 1)[..., None].expand(-1, -1, x.shape[2])
    return x.gather(1, index) * there[..., None], lengths
