"""E-mail addresses, by the syntax of RFC 5321 (4.1.2 and 4.5.3.1), without quoted names and address literals."""

import re
import unicodedata
from collections.abc import Sequence
from itertools import pairwise

from voi.capture.dictated import Unit
from voi.capture.resembling import as_spelled
from voi.capture.taken import Taken, failed
from voi.capture.vocabulary import Vocabulary
from voi.text.tables.shape import words as word_set

ADDRESS_MAX, LOCAL_MAX, LABEL_MAX = 254, 64, 63
_LOCAL = re.compile(r"[a-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[a-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?")
_TOP = re.compile(r"[a-z]{2,}|xn--[a-z0-9-]+")
_TOPS = word_set(
    "com org net edu gov info biz io dev app ai me uk de at ch fr es it nl be pl pt ru cz hu tr eu us ca au nz in jp "
    "cn kr br mx se no dk fi ie example"
)
"""Usual ends of addresses, after which words are no part of one."""
_CONTINUED = frozenset({"co", "ac", "gov", "me", "us"})
"""After these another part often follows: co.uk."""
_UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "ı": "i", "ł": "l", "ø": "o", "æ": "ae"})


def email(units: Sequence[Unit], words: Vocabulary) -> Taken:
    """An address in lower case."""
    units = as_spelled([unit for unit in units if unit.characters != ","], words)
    at = next((place for place in range(len(units) - 1, -1, -1) if units[place].characters == "@"), None)
    local, unsure = _joined(units if at is None else units[:at])
    if at is None:
        return failed("no_at" if local else "nothing", local)
    domain = _domain(units[at + 1 :])
    value = f"{local}@{domain}"
    plain = _ascii(value)
    local, _, domain = plain.rpartition("@")
    if not _LOCAL.fullmatch(local) or len(local) > LOCAL_MAX:
        return failed("no_local", value[:ADDRESS_MAX])
    labels = domain.split(".")
    right = all(_LABEL.fullmatch(label) and len(label) <= LABEL_MAX for label in labels)
    if len(labels) < 2 or not right or not _TOP.fullmatch(labels[-1]):
        return failed("no_domain", value[:ADDRESS_MAX])
    if len(plain) > ADDRESS_MAX:
        return failed("too_long", value[:ADDRESS_MAX])
    complete = labels[-1] in _TOPS and labels[-1] not in _CONTINUED
    return Taken(plain, so_far=plain, complete=complete, unsure=unsure or plain != value)


def _joined(units: Sequence[Unit]) -> tuple[str, bool]:
    """All in one, and whether words stood side by side, between which something may have been meant."""
    text = "".join(unit.characters for unit in units).casefold()
    words = any(one.kind == other.kind == "word" for one, other in pairwise(units))
    words |= any(unit.kind == "word" and unit.weak for unit in units)
    return text.strip(".,:"), words


def _domain(units: Sequence[Unit]) -> str:
    said = ""
    for unit in units:
        if unit.kind == "word" and said.rpartition(".")[2] in _TOPS and "." in said:
            break  # "… dot com thank you"
        said += unit.characters.casefold()
    return said.strip(".,:")


def _ascii(text: str) -> str:
    """Addresses have no accents, and people say their names with them."""
    plain = unicodedata.normalize("NFKD", text.translate(_UMLAUTS))
    return "".join(character for character in plain if not unicodedata.combining(character))
