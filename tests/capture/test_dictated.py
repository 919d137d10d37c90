"""Words of dictation to characters."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voi.capture.dictated import REPEATED_MAX, DictationMode, dictated
from voi.capture.tokens import SAID_MAX_CHARACTERS, tokens_of
from voi.capture.vocabulary import vocabulary_of
from voi.text.tables import language_of
from voi.text.whole_numbers import whole


def characters(text: str, language: str = "en", mode: DictationMode = "characters") -> str:
    (first, *_) = dictated(text, vocabulary_of(language), mode).readings
    return "".join(unit.characters if unit.kind != "word" else f"<{unit.characters}>" for unit in first)


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("double oh seven", "007"),
        ("triple five", "555"),
        ("double twelve", "1212"),
        ("double u", "w"),
        ("double you x", "wx"),
        ("twelve thirty-four", "1234"),
        ("four hundred", "400"),
        ("a hundred and five", "a105"),
        ("nineteen hundred and five", "1905"),
        ("two thousand three hundred and forty-five", "2345"),
        ("oh one oh two", "0102"),
        ("five niner", "59"),
        ("four for two to five", "44225"),
        ("B as in Bravo", "b"),
        ("B, as in Bravo", "b"),
        ("bee as in boy, see as in cat", "bc"),
        ("D as in boy", "b"),
        ("T for Tango", "t"),
        ("Alpha Bravo X-ray one", "abx1"),
        ("A-N-N-A", "anna"),
        ("Adam Boy Charles", "abc"),
        ("１２３", "123"),
    ],
)
def test_english(said: str, meant: str) -> None:
    assert characters(said) == meant


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("doppel-t", "tt"),
        ("Doppel T", "tt"),
        ("zwo null drei", "203"),
        ("zwoundzwanzig", "22"),
        ("zweimal die fünf", "55"),
        ("dreihundertfünfundvierzig", "345"),
        ("neunzehnhundertvierundachtzig", "1984"),
        ("zweitausendundfünf", "2005"),
        ("zweitausenddreihundertfünf", "2305"),
        ("hundert fünf", "105"),
        ("hundertdreißig", "130"),
        ("B wie Berta, D wie Dora", "bd"),
        ("Anton Berta Cäsar Schule", "abcsch"),
        ("Aachen Berlin Umlaut Unna", "abü"),
        ("vau er zett", "vrz"),
        ("Ypsilon", "y"),
        ("scharfes S", "ß"),
    ],
)
def test_german(said: str, meant: str) -> None:
    assert characters(said, "de") == meant


@pytest.mark.parametrize(
    ("language", "said", "meant"),
    [
        ("fr", "zéro six quatre-vingt-dix-neuf soixante et onze", "069971"),
        ("fr", "deux fois cinq double v", "55w"),
        ("fr", "A comme Anatole", "a"),
        ("es", "dos mil quinientos treinta y cinco", "2535"),
        ("es", "doble cinco uve", "55v"),
        ("it", "duemilatrecentoquarantacinque", "2345"),
        ("it", "Ancona Bologna i come Imola", "abi"),
        ("nl", "dubbel vijf eenentwintig Anton", "5521a"),
        ("pt", "vinte e um meia", "216"),
        ("pl", "dwadzieścia jeden Adam", "21a"),
        ("ru", "двадцать один Анна", "21а"),
        ("tr", "yirmi bir Ankara", "21<Ankara>"),
        ("zh", "幺三五〇", "1350"),
        ("xx", "12 alpha", "12a"),
    ],
)
def test_other_languages(language: str, said: str, meant: str) -> None:
    assert characters(said, language) == meant


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("five six, no, seven", "57"),
        ("five six no seven eight nine", "57" + "89"),
        ("one two four no one two five six seven", "12567"),
        ("zero three zero one two four, sorry, I mean one two five", "030125"),
        ("triple five, no, triple seven", "777"),
        ("five five no five six", "56"),
        ("555 0199, no, 0198", "5550198"),
        ("5550199, no, eight", "5550198"),
        ("555 0199 1234, no wait, 555 0199 1235", "55501991235"),
        ("A B five, correction, C", "ac5"),
        ("four one five, not five, seven", "417"),
        ("start with five, scratch that, six seven", "67"),
        ("no, it's five", "5"),
        ("five, no", "5"),
        ("one, no, two, no, three", "3"),
    ],
)
def test_corrections(said: str, meant: str) -> None:
    assert characters(said) == meant


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("vier fünf, nein, sieben", "47"),
        ("drei acht acht nein drei acht neun", "389"),
        ("nicht fünf sondern sieben", "7"),
        ("eins zwei drei, noch mal von vorn, vier fünf", "45"),
    ],
)
def test_german_corrections(said: str, meant: str) -> None:
    assert characters(said, "de") == meant


def test_a_correction_can_also_be_the_whole_value() -> None:
    readings = dictated("one two three, no, nine eight seven", vocabulary_of("en")).readings
    assert ["".join(unit.characters for unit in units) for units in readings] == ["12987", "987"]


def test_words_of_spelling_alphabets_are_words_where_words_are_dictated() -> None:
    assert characters("Oscar Victor", mode="names") == "<Oscar><Victor>"
    assert characters("Oscar Victor Anna", "de", mode="names") == "ova"
    assert characters("Mike at hotel dot com", mode="mixed") == "<Mike>@<hotel>.<com>"
    assert characters("seven eight", mode="names") == "<seven><eight>"


@given(st.text())
def test_any_text_is_read(text: str) -> None:
    for mode in ("characters", "mixed", "names"):
        for language in ("en", "de", "ru"):
            dictated(text, vocabulary_of(language), mode)  # type: ignore[arg-type]


WORDS = st.sampled_from(
    tuple(
        tokens.said
        for tokens in tokens_of(
            "triple double quadruple five oh hundred thousand million no sorry not , . - @ a b as in for bravo 123 at "
            "dot u scratch that and"
        )
    )
)


@given(st.lists(WORDS, max_size=200))
def test_what_is_read_is_bounded(words: list[str]) -> None:
    text = " ".join(words)
    for units in dictated(text, vocabulary_of("en")).readings:
        assert sum(len(unit.characters) for unit in units) <= len(words) * REPEATED_MAX


def test_long_texts_are_cut() -> None:
    assert len(characters("7 " * SAID_MAX_CHARACTERS)) == SAID_MAX_CHARACTERS // 2


LANGUAGES = ("en", "de", "fr", "es", "it", "pt", "nl", "pl", "ru", "tr")


@pytest.mark.parametrize("language", LANGUAGES)
@given(digits=st.text("0123456789", min_size=1, max_size=20))
def test_digits_one_by_one_come_back(language: str, digits: str) -> None:
    said = ", ".join(whole(digit, language) for digit in digits)
    assert characters(said, language) == digits


@pytest.mark.parametrize("language", LANGUAGES)
@given(number=st.integers(0, 999_999))
def test_numbers_in_words_come_back(language: str, number: int) -> None:
    assert language_of(language) is not None
    assert characters(whole(str(number), language), language) == str(number)


@given(st.text("abcdefghijklmnopqrstuvwxyz", min_size=1, max_size=20), st.sampled_from(["en", "de", "fr", "nl", "it"]))
def test_spelled_letters_come_back(letters: str, language: str) -> None:
    words = vocabulary_of(language)
    names: dict[str, list[str]] = {}
    for alphabet in words.table.alphabets:
        for word, its in alphabet.items():
            names.setdefault(its, []).append(word)
    said = " ".join(names[letter][0] if letter in names else letter.upper() for letter in letters)
    assert characters(said, language) == letters
    as_in = words.table.as_in[0]
    examples = ", ".join(
        f"{letter.upper()} {as_in} {names[letter][-1].title()}" if letter in names else letter.upper()
        for letter in letters
    )
    assert characters(examples, language) == letters
