"""Variables that other programs use as well."""

import json
from pathlib import Path

import pytest

from voi.config.load import read_config
from voi.config.problems import Problems
from voi.config.settings import load_settings
from voi.config.usual_variables import KEYS, hub_token, key_variable, usual_keys, variable
from voi.engines import registry
from voi.engines.device import engine_options
from voi.errors import ConfigError


@pytest.fixture(autouse=True)
def empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name in {name for hosts in KEYS.values() for name in hosts.values()} | {"HF_TOKEN", "HUGGINGFACE_API_KEY"}:
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def test_a_key_of_the_environment_or_of_env_is_found(empty: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (empty / ".env").write_text("CARTESIA_API_KEY=from-the-file\nELEVENLABS_API_KEY=x\n")  # pragma: allowlist secret
    monkeypatch.setenv("ELEVENLABS_API_KEY", "from-the-environment")
    assert variable("CARTESIA_API_KEY") == "from-the-file"
    assert variable("ELEVENLABS_API_KEY") == "from-the-environment"
    assert usual_keys() == ["from-the-file", "from-the-environment"]
    factory = registry.find("tts", "cartesia")
    assert engine_options(factory, Path(), "auto")["api_key"] == "from-the-file"  # pragma: allowlist secret
    assert engine_options(factory, Path(), "auto", {"api_key": "mine"})["api_key"] == "mine"  # pragma: allowlist secret
    registry.build(factory, "tts", "cartesia", engine_options(factory, Path(), "auto"))


def test_a_key_goes_to_its_own_service_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPENAI_API_KEY", "GROQ_API_KEY", "DEEPGRAM_API_KEY"):
        monkeypatch.setenv(name, name.lower())
    factory = registry.find("tts", "openai-speech")

    def key(url: str | None) -> str | None:
        return engine_options(factory, Path(), "auto", {"url": url} if url else {}).get("api_key")

    assert key(None) == "openai_api_key"
    assert key("https://api.groq.com/openai/v1") == "groq_api_key"
    assert key("http://127.0.0.1:8880/v1") is None
    assert key("https://api.openai.com.example.org/v1") is None
    assert key_variable("deepgram", "https://api.eu.deepgram.com") == "DEEPGRAM_API_KEY"
    assert key_variable("piper") is None


def test_a_key_that_is_not_set() -> None:
    with pytest.raises(ConfigError, match="CARTESIA_API_KEY is not set"):
        engine_options(registry.find("tts", "cartesia"), Path(), "auto")
    assert "api_key" not in engine_options(registry.find("tts", "openai-speech"), Path(), "auto")


def test_every_engine_with_a_key_has_a_variable() -> None:
    for kind in ("stt", "tts"):
        for name in registry.BUILT_IN[kind]:
            factory = registry.find(kind, name)
            assert factory.info.name == name  # type: ignore[attr-defined]
            assert (name in KEYS) == (factory.info.cloud and not name.startswith("google"))  # type: ignore[attr-defined]


def test_the_token_of_the_hub(monkeypatch: pytest.MonkeyPatch) -> None:
    assert hub_token() is None
    monkeypatch.setenv("HUGGINGFACE_API_KEY", "hf_1")
    assert hub_token() == "hf_1"


@pytest.mark.parametrize("named", ["folder", "file"])
def test_the_files_of_xtts_in_their_folder(empty: Path, monkeypatch: pytest.MonkeyPatch, named: str) -> None:
    folder = empty / "XTTS-v2"
    folder.mkdir()
    for file in ("model.pth", "config.json", "speakers_xtts.pth"):
        (folder / file).touch()
    monkeypatch.setenv("XTTS_MODEL_PATH", str(folder if named == "folder" else folder / "model.pth"))
    (empty / "agents.json").write_text("{}")
    (empty / "tts_models.json").write_text(
        json.dumps(
            {"usual": {}, "mine": {"engine": "xtts", "voices": "XTTS-v2/config.json"}, "e": {"engine": "espeak"}}
        )
    )
    problems = Problems()
    config = read_config(load_settings(), registry.tts_info, problems)
    assert config is not None
    usual, mine, espeak = (config.tts_models[name] for name in ("usual", "mine", "e"))
    assert usual.checkpoint == str(folder / "model.pth")
    assert (usual.config, usual.tokenizer) == (str(folder / "config.json"), None)
    assert usual.voices == str(folder / "speakers_xtts.pth")
    assert mine.voices == str(folder / "config.json")
    assert espeak.checkpoint is None
