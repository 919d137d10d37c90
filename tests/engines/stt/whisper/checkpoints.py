"""Tiny random Whisper checkpoints in OpenAI's format, made so that what they say depends on the sound, is said with
certainty, and ends: a random model is as unsure as can be, and never stops."""

from pathlib import Path
from typing import Any

import torch

DIMS: dict[str, int] = {
    "n_mels": 80,
    "n_audio_ctx": 1500,
    "n_audio_state": 64,
    "n_audio_head": 2,
    "n_audio_layer": 2,
    "n_vocab": 51_865,
    "n_text_ctx": 448,
    "n_text_state": 64,
    "n_text_head": 2,
    "n_text_layer": 2,
}


def save(path: Path, *, seed: int = 0, multilingual: bool = True, n_mels: int = 80) -> Path:
    """`{"dims", "model_state_dict"}`; 51 864 tokens where it is English only."""
    torch.save(checkpoint(seed=seed, multilingual=multilingual, n_mels=n_mels), path)
    return path


def checkpoint(*, seed: int, multilingual: bool, n_mels: int) -> dict[str, Any]:
    import whisper

    dims = {**DIMS, "n_mels": n_mels, "n_vocab": 51_865 if multilingual else 51_864}
    torch.manual_seed(seed)
    model = whisper.model.Whisper(whisper.model.ModelDimensions(**dims))
    end_token = 50_257 if multilingual else 50_256
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if name.endswith("positional_embedding"):
                parameter.normal_(std=2.0)
            elif parameter.ndim > 1 and "token_embedding" not in name:
                parameter.normal_(std=3.0 * parameter[0].numel() ** -0.5)
        embedding = model.decoder.token_embedding.weight
        embedding.normal_(std=0.7)
        # The later, the more the position speaks for the end of the text.
        ramp = (torch.arange(dims["n_text_ctx"]) - 8).clamp(min=0) * 2.5
        toward_end = embedding[end_token] / embedding[end_token].norm()
        model.decoder.positional_embedding += ramp[:, None] * toward_end
        # The last norm's scale decides how sure the model is.
        model.decoder.ln.weight.fill_(4.0)
    return {"dims": dims, "model_state_dict": model.state_dict()}
