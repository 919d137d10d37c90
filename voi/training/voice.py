"""Voices (latents) of XTTS, and speech with them: for clips, and for the voices of an exported model."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from voi.audio.pcm import from_float
from voi.audio.wav import to_wav
from voi.training.dataset import Item, read_sound
from voi.training.manifest import TrainingSample

REFERENCE_S = 30
"""Most sound of a speaker for the voice's latents; XTTS was made for up to 30 s."""
CHUNK_S = 6


@torch.inference_mode()
def latents(xtts: Any, sounds: Sequence[Tensor], rate_hz: int) -> tuple[Tensor, Tensor]:
    """A voice, from recordings of it, each (n,): latents for the GPT (1, 32, width) and for the vocoder (1, 512, 1).

    Like Coqui's `get_conditioning_latents`, which reads files through torchaudio; these are already read.
    """
    device = next(xtts.parameters()).device
    wavs = [sound[None].to(device) for sound in sounds]
    conditioning = xtts.get_gpt_cond_latents(torch.cat(wavs, dim=-1), rate_hz, length=REFERENCE_S, chunk_length=CHUNK_S)
    embedding = torch.stack([xtts.get_speaker_embedding(wav, rate_hz) for wav in wavs]).mean(dim=0)
    # Leave inference mode, whose tensors cannot be saved or trained with.
    return conditioning.float().cpu().clone(), embedding.float().cpu().clone()


@torch.inference_mode()
def speak(xtts: Any, text: str, language: str, voice: tuple[Tensor, Tensor], seed: int = 0) -> Tensor:
    """The speech, shape (n,), float32, at the model's output rate. The model must be in evaluation mode."""
    torch.manual_seed(seed)
    xtts.gpt.init_gpt_for_inference(kv_cache=xtts.args.kv_cache, use_deepspeed=False)
    try:
        wav = xtts.inference(text, language, *voice)["wav"]
    finally:
        # These duplicates share the model's weights under names that a checkpoint must not contain.
        del xtts.gpt.gpt_inference, xtts.gpt.gpt.wte
    return torch.as_tensor(wav).float().cpu().flatten()


def references(samples: Iterable[TrainingSample], speaker: str, data: Path, rate_hz: int) -> list[Tensor]:
    """The longest recordings of that speaker, up to REFERENCE_S together."""
    chosen: list[Tensor] = []
    total_ms = 0
    theirs = (sample for sample in samples if sample.speaker == speaker)
    for sample in sorted(theirs, key=lambda each: (-each.duration_ms, each.audio)):
        if chosen and total_ms + sample.duration_ms > REFERENCE_S * 1000:
            break
        chosen.append(read_sound(data / sample.audio, rate_hz))
        total_ms += sample.duration_ms
    return chosen


def spoken(xtts: Any, items: Sequence[Item], known: Sequence[TrainingSample], data: Path, seed: int) -> Iterator[bytes]:
    """Each text of `items` spoken, as a WAV file, in the voice of its speaker's recordings in `known` (or of the item
    itself if there are none). The model must be in evaluation mode."""
    rate_hz, out_hz = xtts.config.audio.sample_rate, xtts.args.output_sample_rate
    voices: dict[str, tuple[Tensor, Tensor]] = {}
    for item in items:
        speaker = item.sample.speaker
        if speaker not in voices:
            sounds = references(known, speaker, data, rate_hz) or [read_sound(item.path, rate_hz)]
            voices[speaker] = latents(xtts, sounds, rate_hz)
        wav = speak(xtts, item.sample.text, item.sample.language, voices[speaker], seed)
        yield to_wav(from_float(wav.numpy()), out_hz)
