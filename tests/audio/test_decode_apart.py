import struct
import subprocess
from typing import Any

import numpy as np
import pytest

from voi.audio import decode_apart
from voi.audio.decode_apart import read_sample_apart
from voi.audio.sample import read_sample
from voi.errors import ClientError

pytestmark = pytest.mark.integration


def wav(channels: int = 1, *, tag: int = 1, bits: int = 16, samples: int = 1_600) -> bytes:
    data = struct.pack("<h", 4_096) * channels * samples
    block = channels * bits // 8
    head = struct.pack("<IHHIIHH", 16, tag, channels, 16_000, 16_000 * block, block, bits)
    return (
        b"RIFF" + struct.pack("<I", 36 + len(data)) + b"WAVEfmt " + head + b"data" + struct.pack("<I", len(data)) + data
    )


def test_it_gives_what_decoding_here_gives() -> None:
    here, apart = read_sample(wav(2)), read_sample_apart(wav(2))
    assert apart.rate_hz == here.rate_hz == 16_000
    assert np.array_equal(apart.samples, here.samples)


@pytest.mark.parametrize("channels", [1, 2, 7, 8])
def test_channels_are_averaged(channels: int) -> None:
    samples = read_sample_apart(wav(channels)).samples
    assert len(samples) == 1_600
    assert np.allclose(samples, 0.125, atol=1e-3)


@pytest.mark.parametrize(
    "recording",
    [wav(0), wav(9), wav(64), wav(255), wav(tag=0x6969), wav(bits=0), b"", b"RIFFxxxx", wav()[:20]],
)
def test_what_cannot_be_decoded_is_the_senders_fault(recording: bytes) -> None:
    with pytest.raises(ClientError):
        read_sample_apart(recording)


def test_a_decoder_that_dies_costs_an_error(monkeypatch: pytest.MonkeyPatch, caplog: Any) -> None:
    run = subprocess.run

    def dying(command: list[str], **options: Any) -> Any:
        return run([command[0], "-c", "import os; os.abort()"], **options)

    monkeypatch.setattr(decode_apart.subprocess, "run", dying)  # type: ignore[attr-defined]
    with pytest.raises(ClientError, match="file is broken"):
        read_sample_apart(wav())
    assert "ended its decoder" in caplog.text


def test_a_decoder_that_never_ends_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    run = subprocess.run

    def endless(command: list[str], **options: Any) -> Any:
        return run([command[0], "-c", "while True: pass"], **options)

    monkeypatch.setattr(decode_apart.subprocess, "run", endless)  # type: ignore[attr-defined]
    monkeypatch.setattr(decode_apart, "DEADLINE_S", 0.2)
    with pytest.raises(ClientError, match="within"):
        read_sample_apart(wav())
