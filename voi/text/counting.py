"""A plain number, and what it counts: two rooms, einem Hund, 세 명, 两个, ثلاث ساعات."""

import re

from voi.text import arabic_numbers, slavic
from voi.text.agreement import counted, gender, native_korean
from voi.text.numerals import cardinal, one_by_one
from voi.text.scan import Scan
from voi.text.tables.shape import Language


def counted_plain(scan: Scan, at: int, digits: str, end: int) -> str:
    """A plain number, in the form that agrees with what is counted."""
    language, text = scan.language, scan.text
    if len(digits) >= 4 and language.code in ("zh", "ja", "ko", "hi") and is_named(scan, at, end):  # 订单号58213
        return one_by_one(digits, language)
    if not language.spaces:
        return _east_asian(scan, at, digits, end)
    if language.code == "ko":
        return _korean(scan, at, digits, end)
    if said := _by_itself(scan, at, digits, end):
        return said
    noun = scan.word_after(end)
    if digits == "1" and (other := _OR.match(text, end)):  # 1 o 2 pastillas
        return _of_two(digits, other[1], language)
    if len(digits) == 4 and digits.isdigit() and (said := _year(scan, at, digits, end)):
        return said
    if language.code == "ar" and scan.word_before(at) == "الساعة" and digits.isdigit() and int(digits) <= 23:
        return arabic_numbers.time_of_day(int(digits), 0)  # الساعة 5 مساء
    if not noun or text[end : end + 1] != " " or noun.lower() in language.counted_stops or "." in digits:
        return cardinal(digits, language)
    before = scan.word_before(at).lower()
    if scan.kind == "acronym" and scan.end >= at - 1:  # IB3412 aterriza
        return cardinal(digits, language)
    if language.code == "ru" and before == "по" and digits == "1":  # по одной таблетке
        return "одной" if noun.endswith(("е", "и")) else "одному"
    if before in language.numbered or (noun[0].isupper() and not language.sentence_noun_capitals):
        return cardinal(digits, language)
    if language.code == "de" and not noun[0].isupper():
        described = _DESCRIBED.match(text, end) if digits == "1" else None  # 1 kleine Zwiebel
        return _german_one(described[1], described[2], language) if described else cardinal(digits, language)
    return counted(digits, noun, language)


def _by_itself(scan: Scan, at: int, digits: str, end: int) -> str:
    """What asks for no noun: hours, numbers of the police, the number of a century; "" for all others."""
    language, text = scan.language, scan.text
    if language.code == "hi" and _is_called(scan, at, digits, end):
        return one_by_one(digits, language)
    kind = arabic_numbers.ordinal_after(scan.word_before(at)) if language.code == "ar" else ""
    if kind and digits.isdigit() and 0 < int(digits) < 100:  # القرن 21
        return arabic_numbers.ordinal(int(digits), kind)
    if digits == "1" and language.code in _ONE_OCLOCK and _ONE_OCLOCK[language.code].search(text, max(0, at - 10), at):
        return "una"  # a la 1, all'1
    if language.code == "pl" and digits.isdigit() and 0 < int(digits) < 25 and _is_polish_hour(scan, at, end):
        return slavic.ordinal(int(digits), "pl", "locative", "f")  # o 8 rano
    return ""


def _korean(scan: Scan, at: int, digits: str, end: int) -> str:
    language, text = scan.language, scan.text
    noun = scan.rest(end)
    if (tilde := _TO_ANOTHER.match(text, end)) and digits.isdigit():  # 5~6개
        counter = _native_counter(text[tilde.end() :][:8], language)
        if counter and 1 <= int(digits) <= 99:
            return f"{native_korean(int(digits))} {counter}"
    if text[at - 1 : at] == "제" or _KOREAN_SCORE.match(text, end):  # 제3장, 3대 1
        return cardinal(digits, language)
    if _is_called(scan, at, digits, end):
        return one_by_one(digits, language)
    if noun.startswith("번") and not noun.startswith("번째") and not _OFTEN.search(text, max(0, at - 12), at):
        return cardinal(digits, language)
    if (
        not noun.startswith(SINO_KOREAN)
        and next((counter for counter in _longest(language) if noun.startswith(counter)), None)
        and digits.isdigit()
        and 1 <= int(digits) <= 99
    ):
        return native_korean(int(digits)) + ("" if text[end : end + 1] == " " else " ")
    if text[end : end + 1] == "월":
        return {"6": "유", "10": "시"}.get(digits) or cardinal(digits, language)
    return cardinal(digits, language)


SINO_KOREAN = (
    "개월", "개년", "개국", "개소", "개사", "개 국", "개 부", "개교", "개조", "개층", "개동", "개 언어", "개 도시",
    "달러", "번 승강장", "번 버스", "번 게이트", "번 홈", "번 창구", "번 문제", "번 국도",
    "대째", "번지", "번길", "번 출구", "번방", "번선", "번역", "번호", "시리즈", "장조", "장 제", "살인", "개점",
)  # fmt: skip
"""Words that begin like a counter but take Sino-Korean numbers: 삼개월, 오개국, 십 번지 (국립국어원, 온라인가나다)."""


_ONE_OCLOCK = {
    "es": re.compile(r"\b(?:a|es|hasta|desde|de|sobre) la\s\Z", re.IGNORECASE),
    "it": re.compile(r"\b[aA]ll['’]\Z"),
}
_OR = re.compile(r"\s(?:o|u|ou|or|à|a|oder|bis|или|lub|albo|nebo|až)\s\d{1,3}\s([^\W\d_]{3,})")


def _of_two(digits: str, noun: str, language: Language) -> str:
    if noun.lower() in language.counted_stops or (language.sentence_noun_capitals and noun.islower()):
        return cardinal(digits, language)
    if language.code == "de":
        return "ein"
    singular = f"{noun[:-1]}a" if language.code == "it" and noun.endswith("e") else ""  # plurals in -e are feminine
    return counted(digits, noun, language, singular)


_KOREAN_SCORE = re.compile(r"\s?대\s?\d")
_TWO_YEARS = re.compile("年(?![级度生班])")
_REIGN = re.compile("(?:第|元|高|大|初|民国|公元|令和|平成|昭和|同治|光绪)\\Z")
_EMERGENCIES = {
    "zh": frozenset(["110", "119", "120", "122", "114", "12345", "12315", "10086", "10010", "95588"]),
    "ko": frozenset(["112", "119", "114", "110", "1339"]),
    "hi": frozenset(["100", "101", "102", "108", "112", "1091", "1098"]),
}
_CALL_BEFORE = re.compile("(?:打|拨|呼叫|报警|致电|急救|电话|전화|신고|긴급|डायल|कॉल|आपात)[^。.!?]{0,8}\\Z")
_CALL_AFTER = ("报警", "急救", "电话", "热线", "에 신고", "에 전화", "로 전화", "신고", " डायल", " पर कॉल")


def _is_called(scan: Scan, at: int, digits: str, end: int) -> bool:
    """拨打110, 119에 신고: numbers of the police and the like are said figure by figure."""
    if digits not in _EMERGENCIES.get(scan.language.code, ()):
        return False
    return scan.text.startswith(_CALL_AFTER, end) or _CALL_BEFORE.search(scan.text, max(0, at - 14), at) is not None


_POLISH_HOUR = re.compile(
    r"\b(?:o godz\.?|o godzinie|od godz\.?|do godz\.?|po godz\.?|przed godz\.?)\s\Z", re.IGNORECASE
)
_POLISH_AT = re.compile(r"\b[oO]\s\Z")
_POLISH_WHEN = re.compile(r"\s?(?:[.,;!?]|\Z)|\s(?:rano|wieczorem|w|po|i)\b")


def _is_polish_hour(scan: Scan, at: int, end: int) -> bool:
    if _POLISH_HOUR.search(scan.text, max(0, at - 16), at):
        return True
    return _POLISH_AT.search(scan.text, max(0, at - 4), at) is not None and bool(_POLISH_WHEN.match(scan.text, end))


def _year(scan: Scan, at: int, digits: str, end: int) -> str:
    """Czech v roce 1316: třináct set šestnáct; Hindi 1990 में: उन्नीस सौ नब्बे."""
    code, number = scan.language.code, int(digits)
    if code == "cs" and scan.word_before(at).lower() in ("rok", "roce", "roku", "roka", "r", "léta"):
        return slavic.year(digits, code, "nominative")
    if (
        code == "hi"
        and 1100 <= number < 2000
        and scan.text[end : end + 4].lstrip().startswith(("में", "से", "तक", "ई", "के"))
    ):
        rest = number % 100
        return f"{cardinal(digits[:2], scan.language)} सौ{f' {cardinal(str(rest), scan.language)}' if rest else ''}"
    return ""


_TO_ANOTHER = re.compile(r"\s?[~–-]\s?\d{1,2}")


def _native_counter(noun: str, language: Language) -> str:
    if noun.lstrip().startswith(SINO_KOREAN):
        return ""
    return next((counter for counter in _longest(language) if noun.lstrip().startswith(counter)), "")


_OFTEN = re.compile(r"(?:하루|일주일|한 달|달|주|년|일년|매일|매주|총|약|에|당|각각|적어도|최소|최대)(?:에)?\s\Z")
"""After these words "2번" says how often (두 번), otherwise it is a number (이번)."""


def is_named(scan: Scan, at: int, end: int) -> bool:
    """True if a word like "order number" comes before, in a language whose words our patterns do not find."""
    if not scan.text[at:end].isdigit():
        return False
    before = _LINKS.sub("", scan.text[max(0, at - 24) : at])
    return any(word in before[-len(word) - 5 :] for word in scan.language.digits_after)


_LINKS = re.compile(r"(?:[\s:：#＃]|は|是|为|는|은)+\Z")
_DESCRIBED = re.compile(r"\s[a-zäöüß]{2,18}?(e|er|es|en|em)\s([A-ZÄÖÜ][^\W\d_]+)")


def _german_one(ending: str, noun: str, language: Language) -> str:
    """The German "one" that agrees with an adjective's ending: eine kleine, ein großer, einen kleinen Topf, einer
    kleinen Zwiebel."""
    if ending == "en":
        return {"m": "einen", "f": "einer", "n": "einem"}[gender(noun, language)]
    return "eine" if ending == "e" else "ein"


def _longest(language: Language) -> list[str]:
    found = _LONGEST.get(language.code)
    if found is None:
        found = _LONGEST[language.code] = sorted(language.counters, key=len, reverse=True)
    return found


_LONGEST: dict[str, list[str]] = {}


def _east_asian(scan: Scan, at: int, digits: str, end: int) -> str:
    text, language = scan.text, scan.language
    if not digits.isdigit():  # GPT3.5
        return cardinal(digits, language)
    if language.code == "zh" and len(digits) >= 3 and (text[at - 1 : at].isascii() and text[at - 1 : at].isupper()):
        return one_by_one(digits, language)  # G1234次
    if language.code == "zh" and len(digits) in (3, 4) and text.startswith(("室", "号房", "房间", "病房"), end):
        return one_by_one(digits, language)
    if language.code == "zh":
        if text[end : end + 1] == "年" and len(digits) == 4:
            return one_by_one(digits, language)
        if _is_called(scan, at, digits, end):
            return one_by_one(digits, language, telephone=True)
        if digits == "2" and _TWO_YEARS.match(text, end) and not _REIGN.search(text, max(0, at - 2), at):
            return "两"
        rest = scan.rest(end)
        if tilde := _TO_ANOTHER.match(text, end):
            rest = text[tilde.end() :][:8]
        if (
            digits == "2"
            and text[at - 1 : at] != "第"
            and not (at and text[at - 1].isascii() and text[at - 1].isalpha())
            and any(rest.startswith(counter) for counter in language.counters)
        ):
            return "两"
    return cardinal(digits, language)
