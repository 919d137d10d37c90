"""One person or two, on real recordings: the threshold lies between what was measured of one and of two."""

from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from voi.audio.sample import Sample, read_sample
from voi.engines.tts.sample_speakers import OTHER_SPEAKER, apartness, cepstra, greatest_change

AUDIO = Path(__file__).parents[2] / "data" / "audio"
Cepstra = dict[str, NDArray[np.float64]]
ENOUGH = 0.25
"""How far from the threshold every one of these recordings is, at least."""


@pytest.fixture(scope="module")
def people() -> Cepstra:
    """Six people; those of whom there are several recordings, one after the other."""
    moonshine = pytest.importorskip("moonshine_voice").get_assets_path()
    files = {
        "austen": [AUDIO / "austen-0870.wav", AUDIO / "austen-0880.wav"],
        "jfk": [AUDIO / "jfk.wav"],
        "spk1": [AUDIO / f"spk1_snt{number}.wav" for number in (1, 2, 3)],
        "beckett": [Path(moonshine) / "beckett.wav"],
        "cities": [Path(moonshine) / "two_cities.wav"],
        "clone": [Path(moonshine) / "clone-test.wav"],
    }
    return {name: np.concatenate([cepstra(read_sample(path)) for path in paths]) for name, paths in files.items()}


def test_one_person_all_along(people: Cepstra) -> None:
    changes = {name: greatest_change(frames) for name, frames in people.items()}
    assert max(changes.values()) < OTHER_SPEAKER - ENOUGH, changes


def test_one_person_in_two_samples(people: Cepstra) -> None:
    pieces = [people["cities"][start:] for start in range(0, 2_000, 400)]
    assert max(apartness(one, other) for one, other in combinations(pieces, 2)) < OTHER_SPEAKER - ENOUGH
    austen = [cepstra(read_sample(AUDIO / f"austen-{number}.wav")) for number in ("0870", "0880")]
    assert apartness(*austen) < OTHER_SPEAKER - ENOUGH


def test_two_people(people: Cepstra) -> None:
    """Every pair, as two samples and as one."""
    for one, other in combinations(people, 2):
        assert apartness(people[one], people[other]) > OTHER_SPEAKER + ENOUGH, (one, other)
        joined = np.concatenate([people[one][:400], people[other][:400]])
        assert greatest_change(joined) > OTHER_SPEAKER + ENOUGH, (one, other)


def test_a_dialogue(people: Cepstra) -> None:
    import moonshine_voice

    nagg_and_nell = read_sample(Path(moonshine_voice.get_assets_path()) / "endgame_nagg_nell.wav")
    assert greatest_change(cepstra(nagg_and_nell)) > OTHER_SPEAKER + ENOUGH


@pytest.mark.parametrize("factor", [0.1, 1.3])
def test_loudness_does_not_count(people: Cepstra, factor: float) -> None:
    sample = read_sample(AUDIO / "jfk.wav")
    louder = Sample(np.clip(factor * sample.samples, -1, 1).astype(np.float32), sample.rate_hz)
    assert apartness(cepstra(louder), people["jfk"]) < OTHER_SPEAKER - ENOUGH


def test_too_little_says_nothing(people: Cepstra) -> None:
    assert apartness(people["jfk"][:150], people["austen"]) == 0.0
    assert greatest_change(people["jfk"][:350]) == 0.0
    for sound in (np.zeros(0, np.float32), np.zeros(300, np.float32), np.zeros(100_000, np.float32)):
        assert greatest_change(cepstra(Sample(sound, 16_000))) == 0.0
