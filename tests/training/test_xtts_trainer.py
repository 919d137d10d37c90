"""A tiny XTTS in the real layout is trained, interrupted, resumed, exported and made to speak: all through Coqui's own
trainer, and the result through Coqui's loader and ours."""

import hashlib
import itertools
import json
import os
import shutil
import signal
import threading
from collections import defaultdict
from collections.abc import Iterator
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest

from tests.training import tiny_base
from voi.config.problems import Problems
from voi.config.tts_models import tts_models
from voi.engines.registry import tts_info
from voi.errors import ConfigError, EngineError

pytest.importorskip("soundfile", reason="the extra `train` is not installed")
pytest.importorskip("soxr", reason="the extra `train` is not installed")
pytest.importorskip("trainer", reason="the extra `train` is not installed")
pytest.importorskip("TTS", reason="the extra `train` is not installed")

import torch

from voi.training import manifest
from voi.training.base import Base
from voi.training.evaluate import evaluate
from voi.training.export import Exported, export, load_for_speech
from voi.training.model import TrainedXtts, config_for
from voi.training.run import Options, Run
from voi.training.splits import TRAIN
from voi.training.step_trainer import StepTrainer, _asked_to_stop, sizes_bytes
from voi.training.voice import latents, speak
from voi.training.weights import load_state
from voi.training.xtts_trainer import train

pytestmark = pytest.mark.integration

OPTIONS = Options(
    steps=4, batch_size=2, learning_rate=1e-3, evaluate_every=2, save_every=2, clips=1, workers=0, keep=3, seed=5
)  # fmt: skip


@pytest.fixture(scope="module", autouse=True)
def setting() -> Iterator[None]:
    torch.set_num_threads(1)
    with tiny_base.small():
        yield


@pytest.fixture(scope="module")
def run(base: Base, data: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """All four steps in one go."""
    folder = tmp_path_factory.mktemp("run") / "whole"
    assert train(base, data, folder, OPTIONS, print).finished
    return Run.at(folder)


@pytest.fixture(scope="module")
def exported(run: Run, tmp_path_factory: pytest.TempPathFactory) -> Exported:
    return export(run, tmp_path_factory.mktemp("exported") / "robin")


def checkpoint(path: Path) -> dict[str, Any]:
    loaded: dict[str, Any] = torch.load(path, weights_only=True)
    return loaded


def test_training_lowers_the_loss_and_keeps_the_best(run: Run) -> None:
    first, last = run.progress()
    assert (first["step"], last["step"]) == (2, 4)
    assert last["validation"]["loss"] < first["validation"]["loss"]
    assert checkpoint(run.folder / "best.pth")["step"] == 4
    assert sorted(path.name for path in run.folder.glob("checkpoint_*")) == ["checkpoint_2.pth", "checkpoint_4.pth"]
    for step in ("step_000002", "step_000004"):
        assert (run.folder / "clips" / step / "1.wav").stat().st_size > 1_000
    assert (run.folder / "clips" / "recorded_1.wav").is_file()


def test_only_the_gpt_learns(run: Run, base: Base) -> None:
    before, after = load_state(base / "model.pth"), load_state(run.folder / "best.pth")
    changed = {key for key in before if not torch.equal(before[key], after[key])}
    assert before.keys() == after.keys()
    assert changed
    assert all(key.startswith("gpt.") for key in changed)


def test_the_code_book_stands_still_after_an_evaluation(run: Run, base: Base) -> None:
    book = torch.load(base / "dvae.pth", weights_only=True)
    for file in ("checkpoint_2.pth", "checkpoint_4.pth"):
        model = checkpoint(run.folder / file)["model"]
        assert all(torch.equal(model[f"dvae.{key}"], value) for key, value in book.items())


def test_the_base_is_left_as_it_was(base: Base, run: Run, exported: Exported) -> None:
    """Coqui's own loader would write the published model.pth again."""
    loaded = torch.load(base / "model.pth", weights_only=False)
    assert type(loaded["config"]).__name__ == "XttsConfig"


def test_resumed_training_ends_with_the_same_weights(run: Run, base: Base, data: Path, tmp_path: Path) -> None:
    half = train(base, data, tmp_path / "halves", replace(OPTIONS, steps=2))
    assert (half.steps, half.finished) == (2, True)
    told: list[str] = []
    outcome = train(base, data, tmp_path / "halves", OPTIONS, told.append)
    assert "Going on at step 2 of 4." in told
    assert (outcome.steps, outcome.best_step) == (4, 4)
    whole, halves = (checkpoint(folder / "checkpoint_4.pth") for folder in (run.folder, tmp_path / "halves"))
    assert whole["step"] == halves["step"] == 4
    assert all(torch.equal(whole["model"][key], value) for key, value in halves["model"].items())
    for name in ("validation", "train"):
        assert [entry[name] for entry in Run.at(tmp_path / "halves").progress()] == [
            entry[name] for entry in run.progress()
        ]
    again = train(base, data, tmp_path / "halves", OPTIONS, told.append)
    assert again == outcome


def test_a_run_goes_on_with_what_is_asked_for_now(run: Run, base: Base, data: Path, tmp_path: Path) -> None:
    """And with what it had: the best so far, and no more room than it needs."""
    folder = tmp_path / "run"
    shutil.copytree(run.folder, folder)
    (second, fourth), best = run.progress(), (folder / "best.pth").read_bytes()
    second["validation"]["loss"] = 0.1
    lines = [second, fourth, fourth | {"step": 9, "validation": {"loss": 0.0}}]
    (folder / "progress.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    free = shutil.disk_usage(tmp_path)._replace(free=int(1.2 * len(best)))
    options = replace(OPTIONS, steps=5, keep=1, clips=0, learning_rate=5e-4)
    with patch("shutil.disk_usage", lambda _: free):
        outcome = train(base, data, folder, options)
    assert (outcome.steps, outcome.best_step, outcome.loss) == (5, 2, 0.1)
    assert [entry["step"] for entry in Run.at(folder).progress()] == [2, 4, 5]
    assert (folder / "best.pth").read_bytes() == best
    assert [path.name for path in folder.glob("checkpoint_*")] == ["checkpoint_5.pth"]
    assert checkpoint(folder / "checkpoint_5.pth")["optimizer"][0]["param_groups"][0]["lr"] == 5e-4


def test_what_is_left_to_chance_in_a_step_depends_on_its_number() -> None:
    trainer = StepTrainer.__new__(StepTrainer)
    trainer._options, drawn = OPTIONS, []
    with (
        patch("trainer.trainer.Trainer.train_step", lambda *_: (drawn.append(float(torch.rand(1))), {})),
        patch.object(StepTrainer, "_after_step"),
    ):
        for trainer.total_steps_done in (1, 2, 1):
            trainer.train_step()
    assert drawn[0] == drawn[2] != drawn[1]


def test_steps_are_timed_without_evaluations_and_checkpoints() -> None:
    trainer = StepTrainer.__new__(StepTrainer)
    trainer._options, trainer._losses, trainer._since_s, trainer.steps = OPTIONS, defaultdict(list), 0.0, 9
    trainer._stop_wanted = threading.Event()
    now_s, passed_s = itertools.count(1.0), []  # a second each time that it is looked at: once a step, and after it
    with (
        patch("voi.training.step_trainer.time.monotonic", lambda: next(now_s)),
        patch.object(StepTrainer, "_evaluate", lambda _, passed: passed_s.append(passed)),
        patch.object(StepTrainer, "save_checkpoint", lambda _: [next(now_s) for _ in range(50)]),
    ):
        for trainer.total_steps_done in (1, 2, 3, 4):
            trainer._after_step({"loss_text_ce": 1.0, "loss_mel_ce": 1.0, "loss": 1.0})
    assert passed_s == [2.0, 2.0]


def test_half_precision_and_gathered_gradients(base: Base, data: Path, tmp_path: Path) -> None:
    options = replace(OPTIONS, steps=2, accumulate=2, precision="bf16", clips=0)
    assert train(base, data, tmp_path / "run", options).finished
    (entry,) = Run.at(tmp_path / "run").progress()
    assert entry["train"]["loss"] == pytest.approx(entry["validation"]["loss"], rel=0.3)
    before, after = load_state(base / "model.pth"), load_state(tmp_path / "run" / "best.pth")
    key = "gpt.gpt.h.0.attn.c_attn.weight"
    assert after[key].dtype == torch.float32
    assert not torch.equal(before[key], after[key])
    (tmp_path / "run" / "checkpoint_2.pth").rename(tmp_path / "run" / "checkpoint_3.pth")
    odd = torch.load(tmp_path / "run" / "checkpoint_3.pth", weights_only=True) | {"step": 3}
    torch.save(odd, tmp_path / "run" / "checkpoint_3.pth")
    with pytest.raises(ConfigError, match="no multiple of 2"):
        train(base, data, tmp_path / "run", replace(options, steps=4))


@pytest.mark.skipif(threading.current_thread() is not threading.main_thread(), reason="signals need the main thread")
def test_ctrl_c_saves_between_two_steps(base: Base, data: Path, tmp_path: Path) -> None:
    def interrupting(text: str) -> None:
        if text.startswith("Step 2"):
            os.kill(os.getpid(), signal.SIGINT)

    before = signal.getsignal(signal.SIGINT)
    options = replace(OPTIONS, steps=6, accumulate=2, save_every=6, clips=0)
    outcome = train(base, data, tmp_path / "run", options, interrupting)
    assert (outcome.steps, outcome.finished) == (4, False)  # at 3, gradients still gather
    assert [path.name for path in (tmp_path / "run").glob("*.pth")].count("checkpoint_4.pth") == 1
    assert signal.getsignal(signal.SIGINT) is before


@pytest.mark.skipif(threading.current_thread() is not threading.main_thread(), reason="signals need the main thread")
def test_a_second_ctrl_c_breaks_off() -> None:
    asked: list[int] = []
    with _asked_to_stop(lambda: asked.append(1)):
        signal.raise_signal(signal.SIGINT)
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
    assert asked == [1]


def test_a_loss_that_is_no_number_ends_the_run(base: Base, data: Path, tmp_path: Path) -> None:
    def spoilt(self: Any, *args: Any, **kwargs: Any) -> Any:
        return {"model_outputs": None}, {"loss": float("nan"), "loss_text_ce": 0.0, "loss_mel_ce": 0.0}, 0.0

    with patch("trainer.trainer.Trainer.optimize", spoilt), pytest.raises(EngineError, match="lower --learning-rate"):
        train(base, data, tmp_path / "run", OPTIONS)
    assert not list((tmp_path / "run").glob("*.pth"))


@pytest.mark.parametrize("name", ["evaluate", "export"])
def test_a_full_gpu_is_told_after_training_too(run: Run, tmp_path: Path, name: str) -> None:
    def full(*_: Any) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory.")

    does = {"evaluate": lambda: evaluate(run), "export": lambda: export(run, tmp_path / "out")}[name]
    with patch(f"voi.training.{name}.load_state", full), pytest.raises(EngineError, match="CUDA_VISIBLE_DEVICES"):
        does()


def test_broken_and_foreign_checkpoints_are_refused(run: Run, base: Base, data: Path, tmp_path: Path) -> None:
    shutil.copytree(run.folder, tmp_path / "run")
    last = tmp_path / "run" / "checkpoint_4.pth"
    saved = checkpoint(last)
    narrow = {key: value[:1] if value.dim() > 1 else value for key, value in saved["model"].items()}
    lacking = {key: value for key, value in saved["model"].items() if key != "xtts.gpt.mel_head.weight"}
    spoilt = (saved | {"model": narrow}, saved | {"model": lacking}, saved | {"optimizer": []}, saved["model"])
    for content in spoilt:
        torch.save(content, last)
        with pytest.raises(ConfigError, match=r"checkpoint_4.pth is broken.*goes on from checkpoint_2.pth"):
            train(base, data, tmp_path / "run", replace(OPTIONS, steps=6))
    last.write_bytes(last.read_bytes()[:100_000])
    with pytest.raises(ConfigError, match=r"checkpoint_4.pth is broken"):
        train(base, data, tmp_path / "run", replace(OPTIONS, steps=6))


def test_a_full_disk_is_told_and_leaves_nothing_half_written(base: Base, data: Path, tmp_path: Path) -> None:
    def full(state: Any, path: Path, **_: Any) -> None:
        Path(path).write_bytes(b"half of it")
        raise RuntimeError("unexpected pos 24420288 vs 24420176")  # as torch says it

    folder = tmp_path / "run"
    with patch("trainer.io.save_fsspec", full), pytest.raises(ConfigError, match="Is the disk full"):
        train(base, data, folder, replace(OPTIONS, clips=0))
    assert [path.name for path in folder.glob("*.pth")] == ["best.pth"]
    assert not list(folder.glob(".*.partial"))
    (folder / ".checkpoint_9.pth.partial").write_bytes(b"of a process that was killed")

    def no_room(*_: Any, **__: Any) -> None:
        raise OSError(28, "No space left on device")

    with patch.object(Path, "write_text", no_room), pytest.raises(ConfigError, match="No space left on device"):
        train(base, data, folder, replace(OPTIONS, clips=0))
    little = shutil.disk_usage(tmp_path)._replace(free=50_000_000)
    with patch("shutil.disk_usage", lambda _: little), pytest.raises(ConfigError, match=r"0.1 GB free.*may need"):
        train(base, data, folder, replace(OPTIONS, clips=0))
    assert not list(folder.glob(".*.partial"))


def test_the_size_of_a_checkpoint_is_known_before(run: Run, base: Base) -> None:
    model = TrainedXtts(config_for(base), load_state(base / "model.pth"), base / "model.pth")
    for file, expected in zip(("best.pth", "checkpoint_4.pth"), sizes_bytes(model), strict=True):
        assert (run.folder / file).stat().st_size == pytest.approx(expected, rel=0.03)


def test_exported_files_are_the_published_layout(exported: Exported, base: Base) -> None:
    model = torch.load(exported.folder / "model.pth", weights_only=True)
    assert model.keys() == {"model"}
    assert model["model"].keys() == load_state(base / "model.pth").keys()
    assert (exported.folder / "vocab.json").read_bytes() == (base / "vocab.json").read_bytes()
    voices = torch.load(exported.folder / "speakers_xtts.pth", weights_only=True)
    assert list(voices) == ["Robin", "Robin warm", "Claire"]
    older = torch.load(base / "speakers_xtts.pth", weights_only=True)
    assert voices["Robin"].keys() == older["Robin"].keys()
    for key, value in older["Robin"].items():
        assert voices["Robin"][key].shape == value.shape
        assert not torch.equal(voices["Robin"][key], value)
        assert torch.equal(voices["Claire"][key], older["Claire"][key])


def test_an_export_overwrites_no_configuration_of_a_server(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "tts_models.json"
    file.write_text("{}")
    for folder in (tmp_path, run.base):
        with pytest.raises(ConfigError, match="export to another folder"):
            export(run, folder)
    assert [path.name for path in tmp_path.iterdir()] == [file.name]
    with pytest.raises(ConfigError, match=r"The export cannot go on. .*Not a directory"):
        export(run, file / "robin")


def test_an_entry_is_right_where_it_is_read(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Below, as it was named; elsewhere, whole: who reads it stands elsewhere too, as after the notebook."""
    (tmp_path / "notebooks").mkdir()
    monkeypatch.chdir(tmp_path)
    alone = shutil.copytree(run.base, tmp_path / "base")
    (alone / "speakers_xtts.pth").unlink()  # training needs none
    trained = manifest.of_split(manifest.read(run.data), TRAIN)
    names = dict(zip(sorted(trained, key=lambda sample: sample.duration_ms), ("R neutral", "R excited"), strict=True))
    shutil.copytree(run.data / "wavs", tmp_path / "data" / "wavs")
    manifest.write(tmp_path / "data", [replace(sample, speaker=name) for sample, name in names.items()])
    toned = export(replace(run, base=alone, data=tmp_path / "data"), Path("models/robin"))
    assert toned.entry["checkpoint"] == "models/robin/model.pth"
    assert toned.entry["voice_tone_map"] == {"neutral": "R neutral", "excited": "R excited"}
    assert list(torch.load("models/robin/speakers_xtts.pth", weights_only=True)) == ["R neutral", "R excited"]
    monkeypatch.chdir(tmp_path / "notebooks")
    assert export(run, Path("../models/robin")).entry["checkpoint"] == str(tmp_path / "models/robin/model.pth")
    monkeypatch.chdir(tmp_path / "models" / "robin")
    assert export(run, Path()).name == "robin"


def test_the_entry_is_one_that_tts_models_takes(exported: Exported) -> None:
    file = exported.folder / "tts_models.json"
    problems = Problems()
    models = tts_models(json.loads(file.read_text()), file, {"robin"}, tts_info, problems)
    assert not problems.errors
    assert models["robin"].engine_options()["checkpoint"] == str(exported.folder / "model.pth")
    assert models["robin"].language == "en"
    assert json.loads(str(exported).partition("\n")[2])["robin"] == exported.entry


def test_coquis_xtts_loads_and_speaks_it(exported: Exported) -> None:
    from TTS.tts.configs.xtts_config import XttsConfig
    from TTS.tts.models.xtts import Xtts

    config = XttsConfig()
    config.load_json(str(exported.folder / "config.json"))
    model = Xtts(config)
    digest = hashlib.sha256((exported.folder / "model.pth").read_bytes()).digest()
    model.load_checkpoint(config, checkpoint_dir=str(exported.folder), eval=True, strict=True)
    assert hashlib.sha256((exported.folder / "model.pth").read_bytes()).digest() == digest
    voice = model.speaker_manager.speakers["Robin"]
    torch.manual_seed(0)
    wav = model.inference("the air is pure", "en", voice["gpt_cond_latent"], voice["speaker_embedding"])["wav"]
    assert len(wav) > 1_000
    assert torch.isfinite(torch.as_tensor(wav)).all()


async def test_our_engine_loads_and_speaks_it(exported: Exported) -> None:
    pytest.importorskip("voi.engines.tts.xtts.engine")
    from voi.engines.base import VoiceSpec
    from voi.engines.registry import create

    options = {key: value for key, value in exported.entry.items() if key != "engine"}
    engine = create("tts", "xtts", options | {"device": "cpu", "seed": 1})
    await engine.warm_up()
    try:
        assert engine.info.voices[0] == "Robin"
        async with aclosing(engine.stream("the air is pure.", VoiceSpec(voice="Robin"))) as sound:
            assert sum([len(piece) async for piece in sound]) > 2_000
    finally:
        await engine.close()


def test_latents_are_those_of_coqui(base: Base) -> None:
    xtts = load_for_speech(base.folder, load_state(base / "model.pth"), base / "model.pth")
    sounds = [
        torch.randn(22_050 * seconds, generator=torch.Generator().manual_seed(seconds)) * 0.1 for seconds in (7, 4)
    ]
    files = dict(zip(("a", "b"), sounds, strict=True))
    with patch("TTS.tts.models.xtts.load_audio", lambda name, _: files[name][None]):
        theirs = xtts.get_conditioning_latents(["a", "b"], gpt_cond_len=30, gpt_cond_chunk_len=6)
    ours = latents(xtts, sounds, 22_050)
    for mine, coquis in zip(ours, theirs, strict=True):
        assert torch.equal(mine, coquis.cpu())
    assert torch.equal(speak(xtts, "pure", "en", ours, seed=3), speak(xtts, "pure", "en", ours, seed=3))


def test_the_test_recordings_tell_what_training_did(run: Run) -> None:
    found = evaluate(run, clips=1)
    assert found.trained.sound < found.base.sound
    assert found.base.recordings == 1
    assert {path.name for path in (found.clips / "1").iterdir()} == {
        "recorded.wav",
        "base.wav",
        "trained.wav",
        "text.txt",
    }
    assert "The trained model fits the voice better." in str(found)


def test_export_and_evaluation_need_a_trained_run(base: Base, data: Path, tmp_path: Path) -> None:
    run = Run.start(tmp_path / "run", base.folder, data, OPTIONS)
    for needs in (lambda: export(run, tmp_path / "out"), lambda: evaluate(run)):
        with pytest.raises(ConfigError, match="voi train run"):
            needs()
