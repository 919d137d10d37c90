"""Makes a voice from recordings: the conditioning latents and the speaker embedding, computed by the checkpoint's own
encoders. The numbers are those of Coqui's `get_conditioning_latents` for the same weights and samples. It runs on the
CPU: one voice takes a few seconds, while the GPU goes on speaking.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from voi.audio.sample import Sample
from voi.engines.tts.xtts.checkpoint import VoiceLatents, load_tensors
from voi.engines.tts.xtts.cloning_encoders import ConditioningEncoder, Perceiver, SpeakerEncoder
from voi.engines.tts.xtts.cloning_sound import GPT_RATE_HZ, SPEAKER_RATE_HZ, gpt_mel, resample
from voi.engines.tts.xtts.layout import read_layout
from voi.errors import ClientError, ConfigError

SHORTEST_CHUNK_S = 0.33
_ENCODER, _PERCEIVER, _SPEAKER = (
    "gpt.conditioning_encoder.", "gpt.conditioning_perceiver.", "hifigan_decoder.speaker_encoder.",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Lengths:
    """How much of the samples is used, in seconds; names as in config.json, defaults those of Coqui's XttsConfig.

    `gpt_cond_len`: of all samples together, for the GPT, in pieces of `gpt_cond_chunk_len` that are averaged;
    `max_ref_len`: of each sample. `sound_norm_refs`: samples are brought to the same peak.
    """

    gpt_cond_len: int = 12
    gpt_cond_chunk_len: int = 4
    max_ref_len: int = 10
    sound_norm_refs: bool = False

    def __post_init__(self) -> None:
        seconds = (self.gpt_cond_len, self.gpt_cond_chunk_len, self.max_ref_len)
        if not all(isinstance(value, int) for value in seconds) or min(self.gpt_cond_chunk_len, self.max_ref_len) < 1:
            raise ConfigError("XTTS configuration: gpt_cond_len, gpt_cond_chunk_len, max_ref_len cannot be used.")


class VoiceEncoders:
    """The encoders of one checkpoint. Loads at once, and everything blocks: not for the event loop.

    Raises ConfigError for files that are broken, belong to another model or were stripped of these encoders.
    """

    def __init__(self, checkpoint: Path, config: Path) -> None:
        layout = read_layout(config)
        raw: Mapping[str, Any] = json.loads(config.read_text(encoding="utf-8"))
        self.lengths = Lengths(**{key: raw[key] for key in Lengths.__slots__ if raw.get(key) is not None})
        state = _state(checkpoint)
        if state["gpt.mel_head.weight"].shape[1] != layout.gpt_n_model_channels:
            raise ConfigError(f"{checkpoint} does not belong to {config}: they differ in width.")
        self._norms = state.get("mel_stats", torch.ones(80)).float()
        parts = {prefix: _under(state, prefix) for prefix in (_ENCODER, _PERCEIVER, _SPEAKER)}
        if not all(parts.values()):
            raise ConfigError(f"{checkpoint} cannot clone voices: it lacks the encoders of XTTS-v2.")
        try:
            self._encoder = _filled(ConditioningEncoder(parts[_ENCODER], layout.gpt_n_heads), parts[_ENCODER])
            self._perceiver = _filled(Perceiver(parts[_PERCEIVER]), parts[_PERCEIVER])
            self._speaker = _filled(SpeakerEncoder(parts[_SPEAKER]), parts[_SPEAKER])
        except (KeyError, ValueError, RuntimeError) as error:
            reason = str(error).splitlines()[0]
            raise ConfigError(f"{checkpoint} cannot clone voices: its encoders are not XTTS-v2's ({reason}).") from None

    @torch.inference_mode()
    def latents(self, name: str, samples: Sequence[Sample], lengths: Lengths | None = None) -> VoiceLatents:
        """One voice from one or several samples of it. Raises ClientError when they are too short."""
        lengths = lengths or self.lengths
        sounds = [self._used(sample, lengths) for sample in samples]
        embedding = torch.stack([self._embedding(sound) for sound in sounds]).mean(dim=0)
        return VoiceLatents(name, self._conditioning(torch.cat(sounds), lengths), embedding)

    def _used(self, sample: Sample, lengths: Lengths) -> Tensor:
        sound = resample(torch.from_numpy(sample.samples), sample.rate_hz, GPT_RATE_HZ).clamp(-1.0, 1.0)
        sound = sound[: lengths.max_ref_len * GPT_RATE_HZ]
        if lengths.sound_norm_refs:
            sound = sound / sound.abs().max().clamp(min=1e-6) * 0.75
        return sound

    def _embedding(self, sound: Tensor) -> Tensor:
        heard: Tensor = self._speaker(resample(sound, GPT_RATE_HZ, SPEAKER_RATE_HZ))
        return heard

    def _conditioning(self, sound: Tensor, lengths: Lengths) -> Tensor:
        """The conditioning latents for the GPT, (latents, width)."""
        if lengths.gpt_cond_len > 0:
            sound = sound[: lengths.gpt_cond_len * GPT_RATE_HZ]
        chunks = [
            chunk for chunk in torch.split(sound, lengths.gpt_cond_chunk_len * GPT_RATE_HZ)
            if len(chunk) >= SHORTEST_CHUNK_S * GPT_RATE_HZ
        ]  # fmt: skip
        if not chunks:
            raise ClientError(f"The samples are shorter than {SHORTEST_CHUNK_S} s.")
        made = [self._perceiver(self._encoder(gpt_mel(chunk, self._norms)[None]).transpose(1, 2)) for chunk in chunks]
        return torch.cat(made).mean(dim=0)


def _state(checkpoint: Path) -> dict[str, Tensor]:
    raw = load_tensors(checkpoint)
    state = raw.get("model", raw) if isinstance(raw, Mapping) else {}
    found = {str(key).removeprefix("xtts."): value for key, value in state.items() if isinstance(value, Tensor)}
    if "gpt.mel_head.weight" not in found:
        raise ConfigError(f"{checkpoint} is no XTTS-v2 checkpoint: parts of the model are missing.")
    return found


def _under(state: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {key.removeprefix(prefix): value for key, value in state.items() if key.startswith(prefix)}


def _filled(net: nn.Module, state: dict[str, Tensor]) -> nn.Module:
    state = {key: value.float() if value.is_floating_point() else value for key, value in state.items()}
    net.load_state_dict({key: value for key, value in state.items() if not key.startswith("torch_spec.")})
    return net.eval().requires_grad_(False)
