"""Adds outputs to an ONNX model, without the onnx package.

A model file is a serialized protobuf, and two protobufs end to end merge. What is appended here is a ModelProto whose
graph has only the names of further outputs (field numbers: onnx.proto3; merging: protobuf.dev, "Last One Wins").
"""

MODEL_GRAPH, GRAPH_OUTPUT, VALUE_NAME = 7, 12, 1
"""Field numbers of ModelProto.graph, GraphProto.output and ValueInfoProto.name."""


def with_outputs(model: bytes, *names: str) -> bytes:
    """The model with these inner values as outputs, after its own outputs."""
    outputs = b"".join(_field(GRAPH_OUTPUT, _field(VALUE_NAME, name.encode())) for name in names)
    return model + _field(MODEL_GRAPH, outputs)


def _field(number: int, content: bytes) -> bytes:
    return _varint(number << 3 | 2) + _varint(len(content)) + content


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes((*out, value))
