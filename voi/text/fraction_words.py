"""Fractions in words, by language: drei Viertel, un tercio, yarım, 三分之一."""

from collections.abc import Callable

from voi.text import slavic
from voi.text.agreement import counted, gender
from voi.text.numerals import cardinal, ordinal, whole
from voi.text.scan import Scan


def parts(scan: Scan, top: int, bottom: int, integer: str | None, end: int) -> str:
    """The words of `top`/`bottom`, after the whole number `integer`. `end`: where the fraction ends in the text."""
    language = scan.language
    code = language.code
    if not language.spaces or code == "ko":
        said = _east_asian(scan, top, bottom)
        return f"{cardinal(integer, language)}{language.say.get('and_parts', '')}{said}" if integer else said
    if code == "tr":
        place = _TURKISH.get(bottom, f"{whole(str(bottom), code)} bölü")
        said = "yarım" if (top, bottom) == (1, 2) and not integer else f"{place} {whole(str(top), code)}"
        return (
            f"{cardinal(integer, language)} buçuk"
            if integer and (top, bottom) == (1, 2)
            else f"{cardinal(integer, language)} tam {said}"
            if integer
            else said
        )
    if top == 1 and not integer and (code == "ar" or bottom == 2) and (alone := _ALONE.get((code, bottom))):
        return alone
    if (top, bottom) == (1, 2) and not integer and code in HALF_OF and scan.text[end : end + 1] == " ":
        noun = scan.word_after(end)
        if noun.islower() and len(noun) > 2 and noun not in language.counted_stops:
            return HALF_OF[code][gender(noun, language) == "f"]
    named = language.fractions.get(str(bottom))
    if named is None and code == "hi":  # पाँच बटा आठ
        said = f"{cardinal(str(top), language)} {language.say['over']} {cardinal(str(bottom), language)}"
        return f"{cardinal(integer, language)} {language.say['and']} {said}" if integer else said
    one, many = named or _from_ordinal(scan, bottom)
    head = cardinal(integer, language) if integer else ""
    if top == 1:
        if code == "en":
            return f"{head} and {'a' if bottom in (2, 4) else 'one'} {one}" if integer else f"one {one}"
        if code == "de" and bottom == 2:
            if not integer:
                return _german_half(scan, end)
            return f"{'ein' if integer == '1' else head}einhalb"
        if integer and bottom == 2 and (half := _AND_A_HALF.get(code)):
            return half(integer, head)
        if integer and bottom == 2:
            return f"{head} {language.say['and']} {language.say.get('half', one)}"
        said = f"{language.say.get('one_part', whole('1', code))} {one}"
    else:
        singular = one if code in ("ru", "pl") else ""
        said = f"{counted(str(top), many, language, singular)} {many}"
    return f"{head} {language.say['and']} {said}" if integer else said


_AND_A_HALF: dict[str, Callable[[str, str], str]] = {
    "nl": lambda number, head: "anderhalf" if number == "1" else f"{head}{'ën' if head.endswith('e') else 'en'}half",
    "pl": lambda number, head: "półtora" if number == "1" else f"{head} i pół",
    "ru": lambda number, head: "полтора" if number == "1" else f"{head} с половиной",
    "hu": lambda number, head: "másfél" if number == "1" else f"{'két' if number == '2' else head} és fél",
    "hi": lambda number, head: {"1": "डेढ़", "2": "ढाई"}.get(number, f"साढ़े {head}"),
}
"""Two and a half: tweeënhalf, два с половиной, ढाई."""


def _german_half(scan: Scan, end: int) -> str:
    """1/2 Liter: ein halber Liter; 1/2 Stunde: eine halbe Stunde."""
    noun = scan.word_after(end)
    if not noun[:1].isupper():
        return "ein halb"
    return {"m": "ein halber", "f": "eine halbe", "n": "ein halbes"}[gender(noun, scan.language)]


def _from_ordinal(scan: Scan, bottom: int) -> tuple[str, str]:
    language = scan.language
    said = ordinal(str(bottom), language)
    code = language.code
    if code == "de":
        return f"{said}l".title(), f"{said}l".title()
    if code in ("en", "fr"):
        return said, f"{said}s"
    if code == "it":
        return said, f"{said[:-1]}i"
    if code == "es":
        name = _SPANISH.get(bottom) or f"{whole(str(bottom), code).replace(' y ', 'i').replace('í', 'i')}avo"
        return name, f"{name}s"
    if code == "pt":
        name = said if bottom <= 10 else f"{whole(str(bottom), code)} avos"
        return name, name if name.endswith("s") else f"{name}s"
    if code in ("pl", "ru") and bottom < 100:
        return slavic.ordinal(bottom, code, gender="f"), slavic.ordinal(bottom, code, "genitive", "p")
    return said, said


HALF_OF = {"fr": ("un demi", "une demi"), "es": ("medio", "media"), "it": ("mezzo", "mezza"), "pt": ("meio", "meia")}
_TURKISH = {2: "ikide", 3: "üçte", 4: "dörtte", 5: "beşte", 6: "altıda", 8: "sekizde", 10: "onda", 100: "yüzde"}
_ALONE = {
    ("hu", 2): "fél",
    ("hi", 2): "आधा",
    ("cs", 2): "půl",
    ("pl", 2): "pół",
    ("ru", 2): "половину",
    ("ar", 2): "نصف",
    ("ar", 3): "ثلث",
    ("ar", 4): "ربع",
}
_SPANISH = {5: "quinto", 6: "sexto", 7: "séptimo", 8: "octavo", 9: "noveno", 10: "décimo", 100: "centésimo"}


def _east_asian(scan: Scan, top: int, bottom: int) -> str:
    language = scan.language
    low, high = whole(str(bottom), language.code), whole(str(top), language.code)
    return f"{low}{language.say['parts']}{' ' if language.code == 'ko' else ''}{high}"
