"""The GPT's state for all callers on the device, and one step for all of them.

Each caller has a slot; the step works on slots 0 to n - 1, where n is rounded up to one of a few sizes so that each
size is recorded once. Slots without a caller are computed too; their results are never read. Everything that a step
needs is on the device; only the drawn codes are copied back.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import pad
from torch.nn.utils.rnn import pad_sequence

from voi.engines.cuda_graphs import Graphs
from voi.engines.staging import Staging
from voi.engines.tts.xtts.gpt import Gpt
from voi.engines.tts.xtts.layout import Layout, Sampling
from voi.engines.tts.xtts.sampling import draw, quantiles

ROWS = (1, 2, 4, 8, 16, 24, 32, 48, 64, 96, 128)
LENGTHS = (192, 256, 384, 512, 768)
PREFIXES = (64, 96, 128, 192, 256, 384)
FILLS = (1, 2, 4, 8)
CPU_LENGTH_STEP = 64
FILLER_CODE = 1  # Coqui's reference fills the prefix with this code, so it counts as used


@dataclass(frozen=True, slots=True)
class SentenceStart:
    """A sentence to start in a slot. `ids`: text with its start and stop marks; `conditioning`: (places, width)."""

    slot: int
    ids: Sequence[int]
    conditioning: Tensor
    sampling: Sampling
    seed: int

    @property
    def places(self) -> int:
        return len(self.conditioning) + len(self.ids)


@dataclass(frozen=True, slots=True)
class Drawn:
    """Codes of a step. `_done`: an event of the device, where they are not there yet."""

    _codes: Tensor
    _done: Any = None

    def codes(self) -> list[int]:
        """Waits for them."""
        if self._done is not None:
            self._done.synchronize()
        codes: list[int] = self._codes.tolist()
        return codes


class GptDecoder:
    """`conditioning`: most places that a voice takes. `same_shapes`: a sentence's shapes never depend on other
    sentences (all rows and places at every step, one prefix at a time) or on what was already recorded, so that
    rounding in half precision does not depend on them either. Belongs to one thread."""

    def __init__(
        self, gpt: Gpt, layout: Layout, *, slots: int, conditioning: int, graphs: Graphs, same_shapes: bool = False
    ) -> None:
        self._gpt, self._layout, self._graphs = gpt, layout, graphs
        weight = gpt.mel_head.weight
        device, dtype = weight.device, weight.dtype
        self._device, self._dtype = device, dtype
        self.slots = slots
        self.places = layout.positions(conditioning)
        self._prefix_places = conditioning + layout.gpt_max_text_tokens + 2
        cache = (layout.gpt_layers, 2, slots + 1, layout.gpt_n_heads, self.places, layout.head_width)
        self._cache = torch.zeros(cache, device=device, dtype=dtype)  # the last slot is for padding
        self._nowhere = layout.max_codes  # the index at which unused slots write
        steps = layout.max_codes + 1
        self.latents = torch.zeros(slots, steps, layout.gpt_n_model_channels, device=device, dtype=dtype)
        self._code = torch.zeros(slots, device=device, dtype=torch.long)
        self._done = torch.full((slots,), self._nowhere, device=device)
        self._place = torch.zeros(slots, device=device, dtype=torch.long)
        self._active = torch.zeros(slots, device=device, dtype=torch.long)
        self._top_k = torch.ones(slots, device=device, dtype=torch.long)
        self._rules = torch.ones(slots, 3, device=device)  # temperature, top-p, repetition penalty
        self._greedy = torch.zeros(slots, device=device, dtype=torch.bool)
        self._seen = torch.zeros(slots, layout.gpt_num_audio_tokens, device=device, dtype=torch.bool)
        self._seen_at_start = torch.zeros(layout.gpt_num_audio_tokens, device=device, dtype=torch.bool)
        for used in (FILLER_CODE, layout.gpt_start_audio_token):
            self._seen_at_start[used].fill_(True)
        self._quantiles = torch.zeros(slots, steps, device=device)
        self._rows = torch.arange(slots, device=device)
        # The causal mask, added to the scores. With booleans torch would make this tensor again in each layer.
        self._unseen = torch.full((self.places, self.places), -torch.inf, device=device, dtype=dtype).triu(1)
        self._staging = Staging(device)
        self._per_slot = (self.latents, self._code, self._done, self._place, self._active, self._top_k, self._rules,
                          self._greedy, self._seen, self._quantiles)  # fmt: skip
        self._row_sizes = _sizes(ROWS, slots) if graphs.records else tuple(range(1, slots + 1))
        lengths = tuple(range(CPU_LENGTH_STEP, self.places, CPU_LENGTH_STEP))
        self._lengths = _sizes(LENGTHS if graphs.records else lengths, self.places)
        self._same_shapes = same_shapes
        self._fills = (1,) if same_shapes else FILLS
        if same_shapes:
            self._row_sizes, self._lengths = (slots,), (self.places,)
        self._prefixes = _sizes(PREFIXES, self._prefix_places)
        self._fill_buffers: dict[tuple[int, int], tuple[Tensor, Tensor]] = {}

    def record(self) -> Iterator[None]:
        """Record every shape, one between two yields, so that running sentences continue meanwhile."""
        for rows in reversed(self._row_sizes):
            for length in reversed(self._lengths):
                with self._standing_still():
                    self._graphs.record(("step", rows, length), lambda r=rows, n=length: self._step(r, n))  # type: ignore[misc]
                yield
        for batch in reversed(self._fills):
            for places in reversed(self._prefixes):
                hidden = torch.zeros(
                    batch, places, self._layout.gpt_n_model_channels, device=self._device, dtype=self._dtype
                )
                slots = torch.full((batch,), self.slots, device=self._device)
                self._graphs.record(("fill", batch, places), lambda h=hidden, s=slots: self._fill(h, s))  # type: ignore[misc]
                self._fill_buffers[batch, places] = (hidden, slots)
                yield

    @contextmanager
    def _standing_still(self) -> Iterator[None]:
        """Steps done inside this context leave the state of all sentences unchanged."""
        kept = (self._active, self._code, self._seen)
        before = [tensor.clone() for tensor in kept]
        self._active.zero_()
        try:
            yield
        finally:
            for tensor, value in zip(kept, before, strict=True):
                tensor.copy_(value)

    def rows_for(self, highest_slot: int) -> int:
        """How many rows a step computes when this is the highest slot in use."""
        return next(size for size in self._row_sizes if size > highest_slot)

    def begin(self, beginnings: Sequence[SentenceStart]) -> None:
        """Read prefixes into the cache."""
        slots, ids = self._set(beginnings)
        rows = [
            self._gpt.prefix(entry.conditioning.to(self._device, self._dtype), own[: len(entry.ids)])
            for entry, own in zip(beginnings, ids, strict=True)
        ]
        together = self._fills[-1]
        for at in range(0, len(rows), together):
            self._read(rows[at : at + together], slots[at : at + together])

    def _read(self, rows: Sequence[Tensor], slots: Tensor) -> None:
        batch = next(size for size in self._fills if size >= len(rows))
        places = next(size for size in self._prefixes if size >= max(len(row) for row in rows))
        key = ("fill", batch, places)
        if key not in self._graphs:
            loose = pad_sequence(list(rows), batch_first=True)
            if self._same_shapes:
                loose = pad(loose, (0, 0, 0, places - loose.shape[1]))
            self._graphs.run(key, lambda: self._fill(loose, slots))
            return
        hidden, held_slots = self._fill_buffers[batch, places]
        for row, prefix in enumerate(rows):
            hidden[row, : len(prefix)] = prefix
        held_slots.fill_(self.slots)
        held_slots[: len(rows)] = slots
        self._graphs.run(key, lambda: self._fill(hidden, held_slots))

    def _set(self, beginnings: Sequence[SentenceStart]) -> tuple[Tensor, Tensor]:
        """Set the state of new sentences, with one transfer, however many begin. Returns their slots and their ids, a
        row each, padded with zeros."""
        layout = self._layout
        most_codes, codes = layout.max_codes, layout.gpt_num_audio_tokens
        longest = max(len(entry.ids) for entry in beginnings)
        numbers = torch.zeros(len(beginnings), 7 + most_codes + longest)
        for row, entry in zip(numbers, beginnings, strict=True):
            rule = entry.sampling
            row[:7] = torch.tensor(
                [entry.slot, entry.places, min(rule.top_k or codes, codes), rule.greedy or rule.temperature == 0,
                 max(rule.temperature, 1e-3), max(rule.top_p, 1e-6), max(rule.repetition_penalty, 1e-3)]
            )  # fmt: skip
            row[7 : 7 + most_codes] = quantiles(entry.seed, most_codes)
            row[7 + most_codes : 7 + most_codes + len(entry.ids)] = torch.tensor(entry.ids)
        sent = self._staging.send(numbers)
        slots, places, top_k, greedy = sent[:, :4].long().T
        self._place[slots], self._top_k[slots], self._greedy[slots] = places, top_k, greedy.bool()
        self._rules[slots] = sent[:, 4:7]
        self._quantiles[slots, :most_codes] = sent[:, 7 : 7 + most_codes]
        self._code.index_fill_(0, slots, layout.gpt_start_audio_token)
        self._done.index_fill_(0, slots, 0)
        self._active.index_fill_(0, slots, 1)
        self._seen[slots] = self._seen_at_start
        return slots, sent[:, 7 + most_codes :].long()

    def step(self, highest_slot: int, furthest_place: int) -> list[int]:
        """Generate one code for each of the slots 0 to `highest_slot` and return them; NOT_A_NUMBER where that failed.
        `furthest_place`: the largest of these slots' prefix places plus codes. Waits for the device."""
        codes: list[int] = self._start(highest_slot, furthest_place).tolist()
        return codes

    def start_step(self, highest_slot: int, furthest_place: int) -> "Drawn":
        """The same, without waiting: further steps may be started before its codes are looked at."""
        codes = self._start(highest_slot, furthest_place)
        if self._device.type != "cuda":
            return Drawn(codes.clone())
        arrived = torch.empty(codes.shape, dtype=codes.dtype, pin_memory=True)
        arrived.copy_(codes, non_blocking=True)
        done = torch.cuda.Event()
        done.record()
        return Drawn(arrived, done)

    def _start(self, highest_slot: int, furthest_place: int) -> Tensor:
        rows = self.rows_for(highest_slot)
        length = next(size for size in self._lengths if size > furthest_place)
        return self._graphs.run(("step", rows, length), lambda: self._step(rows, length))

    def release(self, slot: int) -> None:
        """The slot's sentence has all its codes: no step changes its latents any more. (`tensor[slot] = 0` would copy
        from the host, which waits for all work of the device.)"""
        self._active[slot].fill_(0)
        self._place[slot].fill_(0)
        self._done[slot].fill_(self._nowhere)

    def clean(self, slot: int) -> None:
        """Clear a slot after a NaN. Attention gives positions after a sentence's end no weight, but 0 times NaN is NaN,
        which would spoil the slot's next sentence."""
        self._cache[:, :, slot].fill_(0)
        self.latents[slot].fill_(0)
        for hidden, _ in self._fill_buffers.values():
            hidden.zero_()

    def move(self, slot: int, to: int, places: int) -> None:
        """Move a sentence, which uses so many places, to a lower, free slot, so that fewer unused rows are computed."""
        self._cache[:, :, to, :, :places] = self._cache[:, :, slot, :, :places]
        for tensor in self._per_slot:
            tensor[to] = tensor[slot]
        self.release(slot)

    # ---- recorded -----------------------------------------------------------------------------

    def _fill(self, hidden: Tensor, slots: Tensor) -> Tensor:
        self._gpt.fill(hidden, slots, self._cache)
        return slots

    def _step(self, rows: int, length: int) -> Tensor:
        active, done = self._active[:rows], self._done[:rows]
        every, place = self._rows[:rows], self._place[:rows]
        unseen = self._unseen[:, :length]
        latents, logits = self._gpt.step(self._code[:rows], done, every, place, self._cache, unseen)
        self.latents[every, done] = latents
        rules = self._rules[:rows]
        codes = draw(
            logits.float(),
            self._seen[:rows],
            rules[:, 0],
            self._top_k[:rows],
            rules[:, 1],
            rules[:, 2],
            self._greedy[:rows],
            self._quantiles[every, done],
        )
        drawn = codes.clamp(min=0)
        self._seen[:rows].scatter_(1, drawn[:, None], True)
        self._code[:rows] = drawn
        done += active
        self._place[:rows] += active
        return codes


def _sizes(usual: Sequence[int], largest: int) -> tuple[int, ...]:
    return (*(size for size in usual if size < largest), largest)
