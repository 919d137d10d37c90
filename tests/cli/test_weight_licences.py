import json
import secrets
from pathlib import Path
from typing import Any

import pytest

from voi.cli.weight_licences import weight_licences
from voi.config.load import load_config
from voi.config.settings import load_settings
from voi.engines import registry
from voi.engines.info import info_of
from voi.engines.registry import tts_info

MODELS = {
    "mine": {"engine": "xtts", "checkpoint": "m.pth", "config": "c.json", "tokenizer": "v.json", "voices": "v.pth"},
    "plain": {"engine": "espeak"},
    "unused": {"engine": "hibari"},
    "far": {"engine": "openai-speech"},
}
AGENTS: dict[str, Any] = {
    "ada": {"llm_model": "echo", "voices": {"character": {"model": "mine"}, "narrator": {"model": "plain"}}},
    "bob": {"llm_model": "gpt-5", "engines": {"stt": "whisper"}},
}


@pytest.fixture
def found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[tuple[str, str], str]:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "agents.json").write_text(json.dumps(AGENTS))
    (tmp_path / "tts_models.json").write_text(json.dumps(MODELS))
    for name in ("m.pth", "c.json", "v.json", "v.pth"):
        (tmp_path / name).touch()
    settings = load_settings(
        litellm_api_base="http://localhost:4000", engine_options={"stt.whisper": {"model": "/models/own.pt"}},
        token_secret_key=secrets.token_urlsafe(40),
    )  # fmt: skip
    return {(one.kind, one.name): str(one) for one in weight_licences(load_config(settings, tts_info), settings)}


def test_every_weight_that_is_loaded_is_named(found: dict[tuple[str, str], str]) -> None:
    assert set(found) == {
        ("vad", "silero"), ("turn", "smart-turn"), ("voice", "voice-judge"), ("stt", "moonshine"), ("stt", "whisper"),
        ("tts", "mine (xtts)"), ("tts", "plain (espeak)"),
        ("tts", "unused (hibari)"), ("tts", "far (openai-speech)"), ("llm", "gpt-5"),
    }  # fmt: skip


def test_what_may_not_be_sold_says_so(found: dict[tuple[str, str], str]) -> None:
    assert found["tts", "mine (xtts)"] == (
        "tts mine (xtts): Coqui Public Model License 1.0.0: NO commercial use; code BSD-3-Clause (torch)"
    )
    assert "MIT (the English model tiny-en);" in found["stt", "moonshine"]
    assert found["tts", "plain (espeak)"] == "tts plain (espeak): no weights; code GPL-3.0-or-later (espeak-ng)"


def test_a_model_of_ones_own_has_its_own_licence(found: dict[tuple[str, str], str]) -> None:
    assert "model file that its options name: read it" in found["stt", "whisper"]
    assert "the terms of its provider" in found["llm", "gpt-5"]
    assert "the terms of its provider" in found["tts", "far (openai-speech)"]


def test_every_engine_of_voi_tells_its_licences_or_is_a_service() -> None:
    for kind, ours in registry.BUILT_IN.items():
        for name in ours:
            info = info_of(registry.find(kind, name), name)
            assert (info.licences is None) == info.cloud, (kind, name)
