"""The judge of voices fitted to labelled sounds, from a folder to an engine that uses it."""

import asyncio
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from voi.audio.wav import to_wav
from voi.engines.voice.judge import BuiltInVoiceJudge
from voi.training.turns.clips import load_clips
from voi.training.voices import train
from voi.training.voices.sounds import may_use
from voi.training.voices.train import FILE, FittedVoices, area, card, enough, fit_to, shipped, table, write, write_folds

pytestmark = pytest.mark.integration

RATE_HZ = 16_000
SPEAKERS, EACH = 8, 24


def hum(ms: int, random: np.random.Generator) -> Any:
    """A voice as far as its pitch goes: harmonics of 120 to 220 Hz, swelling."""
    time_s = np.arange(ms * 16) / RATE_HZ
    hz = random.uniform(120, 220)
    wave = sum(np.sin(2 * np.pi * hz * number * time_s) / number for number in range(1, 12))
    return wave * (0.6 + 0.4 * np.sin(2 * np.pi * 3 * time_s))


def hiss(ms: int, random: np.random.Generator) -> Any:
    """A cough as far as its noise goes."""
    return random.normal(size=ms * 16) * np.exp(-np.arange(ms * 16) / 4_000)


class Ears:
    """In the place of `ClipEngines`: everything loud is a voice to its VAD, and there is no encoder."""

    def __init__(self, *_: object) -> None: ...

    def listener(self) -> Callable[[bytes], float]:
        return lambda window: float(np.abs(np.frombuffer(window, "<i2")).max() > 600)

    def encode(self, pcm: bytes) -> None: ...

    def close(self) -> None: ...


@pytest.fixture(autouse=True)
def fake_engines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(train, "ClipEngines", Ears)


def folder(into: Path, each: int = EACH) -> Path:
    into.mkdir()
    random = np.random.default_rng(4)
    with (into / "labels.jsonl").open("w") as labels:
        for kind, made, wants in (("cough", hiss, "keep_talking"), ("interruption", hum, "stop")):
            for number in range(each):
                sound = np.concatenate([np.zeros(9_600), made(800, random) * 4_000, np.zeros(9_600)])
                name = f"{kind}{number}.wav"
                (into / name).write_bytes(to_wav(np.clip(sound, -32_000, 32_000).astype("<i2").tobytes(), RATE_HZ))
                label = {"file": name, "kind": kind, "speaker": f"s{number % SPEAKERS}", "pauses": []}
                labels.write(json.dumps(label | {"over_agent": wants, "licence": "CC0"}) + "\n")
    return into


@pytest.fixture(scope="module")
def fitted(tmp_path_factory: pytest.TempPathFactory) -> FittedVoices:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(train, "ClipEngines", Ears)
        found = fit_to(folder(tmp_path_factory.mktemp("voices") / "clips"), Path("models"), from_nothing=True)
    assert found
    return found


async def judged(file: Path, sound: Any) -> float:
    judge = BuiltInVoiceJudge(weights=file)
    pcm = np.concatenate([np.zeros(9_600), sound * 4_000]).clip(-32_000, 32_000).astype("<i2").tobytes()
    voice, _ = await judge.judge(pcm, 256)
    await judge.close()
    return voice


def test_the_engine_tells_apart_what_was_learnt(fitted: FittedVoices, tmp_path: Path) -> None:
    write(fitted, tmp_path / FILE)
    random = np.random.default_rng(99)
    assert asyncio.run(judged(tmp_path / FILE, hum(256, random))) > 0.7
    assert asyncio.run(judged(tmp_path / FILE, hiss(256, random))) < 0.3
    assert [path.name for path in tmp_path.iterdir()] == [FILE]


def test_each_sound_is_judged_by_weights_of_other_speakers(fitted: FittedVoices, tmp_path: Path) -> None:
    write_folds(fitted, tmp_path)
    assert json.loads((tmp_path / "folds.json").read_text()) == fitted.fold_of
    assert set(fitted.fold_of) == {f"s{number}" for number in range(SPEAKERS)}
    row = next(line for line in table(fitted).splitlines() if line.startswith("| voice | 256"))
    _, _, _, voices, noises, _, area_fitted, _ = (cell.strip() for cell in row.split("|"))
    assert (int(voices), int(noises)) == (EACH, EACH)
    assert float(area_fitted) > 0.95
    assert table(fitted) in card(fitted)


def test_few_sounds_change_the_shipped_weights_little(tmp_path: Path) -> None:
    found = fit_to(folder(tmp_path / "clips", each=20), Path("models"))
    assert found
    known, name = shipped(), "voice/256/features/weights"
    moved = np.linalg.norm(found.weights[name] - known[name])
    assert 0 < moved < np.linalg.norm(known[name])
    assert np.array_equal(found.weights["floor/160/features/weights"], known["floor/160/features/weights"]), (
        "there were no backchannels"
    )


def test_too_little_is_refused_and_the_card_says_what_is_needed(tmp_path: Path) -> None:
    assert fit_to(folder(tmp_path / "few", each=4), Path("models")) is None
    assert fit_to(tmp_path, Path("models")) is None, "no labels"
    assert "over_agent" in card(None)
    assert not enough([])


def test_recordings_under_a_share_alike_licence_are_left_out(tmp_path: Path) -> None:
    clip = load_clips(folder(tmp_path / "clips", each=1))[0]
    assert may_use(clip)
    assert not may_use(replace(clip, licence="CC-BY-SA-4.0"))


def test_the_area_under_the_curve() -> None:
    assert area([0.1, 0.2, 0.9, 0.8], np.array([False, False, True, True])) == 1
    assert area([0.5, 0.5], np.array([False, True])) == 0.5
