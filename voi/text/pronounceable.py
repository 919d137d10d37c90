"""Tells whether a word in capitals can be read as an English word: NASA can; COPD, NCAA and HDMI are spelt. It compares
the letters with what English syllables begin and end with (Gimson's Pronunciation of English, 10.10).
"""

import re

_ONSETS = (
    "b c ch d f g gh h j k kh l m n p ph q r s sh t th ts v w wh x y z bl br cl cr chr dr dw fl fr gl gn gr kl kn kr "
    "ll pl pr ps pn pt ph phr qu rh sc sch scr shr sk sl sm sn sp sph spl spr squ st str sv sw thr thw tr tw tz vl "
    "vr wr zh zw"
)
_CODAS = (
    "b bb bt c ch ck ct d dd dst dth f ff ft fth g gg gh ght ghth gn h k l lb lc ld lf lg lk ll lm ln lp lt lth lch "
    "lsh lv m mb mm mn mp "
    "mph mpt n nc nch nd ng ngth nk nn nt nth nx nz p ph pp pt pth q r rb rc rch rd rf rg rk rl rld rm rn rp rr rst "
    "rt rth "
    "rtz rv s sc sh sk sm sp ss st t tch th tt tz v w wd wk wl wn x xt z zz"
)
_VOWELS = r"(?:y?(?!aa|ii|uu)[aeiou]{1,3}y?|y(?=[^aeiou]|\Z)|(?<=[b-df-hj-np-tv-z])y)"
_ONSET, _CODA = ("|".join(sorted(text.split(), key=len, reverse=True)) for text in (_ONSETS, _CODAS))
_WORD = re.compile(
    f"(?:{_ONSET})?{_VOWELS}(?:(?:{_ONSET}|{_CODA}|(?:{_CODA})(?:{_ONSET})){_VOWELS})*(?:(?:{_CODA})s?)?"
)
_AS_WORDS = frozenset(
    [
        "jpeg",
        "mpeg",
        "gmat",
        "lsat",
        "psat",
        "toefl",
        "crispr",
        "nvidia",
        "vlookup",
        "hlookup",
        "captcha",
        "nginx",
        "ascii",
        "yaml",
        "toml",
        "gzip",
        "wasm",
        "xbox",
    ]
)


def is_pronounceable(letters: str) -> bool:
    """True if the word can be pronounced. `letters`: up to six capitals, at least one of them a vowel."""
    word = letters.lower()
    if word[0] == "y" and word[1:2] not in "aeiou":  # YTD
        return False
    return word in _AS_WORDS or _WORD.fullmatch(word) is not None
