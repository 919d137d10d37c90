"""Which language a text is in for XTTS, and how it is cut to what the model takes. Pure."""

import re
import unicodedata

from voi.errors import EngineError

# Characters that the model speaks in one go without cutting off, by language, as published with XTTS-v2.
LONGEST = {
    "en": 250, "de": 253, "fr": 273, "es": 239, "it": 213, "pt": 203, "pl": 224, "zh-cn": 82, "ar": 166, "cs": 186,
    "ru": 182, "nl": 251, "tr": 226, "ja": 71, "hu": 224, "ko": 95, "hi": 150,
}  # fmt: skip

_ENDS = re.compile(
    r"(?<=[.!?…])[\"'»”’)]*\s+|(?<=[。！？।؟])|(?<=[,;:—،])\s+|(?<=[，、；：])|\s+"
)  # sentence, clause, word
_SENTENCE, _CLAUSE = ".!?…。！？।؟", ",;:—،，、；："
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
