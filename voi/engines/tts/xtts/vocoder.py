"""Latents to sound, window by window; windows of one size, of all callers, go through the network together.

The network stays in single precision where the GPT has half. Rounding after each of its layers is audible, because no
later layer corrects it: at full size it leaves noise 54 dB below the sound in float16, 36 dB in bfloat16. (On CUDA,
cuDNN multiplies in TF32, torch's default, as in Coqui's network.) The vocoder has only a twentieth of the weights.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from voi.engines.cuda_graphs import Graphs
from voi.engines.tts.xtts.hifigan import HifiGan
from voi.engines.tts.xtts.windows import FrameWindow, Plan, Stretch

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


class Vocoder:
    """`latents`: (slots, codes, width), the decoder's. Belongs to one thread."""

    def __init__(self, net: HifiGan, latents: Tensor, plan: Plan, graphs: Graphs) -> None:
        self._net = net
        self._latents = latents
        self._graphs = graphs
        self.plan = plan
        weight = net.conv_pre.weight
        self._device, self._dtype = weight.device, weight.dtype
        self._inputs: dict[tuple[int, int], tuple[Tensor, Tensor]] = {}
        # A CPU is faster with one window at a time, because more stays in its cache.
        self.most_together = BATCHES[-1] if graphs.records else 1

    def record(self) -> Iterator[None]:
        """Record all shapes that windows inside a sentence have, one between two yields."""
        for size in reversed(self.plan.sizes):
            for batch in reversed(BATCHES):
                frames = torch.zeros(batch, self._net.input_width, size, device=self._device, dtype=self._dtype)
                speakers = torch.zeros(batch, self._net.speaker_width, 1, device=self._device, dtype=self._dtype)
                self._graphs.record(("vocoder", batch, size), lambda f=frames, s=speakers: self._net(f, s))  # type: ignore[misc]
                self._inputs[batch, size] = (frames, speakers)
                yield

    def run(self, pieces: Sequence[VocoderWindow]) -> list[NDArray[np.int16]]:
        """The new samples of each window, scaled to int16. All windows have one size; at most `most_together`."""
        size = pieces[0].window.size
        frames = self._frames(pieces)
        speakers = torch.stack([piece.embedding for piece in pieces])[:, :, None].to(self._dtype)
        key = ("vocoder", next(n for n in BATCHES if n >= len(pieces)), size)
        if key in self._graphs:
            held_frames, held_speakers = self._inputs[key[1:]]
            held_frames[: len(pieces)] = frames
            held_speakers[: len(pieces)] = speakers
            frames, speakers = held_frames, held_speakers
        sound = self._graphs.run(key, lambda: self._net(frames, speakers))[: len(pieces)]
        samples = (sound.float() * 32_767).round().clamp(-32_768, 32_767).to(torch.int16).cpu().numpy()
        per_frame = self._net.samples_per_frame
        return [
            row[(p.window.keep - p.window.start) * per_frame : (p.window.keep_stop - p.window.start) * per_frame].copy()
            for p, row in zip(pieces, samples, strict=True)
        ]

    def _frames(self, pieces: Sequence[VocoderWindow]) -> Tensor:
        """The input frames, (batch, width, frames), by one gather and one product for all."""
        made = [piece.stretch.weights(piece.window.start, piece.window.stop, piece.latents) for piece in pieces]
        span = max(matrix.shape[1] for _, matrix in made)
        weights = np.zeros((len(pieces), pieces[0].window.size, span), np.float32)
        index = np.zeros((len(pieces), span), np.int64)
        codes = self._latents.shape[1]
        for row, (piece, (first, matrix)) in enumerate(zip(pieces, made, strict=True)):
            weights[row, :, : matrix.shape[1]] = matrix
            index[row, : matrix.shape[1]] = piece.slot * codes + first + np.arange(matrix.shape[1])
        held = self._latents.flatten(0, 1)[torch.from_numpy(index).to(self._device)]
        return (torch.from_numpy(weights).to(self._device) @ held.float()).transpose(1, 2).to(self._dtype)
