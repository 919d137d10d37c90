"""The sizes of an XTTS model, from its config.json, and what they cost in memory. Pure."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from voi.errors import ConfigError

LANGUAGES = ("en", "es", "fr", "de", "it", "pt", "pl", "tr", "ru", "nl", "cs", "ar", "zh-cn", "hu", "ko", "ja", "hi")

PLACES_STEP = 16


@dataclass(frozen=True, slots=True)
class Sampling:
    """How the next code is drawn. `top_k` 0: all codes may be drawn. `greedy`: always the likeliest, nothing drawn."""

    temperature: float = 0.75
    top_k: int = 50
    top_p: float = 0.85
    repetition_penalty: float = 5.0
    greedy: bool = False


@dataclass(frozen=True, slots=True)
class Layout:
    """Names as in config.json's `model_args`, defaults those of Coqui's XttsArgs. Rates in Hz, lengths in samples."""

    gpt_layers: int = 30
    gpt_n_model_channels: int = 1024
    gpt_n_heads: int = 16
    gpt_max_audio_tokens: int = 605
    gpt_max_text_tokens: int = 402
    gpt_num_audio_tokens: int = 8194
    gpt_start_audio_token: int = 8192
    gpt_stop_audio_token: int = 8193
    gpt_code_stride_len: int = 1024
    input_sample_rate: int = 22_050
    output_sample_rate: int = 24_000
    output_hop_length: int = 256
    languages: tuple[str, ...] = LANGUAGES
    sampling: Sampling = field(default_factory=Sampling)

    @property
    def max_codes(self) -> int:
        """Codes that one sentence may have: Coqui's max_gen_mel_tokens (one conditioning input, start and stop)."""
        return self.gpt_max_audio_tokens - 3

    @property
    def head_width(self) -> int:
        return self.gpt_n_model_channels // self.gpt_n_heads

    def positions(self, conditioning: int) -> int:
        """Places in one sentence's cache: voice, text with its two marks, the start code and all codes; rounded up to
        the number that attention kernels read at a time."""
        needed = conditioning + self.gpt_max_text_tokens + 2 + 1 + self.max_codes
        return -(-needed // PLACES_STEP) * PLACES_STEP

    def cache_bytes(self, conditioning: int, bytes_each: int) -> int:
        """Bytes of one sentence's keys and values."""
        return 2 * self.gpt_layers * self.gpt_n_model_channels * self.positions(conditioning) * bytes_each


def read_layout(path: Path) -> Layout:
    """The layout in a config.json. Raises ConfigError when the file cannot be read or is not an XTTS configuration."""
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ConfigError(f"XTTS configuration {path}: {error}") from None
    if not isinstance(raw, dict) or not isinstance(raw.get("model_args"), dict):
        raise ConfigError(f"XTTS configuration {path}: there is no `model_args`; it is not the config.json of XTTS.")
    return layout_of(raw, str(path))


def layout_of(raw: Mapping[str, Any], name: str) -> Layout:
    """The layout in `raw`, the content of config.json. `name`: the file's name, for the ConfigError."""
    args = raw["model_args"]
    known = {f.name for f in fields(Layout) if f.name.startswith(("gpt_", "input_", "output_"))}
    sizes = {key: args[key] for key in known if args.get(key) is not None}
    wrong = [key for key, value in sizes.items() if not isinstance(value, int) or value < 0]
    usual = Sampling()
    drawn = {key: raw.get(key, getattr(usual, key)) for key in ("temperature", "top_k", "top_p", "repetition_penalty")}
    wrong += [key for key, value in drawn.items() if not isinstance(value, int | float) or value < 0]
    languages = raw.get("languages") or LANGUAGES
    if not isinstance(languages, list | tuple) or not all(isinstance(code, str) for code in languages):
        wrong.append("languages")
    if wrong:
        raise ConfigError(f"XTTS configuration {name}: {', '.join(wrong)} cannot be used.")
    layout = Layout(**sizes, languages=tuple(languages), sampling=Sampling(**drawn))
    if layout.gpt_n_model_channels % max(1, layout.gpt_n_heads) or layout.max_codes < 1:
        raise ConfigError(f"XTTS configuration {name}: its sizes contradict each other.")
    return layout
