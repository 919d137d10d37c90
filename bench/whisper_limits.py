"""What Whisper has to compute and to read, from its sizes: beside a device's limits that makes a prediction.

python bench/whisper_limits.py       # for GPUs that are not here, from their makers' figures
"""

import sys
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[1])]

from extras import require  # type: ignore[import-not-found]

require("torch", "whisper")

from voi.engines.stt.whisper.openai_network import Dimensions

from limits import DEVICES, KERNEL_S, Device, Work  # type: ignore[import-not-found]

# name: mels, audio state, audio heads, audio layers, text state, text heads, text layers (openai/whisper's checkpoints)
SIZES = {
    "tiny": (80, 384, 6, 4, 384, 6, 4),
    "base": (80, 512, 8, 6, 512, 8, 6),
    "small": (80, 768, 12, 12, 768, 12, 12),
    "medium": (80, 1024, 16, 24, 1024, 16, 24),
    "large-v3": (128, 1280, 20, 32, 1280, 20, 32),
    "large-v3-turbo": (128, 1280, 20, 32, 1280, 20, 4),
}
HALF = 2
KERNEL_EAGER_S = 8e-6
"""What starting a kernel costs Python, outside a recording: an assumption."""
KERNELS_ENCODER = (10, 6)
KERNELS_LISTEN = (3, 0)
KERNELS_STEP = (23, 18)
"""In each layer, and around them: counted on the CPU. Only the step is recorded."""


def dimensions(size: str) -> Dimensions:
    mels, audio, audio_heads, audio_layers, text, text_heads, text_layers = SIZES[size]
    vocabulary = 51_866 if mels == 128 else 51_865
    return Dimensions(mels, 1500, audio, audio_heads, audio_layers, vocabulary, 448, text, text_heads, text_layers)


def encoder_work(dims: Dimensions, rows: int, bytes_each: int) -> Work:
    """Two convolutions; in each layer 4 + 8 products of state by state for each of the 1500 places, and attention.

    A product with a matrix of n numbers takes 2 n operations. Read: all weights; read and written: in each layer about
    ten times what is between the layers."""
    state, places = dims.n_audio_state, dims.n_audio_ctx
    convolutions = 2 * 3 * (dims.n_mels * state * 2 * places + state * state * places)
    layer = 2 * 12 * state * state * places + 2 * 2 * places * places * state
    weights = 3 * (dims.n_mels + state) * state + dims.n_audio_layer * 12 * state * state
    between = dims.n_audio_layer * 10 * places * state * rows
    return Work(rows * (convolutions + dims.n_audio_layer * layer), bytes_each * (weights + between))


def step_work(dims: Dimensions, rows: int, reach: int, bytes_each: int) -> Work:
    """In each layer 4 + 2 + 8 products of state by state for a row (the sound's keys and values are there already), and
    attention over the text so far and over 1500 places of sound; then the vocabulary. Read: all of that."""
    state = dims.n_text_state
    weights = dims.n_text_layer * 14 * state * state + dims.n_vocab * state
    cache = dims.n_text_layer * 2 * (reach + dims.n_audio_ctx) * state
    return Work(rows * 2 * (weights + cache), bytes_each * (weights + rows * cache))


def listen_work(dims: Dimensions, rows: int, bytes_each: int) -> Work:
    """Keys and values of the sound for each layer of the decoder: two products for each of the 1500 places."""
    state, places = dims.n_text_state, dims.n_audio_ctx
    weights = dims.n_text_layer * 2 * state * state
    return Work(rows * 2 * weights * places, bytes_each * (weights + 3 * rows * dims.n_text_layer * places * state))


# ---- predictions ----------------------------------------------------------------------------------


def row_bytes(dims: Dimensions, bytes_each: int) -> int:
    """What the decoder keeps for each caller in a batch: keys and values of sound and text."""
    return 2 * dims.n_text_layer * (dims.n_audio_ctx + dims.n_text_ctx) * dims.n_text_state * bytes_each


def pass_s(dims: Dimensions, rows: int, new_tokens: int, device: Device) -> float:
    """A pass over so many callers' windows: the encoder, its keys and values, then a step a token (the text before the
    new tokens is read at once, like one more step)."""

    def eager_s(kernels: tuple[int, int], layers: int, work: Work) -> float:
        own, around = kernels
        return float(max(device.half.seconds(work), (own * layers + around) * KERNEL_EAGER_S))

    own, around = KERNELS_STEP
    step_s = device.half.seconds(step_work(dims, rows, dims.n_text_ctx, HALF))
    return (
        eager_s(KERNELS_ENCODER, dims.n_audio_layer, encoder_work(dims, rows, HALF))
        + eager_s(KERNELS_LISTEN, dims.n_text_layer, listen_work(dims, rows, HALF))
        + eager_s(KERNELS_STEP, dims.n_text_layer, step_work(dims, rows, dims.n_text_ctx, HALF))
        + new_tokens * (step_s + (own * dims.n_text_layer + around) * KERNEL_S)
    )


def predict(sizes: tuple[str, ...], rows: tuple[int, ...], new_tokens: int) -> None:
    for name, device in DEVICES.items():
        for size in sizes:
            dims = dimensions(size)
            passes = ", ".join(f"{count}: {pass_s(dims, count, new_tokens, device) * 1000:.0f} ms" for count in rows)
            print(
                f"{name}, {size}: a pass with {new_tokens} new tokens for so many callers at once: {passes}; "
                f"{row_bytes(dims, HALF) / 2**20:.0f} MiB a caller"
            )


if __name__ == "__main__":
    predict(("base", "small", "large-v3-turbo"), rows=(1, 4, 8, 32), new_tokens=16)
