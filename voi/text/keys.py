"""Keys that are pressed together, as they are read: Ctrl+Alt+Del, Cmd-Shift-4, Strg+C."""

import re
from functools import cache

from voi.text.numerals import cardinal
from voi.text.scan import Reading, Scan
from voi.text.tables.shape import words as _set

CHORD_KEYS = _set(
    "Ctrl Control Cmd Command Alt Option Opt Shift Win Windows Fn Super Meta Strg Umschalt Maj Mayús Maiusc"
)
_CHORD = re.compile(
    rf"(?:{'|'.join(sorted(CHORD_KEYS, key=len, reverse=True))})"
    r"(?:\s?[+-]\s?(?:[A-Z][a-zäéúü]{1,9}|[A-Z0-9]|F\d{1,2}|[^\W\d_]+(?<=[a-z]{3}))(?![^\W_])){1,4}"
)
_NAMES = {
    "en": {"Ctrl": "Control", "Cmd": "Command", "Opt": "Option", "Win": "Windows", "Fn": "function", "Del": "Delete",
           "Ins": "Insert", "Esc": "Escape", "PgUp": "Page Up", "PgDn": "Page Down", "Prtsc": "Print Screen"},
    "de": {"Strg": "Steuerung", "Ctrl": "Steuerung", "Entf": "Entfernen", "Del": "Entfernen", "Esc": "Escape",
           "Einfg": "Einfügen", "Win": "Windows", "Cmd": "Command"},
    "fr": {"Ctrl": "Contrôle", "Suppr": "Supprimer", "Maj": "Majuscule", "Cmd": "Commande", "Del": "Supprimer"},
    "es": {"Ctrl": "Control", "Supr": "Suprimir", "Mayús": "Mayúsculas", "Cmd": "Comando", "Del": "Suprimir"},
    "it": {"Ctrl": "Control", "Canc": "Canc", "Maiusc": "Maiuscolo", "Cmd": "Comando"},
    "pt": {"Ctrl": "Control", "Cmd": "Command", "Del": "Delete"},
}  # fmt: skip
_PART = re.compile(r"[^\W_]+")


_PRESSED = {
    "en": ("star", "pound", "followed by|press|dial|hit|enter|push|type"),
    "de": ("Stern", "Raute", "drücken Sie|drücke|wählen Sie|wähle|tippen Sie|Taste|mit"),
    "fr": ("étoile", "dièse", "appuyez sur|tapez|composez|touche"),
    "es": ("asterisco", "almohadilla", "llame al|llama al|pulse|pulsa|marque|marca|presione|presiona|tecla"),
    "it": ("asterisco", "cancelletto", "premere|prema|premi|digiti|digita|tasto"),
    "pt": ("asterisco", "jogo da velha", "pressione|aperte|digite|tecle|disque|tecla"),
    "nl": ("sterretje", "hekje", "druk op|toets|kies"),
}
"""How the two signs of a telephone's keypad are called, and what stands before them."""


@cache
def _keypad(code: str) -> re.Pattern[str] | None:
    if code not in _PRESSED:
        return None
    return re.compile(
        rf"\b(?:{_PRESSED[code][2]})\s(?:(?:the|die|la|el|de|a)\s)?([*#]\d*[*#]?(?![\w*#]))", re.IGNORECASE
    )


def with_keypad(text: str, code: str) -> str:
    """Press #, dial *69: the signs by their names, before they are taken for Markdown's."""
    pattern = _keypad(code)
    if pattern is None:
        return text
    star, pound, _ = _PRESSED[code]
    return pattern.sub(
        lambda match: (
            match[0][: match.start(1) - match.start()]
            + match[1].replace("*", f" {star} ").replace("#", f" {pound} ").strip()
        ),
        text,
    )


def chord(scan: Scan, at: int) -> Reading | None:
    """Reads keys that are pressed together, such as Ctrl+C; None: there are none at `at`."""
    match = _CHORD.match(scan.text, at)
    if not match:
        return None
    names = _NAMES.get(scan.language.code, _NAMES["en"])
    return " ".join(_key(part, names, scan) for part in _PART.findall(match[0])), match.end(), "code"


def _key(part: str, names: dict[str, str], scan: Scan) -> str:
    if part.isdigit():
        return cardinal(part, scan.language)
    if part[0] == "F" and part[1:].isdigit():
        return f"F {cardinal(part[1:], scan.language)}"
    return names.get(part, part)
