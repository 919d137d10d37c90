import json
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from tests.config.conftest import ROOT
from voi.config.agents import Agent
from voi.config.schema import FILES, SchemaFile, json_schema
from voi.scenarios.schema import scenario_schema


def validator(file: SchemaFile) -> Draft202012Validator:
    return Draft202012Validator(json_schema(file))


@pytest.mark.parametrize("file", FILES)
def test_the_schema_is_one_and_the_examples_fit(file: SchemaFile) -> None:
    Draft202012Validator.check_schema(json_schema(file))
    example = json.loads((ROOT / f"{file}.example.json").read_text())
    assert list(validator(file).iter_errors(example)) == []
    assert example["$schema"] == f"./docs/{file}.schema.json"


@pytest.mark.parametrize("file", FILES)
def test_the_published_file_is_current(file: SchemaFile) -> None:
    published = json.loads((ROOT / "docs" / f"{file}.schema.json").read_text())
    assert published == json_schema(file), f"run: voi schema {file} > docs/{file}.schema.json"


@pytest.mark.parametrize(
    ("agent", "right"),
    [
        ({"llm_model": "echo", "a field of their own": 1}, True),
        (
            {
                "llm_model": "echo",
                "system_prompt": "text",
                "greetings": {"choices": ["a", {"content": "b", "file": "c"}]},
            },
            True,
        ),
        ({"llm_model": "echo", "control_agent": {"model": "pattern_matching", "denial_phrases": ["x"]}}, True),
        ({"model": "pattern_matching", "denial_phrases": ["x"], "giveup_response": "y"}, True),
        ({"llm_model": 3}, False),
        ({"llm_model": "echo", "voices": {"character": {"speed": 1}}}, False),
        ({"title": "no model"}, False),
        ("text", False),
    ],
)
def test_what_the_schema_says(agent: Any, right: bool) -> None:
    assert validator("agents").is_valid({"a": agent}) is right


@pytest.mark.parametrize("schema", [*map(json_schema, FILES), scenario_schema()], ids=[*FILES, "scenarios"])
def test_editors_explain_every_field(schema: dict[str, Any]) -> None:
    shapes = {"": schema, **schema["$defs"]}
    silent = [
        f"{name}.{field}"
        for name, shape in shapes.items()
        for field, of_field in shape.get("properties", {}).items()
        if not of_field.get("description")
    ]
    assert silent == []


def test_every_field_of_an_agent_is_there() -> None:
    assert set(json_schema()["$defs"]["Agent"]["properties"]) == set(Agent.model_fields)
