"""What identifies a person is taken out, however it is written or spoken; what does not stays."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voi.text.redact import CARD, EMAIL, NAME, NUMBER, TextRedactor

ALL = TextRedactor(
    numbers=True, cards=True, emails=True, names=["Ada Lovelace", "José Müller", "李雷"], languages=["en"]
)
NUMBERS = TextRedactor(numbers=True)


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("My number is 555 1234.", f"My number is {NUMBER}."),
        ("Call +49 (0)89 / 1234-5678 today", f"Call +{NUMBER} today"),
        ("It is four one one one.", f"It is {NUMBER}."),
        ("four one double one, please", f"{NUMBER}, please"),
        ("Twenty-three, forty five and sixty", NUMBER),
        ("oh seven nine four 22", NUMBER),
        ("born in 1984", f"born in {NUMBER}"),
        ("IBAN DE89 3704 0044 0532 0130 00.", f"IBAN DE{NUMBER}."),
        ("code 12B34", f"code {NUMBER}"),
        ("٠١٢٣٤٥", NUMBER),
        ("one or two", "one or two"),
        ("I have 3 cats and 21 dogs", "I have 3 cats and 21 dogs"),
        ("One day, one of us", "One day, one of us"),
        ("at 10:30", f"at {NUMBER}"),
    ],
)
def test_numbers(said: str, kept: str) -> None:
    assert NUMBERS(said) == kept


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("de", "vier eins zwo neun"),
        ("de", "einundzwanzig dreiundvierzig zwei drei"),
        ("fr", "zéro six douze quarante"),
        ("es", "seis uno dos cero"),
        ("it", "tre tre tre uno"),
        ("pt", "meia dois três nove"),
        ("nl", "nul zes een twee"),
        ("pl", "pięć zero zero jeden"),
        ("cs", "sedm nula dva jedna"),
        ("ru", "восемь девять один два"),
        ("hu", "hat kettő három öt"),
        ("tr", "beş üç iki sıfır"),
        ("ar", "خمسة ستة سبعة ثمانية"),
        ("hi", "नौ आठ सात छह"),
        ("zh", "一三八零零"),
        ("ja", "〇九〇一二"),
        ("ko", "공일공일이삼사"),
        ("auto", "nul six deux три"),
    ],
)
def test_spoken_numbers_of_all_languages(language: str, said: str) -> None:
    redactor = TextRedactor(numbers=True, languages=[language])
    assert redactor(said) == NUMBER
    assert redactor(f"« {said} »") == f"« {NUMBER} »"


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("zh", "我有一个朋友和两只猫，他们一起来。"),
        ("ja", "一つだけお願いします。二人です。"),
        ("ko", "이 일은 사실 오래 걸려요."),
        ("de", "Ein Mann und eine Frau, und noch einer."),
        ("fr", "Un neuf et un vieux."),
        ("en", "A one-off, and no one else."),
    ],
)
def test_ordinary_sentences_stay(language: str, said: str) -> None:
    assert TextRedactor(numbers=True, cards=True, emails=True, languages=[language])(said) == said


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("It is 4111 1111 1111 1111.", f"It is {CARD}."),
        ("4111-1111-1111-1111, 12/27, 123", CARD),
        ("3782 822463 10005", CARD),
        ("4111 1111 1111 1112", "4111 1111 1111 1112"),  # its sum is wrong
        ("order 12345", "order 12345"),
        ("four one one one one one one one one one one one one one one one", CARD),
    ],
)
def test_cards(said: str, kept: str) -> None:
    assert TextRedactor(cards=True)(said) == kept


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("Write to anna.smith+x@example.co.uk, please.", f"Write to {EMAIL}, please."),
        ("(anna@example.org)", f"{EMAIL})"),
        ("anna @ example.org", EMAIL),
        ("It's anna dot smith at example dot org.", f"It's {EMAIL}."),
        ("anna underscore seven at mail dot example dot com, thanks", f"{EMAIL}, thanks"),
        ("anna 7 at example dot com", EMAIL),
        ("Meet me at noon.", "Meet me at noon."),
        ("Look at example dot. Then go", "Look at example dot. Then go"),
        ("5 @ 3", EMAIL),
        ("@", "@"),
    ],
)
def test_addresses(said: str, kept: str) -> None:
    assert TextRedactor(emails=True)(said) == kept


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("de", "anna punkt schmidt ät example punkt de"),
        ("de", "anna at example Punkt de"),
        ("fr", "anna arobase example point fr"),
        ("es", "anna arroba example punto es"),
        ("it", "anna chiocciola example punto it"),
        ("pl", "anna małpa example kropka pl"),
        ("ru", "anna собака example точка ru"),
    ],
)
def test_spoken_addresses_of_other_languages(language: str, said: str) -> None:
    assert TextRedactor(emails=True, languages=[language])(said) == EMAIL


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("I am Ada Lovelace.", f"I am {NAME}."),
        ("ADA's idea, lovelace said", f"{NAME} idea, {NAME} said"),
        ("Ada-Lovelace and Ada  Lovelace", f"{NAME} and {NAME}"),
        ("Jose MULLER, José Müllers Haus", f"{NAME}, {NAME} Haus"),
        ("Jose\u0301 came", f"{NAME} came"),
        ("adamant, Canada", "adamant, Canada"),
        ("你好李雷！", f"你好{NAME}！"),
    ],
)
def test_names(said: str, kept: str) -> None:
    assert TextRedactor(names=["Ada Lovelace", "José Müller", "李雷"])(said) == kept


def test_small_words_of_a_name_stay() -> None:
    assert TextRedactor(names=["Anna de Vries"])("de Vries, Anna de Vries; de facto") == f"de {NAME}, {NAME}; de facto"


def test_a_piece_of_a_number_goes_too() -> None:
    assert NUMBERS("my card is 41", fragment=True) == f"my card is {NUMBER}"
    assert NUMBERS("my card is 41") == "my card is 41"
    assert TextRedactor(cards=True)("it is 4111 1111", fragment=True) == f"it is {NUMBER}"
    assert TextRedactor(emails=True)("it is 4111 1111", fragment=True) == "it is 4111 1111"


def test_nothing_to_take_out() -> None:
    assert not TextRedactor()
    assert TextRedactor()("4111 1111 1111 1111 a@b.c") == "4111 1111 1111 1111 a@b.c"
    assert ALL


# ---- for any text

TEXT = st.text(max_size=60)
DIGITS = st.text("0123456789", min_size=4, max_size=24)
SEPARATORS = st.sampled_from([" ", "-", ".", " - ", "/", ", "])
LOCAL = st.text("abcdefghijklmnopqrstuvwxyz0123456789._+-", min_size=1, max_size=20)


@st.composite
def grouped(draw: st.DrawFn) -> str:
    """Digits in groups, as people write them."""
    digits, separator, size = draw(DIGITS), draw(SEPARATORS), draw(st.integers(1, 6))
    return separator.join(digits[at : at + size] for at in range(0, len(digits), size))


@given(TEXT, grouped(), TEXT)
def test_no_planted_number_is_left(before: str, number: str, after: str) -> None:
    left = ALL(f"{before} {number} {after}")
    assert number not in left or number in before or number in after
    assert not any(len(digits) >= 4 and digits.isdecimal() for digits in left.split())


@given(TEXT, LOCAL, LOCAL, TEXT)
def test_no_planted_address_is_left(before: str, local: str, host: str, after: str) -> None:
    assert f"{local}@{host}" not in ALL(f"{before} {local}@{host}.org {after}")


@given(TEXT, st.sampled_from(["Ada Lovelace", "ada", "LOVELACE", "José", "jose muller", "李雷"]), TEXT)
def test_no_planted_name_is_left(before: str, name: str, after: str) -> None:
    left = ALL(f"{before} {name} {after}")
    assert f" {name} " not in left
    assert NAME in left or EMAIL in left


@given(TEXT)
def test_twice_is_as_good_as_once(text: str) -> None:
    assert ALL(ALL(text)) == ALL(text)
    assert TextRedactor()(text) is text


@given(st.text("ab. ,", max_size=80))
def test_what_has_nothing_of_it_stays(text: str) -> None:
    assert ALL(text) == text


@pytest.mark.parametrize(
    "unit",
    ["1", "1 ", "a", "@", "a@", "one ", "at dot ", "a dot ", "一", "Ada ", "1a", "-", "1 - ", "4111 1111 1111 1112 "],
)
def test_time_grows_with_the_length(unit: str) -> None:
    """CPU time of a text ten times as long: some ten times, not a hundred."""

    def taken_s(length: int) -> float:
        text = unit * (length // len(unit))
        before = time.process_time()
        ALL(text)
        return time.process_time() - before

    taken_s(2_000)
    short = min(taken_s(2_000) for _ in range(3))
    assert any(taken_s(20_000) < 0.05 + 40 * short for _ in range(3))


def test_corrected_and_repeated_digits_are_one_number() -> None:
    redactor = TextRedactor(numbers=True)
    assert redactor("it's one two, no, three four.") == "it's [number]."
    assert redactor("four triple one, quadruple one") == "[number]"
    assert redactor("two, no, three dogs") == "two, no, three dogs"


def test_shorter_numbers_are_taken_out_where_shorter_ones_are_private() -> None:
    assert TextRedactor(numbers=True, digits_min=3)("The code is 123.") == "The code is [number]."
    assert TextRedactor(numbers=True)("The code is 123.") == "The code is 123."
