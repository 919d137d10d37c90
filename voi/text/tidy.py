"""The last step: only letters and plain punctuation remain, without repeated or misplaced marks."""

import re
import unicodedata

_TABLE_MAX = 8_192
_PUNCTUATION = frozenset(" .,!?;:'-。！？、，；：・।॥؟،؛۔¿¡…\u200c\u200d")
_OPENING = re.compile(r"(?<=\w)\s+[(\[{]\s*(?=\w)|(?<=[.,!?;:])\s+[(\[{]\s*(?=\w)")
_CLOSING = re.compile(r"(?<=\w)\s*[)\]}]\s+(?=\w)")
_GLUED = re.compile(r"(?<=[\w)\]])[(\[]([^()\[\]{}]{0,120})[)\]](?=[\w\s.,;:!?)(\[]|\Z)")
"""Brackets right after a word: list[0], f(x), 6(1)(f). They make no pause."""
_DASH = re.compile(r"\s*(?:[—–―]|--+)\s*|\s+-\s+")
_APOSTROPHE = re.compile(r"(?<!\w)'+|'+(?!\w)|'{2,}")
_NO_CLITIC = re.compile(r"(?<!\w)'+(?![stnkm](?!\w))|'+(?!\w)|'{2,}")
_HYPHEN = re.compile(r"(?<!\w)-+|-+(?!\w)|-{2,}")
_RUN = re.compile(r"[\s,;:.!?]{2,}")
_ARABIC_COMMA = re.compile(r"\s+،")
_LEADING = " \t\n.,;:!?-、，。！？；：،؛؟।…"
_TRAILING = " \t\n,;:'-"


class _Kept(dict[int, str]):
    """For str.translate: everything that cannot be spoken and does not structure a sentence becomes a space."""

    def __init__(self, keep: str) -> None:
        super().__init__({ord(char): char for char in keep})

    def __missing__(self, code: int) -> str:
        char = chr(code)
        kept = char if char.isalnum() or char in _PUNCTUATION or unicodedata.category(char)[0] == "M" else " "
        if len(self) < _TABLE_MAX:
            self[code] = kept
        return kept


_TABLES: dict[str, _Kept] = {}


def tidy(text: str, keep: str = "", clitics: bool = False) -> str:
    """The tidied text. `keep`: signs that the speech engine can read."""
    text = " ".join(text.split())
    if ")" in text or "]" in text or "}" in text:
        text = _GLUED.sub(r" \1 ", text)
        text = _CLOSING.sub(", ", _OPENING.sub(", ", text))
    text = _DASH.sub(", ", text).replace("…", "...")
    table = _TABLES.get(keep)
    if table is None:
        table = _TABLES[keep] = _Kept(keep)
    text = text.translate(table)
    if "'" in text:
        text = (_NO_CLITIC if clitics else _APOSTROPHE).sub("", text)
    if "-" in text:
        text = _HYPHEN.sub(" ", text)
    text = _RUN.sub(_one_sign, text)
    if "،" in text:
        text = _ARABIC_COMMA.sub("،", text)
    return text.lstrip(_LEADING if clitics else f"{_LEADING}'").rstrip(_TRAILING)


def _one_sign(run: re.Match[str]) -> str:
    """The strongest of several marks, and a space if there was one."""
    signs = "".join(run[0].split())
    space = " " if len(signs) < len(run[0]) else ""
    if not signs:
        return " "
    if "..." in run[0]:
        return f"...{space}"
    sign = next((sign for sign in "?!." if sign in signs), signs[0])
    return sign + space
