"""The published JSON Schemas (draft 2020-12) of agents.json, tts_models.json and phones.json, for editors and for
other programs."""

from typing import Any, Literal

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, models_json_schema

from voi.config.agents import Agent
from voi.config.classifiers import CompletenessAgent, ControlAgent
from voi.config.phones import Phones
from voi.config.references import JUDGES
from voi.config.tts_models import TtsModel

SchemaFile = Literal["agents", "tts_models", "phones"]
FILES: tuple[SchemaFile, ...] = ("agents", "tts_models", "phones")


def json_schema(file: SchemaFile = "agents") -> dict[str, Any]:
    """The schema of that file. Unknown fields are allowed, as Voi allows them."""
    if file == "tts_models":
        return _of_mapping("tts_models.json: the models that Voi's agents speak with", [TtsModel])
    if file == "phones":
        return _of_object("phones.json: the telephone numbers that Voi's agents answer", Phones)
    schema = _of_mapping("agents.json: the agents of Voi", [Agent, ControlAgent, CompletenessAgent])
    fields = schema["$defs"]["Agent"]["properties"]
    for field, model in zip(JUDGES, ("ControlAgent", "CompletenessAgent"), strict=True):
        fields[field]["anyOf"].append({"$ref": f"#/$defs/{model}"})
    return schema


def _of_mapping(title: str, models: list[type[BaseModel]]) -> dict[str, Any]:
    """An object whose values are of one of these models; keys that look like comments may hold anything."""
    _, schema = models_json_schema([(model, "validation") for model in models])
    references = [{"$ref": f"#/$defs/{model.__name__}"} for model in models]
    return {
        "$schema": GenerateJsonSchema.schema_dialect,
        "title": title,
        "type": "object",
        "patternProperties": {r"^(//|\$|_comment)": {}},
        "additionalProperties": references[0] if len(references) == 1 else {"anyOf": references},
        "$defs": _open(schema["$defs"]),
    }


def _of_object(title: str, model: type[BaseModel]) -> dict[str, Any]:
    _, schema = models_json_schema([(model, "validation")])
    whole: dict[str, Any] = _open(schema["$defs"])
    own = whole.pop(model.__name__)
    return {
        "$schema": GenerateJsonSchema.schema_dialect,
        **own,
        "title": title,
        "patternProperties": {r"^(//|\$|_comment)": {}},
        "$defs": whole,
    }


def _open(schema: Any) -> Any:
    """The schema without the ban on unknown fields: Voi only warns about them."""
    if isinstance(schema, dict):
        closed = schema.get("additionalProperties") is False
        return {key: _open(value) for key, value in schema.items() if not (closed and key == "additionalProperties")}
    return [_open(item) for item in schema] if isinstance(schema, list) else schema
