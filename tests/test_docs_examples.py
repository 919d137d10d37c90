"""The examples of docs/agents.md load, without a warning, and show every field that an agent may have."""

import json
import re
import shutil
import typing
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from voi.config.agents import Agent
from voi.config.classifiers import CompletenessAgent, ControlAgent
from voi.config.load import read_config
from voi.config.problems import Problems
from voi.config.settings import load_settings
from voi.engines.registry import tts_info

ROOT = Path(__file__).parent.parent
SECTION = (ROOT / "docs" / "agents.md").read_text().split("\n## An example of each field\n")[1].split("\n## ")[0]
BLOCKS: list[dict[str, Any]] = [json.loads(block) for block in re.findall(r"^```json\n(.*?)^```", SECTION, re.S | re.M)]


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: next(iter(block)))
def test_they_load_as_they_stand(block: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "agents.json").write_text(json.dumps(block))
    (tmp_path / "manuals").mkdir()
    (tmp_path / "manuals" / "pump.md").write_text("# The pump\n\nIt is behind the door.\n")
    (tmp_path / "greetings").mkdir()
    (tmp_path / "greetings" / "hello.wav").write_bytes(b"RIFF")
    shutil.copy(ROOT / "tts_models.example.json", "tts_models.json")
    monkeypatch.setenv("LITELLM_API_BASE", "http://127.0.0.1:4000")  # then LiteLLM itself need not be installed
    settings = load_settings(greetings_dir=Path("greetings"))
    problems = Problems()
    read_config(settings, tts_info, problems)
    assert (problems.errors, problems.warnings) == ([], [])


def test_every_field_is_shown() -> None:
    shown: set[str] = set()
    for block in BLOCKS:
        for agent in block.values():
            shown |= set(fields_in(agent, kind_of(agent)))
    assert {field for model in (Agent, ControlAgent, CompletenessAgent) for field in fields_of(model)} - shown == set()


def kind_of(agent: dict[str, Any]) -> type[BaseModel]:
    if "llm_model" in agent:
        return Agent
    return CompletenessAgent if "denial_phrases" not in agent and "denial_classes" not in agent else ControlAgent


def fields_of(model: type[BaseModel]) -> Iterator[str]:
    """Every field of the model and of the models in it, with its model's name."""
    for name, field in model.model_fields.items():
        yield f"{model.__name__}.{name}"
        for inner in models_in(field.annotation):
            yield from fields_of(inner)


def fields_in(value: Any, model: type[BaseModel]) -> Iterator[str]:
    """The fields that the example has, in the same form."""
    for name, item in value.items():
        yield f"{model.__name__}.{name}"
        for inner in models_in(model.model_fields[name].annotation):
            for each in objects_in(item, inner):
                yield from fields_in(each, inner)


def objects_in(value: Any, model: type[BaseModel]) -> Iterator[dict[str, Any]]:
    """The objects in an example that are of that model: itself, or those in a list or by name."""
    if isinstance(value, list):
        for item in value:
            yield from objects_in(item, model)
    elif isinstance(value, dict):
        if value.keys() <= model.model_fields.keys():
            yield value
        else:
            for item in value.values():
                yield from objects_in(item, model)


def models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for inner in typing.get_args(annotation):
        yield from models_in(inner)
