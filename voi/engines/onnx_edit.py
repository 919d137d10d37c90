"""Changes a serialized ONNX model, without the onnx package: further outputs, other constants, an input's shape.

A model file is a protobuf: fields one after the other, each a key (number << 3 | wire type) and a value (encoding:
protobuf.dev; field numbers: onnx.proto3). What is not changed is copied as it is.
"""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import numpy.typing as npt

MODEL_GRAPH = 7
GRAPH_NODE, GRAPH_INITIALIZER, GRAPH_INPUT, GRAPH_OUTPUT, GRAPH_VALUE_INFO = 1, 5, 11, 12, 13
NODE_OUTPUT, NODE_OPERATOR = 2, 4
TENSOR_DIMS, TENSOR_TYPE, TENSOR_NAME, TENSOR_RAW = 1, 2, 8, 9
VALUE_NAME, VALUE_TYPE = 1, 2
TYPE_TENSOR, ELEMENT_TYPE, SHAPE, DIM, DIM_VALUE = 1, 1, 2, 1, 1
FLOAT, INT64 = 1, 7
"""TensorProto.DataType."""
_BYTES = 2
"""Wire type of what has a length."""
_LENGTHS = {1: 8, 5: 4}
"""Of the wire types that have none to tell."""

Constant = npt.NDArray[np.float32] | npt.NDArray[np.int64]


def with_outputs(model: bytes, *names: str) -> bytes:
    """The model with these inner values as outputs, after its own outputs. Two protobufs end to end merge."""
    outputs = b"".join(_message(GRAPH_OUTPUT, _message(VALUE_NAME, name.encode())) for name in names)
    return model + _message(MODEL_GRAPH, outputs)


def values_of(model: bytes, operator: str) -> list[str]:
    """Names of the inner values that nodes of this operator, such as "Round", compute. Raises ValueError for what is no
    model."""
    return [
        _name(node, NODE_OUTPUT)
        for number, _, graph in _fields(model)
        for inner, _, node in (_fields(graph) if number == MODEL_GRAPH else ())
        if inner == GRAPH_NODE and _name(node, NODE_OPERATOR) == operator
    ]


def constant(model: bytes, name: str) -> Constant:
    """A constant of the model, float or int64. Raises ValueError if there is none of that name stored as raw bytes."""
    for number, _, graph in _fields(model):
        for inner, _, tensor in _fields(graph) if number == MODEL_GRAPH else ():
            if inner == GRAPH_INITIALIZER and _name(tensor, TENSOR_NAME) == name:
                return _array(tensor, name)
    raise ValueError(f"the model has no constant {name}")


def with_constants(model: bytes, constants: Mapping[str, Constant], inputs: Mapping[str, Sequence[int]]) -> bytes:
    """The model with other values for these constants, and inputs (floats) of these shapes. What was noted of the
    shapes of inner values is left out, as it may no longer hold. Raises ValueError for what is no model."""
    return b"".join(
        _message(number, _graph(content, constants, inputs)) if number == MODEL_GRAPH else whole
        for number, whole, content in _fields(model)
    )


def _graph(graph: bytes, constants: Mapping[str, Constant], inputs: Mapping[str, Sequence[int]]) -> bytes:
    fields = []
    for number, whole, content in _fields(graph):
        if number == GRAPH_INITIALIZER and (name := _name(content, TENSOR_NAME)) in constants:
            fields.append(_message(number, _tensor(name, constants[name])))
        elif number == GRAPH_INPUT and (name := _name(content, VALUE_NAME)) in inputs:
            fields.append(_message(number, _value(name, inputs[name])))
        elif number != GRAPH_VALUE_INFO:
            fields.append(whole)
    return b"".join(fields)


def _tensor(name: str, values: Constant) -> bytes:
    dims = b"".join(_number(TENSOR_DIMS, size) for size in values.shape)
    kind = _number(TENSOR_TYPE, INT64 if values.dtype == np.int64 else FLOAT)
    return dims + kind + _message(TENSOR_NAME, name.encode()) + _message(TENSOR_RAW, values.tobytes())


def _array(tensor: bytes, name: str) -> Constant:
    shape, kind, raw = [], 0, b""
    for number, whole, content in _fields(tensor):
        if number == TENSOR_DIMS:
            numbers = content or whole[1:]  # in one field all of them, or in each one
            at = 0
            while at < len(numbers):
                size, at = _read_varint(numbers, at)
                shape.append(size)
        elif number == TENSOR_TYPE:
            kind = _read_varint(whole, 1)[0]
        elif number == TENSOR_RAW:
            raw = content
    if kind not in (FLOAT, INT64) or not raw:
        raise ValueError(f"the constant {name} is no raw float or int64")
    return (
        np.frombuffer(raw, np.int64).reshape(shape) if kind == INT64 else np.frombuffer(raw, np.float32).reshape(shape)
    )


def _value(name: str, shape: Sequence[int]) -> bytes:
    dims = b"".join(_message(DIM, _number(DIM_VALUE, size)) for size in shape)
    tensor = _number(ELEMENT_TYPE, FLOAT) + _message(SHAPE, dims)
    return _message(VALUE_NAME, name.encode()) + _message(VALUE_TYPE, _message(TYPE_TENSOR, tensor))


def _name(message: bytes, number: int) -> str:
    return next((content.decode() for found, _, content in _fields(message) if found == number), "")


def _fields(message: bytes) -> Iterator[tuple[int, bytes, bytes]]:
    """Of each field its number, the whole of it, and what is in it if that has a length (else nothing). Raises
    ValueError for what is no protobuf."""
    at = 0
    while at < len(message):
        start = at
        key, at = _read_varint(message, at)
        kind = key & 7
        if kind == _BYTES:
            length, at = _read_varint(message, at)
        else:
            length = _LENGTHS.get(kind) or _read_varint(message, at)[1] - at
        end = at + length
        if kind not in (0, _BYTES, *_LENGTHS) or end > len(message):
            raise ValueError("no ONNX model")
        yield key >> 3, message[start:end], message[at:end] if kind == _BYTES else b""
        at = end


def _read_varint(message: bytes, at: int) -> tuple[int, int]:
    """The number that begins there, and where it ends."""
    value = shift = 0
    while at < len(message) and shift < 64:
        byte = message[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7
    raise ValueError("no ONNX model")


def _message(number: int, content: bytes) -> bytes:
    return _varint(number << 3 | _BYTES) + _varint(len(content)) + content


def _number(number: int, value: int) -> bytes:
    return _varint(number << 3) + _varint(value)


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes((*out, value))
