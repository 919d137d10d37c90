"""XTTS's GPT-2: from a voice and a text to audio codes, with learned positions of their own for text and for codes.

Structure after Radford et al. 2019 (pre-norm, gelu in tanh form) as Coqui's XTTS uses it: no position embedding of the
transformer's own, a second norm after the last one, and a head over audio codes. Keys and values live in a cache that
is allocated once: (layers, 2, slots, heads, positions, head width), keys and values, and each caller has a slot.
"""

from typing import cast

import torch
from torch import Tensor, nn
from torch.nn.functional import gelu, scaled_dot_product_attention


class GptLayer(nn.Module):
    """One layer. Hidden states are (batch, positions, width)."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.ln_1 = nn.LayerNorm(width)
        self.attn_attn = nn.Linear(width, 3 * width)
        self.attn_proj = nn.Linear(width, width)
        self.ln_2 = nn.LayerNorm(width)
        self.mlp_fc = nn.Linear(width, 4 * width)
        self.mlp_proj = nn.Linear(4 * width, width)

    def queries_keys_values(self, hidden: Tensor) -> Tensor:
        """(batch, positions, 3, heads, head width)."""
        batch, positions, width = hidden.shape
        joint = self.attn_attn(self.ln_1(hidden))
        return joint.view(batch, positions, 3, self.heads, width // self.heads)

    def finish(self, hidden: Tensor, attended: Tensor) -> Tensor:
        hidden = hidden + self.attn_proj(attended.transpose(1, 2).flatten(2))
        widened = gelu(self.mlp_fc(self.ln_2(hidden)), approximate="tanh")
        return hidden + self.mlp_proj(widened)


class Gpt(nn.Module):
    """`text_tokens`, `text_places`, `codes`, `code_places`: rows of the four embedding tables. `plain_attention`: in a
    step by products and a softmax, instead of torch's fused attention, which is slow with a mask on some GPUs."""

    def __init__(
        self,
        *,
        layers: int,
        width: int,
        heads: int,
        text_tokens: int,
        text_places: int,
        codes: int,
        code_places: int,
        plain_attention: bool = False,
    ) -> None:
        super().__init__()
        self._attend = attend if plain_attention else scaled_dot_product_attention
        self.text_embedding = nn.Embedding(text_tokens, width)
        self.text_position = nn.Embedding(text_places, width)
        self.mel_embedding = nn.Embedding(codes, width)
        self.mel_position = nn.Embedding(code_places, width)
        self.h = nn.ModuleList(GptLayer(width, heads) for _ in range(layers))
        self._blocks = tuple(cast(GptLayer, block) for block in self.h)
        self.ln_f = nn.LayerNorm(width)
        self.final_norm = nn.LayerNorm(width)
        self.mel_head = nn.Linear(width, codes)

    def prefix(self, conditioning: Tensor, ids: Tensor) -> Tensor:
        """The embeddings before the codes, (places, width). `ids` include their start and stop marks."""
        places = torch.arange(len(ids), device=ids.device)
        return torch.cat([conditioning, self.text_embedding(ids) + self.text_position(places)])

    def fill(self, hidden: Tensor, slots: Tensor, cache: Tensor) -> None:
        """Put prefixes (batch, places, width) into the cache slots (batch,). Positions after the end of a shorter
        prefix hold garbage, which later codes overwrite before it is read."""
        places = hidden.shape[1]
        for layer, block in enumerate(self._blocks):
            joint = block.queries_keys_values(hidden)
            cache[layer][:, slots, :, :places] = joint[:, :, 1:].permute(2, 0, 3, 1, 4)
            q, k, v = joint.permute(2, 0, 3, 1, 4)
            hidden = block.finish(hidden, scaled_dot_product_attention(q, k, v, is_causal=True))

    def step(self, codes: Tensor, done: Tensor, places: Tensor, cache: Tensor, length: int) -> tuple[Tensor, Tensor]:
        """One step in slots 0 to batch - 1; returns latents (batch, width) and logits (batch, codes).

        `codes`: the last code of each; `done`: how many codes it has; `places`: where in the cache the last one goes;
        `length`: how many places attention reads, more than any of `places`.
        """
        batch = len(codes)
        rows = torch.arange(batch, device=codes.device)
        unseen = torch.arange(length, device=codes.device) > places[:, None]
        # Added to the scores. With booleans torch would make this tensor again in each layer.
        mask = torch.zeros(batch, length, device=codes.device, dtype=cache.dtype).masked_fill(unseen, -torch.inf)
        mask = mask[:, None, None]
        hidden = (self.mel_embedding(codes) + self.mel_position(done))[:, None]
        for layer, block in enumerate(self._blocks):
            joint = block.queries_keys_values(hidden)
            cache[layer][:, rows, :, places] = joint[:, 0, 1:]
            keys, values = cache[layer, :, :batch, :, :length]
            attended = self._attend(joint[:, :, 0].transpose(1, 2), keys, values, attn_mask=mask)
            hidden = block.finish(hidden, attended)
        latents = self.final_norm(self.ln_f(hidden[:, 0]))
        return latents, self.mel_head(latents)


def attend(queries: Tensor, keys: Tensor, values: Tensor, attn_mask: Tensor) -> Tensor:
    """What torch's scaled_dot_product_attention computes, in three products and a softmax."""
    scores = (queries * queries.shape[-1] ** -0.5) @ keys.transpose(-1, -2) + attn_mask
    return scores.softmax(dim=-1, dtype=torch.float32).to(values.dtype) @ values
