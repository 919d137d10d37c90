#!/usr/bin/env python3
"""Fit the weights of the voice judge on a folder of labelled clips (labels.jsonl, see voi/training/turns/clips.py).

    python tools/fit_voice_judge.py CLIPS [--rows FILE] [--folds DIR] [--write] [--out FILE]

Prints, for every length of voice, how well the judge tells voices from noise (and who wants the floor from who only
listens) on speakers that it was not fitted on. `--write` puts weights fitted on all of them beside the engine, `--out`
into a file of yours. `--folds` keeps the weights of each fold with the speakers it leaves out, for
`python -m bench.overlap`. `--rows` keeps what was measured of the clips, which takes minutes. Clips whose licence asks
for the same licence are left out.
Needs soundfile and scipy, and smart-turn's weights in the models folder.
"""

import argparse
import json
import pickle
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from scipy.signal import butter, lfilter, sosfilt  # type: ignore[import-untyped]

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from voi.core.vad_edges import VadEdges  # noqa: E402
from voi.engines.turn.smart_turn import POOLED, SHORT_SAMPLES, shortened  # noqa: E402
from voi.engines.turn.whisper_features import log_mel  # noqa: E402
from voi.engines.vad.silero import Silero  # noqa: E402
from voi.engines.voice.features import features  # noqa: E402
from voi.engines.voice.judge import LENGTHS_MS, WEIGHTS, stretch  # noqa: E402
from voi.training.turns.clips import Clip, load_clips  # noqa: E402

RATE_HZ = 16_000
NOISES = frozenset({"cough", "keyboard", "noise"})
FOLDS = 10
PENALTIES = {"features": 50.0, "encoder": 1_000.0}
"""Of the squared weights: the encoder gives more numbers than there are clips."""
FLOOR_MS = (160, 256, 448)
"""Few listen for longer. The encoder tells nothing of who wants the floor."""
TRAIN_SEED = 9


@dataclass
class Row:
    """One sound of a length: what was measured of it, and what it is."""

    clip: str
    kind: str
    speaker: str
    change: str
    """How the clip was changed: "clean" is as recorded."""
    real: bool
    """The VAD takes it for a voice."""
    length_ms: int
    features: Any
    encoder: Any

    @property
    def voice(self) -> int:
        return int(self.kind not in NOISES)

    @property
    def floor(self) -> int:
        return int(self.kind != "backchannel")


# ---- measuring ------------------------------------------------------------------------------------


def may_use(clip: Clip) -> bool:
    return "-SA" not in clip.licence and not clip.licence.startswith("free")


def changed(wave: Any, how: str, random: np.random.Generator) -> Any:
    """Another microphone and room: without this the spectrum would learn which recordings the coughs are from."""
    if how == "clean":
        return wave
    if how == "quiet":
        return wave * 10 ** (-random.uniform(6, 14) / 20)
    tilt, low_hz, high_hz = random.uniform(-0.6, 0.6), random.uniform(50, 300), random.uniform(3_200, 7_600)
    wave = lfilter([1, -tilt], [1], wave)
    wave = sosfilt(butter(2, [low_hz, high_hz], "band", fs=RATE_HZ, output="sos"), wave)
    wave = wave * 10 ** (random.uniform(-12, 3) / 20)
    blocks = wave[: len(wave) // 512 * 512].reshape(-1, 512)
    loud = np.percentile(np.sqrt((blocks**2).mean(1)), 95) + 1e-6
    wave = wave + random.normal(size=len(wave)) * loud * 10 ** (-random.uniform(25, 50) / 20)
    return wave * 0.9 / max(0.9, np.abs(wave).max())


def onsets(probabilities: Any) -> list[tuple[int, int]]:
    """Where the VAD says that voice sets in, and its last window before a pause."""
    edges, found = VadEdges(), []
    for index, probability in enumerate(probabilities):
        fact = edges.window(float(probability))
        if type(fact).__name__ == "UserStarted":
            found.append([index - 2, index + 1])
        elif type(fact).__name__ == "SpeechGrew":
            found[-1][1] = index + 1
    return [(start, end) for start, end in found]


def bursts(sound: Any, known: list[tuple[int, int]], random: np.random.Generator) -> list[tuple[int, int]]:
    """Of a noise: where it sets in though the VAD takes it for none. Another room, and it might."""
    level = np.sqrt((sound[: len(sound) // 512 * 512].astype(float).reshape(-1, 512) ** 2).mean(1))
    found: list[tuple[int, int]] = []
    for index in range(2, len(level) - 5):
        sets_in = level[index] > 0.3 * level.max() and level[index] > 3 * level[index - 2]
        if sets_in and all(abs(index - start) >= 6 for start, _ in (*known, *found)):
            found.append((index, index + 5 + int(random.integers(0, 16))))
    return found


def measured(clip: Clip, vad: Silero, encoder: Any, random: np.random.Generator) -> list[Row]:
    noise = clip.kind in NOISES
    wave = np.frombuffer(clip.pcm(), "<i2").astype(np.float64) / 32_768
    rows = []
    for change in ("clean", "room1", "room2", *(("quiet", "room3", "room4", "room5") if noise else ())):
        sound = (np.clip(changed(wave, change, random), -1, 1) * 32_767).astype("<i2")
        stream = vad.open()
        probabilities = [stream.probability(sound[at : at + 512].tobytes()) for at in range(0, len(sound) - 511, 512)]
        known = onsets(probabilities)
        places = [(*place, True) for place in (known if noise else known[:1])]
        if noise:
            places += [(*place, False) for place in bursts(sound, known, random)]
        for start, end, real in places:
            for length_ms in LENGTHS_MS:
                stop = start + length_ms // 32
                if stop > min(end, len(probabilities)):
                    continue
                heard = sound[max(0, start - 15) * 512 : stop * 512].tobytes()
                pcm, voiced, whole = stretch(heard, length_ms, vad.open().probability)
                vector = None
                if change in ("clean", "room1") or (noise and real):
                    vector = encoder.run(None, {"input_features": log_mel(whole, SHORT_SAMPLES)[None]})[1].reshape(-1)
                rows.append(
                    Row(clip.name, clip.kind, clip.speaker, change, real, length_ms, features(pcm, voiced), vector)
                )
    return rows


# ---- fitting --------------------------------------------------------------------------------------


def fitted(rows: list[Row], part: str, what: str) -> dict[str, Any]:
    """Penalised logistic regression by Newton's method; classes weigh the same, and so do clips."""
    rows = [row for row in rows if getattr(row, part) is not None]
    inputs = np.array([getattr(row, part) for row in rows], np.float64)
    wanted = np.array([getattr(row, what) for row in rows], np.float64)
    times = Counter(row.clip for row in rows)
    weights = np.array([(1 if row.real else 0.5) / times[row.clip] ** 0.5 for row in rows])
    for label in (0, 1):
        weights[wanted == label] *= len(rows) / 2 / weights[wanted == label].sum()
    mean, scale = inputs.mean(0), inputs.std(0) + 1e-6
    design = np.column_stack([(inputs - mean) / scale, np.ones(len(rows))])
    penalty = np.full(design.shape[1], PENALTIES[part])
    penalty[-1] = 1e-6
    found = np.zeros(design.shape[1])
    for _ in range(30):
        p = 1 / (1 + np.exp(-design @ found))
        gradient = design.T @ (weights * (wanted - p)) - penalty * found
        curvature = (design * (weights * p * (1 - p))[:, None]).T @ design + np.diag(penalty)
        step = np.linalg.solve(curvature, gradient)
        found += step
        if np.abs(step).max() < 1e-6:
            break
    return {"mean": mean, "scale": scale, "weights": found[:-1], "bias": found[-1]}


def fit(rows: list[Row]) -> dict[str, Any]:
    """All weights, by "what/length/part/name"."""
    weights = {}
    for length_ms in LENGTHS_MS:
        here = [row for row in rows if row.length_ms == length_ms]
        for what, part in (("voice", "features"), ("voice", "encoder"), ("floor", "features")):
            if what == "floor" and length_ms not in FLOOR_MS:
                continue
            chosen = [row for row in here if what == "voice" or row.voice]
            for name, value in fitted(chosen, part, what).items():
                weights[f"{what}/{length_ms}/{part}/{name}"] = np.asarray(value, np.float32)
    return weights


def odds(weights: dict[str, Any], what: str, row: Row, parts: tuple[str, ...]) -> float:
    found = []
    for part in parts:
        name = f"{what}/{row.length_ms}/{part}"
        values = (getattr(row, part) - weights[f"{name}/mean"]) / weights[f"{name}/scale"]
        found.append(float(values @ weights[f"{name}/weights"] + weights[f"{name}/bias"]))
    return float(np.mean(found))


def auc(scores: Any, labels: Any) -> float:
    ranks = np.empty(len(scores))
    ranks[np.argsort(scores)] = np.arange(1, len(scores) + 1)
    positive = labels.sum()
    return float((ranks[labels == 1].sum() - positive * (positive + 1) / 2) / positive / (len(labels) - positive))


def report(rows: list[Row], of_fold: dict[str, int], folds: list[dict[str, Any]]) -> None:
    both = (("features",), ("encoder",), ("features", "encoder"))
    for what, lengths, kinds in (("voice", LENGTHS_MS, both), ("floor", FLOOR_MS, (("features",),))):
        for length_ms in lengths:
            for change in ("clean", "room1"):
                chosen = [
                    row
                    for row in rows
                    if row.length_ms == length_ms and row.change == change and row.real and row.encoder is not None
                    if what == "voice" or row.voice
                ]
                labels = np.array([getattr(row, what) for row in chosen])
                line = f"{what} {length_ms:4} ms {change:6} {int(labels.sum()):4} against {int((1 - labels).sum()):3}:"
                for parts in kinds:
                    scores = np.array([odds(folds[of_fold[row.speaker]], what, row, parts) for row in chosen])
                    line += f"  {'+'.join(parts)} {auc(scores, labels):.3f}"
                print(line)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("clips", type=Path)
    parser.add_argument("--models", type=Path, default=ROOT / "models")
    parser.add_argument("--rows", type=Path)
    parser.add_argument("--folds", type=Path)
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--out", type=Path)
    args = parser.parse_args()
    if args.rows and args.rows.exists():
        rows: list[Row] = pickle.loads(args.rows.read_bytes())
    else:
        random, vad, encoder = np.random.default_rng(TRAIN_SEED), Silero(), open_encoder(args.models)
        clips = [clip for clip in load_clips(args.clips) if may_use(clip)]
        rows = [row for clip in clips for row in measured(clip, vad, encoder, random)]
        if args.rows:
            args.rows.write_bytes(pickle.dumps(rows))
    speakers = sorted({row.speaker for row in rows})
    of_fold = {speaker: index % FOLDS for index, speaker in enumerate(np.random.default_rng(0).permutation(speakers))}
    folds = [fit([row for row in rows if of_fold[row.speaker] != fold]) for fold in range(FOLDS)]
    report(rows, of_fold, folds)
    if args.folds:
        args.folds.mkdir(parents=True, exist_ok=True)
        for fold, weights in enumerate(folds):
            np.savez_compressed(args.folds / f"fold{fold}.npz", **weights)
        (args.folds / "folds.json").write_text(json.dumps(of_fold, indent=1))
    for file in filter(None, (WEIGHTS if args.write else None, args.out)):
        np.savez_compressed(file, **{name: value.astype(np.float16) for name, value in fit(rows).items()})
        print(f"{file}: {file.stat().st_size} bytes")


def open_encoder(models: Path) -> Any:
    import onnxruntime  # type: ignore[import-untyped]

    from voi.engines.onnx_edit import with_outputs

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    model = with_outputs(sorted(models.glob("smart-turn-v3*.onnx"))[-1].read_bytes(), POOLED)
    return onnxruntime.InferenceSession(shortened(model), options, providers=["CPUExecutionProvider"])


if __name__ == "__main__":
    main()
