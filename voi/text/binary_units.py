"""Names of the binary units of data (16 GiB, in French also 16 Gio), which CLDR does not have.

In Chinese they are spelt, as GB is: their Chinese names are hardly ever said.
"""

from collections.abc import Mapping

from voi.text.tables.shape import Forms, forms

_SYMBOLS = ("Ki", "Mi", "Gi", "Ti", "Pi")
_LATIN = ("kibi", "mebi", "gibi", "tebi", "pebi")
_PREFIXES: Mapping[str, tuple[str, ...]] = {
    "de": ("Kibi", "Mebi", "Gibi", "Tebi", "Pebi"),
    "fr": ("kibi", "mébi", "gibi", "tébi", "pébi"),
    "ru": ("киби", "меби", "гиби", "теби", "пеби"),
    "ar": ("كيبي", "ميبي", "جيبي", "تيبي", "بيبي"),
    "hi": ("किबी", "मेबी", "गिबी", "टेबी", "पेबी"),
    "zh": ("K I ", "M I ", "G I ", "T I ", "P I "),
    "ja": ("キビ", "メビ", "ギビ", "テビ", "ペビ"),
    "ko": ("키비", "메비", "기비", "테비", "페비"),
}
_BYTE: Mapping[str, Forms] = {
    "en": forms("byte", "bytes"), "es": forms("byte", "bytes"), "pt": forms("byte", "bytes"), "de": forms("byte"),
    "it": forms("byte"), "nl": forms("byte"), "fr": forms("octet", "octets"),
    "pl": forms("bajt", "bajta", "bajty", "bajtów"), "ru": forms("байт", "байта", "байта", "байт"),
    "cs": forms("bajt", "bajtů", "bajty", "bajtu"), "hu": forms("bájt"), "tr": forms("bayt"), "ar": forms("بايت"),
    "hi": forms("बाइट"), "zh": forms("B"), "ja": forms("バイト"), "ko": forms("바이트"),
}  # fmt: skip
_LETTERS = {"fr": ("B", "o"), "ru": ("B", "Б")}
_CYRILLIC = ("Ки", "Ми", "Ги", "Ти", "Пи")


def binary_units(code: str) -> Mapping[str, Forms]:
    """The forms of each symbol (KiB, MiB …) in that language; {}: it has no table of its own."""
    byte = _BYTE.get(code)
    if byte is None:
        return {}
    found = {}
    for number, prefix in enumerate(_PREFIXES.get(code, _LATIN)):
        named = {category: f"{prefix}{noun}" for category, noun in byte.items()}
        for letter in _LETTERS.get(code, ("B",)):
            symbol = (_CYRILLIC if letter == "Б" else _SYMBOLS)[number]
            found[symbol + letter] = named
    return found
