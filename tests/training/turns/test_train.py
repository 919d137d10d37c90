"""The end of a turn fitted to labelled calls, from a folder to a server that uses it."""

import asyncio
import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner, Result

from tests.training.turns import speech
from voi.cli.train import train
from voi.config.problems import Problems
from voi.config.turn_weights import TurnWeights, read_turn_weights
from voi.core.endpoint_weights import BY_HAND, WEIGHTS
from voi.engines.turn.smart_turn import Encoded, SmartTurn
from voi.errors import ConfigError, VoiError
from voi.training.turns import train as training
from voi.training.turns.clips import load_clips
from voi.training.turns.fit import fit_signs
from voi.training.turns.judgements import Judgements
from voi.training.turns.moments import Moment, moments_of

pytestmark = pytest.mark.integration


@pytest.fixture(autouse=True)
def fake_engines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(training, "ClipEngines", speech.Engines)


def run(*arguments: object) -> Result:
    return CliRunner().invoke(train, ["turns", *map(str, arguments)])


def read(file: Path) -> TurnWeights:
    problems = Problems()
    found = read_turn_weights(file, problems)
    problems.raise_if_any()
    assert found
    return found


@pytest.fixture
def trained(tmp_path: Path) -> Path:
    clips, models = speech.folder(tmp_path / "clips"), speech.models(tmp_path / "models")
    result = run(clips, tmp_path / "out", "--models-dir", models)
    assert result.exit_code == 0, (result.output, result.exception)
    assert f"VOI_TURN_WEIGHTS={tmp_path / 'out' / 'turns.json'}" in result.output
    return tmp_path / "out"


def test_weights_are_learnt_and_the_card_says_from_what(trained: Path) -> None:
    weights = read(trained / "turns.json")
    assert weights.head, "the encoder knows what the model does not"
    assert int(np.argmax(np.abs(weights.head.weights))) == 7
    assert weights.signs["sound"] > WEIGHTS["sound"], "with that head the sound tells more"
    assert {name: weights.signs[name] for name in BY_HAND} == BY_HAND
    card = (trained / "turns.md").read_text()
    assert "36 pauses within turns and 36 ends of turns, of 6 speakers" in card
    assert "(6 folds). They help." in card
    assert {path.name for path in trained.iterdir()} == {"turns.json", "turns.md"}


def test_a_turn_model_judges_by_the_head(trained: Path) -> None:
    detector = SmartTurn(models_dir=trained.parent / "models", head=trained / "turns.json")
    low, high = np.zeros(384, np.float32), np.zeros(384, np.float32)
    low[7], high[7] = speech.LOW_HZ / 100, speech.HIGH_HZ / 100

    async def probability(vector: object, base: float) -> float:
        async def hear(_: bytes) -> Encoded:
            return Encoded(base, vector)  # type: ignore[arg-type]

        detector.hear = hear  # type: ignore[method-assign, assignment]
        return await detector.probability(b"")

    assert asyncio.run(probability(high, 0.5)) > 0.6
    assert asyncio.run(probability(low, 0.5)) < 0.4
    assert asyncio.run(probability(high, 0.006)) == 0.006, "what the model is sure of stays"


def test_a_head_belongs_to_its_turn_model(trained: Path) -> None:
    (trained.parent / "models" / "smart-turn-v3.9-cpu.onnx").write_bytes(b"other weights")
    with pytest.raises(ConfigError, match="another turn model"):
        SmartTurn(models_dir=trained.parent / "models", head=trained / "turns.json")


def test_it_is_the_same_each_time(trained: Path) -> None:
    first = (trained / "turns.json").read_text()
    assert run(trained.parent / "clips", trained, "--models-dir", trained.parent / "models").exit_code == 0
    assert (trained / "turns.json").read_text() == first


def test_what_the_engines_said_is_kept_only_where_it_is_asked_for(tmp_path: Path) -> None:
    clips, models = speech.folder(tmp_path / "clips"), speech.models(tmp_path / "models")
    assert run(clips, tmp_path / "out", "--models-dir", models, "--cache", tmp_path / "cache").exit_code == 0
    assert len(list((tmp_path / "cache").iterdir())) == 1, "all clips sound the same"


@pytest.mark.parametrize(
    ("speakers", "turns", "told"),
    [(6, 2, "12 pauses within turns and 12 ends"), (2, 20, "of 2 speakers")],
)
def test_too_little_to_fit_to_is_refused(tmp_path: Path, speakers: int, turns: int, told: str) -> None:
    clips, models = speech.folder(tmp_path / "clips", speakers, turns), speech.models(tmp_path / "models")
    result = run(clips, tmp_path / "out", "--models-dir", models)
    assert isinstance(result.exception, ConfigError)
    assert told in str(result.exception)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("{", "line 1: JSONDecodeError"),
        ('{"file": "a.wav"}', "line 1: KeyError: 'pauses'"),
        ('{"file": "../../etc/passwd", "pauses": []}', "is not in the folder"),
        ('{"file": "a.wav", "pauses": [{"start_ms": 9, "end_ms": 5, "turn_ends": true}]}', "0 <= start_ms < end_ms"),
        ('{"file": "a.wav", "pauses": [{"start_ms": 1, "end_ms": 5, "turn_ends": "yes"}]}', "true, false or null"),
    ],
)
def test_wrong_labels_are_told_with_their_line(tmp_path: Path, line: str, told: str) -> None:
    (tmp_path / "labels.jsonl").write_text(line)
    result = run(tmp_path, tmp_path / "out", "--models-dir", speech.models(tmp_path / "models"))
    assert isinstance(result.exception, VoiError)
    assert told in str(result.exception)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"signs": {"sound": float("inf")}}, "signs"),
        ({"head": {"mean": [0], "scale": [1, 1], "weights": [0], "bias": 0, "slope": 1}}, "of one length"),
        ({"voi_turn_weights": 2}, "voi_turn_weights"),
        ({"engine": {"name": "smart-turn", "sha256": "short"}}, "sha256"),
    ],
)
def test_a_file_of_weights_is_checked(tmp_path: Path, change: dict[str, object], told: str) -> None:
    good = {"voi_turn_weights": 1, "engine": {"name": "smart-turn", "sha256": "0" * 64}, "signs": {"sound": 0.3}}
    (tmp_path / "turns.json").write_text(json.dumps(good))
    assert read(tmp_path / "turns.json").signs == {"sound": 0.3}
    (tmp_path / "turns.json").write_text(json.dumps(good | change))
    with pytest.raises(ConfigError, match=told):
        read(tmp_path / "turns.json")


def test_weights_for_a_turn_model_without_an_encoder(tmp_path: Path) -> None:
    clips, models = speech.folder(tmp_path / "clips"), speech.models(tmp_path / "models")
    done = run(clips, tmp_path / "out", "--models-dir", models, "--turn-engine", "turn-1-mini")
    assert done.exit_code == 0, done.exception
    weights = read(tmp_path / "out" / "turns.json")
    assert (weights.engine.name, weights.head) == ("turn-1-mini", None)
    wrong = run(clips, tmp_path / "out", "--models-dir", models, "--turn-engine", "other")
    assert "smart-turn, turn-1-mini" in str(wrong.exception)


def test_few_silences_move_known_weights_little(tmp_path: Path) -> None:
    clips, models = load_clips(speech.folder(tmp_path / "clips", 2, 2)), speech.models(tmp_path / "models")
    moments: list[Moment] = []
    for clip in clips:
        judgements = Judgements(clip, None, speech.Engines(models))  # type: ignore[arg-type]
        moments += moments_of(clip, judgements, lambda start, end: 0.5)
    known = fit_signs(moments, WEIGHTS)
    assert all(abs(known[name] - weight) < 0.2 for name, weight in WEIGHTS.items())
