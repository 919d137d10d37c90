import warnings

import numpy as np
import pytest

from tests.audio.sounds import likeness, speech
from voi.audio import g711

EVERY_BYTE = bytes(range(256))
EVERY_SAMPLE = np.arange(-32_768, 32_768).astype("<i2").tobytes()


@pytest.mark.parametrize(
    ("law", "byte", "sample"),
    [  # ITU-T G.711, tables 1 and 2, at 16 bits: the largest, the smallest, a segment's ends
        ("ulaw", 0x80, 32_124), ("ulaw", 0x00, -32_124), ("ulaw", 0xFF, 0), ("ulaw", 0x7F, 0), ("ulaw", 0xFE, 8),
        ("ulaw", 0xEF, 132), ("alaw", 0xAA, 32_256), ("alaw", 0x2A, -32_256), ("alaw", 0xD5, 8), ("alaw", 0x55, -8),
    ],
)  # fmt: skip
def test_table(law: g711.Law, byte: int, sample: int) -> None:
    assert g711.decode(bytes([byte]), law) == sample.to_bytes(2, "little", signed=True)


@pytest.mark.parametrize("law", ["ulaw", "alaw"])
def test_encoding_takes_the_nearest_level(law: g711.Law) -> None:
    levels = np.unique(np.frombuffer(g711.decode(EVERY_BYTE, law), "<i2").astype(int))
    wanted = np.frombuffer(EVERY_SAMPLE, "<i2").astype(int)
    given = np.frombuffer(g711.decode(g711.encode(EVERY_SAMPLE, law), law), "<i2").astype(int)
    place = np.clip(np.searchsorted(levels, wanted), 1, len(levels) - 1)
    nearest = np.minimum(np.abs(levels[place] - wanted), np.abs(levels[place - 1] - wanted))
    assert np.array_equal(np.abs(given - wanted), nearest)


@pytest.mark.parametrize("law", ["ulaw", "alaw"])
def test_bytes_survive(law: g711.Law) -> None:
    again = g711.encode(g711.decode(EVERY_BYTE, law), law)
    assert [byte for byte in EVERY_BYTE if again[byte] != byte] == ([0x7F] if law == "ulaw" else [])  # minus zero


@pytest.mark.parametrize("law", ["ulaw", "alaw"])
def test_agrees_with_the_standard_library_while_it_lasts(law: g711.Law) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        audioop = pytest.importorskip("audioop")
    assert g711.decode(EVERY_BYTE, law) == getattr(audioop, f"{law}2lin")(EVERY_BYTE, 2)


@pytest.mark.parametrize("law", ["ulaw", "alaw"])
def test_speech_stays_speech(law: g711.Law) -> None:
    coded = g711.encode(speech(), law)
    assert len(coded) == len(speech()) // 2
    assert likeness(g711.decode(coded, law), speech()) > 0.999
