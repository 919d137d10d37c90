"""`voi schema`: the JSON Schemas of the configuration files."""

from enum import StrEnum
from typing import Annotated

import typer


class File(StrEnum):
    """Files that have a JSON schema."""

    AGENTS = "agents"
    TTS_MODELS = "tts_models"
    PHONES = "phones"
    SCENARIOS = "scenarios"


def schema(
    file: Annotated[File, typer.Argument(help="Of which file.")] = File.AGENTS,
) -> None:
    """Print the JSON Schema of agents.json (or tts_models.json, phones.json, scenario files), for editors."""
    import json

    if file is File.SCENARIOS:
        from voi.scenarios.schema import scenario_schema

        found = scenario_schema()
    else:
        from voi.config.schema import FILES, json_schema

        found = json_schema(next(name for name in FILES if name == file.value))
    typer.echo(json.dumps(found, indent=2, ensure_ascii=False))
