"""Each codec of a telephone, there and back, and over loss."""

import numpy as np
import pytest

from voi.audio.pcm import from_scaled, rms_dbfs, to_int16
from voi.errors import ConfigError
from voi.transports.telephone.codecs import CODECS, LineCodec
from voi.transports.telephone.coders import LineDecoder, LineEncoder

SECONDS = 1


def tone(rate_hz: int, hz: float, seconds: float = SECONDS) -> bytes:
    return from_scaled(8_000 * np.sin(2 * np.pi * hz * np.arange(int(rate_hz * seconds)) / rate_hz))


def codec(name: str) -> LineCodec:
    if name in ("G722", "opus"):
        pytest.importorskip("av")
    facts = next(each for each in CODECS.values() if each.name == name)
    return LineCodec(facts.name, 96 if facts.static_type is None else facts.static_type)


def sent(pcm: bytes, of: LineCodec, rate_hz: int) -> list[bytes]:
    encoder = LineEncoder(of, rate_hz)
    size = encoder.frame_bytes
    return [encoder.encode(pcm[at : at + size]) for at in range(0, len(pcm) - size + 1, size)]


def level_at(pcm: bytes, rate_hz: int, hz: float) -> float:
    """The part of that frequency, in dB of a full tone."""
    samples = to_int16(pcm).astype(float)
    turn = np.exp(-2j * np.pi * hz * np.arange(len(samples)) / rate_hz)
    return float(20 * np.log10(abs(samples @ turn) * 2 / len(samples) / 32_768 + 1e-9))


@pytest.mark.parametrize("name", ["PCMU", "PCMA", "G722", "opus"])
@pytest.mark.parametrize("rate_hz", [8_000, 16_000])
def test_there_and_back(name: str, rate_hz: int) -> None:
    of = codec(name)
    pcm = tone(rate_hz, 700)
    decoder = LineDecoder(of, rate_hz)
    payloads = sent(pcm, of, rate_hz)
    back = b"".join(map(decoder.decode, payloads))
    assert len(payloads) == 50
    assert {decoder.samples_of(each) for each in payloads} == {of.clock_hz // 50}
    assert abs(len(back) - len(pcm)) <= rate_hz * 2 * 6 // 1_000
    middle = back[len(back) // 4 & ~1 : len(back) * 3 // 4 & ~1]
    assert abs(level_at(middle, rate_hz, 700) - level_at(pcm, rate_hz, 700)) < 1.5
    assert abs(rms_dbfs(middle) - rms_dbfs(pcm)) < 1.5


@pytest.mark.parametrize("name", ["PCMU", "G722"])
def test_what_is_lost_is_made_up_of_what_came_before(name: str) -> None:
    of = codec(name)
    pcm = tone(of.rate_hz, 150)
    decoder = LineDecoder(of, of.rate_hz)
    whole, made_up = b"", b""
    for n, payload in enumerate(sent(pcm, of, of.rate_hz)):
        if n == 20:
            made_up = decoder.conceal(160)
            whole += made_up
        else:
            whole += decoder.decode(payload)
    samples = to_int16(whole).astype(float)
    assert len(whole) == len(pcm)
    assert rms_dbfs(made_up) > rms_dbfs(pcm) - 3
    steepest = np.abs(np.diff(samples[200:])).max()
    assert steepest < 3 * np.abs(np.diff(to_int16(pcm).astype(float))).max(), "no click"


def test_made_up_sound_fades_and_silence_ends_it() -> None:
    decoder = LineDecoder(codec("PCMU"), 8_000)
    for payload in sent(tone(8_000, 150), codec("PCMU"), 8_000):
        decoder.decode(payload)
    levels = [rms_dbfs(decoder.conceal(160)) for _ in range(5)]
    assert levels[0] > levels[1] > levels[2] > levels[3] == levels[4] == -120
    assert decoder.silence(160) == bytes(320)
    assert decoder.conceal(160) == bytes(320)


def test_a_lost_packet_of_opus_is_recovered_from_the_next() -> None:
    of = codec("opus")
    rng = np.random.default_rng(1)
    sweep = np.sin(np.cumsum(0.05 + 0.03 * np.sin(np.arange(16_000) / 900)))
    voice = from_scaled(6_000 * sweep + rng.normal(0, 300, 16_000))
    encoder = LineEncoder(of, 16_000)
    assert encoder.opus is not None
    encoder.opus.expect_loss(20)
    payloads = [encoder.encode(voice[at : at + 640]) for at in range(0, len(voice), 640)]
    decoder, other = LineDecoder(of, 16_000), LineDecoder(of, 16_000)
    for payload in payloads[:20]:
        decoder.decode(payload)
        other.decode(payload)
    truth = other.decode(payloads[20])
    got = decoder.recover(payloads[21], 960)
    assert len(got) == 640
    match = np.corrcoef(to_int16(truth).astype(float), to_int16(got).astype(float))[0, 1]
    assert match > 0.8


def test_payloads_that_are_none() -> None:
    decoder = LineDecoder(codec("PCMU"), 8_000)
    assert decoder.samples_of(b"") == 0
    assert decoder.samples_of(bytes(2_000)) == 0
    assert LineDecoder(codec("opus"), 16_000).samples_of(b"\xff" * 3) == 0


def test_nothing_above_a_telephones_band_folds_into_it() -> None:
    """A wideband line whose call goes on at 8 kHz: 5 kHz is gone, 1 kHz stays."""
    for hz, kept in ((5_000, False), (1_000, True)):
        pcm = tone(16_000, hz)
        back = b"".join(map(LineDecoder(codec("PCMU"), 8_000).decode, sent(pcm, codec("PCMU"), 16_000)))
        level = rms_dbfs(back[1_600:-1_600])
        assert (level > rms_dbfs(pcm) - 0.5) == kept
        assert kept or level < -60


def test_g722_without_its_library(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(ConfigError, match=r"install\.sh media"):
        LineEncoder(LineCodec("G722", 9), 16_000)
