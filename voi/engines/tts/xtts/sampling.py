"""Draws the next code of every row, by the row's own rules and random numbers, in one go on the device.

The order is that of Hugging Face's generation, which XTTS was tuned with: repetition penalty (Keskar et al. 2019), then
temperature, top-k, top-p. Instead of a random generator each row has uniform numbers, drawn in advance from its own
seed, one for each step, and takes the code at that quantile: so a row's codes do not depend on the other rows.
"""

import torch
from torch import Tensor

NOT_A_NUMBER = -1


def draw(
    logits: Tensor,
    seen: Tensor,
    temperature: Tensor,
    top_k: Tensor,
    top_p: Tensor,
    penalty: Tensor,
    greedy: Tensor,
    quantile: Tensor,
) -> Tensor:
    """Codes (batch,); NOT_A_NUMBER where the logits have no largest finite number (half precision may overflow).

    `logits`: (batch, codes) float32; `seen`: (batch, codes) bool, the codes used before; all others (batch,):
    `temperature`, `top_k`, `top_p` and `penalty` over 0, `quantile` in [0, 1).
    """
    penalised = torch.where(logits < 0, logits * penalty[:, None], logits / penalty[:, None])
    scores = torch.where(seen, penalised, logits) / temperature[:, None]
    ordered, codes = scores.sort(dim=-1, descending=True)
    kth = ordered.gather(1, (top_k[:, None] - 1))
    odds = ordered.masked_fill(ordered < kth, -torch.inf).softmax(-1)
    likelier = odds.cumsum(-1) - odds  # total probability of the likelier codes
    odds = odds.masked_fill(likelier >= top_p[:, None], 0.0)
    up_to = odds.cumsum(-1)
    rank = (up_to <= quantile[:, None] * up_to[:, -1:]).sum(-1)
    rank = rank.minimum((odds > 0).sum(-1) - 1).clamp(min=0)  # an index out of range would break the CUDA context
    drawn = codes.gather(1, rank.masked_fill(greedy, 0)[:, None])[:, 0]
    best = ordered[:, 0]
    return drawn.masked_fill(best - best != 0, NOT_A_NUMBER)  # isfinite would be four kernels


def quantiles(seed: int, steps: int) -> Tensor:
    """Uniform numbers (steps,) float32 on the CPU, the same on every machine for the same seed."""
    return torch.rand(steps, generator=torch.Generator().manual_seed(seed))
