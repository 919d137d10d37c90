"""The JSON Schema of scenario files, with which editors complete and explain every field."""

from typing import Any

from pydantic.json_schema import GenerateJsonSchema

from voi.scenarios.model import ScenarioFile


def scenario_schema() -> dict[str, Any]:
    """Draft 2020-12."""
    schema = ScenarioFile.model_json_schema()
    schema["patternProperties"] = {r"^(//|\$|x-)": {}}
    return {"$schema": GenerateJsonSchema.schema_dialect, **schema, "title": "Scenarios for the agents of Voi"}
