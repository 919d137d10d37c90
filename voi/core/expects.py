"""What the agent asked for, read from its last question. People who say a number pause between its groups of digits.

Nobody says here which language is spoken, so it is told by its script, or by the common words of its questions. The
words themselves are data (`request_words.py`).
"""

import re
from dataclasses import dataclass
from enum import StrEnum
from functools import cache

from voi.core.request_words import LANGUAGES


class Expects(StrEnum):
    """The kind of answer that the agent asks for."""

    OPEN = "open"
    """Anything, or nothing was asked."""
    NUMBER = "number"
    """Digits: a telephone number, a date of birth, an account."""
    SPELLING = "spelling"
    """Letters, an e-mail address, a name letter by letter."""
    ADDRESS = "address"
    """Where somebody lives: a street, a number, a town, with a pause after each."""
    LIST = "list"
    """Several items."""
    YES_NO = "yes_no"
    CHOICE = "choice"


_SENTENCE_END = re.compile(r"(?<=[.!?…؟।])\s+|(?<=[。！？])\s*(?=\S)")
_QUESTION_MARKS = ("?", "？", "؟")
_QUESTION_MARK = re.compile(r"[?？؟]")
_WORD = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")
SENTENCES_READ = 3
READ_MAX_CHARS = 1_000
"""How much of each sentence is read, from its end."""


@dataclass(frozen=True, slots=True)
class _Patterns:
    """The patterns of one language, ready to be searched for."""

    asks: re.Pattern[str]
    kinds: tuple[tuple[Expects, re.Pattern[str]], ...]
    yes_no: re.Pattern[str]
    either: re.Pattern[str]
    polite: re.Pattern[str]
    offers: re.Pattern[str]


def expects(said: str) -> Expects:
    """The kind of answer that the agent's words ask for, by their last sentence that asks for something."""
    sentence, _, _ = request(said).partition("\n")
    return _asked_by(sentence, _patterns(_language_of(_last_sentences(said)))) if sentence else Expects.OPEN


def request(said: str) -> str:
    """The last of the agent's sentences that asks for something, and those after it, a line each; "" if none does."""
    sentences = _last_sentences(said)
    asks = _patterns(_language_of(sentences)).asks
    asking = [at for at, one in enumerate(sentences) if _QUESTION_MARK.search(one) or asks.search(one)]
    return "\n".join(sentences[asking[-1] :]) if asking else ""


def _last_sentences(said: str) -> list[str]:
    sentences = _SENTENCE_END.split(said.strip()[-SENTENCES_READ * READ_MAX_CHARS :])[-SENTENCES_READ:]
    return [" ".join(sentence.split())[-READ_MAX_CHARS:] for sentence in sentences]


def _language_of(sentences: list[str]) -> int:
    """The place in `LANGUAGES` of the one that these sentences are in. English where nothing tells."""
    said = " ".join(sentences)
    for at, language in enumerate(LANGUAGES):
        if language.script and re.search(f"[{language.script}]", said):
            return at
    words = {word.casefold().replace("’", "'") for word in _WORD.findall(said)}
    return max(range(len(LANGUAGES)), key=lambda at: len(words & LANGUAGES[at].clues))


@cache
def _patterns(language: int) -> _Patterns:
    words = LANGUAGES[language]
    kinds = (
        (Expects.SPELLING, words.spelling),
        (Expects.NUMBER, words.number),
        (Expects.ADDRESS, words.address),
        (Expects.LIST, words.list),
    )
    return _Patterns(
        asks=_compiled(words.asks),
        kinds=tuple((kind, _compiled(pattern)) for kind, pattern in kinds if pattern),
        yes_no=_compiled(words.yes_no),
        either=_compiled(words.either),
        polite=_compiled(words.polite),
        offers=_compiled(words.offers),
    )


def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern or r"(?!)", re.IGNORECASE)


def _asked_by(sentence: str, read: _Patterns) -> Expects:
    if read.offers.search(sentence):
        return Expects.OPEN
    is_question = sentence.endswith(_QUESTION_MARKS)
    if is_question and read.yes_no.search(sentence) and not read.polite.search(sentence):
        return Expects.CHOICE if read.either.search(sentence) else Expects.YES_NO
    for kind, pattern in read.kinds:
        if pattern.search(sentence):
            return kind
    return Expects.CHOICE if is_question and read.either.search(sentence) else Expects.OPEN
