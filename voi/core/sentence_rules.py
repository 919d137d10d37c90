"""Full stops that do not end a sentence, by language: abbreviations and ordinals, from the tables of `voi.text`."""

from dataclasses import dataclass
from functools import cache

from voi.text.tables import ORDINAL_POINT, is_wordlike, language_of, primary
from voi.text.tables.months import SHORT_MONTHS
from voi.text.tables.unexpanded import UNEXPANDED


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_NEVER_LAST = _words(
    "mr mrs ms mx dr prof rev hon gen col capt lt sgt sen rep gov pres messrs mme mlle mt ft "
    "vs e.g i.e eg ie cf viz ca approx fig figs vol nos pp ed eds al hr fr bzw z.b d.h u.a sr sra dott sig"
)
_SOMETIMES_LAST = _words(
    "st etc jr inc ltd corp co llc dept est ave blvd rd no a.m p.m am pm ph.d m.d b.a m.a u.s u.k u.n e.u d.c "
    "jan feb mar apr jun jul aug sep sept oct nov dec mon tue tues wed thu thur thurs fri sat sun "
    "usw bd nr str tel min max sec ext hrs hr mo yr wk oz lb lbs ft in sq"
)
_EVERYWHERE = _words("dr prof vs mr mrs")


@dataclass(frozen=True, slots=True)
class SentenceRules:
    """Rules of one language. `never`: abbreviations, in lower case and without the last full stop, that never end a
    sentence. `sometimes`: those that may. `ordinals`: "3." is an ordinal. `starters`: the words that show that a
    sentence begins; none: any capital does. `noun_capitals`: nouns begin with one. `ordinal_after`, `ordinal_nouns`,
    `ordinal_stems`: words before and after ordinals, and the beginnings of the latter."""

    never: frozenset[str]
    sometimes: frozenset[str]
    ordinals: bool = False
    starters: frozenset[str] = frozenset()
    ordinal_after: frozenset[str] = frozenset()
    ordinal_nouns: frozenset[str] = frozenset()
    ordinal_stems: tuple[str, ...] = ()
    noun_capitals: bool = False


@cache
def rules_of(language: str) -> SentenceRules:
    """Rules of a language. `language`: a code such as de or de-AT; an unknown one gets the rules of English."""
    table = language_of(language)
    if table is None:
        return SentenceRules(_NEVER_LAST, _SOMETIMES_LAST, primary(language) in ORDINAL_POINT)
    english = table.code == "en"
    never = set(_NEVER_LAST if english else _EVERYWHERE)
    sometimes = set(_SOMETIMES_LAST if english else ("etc",))
    sometimes |= SHORT_MONTHS.get(table.code, frozenset()) | UNEXPANDED.get(table.code, frozenset())
    sometimes |= {_bare(key) for key in (*table.choices, *table.units, *table.scales) if key.endswith(".")}
    for key in table.ending:
        if key.endswith("."):
            sometimes |= {_bare(key), _bare(key).rpartition(".")[2], _bare(key.split(" ")[-1])} - {""}
            never |= _parts(key)
    for key in (*table.before, *table.leading):
        if key.endswith(".") and table.starters and not english and is_wordlike(_bare(key)):
            sometimes.add(_bare(key))
        elif key.endswith("."):
            never |= {_bare(key), *_parts(key)}
            sometimes.discard(_bare(key))
    if (
        table.starters and not english
    ):  # "Min." is a minute and "min." is "at least": case does not tell, the next word does
        minutes = {_bare(key) for key in (*table.units, *table.scales) if key.endswith(".")}
        never -= minutes
        sometimes |= minutes
    if english:
        never -= sometimes & _SOMETIMES_LAST
        sometimes |= never & {"min", "max"}
    sometimes = {key for key in sometimes if len(key) > 1}
    return SentenceRules(
        frozenset(never), frozenset(sometimes - never), table.ordinal_point, table.starters, table.ordinal_after,
        table.ordinal_nouns, table.ordinal_stems, table.sentence_noun_capitals,
    )  # fmt: skip


def _bare(key: str) -> str:
    return key.rstrip(".").replace(" ", "").casefold()


def _parts(key: str) -> set[str]:
    """The inner parts of an abbreviation, such as "EE." of "EE. UU.", which end no sentence either. `Cutter` knows
    single letters itself."""
    return {part.strip().casefold() for part in key.rstrip(".").split(".")[:-1] if len(part.strip()) > 1}
