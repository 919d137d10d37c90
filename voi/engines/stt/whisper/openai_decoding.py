"""Decode a batch of windows token by token; each row has its own prompt, length and temperature, and leaves when done.

Greedy decoding gives the tokens of openai/whisper's `decode` (without timestamp tokens). On CUDA a step is recorded
for each of a few batch sizes.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial

import torch
from torch import Tensor

from voi.engines.cuda_graphs import Graphs
from voi.engines.stt.whisper.openai_network import TextDecoder


@dataclass(slots=True)
class Row:
    """`tokens`: what the row begins with; `start`: where in it the start-of-transcript token is. `text_at_once`: the
    first new token must be text, as openai/whisper's `suppress_blank` wants. `seed` makes sampling repeatable."""

    tokens: list[int]
    start: int
    most: int
    temperature: float = 0.0
    text_at_once: bool = True
    seed: int = 0
    cancelled: Callable[[], bool] = lambda: False


@dataclass(slots=True)
class Decoded:
    """`tokens` without the end token. `attention`: (heads, places, 1500), a place for each token read from the
    start-of-transcript token on; None where the row was cancelled."""

    tokens: list[int] = field(default_factory=list)
    logprobs: list[float] = field(default_factory=list)
    no_speech_prob: float = 0.0
    attention: Tensor | None = None

    @property
    def avg_logprob(self) -> float:
        return sum(self.logprobs) / (len(self.tokens) + 1)


class Decoding:
    """Runs a `TextDecoder` for one batch after the other. `suppressed`: tokens that are never said; `blank`: those that
    may not come first."""

    def __init__(
        self, decoder: TextDecoder, *, end_token: int, no_speech_token: int, suppressed: list[int], blank: list[int]
    ) -> None:
        self.decoder = decoder
        self._end_token, self._no_speech_token = end_token, no_speech_token
        like = decoder.embedding
        self._never = torch.zeros(like.shape[0], device=like.device)
        self._never[suppressed] = -torch.inf
        self._not_first = torch.zeros_like(self._never)
        self._not_first[blank] = -torch.inf
        self._logits = torch.zeros(decoder.rows, like.shape[0], device=like.device)
        self._logprobs = torch.zeros(decoder.rows, device=like.device)
        self._graphs = Graphs(like.device, "Whisper")
        self._sizes: list[int] = []

    def record(self) -> list[int]:
        """Record the step for each of the batch sizes that it returns; CUDA only. Overwrites the cache. Raises
        OutOfMemoryError."""
        most, reach = self.decoder.rows, self.decoder.dims.n_text_ctx
        sizes = sorted({*(1 << power for power in range(most.bit_length())), most})
        for size in reversed(sizes):  # smaller graphs reuse the memory of larger ones
            self._graphs.record(size, partial(self._step, size, reach))
        self._sizes = [size for size in sizes if size in self._graphs]
        return self._sizes

    def run(self, rows: Sequence[Row]) -> list[Decoded]:
        """Decode the rows. Their sound is already in the decoder (`TextDecoder.listen`), in the same order."""
        decoder = self.decoder
        device = decoder.tokens.device
        results = [Decoded() for _ in rows]
        longest = max(len(row.tokens) for row in rows)
        tokens = torch.tensor([row.tokens + [self._end_token] * (longest - len(row.tokens)) for row in rows])
        lengths = torch.tensor([len(row.tokens) for row in rows])
        starts = torch.tensor([row.start for row in rows])
        at_start, last = decoder.begin(tokens.to(device), lengths.to(device), starts.to(device))
        for result, chance in zip(results, at_start.softmax(dim=-1)[:, self._no_speech_token].tolist(), strict=True):
            result.no_speech_prob = chance
        for slot, row in enumerate(rows):
            if row.text_at_once:
                last[slot] += self._not_first
        self._logits[: len(rows)] = last
        self._choose(len(rows))
        dice = [torch.Generator(device).manual_seed(row.seed) if row.temperature > 0 else None for row in rows]

        slots: list[int | None] = list(range(len(rows)))  # the row in each place of the cache
        reach = longest
        while slots:
            for slot, index in enumerate(slots):
                if index is not None and (generator := dice[index]) is not None:
                    self._roll(slot, rows[index].temperature, generator)
            count = len(slots)
            chosen = torch.stack((decoder.tokens[:count].double(), self._logprobs[:count].double())).tolist()
            for slot, index in enumerate(slots):
                if index is None:
                    continue
                row, result = rows[index], results[index]
                token = int(chosen[0][slot])
                result.logprobs.append(chosen[1][slot])
                if token != self._end_token:
                    result.tokens.append(token)
                cancelled = row.cancelled()
                if cancelled or token == self._end_token or len(result.tokens) >= row.most:
                    slots[slot] = None
                    places = len(row.tokens) - row.start + len(result.logprobs) - 1
                    result.attention = None if cancelled else decoder.attention[slot, :, :places].clone()
            slots = self._closed_up(slots, reach)
            if slots:
                reach += 1
                self._advance(len(slots), reach)
        return results

    def _closed_up(self, slots: list[int | None], reach: int) -> list[int | None]:
        """The slots without those of finished rows, if that makes the step cheaper: the last rows move into the free
        places."""
        live = sum(index is not None for index in slots)
        if live and self._size(live) == self._size(len(slots)):
            return slots
        slots = slots.copy()
        for slot in range(live):
            if slots[slot] is None:
                while slots[-1] is None:
                    slots.pop()
                self.decoder.move(len(slots) - 1, slot, reach)
                slots[slot] = slots.pop()
        return slots[:live]

    def _size(self, count: int) -> int:
        """How many rows a step computes when `count` rows are active."""
        return next((size for size in self._sizes if size >= count), count)

    def _advance(self, count: int, reach: int) -> None:
        self._graphs.run(self._size(count), partial(self._step, count, reach))

    def _step(self, count: int, reach: int) -> None:
        self._logits[:count] = self.decoder.step(count, reach)
        self._choose(count)

    def _choose(self, count: int) -> None:
        """Compute the likeliest token of each of the first `count` rows, and its log-probability."""
        logits = self._logits[:count]
        logits += self._never
        best, token = logits.max(dim=-1)
        self.decoder.tokens[:count] = token
        self._logprobs[:count] = best - logits.logsumexp(dim=-1)

    def _roll(self, slot: int, temperature: float, generator: torch.Generator) -> None:
        """Replace the likeliest token by one drawn at `temperature`."""
        logits = self._logits[slot]
        token = torch.multinomial((logits / temperature).softmax(dim=-1), 1, generator=generator)[0]
        self.decoder.tokens[slot] = token
        self._logprobs[slot] = logits[token] - logits.logsumexp(dim=-1)
