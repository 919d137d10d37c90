"""Exports a run to a folder that tts_models.json can name, in the layout of the published XTTS-v2."""

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from voi.engines.tts.xtts.checkpoint import load_tensors
from voi.errors import ConfigError
from voi.training import manifest
from voi.training.base import CONFIG, MODEL, SPEAKERS, VOCABULARY, Base
from voi.training.coqui import Xtts, XttsConfig
from voi.training.entry import FILES, entry, voices
from voi.training.manifest import TrainingSample
from voi.training.run import BEST, Run
from voi.training.splits import TRAIN
from voi.training.trouble import OTHERWISE, disk_told, gpu_memory_told
from voi.training.voice import latents, references
from voi.training.weights import load_state, put, save

ENTRY = "tts_models.json"
"""An entry for the server's file of that name, its paths relative to the exported folder."""


@dataclass(frozen=True, slots=True)
class Exported:
    """`entry`: for tts_models.json, with paths relative to the command's working folder. `voices`: names of the trained
    voices; they come first in the file, so that an agent that names no voice gets one of them."""

    folder: Path
    name: str
    entry: dict[str, Any]
    voices: tuple[str, ...]

    def __str__(self) -> str:
        text = json.dumps({self.name: self.entry}, indent=2, ensure_ascii=False)
        return f"{self.folder} speaks as {', '.join(self.voices)}. Add this to tts_models.json:\n{text}"


@disk_told("The export")
@gpu_memory_told(OTHERWISE)
def export(
    run: Run, out: Path, name: str | None = None, checkpoint: Path | None = None, base_voices: bool = True
) -> Exported:
    """Write model.pth (weights only, nothing of the optimiser), config.json, vocab.json and speakers_xtts.pth.

    `checkpoint`: instead of the best one. `base_voices`: keep the voices of the base. Raises ConfigError.
    """
    base = Base.at(run.base)
    source = checkpoint or (run.folder / BEST)
    if not source.is_file():
        raise ConfigError(f"There is no {source}: the run has not been evaluated yet. Train on: voi train run")
    if out.resolve() == base.folder:
        raise ConfigError(f"{out} holds the base checkpoint; export to another folder.")
    if (out / ENTRY).exists() and not (out / MODEL).exists():
        raise ConfigError(f"{out / ENTRY} is of no earlier export, and would be overwritten; export to another folder.")
    name = name or out.resolve().name
    samples = [sample for sample in manifest.read(run.data) if sample.split == TRAIN]
    state = load_state(source)
    out.mkdir(parents=True, exist_ok=True)
    for file in (CONFIG, VOCABULARY):
        shutil.copyfile(base / file, out / file)
    xtts = load_for_speech(out, state, source)
    save({"model": state}, out / MODEL)
    trained = {speaker: _voice(xtts, samples, speaker, run.data) for speaker in voices(samples)}
    older = load_tensors(base / SPEAKERS) if base_voices and (base / SPEAKERS).is_file() else {}
    save(trained | {key: value for key, value in older.items() if key not in trained}, out / SPEAKERS)
    plain = entry(samples)
    (out / ENTRY).write_text(json.dumps({name: plain}, indent=2, ensure_ascii=False) + "\n", "utf-8")
    # What leads up and out is another place for the tts_models.json of a server that runs elsewhere.
    where = out.resolve() if ".." in out.parts else out
    placed = plain | {field: str(where / file) for field, file in FILES.items()}
    return Exported(out, name, placed, tuple(trained))


def load_for_speech(folder: Path, state: dict[str, Tensor], path: Path) -> Any:
    """Coqui's Xtts with those weights; its sizes and vocabulary come from the folder. Raises ConfigError."""
    config = XttsConfig()
    config.load_json(str(folder / CONFIG))
    config.model_args.tokenizer_file = str(folder / VOCABULARY)
    xtts = Xtts(config)
    xtts.tokenizer = type(xtts.tokenizer)(vocab_file=str(folder / VOCABULARY))
    xtts.init_models()
    put(xtts, state, path)
    return xtts.train(False).to("cuda" if torch.cuda.is_available() else "cpu")


def _voice(xtts: Any, samples: list[TrainingSample], speaker: str, data: Path) -> dict[str, Tensor]:
    rate_hz = xtts.config.audio.sample_rate
    conditioning, embedding = latents(xtts, references(samples, speaker, data, rate_hz), rate_hz)
    return {"gpt_cond_latent": conditioning, "speaker_embedding": embedding}
