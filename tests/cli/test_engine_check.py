"""`voi check` looks for engines and their secrets without making any."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from voi.cli import app

SPEAKS = {"llm_model": "echo", "voices": {"character": {"model": "cloud"}}}


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("CLOUD_KEY", "VOI_ENGINE_OPTIONS"):
        monkeypatch.delenv(name, raising=False)


def check(agent: dict[str, Any], **models: Any) -> tuple[int, str]:
    Path("agents.json").write_text(json.dumps({"a": SPEAKS | agent}))
    Path("tts_models.json").write_text(json.dumps({"cloud": {"engine": "espeak"}} | models))
    result = CliRunner().invoke(app, ["check"])
    return result.exit_code, result.stderr


def test_engines_that_there_are_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VOI_ENGINE_OPTIONS", '{"stt.big": {"engine": "whispr"}, "llm.x": {"engine": "nothing"}}')
    code, told = check({"engines": {"stt": "big", "vad": "silera", "turn": "none"}}, spare={"engine": "espaek"})
    assert code == 1
    assert 'problem: the stt engine big: there is no stt engine "whispr"' in told
    assert 'problem: the vad engine silera: there is no vad engine "silera"' in told
    assert 'warning: VOI_ENGINE_OPTIONS: llm.x: there is no llm engine "nothing"' in told
    assert 'warning: tts_models.json: $.spare: there is no tts engine "espaek"' in told
    assert "the turn engine" not in told


def test_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    async def tried(*_: object) -> None:
        """espeak takes no key: whether an engine starts is looked at elsewhere."""

    monkeypatch.setattr("voi.cli.engine_check.try_engines", tried)
    named = {"engine": "espeak", "options": {"api_key": "${CLOUD_KEY}"}}
    code, told = check({}, cloud=named)
    assert (code, "the environment variable CLOUD_KEY is not set" in told) == (1, True)
    monkeypatch.setenv("CLOUD_KEY", "sk-secret")
    assert check({}, cloud=named)[0] == 0
    code, told = check({}, cloud={"engine": "espeak", "options": {"api_key": "sk-secret"}})
    assert (code, "api_key: holds a secret in plain text" in told, "sk-secret" in told) == (0, True, False)
