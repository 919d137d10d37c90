"""Text in the spelling that XTTS was trained on. Pure but for the optional transliterators.

XTTS reads lower case without digits and signs; Chinese, Japanese and Korean in Latin letters. `voi.text` has already
put nearly everything into words; remaining signs are named or dropped here.
"""

import re
import unicodedata
from collections.abc import Callable
from functools import cache

from voi.errors import EngineError
from voi.text.spoken_words import digit_by_digit, primary, word_for

_CHINESE_MARKS = str.maketrans("，、；：。！？", ",,,,,!?")
_LIKE = str.maketrans({"’": "'", "‘": "'", "“": "", "”": "", "„": "", "«": "", "»": "", '"': "", "–": "-", "—": ",",
                       "…": "...", "\u00a0": " "})  # fmt: skip
_NAMES = {"&": "and", "@": "at", "%": "percent", "#": "number", "$": "dollars", "£": "pounds", "°": "degrees",
          "€": "euros", "+": "plus", "=": "equals"}  # fmt: skip
_DIGITS = re.compile(r"\d+")
_SIGNS = re.compile(r"[&@%#$£°€+=/]")


def spelled(text: str, language: str) -> str:
    """The text as XTTS reads it. Raises EngineError when a language's transliterator is not installed."""
    text = unicodedata.normalize("NFC", text).translate(_LIKE)
    if language == "tr":
        text = text.replace("İ", "i")  # otherwise its dot becomes a separate character
    if language == "zh-cn":
        text = text.translate(_CHINESE_MARKS)
    code = primary(language)
    text = _SIGNS.sub(lambda sign: f" {_named(sign[0], code)} ", text.lower())
    text = _DIGITS.sub(lambda digits: f" {digit_by_digit(digits[0], code)} ", text)
    text = " ".join(text.split())
    transliterate = _TRANSLITERATE.get(language)
    return transliterate(text) if transliterate else text


def _named(sign: str, language: str) -> str:
    name = _NAMES.get(sign)
    return word_for(name, language).lower() if name else ""


@cache
def _pinyin() -> Callable[[str], str]:
    from pypinyin import Style, pinyin

    return lambda text: "".join(
        syllable[0] for syllable in pinyin(text, style=Style.TONE3, heteronym=False, neutral_tone_with_five=True)
    )


@cache
def _romaji() -> Callable[[str], str]:
    import cutlet

    katsu = cutlet.Cutlet()
    return lambda text: katsu.romaji(text).lower()


@cache
def _romanised() -> Callable[[str], str]:
    from ko_speech_tools import hangul_romanize

    return hangul_romanize


def _with(language: str, packages: str, load: Callable[[], Callable[[str], str]]) -> Callable[[str], str]:
    def transliterate(text: str) -> str:
        try:
            return load()(text)
        except ImportError:
            raise EngineError(f"XTTS needs {packages} to speak {language}: ./install.sh xtts-cjk") from None

    return transliterate


_TRANSLITERATE = {
    "zh-cn": _with("Chinese", "pypinyin", _pinyin),
    "ja": _with("Japanese", "cutlet unidic-lite", _romaji),
    "ko": _with("Korean", "ko-speech-tools", _romanised),
}
