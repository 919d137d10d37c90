"""Text as a speech engine should get it: what a person would read aloud, in words."""

import asyncio
import re
import unicodedata

from voi.text import cldr
from voi.text.characters import plain_characters
from voi.text.keys import with_keypad
from voi.text.latex import without_latex
from voi.text.markdown import without_markdown
from voi.text.numerals import known
from voi.text.reader import read
from voi.text.tables import language_of, primary
from voi.text.tidy import tidy

_UNREAD = "%€$£¥°+=&@/"
"""Signs that are left to the speech engine in a language without a table."""
_SHORT = 24
"""Shorter texts are not sentences, and their final point belongs to an abbreviation."""
_NUMBER_CHARACTERS, _SIGN_CHARACTERS = 20, 10
"""What a number and a sign cost to read, in letters that cost as much: about 2 microseconds each."""
_LONG = 100
"""Pieces up to this cost take up to 0.19 ms, and those beyond it up to 0.73 ms. Measured on the sentences of
tests/text/cases and on rows of numbers."""
_NUMBER = re.compile(r"\d+")
_SIGN = re.compile(r"[^\w\s.,?!'’]|_")
_LAYERS_MAX = 4
"""How many layers of nested entities and tags are resolved."""
_DAY_FIRST = frozenset(("en-gb", "en-au", "en-nz", "en-ie", "en-in", "en-za"))
_ARABIC_DEGREES = re.compile(r"°\s?م(?!\w)")
_PLAIN_ENGLISH = re.compile(r"[A-Za-z][a-z]*+(?:'[a-z]++)?+(?:[,;]?+ [A-Za-z][a-z]*+(?:'[a-z]++)?+)*+[.!?]?")
_SHORT_FOR = re.compile(
    r"\b(?:Mr|Mrs|Ms|Dr|vs|St|No|no|[Ee]tc|[Jj]r|Inc|Mon|Tues?|Wed|Thu(?:rs?)?|Fri|[A-HJ-Z]|(?<= )[A-Z][a-z]+ I"
    r"|int'l|nat'l|gov't|dep't|cont'd|qty|[Aa]ppts?|[Aa]pprox|[Dd]ept|govt|mgmt|acct|tmrw|thru|btwn|misc|ea"
    r"|(?:[Pp]ages?|[Ss]cene|[Ss]ection|[Aa]ct|[Cc]hapters?|[Pp]art|[Aa]ppendix|[Vv]olume) [ivxl]+)\b"
)

_BEGINS_WITH_I = re.compile(r"([A-Z][a-z]+) I\b")
_CLOSING_TAGS = re.compile(r"\s*(?:</[A-Za-z][\w:.-]{0,40}>\s*)+")


def has_speech(text: str) -> bool:
    """True if there is anything to pronounce: a letter or a digit, of any script. The mark that opens a block of code,
    with the name of its language ("```python"), is nothing to pronounce."""
    return any(map(str.isalnum, text)) and not _is_fence(text) and not _CLOSING_TAGS.fullmatch(text)


def speakable(text: str, language: str = "en") -> str:
    """`text` without Markdown, emoji, tags and control characters; numbers, signs, abbreviations, addresses in words.

    `language` is a code such as en, en-GB, de; docs/text.md describes the rules. Text that is already speakable stays
    as it is. Never raises; where there are words in the text there are words in the result.
    """
    said = _read(text, language)
    if not has_speech(said) and has_speech(text):  # all words were in markup: a lone tag, a link without a label
        bare = " ".join("".join(char if _pronounced(char) else " " for char in text).split())
        return _read(bare, language) or bare
    return said


def takes_long(text: str) -> bool:
    """May reading this take longer than 0.3 ms? Long pieces do, and those with numbers and signs: such belong off the
    event loop."""
    cost = len(text)
    if cost <= _LONG:
        cost += _NUMBER_CHARACTERS * len(_NUMBER.findall(text)) + _SIGN_CHARACTERS * len(_SIGN.findall(text))
    return cost > _LONG


def prepare(language: str) -> None:
    """Load what a language needs (babel's data, patterns), so that its first sentence takes no longer than others.
    Takes up to a tenth of a second."""
    speakable("1 2,5 10:30 5 km 5 €, Dr. 3/4 3.5.2024", language)
    _PREPARED.add(language)


def is_prepared(language: str) -> bool:
    """Whether the tables of that language are loaded already."""
    return language in _PREPARED


async def speakable_soon(text: str, language: str) -> str:
    """`speakable`, off the event loop where it may take longer than 0.3 ms."""
    if is_prepared(language) and not takes_long(text):
        return speakable(text, language)
    return await asyncio.to_thread(_prepared, text, language)


def _prepared(text: str, language: str) -> str:
    if not is_prepared(language):
        prepare(language)
    return speakable(text, language)


_PREPARED: set[str] = set()


def _read(text: str, language: str) -> str:
    code = primary(language)
    if code == "en" and _PLAIN_ENGLISH.fullmatch(text) and not (_SHORT_FOR.search(text) or _begins_numbered(text)):
        return text
    table = language_of(language)
    for _ in range(_LAYERS_MAX):  # markup only: nothing has been read yet
        before, text = text, plain_characters(text)
        if text == before or not ("&" in text or "<" in text):
            break
    if "$" in text or "\\" in text:
        say = table.say if table else {}
        text = without_latex(text, say.get("over", ""), say.get("minus", "-"))
    if "*" in text or "#" in text:
        text = with_keypad(text, code)
    text = " ".join(without_markdown(text, _month_names(code) if table else frozenset()).split())
    if table is None or not known(table.code):
        return tidy(text, keep=_UNREAD)
    if code == "ar" and "°" in text:
        text = _ARABIC_DEGREES.sub("°C", text)
    said = tidy(read(text, table, language.replace("_", "-").lower() in _DAY_FIRST), clitics=code == "nl")
    return f"{said}." if text.endswith(".") and said[-1:].isalnum() and len(said) > _SHORT else said


def _begins_numbered(text: str) -> bool:
    """True of "Chapter I is short", "Henry I was king"; not of "Sure I can"."""
    if (begin := _BEGINS_WITH_I.match(text)) is None:
        return False
    english = language_of("en")
    assert english is not None
    return begin[1].lower() in english.roman_after or begin[1] in english.roman_ordinal_after


def _month_names(code: str) -> frozenset[str]:
    found = _MONTHS.get(code)
    if found is None:
        table = language_of(code)
        nouns = {noun.lower() for noun in table.ordinal_nouns} if table else set()
        found = _MONTHS[code] = frozenset(cldr.months(code)) | nouns if code != "en" else frozenset()
    return found


_MONTHS: dict[str, frozenset[str]] = {}


def _is_fence(text: str) -> bool:
    return (
        text.lstrip().startswith(("```", "~~~")) and "\n" not in text.strip() and "`" not in text.strip().lstrip("`~")
    )


def _pronounced(char: str) -> bool:
    return char.isalnum() or unicodedata.category(char)[0] == "M"
