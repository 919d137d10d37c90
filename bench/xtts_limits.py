"""What XTTS has to compute and to read, from its sizes: beside a device's limits that makes a prediction."""

from torch import nn
from voi.engines.tts.xtts.hifigan import HifiGan
from voi.engines.tts.xtts.layout import Layout

from whisper_limits import Work  # type: ignore[import-not-found]


def step_work(layout: Layout, rows: int, places: int, bytes_each: int) -> Work:
    """One code for each row. In each layer 4 + 8 products of width by width, and attention over `places`; the head.

    A product with a matrix of n numbers takes 2 n operations. Read: all weights once, and each row's keys and values.
    """
    width, layers = layout.gpt_n_model_channels, layout.gpt_layers
    weights = layers * 12 * width**2 + layout.gpt_num_audio_tokens * width
    cache = layers * 2 * places * width
    return Work(rows * 2 * (weights + cache), bytes_each * (weights + rows * cache))


def prefix_work(layout: Layout, rows: int, places: int, bytes_each: int) -> Work:
    """Reading voices and texts in: the same products for all places at once, and attention to what is before each."""
    width, layers = layout.gpt_n_model_channels, layout.gpt_layers
    weights = layers * 12 * width**2
    between = layers * 10 * places * width * rows  # read and written between the products
    attention = layers * 2 * 2 * places**2 / 2 * width
    return Work(rows * (2 * weights * places + attention), bytes_each * (weights + between))


def window_work(net: HifiGan, windows: int, frames: int, bytes_each: int) -> Work:
    """The vocoder over windows of so many frames. Each convolution takes 2 * in * out * kernel operations a sample (a
    transposed one, an input sample), reads its input and weights and writes its output, and so do activations."""
    operations = moved = 0.0
    rate = 1
    stages: list[tuple[nn.Module, int]] = [(net.conv_pre, 1)]
    per_stage = net.kernels
    for stage, up in enumerate(net.ups):
        stages.append((up, rate))
        rate *= up.stride[0]  # type: ignore[index,operator]
        for block in list(net.resblocks)[stage * per_stage : (stage + 1) * per_stage]:
            stages += [(part, rate) for part in block.modules() if isinstance(part, nn.Conv1d)]
    stages.append((net.conv_post, rate))
    for part, at in stages:
        assert isinstance(part, nn.Conv1d | nn.ConvTranspose1d)
        samples = windows * frames * at
        operations += 2 * part.weight.numel() * samples
        after = samples * (part.stride[0] if isinstance(part, nn.ConvTranspose1d) else 1)
        moved += part.weight.numel() + 2 * (part.in_channels * samples + part.out_channels * after)
    return Work(operations, moved * bytes_each)
