"""Latents to sound, window by window; windows of one size, of all callers, go through the network together.

The network has a precision of its own, since rounding after each of its layers is audible: no later layer corrects it.
On CUDA that is TF32 unless an option says otherwise: convolutions round their factors to 11 bits, all else is single
precision. `bench/vocoder_precision.py` measures what each leaves in the sound.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from voi.engines.cuda_graphs import Graphs
from voi.engines.cuda_numbers import convolutions
from voi.engines.staging import Staging
from voi.engines.tts.xtts.hifigan import HifiGan
from voi.engines.tts.xtts.windows import FrameWindow, Plan, Stretch

WHOLE, SHORT = "vocoder", "short vocoder"
BATCHES = (1, 2, 4, 8)  # 8 of the longest windows are 300,000 samples in each of 32 channels: that fills any GPU


@dataclass(frozen=True, slots=True)
class VocoderWindow:
    """One window to compute. `slot`: the slot of its latents; `latents`: how many the sentence has so far (or in
    total)."""

    slot: int
    latents: int
    stretch: Stretch
    window: FrameWindow
    embedding: Tensor


@dataclass(frozen=True, slots=True)
class _Inputs:
    """`frames`: (batch, width, size); `speakers`: (batch, width, 1); `lengths`: (batch,), frames that a row holds."""

    frames: Tensor
    speakers: Tensor
    lengths: Tensor

    def holding(self, others: "_Inputs") -> "_Inputs":
        """These, with the others' values in the first rows."""
        for own, other in (
            (self.frames, others.frames),
            (self.speakers, others.speakers),
            (self.lengths, others.lengths),
        ):
            own[: len(other)] = other
        return self


@dataclass(frozen=True, slots=True)
class PendingSound:
    """Sound that is being computed. `_done`: an event of the device, where it is not there yet; `_held`: what must live
    until then."""

    _windows: Sequence[FrameWindow]
    _per_frame: int
    _whole: Tensor
    _done: Any = None
    _held: Any = None

    @property
    def is_there(self) -> bool:
        return self._done is None or bool(self._done.query())

    def samples(self) -> list[NDArray[np.int16]]:
        """The new samples of each window. Waits for them."""
        if self._done is not None:
            self._done.synchronize()
        return [
            row[(one.keep - one.start) * self._per_frame : (one.keep_stop - one.start) * self._per_frame].copy()
            for one, row in zip(self._windows, self._whole.numpy(), strict=True)
        ]


class Vocoder:
    """`latents`: (slots, codes, width), the decoder's. `tf32`: on CUDA, whether convolutions in single precision may
    round their factors. `stream`: its own, on which it computes while the decoder goes on; then `graphs` are its own
    too. Belongs to one thread."""

    def __init__(
        self,
        net: HifiGan,
        latents: Tensor,
        plan: Plan,
        graphs: Graphs,
        *,
        tf32: bool = False,
        stream: Any = None,
    ) -> None:
        self._net, self._tf32, self._stream = net, tf32, stream
        self._latents = latents
        self.graphs = graphs
        self.plan = plan
        weight = net.conv_pre.weight
        self._device, self._dtype = weight.device, weight.dtype
        self._inputs: dict[tuple[int, int], _Inputs] = {}
        self._staging = Staging(self._device)
        self._few_sizes = graphs.records
        # A CPU is faster with one window at a time, because more stays in its cache.
        self.most_together = BATCHES[-1] if graphs.records else 1

    def size_of(self, window: FrameWindow) -> int:
        """Frames that are computed for it. On a GPU a size that comes for the first time costs a new plan for each
        convolution, some 100 ms in which nobody gets sound, so that there are few; a CPU would only compute more."""
        return self.plan.size_for(window.size) if self._few_sizes else window.size

    def record(self) -> Iterator[None]:
        """Record all shapes, one between two yields: whole windows, and those of shorter sentences."""
        for size in reversed(self.plan.sizes):
            for batch in reversed(BATCHES):
                inputs = self._inputs[batch, size] = _Inputs(
                    torch.zeros(batch, self._net.input_width, size, device=self._device, dtype=self._dtype),
                    torch.zeros(batch, self._net.speaker_width, 1, device=self._device, dtype=self._dtype),
                    torch.full((batch,), size, device=self._device),
                )
                for kind in WHOLE, SHORT:
                    self.graphs.record((kind, batch, size), partial(self._compute, kind, inputs))
                    yield

    def run(self, pieces: Sequence[VocoderWindow]) -> list[NDArray[np.int16]]:
        """The new samples of each window, scaled to int16. All windows have one size; at most `most_together`."""
        return self.start(pieces).samples()

    def start(self, pieces: Sequence[VocoderWindow]) -> "PendingSound":
        """The same, without waiting for it where the vocoder has a stream of its own. Latents are read at once, in the
        order of the current stream: what comes after it may change them."""
        size = self.size_of(pieces[0].window)
        batch = next(n for n in BATCHES if n >= len(pieces))
        kind = WHOLE if all(piece.window.size == size for piece in pieces) else SHORT
        inputs = self._inputs_of(pieces, size)
        windows, per_frame = [piece.window for piece in pieces], self._net.samples_per_frame
        if self._stream is None:
            return PendingSound(windows, per_frame, self._samples(kind, batch, size, inputs).cpu())
        self._stream.wait_stream(torch.cuda.current_stream(self._device))
        with torch.cuda.stream(self._stream):
            samples = self._samples(kind, batch, size, inputs)
            arrived = torch.empty(samples.shape, dtype=torch.int16, pin_memory=True)
            arrived.copy_(samples, non_blocking=True)
            done = torch.cuda.Event()
            done.record()
        return PendingSound(windows, per_frame, arrived, done, (inputs, samples))

    def finish(self) -> None:
        """Wait for what was started."""
        if self._stream is not None:
            self._stream.synchronize()

    def _samples(self, kind: str, batch: int, size: int, inputs: "_Inputs") -> Tensor:
        count, key = len(inputs.frames), (kind, batch, size)
        if key in self.graphs:
            inputs = self._inputs[batch, size].holding(inputs)
        sound = self.graphs.run(key, partial(self._compute, kind, inputs))[:count]
        return (sound.float() * 32_767).round().clamp(-32_768, 32_767).to(torch.int16)

    def _compute(self, kind: str, inputs: "_Inputs") -> Tensor:
        with convolutions(tf32=self._tf32):
            return self._net(inputs.frames, inputs.speakers, inputs.lengths if kind == SHORT else None)

    def _inputs_of(self, pieces: Sequence[VocoderWindow], size: int) -> "_Inputs":
        """One transfer, one gather and one product for all; frames are zero behind those that hold less."""
        made = [piece.stretch.weights(piece.window.start, piece.window.stop, piece.latents) for piece in pieces]
        count, span, codes = len(pieces), max(matrix.shape[1] for _, matrix in made), self._latents.shape[1]
        numbers = np.zeros((count, 1 + span + size * span), np.float32)
        lengths, index, weights = (
            numbers[:, 0],
            numbers[:, 1 : 1 + span],
            numbers[:, 1 + span :].reshape(-1, size, span),
        )
        for row, (piece, (first, matrix)) in enumerate(zip(pieces, made, strict=True)):
            lengths[row] = piece.window.size
            index[row, : matrix.shape[1]] = piece.slot * codes + first + np.arange(matrix.shape[1])
            weights[row, : matrix.shape[0], : matrix.shape[1]] = matrix
        sent = self._staging.send(torch.from_numpy(numbers))
        held = self._latents.flatten(0, 1)[sent[:, 1 : 1 + span].long()]
        frames = sent[:, 1 + span :].view(count, size, span) @ held.float()
        speakers = torch.stack([piece.embedding for piece in pieces])[:, :, None]
        return _Inputs(frames.transpose(1, 2).to(self._dtype), speakers.to(self._dtype), sent[:, 0].long())
