"""Compares the base and the trained model on the test recordings, which neither has seen."""

from dataclasses import dataclass
from pathlib import Path

import torch

from voi.errors import ConfigError
from voi.training import manifest
from voi.training.base import MODEL, Base
from voi.training.dataset import fitting, scoring_loader
from voi.training.model import Scores, TrainedXtts, config_for, limits_of, scores
from voi.training.run import BEST, Run
from voi.training.splits import TEST, TRAIN
from voi.training.trouble import OTHERWISE, disk_told, gpu_memory_told
from voi.training.voice import spoken
from voi.training.weights import load_state, put

FOLDER = "test"


@dataclass(frozen=True, slots=True)
class Comparison:
    """The scores of both models. `clips`: folder with the sentences as recorded, and as each model speaks them."""

    base: Scores
    trained: Scores
    clips: Path

    def __str__(self) -> str:
        lines = [f"{self.base.recordings} test recordings (cross entropy in nats, less is better)"]
        lines.append(f"  {'':8}{'sound':>9}{'text':>9}")
        for name, found in (("base", self.base), ("trained", self.trained)):
            lines.append(f"  {name:8}{found.sound:9.4f}{found.text:9.4f}")
        better = self.trained.sound < self.base.sound
        lines.append(
            "The trained model fits the voice better." if better else "Training did not help: see docs/finetuning.md."
        )
        return "\n".join([*lines, f"Listen: {self.clips}"])


@disk_told("The evaluation")
@gpu_memory_told(OTHERWISE)
def evaluate(run: Run, checkpoint: Path | None = None, clips: int = 5, seed: int = 1) -> Comparison:
    """Score both models and let both speak. Raises ConfigError when there are no test recordings, or for trouble with
    the disk; EngineError when the GPU's memory is full."""
    base = Base.at(run.base)
    trained = checkpoint or run.folder / BEST
    if not trained.is_file():
        raise ConfigError(f"There is no {trained}: the run has not been evaluated yet. Train on: voi train run")
    samples = manifest.read(run.data)
    config = config_for(base)
    limits = limits_of(config)
    found: list[Scores] = []
    model = TrainedXtts(config, load_state(base / MODEL), base / MODEL).eval()
    model.to("cuda" if torch.cuda.is_available() else "cpu")
    tokenizer = model.xtts.tokenizer
    items, _ = fitting(
        manifest.of_split(samples, TEST), run.data, tokenizer.encode, tokenizer.tokenizer.token_to_id("[UNK]"), limits
    )
    if not items:
        raise ConfigError(f"{run.data} has no test recordings that the model takes: prepare more, or a greater share.")
    out = run.folder / FOLDER
    for name in ("base", "trained"):
        if name == "trained":
            put(model.xtts, load_state(trained), trained)
        found.append(scores(model, scoring_loader(items, limits)))
        said = spoken(model.xtts, items[:clips], manifest.of_split(samples, TRAIN), run.data, seed)
        for number, (item, wav) in enumerate(zip(items, said, strict=False), 1):
            folder = out / str(number)
            folder.mkdir(parents=True, exist_ok=True)
            (folder / "recorded.wav").write_bytes(item.path.read_bytes())
            (folder / "text.txt").write_text(f"{item.sample.text}\n", "utf-8")
            (folder / f"{name}.wav").write_bytes(wav)
    return Comparison(found[0], found[1], out)
