"""What a row begins with, with a tokenizer that makes a token of each letter."""

import pytest

from voi.engines.stt.whisper.passes import BYTES_PER_MS, Pass
from voi.engines.stt.whisper.tokens import beginning, choose_language, frames_of
from voi.engines.stt.whisper.words import RawWord

PREVIOUS, START, NO_TIMES = 1_001, 1_002, 1_003
ROOM = 220


class Letters:
    eot, sot_prev, no_timestamps = 1_000, PREVIOUS, NO_TIMES
    sot_sequence = (START, 1_004, 1_005)

    def encode(self, text: str) -> list[int]:
        return [ord(letter) for letter in text]

    def split_to_word_tokens(self, tokens: list[int]) -> tuple[list[str], list[list[int]]]:
        raise AssertionError(tokens)


def words(*tokens: int) -> tuple[RawWord, ...]:
    return tuple(RawWord("", (token,)) for token in tokens)


def test_nothing_before_the_transcript() -> None:
    begin = beginning(Pass(bytes(2_000 * BYTES_PER_MS)), Letters())
    assert begin.tokens == [*Letters.sot_sequence, NO_TIMES]
    assert (begin.start, begin.prefix, begin.most) == (0, 0, 16 + 24)


def test_of_a_long_prompt_the_first_half_of_the_room_and_of_the_context_the_end() -> None:
    context = words(*range(300, 600))
    begin = beginning(Pass(b"", prompt="a" * 400, context=context), Letters())
    prompt = [ord(" "), *[ord("a")] * (ROOM // 2 - 1)]
    assert begin.tokens[: begin.start] == [PREVIOUS, *prompt, *range(600 - ROOM // 2, 600)]
    assert begin.tokens[begin.start] == START


def test_a_prefix_that_is_too_long_leaves_room_for_what_follows() -> None:
    begin = beginning(Pass(bytes(30_000 * BYTES_PER_MS), prefix=words(*range(300, 600))), Letters())
    assert begin.tokens[-begin.prefix :] == list(range(600 - begin.prefix, 600))
    assert (begin.prefix, begin.most) == (ROOM - 8, 8)


def test_frames_are_rounded_and_within_the_window() -> None:
    assert [frames_of(Pass(bytes(ms * BYTES_PER_MS))) for ms in (0, 29, 31, 1_000, 40_000)] == [1, 1, 2, 50, 1_500]


@pytest.mark.parametrize(
    ("chances", "chosen"),
    [
        ({"de": 0.9, "en": 0.05}, "de"),
        ({"de": 0.69, "en": 0.05}, "en"),  # not likely enough
        ({"de": 0.72, "en": 0.26}, "en"),  # not so much likelier
    ],
)
def test_another_language_must_be_likely_and_likelier(chances: dict[str, float], chosen: str) -> None:
    assert choose_language(chances, Pass(b"", usual="en")) == chosen
    assert choose_language(chances, Pass(b"", usual="fr")) == choose_language(chances, Pass(b"")) == "de"
    assert choose_language(chances, Pass(b"", language="ja")) == "ja"
