"""Kokoro's phonemes: their numbers, and what espeak-ng's IPA is in them.

Kokoro was trained on text as its package misaki writes it: diphthongs and affricates are one capital letter or
ligature, and each English accent has signs of its own (misaki's EN_PHONES.md; the numbers: `vocab` in the config.json
beside the weights, Kokoro-82M v1.0).
"""

import re
from collections.abc import Mapping
from typing import Final

TIE: Final = "^"
"""What stands between the signs of one sound in the IPA that is given."""
VOCABULARY: Final[Mapping[str, int]] = {
    **{sign: number for number, sign in enumerate(";:,.!?", 1)},
    "—": 9, "…": 10, '"': 11, "(": 12, ")": 13, "“": 14, "”": 15, " ": 16, "\u0303": 17,
    "ʣ": 18, "ʥ": 19, "ʦ": 20, "ʨ": 21, "ᵝ": 22, "ꭧ": 23, "A": 24, "I": 25, "O": 31, "Q": 33, "S": 35, "T": 36,
    "W": 39, "Y": 41, "ᵊ": 42, "a": 43, "b": 44, "c": 45, "d": 46, "e": 47, "f": 48,
    **{sign: number for number, sign in enumerate("hijklmnopqrstuvwxyz", 50)},
    "ɑ": 69, "ɐ": 70, "ɒ": 71, "æ": 72, "β": 75, "ɔ": 76, "ɕ": 77, "ç": 78, "ɖ": 80, "ð": 81, "ʤ": 82, "ə": 83,
    "ɚ": 85, "ɛ": 86, "ɜ": 87, "ɟ": 90, "ɡ": 92, "ɥ": 99, "ɨ": 101, "ɪ": 102, "ʝ": 103, "ɯ": 110, "ɰ": 111,
    "ŋ": 112, "ɳ": 113, "ɲ": 114, "ɴ": 115, "ø": 116, "ɸ": 118, "θ": 119, "œ": 120, "ɹ": 123, "ɾ": 125, "ɻ": 126,
    "ʁ": 128, "ɽ": 129, "ʂ": 130, "ʃ": 131, "ʈ": 132, "ʧ": 133, "ʊ": 135, "ʋ": 136, "ʌ": 138, "ɣ": 139, "ɤ": 140,
    "χ": 142, "ʎ": 143, "ʒ": 147, "ʔ": 148, "ˈ": 156, "ˌ": 157, "ː": 158, "ʰ": 162, "ʲ": 164,
    "↓": 169, "→": 171, "↗": 172, "↘": 173, "ᵻ": 177,
}  # fmt: skip
SIGNS: Final = frozenset(';:,.!?—…"()“” ')
"""Those of them that are no sounds."""

_TIED = {
    "a^ɪ": "I", "a^ʊ": "W", "e^ɪ": "A", "ɔ^ɪ": "Y", "o^ʊ": "O", "ə^ʊ": "Q",
    "d^ʒ": "ʤ", "t^ʃ": "ʧ", "d^z": "ʣ", "t^s": "ʦ", "s^s": "S",
}  # fmt: skip
_ENGLISH = {"ə^l": "ᵊl", "ɚ": "əɹ", "ɐ": "ə", "ʔ": "t", "r": "ɹ", "x": "k", "ç": "k", "ɬ": "l", "e": "A", "\u0303": ""}
_AMERICAN = {"ɜːɹ": "ɜɹ", "ɜː": "ɜɹ", "i^ə": "iə", "ɪə": "iə", "ɾ": "T"}
_BRITISH = {"e^ə": "ɛː", "i^ə": "ɪə", "iə": "ɪə"}
_SYLLABIC = re.compile("(.)\u0329")


def kokoro_sounds(ipa: str, language: str) -> str:
    """espeak-ng's IPA, with ties, of one word or several as Kokoro's phonemes. `language`: espeak-ng's name, such as
    en-us. Signs without a number stay; the model leaves them out."""
    english = language.startswith("en")
    british = english and language != "en-us"
    if english:
        ipa = _replaced(ipa, _BRITISH if british else _AMERICAN)
    ipa = _replaced(ipa, _TIED)
    if english:
        ipa = _SYLLABIC.sub(r"ᵊ\1", _replaced(ipa, _ENGLISH))
        ipa = ipa.replace("tᵊn", "tn").replace("ɹɹ", "ɹ")
        ipa = ipa if british else ipa.replace("ː", "")
    return ipa.replace(TIE, "").replace("-", "")


def _replaced(text: str, wishes: Mapping[str, str]) -> str:
    for wish in sorted(wishes, key=len, reverse=True):
        text = text.replace(wish, wishes[wish])
    return text
