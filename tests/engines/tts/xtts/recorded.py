"""Models with another way of recording."""

from pathlib import Path
from typing import Any

import pytest
import torch

from tests.engines.tts.xtts import tiny
from voi.engines.cuda_graphs import Graphs
from voi.engines.tts.xtts import model as model_module
from voi.engines.tts.xtts.model import Running


def load_with(graphs: type[Graphs], files: dict[str, Path], **options: Any) -> Running:
    """Nothing of it is recorded yet."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(model_module, "Graphs", graphs)
        return tiny.load(files, **options)


def recorded_model(graphs: type[Graphs], files: dict[str, Path], **options: Any) -> Running:
    running = load_with(graphs, files, **options)
    with torch.inference_mode():
        for _ in running.record():
            pass
    return running
