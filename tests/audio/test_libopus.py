"""Opus packets with loss: what is recovered, what is made up. Skipped where there is no libopus."""

import wave
from pathlib import Path

import numpy as np
import pytest

from voi.audio.libopus import OpusDecoder, OpusEncoder, load_libopus, opus_samples
from voi.audio.pcm import to_float
from voi.audio.resample import resample
from voi.errors import ConfigError

RATE_HZ = 24_000
JFK = Path(__file__).parent.parent / "data" / "audio" / "jfk.wav"


@pytest.fixture(autouse=True)
def _library() -> None:
    try:
        load_libopus()
    except ConfigError as missing:
        pytest.skip(str(missing))


def packets() -> tuple[list[bytes], list[bytes]]:
    """Frames of recorded speech, and their packets."""
    with wave.open(str(JFK)) as recording:
        pcm = resample(recording.readframes(recording.getnframes()), recording.getframerate(), RATE_HZ)
    encoder = OpusEncoder(RATE_HZ, 32_000, loss_percent=10)
    size = encoder.frame_bytes
    frames = [pcm[start : start + size] for start in range(0, len(pcm) - size, size)]
    return frames, [encoder.encode(frame) for frame in frames]


def spectrum(pcm: bytes) -> np.ndarray:
    """How loud each of 24 bands is, in dB, 20 ms by 20 ms."""
    samples = to_float(pcm)
    windows = samples[: len(samples) // 480 * 480].reshape(-1, 480) * np.hanning(480)
    power = np.abs(np.fft.rfft(windows))[:, 1:121].reshape(len(windows), 24, 5).mean(axis=2)
    return 20 * np.log10(power + 1e-2)


def test_what_is_encoded_is_decoded() -> None:
    frames, sent = packets()
    assert {opus_samples(packet) for packet in sent} == {960}
    assert 20_000 < sum(map(len, sent)) * 8 / (len(sent) * 0.02) < 36_000
    decoder = OpusDecoder(RATE_HZ)
    heard = b"".join(map(decoder.decode, sent))
    assert len(heard) == len(frames) * 960
    assert np.abs(spectrum(heard) - spectrum(b"".join(frames))).mean() < 4


def test_lost_packets_are_recovered_better_than_made_up() -> None:
    """One packet in ten is lost: with the copies in the packets behind, the sound is nearer to what was sent."""
    _, sent = packets()
    whole = OpusDecoder(RATE_HZ)
    reference = spectrum(b"".join(map(whole.decode, sent)))
    apart = {}
    for way in ("recover", "conceal", "silence"):
        decoder, heard = OpusDecoder(RATE_HZ), []
        for index, packet in enumerate(sent):
            if index % 10 != 5:
                heard.append(decoder.decode(packet))
            elif way == "recover":
                heard.append(decoder.recover(sent[index + 1], 480))
            else:
                heard.append(decoder.conceal(480) if way == "conceal" else bytes(960))
        lost = [index for index in range(len(sent)) if index % 10 == 5 and reference[index].max() > 0]
        apart[way] = np.abs(spectrum(b"".join(heard))[lost] - reference[lost]).mean()
    assert apart["recover"] < 0.8 * apart["conceal"] < 0.8 * apart["silence"]


def test_any_length_is_made_up() -> None:
    decoder = OpusDecoder(RATE_HZ)
    _, sent = packets()
    decoder.decode(sent[30])
    assert [len(decoder.conceal(samples)) for samples in (1, 60, 479, 2_880)] == [2, 120, 958, 5_760]
    assert len(decoder.recover(sent[32], 480)) == 960


def test_what_is_no_packet() -> None:
    decoder = OpusDecoder(RATE_HZ)
    for packet in (b"", b"\xff", b"\xff\xff\xff\xff", bytes(range(256)) * 4):
        decoder.decode(packet)
        assert opus_samples(packet) >= 0
    assert opus_samples(b"") == 0


def test_most_packets_of_silence_need_not_be_sent() -> None:
    encoder = OpusEncoder(RATE_HZ, 32_000)
    sizes = [len(encoder.encode(bytes(encoder.frame_bytes))) for _ in range(100)]
    assert sum(size > 2 for size in sizes[20:]) <= 6
