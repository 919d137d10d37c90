"""Makes a Pocket TTS model of 100 kB with random weights, in the package's own form. Needs pocket-tts."""

from pathlib import Path
from typing import Any

import yaml

LETTERS = " abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.,!?'"
FRAME_SAMPLES = 1_920


def about(**more: Any) -> dict[str, Any]:
    transformer = {
        "d_model": 16, "num_heads": 2, "num_layers": 1, "layer_scale": 0.01, "context": 50, "dim_feedforward": 32,
        "input_dimension": 16, "output_dimensions": [16],
    }  # fmt: skip
    seanet = {
        "dimension": 16, "channels": 1, "n_filters": 2, "n_residual_layers": 1, "ratios": [6, 5, 4], "kernel_size": 7,
        "residual_kernel_size": 3, "last_kernel_size": 3, "dilation_base": 2, "pad_mode": "constant", "compress": 2,
    }  # fmt: skip
    return {
        "default_temperature": 0.0,
        "default_eos_threshold": -1e9,
        "flow_lm": {
            "dtype": "float32",
            "insert_bos_before_voice": True,
            "flow": {"depth": 1, "dim": 16},
            "transformer": {"d_model": 32, "hidden_scale": 2, "max_period": 10_000, "num_heads": 2, "num_layers": 2},
            "lookup_table": {
                "dim": 32, "n_bins": len(LETTERS) + 1, "tokenizer": "tokenizers", "tokenizer_path": "tokenizer.json",
            },
        },
        "mimi": {
            "dtype": "float32", "sample_rate": 24_000, "inner_dim": 8, "outer_dim": 16, "channels": 1,
            "frame_rate": 12.5, "seanet": seanet, "transformer": transformer,
            "quantizer": {"dimension": 8, "output_dimension": 16},
        },
        **more,
    }  # fmt: skip


def write(folder: Path, seed: int = 1, **more: Any) -> Path:
    """Returns the configuration. The end of speech comes as early as the package allows."""
    import torch
    from pocket_tts import TTSModel
    from safetensors.torch import save_file
    from tokenizers import Regex, Tokenizer
    from tokenizers.decoders import Fuse
    from tokenizers.models import WordLevel
    from tokenizers.pre_tokenizers import Split

    folder.mkdir(parents=True, exist_ok=True)
    vocabulary = {letter: number for number, letter in enumerate(LETTERS)} | {"<unk>": len(LETTERS)}
    tokenizer = Tokenizer(WordLevel(vocabulary, unk_token="<unk>"))
    tokenizer.pre_tokenizer, tokenizer.decoder = Split(Regex("."), "isolated"), Fuse()
    tokenizer.save(str(folder / "tokenizer.json"))
    config, path = about(**more), folder / "tiny.yaml"
    config["flow_lm"]["lookup_table"]["tokenizer_path"] = str(folder / "tokenizer.json")
    path.write_text(yaml.safe_dump(config))
    threads = torch.get_num_threads()
    torch.manual_seed(seed)
    model = TTSModel.load_model(config=path)
    torch.set_num_threads(threads)
    for weight in model.parameters():
        torch.nn.init.normal_(weight, std=0.2)
    save_file({name: value.contiguous() for name, value in model.state_dict().items()}, folder / "model.safetensors")
    path.write_text(yaml.safe_dump(config | {"weights_path": str(folder / "model.safetensors")}))
    return path
