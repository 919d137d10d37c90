"""Values as they are read back: so that a listener can follow, and a voice says each character."""

from collections.abc import Iterator

from voi.capture.phones import phone_groups
from voi.capture.slots import Slot
from voi.capture.vocabulary import Vocabulary
from voi.text.cldr import month
from voi.text.tables import language_of

CARD_GROUP = 4


def read_back(slot: Slot, value: str, words: Vocabulary) -> str:
    """The value as a text to be spoken. A private one is not told but for its end."""
    if slot.private:
        return f"… {' '.join(value[-CARD_GROUP:])}" if slot.kind in ("card", "phone") else "…"
    match slot.kind:
        case "phone":
            plus = words.signs_by_mark.get("+", "+")
            return f"{plus} {', '.join(' '.join(group) for group in phone_groups(value))}"
        case "card":
            return ", ".join(_groups(value, CARD_GROUP))
        case "code":
            return " ".join(words.signs_by_mark.get(character, character) for character in value)
        case "email":
            return " ".join(_address(value, words))
        case "date":
            return _date(value, words.code)
        case "amount":
            language = language_of(words.code)
            return value.replace(".", language.decimal) if language else value
        case _:
            return value


def _groups(digits: str, size: int) -> Iterator[str]:
    """Groups from the left; no last one of a single digit."""
    at = 0
    while at < len(digits):
        end = len(digits) if len(digits) - at == size + 1 else at + size
        yield " ".join(digits[at:end])
        at = end


def _address(value: str, words: Vocabulary) -> Iterator[str]:
    """Words as words, signs by their names, digits one by one."""
    word = ""
    for character in value:
        if character.isalpha():
            word += character
            continue
        if word:
            yield word
        word = ""
        yield words.signs_by_mark.get(character, character)
    if word:
        yield word


def _date(value: str, code: str) -> str:
    year, number, day = value.split("-")
    named = month(int(number), code)
    if code == "en":
        return f"{named} {int(day)}, {int(year)}"
    return f"{int(day)}{'.' if code == 'de' else ''} {named} {int(year)}"
