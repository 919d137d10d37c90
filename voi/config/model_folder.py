"""Where an engine's model lies on this machine, beside what tts_models.json says."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ModelFolder:
    """Where the files of an engine's model lie when tts_models.json does not name them. `variable`: the environment
    variable that names the folder, or the checkpoint in it. `names`: field of tts_models.json -> file in the folder."""

    variable: str
    names: Mapping[str, str]
