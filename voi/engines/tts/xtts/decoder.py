"""The GPT's state for all callers on the device, and one step for all of them.

Each caller has a slot; the step works on slots 0 to n - 1, where n is rounded up to one of a few sizes so that each
size is recorded once. Slots without a caller go along and harm nothing. All that a step needs lies on the device; only
the drawn codes come back.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from voi.engines.tts.xtts.gpt import Gpt
from voi.engines.tts.xtts.graphs import Graphs
from voi.engines.tts.xtts.layout import Layout, Sampling
from voi.engines.tts.xtts.sampling import draw, quantiles

ROWS = (1, 2, 4, 8, 16, 24, 32, 48, 64, 96, 128)
LENGTHS = (192, 256, 384, 512, 768)
PREFIXES = (64, 96, 128, 192, 256, 384)
FILLS = (1, 2, 4, 8)
CPU_LENGTH_STEP = 64
FILLER_CODE = 1  # what Coqui's reference puts in the place of the prefix, and so counts as said


@dataclass(frozen=True, slots=True)
class Beginning:
    """A sentence to start in a slot. `ids`: text with its start and stop marks; `conditioning`: (places, width)."""

    slot: int
    ids: Sequence[int]
    conditioning: Tensor
    sampling: Sampling
    seed: int

    @property
    def places(self) -> int:
        return len(self.conditioning) + len(self.ids)


class Decoder:
    """`conditioning`: most places that a voice takes. `same_shapes`: always step with all rows and all places, so that
    rounding in half precision can't depend on how many callers there are. Belongs to one thread."""

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
        cache = (layout.gpt_layers, slots + 1, layout.gpt_n_heads, self.places, layout.head_width)
        self._keys = torch.zeros(cache, device=device, dtype=dtype)  # the last slot takes what is only padding
        self._values = torch.zeros(cache, device=device, dtype=dtype)
        vocabulary = layout.gpt_num_audio_tokens
        self.latents = torch.zeros(slots, layout.max_codes, layout.gpt_n_model_channels, device=device, dtype=dtype)
        self._code = torch.zeros(slots, device=device, dtype=torch.long)
        self._done = torch.zeros(slots, device=device, dtype=torch.long)
        self._place = torch.zeros(slots, device=device, dtype=torch.long)
        self._active = torch.zeros(slots, device=device, dtype=torch.long)
        self._top_k = torch.ones(slots, device=device, dtype=torch.long)
        self._rules = torch.ones(slots, 3, device=device)  # temperature, top-p, repetition penalty
        self._greedy = torch.zeros(slots, device=device, dtype=torch.bool)
        self._seen = torch.zeros(slots, vocabulary, device=device, dtype=torch.bool)
        self._quantiles = torch.zeros(slots, layout.max_codes, device=device)
        self._per_slot = (self.latents, self._code, self._done, self._place, self._active, self._top_k, self._rules,
                          self._greedy, self._seen, self._quantiles)  # fmt: skip
        self._row_sizes = _sizes(ROWS, slots) if graphs.records else tuple(range(1, slots + 1))
        steps = range(CPU_LENGTH_STEP, self.places, CPU_LENGTH_STEP)
        self._lengths = _sizes(LENGTHS if graphs.records else tuple(steps), self.places)
        if same_shapes:
            self._row_sizes, self._lengths = (slots,), (self.places,)
        self._prefixes = _sizes(PREFIXES, self._prefix_places) if graphs.records else ()
        self._fill_buffers: dict[tuple[int, int], tuple[Tensor, Tensor]] = {}

    def record(self) -> None:
        """Every shape, while nobody is here."""
        for rows in reversed(self._row_sizes):
            for length in reversed(self._lengths):
                self._graphs.record(("step", rows, length), lambda r=rows, n=length: self._step(r, n))  # type: ignore[misc]
        for batch in FILLS:
            for places in self._prefixes:
                hidden = torch.zeros(
                    batch, places, self._layout.gpt_n_model_channels, device=self._device, dtype=self._dtype
                )
                slots = torch.full((batch,), self.slots, device=self._device)
                self._fill_buffers[batch, places] = (hidden, slots)
                self._graphs.record(("fill", batch, places), lambda h=hidden, s=slots: self._fill(h, s))  # type: ignore[misc]

    def rows_for(self, highest_slot: int) -> int:
        """Rows that a step computes when this is the highest slot in use."""
        return next(size for size in self._row_sizes if size > highest_slot)

    def begin(self, beginnings: Sequence[Beginning]) -> None:
        """Read prefixes into the cache, at most FILLS[-1] of them together."""
        rows = []
        for entry in beginnings:
            ids = torch.tensor(list(entry.ids), device=self._device)
            rows.append(self._gpt.prefix(entry.conditioning.to(self._device, self._dtype), ids))
            self._set(entry)
        slots = torch.tensor([entry.slot for entry in beginnings], device=self._device)
        longest = max(len(row) for row in rows)
        if not self._graphs.records:
            self._fill(pad_sequence(rows, batch_first=True), slots)
            return
        batch = next(size for size in FILLS if size >= len(rows))
        places = next(size for size in self._prefixes if size >= longest)
        hidden, held_slots = self._fill_buffers[batch, places]
        for row, prefix in enumerate(rows):
            hidden[row, : len(prefix)] = prefix
        held_slots.fill_(self.slots)
        held_slots[: len(rows)] = slots
        self._graphs.run(("fill", batch, places), lambda: self._fill(hidden, held_slots))

    def _set(self, entry: Beginning) -> None:
        slot, rules, layout = entry.slot, entry.sampling, self._layout
        self._code[slot] = layout.gpt_start_audio_token
        self._done[slot] = 0
        self._place[slot] = entry.places
        self._active[slot] = 1
        self._top_k[slot] = min(rules.top_k or layout.gpt_num_audio_tokens, layout.gpt_num_audio_tokens)
        self._rules[slot] = torch.tensor(
            [max(rules.temperature, 1e-3), max(rules.top_p, 1e-6), max(rules.repetition_penalty, 1e-3)]
        )
        self._greedy[slot] = rules.greedy or rules.temperature == 0
        self._seen[slot] = False
        self._seen[slot, FILLER_CODE] = True
        self._seen[slot, layout.gpt_start_audio_token] = True
        self._quantiles[slot] = quantiles(entry.seed, layout.max_codes).to(self._device)

    def step(self, highest_slot: int, furthest_place: int) -> list[int]:
        """One code further, for slots 0 to `highest_slot`: the codes. `furthest_place`: the largest of these slots'
        prefix places plus codes. Waits for the device."""
        rows = self.rows_for(highest_slot)
        length = next(size for size in self._lengths if size > furthest_place)
        codes = self._graphs.run(("step", rows, length), lambda: self._step(rows, length))
        return codes.tolist()

    def release(self, slot: int) -> None:
        self._active[slot] = 0
        self._place[slot] = 0
        self._done[slot] = 0

    def move(self, slot: int, to: int) -> None:
        """A caller to a lower, free slot, so that fewer rows go along for nothing."""
        self._keys[:, to] = self._keys[:, slot]
        self._values[:, to] = self._values[:, slot]
        for tensor in self._per_slot:
            tensor[to] = tensor[slot]
        self.release(slot)

    # ---- recorded -----------------------------------------------------------------------------

    def _fill(self, hidden: Tensor, slots: Tensor) -> Tensor:
        self._gpt.fill(hidden, slots, self._keys, self._values)
        return slots

    def _step(self, rows: int, length: int) -> Tensor:
        active, done = self._active[:rows], self._done[:rows]
        latents, logits = self._gpt.step(self._code[:rows], done, self._place[:rows], self._keys, self._values, length)
        every = torch.arange(rows, device=self._device)
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
        self._seen[:rows].scatter_(1, codes[:, None], True)
        self._code[:rows] = codes
        done += active
        self._place[:rows] += active
        return codes


def _sizes(usual: Sequence[int], largest: int) -> tuple[int, ...]:
    return (*(size for size in usual if size < largest), largest)
