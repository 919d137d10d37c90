"""`voi schema`: the JSON Schemas of the configuration files."""

from enum import StrEnum
from typing import Annotated

import typer


class File(StrEnum):
    AGENTS = "agents"
    TTS_MODELS = "tts_models"


def schema(
    file: Annotated[File, typer.Argument(help="Of agents.json or of tts_models.json.")] = File.AGENTS,
) -> None:
    """Print the JSON Schema of agents.json (or tts_models.json), for editors and other programs."""
    import json

    from voi.config.schema import json_schema

    typer.echo(json.dumps(json_schema(file.value), indent=2, ensure_ascii=False))
