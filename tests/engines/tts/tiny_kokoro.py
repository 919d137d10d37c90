"""Writes a Kokoro model of two kilobytes and two voices: each phoneme is a tone of two frames, as loud as its style."""

import json
from pathlib import Path
from typing import Any

import numpy as np

from tests.engines.tts.tiny_piper import _value
from tests.engines.turn.tiny_onnx import FLOAT, INT64, IRS, data, node, number, tensor

FRAME_SAMPLES = 600
FRAMES = 2
RATE_HZ = 24_000
LOUDNESS = {"af_heart": 0.2, "bm_george": 0.4, "ef_dora": 0.3}


def write(folder: Path, *, times: bool = True, tokens: str = "tokens", speed: int = FLOAT, **about: Any) -> Path:
    """The model's file; `voices` lies beside it. `times` False: it rounds no durations. `speed`: the type of that
    input. `about`: the vocabulary, if the model carries its own in tokenizer.json."""
    samples = FRAME_SAMPLES * FRAMES
    cast = data(5, data(1, "to") + number(3, FLOAT) + number(20, 2))
    nodes = [
        node("Cast", (tokens,), "as_float") + cast,
        node("Cast", ("speed",), "pace") + cast,
        node("Mul", ("as_float", "none"), "zeros"),
        node("Div", ("two", "pace"), "frames"),
        node("Add", ("zeros", "frames"), "each"),
        node("Round" if times else "Ceil", ("each",), "durations"),
        node("Gather", ("style_row", "first"), "loudness"),
        node("Reshape", ("style", "flat"), "style_row"),
        node("Add", ("zeros", "loudness"), "levels"),
        node("Reshape", ("levels", "column"), "column_of_levels"),
        node("Mul", ("column_of_levels", "wave"), "waves"),
        node("Reshape", ("waves", "flat"), "audio"),
    ]
    nodes = [*nodes[:6], nodes[7], nodes[6], *nodes[8:]]  # in the order in which they are computed
    wave = np.sin(2 * np.pi * 10 * np.arange(samples) / samples)
    constants = {
        "none": np.float32(0).reshape(1), "two": np.float32(FRAMES).reshape(1), "first": np.array([0]),
        "flat": np.array([-1]), "column": np.array([-1, 1]), "wave": wave.astype(np.float32).reshape(1, -1),
    }  # fmt: skip
    graph = b"".join(data(1, one) for one in nodes) + data(2, "kokoro")
    graph += b"".join(data(5, tensor(name, values)) for name, values in constants.items())
    graph += data(11, _value(tokens, INT64, 1, "phonemes")) + data(11, _value("style", FLOAT, 1, 256))
    graph += data(11, _value("speed", speed, 1)) + data(12, _value("audio", FLOAT, "samples"))
    path = folder / "model_quantized.onnx"
    (folder / "voices").mkdir(parents=True, exist_ok=True)
    path.write_bytes(number(1, IRS) + data(7, graph) + data(8, data(1, "") + number(2, 13)))
    for name, rows in voices().items():
        rows.astype("<f4").tofile(folder / "voices" / f"{name}.bin")
    if about:
        (folder / "tokenizer.json").write_text(json.dumps(about), "utf-8")
    return path


def voices() -> dict[str, np.ndarray]:
    """(510, 1, 256) each: the first number of row n is the voice's loudness plus n / 10,000."""
    found = {}
    for name, loudness in LOUDNESS.items():
        rows = np.zeros((510, 1, 256), np.float32)
        rows[:, 0, 0] = loudness + np.arange(510) / 10_000
        found[name] = rows
    return found
