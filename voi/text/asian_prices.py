"""Prices by the month, the night, the head in Japanese and Korean, where what is counted by comes first: 月九百八十円,
한 명당 삼천원."""

import re

from voi.text.numerals import cardinal
from voi.text.scan import Reading, Scan

_PRICE = {
    "ja": re.compile(
        r"(円|万円|ドル|ユーロ|回|拍|滴)\s?[/／]\s?(か月|月|日|人|名|泊|年|時間|回|個|本|枚|分|秒|kg|m2)(?![ァ-ヴ一-龠])"
    ),
    "ko": re.compile(r"(원|만\s?원|달러|유로|회|번)\s?/\s?(개월|월|일|명|인|박|년|시간|회|개|분|초|kg|m2)"),
}
_FIRST = {
    "ja": {"か月": "一か月", "月": "月", "日": "一日", "人": "一人", "名": "一名", "泊": "一泊", "年": "年",
           "時間": "一時間", "回": "一回", "個": "一個", "本": "一本",
           "枚": "一枚", "kg": "一キロ", "m2": "一平方メートル",
           "分": "毎分", "秒": "毎秒"},
    "ko": {"개월": "한 달 ", "월": "월 ", "일": "하루 ", "명": "한 명당 ", "인": "일인당 ", "박": "일박 ", "년": "연 ",
           "시간": "시간당 ", "회": "회당 ", "개": "개당 ", "kg": "킬로그램당 ", "m2": "제곱미터당 ",
           "분": "분당 ", "초": "초당 "},
}  # fmt: skip


def price_by(scan: Scan, at: int) -> Reading | None:
    """980円/月, 9,900원/월."""
    pattern = _PRICE.get(scan.language.code)
    number = scan.number(at) if pattern else None
    if not pattern or not number:
        return None
    match = pattern.match(scan.text, number[1])
    if not match:
        return None
    said = f"{_FIRST[scan.language.code][match[2]]}{cardinal(number[0], scan.language)}{match[1]}"
    return said, match.end(), "money"
