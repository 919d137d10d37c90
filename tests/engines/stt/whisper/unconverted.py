"""The way back from converted.py: a folder that CTranslate2 reads as a checkpoint of OpenAI's format."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

TYPES = (np.float32, np.int8, np.int16, np.int32, np.float16)
"""By the number that model.bin gives them; weights in eight bits are not read."""


def unconvert(folder: Path, checkpoint: Path) -> Path:
    """`checkpoint` is written. Weights keep their precision."""
    stored = read(folder / "model.bin")
    state: dict[str, torch.Tensor] = {}

    def put(name: str, values: NDArray[Any]) -> None:
        state[name] = torch.from_numpy(values.copy())

    def linear(name: str, values: str) -> None:
        put(f"{name}.weight", stored[f"{values}/weight"])
        put(f"{name}.bias", stored[f"{values}/bias"])

    def norm(name: str, values: str) -> None:
        put(f"{name}.weight", stored[f"{values}/gamma"])
        put(f"{name}.bias", stored[f"{values}/beta"])

    def attention(name: str, values: str, parts: list[tuple[str, ...]]) -> None:
        """`parts`: which projections each stored matrix joins. The key has no bias at OpenAI, and zeros here."""
        for at, joined in enumerate(parts):
            for kind in ("weight", "bias"):
                pieces = np.split(stored[f"{values}/linear_{at}/{kind}"], len(joined))
                for part, piece in zip(joined, pieces, strict=True):
                    if (part, kind) != ("key", "bias"):
                        put(f"{name}.{part}.{kind}", piece)

    layers = {side: count_of(stored, side) for side in ("encoder", "decoder")}
    for side, count in layers.items():
        for at in range(count):
            ours, theirs = f"{side}.blocks.{at}", f"{side}/layer_{at}"
            attention(f"{ours}.attn", f"{theirs}/self_attention", [("query", "key", "value"), ("out",)])
            norm(f"{ours}.attn_ln", f"{theirs}/self_attention/layer_norm")
            if side == "decoder":
                attention(f"{ours}.cross_attn", f"{theirs}/attention", [("query",), ("key", "value"), ("out",)])
                norm(f"{ours}.cross_attn_ln", f"{theirs}/attention/layer_norm")
            linear(f"{ours}.mlp.0", f"{theirs}/ffn/linear_0")
            linear(f"{ours}.mlp.2", f"{theirs}/ffn/linear_1")
            norm(f"{ours}.mlp_ln", f"{theirs}/ffn/layer_norm")
        put(f"{side}.positional_embedding", stored[f"{side}/position_encodings/encodings"])
    for conv in ("conv1", "conv2"):
        linear(f"encoder.{conv}", f"encoder/{conv}")
    norm("encoder.ln_post", "encoder/layer_norm")
    norm("decoder.ln", "decoder/layer_norm")
    put("decoder.token_embedding.weight", stored["decoder/embeddings/weight"])
    vocabulary, width = stored["decoder/embeddings/weight"].shape
    dims = {
        "n_mels": stored["encoder/conv1/weight"].shape[1],
        "n_audio_ctx": len(stored["encoder/position_encodings/encodings"]),
        "n_audio_state": width,
        "n_audio_head": int(stored["encoder/num_heads"]),
        "n_audio_layer": layers["encoder"],
        "n_vocab": vocabulary,
        "n_text_ctx": len(stored["decoder/position_encodings/encodings"]),
        "n_text_state": width,
        "n_text_head": int(stored["decoder/num_heads"]),
        "n_text_layer": layers["decoder"],
    }
    torch.save({"dims": dims, "model_state_dict": state}, checkpoint)
    return checkpoint


def count_of(stored: dict[str, NDArray[Any]], side: str) -> int:
    """How many layers."""
    return len({match[0] for name in stored if (match := re.match(rf"{side}/layer_\d+/", name))})


def read(path: Path) -> dict[str, NDArray[Any]]:
    """The arrays of a model.bin, by name. Numbers in it are little-endian; texts have their length before them, and a
    zero after."""
    content, at = path.read_bytes(), 0

    def number(size: int) -> int:
        nonlocal at
        at += size
        return int.from_bytes(content[at - size : at], "little")

    def text() -> str:
        nonlocal at
        length = number(2)
        at += length
        return content[at - length : at - 1].decode()

    number(4), text(), number(4)  # the format's version, whose model, its version
    arrays = {}
    for _ in range(number(4)):
        name = text()
        shape = [number(4) for _ in range(number(1))]
        kind, size = TYPES[number(1)], number(4)
        arrays[name] = np.frombuffer(content, kind, size // np.dtype(kind).itemsize, at).reshape(shape)
        at += size
    return arrays
