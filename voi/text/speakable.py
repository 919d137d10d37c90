"""Text as a speech engine should get it: what a person would read aloud, in words."""

import re
import unicodedata

from voi.text import english_numbers, other_numbers, other_words
from voi.text.addresses import spoken_addresses
from voi.text.characters import plain_characters
from voi.text.english_words import spoken_abbreviations, spoken_acronyms, spoken_signs
from voi.text.markdown import without_markdown
from voi.text.spoken_words import primary, words_of
from voi.text.tidy import tidy
from voi.text.western_numbers import put_at_length

_PASSES_MAX = 6
_BRITISH = frozenset({"en-gb", "en-au", "en-nz", "en-ie", "en-in", "en-za"})
_PLAIN_ENGLISH = re.compile(r"[A-Za-z][a-z]*+(?:'[a-z]++)?+(?:[,;]?+ [A-Za-z][a-z]*+(?:'[a-z]++)?+)*+[.!?]?")


def has_speech(text: str) -> bool:
    """Is there anything to pronounce: a letter or a digit, of any script?"""
    return any(map(str.isalnum, text))


def speakable(text: str, language: str = "en") -> str:
    """`text` without Markdown, emoji, tags and control characters; addresses, numbers, signs, abbreviations in words.

    English well; German, French and Spanish nearly so; other languages as far as num2words knows them. `language` is a
    code such as en, en-GB, de. What is speakable already is left as it is. Never raises; where there are words in the
    text there are words in the result.
    """
    said = _settled(text, language)
    if not has_speech(said) and has_speech(text):  # all words were in markup: a lone tag, a link without a label
        bare = " ".join("".join(char if _pronounced(char) else " " for char in text).split())
        return _settled(bare, language) or bare
    return said


def _settled(text: str, language: str) -> str:
    """What one pass lays bare (a tag written with entities, say) the next one reads."""
    code = primary(language)
    for _ in range(_PASSES_MAX):
        if code == "en" and _PLAIN_ENGLISH.fullmatch(text) and spoken_abbreviations(text) == text:
            break
        before, text = text, _once(text, code, language)
        if text == before:
            break
    return text


def _once(text: str, code: str, language: str) -> str:
    if code != "en":  # before "3. Mai" looks like a list and "1º" like "1o"
        text = other_words.spoken_abbreviations(put_at_length(text, code), code)
    text = without_markdown(plain_characters(text))
    if code == "en":
        text = spoken_abbreviations(text)
        text = spoken_addresses(text, words_of("en"))
        text = english_numbers.spoken_numbers(text, day_first=language.replace("_", "-").lower() in _BRITISH)
        return tidy(spoken_signs(spoken_acronyms(text)))
    words = words_of(code)
    text = spoken_addresses(text, words)
    text = other_numbers.spoken_numbers(other_words.spoken_signs(text, code, words), code)
    return tidy(text, keep="%€$£¥°+=&@/")


def _pronounced(char: str) -> bool:
    return char.isalnum() or unicodedata.category(char)[0] == "M"
