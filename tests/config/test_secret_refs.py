"""Secrets are named in configurations, and stand in the environment."""

from pathlib import Path

import pytest

from voi.config.secret_refs import missing_variables, plain_secrets, resolved, told, values_of
from voi.errors import ConfigError


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("A_KEY", "sk-a")
    monkeypatch.delenv("B_KEY", raising=False)


def test_references_become_values_and_the_rest_stays() -> None:
    options = {
        "api_key": "${A_KEY}", "header": "Bearer ${A_KEY}!", "deep": [{"key": {"env": "A_KEY"}}], "n": 1,
        "odd": "$A_KEY ${} ${A-KEY}", "env": {"env": 1}, "names": ("x", "${A_KEY}"),
    }  # fmt: skip
    assert resolved(options, "x") == {
        "api_key": "sk-a", "header": "Bearer sk-a!", "deep": [{"key": "sk-a"}], "n": 1,
        "odd": "$A_KEY ${} ${A-KEY}", "env": {"env": 1}, "names": ("x", "sk-a"),
    }  # fmt: skip
    assert options["api_key"] == "${A_KEY}"
    assert values_of(options) == ["sk-a"]


def test_a_variable_may_stand_in_the_file_env() -> None:
    Path(".env").write_text("B_KEY=sk-b\nA_KEY=other\n")
    assert resolved({"k": "${B_KEY} ${A_KEY}"}, "x") == {"k": "sk-b sk-a"}


def test_missing_variables_are_all_told_and_no_value_is() -> None:
    options = {"api_key": "${A_KEY}${B_KEY}", "other": {"env": "C_KEY"}}
    assert missing_variables(options) == ["B_KEY", "C_KEY"]
    with pytest.raises(ConfigError) as caught:
        resolved(options, "TTS x: options")
    assert [str(p) for p in caught.value.problems] == [
        f"TTS x: options: the environment variable {name} is not set; put it into .env" for name in ("B_KEY", "C_KEY")
    ]


def test_an_empty_variable_is_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("A_KEY", "")
    assert missing_variables({"k": "${A_KEY}"}) == ["A_KEY"]


def test_plain_secrets_are_found_by_their_names() -> None:
    options = {
        "api_key": "sk-1", "url": "https://x", "auth": {"token": "t", "tokenizer": "file"}, "key": "C major",
        "list": [{"password": "p"}], "x-api-key": "k", "secret": "${A_KEY}", "max_token": 3, "client_secret": "s",
    }  # fmt: skip
    found = plain_secrets(options)
    assert found == [("api_key",), ("auth", "token"), ("list", 0, "password"), ("x-api-key",), ("client_secret",)]
    warning = told("tts_models.json: $.x", found[1])
    assert "auth.token: holds a secret in plain text" in warning
    assert "sk-1" not in warning
