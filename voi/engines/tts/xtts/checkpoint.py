"""XTTS files as they are published: weights, voices. Nothing in them is ever run.

`torch.load` unpickles arbitrary objects unless it is told `weights_only`; then it refuses the original model.pth, which
keeps its configuration as objects of Coqui's classes beside the tensors. Their names are given to a class that forgets
everything, so that the file loads and no code but torch's own runs.
"""

import pickle
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from voi.errors import ConfigError

_FORGOTTEN = (
    "TTS.tts.configs.xtts_config.XttsConfig",
    "TTS.tts.configs.xtts_config.XttsArgs",
    "TTS.tts.configs.xtts_config.XttsAudioConfig",
    "TTS.tts.models.xtts.XttsArgs",
    "TTS.tts.models.xtts.XttsAudioConfig",
    "TTS.config.shared_configs.BaseDatasetConfig",
    "TTS.config.shared_configs.BaseAudioConfig",
)
_GPT = {
    "text_embedding.weight": "text_embedding.weight",
    "text_pos_embedding.emb.weight": "text_position.weight",
    "mel_embedding.weight": "mel_embedding.weight",
    "mel_pos_embedding.emb.weight": "mel_position.weight",
    "final_norm.weight": "final_norm.weight",
    "final_norm.bias": "final_norm.bias",
    "mel_head.weight": "mel_head.weight",
    "mel_head.bias": "mel_head.bias",
    "gpt.ln_f.weight": "ln_f.weight",
    "gpt.ln_f.bias": "ln_f.bias",
}
_DECODER = "hifigan_decoder.waveform_decoder."


class _Forgotten:
    """Replaces any object of Coqui's classes in a checkpoint; keeps nothing of it."""

    def __new__(cls, *_: Any, **__: Any) -> "_Forgotten":
        return super().__new__(cls)

    def __setstate__(self, state: object) -> None: ...


@dataclass(frozen=True, slots=True)
class VoiceLatents:
    """One speaker. `conditioning`: (places, width), before the text; `embedding`: (512,), for the vocoder; float32."""

    name: str
    conditioning: Tensor
    embedding: Tensor


def load_tensors(path: Path, *, mapped: bool = True) -> Any:
    """The content of a `torch.save` file, tensors and plain containers only, on the CPU. `mapped`: the tensors stay in
    the file; if another process truncates it, this one ends (SIGBUS). Raises ConfigError."""
    try:
        with torch.serialization.safe_globals([(_Forgotten, name) for name in _FORGOTTEN]):
            return torch.load(path, map_location="cpu", weights_only=True, mmap=mapped and zipfile.is_zipfile(path))
    except pickle.UnpicklingError as error:  # torch's own message advises to load it unsafely
        reason = "it is no file of torch, or holds more than tensors and plain values"
        raise ConfigError(f"{path} cannot be loaded as an XTTS file: {reason}.") from error
    except Exception as error:  # a broken or hostile file can cause any error
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise ConfigError(f"{path} cannot be loaded as an XTTS file: {reason}") from error


def load_weights(path: Path) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """Weights of the GPT and of the waveform decoder, by this package's names. Raises ConfigError when it is not
    XTTS-v2. Takes the original layout, and that of Coqui's trainer (an "xtts." before every name).
    """
    raw = load_tensors(path)
    state = raw.get("model", raw) if isinstance(raw, Mapping) else None
    if not isinstance(state, Mapping):
        raise ConfigError(f"{path} holds no model: the original checkpoint is an object with `model`.")
    state = {key.removeprefix("xtts."): value for key, value in state.items() if isinstance(value, Tensor)}
    gpt = {ours: state[f"gpt.{theirs}"] for theirs, ours in _GPT.items() if f"gpt.{theirs}" in state}
    for key, value in state.items():
        if key.startswith("gpt.gpt.h.") and not key.endswith((".attn.bias", ".attn.masked_bias")):
            is_matrix = value.dim() == 2  # GPT-2 stores matrices input first
            gpt[key.removeprefix("gpt.gpt.").replace("attn.c_", "attn_").replace("mlp.c_", "mlp_")] = (
                value.T if is_matrix else value
            )
    decoder = without_weight_norm(
        {key.removeprefix(_DECODER): value for key, value in state.items() if key.startswith(_DECODER)}
    )
    if len(gpt) <= len(_GPT) or not decoder:
        raise ConfigError(f"{path} is no XTTS-v2 checkpoint: parts of the model are missing.")
    return gpt, decoder


def without_weight_norm(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The weights with weight norm multiplied out: w = g v / |v|, with the norm over all but the first dimension
    (Salimans and Kingma 2016). Both spellings that torch has used are known."""
    plain = dict(state)
    for g_name, v_name in ((".parametrizations.weight.original0", ".parametrizations.weight.original1"),
                           (".weight_g", ".weight_v")):  # fmt: skip
        for key in [key for key in plain if key.endswith(g_name)]:
            layer = key.removesuffix(g_name)
            g, v = plain.pop(key).float(), plain.pop(layer + v_name).float()
            plain[f"{layer}.weight"] = torch._weight_norm(v, g, 0)
    return plain


def load_voices(path: Path) -> dict[str, VoiceLatents]:
    """Voices by name, in the file's order. Raises ConfigError.

    Known forms of an entry: Coqui's speakers_xtts.pth (`gpt_cond_latent`, `speaker_embedding`) and its cloned voices
    (`gpt_conditioning_latents`).
    """
    raw = load_tensors(path, mapped=False)  # people may copy another file over it while its voices are in use
    if not isinstance(raw, Mapping) or not raw:
        raise ConfigError(f"{path} holds no voices.")
    voices = {}
    for name, entry in raw.items():
        fields = entry if isinstance(entry, Mapping) else {}
        conditioning = fields.get("gpt_cond_latent", fields.get("gpt_conditioning_latents"))
        embedding = fields.get("speaker_embedding")
        if not isinstance(conditioning, Tensor) or not isinstance(embedding, Tensor) or conditioning.dim() != 3:
            raise ConfigError(f"{path}: the voice {name!r} has no gpt_cond_latent and speaker_embedding.")
        if not (conditioning.isfinite().all() and embedding.isfinite().all()):
            raise ConfigError(f"{path}: the voice {name!r} holds what are no numbers; clone it again.")
        voices[str(name)] = VoiceLatents(str(name), conditioning[0].float(), embedding.flatten().float())
    return voices
