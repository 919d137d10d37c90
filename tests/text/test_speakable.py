import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from voi.text.speakable import has_speech, speakable


@pytest.mark.parametrize(
    ("text", "spoken"),
    [
        ("Sure, I can help you with that.", "Sure, I can help you with that."),
        ("Sure I can do that.", "Sure I can do that."),
        ("Henry I was king.", "Henry the first was king."),
        ("Chapter I is short.", "Chapter one is short."),
        ("King John I was there.", "King John the first was there."),
        ("I’ll say “hello” – don’t worry…", "I'll say hello, don't worry..."),
        ("**Bold** and *it*, `code`, ~~gone~~, __so__", "Bold and it, code, gone, so"),
        ("# Heading\n\nText\nmore\n- one\n- two", "Heading. Text, more. one. two"),
        ("1. First\n2) Second", "one, First. two, Second"),
        ("> quoted", "quoted"),
        ("| a | b |\n|---|:-:|\n| 1 | 2 |", "a, b. one, two"),
        ("See [the docs](https://x.org/a?b=c) and ![a cat](cat.png).", "See the docs and a cat."),
        ("```python\nprint(1)\n```", "print one"),
        ("a snake_case \\*name\\*", "a snake case name"),
        ("😀 Hello 👋🏽 world ❤️ 👨‍👩‍👧", "Hello world"),
        ("AT&T and R&amp;D &lt;b&gt;x&lt;/b&gt;<br/>y", "AT and T and R and D x, y"),
        ("Hi\x00 there\x07\r\nagain", "Hi there, again"),
        ("Visit https://www.example.com/docs/start?x=1.", "Visit example dot com slash docs slash start."),
        ("Mail bob.smith@example.co.uk, ok?", "Mail bob dot smith at example dot co dot U K, ok?"),
        ("Go to example.com, or edit main.py.", "Go to example dot com, or edit main dot P Y."),
        ("USB, HTML5 and the UK; NASA, NATO.", "U S B, H T M L five and the U K; NASA, NATO."),
        ("PDFs are OK. STOP NOW! I AM HERE.", "P D F's are okay. STOP NOW! I AM HERE."),
        ("HELP US", "HELP US"),
        ("Dr. Smith lives on Main St. near St. Paul.", "Doctor Smith lives on Main Street near Saint Paul."),
        ("Fruit, e.g. apples, pears etc.", "Fruit, for example, apples, pears et cetera."),
        ("Henry VIII and World War II", "Henry the eighth and World War two"),
        ("@bob likes #fun, C++ and C#", "at bob likes hashtag fun, C plus plus and C sharp"),
        ("he/she and/or w/o it", "he or she and or without it"),
        ("Call me (please), now.", "Call me, please, now."),
        ("Yes!!! Really?! Wow....", "Yes! Really? Wow..."),
        ("", ""),
        ("!!! ...", ""),
        ("[x](", "x"),
        ("<b>", "b"),
    ],
)
def test_english(text, spoken):
    assert speakable(text) == spoken


@pytest.mark.parametrize(
    ("text", "spoken"),
    [
        ("I have 3 cats and 21 dogs", "I have three cats and twenty-one dogs"),
        ("1,234 and 10,000", "one thousand two hundred and thirty-four and ten thousand"),
        ("3.50, 0.25 and .5", "three point five zero, zero point two five and point five"),
        ("-5 and 5 - 3 = 2", "minus five and five minus three equals two"),
        ("2 + 2, 2 * 3, 6 ÷ 2", "two plus two, two times three, six divided by two"),
        ("1st, 22nd and 103rd", "first, twenty-second and one hundred and third"),
        ("$1,234.56", "one thousand two hundred and thirty-four dollars and fifty-six cents"),
        ("$1, $0.99, $1.01", "one dollar, ninety-nine cents, one dollar and one cent"),
        ("€5 and 5€, £3.50", "five euros and five euros, three pounds and fifty pence"),
        ("$3.5 million, $5k, 20 USD", "three point five million dollars, five thousand dollars, twenty dollars"),
        ("50%, 5-10%", "fifty percent, five to ten percent"),
        ("10 km/h, 5kg, 1 m, 5 m²", "ten kilometers per hour, five kilograms, one meter, five square meters"),
        ("72°F or 1 °C, 90°", "seventy-two degrees Fahrenheit or one degree Celsius, ninety degrees"),
        ("at 14:30, 9:05 p.m., 9am", "at fourteen thirty, nine oh five P M, nine A M"),
        ("12:00 and 16:9", "twelve o'clock and sixteen to nine"),
        ("2024-03-15", "March fifteenth, twenty twenty-four"),
        ("March 5, 2024 or 15 March", "March fifth, twenty twenty-four or fifteenth of March"),
        ("in 1066, 1999 and 2005", "in ten sixty-six, nineteen ninety-nine and two thousand five"),
        ("the 1990s and '80s", "the nineteen nineties and eighties"),
        ("1/2 cup, 1 1/2 cups, ¾", "one half cup, one and a half cups, three quarters"),
        ("555-1234", "five five five, one two three four"),
        ("+1 555-123-4567", "plus one, five five five, one two three, four five six seven"),
        (
            "0800 123 4567 or 07700 900123",
            "zero eight zero zero, one two three, four five six seven or zero seven seven "
            "zero zero, nine zero zero one two three",
        ),
        ("pages 10–15", "pages ten to fifteen"),
        ("version 1.2.3, v2.0", "version one point two point three, version two point zero"),
        ("007", "zero zero seven"),
        ("No. 5 and #3", "number five and number three"),
        ("A 5-year-old, COVID-19", "A five-year-old, COVID nineteen"),
        ("We open at 9. We close at 5.", "We open at nine. We close at five."),
        ("x² and ③ and ٣", "x squared and three and three"),
    ],
)
def test_english_numbers(text, spoken):
    assert speakable(text) == spoken


def test_british_dates_are_day_first():
    assert speakable("3/4/2024") == "March fourth, twenty twenty-four"
    assert speakable("3/4/2024", "en-GB") == "April third, twenty twenty-four"


@pytest.mark.parametrize(
    ("text", "language", "spoken"),
    [
        ("Das kostet 12,50 € um 14:30 Uhr.", "de", "Das kostet zwölf Euro fünfzig um vierzehn Uhr dreißig."),
        ("**50%** auf example.com", "de-DE", "fünfzig Prozent auf example Punkt com"),
        ("J’ai 3,5 kg — l’été", "fr", "J'ai trois virgule cinq kilos, l'été"),
        ("¿Tienes 21 años?", "es", "¿Tienes veintiún años?"),
        ("У меня 5 рублей", "ru", "У меня пять рублей"),
        ("我有3个苹果。", "zh", "我有三个苹果。"),
        ("मेरे पास ५ रुपये।", "hi", "मेरे पास पाँच रुपये।"),
        ("5 foo & 6%", "xx", "5 foo & 6%"),
    ],
)
def test_other_languages(text, language, spoken):
    assert speakable(text, language) == spoken


def test_has_speech():
    assert has_speech("a")
    assert has_speech("… 5")
    assert has_speech("你")
    assert not has_speech("")
    assert not has_speech(" …!?* 😀 —")


WORDS = """
1 2 0 9 12 1999 2024 10,000 3.5 . , : ; ! ? - – — / \\ % $ € £ # @ & + = * ** _ ` ``` ~~ | ( ) [ ] { } < > ' " ’ “ a b
I USB NASA US Dr. Mr. e.g. etc. St. No. am pm a.m. st th km kg m °C ° http:// www. .com example.com bob@x.org
March May Jan 5th 's IV II OK and the Hello world &amp; &lt; &gt; <b> </b> ½ ² ③ é ü 你好 。 नमस्ते 😀 ❤️ ٣ Ⅳ ﬁ Ａ × ÷ →
v x N/A w/ C++
-> = ... … ‘ K M bn k million USD :30 T Z
"""
BITS = st.sampled_from([*WORDS.split(), "\n", "\n\n- ", " ", "  ", "\u200d", "\u200b"])
ANY_TEXT = st.lists(BITS, max_size=14).map("".join) | st.lists(BITS, max_size=14).map(" ".join) | st.text(max_size=60)


@given(
    ANY_TEXT,
    st.sampled_from(
        [
            "en",
            "en-GB",
            "de",
            "fr",
            "es",
            "it",
            "pt",
            "pl",
            "tr",
            "ru",
            "nl",
            "cs",
            "ar",
            "zh",
            "hu",
            "ko",
            "ja",
            "hi",
            "xx",
            "",
        ]
    ),
)
@example("&lt;a1>", "en")
def test_any_text_becomes_speakable_once_and_for_all(text, language):
    spoken = speakable(text, language)
    assert speakable(spoken, language) == spoken
    assert has_speech(spoken) or not has_speech(text)
    assert spoken == spoken.strip()
    assert not set(spoken) & set('*_`#|<>{}[]()"\n\t\x00😀')
    if language.startswith("en"):
        assert not any(char.isascii() and char.isdigit() for char in spoken)


HOSTILE = [
    "a",
    "1",
    "1,",
    "1.",
    "a.",
    "a@",
    "[",
    "[a](",
    "<a ",
    "&#1",
    "&#" + "9" * 5_000,
    "|",
    "- ",
    "\n",
    " ",
    "'",
    "-",
]
HOSTILE += [
    "(a ",
    "http://a/",
    "$1",
    "1-",
    "1:",
    "U.S.",
    "IV ",
    "a\u200d",
    "½",
    "...",
    "1/2 ",
    "12:30 ",
    "1 000",
    "<",
    "*",
    "kkkkkkkF",
]


@pytest.mark.parametrize("unit", HOSTILE)
def test_hostile_text_takes_linear_time(unit):
    def spent(characters):
        text = (unit * characters)[:characters]
        start = time.process_time()
        speakable(text)
        speakable(text, "de")
        return time.process_time() - start

    spent(100)
    assert spent(5_000) < 1.0  # quadratic ones take a minute; a linear one 25 ms
