"""XTTS for Coqui's trainer: set up from a checkpoint's folder, and scored on recordings."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.utils.data import DataLoader

from voi.engines.tts.xtts.checkpoint import load_tensors
from voi.errors import ConfigError
from voi.training.base import CONFIG, DVAE, MEL_STATS, VOCABULARY, Base
from voi.training.coqui import GPTTrainer, GPTTrainerConfig
from voi.training.dataset import ClipLimits
from voi.training.weights import put

MEL_BANDS = 80
WAV_SAMPLES_MAX = 255_995
TEXT_TOKENS_MAX = 200
CONDITIONING_SAMPLES = (66_150, 132_300)
"""Limits of Coqui's recipe for XTTS-v2 (GPTArgs): 11.6 s, and 3 to 6 s that show the voice."""


@dataclass(frozen=True, slots=True)
class Scores:
    """Cross entropy in nats of the sound's codes and of the text: the mean of the recordings' means."""

    sound: float
    text: float
    recordings: int

    @property
    def loss(self) -> float:
        """What training minimises (weights of Coqui's recipe)."""
        return self.sound + 0.01 * self.text


def config_for(base: Base, **settings: Any) -> Any:
    """A GPTTrainerConfig: the sizes of the checkpoint's config.json, its files, and `settings` over both."""
    config = GPTTrainerConfig()
    try:
        config.load_json(str(base / CONFIG))
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise ConfigError(f"{base / CONFIG} is not the configuration of an XTTS model: {error}") from error
    args = config.model_args
    args.tokenizer_file, args.mel_norm_file = str(base / VOCABULARY), str(base / MEL_STATS)
    args.dvae_checkpoint, args.xtts_checkpoint, args.gpt_checkpoint = str(base / DVAE), "", ""
    args.min_conditioning_length, args.max_conditioning_length = CONDITIONING_SAMPLES
    args.max_wav_length = min(WAV_SAMPLES_MAX, (args.gpt_max_audio_tokens - 2) * args.gpt_code_stride_len)
    args.max_text_length = min(TEXT_TOKENS_MAX, args.gpt_max_text_tokens - 1)
    for name, value in settings.items():
        setattr(config, name, value)
    return config


def limits_of(config: Any) -> ClipLimits:
    """How long clips and their texts may be, by the model's configuration."""
    args = config.model_args
    least, most = args.min_conditioning_length, args.max_conditioning_length
    return ClipLimits(args.max_wav_length, args.max_text_length, (least, most), config.audio.sample_rate)


class TrainedXtts(GPTTrainer):
    """Coqui's GPTTrainer, with weights that are read safely and completely."""

    def __init__(self, config: Any, state: Mapping[str, Tensor], path: Path) -> None:
        dvae = Path(config.model_args.dvae_checkpoint)
        stats, codes = _mel_stats(Path(config.model_args.mel_norm_file)), load_tensors(dvae)
        try:
            super().__init__(config)
        except (RuntimeError, TypeError, AttributeError) as error:
            raise ConfigError(f"{dvae} does not fit the {CONFIG} beside it: {error}") from error
        # Coqui loads the DVAE with strict=False: with another file it would stay random, and so would all codes.
        needed = {name for name in self.dvae.state_dict() if name.startswith("encoder.") or name == "codebook.embed"}
        if lacking := needed - codes.keys():
            raise ConfigError(
                f"{dvae} is not the DVAE of XTTS-v2: {len(lacking)} of the {len(needed)} weights that turn sound into "
                f"codes are missing ({min(lacking)}, …)."
            )
        put(self.xtts, state, path)
        self.xtts.mel_stats = stats  # as in Coqui's recipe, the file's values override the checkpoint's


def _mel_stats(path: Path) -> Tensor:
    """The divisors of the 80 mel bands, (80,), float32. Raises ConfigError for any other shape, which would be
    broadcast silently."""
    stats = load_tensors(path)
    if not isinstance(stats, Tensor) or stats.shape != (MEL_BANDS,) or not (stats.isfinite() & (stats != 0)).all():
        raise ConfigError(f"{path} is not that of XTTS-v2, which is a tensor of {MEL_BANDS} numbers.")
    return stats.float()


@torch.inference_mode()
def scores(model: TrainedXtts, loader: DataLoader[Any]) -> Scores:
    """Scores on all recordings of the loader, without randomness. Leaves the GPT in its mode (training or not)."""
    training = model.xtts.gpt.training
    model.eval()
    device = next(model.parameters()).device
    sound = text = 0.0
    count = 0
    for raw in loader:
        batch = model.format_batch_on_device(
            {key: value.to(device) if isinstance(value, Tensor) else value for key, value in raw.items()}
        )
        text_loss, sound_loss, _ = model.forward(
            batch["text_inputs"], batch["text_lengths"], batch["audio_codes"], batch["wav_lengths"],
            batch["cond_mels"], None, None,
        )  # fmt: skip
        sound, text, count = sound + float(sound_loss), text + float(text_loss), count + 1
    model.xtts.gpt.train(training)  # only the GPT is trained
    return Scores(sound / count, text / count, count)
