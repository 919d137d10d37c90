from voi.engines.speech_to_speech.uses import PROVIDER, uses_of
from voi.use import Use

USAGE = {
    "total_tokens": 253, "input_tokens": 132, "output_tokens": 121,
    "input_token_details": {
        "text_tokens": 119, "audio_tokens": 13, "cached_tokens": 70,
        "cached_tokens_details": {"text_tokens": 64, "audio_tokens": 6},
    },
    "output_token_details": {"text_tokens": 30, "audio_tokens": 91},
}  # fmt: skip


def test_each_kind_of_tokens_is_told_apart_and_none_twice() -> None:
    uses = list(uses_of("m", USAGE, 4_550, 900))
    assert uses == [
        Use("llm", PROVIDER, "m", 55, 30),
        Use("llm", PROVIDER, "m/audio", 7, 91, sound_ms=4_550),
        Use("llm", PROVIDER, "m/cached", 70),
    ]
    assert sum(use.input_tokens for use in uses) == 132
    assert sum(use.output_tokens for use in uses) == 121


def test_what_was_not_counted_is_estimated_from_the_sound() -> None:
    assert list(uses_of("m", {}, 2_000, 900)) == [
        Use("llm", PROVIDER, "m/audio", 0, 40, sound_ms=2_000, estimated=True)
    ]


def test_nonsense_counts_nothing() -> None:
    usage = {"input_tokens": "7", "output_tokens": -1, "input_token_details": [], "output_token_details": None}
    assert all(use.output_tokens == 0 for use in uses_of("m", usage, 0, 0))
