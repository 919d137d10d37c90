"""Sound to log-mel, a batch at a time: openai/whisper's `log_mel_spectrogram(pad_or_trim(audio))` for each window."""

from collections.abc import Sequence

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor
from whisper.audio import HOP_LENGTH, N_FFT, N_FRAMES, N_SAMPLES, mel_filters


def log_mel(windows: Sequence[bytes], n_mels: int, device: torch.device) -> Tensor:
    """16 kHz PCM windows of up to 30 s -> (batch, n_mels, 3000), float32 on `device`."""
    longest = min(N_SAMPLES, max(len(window) // 2 for window in windows))
    samples = np.zeros((len(windows), longest), np.int16)
    for row, window in zip(samples, windows, strict=True):
        heard = np.frombuffer(window, "<i2")[:longest]
        row[: len(heard)] = heard
    sound = torch.from_numpy(samples).to(device).float() / 32_768.0
    sound = F.pad(sound, (0, N_SAMPLES - longest))
    hann = torch.hann_window(N_FFT, device=device)
    spectrum = torch.stft(sound, N_FFT, HOP_LENGTH, window=hann, return_complex=True)[..., :N_FRAMES]
    mel = mel_filters(device, n_mels) @ (spectrum.abs() ** 2)
    log = mel.clamp(min=1e-10).log10()
    # The reference computes the floor, 8 below the loudest, over the whole batch; here each window has its own.
    log = torch.maximum(log, log.amax(dim=(-2, -1), keepdim=True) - 8.0)
    return (log + 4.0) / 4.0
