"""Coqui's trainer, changed for Voi: it counts steps, resumes exactly, stops cleanly, and evaluates and speaks clips."""

import math
import shutil
import signal
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from voi.engines.tts.xtts.checkpoint import load_tensors
from voi.errors import ConfigError, EngineError
from voi.training.coqui import Trainer, TrainerArgs, keep_n_checkpoints, save_model
from voi.training.dataset import ClipLimits, Item, Positions, Rounds, scoring_loader, training_loader
from voi.training.model import TrainedXtts, scores
from voi.training.run import BEST, CLIPS, Options, Run
from voi.training.splits import TRAIN, VALIDATION
from voi.training.voice import spoken
from voi.training.weights import save, weights_of, whole

Tell = Callable[[str], None]


class Stopped(Exception):
    """Training was interrupted (Ctrl-C, SIGTERM); everything is saved."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """The result of training. `loss`: the lowest on the validation recordings, at `best_step`; None before the first
    evaluation. `finished`: all steps were done."""

    steps: int
    best_step: int | None
    loss: float | None
    finished: bool

    def __str__(self) -> str:
        best = "not evaluated yet" if self.loss is None else f"best: step {self.best_step}, loss {self.loss:.4f}"
        return f"{self.steps} steps done; {best}."


class StepTrainer(Trainer):
    """Coqui's trainer, counting steps instead of epochs; one of its epochs is the whole run.

    Its checkpoints are `checkpoint_STEPS.pth`, named by the steps done, and written all or nothing. On the CPU,
    training that is resumed from one gives the same bits as without the break.
    """

    def __init__(
        self, run: Run, options: Options, config: Any, model: TrainedXtts, parts: dict[str, list[Item]],
        limits: ClipLimits, tell: Tell,
    ) -> None:  # fmt: skip
        self._run = run
        self._options = options
        self._items = parts
        self._xtts = model
        self._limits = limits
        self._tell = tell
        self._losses: dict[str, list[float]] = defaultdict(list)
        self._since_s = 0.0
        self._stop_wanted = threading.Event()
        self.steps = options.total_steps(len(parts[TRAIN]))
        self._need_room(model)
        last = run.last_checkpoint()
        super().__init__(
            TrainerArgs(
                continue_path=str(run.folder),
                restore_path=str(last) if last else "",
                grad_accum_steps=options.accumulate,
            ),
            config,
            model=model,
            parse_command_line_args=False,
            gpu=options.gpu if torch.cuda.is_available() else None,
        )
        if self.total_steps_done % options.accumulate:
            raise ConfigError(
                f"The run stands at step {self.total_steps_done}, which is no multiple of {options.accumulate}: go on "
                "with the --accumulate that it had."
            )
        self.reset_lr()  # the restored optimiser has the old learning rate
        run.forget_after(self.total_steps_done)
        self._best = min((entry["validation"]["loss"] for entry in run.progress()), default=math.inf)

    # ---- what Coqui's trainer does, differently --------------------------------------------------

    @staticmethod
    def init_training(args: Any, _overrides: list[str], config: Any = None) -> tuple[Any, dict[str, str]]:
        """Use our configuration, also for a continued run, instead of searching the folder for one."""
        return config, {}

    def save_training_script(self) -> None:
        """Does nothing: the script would be the `voi` command."""

    def restore_model(self) -> None:
        """Restore the whole checkpoint or fail: Coqui's method takes what fits and leaves the rest unchanged."""
        path = Path(self.args.restore_path)
        try:
            saved = load_tensors(path)
            self.model.load_state_dict(saved["model"])
            for optimizer, state in zip(self.optimizer, saved["optimizer"], strict=True):
                optimizer.load_state_dict(state)
            self.total_steps_done = int(saved["step"])
        except (ConfigError, KeyError, TypeError, ValueError, RuntimeError) as error:
            older = self._run.checkpoint_before(path)
            raise ConfigError(
                f"{path} is broken, or of another run. Delete it: the run then goes on from "
                f"{older.name if older else 'the start'}. ({str(error).splitlines()[0]})"
            ) from error

    def save_checkpoint(self) -> None:
        with whole(self._run.folder / f"checkpoint_{self.total_steps_done}.pth") as partial:
            save_model(
                self.config, self.model, partial, current_step=self.total_steps_done, epoch=0,
                optimizer=self.optimizer, scheduler=self.scheduler, scaler=self.scaler,
            )  # fmt: skip
        keep_n_checkpoints(self._run.folder, self._options.keep)

    def format_batch(self, batch: dict[str, Any] | list[Any]) -> dict[str, Any]:
        if isinstance(batch, dict) and "error" in batch:
            raise batch["error"]
        formatted: dict[str, Any] = super().format_batch(batch)
        return formatted

    def train_step(self, *args: Any) -> tuple[Any, Any]:
        # Randomness in a step depends only on the step's number.
        torch.manual_seed(self._options.seed + self.total_steps_done)
        outputs, losses = super().train_step(*args)
        self._after_step(losses or {})
        return outputs, losses

    # ---- the run --------------------------------------------------------------------------------

    def train_all(self) -> Outcome:
        size = self._options.batch_size
        rounds = Rounds(self._items[TRAIN], self._limits, self._options.seed)
        positions = Positions(self.total_steps_done * size, self.steps * size)
        self.train_loader = training_loader(rounds, positions, size, self._options.workers)
        finished = True
        self._since_s = time.monotonic()
        try:
            if self.total_steps_done < self.steps:
                with _asked_to_stop(self._stop_wanted.set):
                    self.train_epoch()
        except Stopped:
            finished = False
            self._tell(f"Stopped after step {self.total_steps_done}; the same command goes on from there.")
        finally:
            self.dashboard_logger.finish()
        best = min(self._run.progress(), key=lambda entry: entry["validation"]["loss"], default=None)
        loss, step = (best["validation"]["loss"], best["step"]) if best else (None, None)
        return Outcome(self.total_steps_done, step, loss, finished)

    def _need_room(self, model: TrainedXtts) -> None:
        """Say how much disk space the run needs. Raises ConfigError when there is less: better now than hours later."""
        weights, checkpoint = sizes_bytes(model)
        self._tell(f"A checkpoint takes {checkpoint / 1e9:.1f} GB, the best weights {weights / 1e9:.1f} GB.")
        # For a moment a new file exists beside those that it replaces.
        needed = (self._options.keep + 1) * checkpoint + 2 * weights
        needed -= sum(path.stat().st_size for path in self._run.folder.glob("*.pth"))
        if needed > (free := shutil.disk_usage(self._run.folder).free):
            raise ConfigError(
                f"{self._run.folder} has {free / 1e9:.1f} GB free, and the run may need {needed / 1e9:.1f} GB more: "
                "make room, name a folder elsewhere, or take a smaller --keep."
            )

    def _after_step(self, losses: dict[str, float]) -> None:
        step = self.total_steps_done
        for name in ("loss_text_ce", "loss_mel_ce", "loss"):
            self._losses[name].append(losses[name])
        if not math.isfinite(losses["loss"]):
            raise EngineError(
                f"At step {step} the loss is {losses['loss']}: the weights are spoilt. Go on from the last "
                "checkpoint with a lower --learning-rate, or with --precision fp32.",
            )
        stop = self._stop_wanted.is_set() and step % self._options.accumulate == 0
        last = step == self.steps
        done_s = time.monotonic()
        if step % self._options.evaluate_every == 0 or last:
            self._evaluate(done_s - self._since_s)
            self._since_s = done_s
        if step % self._options.save_every == 0 or last or stop:
            self.save_checkpoint()
        self._since_s += time.monotonic() - done_s  # evaluating and saving do not count as time of the steps
        if stop and not last:
            raise Stopped

    def _evaluate(self, passed_s: float) -> None:
        """Evaluate. `passed_s`: time of the steps since the last evaluation."""
        step = self.total_steps_done
        found = scores(self._xtts, scoring_loader(self._items[VALIDATION], self._limits))
        # With accumulation the trainer divides the loss.
        trained = sum(self._losses["loss"]) / len(self._losses["loss"]) * self._options.accumulate
        self._run.note(
            {
                "step": step,
                "train": {"loss": trained},
                "validation": {"loss": found.loss, "sound": found.sound, "text": found.text},
                "s_per_step": passed_s / len(self._losses["loss"]),
            }
        )
        self.dashboard_logger.eval_stats(step, {"loss": found.loss, "loss_mel_ce": found.sound})
        better = found.loss < self._best
        if better:
            self._best = found.loss
            save({"model": weights_of(self._xtts.state_dict()), "step": step}, self._run.folder / BEST)
        self._tell(
            f"Step {step} of {self.steps}: training {trained:.4f}, validation {found.loss:.4f}"
            f"{' (best so far)' if better else ''}, {passed_s / len(self._losses['loss']):.2f} s a step."
        )
        self._speak_clips(step)
        self._losses.clear()

    def _speak_clips(self, step: int) -> None:
        """Save the first validation sentences as the model speaks them now, beside the recordings."""
        if not self._options.clips:
            return
        folder = self._run.folder / CLIPS / f"step_{step:06}"
        folder.mkdir(parents=True, exist_ok=True)
        training = self._xtts.xtts.gpt.training
        self._xtts.eval()
        items = self._items[VALIDATION][: self._options.clips]
        known = [item.sample for item in self._items[TRAIN]]
        said = spoken(self._xtts.xtts, items, known, self._run.data, self._options.seed)
        for number, (item, wav) in enumerate(zip(items, said, strict=True), 1):
            (folder / f"{number}.wav").write_bytes(wav)
            (folder / f"{number}.txt").write_text(f"{item.sample.text}\n", "utf-8")
            recorded = folder.parent / f"recorded_{number}.wav"
            if not recorded.exists():
                recorded.write_bytes(item.path.read_bytes())
        self._xtts.xtts.gpt.train(training)


def sizes_bytes(model: TrainedXtts) -> tuple[int, int]:
    """Sizes of the file of the best weights, and of a checkpoint. The latter also has the DVAE and AdamW's two moments,
    each as large as the trained weights."""
    state = model.state_dict()
    trained = sum(parameter.nbytes for parameter in model.xtts.gpt.parameters())
    weights = sum(value.nbytes for value in weights_of(model.xtts.state_dict()).values())
    return weights, sum(value.nbytes for value in state.values()) + 2 * trained


@contextmanager
def _asked_to_stop(stop: Callable[[], None]) -> Iterator[None]:
    """Ctrl-C and SIGTERM call `stop`, so that no step is cut in half; a second Ctrl-C breaks off at once."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def asked(number: int, _frame: object) -> None:
        stop()
        signal.signal(number, before[signal.Signals(number)])

    before = {number: signal.signal(number, asked) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
