"""Plans which piece of a sentence's sound is computed when, and from which latents. Pure.

A latent (one per code) is stretched linearly to four frames, these to the output's rate, and a convolutional vocoder
turns each frame into 256 samples. A convolution has a limited reach, so a window with that much context on both sides
gives exactly the samples of the whole sentence. Sound can therefore be sent early, and the cost grows only with its
length. All positions are frames unless their names say otherwise.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, floor

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]


def context_frames(rates: Sequence[int], up_kernels: Sequence[int], kernels: Sequence[int], reach: int) -> int:
    """The vocoder's reach to either side, in frames.

    `rates`, `up_kernels`: of each transposed convolution; `kernels`: of the first and the last convolution; `reach`:
    samples that a stage's residual blocks look to a side.
    """
    first, last = kernels
    samples = last // 2
    for rate, kernel in zip(reversed(rates), reversed(up_kernels), strict=True):
        samples += reach
        padding = (kernel - rate) // 2
        samples = max((rate - 1 + samples + padding) // rate, (samples - padding + kernel - 1) // rate)
    return samples + first // 2


@dataclass(frozen=True, slots=True)
class Stretch:
    """Latents to frames, as torch's linear interpolation does it (`align_corners` off): three scales one after another.

    `scales`: by the speed (left out at 1), by codes to frames, by the output rate. One difference: torch copies if the
    result is as long as its input (a sentence of two codes). Here it is interpolated, because the length of a sentence
    is not known when its first sound is sent.
    """

    scales: tuple[float, ...]

    def frames(self, latents: int) -> int:
        """Frames of a whole sentence with that many latents."""
        for scale in self.scales:
            latents = floor(latents * scale)
        return latents

    def settled(self, latents: int) -> int:
        """Frames that no further latent will change."""
        for scale in self.scales:
            latents = max(0, floor((latents - 0.5) * scale - 0.5))
        return latents

    def weights(self, start: int, stop: int, latents: int) -> tuple[int, Floats]:
        """For frames start..stop of a sentence that has `latents` latents so far: the first latent needed, and the
        matrix (frames, latents needed) that turns them into frames."""
        sizes = [latents]
        for scale in self.scales[:-1]:
            sizes.append(floor(sizes[-1] * scale))
        at: Ints = np.arange(start, stop, dtype=np.int64)[:, None]
        share: Floats = np.ones_like(at, dtype=np.float32)
        for scale, size in zip(reversed(self.scales), reversed(sizes), strict=True):
            # in float32, as torch computes it
            source = np.float32(1 / scale) * (at.astype(np.float32) + np.float32(0.5)) - np.float32(0.5)
            source = np.maximum(source, np.float32(0))
            low = np.minimum(source.astype(np.int64), size - 1)
            part = source - low.astype(np.float32)
            at = np.concatenate([low, np.minimum(low + 1, size - 1)], axis=1)
            share = np.concatenate([share * (1 - part), share * part], axis=1).astype(np.float32)
        first = int(at.min())
        matrix = np.zeros((stop - start, int(at.max()) + 1 - first), np.float32)
        np.add.at(matrix, (np.arange(stop - start)[:, None], at - first), share)
        return first, matrix


@dataclass(frozen=True, slots=True)
class FrameWindow:
    """Compute frames start..stop; frames keep..keep_stop of these are new and exact."""

    start: int
    stop: int
    keep: int
    keep_stop: int

    @property
    def size(self) -> int:
        return self.stop - self.start


@dataclass(frozen=True, slots=True)
class Plan:
    """`chunks`: new frames of the first window, the second, …; the last one applies to all further windows."""

    context: int
    chunks: tuple[int, ...]

    @property
    def sizes(self) -> tuple[int, ...]:
        """Sizes that windows inside a sentence have, smallest first."""
        inner = {chunk + 2 * self.context for chunk in self.chunks}
        return tuple(sorted(inner | {self.chunks[0] + self.context}))

    def size_for(self, frames: int) -> int:
        """The smallest size that holds so many frames, as every window does."""
        return next(size for size in self.sizes if size >= frames)

    def next(self, window_number: int, done: int, settled: int, total: int | None) -> FrameWindow | None:
        """The next window after `done` frames. `settled`: frames that can be computed now; `total`: frames of the whole
        sentence, once known. None: not yet (or, with `total`, everything is done)."""
        chunk = self.chunks[min(window_number, len(self.chunks) - 1)]
        start = max(0, done - self.context)
        if total is not None and total - done <= self.chunks[-1] + self.context:
            return self._last(start, done, total) if done < total else None
        stop = done + chunk + self.context
        if stop > (settled if total is None else total):
            return None
        return FrameWindow(start, stop, done, done + chunk)

    def _last(self, start: int, done: int, total: int) -> FrameWindow:
        """The last window. It may begin earlier than necessary, to have a size that other windows have too; a sentence
        shorter than that has a size of its own."""
        return FrameWindow(max(0, total - self.size_for(total - start)), total, done, total)


def steady_chunks(first: int, growth: float, longest: int) -> tuple[int, ...]:
    """Chunk lengths in frames: from `first`, each `growth` times the last, up to `longest`."""
    chunks = [first]
    while chunks[-1] < longest:
        chunks.append(min(longest, ceil(chunks[-1] * growth)))
    return tuple(chunks)
