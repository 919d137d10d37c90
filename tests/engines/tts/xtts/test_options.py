from pathlib import Path
from typing import Any

import pytest

from voi.engines.tts.xtts.engine import Xtts
from voi.engines.tts.xtts.options import problems_of
from voi.errors import ConfigError

FILES = {"checkpoint": "model.pth", "config": "config.json", "voices": "speakers.pth"}


@pytest.mark.parametrize(
    ("name", "value", "wanted"),
    [
        ("speed", "fast", "a number from 0.5 to 2.0"), ("speed", 9, "a number from 0.5 to 2.0"),
        ("slots", "many", "a whole number from 1 to 128"), ("slots", True, "a whole number"),
        ("slots", 2.5, "a whole number"), ("seed", "a", "a whole number, not 'a'"),
        ("memory_mb", -1, "a whole number of 1 or more"), ("temperature", "hot", "a number from"),
        ("temperature", -1, "a number from"), ("temperature", float("nan"), "a number from"),
        ("top_k", -3, "a whole number of 1 or more"), ("top_p", 2, "a number from 0.01 to 1"),
        ("greedy", "yes", "true or false"), ("precision", "int3", "auto, float16, bfloat16 or float32"),
        ("vocoder_precision", "fp8", "auto, tf32, float16 or float32"),
        ("tuning", ["plain_attention", "magic"], "fused_activation, plain_attention, steps_ahead"),
        ("voice_tone_map", {"warm": 5}, "the name of a voice"),
    ],
)  # fmt: skip
def test_wrong_values_are_named(name: str, value: Any, wanted: str) -> None:
    [problem] = problems_of({name: value})
    assert f"`{name}`" in problem
    assert wanted in problem
    with pytest.raises(ConfigError, match=f"`{name}`"):
        Xtts(**FILES, **{name: value})


def test_all_mistakes_are_told_together() -> None:
    with pytest.raises(ConfigError) as caught:
        Xtts(**FILES, sped=1, speed=0, top_k=0)
    assert len(caught.value.problems) == 3


def test_what_is_right_or_left_out_passes() -> None:
    assert not problems_of({"speed": 1, "slots": None, "seed": -5, "top_p": 1, "greedy": False, "precision": "auto"})
    Xtts(**FILES, temperature=0.65, top_k=50)


async def test_a_language_that_the_model_does_not_speak_is_a_mistake_at_the_start(files: dict[str, Path]) -> None:
    with pytest.raises(ConfigError, match="`language`: XTTS does not speak 'sv'"):
        await Xtts(**files, language="sv").warm_up()
