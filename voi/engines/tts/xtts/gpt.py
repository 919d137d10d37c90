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

    def __init__(self, width: int, heads: int, *, fused_activation: bool = False) -> None:
        super().__init__()
        self.heads = heads
        self._widened = fused_gelu if fused_activation else linear_gelu
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
        return hidden + self.mlp_proj(self._widened(self.ln_2(hidden), self.mlp_fc))


class Gpt(nn.Module):
    """`text_tokens`, `text_places`, `codes`, `code_places`: rows of the four embedding tables. `plain_attention`: in a
    step by products and a softmax, instead of torch's fused attention, which is slow with a mask on some GPUs.
    `fused_activation`: on a GPU in one kernel with the product before it."""

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
        fused_activation: bool = False,
    ) -> None:
        super().__init__()
        self._attend = attend if plain_attention else scaled_dot_product_attention
        self.text_embedding = nn.Embedding(text_tokens, width)
        self.text_position = nn.Embedding(text_places, width)
        self.mel_embedding = nn.Embedding(codes, width)
        self.mel_position = nn.Embedding(code_places, width)
        self.h = nn.ModuleList(GptLayer(width, heads, fused_activation=fused_activation) for _ in range(layers))
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

    def step(
        self, codes: Tensor, done: Tensor, rows: Tensor, places: Tensor, cache: Tensor, unseen: Tensor
    ) -> tuple[Tensor, Tensor]:
        """One step in slots 0 to batch - 1; returns latents (batch, width) and logits (batch, codes).

        `codes`: the last code of each; `done`: how many codes it has; `rows`: the slots' numbers; `places`: where in
        the cache the last one goes; `unseen`: (places, length), added to the scores of a query at each place, for as
        many places as attention reads, which are more than any of `places`.
        """
        batch, length = len(codes), unseen.shape[1]
        mask = unseen[places][:, None, None]
        hidden = (self.mel_embedding(codes) + self.mel_position(done))[:, None]
        for layer, block in enumerate(self._blocks):
            joint = block.queries_keys_values(hidden)
            cache[layer][:, rows, :, places] = joint[:, 0, 1:]
            keys, values = cache[layer, :, :batch, :, :length]
            attended = self._attend(joint[:, :, 0].transpose(1, 2), keys, values, attn_mask=mask)
            hidden = block.finish(hidden, attended)
        latents = self.final_norm(self.ln_f(hidden[:, 0]))
        return latents, self.mel_head(latents)


def linear_gelu(x: Tensor, linear: nn.Linear) -> Tensor:
    """GELU (approximated by tanh, as in GPT-2) of the linear layer's output."""
    return gelu(linear(x), approximate="tanh")


def fused_gelu(x: Tensor, linear: nn.Linear) -> Tensor:
    """The same in one kernel, by cuBLAS, whose gelu is the approximation. On a CPU torch's is the exact one."""
    if x.device.type == "cpu":
        return linear_gelu(x, linear)
    return _product_gelu(x, linear)


def _product_gelu(x: Tensor, linear: nn.Linear) -> Tensor:
    rows = x.flatten(0, -2)
    widened: Tensor = torch._addmm_activation(linear.bias, rows, linear.weight.T, use_gelu=True)
    return widened.view(*x.shape[:-1], -1)


def attend(queries: Tensor, keys: Tensor, values: Tensor, attn_mask: Tensor) -> Tensor:
    """What torch's scaled_dot_product_attention computes, in three products and a softmax."""
    scores = (queries * queries.shape[-1] ** -0.5) @ keys.transpose(-1, -2) + attn_mask
    return scores.softmax(dim=-1, dtype=torch.float32).to(values.dtype) @ values
