"""Text for XTTS: cut to what the model takes, in the language's spelling that it was trained on. Pure but for the
optional transliterators.

XTTS reads lower case without digits and signs; Chinese, Japanese and Korean in Latin letters. Voi has put most things
in words before; what is left (digits, a few signs, titles) is done here.
"""

import re
import unicodedata
from collections.abc import Callable
from functools import cache

from voi.errors import EngineError

# Characters that the model speaks in one go without cutting off, by language, as published with XTTS-v2.
LONGEST = {
    "en": 250, "de": 253, "fr": 273, "es": 239, "it": 213, "pt": 203, "pl": 224, "zh-cn": 82, "ar": 166, "cs": 186,
    "ru": 182, "nl": 251, "tr": 226, "ja": 71, "hu": 224, "ko": 95, "hi": 150,
}  # fmt: skip

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

_ENDS = re.compile(
    r"(?<=[.!?…])[\"'»”’)]*\s+|(?<=[。！？।؟])|(?<=[,;:—،])\s+|(?<=[，、；：])|\s+"
)  # sentence, clause, word
_SENTENCE, _CLAUSE = ".!?…。！？।؟", ",;:—،，、；："
_LIKE = str.maketrans({"’": "'", "‘": "'", "“": "", "”": "", "„": "", "«": "", "»": "", '"': "", "–": "-", "—": ",",
                       "…": "...", "\u00a0": " "})  # fmt: skip
_SCRIPTS = (("HANGUL", "ko"), ("HIRAGANA", "ja"), ("KATAKANA", "ja"), ("CJK", "zh-cn"), ("ARABIC", "ar"),
            ("DEVANAGARI", "hi"), ("CYRILLIC", "ru"))  # fmt: skip


def language_code(wish: str | None, usual: str | None, text: str, known: tuple[str, ...]) -> str:
    """The model's code for a language as agents write it (en-US, zh, pt_BR). None: by the script of the text, then
    English. EngineError for a language that the model does not speak."""
    name = wish or usual
    if name is None:
        return by_script(text)
    short = name.replace("_", "-").lower().split("-")[0]
    code = "zh-cn" if short in {"zh", "cmn"} else short
    if code not in known:
        raise EngineError(f"XTTS does not speak {name!r}; it speaks {', '.join(known)}.", engine="xtts")
    return code


def by_script(text: str) -> str:
    """Japanese before Chinese, for it uses both scripts; Latin letters count as English."""
    names = {unicodedata.name(char, "").split(" ")[0].split("-")[0] for char in text if char.isalpha()}
    return next((code for script, code in _SCRIPTS if script in names), "en")


def cut(text: str, longest: int) -> list[str]:
    """Parts of at most `longest` characters: cut at sentence ends, else at clauses, else at spaces, else anywhere."""
    done: list[str] = []
    rest = text.strip()
    while len(rest) > longest:
        found = _ENDS.finditer(rest, max(1, longest // 4), longest + 1)
        ends = [match for match in found if match.start() <= longest]
        by_weight = [[m for m in ends if rest[m.start() - 1] in marks] for marks in (_SENTENCE, _CLAUSE)]
        at = next((group[-1].end() for group in (*by_weight, ends) if group), longest)
        done.append(rest[:at].rstrip())
        rest = rest[at:].lstrip()
    return [part for part in (*done, rest) if part]


def spelled(text: str, language: str) -> str:
    """As XTTS reads it. EngineError when a language's transliterator is not installed."""
    text = unicodedata.normalize("NFC", text).translate(_LIKE)
    if language == "tr":
        text = text.replace("İ", "i")  # else its dot becomes a character of its own
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
    from num2words import num2words  # type: ignore[import-untyped]

    code = {"zh-cn": "zh", "hi": "hi"}.get(language, language)

    def word(match: re.Match[str]) -> str:
        digits = match[0].replace(",", ".")
        try:
            return f" {num2words(float(digits) if '.' in digits else int(digits), lang=code)} "
        except (NotImplementedError, OverflowError, ValueError):
            return " " + " ".join(digits) + " "

    return re.sub(r"\d+(?:[.,]\d+)?", word, text)


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
