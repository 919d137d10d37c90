"""Detects measures before a noun, as in a 5 km run, (14-oz), 12 oz cans. English reads these in the singular."""

import re

from voi.text.scan import Scan
from voi.text.tables.shape import words as _set

ARTICLES = frozenset(("a", "an", "the", "this", "that", "my", "your", "his", "her", "our", "each", "one"))
_ARTICLE_MEASURE = re.compile(r"\b(?:an?|the|this|that|my|your|our)\s\d+\s?[a-z]{1,3}\s\Z", re.IGNORECASE)
_MEASURE_NOUN = re.compile(
    r"\s\d+\s?(?:m|min|s|sec|in|oz)\s(?!long|away|ago|left|tall|wide|later|per|and|or|of|in)[a-z]{3}"
)
_HOLDERS = _set(
    "can cans bottle bottles bag bags pack packs box boxes jar jars tub tubs tin tins package packages glass glasses "
    "carton cartons tank tanks battery batteries monitor monitors screen screens drive drives card cards charger "
    "chargers charging bulb bulbs rope pipe pipes cable cables lens lenses bar bars dumbbell dumbbells kettlebell "
    "mug mugs keg kegs refill refills"
)
_NO_NOUNS = _set(
    "per and or of in on to at is are was for from with w without until unless before after during via since by the a "
    "each if than when as but away ago while so you we i it they he she please max min total "
    "later left wide tall high long deep"
)


def is_adjective(scan: Scan, at: int, stop: int, hyphen: bool) -> bool:
    """True for a 5 km run, a 2h 35m layover, (14-oz), 12 oz cans: a measure before a noun is read in the singular."""
    if hyphen and scan.text[stop : stop + 1] != ")":
        return noun_follows(scan, stop) or not scan.rest(stop)
    if hyphen:
        return True
    if scan.text[stop : stop + 1] == ")" and scan.word_after(stop + 1).lower() in _HOLDERS:  # (15 oz.) can
        return True
    if scan.word_after(stop).lower() in _HOLDERS and scan.text[stop : stop + 1] == " ":
        return True
    if _ARTICLE_MEASURE.search(scan.text, max(0, at - 16), at) and scan.kind == "measure":
        return noun_follows(scan, stop)
    if scan.word_before(at).lower() not in ARTICLES:
        return False
    return noun_follows(scan, stop) or _MEASURE_NOUN.match(scan.text, stop) is not None


def noun_follows(scan: Scan, stop: int) -> bool:
    """Whether a noun follows at `stop`, to which a measure belongs like an adjective (a 5-metre wall)."""
    word = scan.word_after(stop) or scan.text[stop + 1 : stop + 2].strip()
    return word.isalnum() and scan.text[stop : stop + 1] in (" ", "-") and word.lower() not in _NO_NOUNS
