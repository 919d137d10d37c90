"""The echo guard on recordings: the agent's voice that comes back is silence, and a caller's is what it was."""

import asyncio
import logging
import wave
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from voi.audio.echo_guard import FRAME_BYTES, RATE_HZ, WORK_HZ, EchoGuard
from voi.audio.g711 import decode, encode
from voi.audio.resample import resample

AUDIO = Path(__file__).parents[1] / "data" / "audio"
Sound = NDArray[np.float64]
LEVEL = 3_277.0  # -20 dBFS


def recorded(name: str, seconds: float = 4.0) -> Sound:
    """At the telephone's rate, and at LEVEL where there is a voice."""
    with wave.open(str(AUDIO / f"{name}.wav")) as file:
        pcm = resample(file.readframes(file.getnframes()), file.getframerate(), WORK_HZ)
    sound = np.frombuffer(pcm, "<i2").astype(float)[: int(seconds * WORK_HZ)]
    return sound * LEVEL / np.sqrt((sound[np.abs(sound) > 300] ** 2).mean())


def as_pcm(sound: Sound) -> bytes:
    return np.clip(sound, -32_768, 32_767).astype("<i2").tobytes()


def of_the_line(sound: Sound) -> Sound:
    """As G.711 has it."""
    return np.frombuffer(decode(encode(as_pcm(sound), "ulaw"), "ulaw"), "<i2").astype(float)


def later(sound: Sound, delay_ms: float, gain_db: float, length: int) -> Sound:
    made, delay = np.zeros(length), int(delay_ms * WORK_HZ / 1_000)
    part = sound[: length - delay] * 10 ** (gain_db / 20)
    made[delay : delay + len(part)] = part
    return made


def room(sound: Sound) -> Sound:
    """As a telephone's loudspeaker and microphone in a room with 100 ms of reverberation have it."""
    reach = np.arange(WORK_HZ // 10)
    reflections = np.random.default_rng(1).standard_normal(len(reach)) * np.exp(-6.9 * reach / len(reach)) * 0.15
    reflections[0] = 1.0
    made = np.convolve(np.clip(sound, -8_000, 8_000), reflections)[: len(sound)]  # it distorts when it is loud
    return made * np.sqrt((sound**2).sum() / (made**2).sum())


def guarded(agent: Sound, near: Sound, guard: EchoGuard | None = None) -> bytes:
    """What is left of the caller's sound at 16 kHz while the agent says that, sent 400 ms ahead as sessions do."""
    guard = guard or EchoGuard(0)
    far, heard = as_pcm(agent), resample(as_pcm(of_the_line(near)), WORK_HZ, RATE_HZ)
    left, sent = b"", 0
    for at in range(0, len(heard) - FRAME_BYTES + 1, FRAME_BYTES):
        at_ms = at // 32
        while sent < len(far) and sent // 16 < at_ms + 400:
            guard.plays(far[sent : sent + 1_600], WORK_HZ, sent // 16)
            sent += 1_600
        left += guard.clean(heard[at : at + FRAME_BYTES], at_ms + 20)
    return left


def loud_ms(pcm: bytes) -> int:
    """How much of it is louder than -46 dBFS."""
    frames = np.frombuffer(pcm, "<i2").astype(float).reshape(-1, RATE_HZ // 50)
    return int((np.sqrt((frames**2).mean(axis=1)) > 160).sum()) * 20


@pytest.fixture(scope="module")
def agent() -> Sound:
    return of_the_line(recorded("austen-0870"))


@pytest.mark.parametrize("way", ["line", "room"])
@pytest.mark.parametrize("gain_db", [-10, -20])
@pytest.mark.parametrize("delay_ms", [50, 137.5, 300])
def test_an_echo_is_silence_from_the_beginning(agent: Sound, way: str, gain_db: int, delay_ms: float) -> None:
    back = agent if way == "line" else room(agent)
    near = later(back, delay_ms, gain_db, len(agent) + WORK_HZ)
    near += np.random.default_rng(2).standard_normal(len(near)) * 5
    raw = resample(as_pcm(of_the_line(near)), WORK_HZ, RATE_HZ)
    assert loud_ms(raw[: len(raw) // 640 * 640]) > 2_000
    assert loud_ms(guarded(agent, near)) <= 60


@pytest.mark.parametrize("gain_db", [-10, -20])
@pytest.mark.parametrize("name", ["spk1_snt1", "spk1_snt2"])
def test_a_caller_is_heard_through_the_echo(agent: Sound, gain_db: int, name: str) -> None:
    caller = recorded(name, 2.0)
    length, at = len(agent) + WORK_HZ, WORK_HZ * 3 // 2
    near = later(agent, 150, gain_db, length)
    assert loud_ms(guarded(agent, near)) <= 60
    alone = np.zeros(length)
    alone[at : at + len(caller)] = caller
    heard = guarded(agent, near + alone)
    whole = loud_ms(resample(as_pcm(alone[: length // 160 * 160]), WORK_HZ, RATE_HZ))
    assert loud_ms(heard) >= 0.75 * whole
    begins = 2 * at * 2
    assert loud_ms(heard[begins : begins + RATE_HZ * 2 * 700 // 1_000 // 640 * 640]) >= 300, "enough to interrupt"


def test_a_caller_without_an_echo_is_left_as_they_are(agent: Sound) -> None:
    near = np.zeros(len(agent))
    caller = recorded("spk1_snt2", 2.0)
    near[WORK_HZ : WORK_HZ + len(caller)] = caller
    near = near[: len(near) // 160 * 160]
    assert guarded(agent, near) == resample(as_pcm(of_the_line(near)), WORK_HZ, RATE_HZ)


def test_an_echo_that_moves_is_found_again(agent: Sound) -> None:
    """As when a jitter buffer changes its length."""
    half = len(agent) // 2
    first, second = agent.copy(), agent.copy()
    first[half:] = 0
    second[:half] = 0
    length = len(agent) + WORK_HZ
    near = later(first, 120, -15, length) + later(second, 180, -15, length)
    assert loud_ms(guarded(agent, near)) <= 300


def test_while_the_agent_is_silent_nothing_is_touched() -> None:
    guard = EchoGuard(0)
    loud = as_pcm(np.full(320, 9_000.0))
    assert b"".join(guard.clean(loud, at_ms) for at_ms in range(20, 1_020, 20)) == loud * 50


def test_a_stop_is_the_end_of_what_is_played_and_not_of_its_echo(agent: Sound) -> None:
    guard = EchoGuard(0)
    near = later(agent, 200, -10, len(agent))
    cut = WORK_HZ * 2
    near[cut + 200 * 8 :] = 0
    left = guarded(agent[:cut], near[:cut], guard)
    guard.stops()
    rest = resample(as_pcm(near[cut : cut + WORK_HZ // 2]), WORK_HZ, RATE_HZ)
    for at in range(0, len(rest) - FRAME_BYTES + 1, FRAME_BYTES):
        left += guard.clean(rest[at : at + FRAME_BYTES], 2_000 + at // 32 + 20)
    assert loud_ms(left) <= 60


def test_it_follows_the_clock_when_sound_is_missing(agent: Sound) -> None:
    """Half a second of the caller's packets is lost, or comes at once."""
    guard = EchoGuard(0)
    far = as_pcm(agent)
    heard = resample(as_pcm(later(agent, 100, -10, len(agent))), WORK_HZ, RATE_HZ)
    left = b""
    for at in range(0, len(heard) - FRAME_BYTES + 1, FRAME_BYTES):
        at_ms = at // 32
        if at_ms % 100 == 0:
            guard.plays(far[at_ms * 16 : at_ms * 16 + 1_600], WORK_HZ, at_ms)
        if not 1_000 <= at_ms < 1_500:
            left += guard.clean(heard[at : at + FRAME_BYTES], at_ms + 20)
    assert loud_ms(left) <= 200


def test_pieces_of_any_length_and_other_rates() -> None:
    guard = EchoGuard(0)
    guard.plays(as_pcm(np.random.default_rng(4).standard_normal(2_400) * 3_000), 24_000, 0)
    given = as_pcm(np.random.default_rng(3).standard_normal(3_200) * 3_000)
    got = b"".join(guard.clean(given[at : at + 222], at // 32) for at in range(0, len(given), 222))
    assert got == given[: len(got)]
    assert len(given) - len(got) < FRAME_BYTES
    guard.plays(b"", 8_000, 0)
    guard.plays(as_pcm(np.full(80_000, 100.0)), 8_000, -5_000)  # long past, and longer than it keeps


@pytest.mark.parametrize("rate_hz", [16_000, 24_000, 48_000])
def test_wideband_sound_in_packets_is_one_stream(agent: Sound, rate_hz: int) -> None:
    """As lines of G.722 and Opus play it: each packet told when it leaves, to the millisecond."""
    heard = resample(as_pcm(of_the_line(later(agent, 100, -10, len(agent)))), WORK_HZ, RATE_HZ)
    far, size = resample(as_pcm(agent), WORK_HZ, rate_hz), rate_hz // 50 * 2
    guard, left = EchoGuard(0), b""
    for number, at in enumerate(range(0, len(heard) - FRAME_BYTES + 1, FRAME_BYTES)):
        at_ms = 20 * number
        guard.plays(far[number * size : (number + 1) * size], rate_hz, at_ms + (number % 3 if at_ms else 0))
        left += guard.clean(heard[at : at + FRAME_BYTES], at_ms + 20)
    end, half = guard._at - 240, WORK_HZ // 2
    whole = np.frombuffer(resample(far, rate_hz, WORK_HZ), "<i2").astype(float)[end - half : end]
    assert np.array_equal(guard._played(end, half), whole), "no packet has edges of its own"
    assert loud_ms(left) <= 60


def test_after_a_pause_or_a_stop_it_is_another_stream() -> None:
    guard, sound = EchoGuard(0), as_pcm(np.full(480, 1_000.0))
    guard.plays(sound, 24_000, 0)
    guard.plays(sound, 24_000, 100)
    assert guard._far[100 * 8 : 100 * 8 + 8].all(), "it begins where it was said to"
    guard.plays(sound, 24_000, 120)
    guard.stops()
    assert guard._converter is None


def test_it_is_said_once(agent: Sound, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    guarded(agent, later(agent, 100, -10, len(agent)))
    (line,) = [record.getMessage() for record in caplog.records]
    assert line == "the line gives the agent's voice back after 100 ms: it is kept from the ear"


async def test_silero_hears_no_voice_in_what_is_left(agent: Sound) -> None:
    pytest.importorskip("onnxruntime")
    from voi.engines.registry import create

    vad = create("vad", "silero")
    await vad.warm_up()

    def voiced_ms(pcm: bytes) -> int:
        stream, size = vad.open(), vad.info.window_samples * 2
        windows = [pcm[at : at + size] for at in range(0, len(pcm) - size + 1, size)]
        return sum(stream.probability(window) > 0.5 for window in windows) * size // 32

    def both() -> tuple[int, int]:
        near = later(room(agent), 170, -20, len(agent) + WORK_HZ)
        return voiced_ms(resample(as_pcm(near), WORK_HZ, RATE_HZ)), voiced_ms(guarded(agent, near))

    raw_ms, left_ms = await asyncio.to_thread(both)
    assert raw_ms > 2_000
    assert left_ms == 0
