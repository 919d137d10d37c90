"""Writes a tone map into tts_models.json, when voices for tones were made."""

import json
from collections.abc import Mapping
from pathlib import Path

from voi.config.json_file import read_object, validated
from voi.config.problems import Problems, quoted
from voi.config.safe_file import locked, replace_file
from voi.config.tts_models import TtsModel
from voi.errors import ConfigError


def write_tone_map(file: Path, model_name: str, tone_map: Mapping[str, str], *, force: bool = False) -> None:
    """Write the tone map of a model. `force`: replace an existing one. The file keeps its order and comments; its
    layout becomes that of `json.dumps`. Blocks. Raises ConfigError if the file, or its new content, is invalid or
    cannot be written."""
    file = file.resolve()
    try:
        with locked(file):
            problems = Problems()
            raw = read_object(file, problems, missing="it is where models and voices are named")
            model = raw.get(model_name)
            if not isinstance(model, dict):
                raise ConfigError(f"{file}: there is no model {quoted(model_name)}.")
            if model.get("voice_tone_map") not in (None, {}, dict(tone_map)) and not force:
                raise ConfigError(f"{file}: {quoted(model_name)} has a voice_tone_map already; it stays without force.")
            model["voice_tone_map"] = dict(tone_map)
            validated(TtsModel, model, str(file), (model_name,), problems)
            problems.raise_if_any()
            text = json.dumps(raw, indent=2, ensure_ascii=False) + "\n"
            replace_file(file, lambda new: new.write(text.encode()))
    except OSError as error:
        raise ConfigError(f"{file} cannot be written: {error.strerror}.") from None
