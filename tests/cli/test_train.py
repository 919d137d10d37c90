import json
from pathlib import Path
from unittest.mock import Mock, patch

import pytest
from typer.testing import CliRunner, Result

pytest.importorskip("soundfile", reason="the extra `train` is not installed")
pytest.importorskip("soxr", reason="the extra `train` is not installed")

from tests.training import tiny_base
from voi.cli.train import train
from voi.errors import ConfigError
from voi.training.prepare import Choices


def run(*arguments: object) -> Result:
    return CliRunner().invoke(train, [str(each) for each in arguments])


def prepared(folder: Path) -> Path:
    result = run("prepare", tiny_base.recordings(folder / "recordings"), folder / "data", "--speaker", "Robin")
    assert result.exit_code == 0, result.output
    assert "Kept 4 recordings" in result.output
    return folder / "data"


def test_prepare_reports(tmp_path: Path) -> None:
    lines = (prepared(tmp_path) / "manifest.jsonl").read_text().splitlines()
    assert {json.loads(line)["speaker"] for line in lines} == {"Robin"}


def test_all_choices_are_passed_on(tmp_path: Path) -> None:
    options = ("--speaker", "Ada", "--language", "de", "--validation", 0.1, "--test", 0.2, "--by-speaker", "--seed", 7)
    with patch("voi.training.prepare.prepare", return_value="report") as prepare:
        assert "report" in run("prepare", tmp_path, tmp_path / "data", *options).output
    _, out, choices, _ = prepare.call_args.args
    assert (out, choices) == (tmp_path / "data", Choices("Ada", "de", 0.1, 0.2, True, "7"))


def test_mistakes_say_what_to_do(tmp_path: Path) -> None:
    data = prepared(tmp_path)
    for arguments, told in (
        (("prepare", tmp_path / "nothing", data), "There is no"),
        (("prepare", data / "wavs", data / "wavs" / "../wavs"), "name another folder"),
        (("run", data, tmp_path / "run", "--base", tmp_path), "dvae.pth"),
        (("run", data, tmp_path / "run", "--base", tmp_path, "--precision", "fp8"), "fp32, bf16"),
        (("eval", tmp_path), "voi train run"),
        (("export", tmp_path, tmp_path / "out"), "voi train run"),
    ):
        result = run(*arguments)
        assert isinstance(result.exception, ConfigError), arguments
        assert told in str(result.exception)


@pytest.mark.integration
def test_from_recordings_to_an_entry(tmp_path: Path) -> None:
    pytest.importorskip("trainer", reason="the extra `train` is not installed")
    pytest.importorskip("TTS", reason="the extra `train` is not installed")
    pytest.importorskip("voi.training.coqui")
    import torch

    torch.set_num_threads(1)
    data, folder, out = prepared(tmp_path), tmp_path / "run", tmp_path / "robin"
    with tiny_base.small():
        base = tiny_base.make(tmp_path / "base")
        trained = run(
            "run", data, folder, "--base", base, "--steps", 1, "--batch-size", 2, "--workers", 0, "--clips", 0
        )
        assert trained.exit_code == 0, trained.output
        assert "1 steps done; best: step 1" in trained.output
        assert f"Next: voi train eval {folder}" in trained.output
        stopped = Mock(return_value=Mock(finished=False))
        with patch("voi.training.xtts_trainer.train", stopped):
            assert run("run", data, folder, "--base", base).exit_code == 130
        assert "1 test recordings" in run("eval", folder, "--clips", 0).output
        exported = run("export", folder, out, "--name", "my-robin", "--no-base-voices")
    assert list(json.loads(exported.output.partition("\n")[2])) == ["my-robin"]
    assert list(torch.load(out / "speakers_xtts.pth", weights_only=True)) == ["Robin"]
