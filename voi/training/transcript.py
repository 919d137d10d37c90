"""One recording's text: cleaned, and checked to be text that XTTS can learn to speak in that language."""

import re
import unicodedata

from voi.training.sound import Unusable

LATIN, CYRILLIC = ("LATIN",), ("CYRILLIC",)
SCRIPTS = {
    **dict.fromkeys(("en", "es", "fr", "de", "it", "pt", "pl", "tr", "nl", "cs", "hu"), LATIN),
    "ru": CYRILLIC,
    "ar": ("ARABIC",),
    "zh-cn": ("CJK",),
    "ja": ("CJK", "HIRAGANA", "KATAKANA"),
    "ko": ("HANGUL",),
    "hi": ("DEVANAGARI",),
}
"""The languages of XTTS-v2 and the first words of their letters' Unicode names."""
DENSE = ("zh-cn", "ja", "ko")
"""Languages in which a character is a syllable or more."""
FOREIGN_SHARE = 0.3
"""Largest share of letters in another script: a name or two is acceptable."""
RATE_PER_S = (4.0, 30.0)
DENSE_RATE_PER_S = (1.5, 15.0)
"""Characters per second of speech. Reading aloud has 12 to 18 (English), 4 to 7 where a character is a syllable."""

_MARKUP = re.compile(r"<[^>]*>|https?://|www\.|\{[^}]*\}|\[[^\]]*\]|[|\\^~_=]{2,}")
_SPACES = re.compile(r"\s+")
_QUOTES = {'"': '"', "“": "”", "„": "“", "«": "»", "'": "'"}


def language_code(name: str) -> str:
    """XTTS's code of a language: `en-US` and `EN` are en, `zh` is zh-cn. Raises Unusable for other languages."""
    code = name.strip().lower().replace("_", "-")
    code = "zh-cn" if code.split("-")[0] == "zh" else code.split("-")[0]
    if code not in SCRIPTS:
        raise Unusable("language", f"XTTS has no language {name!r}; it has {', '.join(SCRIPTS)}")
    return code


def cleaned(text: str) -> str:
    """The text with composed characters, on one line, with single spaces, without invisible characters and without
    quotation marks around it."""
    text = unicodedata.normalize("NFC", text)
    text = "".join(c for c in text if c.isspace() or unicodedata.category(c)[0] != "C")
    text = _SPACES.sub(" ", text).strip()
    if len(text) > 1 and _QUOTES.get(text[0]) == text[-1] and text[-1] not in text[1:-1]:
        text = text[1:-1].strip()
    return text


def check(text: str, language: str, speech_ms: int) -> None:
    """Raises Unusable unless the cleaned text is plausible for `speech_ms` of speech."""
    if not text:
        raise Unusable("no text", "there is no transcript")
    if found := _MARKUP.search(text):
        raise Unusable("odd text", f"{found.group()!r} cannot be spoken: write what is said")
    if "\ufffd" in text:
        raise Unusable("odd text", "some of it could not be read; save transcripts as UTF-8")
    letters = [c for c in text if c.isalpha()]
    if not letters:
        raise Unusable("odd text", "there is no letter in it; write numbers as words")
    foreign = sum(not unicodedata.name(c, "").startswith(SCRIPTS[language]) for c in letters)
    if foreign > FOREIGN_SHARE * len(letters):
        raise Unusable("language", f"its letters are not those of {language}")
    per_s = len(text) * 1000 / max(1, speech_ms)
    low, high = DENSE_RATE_PER_S if language in DENSE else RATE_PER_S
    if not low <= per_s <= high:
        raise Unusable("text does not fit", f"{per_s:.1f} characters per second of speech: is it what is said there?")
