"""A checkpoint of OpenAI's format as the folder that faster-whisper reads: model.bin, config.json, tokenizer.json."""

import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import torch


def convert(checkpoint: Path, folder: Path) -> Path:
    """The layout of `ctranslate2.specs.WhisperSpec`; multilingual checkpoints only."""
    from ctranslate2.specs import WhisperSpec

    content = torch.load(checkpoint, weights_only=True)
    dims, state = content["dims"], {name: tensor.numpy() for name, tensor in content["model_state_dict"].items()}
    spec = WhisperSpec(dims["n_audio_layer"], dims["n_audio_head"], dims["n_text_layer"], dims["n_text_head"])
    _encoder(spec.encoder, state)
    _decoder(spec.decoder, state)
    vocabulary = _vocabulary()
    first_language, languages = 50_259, 99
    spec.config.suppress_ids = []
    spec.config.suppress_ids_begin = [220, 50_257]
    spec.config.lang_ids = list(range(first_language, first_language + languages))
    heads = [[layer, head] for layer in range(dims["n_text_layer"] // 2, dims["n_text_layer"]) for head in range(2)]
    spec.config.alignment_heads = heads
    spec.register_vocabulary(list(vocabulary))
    spec.validate()
    spec.optimize()
    folder.mkdir()
    spec.save(str(folder))
    (folder / "tokenizer.json").write_text(json.dumps(_tokenizer(vocabulary)))
    return folder


def _norm(spec: Any, state: dict[str, Any], name: str) -> None:
    spec.gamma, spec.beta = state[f"{name}.weight"], state[f"{name}.bias"]


def _linear(spec: Any, weight: Any, bias: Any) -> None:
    spec.weight, spec.bias = weight, bias


def _joined(state: dict[str, Any], name: str, parts: tuple[str, ...]) -> tuple[Any, Any]:
    """Key, query and value in one; the key has no bias."""
    import numpy as np

    no_bias = np.zeros_like(state[f"{name}.query.bias"])
    return (
        np.concatenate([state[f"{name}.{part}.weight"] for part in parts]),
        np.concatenate([state.get(f"{name}.{part}.bias", no_bias) for part in parts]),
    )


def _layer(spec: Any, state: dict[str, Any], name: str, *, cross: bool) -> None:
    _linear(spec.self_attention.linear[0], *_joined(state, f"{name}.attn", ("query", "key", "value")))
    _linear(spec.self_attention.linear[1], state[f"{name}.attn.out.weight"], state[f"{name}.attn.out.bias"])
    _norm(spec.self_attention.layer_norm, state, f"{name}.attn_ln")
    if cross:
        _linear(spec.attention.linear[0], *_joined(state, f"{name}.cross_attn", ("query",)))
        _linear(spec.attention.linear[1], *_joined(state, f"{name}.cross_attn", ("key", "value")))
        _linear(spec.attention.linear[2], state[f"{name}.cross_attn.out.weight"], state[f"{name}.cross_attn.out.bias"])
        _norm(spec.attention.layer_norm, state, f"{name}.cross_attn_ln")
    _linear(spec.ffn.linear_0, state[f"{name}.mlp.0.weight"], state[f"{name}.mlp.0.bias"])
    _linear(spec.ffn.linear_1, state[f"{name}.mlp.2.weight"], state[f"{name}.mlp.2.bias"])
    _norm(spec.ffn.layer_norm, state, f"{name}.mlp_ln")


def _encoder(spec: Any, state: dict[str, Any]) -> None:
    for number, conv in enumerate((spec.conv1, spec.conv2), 1):
        _linear(conv, state[f"encoder.conv{number}.weight"], state[f"encoder.conv{number}.bias"])
    spec.position_encodings.encodings = state["encoder.positional_embedding"]
    for number, layer in enumerate(spec.layer):
        _layer(layer, state, f"encoder.blocks.{number}", cross=False)
    _norm(spec.layer_norm, state, "encoder.ln_post")


def _decoder(spec: Any, state: dict[str, Any]) -> None:
    spec.embeddings.weight = state["decoder.token_embedding.weight"]
    spec.projection.weight = spec.embeddings.weight
    spec.position_encodings.encodings = state["decoder.positional_embedding"]
    for number, layer in enumerate(spec.layer):
        _layer(layer, state, f"decoder.blocks.{number}", cross=True)
    _norm(spec.layer_norm, state, "decoder.ln")


def _vocabulary() -> dict[str, int]:
    """OpenAI's multilingual tokens, bytes written as letters the way byte-level tokenizers do."""
    from whisper.tokenizer import get_encoding

    encoding = get_encoding("multilingual", num_languages=99)
    letters = _byte_letters()
    tokens = {}
    for token_id in range(encoding.n_vocab):
        raw = encoding.decode_single_token_bytes(token_id)
        special = token_id >= encoding.eot_token
        tokens[raw.decode() if special else "".join(letters[byte] for byte in raw)] = token_id
    return tokens


def _byte_letters() -> dict[int, str]:
    """GPT-2's: printable bytes stand for themselves, the others for what follows Latin-1."""
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [byte for byte in range(256) if byte not in printable]
    return {byte: chr(byte) for byte in printable} | {byte: chr(256 + at) for at, byte in enumerate(others)}


def _tokenizer(vocabulary: dict[str, int]) -> dict[str, Any]:
    end = vocabulary["<|endoftext|>"]
    text = {token: number for token, number in vocabulary.items() if number < end}
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [
            {"id": number, "content": token, "single_word": False, "lstrip": False, "rstrip": False}
            | {"normalized": False, "special": True}
            for token, number in vocabulary.items()
            if number >= end
        ],
        "normalizer": None,
        "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True},
        "post_processor": None,
        "decoder": {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": True, "use_regex": True},
        "model": {"type": "BPE", "vocab": text, "merges": _merges(text)},
    }


def _merges(text: dict[str, int]) -> list[list[str]]:
    """How each token came about: the two older tokens that its letters merge to last."""
    merges = []
    for token, rank in sorted(text.items(), key=lambda entry: entry[1]):
        parts = list(token)
        while len(parts) > 2:
            ranks = [text.get(a + b, rank) for a, b in pairwise(parts)]
            at = min(range(len(ranks)), key=ranks.__getitem__)
            if ranks[at] >= rank:
                break
            parts[at : at + 2] = [parts[at] + parts[at + 1]]
        if len(parts) == 2:
            merges.append(parts)
    return merges
