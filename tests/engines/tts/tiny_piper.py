"""Writes a Piper voice of two kilobytes: each phoneme is a tone of 1,024 samples, four frames long."""

import json
from pathlib import Path
from typing import Any

import numpy as np

from tests.engines.turn.tiny_onnx import FLOAT, INT64, IRS, data, node, number, tensor

RATE_HZ = 22_050
PHONEME_SAMPLES = 1_024
PHONEMES = "_^$ !,.;:?abcdefghijklmnopqrstuvwxyzæðŋɐɑɔəɚɛɜɡɪɹʃʊʌʒˈˌːθɾᵻ"


def _value(name: str, kind: int, *shape: int | str) -> bytes:
    dims = b"".join(data(1, number(1, size) if isinstance(size, int) else data(2, size)) for size in shape)
    return data(1, name) + data(2, data(1, number(1, kind) + data(2, dims)))


def write(path: Path, *, times: bool = True, speakers: dict[str, int] | None = None, **about: Any) -> Path:
    """`times` False: the network has no value with durations."""
    cast = node("Cast", ("input",), "as_float") + data(5, data(1, "to") + number(3, FLOAT) + number(20, 2))
    nodes = [
        cast,
        node("Mul", ("as_float", "none"), "zeros"),
        node("Gather", ("scales", "second"), "length"),
        node("Mul", ("length", "four"), "frames"),
        node("Add", ("zeros", "frames"), "each"),
        node("Ceil", ("each",), "/Ceil_output_0" if times else "rounded"),
        node("Add", ("zeros", "all"), "ones"),
        node("Reshape", ("ones", "column"), "column_of_ones"),
        node("Mul", ("column_of_ones", "wave"), "waves"),
        node("Reshape", ("waves", "row"), "output"),
    ]
    wave = 0.3 * np.sin(2 * np.pi * 8 * np.arange(PHONEME_SAMPLES) / PHONEME_SAMPLES)
    constants = {
        "none": np.float32(0).reshape(1), "all": np.float32(1).reshape(1), "four": np.float32(4).reshape(1),
        "second": np.array(1), "column": np.array([1, -1, 1]), "row": np.array([1, 1, 1, -1]),
        "wave": wave.astype(np.float32).reshape(1, 1, -1),
    }  # fmt: skip
    graph = b"".join(data(1, one) for one in nodes) + data(2, "voice")
    graph += b"".join(data(5, tensor(name, values)) for name, values in constants.items())
    graph += data(11, _value("input", INT64, 1, "phonemes")) + data(11, _value("input_lengths", INT64, 1))
    graph += data(11, _value("scales", FLOAT, 3)) + (data(11, _value("sid", INT64, 1)) if speakers else b"")
    graph += data(12, _value("output", FLOAT, 1, 1, 1, "samples"))
    path.write_bytes(number(1, IRS) + data(7, graph) + data(8, data(1, "") + number(2, 13)))
    told = {
        "audio": {"sample_rate": RATE_HZ}, "espeak": {"voice": "en-us"}, "phoneme_type": "espeak",
        "num_speakers": len(speakers or "a"), "speaker_id_map": speakers or {},
        "phoneme_id_map": {sign: [n] for n, sign in enumerate(PHONEMES)},
    }  # fmt: skip
    path.with_name(f"{path.name}.json").write_text(json.dumps(told | about), "utf-8")
    return path
