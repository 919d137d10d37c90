"""Chinese numbers in characters, which num2words does not know."""

_FIGURES = "零一二三四五六七八九"
_PLACES = ("", "十", "百", "千")


def chinese(number: int) -> str:
    """The words for a non-negative whole number: 10500 is 一万零五百."""
    for scale, name in ((10**12, "万亿"), (10**8, "亿"), (10**4, "万")):
        if number >= scale:
            many, rest = divmod(number, scale)
            gap = "零" if 0 < rest < scale // 10 else ""
            said = f"{'两' if many == 2 else chinese(many)}{name}{gap}"
            return said + (_below_10000(rest) if scale == 10**4 and rest else chinese(rest) if rest else "")
    said = _below_10000(number) or "零"
    return said.removeprefix("一") if said.startswith("一十") else said


def _below_10000(number: int) -> str:
    said, gap = "", False
    for place in (3, 2, 1, 0):
        digit = number // 10**place % 10
        if digit:
            said += ("零" if gap else "") + ("两" if (digit, place) == (2, 3) else _FIGURES[digit]) + _PLACES[place]
        gap = bool(said) and not digit
    return said
