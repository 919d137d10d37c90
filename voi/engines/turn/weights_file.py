"""Finds the weights of a turn detector."""

from importlib.util import find_spec
from pathlib import Path

from voi.errors import EngineError


def weights_file(
    engine: str, megabytes: int, pattern: str, model_path: str | Path | None, models_dir: str | Path, otherwise: str
) -> Path:
    """`model_path`, or the newest file in `models_dir` that fits the pattern. Raises EngineError if there is none; the
    error says how to get it (`megabytes` large) or what to do `otherwise`. Also raises it without onnxruntime."""
    if find_spec("onnxruntime") is None:
        raise EngineError(f"{engine} needs onnxruntime: `./install.sh turn`, or set VOI_TURN_ENGINE=none.")
    found = [Path(model_path)] if model_path else sorted(Path(models_dir).glob(pattern))
    if not found or not found[-1].is_file():
        raise EngineError(
            f"No {engine} weights at {model_path or Path(models_dir) / pattern}: fetch them ({megabytes} MB) with "
            f"`voi models pull {engine}`, or {otherwise}.",
        )
    return found[-1]
