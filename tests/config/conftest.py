"""A folder of its own for every test, no settings from outside, and a way to write files and load them."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from voi.config.load import load_config
from voi.config.settings import PREFIX, Settings
from voi.config.store import Config
from voi.engines.registry import tts_info
from voi.errors import ConfigError

ROOT = Path(__file__).parents[2]
ESPEAK = {"espeak": {"engine": "espeak"}}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in list(os.environ):
        if name.upper().startswith(PREFIX) or name.upper() in Settings.CONTRACT_NAMES.values():
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write(agents: Any, tts_models: Any = ESPEAK) -> Settings:
    Path("agents.json").write_text(agents if isinstance(agents, str) else json.dumps(agents))
    Path("tts_models.json").write_text(tts_models if isinstance(tts_models, str) else json.dumps(tts_models))
    return Settings()


def load(agents: Any, tts_models: Any = ESPEAK) -> Config:
    return load_config(write(agents, tts_models), tts_info)


def problems(agents: Any, tts_models: Any = ESPEAK) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        load(agents, tts_models)
    return caught.value.problems
