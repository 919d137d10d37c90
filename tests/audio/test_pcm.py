import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.audio.sounds import tone
from voi.audio import pcm


def test_units() -> None:
    assert pcm.ms_to_samples(20, 16_000) == 320
    assert pcm.ms_to_bytes(32, 16_000) == 1024
    assert pcm.samples_to_ms(441, 22_050) == 20
    assert pcm.bytes_to_ms(960, 24_000) == 20
    assert pcm.silence(20, 8_000) == bytes(320)


@pytest.mark.filterwarnings("error")  # of numpy, where a cast means something else on every machine
def test_full_scale_is_clipped_and_never_wraps_round() -> None:
    loud = pcm.from_float(np.array([1.0, 1.5, -1.0, -7.0, math.inf, -math.inf, math.nan, 0.99999]))
    assert np.frombuffer(loud, "<i2").tolist() == [32767, 32767, -32768, -32768, 32767, -32768, 0, 32767]


@given(st.binary(max_size=400).filter(lambda data: len(data) % 2 == 0))
def test_floats_and_back_is_the_same(data: bytes) -> None:
    assert pcm.from_float(pcm.to_float(data)) == data


def test_an_odd_last_byte_is_left_out() -> None:
    assert pcm.to_int16(b"\x01\x00\x02").tolist() == [1]


def test_loudness() -> None:
    sine = tone(1000, 16_000, 1.0, amplitude=32767)
    assert pcm.rms_dbfs(sine) == pytest.approx(-3.01, abs=0.01)
    assert pcm.rms_dbfs(b"\x00\x80") == 0  # -32768: full scale
    assert pcm.rms_dbfs(bytes(640)) == pcm.rms_dbfs(b"") == pcm.SILENCE_DBFS
