"""Values of slots, as people say them. What is spoken for a value is read as that value."""

import re
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from voi.capture.cards import issuer, luhn
from voi.capture.codes import mask
from voi.capture.slots import EXPLAINED, Slot, SlotKind, read
from voi.capture.spoken import read_back
from voi.capture.taken import Taken
from voi.capture.tokens import tokens_of
from voi.capture.vocabulary import vocabulary_of
from voi.text.speakable import speakable

TODAY = date(2026, 11, 29)
PLATE = (mask("AA-9999"),)


def taken(kind: SlotKind, said: str, language: str = "en", **options: Any) -> Taken:
    return read(Slot("it", kind, **options), said, vocabulary_of(language), TODAY)


@pytest.mark.parametrize(
    ("said", "value"),
    [
        ("my email address is anna dot smith at example dot org", "anna.smith@example.org"),
        ("anna.smith@example.org.", "anna.smith@example.org"),
        ("It's a n n a at g mail dot com", "anna@gmail.com"),
        ("anna underscore eighty four at example dot co dot uk", "anna_84@example.co.uk"),
        ("jon, that's J-O-H-N, dot miller at example dot com thank you", "john.miller@example.com"),
        ("oscar dot hotel at example dot com", "oscar.hotel@example.com"),
        ("smith at example dot org, no, dot com", "smith@example.com"),
        ("M as in Mike, I, K, E at yahoo dot com", "mike@yahoo.com"),
        ("triple w at example dot com", "www@example.com"),
        ("anna dash smith at my company dot io", "anna-smith@mycompany.io"),
        ("It's john smith, all one word, at gmail dot com", "johnsmith@gmail.com"),
        ("that would be mary jane at example dot com", "maryjane@example.com"),
        ("you can send it to bob at example dot com", "bob@example.com"),
        ("oh it's anna at example dot com", "anna@example.com"),
        ("marc with a K at example dot com", "mark@example.com"),
    ],
)
def test_emails(said: str, value: str) -> None:
    assert taken("email", said).value == value
    assert taken("email", said).complete


@pytest.mark.parametrize(
    ("said", "value"),
    [
        ("Müller Punkt Anna ät Beispiel Punkt de", "mueller.anna@beispiel.de"),
        ("anna punkt schmit mit doppel t at web punkt de", "anna.schmitt@web.de"),
        ("a n n a unterstrich b at gmx punkt net", "anna_b@gmx.net"),
        ("max mustermann alles klein und zusammen at web punkt de", "maxmustermann@web.de"),
        ("Sie können an max at web punkt de schreiben", "max@web.de"),
    ],
)
def test_german_emails(said: str, value: str) -> None:
    assert taken("email", said, "de").value == value


@pytest.mark.parametrize(
    ("kind", "said", "problem"),
    [
        ("email", "anna", "no_at"),
        ("email", "anna at example", "no_domain"),
        ("email", "at example dot com", "no_local"),
        ("email", "", "nothing"),
        ("email", f"{'a' * 65} at example dot com", "no_local"),
        ("email", "anna at dash dot com", "no_domain"),
        ("phone", "five five five", "too_short"),
        ("phone", "1 " * 20, "too_long"),
        ("phone", "hello", "nothing"),
        ("card", "4111 1111 1111 1112", "check_digit"),
        ("card", "four one one one", "too_short"),
        ("card", "4111 1111 1111", "too_short"),
        ("card", "1 " * 20, "too_long"),
        ("date", "february thirtieth 2001", "no_such_day"),
        ("date", "february twenty ninth 2001", "no_such_day"),
        ("date", "march fifth", "no_year"),
        ("date", "13/13/2001", "no_month"),
        ("date", "next time", "nothing"),
        ("amount", "a lot", "nothing"),
        ("name", "123", "nothing"),
        ("name", "Anna " * 40, "too_long"),
        ("address", "Main Street", "no_house"),
        ("address", "12", "no_street"),
    ],
)
def test_what_is_no_value(kind: SlotKind, said: str, problem: str) -> None:
    result = taken(kind, said)
    assert (result.value, result.problem) == ("", problem)
    assert EXPLAINED[result.problem]


@pytest.mark.parametrize(
    ("language", "said", "value", "complete"),
    [
        ("en", "four one five five five five oh one nine nine", "+14155550199", True),
        ("en", "415-555-0199", "+14155550199", True),
        ("en", "four one five triple five oh one double nine", "+14155550199", True),
        ("en", "my number is 212 555 0199, no, 0198", "+12125550198", True),
        ("en", "eight hundred five five five one two one two", "+18005551212", True),
        ("en", "my number is for one five five five five oh one nine nine", "+14155550199", True),
        ("en", "call me at 415 555 0199 extension 5", "+14155550199", True),
        ("en", "plus four nine three zero one two three four five six seven", "+49301234567", False),
        ("en", "double oh four nine thirty 1234567", "+49301234567", False),
        ("de", "null drei null eins zwo drei vier fünf sechs sieben", "+49301234567", False),
        ("fr", "zéro un quarante-deux trente-quatre cinquante-six soixante-dix-huit", "+33142345678", True),
    ],
)
def test_telephone_numbers(language: str, said: str, value: str, complete: bool) -> None:
    result = taken("phone", said, language)
    assert (result.value, result.complete) == (value, complete)


def test_a_number_belongs_to_a_region() -> None:
    assert taken("phone", "020 7946 0018", region="GB").value == "+442079460018"


def test_cards() -> None:
    for said in ("4111 1111 1111 1111", "four triple one, quadruple one, 1111, 1111", "4111111111111111"):
        assert taken("card", said) == Taken("4111111111111111", so_far="4111111111111111", complete=True)
    assert taken("card", "3782 822463 10005").complete
    assert taken("card", "4111 1111 1111 1111, expiry 12 27, security code 123").value == "4111111111111111"
    assert taken("card", "4222222222222").value == "4222222222222"
    assert not taken("card", "4222222222222").complete  # most Visa cards have 16 digits
    assert issuer("5555555555554444")[0] == "Mastercard"


@given(st.text("0123456789", min_size=12, max_size=18))
def test_one_wrong_digit_is_noticed(digits: str) -> None:
    (check,) = [digit for digit in "0123456789" if luhn(digits + digit)]
    number = digits + check
    for place, digit in enumerate(number):
        wrong = number[:place] + str((int(digit) + 1) % 10) + number[place + 1 :]
        assert not luhn(wrong)


@pytest.mark.parametrize(
    ("language", "said", "value"),
    [
        ("en", "March fifth nineteen eighty four", "1984-03-05"),
        ("en", "the 5th of March 1984", "1984-03-05"),
        ("en", "05/03/1984", "1984-05-03"),
        ("en", "13/03/1984", "1984-03-13"),
        ("en", "1984-03-05", "1984-03-05"),
        ("en", "oh five oh three nineteen eighty four", "1984-05-03"),
        ("en", "fifth of march, no, the sixth, 1984", "1984-03-06"),
        ("en", "march 5th 1984, no, 1985", "1985-03-05"),
        ("en", "twenty first of may two thousand and five", "2005-05-21"),
        ("en", "may first twenty twenty four", "2024-05-01"),
        ("en", "day after tomorrow", "2026-12-01"),
        ("en", "tomorrow, no, the day after tomorrow", "2026-12-01"),
        ("en", "tomorrow, no, december fifth 2026", "2026-12-05"),
        ("en", "december fifth 2026, no, tomorrow", "2026-11-30"),
        ("en", "not tomorrow but december fifth 2026", "2026-12-05"),
        ("en", "in two weeks", "2026-12-13"),
        ("en", "in a week", "2026-12-06"),
        ("en", "nineteen eighty four march five", "1984-03-05"),
        ("en", "I may come on the third of june 2027", "2027-06-03"),
        ("de", "guten Morgen, am 5. März 1984", "1984-03-05"),
        ("de", "heute in einer Woche", "2026-12-06"),
        ("de", "in drei Tagen", "2026-12-02"),
        ("fr", "après-demain", "2026-12-01"),
        ("fr", "dans deux semaines", "2026-12-13"),
        ("es", "pasado mañana", "2026-12-01"),
        ("it", "dopodomani", "2026-12-01"),
        ("nl", "overmorgen", "2026-12-01"),
        ("pt", "depois de amanhã", "2026-12-01"),
        ("pl", "pojutrze", "2026-12-01"),
        ("pl", "dwudziestego pierwszego czerwca 1984", "1984-06-21"),
        ("ru", "послезавтра", "2026-12-01"),
        ("ru", "двадцать первое июня тысяча девятьсот восемьдесят четвёртого года", "1984-06-21"),
        ("tr", "öbür gün", "2026-12-01"),
        ("de", "fünfter März neunzehnhundertvierundachtzig", "1984-03-05"),
        ("de", "am 5. März 1984", "1984-03-05"),
        ("de", "5.3.1984", "1984-03-05"),
        ("de", "null fünf null drei neunzehn vierundachtzig", "1984-03-05"),
        ("de", "am siebten, nein, am achten Mai 1990", "1990-05-08"),
        ("de", "übermorgen", "2026-12-01"),
        ("fr", "le 5 mars 1984", "1984-03-05"),
        ("es", "5 de marzo de 1984", "1984-03-05"),
    ],
)
def test_dates(language: str, said: str, value: str) -> None:
    assert taken("date", said, language).value == value


def test_the_year_of_a_date_follows_from_its_direction() -> None:
    assert taken("date", "march fifth", when="past").value == "2026-03-05"
    assert taken("date", "march fifth", when="future").value == "2027-03-05"
    assert taken("date", "february twenty ninth", when="past").value == "2024-02-29"
    assert taken("date", "fünfter dritter vierundachtzig", "de", when="past").value == "1984-03-05"
    assert taken("date", "december fifth twenty six", when="past").value == "1926-12-05"
    assert taken("date", "1 2 2030", when="past").problem == "not_past"
    assert taken("date", "1 2 2020", when="future").problem == "not_future"


@pytest.mark.parametrize(
    ("language", "said", "day"),
    [
        ("en", "next monday", "2026-11-30"), ("en", "on Friday please", "2026-12-04"), ("en", "sunday", "2026-12-06"),
        ("en", "friday the fourth", "2026-12-04"), ("de", "kommenden Freitag", "2026-12-04"),
        ("fr", "vendredi prochain", "2026-12-04"), ("pt", "sexta-feira", "2026-12-04"),
        ("ru", "в пятницу", "2026-12-04"),
    ],
)  # fmt: skip
def test_a_weekday_is_the_next_such_day_and_read_back(language: str, said: str, day: str) -> None:
    """29 November 2026 is a Sunday."""
    result = taken("date", said, language, when="future")
    assert (result.value, result.unsure) == (day, True)


def test_a_weekday_beside_a_date_only_makes_it_doubtful_if_it_is_another() -> None:
    assert not taken("date", "friday december fourth", when="future").unsure
    assert taken("date", "monday december fourth", when="future") == Taken("2026-12-04", so_far="12. 4", unsure=True)
    assert taken("date", "last friday", when="past").value == "2026-11-27"
    assert taken("date", "tomorrow", when="past").problem == "not_past"


def test_which_number_is_the_month_is_doubtful_in_english_alone() -> None:
    assert taken("date", "05/03/1984").unsure
    assert not taken("date", "05/03/1984", region="US").unsure
    assert taken("date", "05/03/1984", region="GB").value == "1984-03-05"
    assert not taken("date", "5.3.1984", "de").unsure


@pytest.mark.parametrize(
    ("language", "said", "value", "unsure"),
    [
        ("en", "twelve dollars and fifty cents", "12.50 USD", False),
        ("en", "twelve fifty", "12.50", True),
        ("en", "$1,234.56", "1234.56 USD", False),
        ("en", "fifty cents", "0.50", False),
        ("en", "a hundred and five pounds", "105 GBP", False),
        ("en", "twelve, no, thirteen euros", "13 EUR", False),
        ("en", "two point five million dollars", "2500000 USD", False),
        ("en", "5k", "5000", False),
        ("en", "a dollar fifty", "1.50 USD", False),
        ("en", "half a million euros", "500000 EUR", False),
        ("en", "two and a half dollars", "2.50 USD", False),
        ("en", "three and a half thousand euros", "3500 EUR", False),
        ("de", "anderthalb tausend Euro", "1500 EUR", False),
        ("de", "zweieinhalb Euro", "2.50 EUR", False),
        ("en", "12.50 EUR", "12.50 EUR", False),
        ("de", "zwölf Euro fünfzig", "12.50 EUR", False),
        ("de", "1.234,56 Euro", "1234.56 EUR", False),
        ("de", "zwölf Komma fünf Euro", "12.50 EUR", False),
        ("de", "zweitausenddreihundert Franken", "2300 CHF", False),
    ],
)
def test_amounts(language: str, said: str, value: str, unsure: bool) -> None:
    result = taken("amount", said, language)
    assert (result.value, result.unsure) == (value, unsure)


def test_an_amount_has_the_currency_of_its_slot() -> None:
    assert taken("amount", "twelve", currency="EUR").value == "12 EUR"


@pytest.mark.parametrize(
    "said",
    [
        "A B one two three four",
        "alpha bravo twelve thirty four",
        "AB1234",
        "it's A B as in boy, twelve, three four",
        "A as in apple, D as in boy, one two three four",
        "A B one two three five, no, four",
        "AB dash 1234",
    ],
)
def test_codes(said: str) -> None:
    assert taken("code", said, masks=PLATE).value == "AB-1234"


def test_the_form_of_a_code_decides_between_letters_and_digits() -> None:
    assert taken("code", "O K oh one oh one", masks=PLATE).value == "OK-0101"
    assert taken("code", "A I one one one one", masks=PLATE).value == "AI-1111"
    assert taken("code", "I I I I", masks=(mask("9999"),)).value == "1111"
    assert taken("code", "it's a nine one one two", masks=(mask("9999"),)).value == "9112"
    assert taken("code", "O R D one two three four", masks=(mask(r"ORD-9999"),)).value == "ORD-1234"
    assert taken("code", "one two three four", masks=(mask(r"ORD-9999"),)).value == "ORD-1234"
    assert taken("code", "one two", masks=(mask(r"\A99"),)).value == "A12"
    assert taken("code", "one hundred five six", masks=(mask("9999"),)).value == "1056"


def test_a_code_is_complete_when_no_form_goes_on() -> None:
    two = (mask("9999"), mask("999999"))
    assert not taken("code", "one two three four", masks=two).complete
    assert taken("code", "one two three four five six", masks=two).complete
    assert taken("code", "one two three four five", masks=two).problem == "too_short"
    assert taken("code", "AB12345", masks=PLATE).problem == "too_long"
    assert taken("code", "1234", masks=PLATE).problem == "no_fit"


@pytest.mark.parametrize("text", ["", "abc", "\\9", "9\\", "9" * 65])
def test_masks_that_are_none(text: str) -> None:
    with pytest.raises(ValueError, match="has"):
        mask(text)


@pytest.mark.parametrize(
    ("language", "said", "value"),
    [
        ("en", "my name is Anna Smith", "Anna Smith"),
        ("en", "Anna Smith, S M Y T H", "Anna Smyth"),
        ("en", "it's Jean-Luc Picard", "Jean-Luc Picard"),
        ("en", "anna van der meer", "Anna van der Meer"),
        ("en", "O'Neill", "O'Neill"),
        ("en", "Oscar Victor", "Oscar Victor"),
        ("en", "Bravo Oscar Bravo", "Bob"),
        ("en", "Anna Smit with double t", "Anna Smitt"),
        ("en", "I'm Anna, no, Hannah", "Hannah"),
        ("en", "John Smith speaking", "John Smith"),
        ("en", "You can call me Bob", "Bob"),
        ("en", "Catherine with a K", "Katherine"),
        ("en", "Mark with a c", "Marc"),
        ("de", "Hier ist Max Müller", "Max Müller"),
        ("de", "Müller mein Name", "Müller"),
        ("de", "Ich heiße Schmidt mit d t", "Schmidt"),
        ("fr", "Dupond avec un d", "Dupond"),
        ("de", "Mein Name ist Schmitt mit doppel t", "Schmitt"),
        ("de", "Meier, M E Y E R", "Meyer"),
        ("de", "Sieben", "Sieben"),
    ],
)
def test_names(language: str, said: str, value: str) -> None:
    assert taken("name", said, language).value == value


@pytest.mark.parametrize(
    ("language", "said", "value"),
    [
        ("en", "twelve Main Street, Springfield", "12 Main Street, Springfield"),
        ("en", "one two three elm street", "123 Elm Street"),
        ("en", "12, no, 13 Main Street", "13 Main Street"),
        ("en", "I live at twelve oak street, no, elm street", "12 Elm Street"),
        ("de", "Hauptstraße zwölf, eins null eins eins fünf Berlin", "Hauptstraße 12, 10115 Berlin"),
        ("de", "Hauptstraße 12a, 10115 Berlin", "Hauptstraße 12a, 10115 Berlin"),
    ],
)
def test_addresses(language: str, said: str, value: str) -> None:
    assert taken("address", said, language).value == value


def test_a_remark_that_could_mean_several_things_is_doubtful() -> None:
    assert not taken("name", "Catherine with a K").unsure
    assert taken("name", "Sara with an h").unsure
    assert taken("address", "45 East 3rd Street").value == "45 East 3rd Street"
    assert taken("address", "221B Baker Street, London").value == "221B Baker Street, London"


# ---- what is read back comes back -------------------------------------------------------------------

LANGUAGES = st.sampled_from(["en", "de"])
LABEL = st.from_regex(
    re.compile(r"[bcdfghjklmnpqrstvwxyz][aeiou][bcdfgklmnprst][aeiou]{0,2}[bdgkmt]", re.A), fullmatch=True
)


def aloud(slot: Slot, value: str, language: str) -> str:
    """What a person hears when the value is read back."""
    return speakable(read_back(slot, value, vocabulary_of(language)), language)


def means_something(word: str, language: str) -> bool:
    """True if a word means something in dictation, as "ten" and "dee" do: then an address with it may be misread."""
    words, tokens = vocabulary_of(language), tokens_of(word)
    books = (words.alphabet, words.letters, words.signs, words.fillers, words.leads, words.corrects, words.repeats)
    return bool(words.number(tokens, 0)) or any(book.match(tokens, 0) for book in books) or word in words.digits


def comes_back(slot: Slot, value: str, language: str) -> None:
    said = aloud(slot, value, language)
    assert read(slot, said, vocabulary_of(language), TODAY).value == value, said
    written = read_back(slot, value, vocabulary_of(language))
    assert read(slot, written, vocabulary_of(language), TODAY).value == value, written


@given(st.dates(date(1900, 1, 1), TODAY), LANGUAGES)
@example(date(1905, 5, 5), "en")
@example(date(2000, 12, 31), "en")
@example(date(1900, 1, 1), "de")
def test_dates_come_back(day: date, language: str) -> None:
    comes_back(Slot("birth", "date"), day.isoformat(), language)


@given(st.from_regex(re.compile(r"(202|415|312|617)55501\d\d", re.A), fullmatch=True), LANGUAGES)
def test_telephone_numbers_come_back(number: str, language: str) -> None:
    comes_back(Slot("phone", "phone"), f"+1{number}", language)


@given(st.text("0123456789", min_size=14, max_size=14), LANGUAGES)
def test_card_numbers_come_back(digits: str, language: str) -> None:
    (check,) = [digit for digit in "0123456789" if luhn(f"4{digits}{digit}")]
    slot = Slot("card", "card", private=False)
    comes_back(slot, f"4{digits}{check}", language)


@given(st.from_regex(re.compile(r"[B-HJ-NP-Z]{2}-\d{4}", re.A), fullmatch=True), LANGUAGES)
def test_codes_come_back(code: str, language: str) -> None:
    comes_back(Slot("code", "code", masks=PLATE), code, language)


@given(
    st.lists(LABEL, min_size=1, max_size=3), st.sampled_from(".-_"), LABEL, st.text("0123456789", max_size=3), LANGUAGES
)
def test_emails_come_back(local: list[str], sign: str, domain: str, digits: str, language: str) -> None:
    assume(not any(means_something(word, language) for word in (*local, domain)))
    comes_back(Slot("mail", "email"), f"{sign.join(local)}{digits}@{domain}.org", language)


@given(st.integers(0, 10**9), st.integers(1, 99), LANGUAGES)
def test_amounts_come_back(whole: int, cents: int, language: str) -> None:
    slot = Slot("sum", "amount", currency="EUR")
    comes_back(slot, f"{whole}.{cents:02} EUR", language)
    comes_back(slot, f"{whole} EUR", language)


KINDS: tuple[SlotKind, ...] = ("email", "phone", "name", "address", "date", "card", "amount", "code")


@given(
    st.sampled_from(KINDS), st.one_of(st.text(), st.text("0123456789@.-, '/+#nofivetriple", max_size=3_000)), LANGUAGES
)
def test_any_text_has_a_value_or_a_problem(kind: SlotKind, text: str, language: str) -> None:
    result = taken(kind, text, language, masks=PLATE)
    assert bool(result.value) != bool(result.problem)
    assert len(result.value) <= 400
    assert len(result.so_far) <= 400
    if kind == "date" and result.value:
        assert date.fromisoformat(result.value) <= TODAY + timedelta(days=400_000)
