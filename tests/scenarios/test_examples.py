"""The scenarios of the example agents hold, and their files are as the schema says."""

import json
from pathlib import Path

import pytest
import yaml
from jsonschema import Draft202012Validator

from tests.scenarios.bench import cases, settings_in
from voi.cli.test import run_plan
from voi.config.config import Config
from voi.config.load import load_config
from voi.config.settings import load_settings
from voi.engines.registry import tts_info
from voi.scenarios.load import load_cases, scenario_files
from voi.scenarios.schema import scenario_schema
from voi.scenarios.suite import RunPlan, run_on_core

ROOT = Path(__file__).parents[2]
FILES = sorted((ROOT / "scenarios").glob("*.yaml"))


@pytest.fixture(scope="module")
def examples() -> Config:
    settings = load_settings(agents_file=ROOT / "agents.example.json", tts_models_file=ROOT / "tts_models.example.json")
    return load_config(settings, tts_info)


def test_they_are_found_beside_the_agents() -> None:
    assert scenario_files([], ROOT / "agents.example.json") == FILES


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_they_hold(file: Path, examples: Config) -> None:
    results = run_on_core(load_cases([file], examples), examples, RunPlan())
    assert [(result.case.name, result.broken) for result in results if result.status != "passed"] == []


def test_every_example_agent_has_some(examples: Config) -> None:
    cases = load_cases(FILES, examples)
    assert {case.agent for case in cases} == set(examples.agents)
    assert len(cases) >= 50


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_they_fit_the_schema(file: Path) -> None:
    validator = Draft202012Validator(scenario_schema())
    assert list(validator.iter_errors(yaml.safe_load(file.read_text()))) == []
    assert "docs/scenarios.schema.json" in file.read_text().splitlines()[0]


def test_the_schema_is_one_and_published_and_explains_every_field() -> None:
    schema = scenario_schema()
    Draft202012Validator.check_schema(schema)
    published = json.loads((ROOT / "docs" / "scenarios.schema.json").read_text())
    assert published == schema, "run: voi schema scenarios > docs/scenarios.schema.json"
    shapes = {"ScenarioFile": schema, **schema["$defs"]}
    silent = [
        f"{name}.{field}"
        for name, shape in shapes.items()
        for field, about in shape.get("properties", {}).items()
        if "description" not in about
    ]
    assert silent == []


def test_what_an_agent_draws_on_is_shown_to_its_model_on_the_core(tmp_path: Path) -> None:
    (tmp_path / "hours.md").write_text("# Opening hours\n\nThe shop is open from nine to six, on Saturdays to one.\n")
    settings = settings_in(tmp_path, {"keeper": {"llm_model": "some-model", "knowledge": "hours.md"}})
    settings = settings.model_copy(update={"knowledge_dir": tmp_path / "index"})
    config = load_config(settings, tts_info)
    text = """
agent: keeper
scenarios:
  - name: Hours
    steps:
      - say: When is the shop open on Saturdays?
        model: From nine to one.
        expect: {model_sees: on Saturdays to one}
      - type: When is the shop open?
        model: From nine to six.
        expect: {model_sees: from nine to six, model_never_sees: closed for ever}
"""
    (result,) = run_plan(cases(text, config), config, settings, RunPlan(), lambda result: None)
    assert result.status == "passed", result.broken
