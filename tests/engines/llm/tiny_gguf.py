"""A GGUF file of a Llama with random weights and a byte-level vocabulary: 400 kB, so that tests run the real llama.cpp.

The format is that of the GGUF specification, version 3: magic, counts, key-value pairs, tensor infos, aligned data.
"""

import struct
from pathlib import Path
from typing import Any

import numpy as np

UINT32, FLOAT32, BOOL, STRING, ARRAY, INT32 = 4, 6, 7, 8, 9, 5
ALIGNMENT_BYTES = 32
DIM, HIDDEN, BLOCKS, HEADS = 64, 128, 2, 4
SPECIALS = ("<|endoftext|>", "<|im_start|>", "<|im_end|>")
TEMPLATE = (
    "{% for m in messages %}<|im_start|>{{ m['role'] }}\n{{ m['content'] }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


def write_tiny_gguf(path: Path, *, context_tokens: int = 2_048, seed: int = 1) -> Path:
    """Write the model to `path`; the same seed gives the same bytes."""
    symbols = _byte_symbols()
    tokens = [*symbols, *SPECIALS]
    fields: list[tuple[str, int, Any]] = [
        ("general.architecture", STRING, "llama"),
        ("general.name", STRING, "tiny"),
        ("llama.context_length", UINT32, context_tokens),
        ("llama.embedding_length", UINT32, DIM),
        ("llama.block_count", UINT32, BLOCKS),
        ("llama.feed_forward_length", UINT32, HIDDEN),
        ("llama.attention.head_count", UINT32, HEADS),
        ("llama.attention.head_count_kv", UINT32, HEADS),
        ("llama.attention.layer_norm_rms_epsilon", FLOAT32, 1e-5),
        ("llama.rope.dimension_count", UINT32, DIM // HEADS),
        ("llama.vocab_size", UINT32, len(tokens)),
        ("tokenizer.ggml.model", STRING, "gpt2"),
        ("tokenizer.ggml.pre", STRING, "gpt-2"),
        ("tokenizer.ggml.tokens", ARRAY, (STRING, tokens)),
        ("tokenizer.ggml.token_type", ARRAY, (INT32, [1] * len(symbols) + [3] * len(SPECIALS))),
        ("tokenizer.ggml.merges", ARRAY, (STRING, ["h e", "l l"])),
        ("tokenizer.ggml.bos_token_id", UINT32, len(symbols)),
        ("tokenizer.ggml.eos_token_id", UINT32, len(symbols) + 2),
        ("tokenizer.ggml.padding_token_id", UINT32, len(symbols)),
        ("tokenizer.ggml.add_bos_token", BOOL, False),
        ("tokenizer.chat_template", STRING, TEMPLATE),
    ]
    random = np.random.default_rng(seed)
    tensors = {name: _weights(random, shape) for name, shape in _shapes(len(tokens)).items()}
    head = struct.pack("<4sIQQ", b"GGUF", 3, len(tensors), len(fields))
    head += b"".join(_text(key) + struct.pack("<I", kind) + _value(kind, value) for key, kind, value in fields)
    data = b""
    for name, tensor in tensors.items():
        sizes = tensor.shape[::-1]  # the fastest dimension first
        head += _text(name) + struct.pack(f"<I{len(sizes)}QIQ", len(sizes), *sizes, 0, len(data))
        data += _padded(tensor.tobytes())
    path.write_bytes(_padded(head) + data)
    return path


def _shapes(n_tokens: int) -> dict[str, tuple[int, ...]]:
    shapes: dict[str, tuple[int, ...]] = {
        "token_embd.weight": (n_tokens, DIM),
        "output_norm.weight": (DIM,),
        "output.weight": (n_tokens, DIM),
    }
    for block in range(BLOCKS):
        for name in ("attn_q", "attn_k", "attn_v", "attn_output"):
            shapes[f"blk.{block}.{name}.weight"] = (DIM, DIM)
        for name in ("attn_norm", "ffn_norm"):
            shapes[f"blk.{block}.{name}.weight"] = (DIM,)
        for name in ("ffn_gate", "ffn_up"):
            shapes[f"blk.{block}.{name}.weight"] = (HIDDEN, DIM)
        shapes[f"blk.{block}.ffn_down.weight"] = (DIM, HIDDEN)
    return shapes


def _weights(random: np.random.Generator, shape: tuple[int, ...]) -> Any:
    if len(shape) == 1:
        return np.ones(shape, np.float32)
    return (random.standard_normal(shape) * 0.1).astype(np.float32)


def _byte_symbols() -> list[str]:
    """GPT-2's character for each byte: printable ones stand for themselves, others for those from 256 on."""
    printable = {*range(33, 127), *range(161, 173), *range(174, 256)}
    others = iter(range(256, 512))
    return [chr(byte if byte in printable else next(others)) for byte in range(256)]


def _text(text: str) -> bytes:
    data = text.encode()
    return struct.pack("<Q", len(data)) + data


def _value(kind: int, value: Any) -> bytes:
    if kind == STRING:
        return _text(value)
    if kind == ARRAY:
        item_kind, items = value
        return struct.pack("<IQ", item_kind, len(items)) + b"".join(_value(item_kind, item) for item in items)
    return struct.pack({UINT32: "<I", INT32: "<i", FLOAT32: "<f", BOOL: "<?"}[kind], value)


def _padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % ALIGNMENT_BYTES)
