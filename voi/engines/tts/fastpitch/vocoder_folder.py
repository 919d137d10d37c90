"""A BigVGAN folder as it is published: config.json and bigvgan_generator.pt. Nothing in it is ever run, and sizes are
checked before anything is allocated."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from voi.engines.tts.fastpitch.bigvgan import BigVgan, BigVganSizes
from voi.engines.tts.fastpitch.mel import MelForm
from voi.engines.tts.xtts.checkpoint import without_weight_norm
from voi.errors import ConfigError

CONFIG = "config.json"
WEIGHTS = ("bigvgan_generator.pt", "g_*")
"""The published file; and those of the authors' training code, the highest number of which counts."""
CONFIG_MAX_BYTES = 2**20
WEIGHTS_MAX_BYTES = 2 * 2**30
MOST = {"channels": 4_096, "mel_bands": 512, "stages": 12, "blocks": 8, "kernel": 64, "samples_per_frame": 4_096}


@dataclass(frozen=True, slots=True)
class VocoderFolder:
    """A folder whose config.json was read."""

    folder: Path
    sizes: BigVganSizes
    mel: MelForm

    @classmethod
    def at(cls, folder: Path) -> "VocoderFolder":
        """Raises ConfigError when config.json is missing or no BigVGAN's."""
        path = folder / CONFIG
        try:
            if path.stat().st_size > CONFIG_MAX_BYTES:
                raise ConfigError(f"{path} is too large for a vocoder's configuration.")
            raw = json.loads(path.read_text("utf-8"))
            sizes, mel = _sizes(raw), _mel(raw)
        except OSError as error:
            raise ConfigError(f"{path} cannot be read: {error.strerror}. `vocoder` names a BigVGAN folder.") from None
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise ConfigError(f"{path} does not describe a BigVGAN: {type(error).__name__} ({error}).") from None
        if problem := _problem(sizes, mel):
            raise ConfigError(f"{path} does not describe a BigVGAN: {problem}.")
        return cls(folder, sizes, mel)

    def weights_file(self) -> Path:
        """Raises ConfigError when there is none."""
        published, trained = self.folder / WEIGHTS[0], sorted(self.folder.glob(WEIGHTS[1]))
        if not published.is_file() and not trained:
            raise ConfigError(f"{self.folder} holds no {WEIGHTS[0]}: it is needed beside {CONFIG}.")
        path = published if published.is_file() else trained[-1]
        if path.stat().st_size > WEIGHTS_MAX_BYTES:
            raise ConfigError(f"{path} is too large for a vocoder's weights.")
        return path

    def load(self) -> BigVgan:
        """On the CPU, float32, for inference. Raises ConfigError."""
        path = self.weights_file()
        try:
            raw = torch.load(path, map_location="cpu", weights_only=True)
            state = raw["generator"] if isinstance(raw, Mapping) else None
            if not isinstance(state, Mapping):
                raise TypeError("it holds no `generator`")
            weights = {name: value for name, value in state.items() if isinstance(value, Tensor)}
        except Exception as error:  # a broken or hostile file can cause any error
            raise ConfigError(f"{path} cannot be loaded as a BigVGAN: {type(error).__name__}.") from None
        filters = (".upsample.filter", ".downsample.lowpass.filter")  # the same in every checkpoint, and computed here
        plain = without_weight_norm({name: value for name, value in weights.items() if not name.endswith(filters)})
        model = BigVgan(self.sizes)
        try:
            model.load_state_dict({name: value.float() for name, value in plain.items()})
        except RuntimeError as error:
            reason = " ".join(str(error).split())[:300]
            raise ConfigError(f"{path} does not fit the {CONFIG} beside it: {reason}") from None
        if not all(value.isfinite().all() for value in model.state_dict().values()):
            raise ConfigError(f"{path} holds what are no numbers.")
        return model.eval().requires_grad_(False)


def _sizes(raw: Mapping[str, Any]) -> BigVganSizes:
    if (kind := str(raw["activation"])) not in ("snake", "snakebeta"):
        raise ValueError(f"there is no activation {kind!r}")
    if (block := str(raw["resblock"])) not in ("1", "2"):
        raise ValueError(f"there is no resblock {block!r}")
    return BigVganSizes(
        mel_bands=int(raw["num_mels"]),
        channels=int(raw["upsample_initial_channel"]),
        rates=tuple(map(int, raw["upsample_rates"])),
        up_kernels=tuple(map(int, raw["upsample_kernel_sizes"])),
        kernels=tuple(map(int, raw["resblock_kernel_sizes"])),
        dilations=tuple(tuple(map(int, each)) for each in raw["resblock_dilation_sizes"]),
        two_convolutions=block == "1",
        own_beta=kind == "snakebeta",
        log_scale=bool(raw["snake_logscale"]),
        last_bias=bool(raw.get("use_bias_at_final", True)),
        tanh=bool(raw.get("use_tanh_at_final", True)),
    )


def _mel(raw: Mapping[str, Any]) -> MelForm:
    return MelForm(
        rate_hz=int(raw["sampling_rate"]),
        fft=int(raw["n_fft"]),
        window=int(raw["win_size"]),
        hop=int(raw["hop_size"]),
        bands=int(raw["num_mels"]),
        low_hz=float(raw["fmin"] or 0.0),
        high_hz=float(raw["fmax"]) if raw.get("fmax") else None,
    )


def _problem(sizes: BigVganSizes, mel: MelForm) -> str:
    """What cannot be; "" if nothing."""
    if not sizes.rates or len(sizes.rates) != len(sizes.up_kernels) or len(sizes.rates) > MOST["stages"]:
        return "upsample_rates and upsample_kernel_sizes must have the same length, 1 to 12"
    if not sizes.kernels or len(sizes.kernels) != len(sizes.dilations) or len(sizes.kernels) > MOST["blocks"]:
        return "resblock_kernel_sizes and resblock_dilation_sizes must have the same length, 1 to 8"
    numbers = (*sizes.rates, *sizes.up_kernels, *sizes.kernels, *(d for each in sizes.dilations for d in each))
    if not all(1 <= number <= MOST["kernel"] for number in numbers) or not all(map(len, sizes.dilations)):
        return f"rates, kernels and dilations must be 1 to {MOST['kernel']}"
    if any(kernel < rate or (kernel - rate) % 2 for kernel, rate in zip(sizes.up_kernels, sizes.rates, strict=True)):
        return "an upsampling kernel must be as long as its rate, or longer by an even number"
    if any(kernel % 2 == 0 for kernel in sizes.kernels):
        return "resblock_kernel_sizes must be odd"
    if not 2 ** len(sizes.rates) <= sizes.channels <= MOST["channels"]:
        return f"upsample_initial_channel must be at most {MOST['channels']}, and halves at each rate"
    if not 1 <= sizes.mel_bands <= MOST["mel_bands"]:
        return f"num_mels must be 1 to {MOST['mel_bands']}"
    if sizes.samples_per_frame != mel.hop or mel.hop > MOST["samples_per_frame"]:
        return f"the product of upsample_rates is {sizes.samples_per_frame}, and hop_size is {mel.hop}"
    return mel.problem()
