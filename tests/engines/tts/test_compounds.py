"""Unknown compounds are read as the two words that they are made of."""

import pytest

from voi.engines.tts.compounds import CompoundReader

LEXICON = {
    "dash": "dˈæʃ", "wood": "wˈʊd", "would": "wˈʊd", "fire": "fˈIəɹ", "fox": "fˈɑks", "row": "ɹˈO", "ling": "lˈɪŋ",
    "snow": "snˈO", "den": "dˈɛn", "under": "ˈʌndəɹ", "have": "hæv", "stone": "stˈOn",
    "live": {"DEFAULT": "lˈIv", "VERB": "lˈɪv"},
}  # fmt: skip
NET = {
    "Dashwood": "dˈæʃwʊd",
    "firefox": "fˈIəɹfɑks",
    "Livestone": "lˈIvstOn",
    "Rowling": "ɹˈOlɪŋ",
    "Snowden": "snˈOdən",
    "Underwood": "ˈʌndəɹwˌʊd",
    "Dashhave": "dˈæʃhæv",
    "Zwyx": "zwˈɪks",
    "": "",
}


@pytest.mark.parametrize(
    ("word", "phonemes"),
    [
        ("Dashwood", "dˈæʃwˌʊd"),
        ("firefox", "fˈIəɹfˌɑks"),
        ("Livestone", "lˈIvstˌOn"),
        ("Rowling", "ɹˈOlɪŋ"),  # an ending, and no word
        ("Snowden", "snˈOdən"),  # it does not sound like "den"
        ("Underwood", "ˈʌndəɹwˌʊd"),  # the network knows better
        ("Dashhave", "dˈæʃhæv"),  # words without a stress do not make compounds
        ("Zwyx", "zwˈɪks"),
        ("", ""),
    ],
)
def test_stresses(word: str, phonemes: str) -> None:
    assert CompoundReader(NET.get, LEXICON)(word) == phonemes


def test_a_word_that_the_network_cannot_read_stays_unread() -> None:
    assert CompoundReader(NET.get, LEXICON)("日本") is None
