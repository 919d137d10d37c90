"""Texts to ids, by the tokenizers that a NeMo configuration names. Pure.

The order of a vocabulary is not in the file but in the tokenizer's class: space, the letters, the apostrophe,
punctuation, then <pad>, <blank> (where it is wished for) and <oov>.
"""

import string
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from voi.engines.tts.fastpitch.arpabet import CONSONANTS, VOWELS, Pronunciations
from voi.errors import ConfigError

PUNCTUATION = tuple(',.!?-:;/"()[]{}')
GERMAN_PUNCTUATION = tuple(sorted({*PUNCTUATION, *"«»‹›„“‚‘‒–—"}))
SPANISH_PUNCTUATION = tuple(sorted({*PUNCTUATION, *"«»‹›¿¡"}))
ENGLISH = string.ascii_lowercase
SPANISH = "abcdefghijklmnopqrstuvwxyzáéíñóúü"
GERMAN_UPPER = "ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÜẞ"
VIETNAMESE_UPPER = (
    "ABCDEFGHIJKLMNOPQRSTUVWXYZĐ"
    "ÁÀÃẢẠĂẮẰẴẲẶÂẤẦẪẨẬ" "ÓÒÕỎỌÔỐỒỖỔỘƠỚỜỠỞỢ" "ÉÈẼẺẸÊẾỀỄỂỆ" "ÚÙŨỦỤƯỨỪỮỬỰ" "ÍÌĨỈỊ" "ÝỲỸỶỴ"
)  # fmt: skip
"""Letters of Vietnamese with their tone marks, in the order of NeMo's character set."""
ALIKE = str.maketrans({"’": "'", "‘": "'", "“": '"', "”": '"', "–": "-", "—": "-", "…": ".", "\u00a0": " "})
"""Signs that texts have, as those that vocabularies have."""


class Tokenizer(Protocol):
    """`language`: ISO code of what it spells. `tokens`: the vocabulary; the last ones have no sound."""

    language: str
    tokens: list[str]

    def encode(self, text: str) -> list[int]:
        """Ids of the text's letters or sounds; what the vocabulary lacks is left out. []: there is none."""
        ...


class Graphemes:
    """Letter by letter. `prepare`: what is done to the text before."""

    def __init__(
        self, language: str, letters: str, prepare: Callable[[str], str], punctuation: Sequence[str] = PUNCTUATION,
        *, apostrophe: bool = True, blank: object = None, spaces: bool = False,
    ) -> None:  # fmt: skip
        self.language = language
        signs = [" ", *letters, *(["'"] if apostrophe else []), *punctuation]
        self.tokens = with_marks(signs, blank)
        self._ids = {sign: number for number, sign in enumerate(signs)}
        self._prepare, self._spaces = prepare, spaces

    def encode(self, text: str) -> list[int]:
        return joined((sign for sign in self._prepare(text) if sign in self._ids), self._ids, around=self._spaces)


class Phonemes:
    """English words as ARPAbet sounds, by the dictionary in the file; words that it does not have, or has with several
    sounds, letter by letter."""

    language = "en"

    def __init__(
        self, dictionary: Pronunciations, *, stresses: bool, letters: bool, punctuation: Sequence[str] = PUNCTUATION,
        apostrophe: bool = True, silence: str | None = None, blank: object = None, spaces: bool = False,
    ) -> None:  # fmt: skip
        vowels = [f"{vowel}{stress}" for vowel in VOWELS for stress in range(3)] if stresses else [*VOWELS]
        signs = [" ", *([silence] if silence else []), *CONSONANTS, *vowels, *(ENGLISH if letters else "")]
        signs += [*(["'"] if apostrophe else []), *punctuation]
        self.tokens = with_marks(signs, blank)
        self._ids = {sign: number for number, sign in enumerate(signs)}
        self._dictionary, self._stresses, self._spaces = dictionary, stresses, spaces

    def encode(self, text: str) -> list[int]:
        sounds = self._dictionary.sounds(without_accents(text).lower())
        if not self._stresses:
            sounds = [sound[:-1] if len(sound) == 3 and sound[-1].isdigit() else sound for sound in sounds]
        return joined((sound for sound in sounds if sound in self._ids), self._ids, around=self._spaces)


def joined(signs: Any, ids: Mapping[str, int], *, around: bool) -> list[int]:
    """Ids with single spaces inside, none at the ends, or one at each (`around`)."""
    kept: list[str] = []
    for sign in signs:
        if sign != " " or (kept and kept[-1] != " "):
            kept.append(sign)
    while kept and kept[-1] == " ":
        kept.pop()
    if not any(any(map(str.isalnum, sign)) for sign in kept):
        return []
    return [ids[sign] for sign in ([" ", *kept, " "] if around else kept)]


def with_marks(signs: Sequence[str], blank: object) -> list[str]:
    """The vocabulary with the marks behind it."""
    if blank is None:
        return [*signs, "<pad>", "<oov>"]
    return [*signs, "<pad>", *(("<oov>", "<blank>") if blank == "last" else ("<blank>", "<oov>"))]


def composed(text: str) -> str:
    """Each letter with its marks as one character (NFC)."""
    return unicodedata.normalize("NFC", text).translate(ALIKE)


def without_accents(text: str) -> str:
    """Letters without their marks."""
    plain = (sign for sign in unicodedata.normalize("NFD", text) if unicodedata.category(sign) != "Mn")
    return "".join(plain).translate(ALIKE)


def tokenizer_of(raw: Mapping[str, Any], artefact: Callable[[object], bytes | None], what: str) -> Tokenizer:
    """The tokenizer of a configuration's `text_tokenizer`. Raises ConfigError for one that is not supported."""
    kind = str(raw.get("_target_", "")).rpartition(".")[2]
    marks = raw.get("non_default_punct_list")
    given = tuple(map(str, marks))[:200] if isinstance(marks, list) else None
    usual = {"GermanCharsTokenizer": GERMAN_PUNCTUATION, "SpanishCharsTokenizer": SPANISH_PUNCTUATION}.get(kind)
    punctuation = (given or usual or PUNCTUATION) if raw.get("punct", True) else ()
    common: dict[str, Any] = {
        "punctuation": punctuation,
        "apostrophe": bool(raw.get("apostrophe", True)),
        "blank": raw.get("add_blank_at"),
        "spaces": bool(raw.get("pad_with_space", False)),
    }
    letters = str(raw["chars"])[:1_000] if isinstance(raw.get("chars"), str) else None
    if kind == "VietnameseCharsTokenizer":
        usual_letters = VIETNAMESE_UPPER + VIETNAMESE_UPPER.lower()
        return Graphemes("vi", letters or usual_letters, lambda text: composed(text).lower(), **common)
    if kind == "EnglishCharsTokenizer":
        return Graphemes("en", ENGLISH, lambda text: without_accents(text).lower(), **common)
    if kind == "SpanishCharsTokenizer":
        return Graphemes("es", SPANISH, lambda text: composed(text).lower(), **common)
    if kind == "GermanCharsTokenizer":
        return Graphemes("de", letters or GERMAN_UPPER + "abcdefghijklmnopqrstuvwxyzäöüß", composed, **common)
    if kind == "EnglishPhonemesTokenizer":
        g2p = raw.get("g2p") or {}
        words, unclear = artefact(g2p.get("phoneme_dict")), artefact(g2p.get("heteronyms"))
        if words is None:
            raise ConfigError(f"{what} lacks the dictionary that its text_tokenizer.g2p.phoneme_dict names.")
        return Phonemes(
            Pronunciations(words, unclear or b""),
            stresses=bool(raw.get("stresses", False)),
            letters=bool(raw.get("chars", False)) or g2p.get("phoneme_probability") is not None,
            silence=str(raw["silence"]) if raw.get("silence") else None,
            **common,
        )
    raise ConfigError(
        f"{what}: the tokenizer {kind or '(none)'!r} is not supported; there are VietnameseCharsTokenizer, "
        "EnglishCharsTokenizer, EnglishPhonemesTokenizer, GermanCharsTokenizer, SpanishCharsTokenizer."
    )
