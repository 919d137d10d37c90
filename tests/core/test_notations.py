"""A word that `look` passes over at once is one at which no notation begins."""

import random
import re

import pytest

from voi.core import notations, printed_calls, thought_labels

WORDS = "Hello there how are you I a say to=f print return await get_weather getWeather iPhone x e.g. Dr. 5"
LABELS = "final answer|tool name|function name|ai assistant|User|Human|Action|Action Input|calling tool"
SIGNS = " |  |\n|\n\n|: |:|. |! |, |=|(|)|{|}|[|]|\"|'|*|**|_|-|`|#|…|/|>"
PARTS = (
    *WORDS.split(" "),
    *LABELS.split("|"),
    *SIGNS.split("|"),
    *printed_calls.FIRST_WORDS,
    *(label for label in thought_labels.LABELS if label.isascii()),
)


@pytest.mark.parametrize("seed", range(20))
def test_no_notation_is_passed_over(monkeypatch: pytest.MonkeyPatch, seed: int) -> None:
    chance = random.Random(seed)
    plain = notations._is_plain
    monkeypatch.setattr(notations, "_is_plain", lambda text, at: False)
    passed_over = 0
    for _ in range(1_000):
        text = "".join(part + chance.choice(("", " ", " ", " ")) for part in chance.choices(PARTS, k=6))
        text = chance.choice((text, text.title(), text.capitalize(), text.upper()))
        for trigger in notations.TRIGGER.finditer(text):
            if plain(text, trigger.start()):
                passed_over += 1
                for final in (False, True):
                    for any_key in (False, True):
                        assert notations.look(text, trigger.start(), final=final, any_key=any_key) is None, text
    assert passed_over > 100


def test_ordinary_words_are_passed_over() -> None:
    text = "Well then, we could go to the station and take the next train."
    words = [match.start() for match in re.finditer(r"[a-z]+ (?=[a-z])", text, re.IGNORECASE)]
    assert [text[at:] for at in words if not notations._is_plain(text, at)] == []
