"""Sound is encoded while it comes, whatever the pieces, and can be read again."""

from typing import get_args

import numpy as np
import pytest

from voi.audio.sample import read_sample
from voi.audio.stream_encoder import MEDIA_TYPES, RATE_HZ, SoundFormat, StreamEncoder
from voi.audio.wav import HEADER_BYTES

PCM = (np.sin(np.arange(2 * 22_050) * 2 * np.pi * 440 / 22_050) * 8_000).astype("<i2").tobytes()


def encoded(form: SoundFormat, piece_bytes: int) -> tuple[bytes, int]:
    """The whole, and how much of it came before the end of the sound."""
    encoder = StreamEncoder(form, 22_050)
    early = b"".join(encoder.push(PCM[at : at + piece_bytes]) for at in range(0, len(PCM), piece_bytes))
    return early + encoder.close(), len(early)


def test_plain_formats_need_no_extra() -> None:
    pcm, _ = encoded("pcm", 4_410)
    assert len(pcm) == 2 * RATE_HZ * 2
    wav, _ = encoded("wav", 998)
    assert wav[HEADER_BYTES:] == pcm
    assert wav[:4] == b"RIFF"


@pytest.mark.parametrize("form", ["mp3", "opus", "aac", "flac"])
def test_what_is_compressed_comes_early_and_whole(form: SoundFormat) -> None:
    pytest.importorskip("av")
    whole, early = encoded(form, 4_410)
    assert early > 0.7 * len(whole)
    sample = read_sample(whole)
    assert 1.99 <= sample.length_s < 2.1  # mp3 and AAC add what their encoders delay
    middle = sample.samples[sample.rate_hz // 2 : sample.rate_hz * 3 // 2]
    crossings = np.count_nonzero(np.diff(np.signbit(middle)))
    assert crossings == pytest.approx(2 * 440, abs=4)


def test_no_sound_is_a_valid_file() -> None:
    pytest.importorskip("av")
    for form in ("mp3", "opus", "aac", "flac"):
        StreamEncoder(form, RATE_HZ).close()


def test_every_format_has_a_media_type() -> None:
    assert set(MEDIA_TYPES) == set(get_args(SoundFormat))
