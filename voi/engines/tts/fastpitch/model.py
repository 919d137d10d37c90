"""A FastPitch model and its vocoder, loaded and placed on a device."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from voi.engines.tts.fastpitch.bigvgan import BigVgan
from voi.engines.tts.fastpitch.graphemes import Tokenizer, tokenizer_of
from voi.engines.tts.fastpitch.layout import FastPitchLayout, resolved
from voi.engines.tts.fastpitch.mel import MelForm
from voi.engines.tts.fastpitch.nemo_file import NemoFile, read_nemo
from voi.engines.tts.fastpitch.net import FastPitch, ProsodyRows
from voi.engines.tts.fastpitch.vocoder_folder import VocoderFolder
from voi.errors import ConfigError

PREFIX = "fastpitch."
_UNUSED = ("aligner.", "pitch_mean", "pitch_std", "encoder.pos_emb.", "decoder.pos_emb.")
"""Of the weights of the network, those of training alone and those that are computed."""


@dataclass(frozen=True, slots=True)
class PartToSpeak:
    """One row of a batch."""

    ids: Sequence[int]
    speaker: int = 0
    pace: float = 1.0
    pitch: float = 1.0
    movement: float = 1.0


class LoadedVoice:
    """Computes on one device; belongs to one thread. Raises ConfigError for files that are wrong or do not belong
    together."""

    def __init__(self, nemo: Path, vocoder: Path) -> None:
        file = read_nemo(nemo)
        config = resolved(file.config)
        layout = FastPitchLayout.of(config, nemo.name)
        form = mel_form(config, nemo.name)
        folder = VocoderFolder.at(vocoder)
        if different := form.differences(folder.mel):
            raise ConfigError(
                f"{nemo.name} and the vocoder {vocoder} do not belong together: " + ", ".join(different) + "."
            )
        self.rate_hz = form.rate_hz
        self.tokenizer: Tokenizer = tokenizer_of(config.get("text_tokenizer") or {}, file.artefact, nemo.name)
        self.speakers = names_of(config, layout.speakers)
        self._net = loaded(file, layout, len(self.tokenizer.tokens), nemo.name)
        self._vocoder: BigVgan = folder.load()
        self.vocoder_sizes = folder.sizes
        self.device = torch.device("cpu")

    def to(self, device: str) -> None:
        """Move the weights."""
        self.device = torch.device(device)
        self._net.to(self.device)
        self._vocoder.to(self.device)

    @torch.inference_mode()
    def spectra(self, texts: Sequence[PartToSpeak]) -> list[Tensor]:
        """Log mel of each text, (bands, frames), on the device."""
        longest = max(len(text.ids) for text in texts)
        ids = torch.zeros(len(texts), longest, dtype=torch.long)
        mask = torch.zeros(len(texts), longest, dtype=torch.bool)
        for row, text in enumerate(texts):
            ids[row, : len(text.ids)], mask[row, : len(text.ids)] = torch.tensor(text.ids), True
        given = torch.tensor([[text.pace, text.pitch, text.movement] for text in texts], device=self.device)
        speakers = torch.tensor([text.speaker for text in texts], device=self.device)
        prosody = ProsodyRows(given[:, :1], given[:, 1:2], given[:, 2:])
        mels, lengths = self._net(ids.to(self.device), mask.to(self.device), speakers, prosody)
        return [mel[:, :length] for mel, length in zip(mels, lengths.tolist(), strict=True)]

    @torch.inference_mode()
    def sounds(self, mels: Sequence[Tensor]) -> Tensor:
        """Spectra of one length to int16 samples, (rows, samples), on the CPU."""
        made = self._vocoder(torch.stack(list(mels)))
        return (made * 32_767).round().to(torch.int16).cpu()


def mel_form(config: Mapping[str, Any], what: str) -> MelForm:
    """The form of a model's spectra, from its preprocessor. Raises ConfigError."""
    raw = config.get("preprocessor") or {}
    try:
        form = MelForm(
            rate_hz=int(raw["sample_rate"]),
            fft=int(raw["n_fft"]),
            window=int(raw["n_window_size"]),
            hop=int(raw["n_window_stride"]),
            bands=int(raw["features"]),
            low_hz=float(raw.get("lowfreq") or 0.0),
            high_hz=float(raw["highfreq"]) if raw.get("highfreq") else None,
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ConfigError(f"{what}: its preprocessor does not say how spectra are made ({error}).") from None
    if problem := form.problem():
        raise ConfigError(f"{what}: {problem}.")
    return form


def names_of(config: Mapping[str, Any], count: int) -> dict[str, int]:
    """Speakers by name: those of `speaker_names`, which `voi train fastpitch` and nobody else writes; else numbers."""
    names = config.get("speaker_names")
    if isinstance(names, list) and len(names) == len(set(map(str, names))) == count:
        return {str(name): number for number, name in enumerate(names)}
    return {f"speaker {number}": number for number in range(count)} if count > 1 else {"speaker": 0}


def untrained(config: Mapping[str, Any], files: Mapping[str, bytes], what: str = "model_config.yaml") -> FastPitch:
    """A network of a configuration's sizes. Raises ConfigError."""
    settings = resolved(config)
    tokenizer = tokenizer_of(settings["text_tokenizer"], NemoFile(settings, {}, files).artefact, what)
    return FastPitch(FastPitchLayout.of(settings, what), len(tokenizer.tokens))


def loaded(file: NemoFile, layout: FastPitchLayout, tokens: int, what: str) -> FastPitch:
    """The network with the file's weights, for inference. Raises ConfigError unless they are exactly its own."""
    state = {name.removeprefix(PREFIX): value for name, value in file.state.items() if name.startswith(PREFIX)}
    state = {name: value for name, value in state.items() if not name.startswith(_UNUSED)}
    weight = state.get("encoder.word_emb.weight")
    if weight is None or weight.dim() != 2 or weight.shape[0] != tokens:
        has = "none" if weight is None else str(tuple(weight.shape))
        raise ConfigError(f"{what}: its tokenizer has {tokens} tokens, and its table of tokens is {has}.")
    net = FastPitch(layout, tokens)
    try:
        net.load_state_dict({name: value.float() for name, value in state.items()})
    except RuntimeError as error:
        raise ConfigError(f"{what}: its weights do not fit its sizes: {' '.join(str(error).split())[:300]}") from None
    if not all(value.isfinite().all() for value in net.state_dict().values()):
        raise ConfigError(f"{what} holds what are no numbers.")
    return net.eval().requires_grad_(False)
