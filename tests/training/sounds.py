"""Sounds that look like speech to a level meter, and files of them."""

import io
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from voi.engines.info import VadInfo


def tone(seconds: float, rate_hz: int = 22_050, level: float = 0.3, hz: float = 220.0) -> NDArray[np.float32]:
    at = np.arange(int(seconds * rate_hz)) / rate_hz
    return (level * np.sin(2 * np.pi * hz * at)).astype(np.float32)


def quiet(seconds: float, rate_hz: int = 22_050) -> NDArray[np.float32]:
    return np.zeros(int(seconds * rate_hz), np.float32)


def encoded(samples: NDArray[Any], rate_hz: int = 22_050, kind: str = "WAV") -> bytes:
    import soundfile

    out = io.BytesIO()
    soundfile.write(out, samples, rate_hz, format=kind)
    return out.getvalue()


def put(path: Path, samples: NDArray[Any], rate_hz: int = 22_050, text: str | None = None) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(encoded(samples, rate_hz, {".flac": "FLAC", ".mp3": "MP3"}.get(path.suffix, "WAV")))
    if text is not None:
        path.with_suffix(".txt").write_text(text, "utf-8")
    return path


class Anything:
    """A VAD to which all sound is speech: tones are, here."""

    name = "anything"
    info = VadInfo("anything")

    def open(self) -> "Anything":
        return self

    def probability(self, window: bytes) -> float:
        return float(any(window))

    def reset(self) -> None: ...

    def close(self) -> None: ...

    async def warm_up(self) -> None: ...
