"""Dates, money, measures and abbreviations as they are said in the languages that XTTS speaks, English apart."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voi.text.chinese_numbers import chinese
from voi.text.hindi_numbers import hindi
from voi.text.speakable import speakable
from voi.text.tables import KNOWN, language_of


@pytest.mark.parametrize(
    ("language", "text", "said"),
    [
        ("de", "Am 3. Mai: 12,50 € (ca. 5 %).", "Am dritten Mai: zwölf Euro fünfzig, circa fünf Prozent."),
        ("de", "Der 3. Mai, z. B. bei Dr. Müller & Co.", "Der dritte Mai, zum Beispiel bei Doktor Müller und Co."),
        ("de", "Brot, Milch usw. Dann -3 °C.", "Brot, Milch und so weiter. Dann minus drei Grad Celsius."),
        ("fr", "Le 1er mai, la 2e fois, n° 7, M. Dupont.",
         "Le premier mai, la deuxième fois, numéro sept, Monsieur Dupont."),
        ("fr", "Le plan M.", "Le plan M."),
        ("es", "El Sr. Gil, 3.º piso, EE. UU.", "El señor Gil, tercer piso, Estados Unidos."),
        ("it", "Il 1° maggio, sig. Rossi, 25°C.", "Il primo maggio, signor Rossi, venticinque gradi Celsius."),
        ("pt", "Dia 1º, R$ 12,50, Sra. Silva", "Dia primeiro, doze reais e cinquenta, senhora Silva"),
        ("pl", "12,50 zł, dr Nowak, np. tak.", "dwanaście złotych pięćdziesiąt, doktor Nowak, na przykład tak."),
        ("tr", "%5, 12,5 derece, Dr. Can", "yüzde beş, on iki virgül beş derece, doktor Can"),
        ("ru", "500 ₽, т.е. 25 °C и т.д. Вот.",
         "пятьсот рублей, то есть двадцать пять градусов Цельсия и так далее. Вот."),
        ("nl", "dhr. Jansen, € 12,50, de 2e keer", "meneer Jansen, twaalf euro vijftig, de tweede keer"),
        ("cs", "3. května, 12 Kč, např. to", "třetího května, dvanáct korun, například to"),
        ("hu", "12 €, pl. ez, dr. Nagy", "tizenkét euró, például ez, doktor Nagy"),
        ("ar", "12.5 $ و 5%", "اثنا عشر فاصلة خمسة دولار و خمسة بالمئة"),
        ("zh", "2024年5月3日14:30，5%，25℃，$20。", "二零二四年五月三日十四点三十分，百分之五，二十五度，二十美元。"),
        ("ja", "5月3日14:30、1,250円、5%、$20。", "五月三日十四時三十分、千二百五十円、五パーセント、二十ドル。"),
        ("ko", "5월 3일, 1,250원, 5%", "오월 삼일, 천이백오십원, 오퍼센트"),
        ("hi", "₹12.50, 5%, 1,25,000, डॉ. राव", "बारह रुपये पचास पैसे, पाँच प्रतिशत, एक लाख पच्चीस हज़ार, डॉक्टर राव"),
    ],
)  # fmt: skip
def test_as_one_says_it(language: str, text: str, said: str) -> None:
    assert speakable(text, language) == said
    assert speakable(said, language) == said


@pytest.mark.parametrize("language", KNOWN)
def test_no_digit_and_no_money_is_left(language: str) -> None:
    said = speakable("0 1 17 99 100 2024 10500 1000000 3.14 3,14 007 12:05 $5 5€ £7 50% 25°C #7", language)
    assert not any(char.isdigit() or char in "$€£%#" for char in said), said


@pytest.mark.parametrize("language", KNOWN)
def test_every_abbreviation_is_expanded_in_a_sentence(language: str) -> None:
    table = language_of(language)
    assert table is not None
    for short, said in {**table.before, **table.ending}.items():
        both = speakable(f"{short} Abc", language), speakable(f"5 {short} Abc", language)
        assert any(said.lower() in one.lower() for one in both), short


@pytest.mark.parametrize(("number", "said"), [(0, "零"), (10, "十"), (11, "十一"), (110, "一百一十"), (105, "一百零五"),
                                              (1_010, "一千零一十"), (10_500, "一万零五百"), (10_005, "一万零五"),
                                              (100_000, "十万"), (120_000_000, "一亿两千万"),
                                              (100_000_001, "一亿零一")])  # fmt: skip
def test_chinese_numbers(number: int, said: str) -> None:
    assert chinese(number) == said


def test_hindi_numbers() -> None:
    assert [hindi(number) for number in (0, 19, 45, 99, 100, 101, 1_999)] == [
        "शून्य", "उन्नीस", "पैंतालीस", "निन्यानवे", "एक सौ", "एक सौ एक", "एक हज़ार नौ सौ निन्यानवे",
    ]  # fmt: skip
    assert hindi(12_345_678) == "एक करोड़ तेईस लाख पैंतालीस हज़ार छह सौ अठहत्तर"
    assert len({hindi(number) for number in range(100)}) == 100


@given(st.integers(0, 10**15 - 1), st.integers(0, 10**15 - 1))
def test_numbers_differ_and_use_their_script(one: int, other: int) -> None:
    for said in (chinese, hindi):
        assert (said(one) == said(other)) == (one == other)
        assert said(one).isprintable()
        assert not said(one).isascii()


@pytest.mark.parametrize(
    ("language", "text", "said"),
    [
        ("de", "am 3.4.2024 um 1:30 Uhr", "am dritten April zweitausendvierundzwanzig um ein Uhr dreißig"),
        ("de", "2024-03-15, 31.12.99, 21.12.", "fünfzehnten März zweitausendvierundzwanzig, einunddreißigsten Dezember "
         "neunzehnhundertneunundneunzig, einundzwanzigsten Dezember."),
        ("de", "32.13.2024", "zweiunddreißig Punkt dreizehn Punkt zweitausendvierundzwanzig"),
        ("de", "der 2. Mann, in der 1. Klasse, 16. und 17. Mai",
         "der zweite Mann, in der ersten Klasse, sechzehnten und siebzehnten Mai"),
        ("de", "1999, die 90er, 1900", "neunzehnhundertneunundneunzig, die neunziger, neunzehnhundert"),
        ("de", "0800 1234567", "null acht null null, eins zwei drei vier fünf sechs sieben"),
        ("de", "+5 Grad", "plus fünf Grad"),
        ("de", "3-5 Tage, 3:1, Version 2.0.1", "drei bis fünf Tage, drei zu eins, Version zwei Punkt null Punkt eins"),
        ("de", "2 1/2 Stunden, 1 1/2, 3/4, 24/7",
         "zweieinhalb Stunden, eineinhalb, drei Viertel, vierundzwanzig sieben"),
        ("de", "1 €, 1,01 €, 0,99 €, $1", "ein Euro, ein Euro eins, neunundneunzig Cent, ein Dollar"),
        ("de", "1 Kind, 1 Std., 2 Min., 1 m², 3 h 20 min",
         "ein Kind, eine Stunde, zwei Minuten, ein Quadratmeter, drei Stunden zwanzig Minuten"),
        ("fr", "le 1/1/2025 à 1h30 ou 21:00", "le premier janvier deux mille vingt-cinq à une heure trente ou vingt et "
         "une heures"),
        ("fr", "+33 6 12 34 56 78", "plus trente-trois, six, douze, trente-quatre, cinquante-six, soixante-dix-huit"),
        ("fr", "0800 123 456", "zéro huit zéro zéro, un deux trois, quatre cinq six"),
        ("fr", "10-12 jours, 1/2, 2/3, 5/8", "dix à douze jours, un demi, deux tiers, cinq huitièmes"),
        ("fr", "1 €, 0,99 €, 1,5 km, 2 km, 21 pages",
         "un euro, quatre-vingt-dix-neuf centimes, un virgule cinq kilomètre, deux kilomètres, vingt et une pages"),
        ("es", "el 3/4/2024 a la 1:05 o las 17:00", "el tres de abril de dos mil veinticuatro a la una y cinco o las "
         "diecisiete horas"),
        ("es", "+34 612 345 678, llama al 900 123 456", "más tres cuatro, seis uno dos, tres cuatro cinco, seis siete "
         "ocho, llama al nueve cero cero, uno dos tres, cuatro cinco seis"),
        ("es", "3-5 días, 3/4, 2 1/2, 3,14", "tres a cinco días, tres cuartos, dos y medio, tres coma uno cuatro"),
        ("es", "1 €, 21 días, 31 personas, 1 km, 2 h",
         "un euro, veintiún días, treinta y una personas, un kilómetro, dos horas"),
        ("es", "900 123 456 personas", "novecientos millones ciento veintitrés mil cuatrocientas cincuenta y seis "
         "personas"),
        ("it", "3-5 giorni", "tre-cinque giorni"),
    ],
)  # fmt: skip
def test_german_french_and_spanish_numbers_are_read_as_one_says_them(language: str, text: str, said: str) -> None:
    assert speakable(text, language) == said
