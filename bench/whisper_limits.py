"""What a device can do at most, measured here and now, and what that makes possible for Whisper."""

import time
from dataclasses import dataclass

import torch
from voi.engines.stt.whisper.openai_network import Dimensions

# name: mels, audio state, audio heads, audio layers, text state, text heads, text layers (openai/whisper's checkpoints)
SIZES = {
    "tiny": (80, 384, 6, 4, 384, 6, 4),
    "base": (80, 512, 8, 6, 512, 8, 6),
    "small": (80, 768, 12, 12, 768, 12, 12),
    "medium": (80, 1024, 16, 24, 1024, 16, 24),
    "large-v3": (128, 1280, 20, 32, 1280, 20, 32),
    "large-v3-turbo": (128, 1280, 20, 32, 1280, 20, 4),
}


def dimensions(size: str) -> Dimensions:
    mels, audio, audio_heads, audio_layers, text, text_heads, text_layers = SIZES[size]
    vocabulary = 51_866 if mels == 128 else 51_865
    return Dimensions(mels, 1500, audio, audio_heads, audio_layers, vocabulary, 448, text, text_heads, text_layers)


@dataclass(frozen=True)
class Limits:
    """Operations and bytes a second."""

    operations: float
    bytes: float

    def seconds(self, work: "Work") -> float:
        """Where arithmetic and memory overlap perfectly."""
        return max(work.operations / self.operations, work.bytes / self.bytes)


@dataclass(frozen=True)
class Work:
    operations: float
    bytes: float


def measure_limits(device: torch.device, precision: torch.dtype) -> Limits:
    """A large matrix product, and a large copy: the best of a few."""
    side = 8192 if device.type == "cuda" else 2048
    matrix = torch.randn(side, side, device=device, dtype=precision)
    source = torch.empty(2**30 if device.type == "cuda" else 2**26, device=device, dtype=torch.uint8)
    target = torch.empty_like(source)
    product_s = best_of(10, device, lambda: matrix @ matrix)
    copy_s = best_of(5, device, lambda: target.copy_(source))
    return Limits(2 * side**3 / product_s, 2 * source.nbytes / copy_s)


def best_of(times: int, device: torch.device, work: object) -> float:
    assert callable(work)
    work()
    best = float("inf")
    for _ in range(times):
        synchronize(device)
        began = time.perf_counter()
        work()
        synchronize(device)
        best = min(best, time.perf_counter() - began)
    return best


def synchronize(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)


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
