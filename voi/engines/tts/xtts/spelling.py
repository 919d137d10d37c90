"""Text in the spelling that XTTS was trained on. Pure but for the optional transliterators.

XTTS reads lower case without digits and signs; Chinese, Japanese and Korean in Latin letters. Voi has put most things
in words before; what is left (digits, a few signs, titles) is done here.
"""

import re
import unicodedata
from collections.abc import Callable
from functools import cache

from voi.errors import EngineError

_SIGNS = {
    "en": "and|at|percent|hash|dollar|pound|degree|euro", "es": "y|arroba|por ciento|numeral|dolar|libra|grados|euro",
    "fr": "et|arobase|pour cent|dièse|dollar|livre|degrés|euro", "de": "und|at|prozent|raute|dollar|pfund|grad|euro",
    "pt": "e|arroba|por cento|cardinal|dólar|libra|graus|euro",
    "it": "e|chiocciola|per cento|cancelletto|dollaro|sterlina|gradi|euro",
    "pl": "i|małpa|procent|krzyżyk|dolar|funt|stopnie|euro", "ar": "و|على|في المئة|رقم|دولار|جنيه|درجة|يورو",
    "zh-cn": "和|在|百分之|号|美元|英镑|度|欧元", "cs": "a|na|procento|křížek|dolar|libra|stupně|euro",
    "ru": "и|собака|процентов|номер|доллар|фунт|градус|евро", "nl": "en|bij|procent|hekje|dollar|pond|graden|euro",
    "tr": "ve|at|yüzde|diyez|dolar|sterlin|derece|euro", "hu": "és|kukac|százalék|kettőskereszt|dollár|font|fok|euró",
    "ko": "그리고|에|퍼센트|번호|달러|파운드|도|유로", "hi": "और|ऐट दी रेट|प्रतिशत|हैश|डॉलर|पाउंड|डिग्री|यूरो",
    "ja": "と|アット|パーセント|シャープ|ドル|ポンド|度|ユーロ",
}  # fmt: skip
_SIGN_ORDER = "&@%#$£°€"
_TITLES = {
    "en": {"mr": "mister", "mrs": "misess", "dr": "doctor", "st": "saint", "jr": "junior", "ltd": "limited",
           "capt": "captain", "sgt": "sergeant", "gen": "general", "col": "colonel", "lt": "lieutenant"},
    "de": {"dr": "doktor", "fr": "frau", "hr": "herr"}, "fr": {"mme": "madame", "dr": "docteur"},
    "es": {"sr": "señor", "sra": "señora", "dr": "doctor", "dra": "doctora"},
    "it": {"sig": "signore", "dr": "dottore"}, "pt": {"sr": "senhor", "sra": "senhora", "dr": "doutor"},
    "nl": {"dhr": "de heer", "mevr": "mevrouw", "dr": "dokter"},
}  # fmt: skip

_COMMA_GROUPS = frozenset({"en", "zh-cn", "ja", "ko", "hi"})  # 1,000.5; the others write 1.000,5
_WITHOUT_SPACES = frozenset({"zh-cn", "ja", "ko"})
_COMMA_NUMBER = re.compile(r"[0-9]{1,3}(?:,[0-9]{3})+(?:\.[0-9]+)?|[0-9]+(?:\.[0-9]+)?")
_DOT_NUMBER = re.compile(r"[0-9]{1,3}(?:\.[0-9]{3})+(?:,[0-9]+)?|[0-9]+(?:[.,][0-9]+)?")
_CHINESE_MARKS = str.maketrans("，、；：。！？", ",,,,,!?")

_LIKE = str.maketrans({"’": "'", "‘": "'", "“": "", "”": "", "„": "", "«": "", "»": "", '"': "", "–": "-", "—": ",",
                       "…": "...", "\u00a0": " "})  # fmt: skip


def spelled(text: str, language: str) -> str:
    """As XTTS reads it. EngineError when a language's transliterator is not installed."""
    text = unicodedata.normalize("NFC", text).translate(_LIKE)
    if language == "tr":
        text = text.replace("İ", "i")  # else its dot becomes a character of its own
    if language == "zh-cn":
        text = text.translate(_CHINESE_MARKS)
    text = _numbers(text.lower(), language)
    for title, word in _TITLES.get(language, {}).items():
        text = re.sub(rf"\b{title}\.", word, text)
    for sign, word in zip(_SIGN_ORDER, _SIGNS[language].split("|"), strict=True):
        text = text.replace(sign, f" {word} ")
    text = " ".join(text.split())
    transliterate = _TRANSLITERATE.get(language)
    return transliterate(text) if transliterate else text


def _numbers(text: str, language: str) -> str:
    if not any(char.isdigit() for char in text):
        return text
    comma_groups = language in _COMMA_GROUPS

    def word(match: re.Match[str]) -> str:
        digits = match[0].replace(",", "" if comma_groups else ".")
        if not comma_groups and match[0].count(".") and re.fullmatch(r"\d{1,3}(\.\d{3})+(,\d+)?", match[0]):
            digits = match[0].replace(".", "").replace(",", ".")
        said = _chinese(digits, text[match.end() :]) if language == "zh-cn" else _in_words(digits, language)
        if language in _WITHOUT_SPACES:
            return said
        before, after = text[: match.start()][-1:], text[match.end() :][:1]
        return f"{' ' * before.isalpha()}{said}{' ' * after.isalpha()}"

    return (_COMMA_NUMBER if comma_groups else _DOT_NUMBER).sub(word, text)


def _in_words(digits: str, language: str) -> str:
    from num2words import num2words  # type: ignore[import-untyped]

    try:
        return str(num2words(float(digits) if "." in digits else int(digits), lang=language))
    except (NotImplementedError, OverflowError, ValueError):
        return " ".join(digits)


def _chinese(digits: str, following: str) -> str:
    """num2words knows no Chinese. A year, and what is longer than a number that one says, digit by digit."""
    whole, _, part = digits.partition(".")
    figures = "零一二三四五六七八九"
    if (following.startswith("年") and len(whole) == 4) or len(whole) > 8:
        said = "".join(figures[int(digit)] for digit in whole)
    elif int(whole) >= 10_000:
        high, low = divmod(int(whole), 10_000)
        said = f"{_chinese(str(high), '')}万" + (("零" if low < 1000 else "") + _chinese(str(low), "") if low else "")
    else:
        said, gap = "", False
        for place, digit in zip(range(len(whole) - 1, -1, -1), whole.lstrip("+"), strict=True):
            if digit == "0":
                gap = bool(said)
            else:
                said += ("零" if gap else "") + figures[int(digit)] + ("", "十", "百", "千")[place]
                gap = False
        said = (said or "零").removeprefix("一") if said.startswith("一十") else said or "零"
    return said + ("点" + "".join(figures[int(digit)] for digit in part) if part else "")


@cache
def _pinyin() -> Callable[[str], str]:
    from pypinyin import Style, pinyin  # type: ignore[import-not-found,unused-ignore]

    return lambda text: "".join(
        syllable[0] for syllable in pinyin(text, style=Style.TONE3, heteronym=False, neutral_tone_with_five=True)
    )


@cache
def _romaji() -> Callable[[str], str]:
    import cutlet  # type: ignore[import-not-found,import-untyped,unused-ignore]

    katsu = cutlet.Cutlet()
    return lambda text: katsu.romaji(text).lower()


@cache
def _romanised() -> Callable[[str], str]:
    from ko_speech_tools import hangul_romanize  # type: ignore[import-not-found,unused-ignore]

    return hangul_romanize


def _with(language: str, packages: str, load: Callable[[], Callable[[str], str]]) -> Callable[[str], str]:
    def transliterate(text: str) -> str:
        try:
            return load()(text)
        except ImportError:
            raise EngineError(
                f"XTTS needs {packages} to speak {language}: pip install {packages}", engine="xtts"
            ) from None

    return transliterate


_TRANSLITERATE = {
    "zh-cn": _with("Chinese", "pypinyin", _pinyin),
    "ja": _with("Japanese", "cutlet unidic-lite", _romaji),
    "ko": _with("Korean", "ko-speech-tools", _romanised),
}
