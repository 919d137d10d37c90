"""A tiny XTTS with random weights in the real layout, and Coqui's reference for it where coqui-tts is installed."""

import json
import sys
import types
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import pytest
import torch

from tests.engines.tts.xtts.tiny_vocabulary import LANGUAGES, text_token_count, vocabulary
from voi.engines.tts.xtts.model import Files, Running, place, read

WIDTH, LAYERS, HEADS = 64, 2, 4
CONDITIONING = 32
VOICES = ("Robin", "Robin warm", "Claire")
START_CODE, STOP_CODE, CODES = 126, 127, 128
ARGS = {
    "gpt_max_audio_tokens": 60,
    "gpt_max_text_tokens": 120,
    "gpt_max_prompt_tokens": 70,
    "gpt_layers": LAYERS,
    "gpt_n_model_channels": WIDTH,
    "gpt_n_heads": HEADS,
    "gpt_num_audio_tokens": CODES,
    "gpt_start_audio_token": START_CODE,
    "gpt_stop_audio_token": STOP_CODE,
    "gpt_use_perceiver_resampler": True,
    "decoder_input_dim": WIDTH,
    "d_vector_dim": 512,
}


def need_coqui() -> Any:
    """coqui-tts's XTTS, or a skipped test. With a CPU torch torchaudio's library cannot load; XTTS needs none of it."""
    pytest.importorskip("transformers")
    if "torchaudio._extension" not in sys.modules and not torch.cuda.is_available():
        stub = types.ModuleType("torchaudio._extension")
        for flag in ("_IS_TORCHAUDIO_EXT_AVAILABLE", "_IS_ALIGN_AVAILABLE", "_IS_RIR_AVAILABLE"):
            setattr(stub, flag, False)
        stub._load_lib = lambda: None  # type: ignore[attr-defined]
        stub._check_cuda_version = lambda: None  # type: ignore[attr-defined]
        stub.fail_if_no_align = lambda function: function  # type: ignore[attr-defined]
        stub.fail_if_no_rir = lambda function: function  # type: ignore[attr-defined]
        sys.modules["torchaudio._extension"] = stub
    pytest.importorskip("TTS")
    from TTS.tts.models import xtts

    return xtts


def config_json(folder: Path, **changes: Any) -> Path:
    path = folder / "config.json"
    raw = {"model": "xtts", "model_args": ARGS | changes, "languages": LANGUAGES,
           "audio": {"sample_rate": 22050, "output_sample_rate": 24000},
           "temperature": 0.75, "top_k": 50, "top_p": 0.85, "repetition_penalty": 5.0}  # fmt: skip
    path.write_text(json.dumps(raw))
    return path


def voices_pth(folder: Path, seed: int = 0) -> Path:
    random = torch.Generator().manual_seed(seed)
    path = folder / "speakers_xtts.pth"
    torch.save(
        {
            name: {
                "gpt_cond_latent": torch.randn(1, CONDITIONING, WIDTH, generator=random),
                "speaker_embedding": torch.randn(1, 512, 1, generator=random),
            }
            for name in VOICES
        },
        path,
    )
    return path


def state(
    seed: int = 0, channels: int = 16, text_tokens: int | None = None, sizes: Mapping[str, Any] = ARGS
) -> dict[str, torch.Tensor]:
    """A state dict with the names and shapes of the published model.pth, random, but for what only cloning needs.
    `sizes`: config.json's `model_args`; `channels`: of the waveform decoder's first stage, 512 in XTTS-v2."""
    wide, codes = sizes["gpt_n_model_channels"], sizes["gpt_num_audio_tokens"]
    random = torch.Generator().manual_seed(seed)

    def normal(*shape: int, scale: float = 1.0) -> torch.Tensor:
        return torch.randn(*shape, generator=random) * scale

    made: dict[str, torch.Tensor] = {"mel_stats": torch.ones(80)}

    def linear(name: str, rows: int, columns: int) -> None:  # as it is multiplied from the right
        made[f"{name}.weight"], made[f"{name}.bias"] = (
            normal(rows, columns, scale=rows**-0.5),
            normal(columns, scale=0.1),
        )

    def norm(name: str) -> None:
        made[f"{name}.weight"], made[f"{name}.bias"] = 1 + normal(wide, scale=0.1), normal(wide, scale=0.1)

    made["gpt.text_embedding.weight"] = normal(text_tokens or text_token_count(), wide)
    made["gpt.text_pos_embedding.emb.weight"] = normal(sizes["gpt_max_text_tokens"] + 2, wide, scale=0.5)
    made["gpt.mel_embedding.weight"] = normal(codes, wide)
    made["gpt.mel_pos_embedding.emb.weight"] = normal(sizes["gpt_max_audio_tokens"] + 3, wide, scale=0.5)
    for layer in range(sizes["gpt_layers"]):
        at = f"gpt.gpt.h.{layer}"
        norm(f"{at}.ln_1")
        norm(f"{at}.ln_2")
        linear(f"{at}.attn.c_attn", wide, 3 * wide)
        linear(f"{at}.attn.c_proj", wide, wide)
        linear(f"{at}.mlp.c_fc", wide, 4 * wide)
        linear(f"{at}.mlp.c_proj", 4 * wide, wide)
    norm("gpt.gpt.ln_f")
    norm("gpt.final_norm")
    made["gpt.mel_head.weight"], made["gpt.mel_head.bias"] = normal(codes, wide, scale=0.3), normal(codes, scale=0.3)
    made["gpt.mel_head.bias"][sizes["gpt_stop_audio_token"]] += 2.5  # so that sentences have all sorts of lengths
    made["gpt.text_head.weight"] = normal(len(made["gpt.text_embedding.weight"]), wide)
    made["gpt.text_head.bias"] = normal(len(made["gpt.text_embedding.weight"]))

    at = "hifigan_decoder.waveform_decoder"

    def conv(name: str, *shape: int, bias: int = 0, gain: float = 1.0, normed: bool = False) -> None:
        weight = normal(*shape, scale=gain * (shape[1] * shape[2]) ** -0.5)
        if normed:
            made[f"{at}.{name}.parametrizations.weight.original0"] = weight.norm(dim=(1, 2), keepdim=True) * 1.1
            made[f"{at}.{name}.parametrizations.weight.original1"] = weight
        else:
            made[f"{at}.{name}.weight"] = weight
        if bias:
            made[f"{at}.{name}.bias"] = normal(bias, scale=0.05)

    conv("conv_pre", channels, wide, 7, bias=channels)
    conv("cond_layer", channels, 512, 1, bias=channels, gain=0.3)
    width = channels
    for stage, kernel in enumerate((16, 16, 4, 4)):
        conv(f"ups.{stage}", width, width // 2, kernel, bias=width // 2, gain=2.0, normed=True)
        width //= 2
        conv(f"conds.{stage}", width, 512, 1, bias=width, gain=0.3)
        for block, size in enumerate((3, 7, 11)):
            for number in range(3):
                for half in ("convs1", "convs2"):
                    conv(f"resblocks.{stage * 3 + block}.{half}.{number}", width, width, size, bias=width, normed=True)
    conv("conv_post", 1, width, 7, gain=0.1)
    return made


def make(folder: Path, seed: int = 0, **changes: Any) -> dict[str, Path]:
    """The four files, as keyword options of the engine."""
    folder.mkdir(parents=True, exist_ok=True)
    checkpoint = folder / "model.pth"
    torch.save({"model": state(seed), "config": {}, "step": 1}, checkpoint)
    return {"checkpoint": checkpoint, "config": config_json(folder, **changes), "tokenizer": vocabulary(folder),
            "voices": voices_pth(folder, seed)}  # fmt: skip


def load(
    files: dict[str, Path],
    slots: int = 8,
    precision: str = "float32",
    same_shapes: bool = False,
    vocoder_precision: str = "tf32",
    tuning: Collection[str] = (),
) -> Running:
    """Nothing of it is recorded."""
    with torch.inference_mode():
        placing = place(
            read(Files(**files), precision, vocoder_precision),
            device="cpu",
            slots=slots,
            most_waiting=64,
            memory_bytes=None,
            same_shapes=same_shapes,
            tf32=vocoder_precision == "tf32",
            tuning=tuning,
        )
        while True:
            try:
                next(placing)
            except StopIteration as done:
                return done.value  # type: ignore[no-any-return]


def reference(files: dict[str, Path], channels: int = 16) -> Any:
    """Coqui's Xtts with the same weights."""
    xtts = need_coqui()
    from TTS.tts.configs.xtts_config import XttsConfig
    from TTS.tts.layers.xtts.hifigan_decoder import HifiDecoder

    config = XttsConfig()
    config.load_json(str(files["config"]))
    model = xtts.Xtts(config)
    model.tokenizer = xtts.VoiceBpeTokenizer(vocab_file=str(files["tokenizer"]))
    model.init_models()
    model.hifigan_decoder = HifiDecoder(
        decoder_input_dim=config.model_args.gpt_n_model_channels,
        d_vector_dim=512,
        upsample_initial_channel_decoder=channels,
        output_sample_rate=24_000,
    )
    own = torch.load(files["checkpoint"], weights_only=True)["model"]
    missing, unexpected = model.load_state_dict(own, strict=False)
    assert not unexpected
    assert all("conditioning" in key or "speaker_encoder" in key for key in missing), missing
    model.eval()
    return model
