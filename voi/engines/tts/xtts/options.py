"""Checks the options of an XTTS model. Pure."""

import math
from collections.abc import Mapping
from typing import Any

SPEEDS = (0.5, 2.0)  # beyond these limits the sound breaks up
_WHOLE: dict[str, tuple[float, float]] = {
    "slots": (1, 128),
    "most_waiting": (0, 100_000),
    "memory_mb": (1, math.inf),
    "seed": (-math.inf, math.inf),
    "avg_text_len": (1, 10_000),
    "top_k": (1, math.inf),
}
_NUMBERS: dict[str, tuple[float, float]] = {
    "speed": SPEEDS,
    "temperature": (0.01, 10),
    "top_p": (0.01, 1),
    "repetition_penalty": (0.1, 100),
}
_YES_OR_NO = ("greedy",)
_ONE_OF = {
    "precision": ("auto", "float16", "bfloat16", "float32"),
    "vocoder_precision": ("auto", "tf32", "float16", "float32"),
}
TUNING = ("fused_activation", "plain_attention", "steps_ahead", "vocoder_stream")
"""Ways to compute the same that may be faster on some GPUs, none of which was at hand to tell: a layer's activation in
one kernel with the product before it; attention without torch's fused kernel; a step that is started before the codes
of the last are looked at; the vocoder beside the decoder, on a stream of its own."""
SAMPLING = ("temperature", "top_k", "top_p", "repetition_penalty", "greedy")


def problems_of(options: Mapping[str, Any]) -> list[str]:
    """The mistakes in the options, one line each. An option that is None was left out."""
    found = []
    for name, value in options.items():
        if value is None:
            continue
        if name in _WHOLE or name in _NUMBERS:
            low, high = (_WHOLE | _NUMBERS)[name]
            right = (int,) if name in _WHOLE else (int, float)
            if not isinstance(value, right) or isinstance(value, bool) or not low <= value <= high:
                kind = "a whole number" if name in _WHOLE else "a number"
                found.append(f"xtts: `{name}` must be {kind}{_between(low, high)}, not {value!r}.")
        elif name in _YES_OR_NO and not isinstance(value, bool):
            found.append(f"xtts: `{name}` must be true or false, not {value!r}.")
        elif name in _ONE_OF and value not in _ONE_OF[name]:
            *most, last = _ONE_OF[name]
            found.append(f"xtts: `{name}` must be {', '.join(most)} or {last}, not {value!r}.")
        elif name == "tuning":
            found += [
                f"xtts: `tuning` knows {', '.join(TUNING)}, not {wish!r}." for wish in value if wish not in TUNING
            ]
        elif name == "voice_tone_map":
            found += [
                f"xtts: `voice_tone_map`, tone {tone!r}: must be the name of a voice."
                for tone, wish in value.items()
                if not isinstance(wish, str)
            ]
    return found


def _between(low: float, high: float) -> str:
    if math.isinf(low):
        return ""
    return f" of {low} or more" if math.isinf(high) else f" from {low} to {high}"
