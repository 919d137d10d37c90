import io
from typing import Any

import numpy as np
import pytest

from tests.audio.sounds import likeness, speech
from voi.audio.opus import encode_ogg_opus
from voi.audio.resample import resample

av = pytest.importorskip("av")


def decoded(blob: bytes) -> bytes:
    """PCM at 16 kHz."""
    with av.open(io.BytesIO(blob)) as container:
        frames: list[Any] = [frame.to_ndarray()[0] for frame in container.decode(audio=0)]
    pcm = (np.concatenate(frames) * 32_767).astype("<i2").tobytes()
    return resample(pcm, 48_000, 16_000)


@pytest.mark.parametrize("rate_hz", [8_000, 16_000, 22_050, 24_000, 48_000])
def test_says_the_same_as_long(rate_hz: int) -> None:
    pcm = resample(speech(), 16_000, rate_hz)
    blob = encode_ogg_opus(pcm, rate_hz)
    assert blob.startswith(b"OggS")
    assert len(blob) < len(pcm) / 3
    back = decoded(blob)
    assert abs(len(back) - len(speech())) <= 8  # two samples of rounding
    assert likeness(back, speech()) > (0.9 if rate_hz == 8_000 else 0.95)


def test_a_few_samples_and_none() -> None:
    assert encode_ogg_opus(bytes(20), 24_000).startswith(b"OggS")
    assert encode_ogg_opus(b"", 24_000) == b""
