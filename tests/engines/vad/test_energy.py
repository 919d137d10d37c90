"""Loudness against a threshold, and how long it has to last."""

import numpy as np
import pytest

from tests.engines.sounds import WINDOW_BYTES, sound, windows
from voi.core.facts import QuietGrew, UserStarted
from voi.core.vad_edges import VadEdges
from voi.engines.registry import find
from voi.engines.vad.energy import Energy
from voi.errors import ConfigError, EngineError

QUIET = bytes(WINDOW_BYTES)


def at(peak: int) -> bytes:
    """A window with one sample of that height."""
    samples = np.zeros(512, "<i2")
    samples[100] = peak
    return samples.tobytes()


LOUD = at(20_000)


def heard(vad: Energy, said: list[bytes]) -> list[float]:
    stream = vad.open()
    return [stream.probability(window) for window in said]


def test_the_peak_decides_on_either_side_of_zero() -> None:
    vad = Energy(energy_threshold=0.5, min_speech_duration=0, max_silence_duration=0)
    said = [at(16_384), at(16_385), at(-16_384), at(-16_385), at(-32_768), at(32_767)]
    assert heard(vad, said) == [0, 1, 0, 1, 1, 1]


def test_a_click_is_no_voice_and_a_dip_is_no_pause() -> None:
    vad = Energy(min_speech_duration=0.096, max_silence_duration=0.064)  # 3 and 2 windows
    assert heard(vad, [LOUD, QUIET, QUIET, QUIET, LOUD, QUIET]) == [0, 0, 0, 0, 0, 0]
    assert heard(vad, [LOUD, LOUD, LOUD, QUIET, QUIET, LOUD, QUIET, QUIET, QUIET, LOUD]) == [
        0, 0, 1, 1, 1, 1, 1, 1, 0, 0,
    ]  # fmt: skip


def test_endless_noise_counts_again_once_it_was_quiet() -> None:
    vad = Energy(min_speech_duration=0, max_silence_duration=0, max_recording_duration=1.0)  # 31 windows
    stream = vad.open()
    assert sum(stream.probability(LOUD) for _ in range(100)) == 31
    stream.reset()  # a turn that ends does not make the noise a voice
    assert stream.probability(LOUD) == 0
    assert stream.probability(QUIET) == 0
    assert stream.probability(LOUD) == 1


def test_callers_do_not_hear_each_other() -> None:
    vad = Energy(min_speech_duration=0)
    one, other = vad.open(), vad.open()
    assert (one.probability(LOUD), other.probability(QUIET)) == (1, 0)


def test_a_recorded_voice_sets_in_and_ends() -> None:
    edges = VadEdges()
    stream = Energy(energy_threshold=0.05).open()
    facts = [edges.window(stream.probability(each)) for each in [*windows(sound("jfk")), *[QUIET] * 30]]
    assert any(isinstance(fact, UserStarted) for fact in facts)
    assert isinstance(facts[-1], QuietGrew)


def test_what_cannot_be_is_refused_by_name() -> None:
    for options, named in (
        ({"energy_threshold": 1.5}, "energy_threshold"),
        ({"energy_threshold": float("nan")}, "energy_threshold"),
        ({"min_speech_duration": 0.4}, "min_speech_duration"),
        ({"max_silence_duration": -1}, "max_silence_duration"),
        ({"max_recording_duration": "long"}, "max_recording_duration"),
        ({"sample_rate": 8_000}, "sample_rate"),
    ):
        with pytest.raises(ConfigError, match=named):
            Energy(**options)  # type: ignore[arg-type]
    with pytest.raises(EngineError, match="1024"):
        Energy().open().probability(bytes(10))


async def test_it_is_built_by_its_name() -> None:
    vad = find("vad", "energy")(energy_threshold=0.2)
    await vad.warm_up()
    assert vad.info.name == "energy"
    await vad.close()
