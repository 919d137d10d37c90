"""Whisper's encoder and decoder as plain functions over the openai checkpoint's weights, in one precision.

The architecture is that of openai/whisper's model.py. The decoder here works on rows of a preallocated key-value cache:
every row has its own position, so callers with prompts of different lengths are decoded together, and shapes never
change, so that a step can be captured as a CUDA graph.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor


@dataclass(frozen=True, slots=True)
class Dimensions:
    """The checkpoint's `dims`."""

    n_mels: int
    n_audio_ctx: int
    n_audio_state: int
    n_audio_head: int
    n_audio_layer: int
    n_vocab: int
    n_text_ctx: int
    n_text_state: int
    n_text_head: int
    n_text_layer: int

    @property
    def multilingual(self) -> bool:
        return self.n_vocab >= 51_865

    @property
    def languages(self) -> int:
        return self.n_vocab - 51_765 - int(self.multilingual)


class Attention:
    """Weights of one attention; query, key and value share one matrix if they read the same input."""

    def __init__(self, weights: Mapping[str, Tensor], name: str, heads: int, *, cross: bool) -> None:
        part = {key: weights[f"{name}.{key}"] for key in _ATTENTION}
        no_bias = torch.zeros_like(part["query.bias"])
        self.heads = heads
        self.out = (part["out.weight"], part["out.bias"])
        if cross:
            self.query = (part["query.weight"], part["query.bias"])
            self.key_value = (
                torch.cat([part["key.weight"], part["value.weight"]]),
                torch.cat([no_bias, part["value.bias"]]),
            )
        else:
            self.all_three = (
                torch.cat([part["query.weight"], part["key.weight"], part["value.weight"]]),
                torch.cat([part["query.bias"], no_bias, part["value.bias"]]),
            )

    def split(self, x: Tensor) -> Tensor:
        """(batch, time, state) -> (batch, heads, time, state of a head)."""
        return x.reshape(*x.shape[:-1], self.heads, -1).transpose(1, 2)

    def merge(self, x: Tensor) -> Tensor:
        """The output projection, for heads in the shape that `split` returns."""
        return F.linear(x.transpose(1, 2).flatten(2), *self.out)


_ATTENTION = ("query.weight", "query.bias", "key.weight", "value.weight", "value.bias", "out.weight", "out.bias")


class ResidualBlock:
    """One layer: self-attention, in the decoder cross-attention, then two linear layers."""

    def __init__(self, weights: Mapping[str, Tensor], name: str, heads: int, *, cross: bool) -> None:
        def pair(part: str) -> tuple[Tensor, Tensor]:
            return weights[f"{name}.{part}.weight"], weights[f"{name}.{part}.bias"]

        self.norm, self.mlp_norm, self.up, self.down = pair("attn_ln"), pair("mlp_ln"), pair("mlp.0"), pair("mlp.2")
        self.attention = Attention(weights, f"{name}.attn", heads, cross=False)
        if cross:
            self.cross_norm = pair("cross_attn_ln")
            self.cross = Attention(weights, f"{name}.cross_attn", heads, cross=True)

    def mlp(self, x: Tensor) -> Tensor:
        return x + F.linear(F.gelu(F.linear(norm(x, self.mlp_norm), *self.up)), *self.down)


def norm(x: Tensor, weights: tuple[Tensor, Tensor]) -> Tensor:
    """Layer normalisation over the last axis of `x`. `weights`: scale and bias, each of that axis's length."""
    return F.layer_norm(x, x.shape[-1:], *weights)


class Encoder:
    """Mel to features. Shapes: (batch, n_mels, 3000) -> (batch, 1500, state)."""

    def __init__(self, dims: Dimensions, weights: Mapping[str, Tensor]) -> None:
        self.positions = weights["encoder.positional_embedding"]
        self.conv1 = (weights["encoder.conv1.weight"], weights["encoder.conv1.bias"])
        self.conv2 = (weights["encoder.conv2.weight"], weights["encoder.conv2.bias"])
        self.norm = (weights["encoder.ln_post.weight"], weights["encoder.ln_post.bias"])
        self.blocks = [
            ResidualBlock(weights, f"encoder.blocks.{layer}", dims.n_audio_head, cross=False)
            for layer in range(dims.n_audio_layer)
        ]

    def __call__(self, mel: Tensor) -> Tensor:
        x = F.gelu(F.conv1d(mel, *self.conv1, padding=1))
        x = F.gelu(F.conv1d(x, *self.conv2, stride=2, padding=1))
        x = x.transpose(1, 2) + self.positions
        for block in self.blocks:
            attention = block.attention
            parts = F.linear(norm(x, block.norm), *attention.all_three).chunk(3, dim=-1)
            query, key, value = (attention.split(part) for part in parts)
            x = x + attention.merge(F.scaled_dot_product_attention(query, key, value))
            x = block.mlp(x)
        return norm(x, self.norm)


class TextDecoder:
    """The text decoder with a cache of `rows` rows.

    `attention`: (rows, alignment heads, places, 1500), what the alignment heads looked at (before softmax), place 0 for
    the start-of-transcript token, then one place per token.
    """

    def __init__(
        self,
        dims: Dimensions,
        weights: Mapping[str, Tensor],
        alignment_heads: list[tuple[int, int]],
        rows: int,
    ) -> None:
        self.dims, self.rows = dims, rows
        self.embedding = weights["decoder.token_embedding.weight"]
        self.embedded_positions = weights["decoder.positional_embedding"]
        self.norm = (weights["decoder.ln.weight"], weights["decoder.ln.bias"])
        heads = dims.n_text_head
        self.blocks = [
            ResidualBlock(weights, f"decoder.blocks.{layer}", heads, cross=True) for layer in range(dims.n_text_layer)
        ]
        self._aligned: list[tuple[Tensor, int]] = []
        """For each layer, its alignment heads and the index of the first of them in `attention`."""
        at = 0
        like: dict[str, Any] = {"dtype": self.embedding.dtype, "device": self.embedding.device}
        for layer in range(dims.n_text_layer):
            mine = [head for of, head in alignment_heads if of == layer]
            self._aligned.append((torch.tensor(mine, dtype=torch.long, device=like["device"]), at))
            at += len(mine)
        wide = dims.n_text_state // heads
        self.places = dims.n_text_ctx // 2 + 8
        layers = dims.n_text_layer
        self._text = torch.zeros(2, layers, rows, heads, dims.n_text_ctx, wide, **like)
        self._sound = torch.zeros(2, layers, rows, heads, dims.n_audio_ctx, wide, **like)
        self.keys, self.values = self._text  # each by layer, row, head and place
        self.sound_keys, self.sound_values = self._sound
        self.attention = torch.zeros(rows, at, self.places, dims.n_audio_ctx, **like)
        # What the alignment heads compare with, in the order of `attention`: gathered once for all steps.
        self._aligned_keys = torch.zeros(rows, at, dims.n_audio_ctx, wide, **like)
        self.tokens = torch.zeros(rows, dtype=torch.long, device=like["device"])
        self.positions = torch.zeros_like(self.tokens)
        self.starts = torch.zeros_like(self.tokens)
        self._numbers = torch.arange(max(rows, dims.n_text_ctx), device=like["device"])
        # The causal mask, added to the scores. With booleans torch would make this tensor again in each layer.
        self._hidden = torch.full((dims.n_text_ctx, dims.n_text_ctx), -torch.inf, **like).triu(1)

    def listen(self, features: Tensor) -> None:
        """Give the first rows their sound, (batch, 1500, state)."""
        count = len(features)
        for layer, block in enumerate(self.blocks):
            key, value = F.linear(features, *block.cross.key_value).chunk(2, dim=-1)
            self.sound_keys[layer][:count] = block.cross.split(key)
            self.sound_values[layer][:count] = block.cross.split(value)
            heads, at = self._aligned[layer]
            if len(heads):
                self._aligned_keys[:count, at : at + len(heads)] = self.sound_keys[layer][:count, heads]

    def start_logits(self, start_token: int, count: int) -> Tensor:
        """Logits after the start-of-transcript token alone, (count, vocabulary): for the language."""
        tokens = torch.full((count, 1), start_token, device=self.tokens.device)
        return self.logits(self._whole(tokens, keep=None)[:, 0])

    def begin(self, tokens: Tensor, lengths: Tensor, starts: Tensor) -> tuple[Tensor, Tensor]:
        """Read the rows' first tokens, (batch, longest), padded on the right; `starts`: where in each row the
        start-of-transcript token is. Returns the logits at that token and at the last one, each (batch, vocabulary)."""
        count = len(tokens)
        self.positions[:count] = lengths
        self.starts[:count] = starts
        x = self._whole(tokens, keep=starts)
        rows = self._numbers[:count]
        return self.logits(x[rows, starts]), self.logits(x[rows, lengths - 1])

    def _whole(self, tokens: Tensor, keep: Tensor | None) -> Tensor:
        """Hidden states for all tokens at once, (batch, time, state). `keep` None leaves the cache as it is."""
        count, time = tokens.shape
        x = self.embedding[tokens] + self.embedded_positions[:time]
        for layer, block in enumerate(self.blocks):
            attention = block.attention
            parts = F.linear(norm(x, block.norm), *attention.all_three).chunk(3, dim=-1)
            query, key, value = (attention.split(part) for part in parts)
            if keep is not None:
                self.keys[layer][:count, :, :time] = key
                self.values[layer][:count, :, :time] = value
            x = x + attention.merge(F.scaled_dot_product_attention(query, key, value, is_causal=time > 1))
            query = block.cross.split(F.linear(norm(x, block.cross_norm), *block.cross.query))
            x = x + block.cross.merge(self._hear(layer, query, count))
            if keep is not None:
                self._keep_attention(layer, query, keep)
            x = block.mlp(x)
        return norm(x, self.norm)

    def _hear(self, layer: int, query: Tensor, count: int) -> Tensor:
        return F.scaled_dot_product_attention(query, self.sound_keys[layer][:count], self.sound_values[layer][:count])

    def _keep_attention(self, layer: int, query: Tensor, starts: Tensor) -> None:
        """Keep the attention scores of the tokens from the start-of-transcript token on; tokens before it are the
        prompt."""
        heads, at = self._aligned[layer]
        if not len(heads):
            return
        count, _, time, _ = query.shape
        rows = self._numbers[:count, None]
        places = min(time, self.places)
        when = (starts[:, None] + self._numbers[:places]).clamp(max=time - 1)
        chosen = query[:, heads].transpose(1, 2)[rows, when]  # (count, places, heads, width)
        self.attention[:count, at : at + len(heads), :places] = self._scores(at, chosen.transpose(1, 2))

    def _scores(self, at: int, query: Tensor) -> Tensor:
        """Of the alignment heads from `at` on, (rows, heads, places, width)."""
        keys = self._aligned_keys[: len(query), at : at + query.shape[1]]
        scores: Tensor = (query * query.shape[-1] ** -0.5) @ keys.transpose(-1, -2)
        return scores

    def step(self, count: int, reach: int) -> Tensor:
        """Read `tokens` of the first `count` rows at their `positions`, all below `reach`, and advance by one. Returns
        logits, (count, vocabulary)."""
        rows, positions = self._numbers[:count], self.positions[:count]
        x = (self.embedding[self.tokens[:count]] + self.embedded_positions[positions])[:, None]
        hidden = self._hidden[positions][:, None, None, :reach]
        places = (positions - self.starts[:count]).clamp(max=self.places - 1)
        for layer, block in enumerate(self.blocks):
            attention = block.attention
            joint = F.linear(norm(x, block.norm), *attention.all_three).view(count, 1, 3, attention.heads, -1)
            self._text[:, layer][:, rows, :, positions] = joint[:, 0, 1:]
            keys, values = self._text[:, layer, :count, :, :reach]
            query = joint[:, :, 0].transpose(1, 2)
            x = x + attention.merge(F.scaled_dot_product_attention(query, keys, values, attn_mask=hidden))
            query = block.cross.split(F.linear(norm(x, block.cross_norm), *block.cross.query))
            x = x + block.cross.merge(self._hear(layer, query, count))
            heads, at = self._aligned[layer]
            if len(heads):
                scores = self._scores(at, query[:, heads])
                self.attention[rows, at : at + len(heads), places] = scores[:, :, 0]
            x = block.mlp(x)
        self.positions[:count] = (positions + 1).clamp(max=self.dims.n_text_ctx - 1)
        return self.logits(norm(x, self.norm)[:, 0])

    def logits(self, x: Tensor) -> Tensor:
        return F.linear(x, self.embedding).float()

    def move(self, source: int, target: int, reach: int) -> None:
        """Copy a row's cache, up to the position `reach`, to the place of a finished row."""
        self._text[:, :, target, :, :reach] = self._text[:, :, source, :, :reach]
        self._sound[:, :, target] = self._sound[:, :, source]
        self._aligned_keys[target] = self._aligned_keys[source]
        self.attention[target] = self.attention[source]
        for numbers in (self.tokens, self.positions, self.starts):
            numbers[target] = numbers[source].clone()

    @property
    def cache_bytes(self) -> int:
        return self._text.nbytes + self._sound.nbytes + self.attention.nbytes + self._aligned_keys.nbytes
