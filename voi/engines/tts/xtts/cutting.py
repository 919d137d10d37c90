"""Chooses XTTS's code for a text's language, and cuts the text to what the model takes. Pure."""

import re
import unicodedata

from voi.errors import EngineError
from voi.text.language import LANGUAGES, script_of

# Most characters that the model speaks in one go without cutting off, by language, as published with XTTS-v2.
LONGEST = {
    "en": 250, "de": 253, "fr": 273, "es": 239, "it": 213, "pt": 203, "pl": 224, "zh-cn": 82, "ar": 166, "cs": 186,
    "ru": 182, "nl": 251, "tr": 226, "ja": 71, "hu": 224, "ko": 95, "hi": 150,
}  # fmt: skip

FEW_LETTERS = 18
LETTER_MS = 45.0  # quick speech has 22 letters a second
LEAST_MS = 150.0
_LETTERS_OF_SIGN = {"zh-cn": 3, "ja": 2, "ko": 3}

_END = re.compile(
    r"(?<=[.!?…।؟])[\"'»”’)]*\s+|(?<=[。！？])[」』”’）]*\s*|(?<=[,;:—،؛])\s+|(?<=[，、；：])\s*|\s+"
)  # sentence, clause, word
_SENTENCE, _CLAUSE = ".!?…。！？।؟", ",;:—،؛，、；："


def language_code(wish: str | None, usual: str | None, text: str, known: tuple[str, ...]) -> str:
    """The model's code for a language as agents write it (en-US, zh, pt_BR). None: by the script of the text, then
    English. Raises EngineError for a language that the model does not speak."""
    name = wish or usual
    if name is None:
        name = script_of(text)
        if name is None or name not in LANGUAGES:
            name = "en"
    short = name.replace("_", "-").lower().split("-")[0]
    code = "zh-cn" if short in {"zh", "cmn"} else short
    if code not in known:
        raise EngineError(f"XTTS does not speak {name!r}; it speaks {', '.join(known)}.")
    return code


def cut(text: str, longest: int) -> list[str]:
    """Parts of at most `longest` characters: cut at sentence ends, else at clauses, else at spaces, else anywhere
    between whole characters. No part is shorter than necessary: after only a few words the model babbles."""
    done: list[str] = []
    rest = text.strip()
    while len(rest) > longest:
        least = max(1, longest // 4)
        most = max(least, min(longest, len(rest) - least))
        ends = [end for end in _END.finditer(rest, 0, most + 1) if least <= len(rest[: end.end()].rstrip()) <= most]
        ranked = [[end for end in ends if _rank(rest, end) == rank] for rank in (0, 1, 2)]
        at = next((group[-1].end() for group in ranked if group), 0) or _between_characters(rest, most)
        done.append(rest[:at].rstrip())
        rest = rest[at:].lstrip()
    return [part for part in (*done, rest) if part]


def spoken_ms(text: str, language: str) -> float | None:
    """Shortest time in ms that a few words without a pause between them take. None for a longer text, or one that may
    have pauses: punctuation, letters one by one."""
    words = text.strip().rstrip(".!?…。！？।؟").split()
    letters = sum(char.isalpha() for word in words for char in word)
    letters *= _LETTERS_OF_SIGN.get(language, 1)
    if not 0 < letters <= FEW_LETTERS or not all(map(_is_word, words)):
        return None
    if any(len(word) == 1 for word in words) and len(words) > 1 and language not in _LETTERS_OF_SIGN:
        return None
    return max(LEAST_MS, LETTER_MS * letters)


def _is_word(word: str) -> bool:
    return all(char == "'" or unicodedata.category(char)[0] in "LM" for char in word)


def _rank(text: str, end: re.Match[str]) -> int:
    """0: a sentence ends here; 1: a clause; 2: a word. A full stop before a lower-case letter belongs to an
    abbreviation."""
    mark, following = text[end.start() - 1], text[end.end() : end.end() + 1]
    if mark in _SENTENCE:
        return 2 if mark == "." and following.islower() else 0
    return 1 if mark in _CLAUSE else 2


def _between_characters(text: str, most: int) -> int:
    """The last place up to `most` that no combining mark or joined character follows; `most` if there is none."""
    for at in range(most, 0, -1):
        if unicodedata.category(text[at])[0] != "M" and "\u200d" not in (text[at], text[at - 1]):
            return at
    return most
