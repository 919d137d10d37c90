"""Arabic numbers that agree: hours as ordinals, minutes, and three to nineteen before feminine nouns.

Hours are feminine ordinals with the article, quarters are said by name (الخامسة والنصف), and the numbers from three to
ten take the gender that their noun does not have (المعجم الوسيط، "العدد"; CLDR, rule-based number format, ar).
"""

import re

from voi.text.scan import Scan
from voi.text.tables.shape import words as _set

_HOURS = (
    "الثانية عشرة", "الواحدة", "الثانية", "الثالثة", "الرابعة", "الخامسة", "السادسة", "السابعة", "الثامنة", "التاسعة",
    "العاشرة", "الحادية عشرة", "الثانية عشرة", "الثالثة عشرة", "الرابعة عشرة", "الخامسة عشرة", "السادسة عشرة",
    "السابعة عشرة", "الثامنة عشرة", "التاسعة عشرة", "العشرون", "الحادية والعشرون", "الثانية والعشرون",
    "الثالثة والعشرون",
)  # fmt: skip
_ONES = ("", "إحدى", "اثنتان", "ثلاث", "أربع", "خمس", "ست", "سبع", "ثماني", "تسع", "عشر")
_TENS = ("", "", "عشرون", "ثلاثون", "أربعون", "خمسون")
_GENITIVE = re.compile("(?:ون|ان)$")
_NAMED = {15: " والربع", 20: " والثلث", 30: " والنصف"}
PREPOSITIONS = _set("عام سنة في من إلى حتى قبل بعد عند منذ")
_FEMININE = _set(
    "دقائق غرف ليال ليالي ثوان ثواني مدن نسخ علب ملاعق جرعات نقاط قطع لغات فتيات نساء بنات سيدات شقق فرص خطط صور أسر "
    "طرق مرة ساعة دقيقة ثانية ليلة سنة غرفة صفحة نسخة حبة قطعة نقطة كلمة درجة"
)
_NO_FEMININE = _set(
    "اجتماعات امتحانات خيارات قرارات طلبات اختبارات حيوانات إعلانات مشروعات كيلوغرامات كيلومترات غرامات مليغرامات "
    "لترات مترات دولارات ريالات يوروهات باصات تلفزيونات بيوت أوقات أصوات"
)
"""Plurals in -at of masculine nouns, and other plurals that end in the same letters."""


def time_of_day(hour: int, minute: int, genitive: bool = False) -> str:
    """5:30: الخامسة والنصف; 9:45: العاشرة إلا ربعًا; 10:20: العاشرة والثلث. `genitive`: after في، من، إلى."""
    said = _time(hour, minute)
    return " ".join(_GENITIVE.sub("ين", word) for word in said.split()) if genitive else said


def _time(hour: int, minute: int) -> str:
    if hour == 24 or (hour, minute) == (0, 0):
        return "منتصف الليل"
    if minute == 45 and hour < 23:
        return f"{_HOURS[1 if hour == 12 else hour + 1]} إلا ربعًا"
    said = _HOURS[hour]
    if not minute:
        return said
    return said + (_NAMED.get(minute) or f" و{minutes(minute)}")


def minutes(number: int) -> str:
    """1 to 59: دقيقة، دقيقتان، ثلاث دقائق، إحدى عشرة دقيقة."""
    if number <= 2:
        return ("دقيقة واحدة", "دقيقتان")[number - 1]
    return f"{feminine(number)} {'دقائق' if number <= 10 else 'دقيقة'}"


def feminine(number: int) -> str:
    """3 to 59 as before a feminine noun."""
    if number <= 10:
        return _ONES[number]
    ten, one = divmod(number, 10)
    if ten == 1:
        return f"{'اثنتا' if one == 2 else _ONES[one]} عشرة"
    return f"{_ONES[one]} و{_TENS[ten]}" if one else _TENS[ten]


def counted(said: str, number: str, noun: str) -> str:
    """`said`, the number in its form before masculine nouns, changed to the form for this noun."""
    if not (number.isdigit() and 3 <= int(number) <= 19) or not is_feminine(noun):
        return said
    return feminine(int(number))


def one_or_two(scan: Scan, at: int, digits: str, end: int) -> tuple[str, int] | None:
    """1 كتاب: كتاب واحد; 2 ساعة: ساعتان. The noun comes first, or holds the number by itself."""
    noun = scan.word_after(end)
    before = scan.word_before(at)
    if (
        digits not in ("1", "2")
        or scan.text[end : end + 1] != " "
        or not (len(noun) > 2 and noun[0] >= "\u0621")
        or noun in _NO_NOUNS
        or before.startswith("ال")
        or before in _LABELS
    ):
        return None
    stop = end + 1 + len(noun)
    bare = noun.removesuffix("ًا").removesuffix("اً")
    if digits == "1":
        return f"{bare} {'واحدة' if is_feminine(bare) else 'واحد'}", stop
    return (dual(bare, before in PREPOSITIONS), stop) if bare in _SINGULAR else None


def dual(noun: str, genitive: bool = False) -> str:
    """The Arabic dual of a noun: two of it. `genitive`: its ending after a preposition or a noun."""
    ending = "ين" if genitive else "ان"
    return f"{noun[:-1]}ت{ending}" if noun.endswith("ة") else f"{noun}{ending}"


_NO_NOUNS = _set(
    "في من إلى على عن مع أو أم ثم أن إن هو هي هذا هذه حتى قبل بعد عند منذ مليون مليار ألف صباحا صباحًا مساء مساءً ظهرا "
    "ظهرًا كما لكن لأن بين كل غير زائد ناقص ضرب يساوي إلا وهو وهي"
)
_LABELS = _set("رقم صفحة فصل بند مادة طابق دور غرفة قسم خطوة رصيف بوابة ساعة")
_SINGULAR = _set(
    "ساعة دقيقة ثانية يوم أسبوع شهر سنة عام كتاب ريال درهم دولار دينار جنيه يورو شخص غرفة ليلة مرة حبة قرص كوب ملعقة "
    "قطعة طفل تذكرة كيلوغرام كيلومتر متر غرام لتر سيارة رجل بيضة علبة جرعة موعد خيار نوع جزء سرير مقعد طاولة"
)


_ORDERED = {
    **dict.fromkeys(["القرن", "الطابق", "الدور", "الفصل", "المركز", "الأسبوع", "الصف", "الباب", "الجزء"], "m"),
    **dict.fromkeys(["المرحلة", "الحلقة", "المرة", "الدورة", "الدقيقة", "النسخة", "المرتبة"], "f"),
}
_NTH = (
    ("الأول", "الأولى"), ("الثاني", "الثانية"), ("الثالث", "الثالثة"), ("الرابع", "الرابعة"), ("الخامس", "الخامسة"),
    ("السادس", "السادسة"), ("السابع", "السابعة"), ("الثامن", "الثامنة"), ("التاسع", "التاسعة"), ("العاشر", "العاشرة"),
)  # fmt: skip
_NTH_TENS = ("", "", "العشرون", "الثلاثون", "الأربعون", "الخمسون", "الستون", "السبعون", "الثمانون", "التسعون")


def ordinal_after(noun: str) -> str:
    """ "m" or "f" where a number behind this noun says which one it is: القرن الحادي والعشرون; "" elsewhere."""
    return _ORDERED.get(noun, "")


def ordinal(number: int, kind: str) -> str:
    """The Arabic ordinal of 1 to 99. `kind`: f for a feminine noun, else m."""
    which = kind == "f"
    if number <= 10:
        return _NTH[number - 1][which]
    ten, one = divmod(number, 10)
    first = ("الحادي", "الحادية")[which] if one == 1 else _NTH[one - 1][which] if one else ""
    if ten == 1:
        return f"{first} {'عشرة' if which else 'عشر'}"
    return f"{first} و{_NTH_TENS[ten]}" if one else _NTH_TENS[ten]


def is_feminine(noun: str) -> bool:
    """Whether an Arabic noun is feminine, by a list and by its ending."""
    bare = noun.removesuffix("ً")
    if bare[:1] == "أ" and bare.endswith("ة") and len(bare) < 7 and bare not in _FEMININE:  # أجهزة, plural of جهاز
        return False
    return bare in _FEMININE or (bare.endswith(("ات", "ة")) and len(bare) > 3 and bare not in _NO_FEMININE)


def in_genitive(said: str) -> str:
    """عشرون: عشرين, مئتان: مئتين, as after من and إلى."""
    words = said.split(" ")
    return " ".join(_GENITIVE.sub("ين", word) if word.removeprefix("و") in _DECLINED else word for word in words)


_DECLINED = _set("عشرون ثلاثون أربعون خمسون ستون سبعون ثمانون تسعون مئتان مائتان ألفان مليونان اثنان")
