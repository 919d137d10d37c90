"""What XTTS's vocoder loses where its convolutions round: TF32 and half precision beside single precision.

    python bench/vocoder_precision.py

At full size, with random weights of the scale that real ones have. TF32 is emulated: the factors of each convolution
are rounded to 11 bits and its sums are in single precision, as cuDNN does it at best. `snr_db`: the sound above what is
lost. `to_mask_db`: what is lost, beside what the sound around it masks for the ear, in the worst of all critical bands
and frames; below 0 it cannot be heard. (Critical bands after Zwicker 1961, spreading after Schroeder et al. 1979, the
offset of 14.5 dB and more under a tone after Jayant et al. 1993, the strictest that is in use.)
"""

import argparse
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[1])]

from tests.engines.tts.xtts import tiny
from voi.engines.tts.xtts.checkpoint import without_weight_norm
from voi.engines.tts.xtts.hifigan import HifiGan

RATE_HZ = 24_000
FRAME, HOP = 1024, 256
BARKS = 24
Floats = NDArray[np.float64]


def network(channels: int) -> HifiGan:
    own = "hifigan_decoder.waveform_decoder."
    state = without_weight_norm(
        {key.removeprefix(own): tensor for key, tensor in tiny.state(channels=channels).items() if key.startswith(own)}
    )
    net = HifiGan(state)
    net.load_state_dict(state)
    return net.eval().requires_grad_(False)


def to_tf32(x: Tensor) -> Tensor:
    """Rounded to the nearest number with 10 bits behind the leading one."""
    return ((x.contiguous().view(torch.int32) + 0x1000) & ~0x1FFF).view(torch.float32)


def emulating_tf32(net: HifiGan) -> HifiGan:
    for part in net.modules():
        if isinstance(part, nn.Conv1d | nn.ConvTranspose1d):
            part.weight.copy_(to_tf32(part.weight))
            part.register_forward_pre_hook(lambda _, inputs: (to_tf32(inputs[0]),))
    return net


def in_half(net: HifiGan) -> HifiGan:
    return net.half()


def in_bfloat16(net: HifiGan) -> HifiGan:
    return net.bfloat16()


PRECISIONS: dict[str, Callable[[HifiGan], HifiGan]] = {
    "tf32": emulating_tf32, "float16": in_half, "bfloat16": in_bfloat16,
}  # fmt: skip


# ---- listening ------------------------------------------------------------------------------------


def in_bands(sound: Floats) -> Floats:
    """Energy in each critical band, (frames, bands)."""
    starts = range(0, len(sound) - FRAME + 1, HOP)
    spectra = np.fft.rfft(np.stack([sound[at : at + FRAME] for at in starts]) * np.hanning(FRAME), axis=1)
    khz = np.fft.rfftfreq(FRAME, 1 / RATE_HZ) / 1000
    bark = np.minimum(BARKS - 1, 13 * np.arctan(0.76 * khz) + 3.5 * np.arctan((khz / 7.5) ** 2)).astype(int)
    energy = np.zeros((len(spectra), BARKS))
    np.add.at(energy.T, bark, np.square(np.abs(spectra)).T)
    return energy


def masked(energy: Floats) -> Floats:
    """What the ear does not hear beside so much in each band."""
    apart = np.arange(BARKS)[:, None] - np.arange(BARKS)[None] + 0.474
    spreading = 10 ** ((15.81 + 7.5 * apart - 17.5 * np.sqrt(1 + apart**2)) / 10)
    offset_db = 14.5 + np.arange(BARKS)
    return (energy @ spreading.T) * 10 ** (-offset_db / 10)


def decibels(ratio: Any) -> float:
    return float(10 * np.log10(ratio))


def judged(whole: Floats, other: Floats) -> dict[str, float]:
    lost = other - whole
    energy = in_bands(whole)
    heard = energy.sum(axis=1) > energy.sum(axis=1).max() * 1e-6
    beside = (in_bands(lost) / np.maximum(masked(energy), 1e-30))[heard]
    return {
        "snr_db": round(decibels(np.square(whole).sum() / np.square(lost).sum()), 1),
        "to_mask_db": round(decibels(beside.max()), 1),
    }


def measure(channels: int, frames: int) -> dict[str, dict[str, float]]:
    random = torch.Generator().manual_seed(5)
    # Loud and soft by turns, as speech is: what is lost in a loud part may not be heard in the soft one beside it.
    loud = 10 ** (-1.5 * (torch.arange(frames) // 12 % 2))
    inputs = torch.randn(1, tiny.WIDTH, frames, generator=random) * loud
    speaker = torch.randn(1, 512, 1, generator=random)
    with torch.inference_mode():
        whole = network(channels)(inputs, speaker)[0].double().numpy()
        found = {}
        for name, lower in PRECISIONS.items():
            with torch.no_grad():
                net = lower(network(channels))
            found[name] = judged(whole, net(inputs, speaker)[0].double().numpy())
            print(
                f"{name:9} {found[name]['snr_db']:6.1f} dB; {found[name]['to_mask_db']:6.1f} dB to the mask", flush=True
            )
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--channels", type=int, default=512, help="of the first stage: 512 in XTTS-v2")
    parser.add_argument("--frames", type=int, default=94, help="94 make a second")
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    found = measure(arguments.channels, arguments.frames)
    if arguments.json:
        arguments.json.write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
