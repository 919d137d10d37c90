"""The examples of docs/providers.md load without a warning, and all voices, and ears of clouds, are on that page."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from voi.config.engine_choice import named_engine
from voi.config.load import read_config
from voi.config.problems import Problems
from voi.config.secret_refs import resolved
from voi.config.settings import load_settings
from voi.engines import registry
from voi.engines.info import info_of
from voi.engines.registry import tts_info

PAGE = (Path(__file__).parent.parent / "docs" / "providers.md").read_text()
BLOCKS: list[dict[str, Any]] = [json.loads(block) for block in re.findall(r"^```json\n(.*?)^```", PAGE, re.S | re.M)]
EARS: list[str] = re.findall(r"^```env\n(.*?)^```", PAGE, re.S | re.M)
MODELS = [(name, model) for block in BLOCKS for name, model in block.items()]


@pytest.mark.parametrize(("name", "model"), MODELS, ids=[name for name, _ in MODELS])
def test_they_load_as_they_stand(
    name: str, model: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for variable in re.findall(r"\$\{(\w+)\}", json.dumps(model)):
        monkeypatch.setenv(variable, "a-key")
    (tmp_path / "agents.json").write_text(
        json.dumps({"a": {"llm_model": "echo", "voices": {"character": {"model": name}}}})
    )
    (tmp_path / "tts_models.json").write_text(json.dumps({name: model}))
    for field in ("checkpoint", "config", "tokenizer", "voices"):
        if isinstance(model.get(field), str):
            (tmp_path / model[field]).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / model[field]).touch()
    problems = Problems()
    config = read_config(load_settings(), tts_info, problems)
    assert (problems.errors, problems.warnings) == ([], [])
    assert config is not None
    registry.create("tts", model["engine"], resolved(config.tts_models[name].engine_options(), name))


def test_every_voice_is_on_the_page() -> None:
    rows = dict(re.findall(r"^\| `([\w-]+)` \| (.*) \|$", PAGE, re.M))
    assert registry.BUILT_IN["tts"].keys() <= rows.keys()
    for name in registry.BUILT_IN["tts"]:
        info = tts_info(name)
        assert info is not None
        assert (info.licences is None) == info.cloud
        for licence in re.findall(r"[A-Z][\w.]+-[\d.]+", info.licences.weights) if info.licences else ():
            assert licence in rows[name] or "of each voice" in rows[name], name
    cloud = {name for name in registry.BUILT_IN["tts"] if (info := tts_info(name)) is not None and info.cloud}
    assert cloud | {"command", "kokoro", "pocket-tts"} <= {model["engine"] for _, model in MODELS}


@pytest.mark.parametrize("lines", EARS, ids=[lines.split("\n")[0].partition("=")[2] for lines in EARS])
def test_ears_load_as_they_stand(lines: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".env").write_text(lines)
    for variable in re.findall(r'"env": "(\w+)"', lines):
        monkeypatch.setenv(variable, "a-key")
    settings = load_settings()
    names = [settings.stt_engine, *(key.removeprefix("stt.") for key in settings.engine_options)]
    for name in names:
        engine, options = named_engine(settings, "stt", name)
        ear = registry.create("stt", engine, resolved(options, name))
        assert ear.info.cloud


def test_every_cloud_ear_is_on_the_page() -> None:
    cloud = {name for name in registry.BUILT_IN["stt"] if info_of(registry.find("stt", name), name).cloud}
    assert cloud == set(re.findall(r"^\| `([\w-]+)` \|", PAGE, re.M)) & set(registry.BUILT_IN["stt"])
    assert {"deepgram", "openai-transcription"} <= cloud
    assert all(re.search(rf"[= \"]{name}\b", "".join(EARS)) for name in cloud)


def test_local_language_models_load_as_they_stand(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (line,) = re.findall(r'^    (VOI_ENGINE_OPTIONS=\{"llm\..*)$', PAGE, re.M)
    (tmp_path / ".env").write_text(line)
    (tmp_path / "agents.json").write_text(json.dumps({"a": {"llm_model": "local"}}))
    settings, problems = load_settings(), Problems()
    assert read_config(settings, tts_info, problems) is not None
    assert (problems.errors, problems.warnings) == ([], [])
    engine, options = named_engine(settings, "llm", "local")
    assert registry.create("llm", engine, resolved(options, "llm.local")).info.name == "llamacpp"
