"""`voi schema`: the JSON Schemas of the configuration files."""

from enum import StrEnum
from typing import Annotated

import typer


class File(StrEnum):
    AGENTS = "agents"
    TTS_MODELS = "tts_models"
    SCENARIOS = "scenarios"


def schema(
    file: Annotated[File, typer.Argument(help="Of agents.json, tts_models.json or scenarios.")] = File.AGENTS,
) -> None:
    """Print the JSON Schema of agents.json (or tts_models.json, or scenario files), for editors and other programs."""
    import json

    if file is File.SCENARIOS:
        from voi.scenarios.schema import scenario_schema

        found = scenario_schema()
    else:
        from voi.config.schema import json_schema

        found = json_schema("agents" if file is File.AGENTS else "tts_models")
    typer.echo(json.dumps(found, indent=2, ensure_ascii=False))
