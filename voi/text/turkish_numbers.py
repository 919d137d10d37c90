"""Turkish numbers in separate words (Türk Dil Kurumu, Yazım Kılavuzu, "Sayıların Yazılışı": on iki, iki yüz elli)."""

_ONES = ("", "bir", "iki", "üç", "dört", "beş", "altı", "yedi", "sekiz", "dokuz")
_TENS = ("", "on", "yirmi", "otuz", "kırk", "elli", "altmış", "yetmiş", "seksen", "doksan")
_SCALES = ((10**12, "trilyon"), (10**9, "milyar"), (10**6, "milyon"), (10**3, "bin"))


def turkish(number: int) -> str:
    """The words for a non-negative whole number: 1250 is bin iki yüz elli."""
    said: list[str] = []
    for scale, name in _SCALES:
        many, number = divmod(number, scale)
        if many:
            said += [name] if many == 1 and scale == 1_000 else [*_below_1000(many), name]
    return " ".join([*said, *_below_1000(number)]) or "sıfır"


def _below_1000(number: int) -> list[str]:
    hundreds, rest = divmod(number, 100)
    said = ([] if hundreds < 2 else [_ONES[hundreds]]) + (["yüz"] if hundreds else [])
    return said + [word for word in (_TENS[rest // 10], _ONES[rest % 10]) if word]


def turkish_ordinal(number: int) -> str:
    """bir: birinci, iki: ikinci, dört: dördüncü (the last vowel decides)."""
    said = turkish(number)
    if said.endswith("dört"):
        return f"{said[:-1]}düncü"
    last = next(char for char in reversed(said) if char in _HARMONY)
    vowel = _HARMONY[last]
    return f"{said}{'' if said[-1] in _HARMONY else vowel}nc{vowel}"


_HARMONY = {"a": "ı", "ı": "ı", "o": "u", "u": "u", "e": "i", "i": "i", "ö": "ü", "ü": "ü"}
