"""A tiny random XTTS-v2 as it is published, with the files that training needs besides, and some speech to train on."""

import functools
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest.mock import patch

DATA = Path(__file__).parent.parent / "data" / "audio"
SPOKEN = {
    "spk1_snt1": "the child almost hurt the small dog",
    "spk1_snt2": "drop the two when you add the figures",
    "spk1_snt3": "at that high level the air is pure",
    "austen-0880": "he was not an ill disposed young man",
}
DVAE_WIDTH = 32


@contextmanager
def small() -> Iterator[None]:
    """Coqui takes the vocoder's and the discrete VAE's widths from no configuration: here they are small."""
    import TTS.tts.layers.xtts.trainer.gpt_trainer as trainer
    import TTS.tts.models.xtts as xtts

    vocoder, dvae = xtts.HifiDecoder, trainer.DiscreteVAE
    widths = {"hidden_dim": DVAE_WIDTH, "codebook_dim": DVAE_WIDTH}
    with (
        patch.object(xtts, "HifiDecoder", functools.partial(vocoder, upsample_initial_channel_decoder=32)),
        patch.object(trainer, "DiscreteVAE", lambda **sizes: dvae(**(sizes | widths))),
    ):
        yield


def make(folder: Path) -> Path:
    """The folder of the checkpoint; within `small`."""
    import torch
    import TTS.tts.layers.xtts.trainer.gpt_trainer as trainer
    from TTS.tts.configs.xtts_config import XttsConfig
    from TTS.tts.models.xtts import Xtts

    from tests.engines.tts.xtts import tiny

    torch.manual_seed(7)
    folder.mkdir(parents=True)
    tiny.config_json(folder, gpt_max_audio_tokens=110)
    tiny.vocabulary(folder)
    tiny.voices_pth(folder)
    config = XttsConfig()
    config.load_json(str(folder / "config.json"))
    model = Xtts(config)
    model.tokenizer = type(model.tokenizer)(vocab_file=str(folder / "vocab.json"))
    model.init_models()
    model.mel_stats = torch.linspace(4.0, 6.0, 80)
    # As published: with the configuration as an object, which makes plain `weights_only` refuse the file.
    torch.save({"model": model.state_dict(), "config": config}, folder / "model.pth")
    dvae = trainer.DiscreteVAE(
        channels=80, normalization=None, positional_dims=1, num_tokens=tiny.CODES - 2, codebook_dim=1, hidden_dim=1,
        num_resnet_blocks=3, kernel_size=3, num_layers=2, use_transposed_convs=False,
    )  # fmt: skip
    torch.save(dvae.state_dict(), folder / "dvae.pth")
    torch.save(model.mel_stats, folder / "mel_stats.pth")
    return folder


def recordings(folder: Path) -> Path:
    """A folder of speech with its transcripts beside it."""
    folder.mkdir(parents=True)
    for name, text in SPOKEN.items():
        (folder / f"{name}.wav").write_bytes((DATA / f"{name}.wav").read_bytes())
        (folder / f"{name}.txt").write_text(text)
    return folder
