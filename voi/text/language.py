"""Detects a text's language, sentence by sentence: by its script, and for Latin letters by py3langid.

Short sentences say little about their language, and some say nothing ("OK.", "Hotel Berlin."). So a conversation keeps
the language that it has until another one is clearly likelier.
"""

import math
import unicodedata
from collections import Counter
from collections.abc import Callable, Mapping
from functools import cache
from threading import Lock

from voi.errors import EngineError
from voi.text.spoken_words import primary

AUTO = "auto"
"""As an agent's language: detect it."""
LATIN = ("en", "de", "fr", "es", "it", "pt", "pl", "tr", "nl", "cs", "hu")
LANGUAGES = (*LATIN, "ru", "ar", "hi", "zh", "ja", "ko")
"""The languages that are distinguished."""
LIKELIER, LIKELIER_FEW_WORDS = 20.0, 100.0
"""How many times likelier than the present language another one must be to replace it; the second value is for one or
two words, which may be names. Measured on 1,854 sentences, most of three to nine words: the language is changed wrongly
in 0.1 %, and a real change is found in 92 % (95 % from four words on)."""
LONGEST = 400
"""How many characters of a text are evaluated."""
_WIDE_COUNTS = 3
"""One Chinese or Japanese character counts as this many letters."""
_SCRIPTS = {
    "LATIN": "Latin", "HANGUL": "ko", "HIRAGANA": "ja", "KATAKANA": "ja", "CJK": "zh", "ARABIC": "ar",
    "DEVANAGARI": "hi", "CYRILLIC": "ru",
}  # fmt: skip
_loading = Lock()


class Spoken:
    """The language of a conversation. `wish`: its language, or AUTO; None means `usual`. With AUTO the conversation
    begins in `usual`, or in English if that is AUTO too."""

    def __init__(self, wish: str | None, usual: str = "en") -> None:
        wish = wish or usual
        self.detects = wish == AUTO
        self.now = wish if not self.detects else "en" if usual == AUTO else usual
        """The language of what was read last, or the one to begin with."""
        self._heard = ""

    def hear(self, text: str) -> None:
        """Take what the other side said: the answer is probably in the same language."""
        self._heard = text

    def of(self, text: str) -> str:
        """The language of this sentence. Raises EngineError without py3langid. Call `load` before, since it takes a
        second."""
        if self.detects:
            heard, self._heard = self._heard, ""
            for said in (heard, text):
                if said:
                    self.now = likeliest(said, self.now)
        return self.now


def likeliest(text: str, present: str) -> str:
    """`present`, unless the text clearly is in another of LANGUAGES."""
    text = text[:LONGEST]
    script = script_of(text)
    if script != "Latin":
        return present if script is None or _writes_so(primary(present), script) else script
    chances = load()(text)
    best = max(chances, key=chances.__getitem__)
    now = primary(present)
    if now in LATIN:
        needed = LIKELIER if len(text.split()) > 2 else LIKELIER_FEW_WORDS
        return best if chances[best] > chances[now] + math.log(needed) else present
    if now in LANGUAGES:  # a name in Latin letters; a sentence would say more
        return best if chances[best] > math.log(0.5) and text.count(" ") else present
    return best if chances[best] > math.log(1 - 1 / LIKELIER) else present  # a language that is not known here


def script_of(text: str) -> str | None:
    """The language whose script most of the text is in; "Latin" for Latin letters; None without letters of these."""
    counts: Counter[str] = Counter()
    for char in text:
        if char.isalpha():
            script = _SCRIPTS.get(unicodedata.name(char, "").split(" ")[0].split("-")[0])
            if script is not None:
                counts[script] += _WIDE_COUNTS if script in ("zh", "ja") else 1
    if counts["ja"]:  # Japanese writes Chinese characters too
        counts["ja"] += counts.pop("zh", 0)
    return max(counts, key=counts.__getitem__) if counts else None


def _writes_so(language: str, script: str) -> bool:
    """True if the language is written in that script, which may stand for another language here."""
    shared = {"zh": {"zh", "ja"}, "ru": {"ru", "uk", "bg", "sr", "mk", "be", "kk"}, "ar": {"ar", "fa", "ur"},
              "hi": {"hi", "mr", "ne"}}  # fmt: skip
    return language in shared.get(script, {script})


def load() -> Callable[[str], Mapping[str, float]]:
    """Logarithms of the chances of LATIN for a text. The first call takes a second and 100 MB."""
    with _loading:
        return _load()


@cache
def _load() -> Callable[[str], Mapping[str, float]]:
    try:
        from py3langid.langid import MODEL_FILE, LanguageIdentifier
    except ImportError:
        raise EngineError(f'The language "{AUTO}" needs py3langid: ./install.sh languages') from None
    model = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    model.set_languages(list(LATIN))
    return lambda text: {language: math.log(max(float(chance), 1e-12)) for language, chance in model.rank(text)}
