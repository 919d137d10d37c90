"""The answering machine of docs/telephone.md loads as it is printed, without a warning."""

import re
import textwrap
from pathlib import Path

import pytest

from voi.config.engine_choice import named_engine
from voi.config.load import read_config
from voi.config.phones import read_phones
from voi.config.problems import Problems
from voi.config.secret_refs import resolved
from voi.config.settings import load_settings
from voi.engines import registry
from voi.engines.registry import tts_info

PAGE = (Path(__file__).parent.parent / "docs" / "telephone.md").read_text()
SECTION = PAGE.split("\n## A telephone answering machine with no service at all\n")[1].split("\n## ")[0]


def test_it_loads_as_it_stands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME_PASSWORD", "a-key")
    files = dict(re.findall(r"`([\w.]+)`:\n\n((?:    .*\n)+)", SECTION))
    assert files.keys() == {".env", "agents.json", "tts_models.json", "phones.json"}
    for name, text in files.items():
        (tmp_path / name).write_text(textwrap.dedent(text))
    settings, problems = load_settings(), Problems()
    config = read_config(settings, tts_info, problems)
    assert config is not None
    phones = read_phones(tmp_path / "phones.json", config.agents, problems)
    assert (problems.errors, problems.warnings) == ([], [])
    assert phones is not None
    assert phones.accounts["home"].agent == "machine"
    agent, (engine, options) = config.agents["machine"], named_engine(settings, "llm", "local")
    assert (agent.llm_model, settings.stt_engine, engine) == ("local", "moonshine", "llamacpp")
    used = (
        registry.create("llm", engine, resolved(options, "llm.local")),
        registry.create("stt", settings.stt_engine),
        registry.create("tts", config.tts_models["joe"].engine),
    )
    assert not any(one.info.cloud for one in used)
