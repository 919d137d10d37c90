"""What XTTS has to compute and to read, from its sizes: beside a device's limits that makes a prediction.

python bench/xtts_limits.py          # for GPUs that are not here, from their makers' figures
"""

import sys
from dataclasses import dataclass
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[1])]

from extras import require  # type: ignore[import-not-found]

require("torch", "xtts")

import torch
from torch import nn
from voi.engines.tts.xtts.decoder import FILLS
from voi.engines.tts.xtts.hifigan import HifiGan
from voi.engines.tts.xtts.layout import Layout, read_layout
from voi.engines.tts.xtts.model import CHUNK_GROWTH, FIRST_CHUNK_FRAMES, LONGEST_CHUNK_FRAMES
from voi.engines.tts.xtts.need import MIB, WORKSPACE_BYTES, Need, slot_bytes
from voi.engines.tts.xtts.vocoder import BATCHES
from voi.engines.tts.xtts.windows import Plan, Stretch, steady_chunks

from limits import DEVICES, KERNEL_S, Device, Work  # type: ignore[import-not-found]

KERNELS_STEP = (12 + 4, 63 + 1)
"""In each layer, and around them: counted on the CPU (tests' tape), the sort as ten. And for each product of few rows
one kernel more: cuBLAS cuts its sums into parts, so that all of a GPU works on it, and adds these up."""
KERNELS_PREFIX = (12, 0)
KERNELS_WINDOW = 214 + 82 + 83
"""Counted on the CPU. And what torch and cuDNN add there: a kernel for each bias, and one for each convolution that
changes the layout for it (none or two would make it 300 or 460)."""
HALF, SINGLE = 2, 4
TEXT_ROWS = 6_681 + 404 + 608  # pieces of text, places of text and of codes, in XTTS-v2


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


# ---- predictions ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Model:
    """XTTS on a device. All times in seconds, at the device's limits and with what starting kernels takes."""

    layout: Layout
    net: HifiGan
    device: Device

    def step_s(self, rows: int, places: int) -> float:
        own, around = KERNELS_STEP
        work = step_work(self.layout, rows, places, HALF)
        return self.device.half.seconds(work) + (own * self.layout.gpt_layers + around) * KERNEL_S

    def prefix_s(self, rows: int, places: int) -> float:
        own, around = KERNELS_PREFIX
        work = prefix_work(self.layout, rows, places, HALF)
        return self.device.half.seconds(work) + (own * self.layout.gpt_layers + around) * KERNEL_S

    def window_s(self, windows: int, frames: int) -> float:
        return self.device.single.seconds(window_work(self.net, windows, frames, SINGLE)) + KERNELS_WINDOW * KERNEL_S

    @property
    def plan(self) -> Plan:
        return Plan(self.net.context, steady_chunks(FIRST_CHUNK_FRAMES, CHUNK_GROWTH, LONGEST_CHUNK_FRAMES))

    def first_codes(self) -> int:
        """How many a first window needs."""
        stretch = Stretch((4.0, self.layout.output_sample_rate / self.layout.input_sample_rate))
        return next(n for n in range(1, 100) if stretch.settled(n) >= self.plan.sizes[0])

    def first_sound_s(self, callers: int, places: int) -> float:
        """Of the last of so many who come in the same moment: they are let in by eights, a round apart."""
        groups = [min(FILLS[-1], callers - at) for at in range(0, callers, FILLS[-1])]
        first = sum(self.prefix_s(rows, places) + self.step_s(callers, places) for rows in groups)
        return first + (self.first_codes() - 1) * self.step_s(callers, places) + sum(
            self.window_s(rows, self.plan.sizes[0]) for rows in groups
        )  # fmt: skip

    def sound_per_s(self, callers: int, places: int) -> float:
        """Seconds of sound in a second, of all callers, in the middle of their sentences."""
        together = min(callers, BATCHES[-1])
        chunk_s = self.plan.chunks[-1] * self.layout.output_hop_length / self.layout.output_sample_rate
        vocoder_s = self.window_s(together, self.plan.sizes[-1]) / (together * chunk_s)
        codes_per_s = self.layout.input_sample_rate / self.layout.gpt_code_stride_len
        decoder_s = self.step_s(callers, places) * codes_per_s / callers
        return 1 / (vocoder_s + decoder_s)


def predict(layout: Layout, net: HifiGan, prefix: int, codes: int, callers: tuple[int, ...]) -> None:
    width, middle = layout.gpt_n_model_channels, prefix + codes // 2
    tables = 2 * layout.gpt_num_audio_tokens + TEXT_ROWS
    weights = (layout.gpt_layers * 12 * width + tables) * width
    need = Need(weights * HALF + sum(p.numel() for p in net.parameters()) * SINGLE, slot_bytes(layout, 32, HALF), 8)
    print(f"memory with 8 slots {need.total(WORKSPACE_BYTES) / MIB:.0f} MiB, {need.per_slot / MIB:.0f} for each more")
    for name, device in DEVICES.items():
        model = Model(layout, net, device)
        first, longest = model.plan.sizes[0], model.plan.sizes[-1]
        print(
            f"{name}: prefix of {prefix} places {model.prefix_s(1, prefix) * 1000:.2f} ms, of eight "
            f"{model.prefix_s(8, prefix) * 1000:.2f}; first window {model.window_s(1, first) * 1000:.2f}, eight of the "
            f"longest {model.window_s(8, longest) * 1000:.1f}"
        )
        for count in callers:
            limit_s = device.half.seconds(step_work(layout, count, middle, HALF))
            print(
                f"  {count:3} callers: step {model.step_s(count, middle) * 1000:5.2f} ms ({limit_s * 1000:.2f} at the "
                f"limit), first sound {model.first_sound_s(count, prefix) * 1000:4.0f} ms after "
                f"{model.first_codes()} codes, {model.sound_per_s(count, middle):4.0f} s of sound/s"
            )


def published() -> tuple[Layout, HifiGan]:
    """Sizes of XTTS-v2 and the shapes of its vocoder."""
    from tests.engines.tts.xtts import tiny
    from voi.engines.tts.xtts.checkpoint import without_weight_norm

    own = "hifigan_decoder.waveform_decoder."
    sizes = tiny.ARGS | {"gpt_n_model_channels": 1024, "gpt_layers": 0}
    state = {key.removeprefix(own): tensor for key, tensor in tiny.state(channels=512, sizes=sizes).items()
             if key.startswith(own)}  # fmt: skip
    config = Path(__file__).parents[1] / "tests" / "engines" / "tts" / "xtts" / "xtts_v2_config.json"
    with torch.device("meta"):
        return read_layout(config), HifiGan(without_weight_norm(state))


if __name__ == "__main__":
    predict(*published(), prefix=32 + 60, codes=150, callers=(1, 4, 16, 32, 64))
