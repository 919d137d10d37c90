"""Turn Silero VAD's 16 kHz ONNX file into the small .npz that Voi ships.

    pip download --no-deps silero-vad==6.2.3 && unzip -j silero_vad-*.whl '*16k_op15.onnx'
    python tools/convert_silero.py silero_vad_16k_op15.onnx voi/engines/vad/silero_v6_16k.npz

Reads the float tensors with a few lines of protobuf decoding, so that neither onnx nor onnxruntime is needed. Field
numbers: https://github.com/onnx/onnx/blob/main/onnx/onnx.proto3 (ModelProto, GraphProto, NodeProto, TensorProto).
"""

import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np

LENGTH_DELIMITED = 2
FIXED_BYTES = {1: 8, 5: 4}
FLOAT = 1  # TensorProto.DataType.FLOAT

NAMES = {
    **{
        f"model.encoder.{i}.reparam_conv.{part}": f"conv{i + 1}_{part}" for i in range(4) for part in ("weight", "bias")
    },
    **{
        f"model.decoder.rnn.{kind}_{which}": f"lstm_{kind}_{which}"
        for kind in ("weight", "bias")
        for which in ("ih", "hh")
    },
    "model.decoder.decoder.2.weight": "out_weight",
    "model.decoder.decoder.2.bias": "out_bias",
    "model.stft.forward_basis_buffer": "stft_basis",
}


def varint(buffer: memoryview, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = buffer[at]
        at += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value, at
        shift += 7


def fields(buffer: memoryview) -> Iterator[tuple[int, int | memoryview]]:
    at = 0
    while at < len(buffer):
        tag, at = varint(buffer, at)
        number, wire = tag >> 3, tag & 7
        if wire == 0:
            value, at = varint(buffer, at)
            yield number, value
            continue
        size = FIXED_BYTES.get(wire, 0)
        if wire == LENGTH_DELIMITED:
            size, at = varint(buffer, at)
        yield number, buffer[at : at + size]
        at += size


def tensor(buffer: memoryview) -> tuple[str, np.ndarray | None]:
    shape: list[int] = []
    name, kind, raw = "", 0, b""
    for number, value in fields(buffer):
        if number == 1 and isinstance(value, int):
            shape.append(value)
        elif number == 1:
            at = 0
            while at < len(value):
                size, at = varint(value, at)
                shape.append(size)
        elif number == 2:
            kind = int(value)
        elif number == 8:
            name = bytes(value).decode()
        elif number in (4, 9):  # float_data, raw_data: both little-endian float32
            raw += bytes(value)
    return name, np.frombuffer(raw, "<f4").reshape(shape) if kind == FLOAT else None


def tensors(graph: memoryview) -> Iterator[tuple[str, np.ndarray]]:
    for number, value in fields(graph):
        if number == 5:  # GraphProto.initializer
            name, array = tensor(value)
            if array is not None:
                yield name, array
        elif number == 1:  # GraphProto.node: constants, and the graphs inside If
            parts = list(fields(value))
            output = next((bytes(part).decode() for field, part in parts if field == 2), "")
            for attribute in (part for field, part in parts if field == 5):
                for field, part in fields(attribute):
                    if field == 5 and (array := tensor(part)[1]) is not None:
                        yield output, array
                    elif field == 6:
                        yield from tensors(part)


def main(source: Path, target: Path) -> None:
    model = memoryview(source.read_bytes())
    graph = next(value for number, value in fields(model) if number == 7)
    found = {NAMES[name]: array for name, array in tensors(graph) if name in NAMES}
    missing = sorted(set(NAMES.values()) - set(found))
    if missing:
        sys.exit(f"{source}: not the Silero v6 16 kHz model, these tensors are missing: {', '.join(missing)}")
    # The basis is the window times the real DFT, so the window is all that has to be kept: row 0 is window * cos 0.
    basis = found.pop("stft_basis")[:, 0]
    window = basis[0]
    turn = 2 * np.pi * np.outer(np.arange(129), np.arange(256)) / 256
    rebuilt = np.concatenate([np.cos(turn), -np.sin(turn)]) * window
    error = float(np.abs(rebuilt - basis).max())
    if error > 1e-6:
        sys.exit(f"{source}: its STFT is not a windowed DFT (off by {error:.1e})")
    np.savez_compressed(target, stft_window=window, **found)
    print(f"{target}: {target.stat().st_size} bytes, {sum(a.size for a in found.values())} weights")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(Path(sys.argv[1]), Path(sys.argv[2]))
