"""Comfort noise: its level, and that it goes on without a seam."""

import pytest

from voi.audio.comfort_noise import LOUDEST_DBOV, ComfortNoise, noise_level_dbov
from voi.audio.pcm import rms_dbfs


@pytest.mark.parametrize("rate_hz", [8_000, 16_000])
@pytest.mark.parametrize("level_dbov", [-40, -50, -60, -70])
def test_the_level(level_dbov: int, rate_hz: int) -> None:
    full_square_dbfs = rms_dbfs(b"\xff\x7f\x01\x80" * 800)
    noise = ComfortNoise(rate_hz).next(rate_hz, level_dbov)
    assert abs(rms_dbfs(noise) - full_square_dbfs - level_dbov) < 0.7


def test_it_goes_on_and_no_peer_makes_it_loud() -> None:
    whole, parts = ComfortNoise(8_000), ComfortNoise(8_000)
    assert whole.next(40_000, -50) == b"".join(parts.next(1_600, -50) for _ in range(25))
    assert ComfortNoise(8_000).next(800, 0) == ComfortNoise(8_000).next(800, LOUDEST_DBOV)
    assert whole.next(0, -50) == b""


def test_the_payload() -> None:
    assert noise_level_dbov(b"\x46") == -70
    assert noise_level_dbov(b"\xff\x01\x02") == -127
    assert noise_level_dbov(b"") is None
