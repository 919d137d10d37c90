"""Writes a small ONNX model with the inputs and outputs of turn-1-mini's step, without the onnx package.

probs = sigmoid(W · loudness of each 20 ms + state_h6 + bias), new_state_h6 = half of it + mean loudness: it remembers.
The other six states are passed on with a random amount added.
"""

from pathlib import Path

import numpy as np
import numpy.typing as npt

STATES = {
    "audio": (1, 400), "conv1": (1, 8, 2), "conv2": (1, 8, 2), "k": (1, 2, 4, 8), "v": (1, 2, 4, 8), "k_valid": (1, 4),
    "h6": (1, 1),
}  # fmt: skip
FLOAT, INT64, IRS = 1, 7, 8
LOUDNESS = 12.0


def varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes((*out, value))


def number(field: int, value: int) -> bytes:
    return varint(field << 3) + varint(value)


def data(field: int, content: bytes | str) -> bytes:
    raw = content.encode() if isinstance(content, str) else content
    return varint(field << 3 | 2) + varint(len(raw)) + raw


def tensor(name: str, values: npt.NDArray[np.generic]) -> bytes:
    kind = INT64 if values.dtype == np.int64 else FLOAT
    dims = b"".join(number(1, size) for size in values.shape)
    return dims + number(2, kind) + data(8, name) + data(9, values.tobytes())


def value(name: str, shape: tuple[int, ...]) -> bytes:
    dims = b"".join(data(1, number(1, size)) for size in shape)
    return data(1, name) + data(2, data(1, number(1, FLOAT) + data(2, dims)))


def node(op: str, inputs: tuple[str, ...], output: str, axes: tuple[int, ...] = ()) -> bytes:
    made = b"".join(data(1, one) for one in inputs) + data(2, output) + data(4, op)
    if axes:  # attributes `axes` (a list) and `keepdims` = 0
        made += data(5, data(1, "axes") + b"".join(number(8, axis) for axis in axes) + number(20, 7))
        made += data(5, data(1, "keepdims") + number(3, 0) + number(20, 2))
    return made


def write(path: Path, seed: int = 5, bias: float = -2.0) -> Path:
    random = np.random.default_rng(seed)
    noise = np.tril(random.normal(0, 0.1, (8, 8)))  # a frame knows only those before it
    weights = (np.eye(8) * LOUDNESS + noise).astype(np.float32)
    nodes = [
        node("Reshape", ("audio", "frames"), "by_frame"),
        node("Abs", ("by_frame",), "magnitude"),
        node("ReduceMean", ("magnitude",), "loudness", axes=(1,)),
        node("MatMul", ("weights", "loudness"), "weighed"),
        node("Reshape", ("state_h6", "one"), "memory"),
        node("Add", ("weighed", "memory"), "remembered"),
        node("Add", ("remembered", "bias"), "odds"),
        node("Sigmoid", ("odds",), "probs"),
        node("ReduceMean", ("loudness",), "mean", axes=(0,)),
        node("Mul", ("state_h6", "half"), "faded"),
        node("Add", ("faded", "mean"), "new_state_h6"),
    ]
    constants = {
        "frames": np.array([8, 320]), "one": np.array([1]), "weights": weights,
        "bias": np.array([bias], np.float32), "half": np.array([0.5], np.float32),
    }  # fmt: skip
    for name, shape in STATES.items():
        if name != "h6":
            constants[f"add_{name}"] = random.normal(size=shape).astype(np.float32)
            nodes.append(node("Add", (f"state_{name}", f"add_{name}"), f"new_state_{name}"))
    graph = b"".join(data(1, one) for one in nodes) + data(2, "step")
    graph += b"".join(data(5, tensor(name, values)) for name, values in constants.items())
    graph += data(11, value("audio", (1, 2_560)))
    graph += b"".join(data(11, value(f"state_{name}", shape)) for name, shape in STATES.items())
    graph += data(12, value("probs", (8,)))
    graph += b"".join(data(12, value(f"new_state_{name}", shape)) for name, shape in STATES.items())
    path.write_bytes(number(1, IRS) + data(7, graph) + data(8, data(1, "") + number(2, 13)))
    return path
