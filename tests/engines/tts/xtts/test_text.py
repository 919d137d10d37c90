import time
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voi.engines.tts.xtts.cutting import LONGEST, cut, language_code, spoken_ms
from voi.engines.tts.xtts.layout import LANGUAGES
from voi.engines.tts.xtts.spelling import spelled
from voi.engines.tts.xtts.tokenizer import XttsTokenizer
from voi.errors import EngineError


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory: pytest.TempPathFactory) -> XttsTokenizer:
    from tests.engines.tts.xtts.tiny_vocabulary import vocabulary

    return XttsTokenizer(vocabulary(Path(tmp_path_factory.mktemp("vocabulary"))), 120)


@given(st.text(alphabet="ab ,.!?。，\n", max_size=300), st.integers(2, 60))
def test_parts_hold_everything_and_fit(text: str, longest: int) -> None:
    parts = cut(text, longest)
    assert all(0 < len(part) <= longest for part in parts)
    assert "".join("".join(parts).split()) == "".join(text.split())


def test_cut_prefers_sentences_then_clauses_then_words() -> None:
    assert cut("One two. Three four, five six.", 22) == ["One two.", "Three four, five six."]
    assert cut("One two three, four five six", 20) == ["One two three,", "four five six"]
    assert cut("One two three four", 9) == ["One two", "three", "four"]
    assert cut("abcd efgh ijkl mnop", 9) == ["abcd efgh", "ijkl mnop"]
    assert cut("OneTwoThree", 4) == ["OneT", "woTh", "ree"]
    assert cut("你好，我们走吧。再见。", 8) == ["你好，我们走吧。", "再见。"]


def test_every_language_has_its_limit() -> None:
    assert set(LONGEST) == set(LANGUAGES)


@pytest.mark.parametrize(
    ("wish", "usual", "text", "code"),
    [
        ("en-US", None, "hi", "en"), ("pt_BR", "en", "olá", "pt"), ("zh", None, "你好", "zh-cn"),
        ("cmn", None, "你好", "zh-cn"), (None, None, "Salut", "en"),
        (None, "de", "hi", "de"),
        (None, None, "Привет", "ru"), (None, None, "我是学生です", "ja"), (None, None, "12!", "en"),
    ],
)  # fmt: skip
def test_language_codes(wish: str | None, usual: str | None, text: str, code: str) -> None:
    assert language_code(wish, usual, text, LANGUAGES) == code


def test_a_language_that_the_model_lacks_is_refused() -> None:
    with pytest.raises(EngineError, match="does not speak 'sv'"):
        language_code("sv", None, "hej", LANGUAGES)


def test_a_part_is_not_much_shorter_than_it_must_be() -> None:
    text = "Nothing here ends a sentence, " * 8 + "or so. Yes."
    assert len(text) > 250
    assert min(map(len, cut(text, 250))) > 50


def test_no_cut_after_an_abbreviation_or_inside_a_character() -> None:
    assert cut("We met at approx. noon. Then he left us", 30) == ["We met at approx. noon.", "Then he left us"]
    assert cut("Lorem ipsum approx. noon and so on", 26) == ["Lorem ipsum approx. noon", "and so on"]
    family = "👩\u200d👩\u200d👧"
    for text in ("e\u0301" * 40, "नमस्ते" * 30, family * 12):
        for part in (part for longest in range(18, 24) for part in cut(text, longest)):
            assert unicodedata.category(part[0])[0] != "M"
            assert part[0] != "\u200d"
            assert part[-1] != "\u200d"


@given(st.text(max_size=400), st.integers(2, 60))
def test_any_text_is_cut_without_loss(text: str, longest: int) -> None:
    parts = cut(text, longest)
    assert all(0 < len(part) <= longest for part in parts)
    assert "".join("".join(parts).split()) == "".join(text.split())


HOSTILE = [
    "\ud800 a", "\x00\x07a\u202eb\u200f", "a" + "\u0301" * 5_000, "\u200b\u2060\ufeff", "x" * 10_000, "1" * 10_000,
    "👩\u200d👩\u200d👧" * 1_000, "مرحبا" * 2_000, "你好" * 5_000, "a " * 5_000, ". " * 5_000,
    "[en][STOP][START] [ja]", "[SPACE]",
]  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
@pytest.mark.parametrize("language", ["en", "de", "ar", "hi"])
def test_hostile_text_becomes_ids_within_limits(tokenizer: XttsTokenizer, text: str, language: str) -> None:
    began_s = time.perf_counter()
    parts = tokenizer.parts(text, language, LONGEST[language])
    assert time.perf_counter() - began_s < 3
    marks = [tokenizer._bpe.token_to_id(mark) for mark in ("[START]", "[STOP]", "[ja]")]
    for part, ids in parts:
        assert len(part) <= LONGEST[language]
        assert len(ids) - 2 < 120
        assert not set(ids[1:-1]) & set(marks)
    known = set("abcdefghijklmnopqrstuvwxyz0123456789ابتثجحخدذرزسشصضطظعغفقكلمنهوي")
    assert bool(parts) == (not known.isdisjoint(text.lower()))


def test_no_part_is_as_long_as_what_the_model_cannot_take(
    tokenizer: XttsTokenizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    longest = len(tokenizer.ids("zwxq zwxq.", "en")) - 2
    assert len(tokenizer.parts("zwxq zwxq.", "en", 250)) == 1
    monkeypatch.setattr(tokenizer, "_longest", longest)
    assert len(tokenizer.parts("zwxq zwxq.", "en", 250)) == 2


def test_characters_that_the_model_does_not_know_are_left_out(tokenizer: XttsTokenizer) -> None:
    assert tokenizer._unknown in tokenizer._bpe.encode("a ☃ b").ids
    assert tokenizer._unknown not in tokenizer.ids("a ☃ b", "en")


def test_a_number_is_never_cut(tokenizer: XttsTokenizer) -> None:
    said = [part for part, _ in tokenizer.parts("Call 555 123 4567 or pay $1,234,567.89 by 12:30. " * 10, "en", 100)]
    assert not any(char.isdigit() for part in said for char in part)
    assert max(map(len, said)) <= 100
    assert " ".join(said).count("one million two hundred and thirty-four thousand five hundred and sixty-seven") == 10


@pytest.mark.parametrize(
    ("text", "ends"), [("No", "."), ("Hm…", "."), ("5", "."), ("A", "."), ("Why?", "?"), ("Привет", ".")]
)
def test_short_texts_end_with_a_mark(tokenizer: XttsTokenizer, text: str, ends: str) -> None:
    [(_, ids)] = tokenizer.parts(text, "en", 250)
    assert ids[-2] == tokenizer._bpe.token_to_id(ends)


@pytest.mark.parametrize("text", ["", "?", "…", "🎉", "\u0301", " \n"])
def test_nothing_to_say(tokenizer: XttsTokenizer, text: str) -> None:
    assert tokenizer.parts(text, "en", 250) == []


UNKNOWN = ["สวัสดีครับ", "Ωμέγα!", "שלום, עולם.", "አማርኛ", "你好。再见！", "日本語"]


@pytest.mark.parametrize("text", UNKNOWN)
def test_of_letters_that_the_model_does_not_know_there_is_nothing_to_say(tokenizer: XttsTokenizer, text: str) -> None:
    """Given a full stop alone, the model babbles."""
    assert tokenizer.ids(text, "en") == []
    assert tokenizer.parts(text * 40, "en", 250) == []


@pytest.mark.parametrize("text", UNKNOWN)
def test_words_of_such_letters_are_left_out_and_do_not_count(tokenizer: XttsTokenizer, text: str) -> None:
    """How long a part may sound goes by its characters."""
    known = tokenizer.parts("Well, this is good - it is 5.", "en", 250)
    assert tokenizer.parts(f"{text} Well, this {text} is good - it {text} is 5.", "en", 250) == known
    first, last = tokenizer.parts(f"Some words. {text} Some more.", "en", 12)
    assert [first, last] == tokenizer.parts("Some words. Some more.", "en", 12)


def test_a_mark_that_stands_alone_is_no_word_that_is_left_out(tokenizer: XttsTokenizer) -> None:
    [(part, ids)] = tokenizer.parts("كيف حالك ؟", "ar", 166)
    assert (part, ids[-2]) == ("كيف حالك ؟", tokenizer._bpe.token_to_id("؟"))


def test_a_word_is_spoken_by_what_is_known_of_it(tokenizer: XttsTokenizer) -> None:
    [(part, ids)] = tokenizer.parts("Nguyễn", "en", 250)
    assert (part, ids) == ("Nguyễn", tokenizer.ids("nguyn.", "en"))


def test_what_a_transliterator_does_not_know_is_not_spoken_either(tokenizer: XttsTokenizer) -> None:
    pytest.importorskip("cutlet")
    assert tokenizer.parts("สวัสดี", "ja", 71) == []
    assert tokenizer.parts("สวัสดี 日本語", "ja", 71) == tokenizer.parts("日本語", "ja", 71) != []


@pytest.mark.parametrize(
    ("language", "text", "said"),
    [
        ("en", "Who’s “Box”: Ten & more…", "who's box: ten and more..."),
        ("de", "Grüße & 12", "grüße und eins zwei"),
        ("fr", "À l’heure…", "à l'heure..."),
        ("fr", "e\u0301te\u0301", "été"),
        ("de", "5 °", "fünf grad"),
        ("tr", "İyi", "iyi"),
        ("hi", "५ रुपये", "पाँच रुपये"),
    ],
)
def test_spelling(language: str, text: str, said: str) -> None:
    assert spelled(text, language) == said


def test_chinese_marks_are_those_that_the_model_knows() -> None:
    pytest.importorskip("pypinyin")
    said = spelled("你好，我们走吧。再见！", "zh-cn")
    assert [char for char in said if not char.isalnum()] == [",", ",", "!"]


@given(st.text(max_size=60), st.sampled_from([code for code in LANGUAGES if code not in {"zh-cn", "ja", "ko"}]))
def test_any_text_is_spelled(text: str, language: str) -> None:
    said = spelled(text, language)
    assert said == " ".join(said.split())
    assert not any(char in said for char in '&@%#$£°€"')
    assert not any(char in "0123456789" for char in said)


def test_only_a_few_words_without_a_pause_are_sure_to_end_at_one() -> None:
    assert spoken_ms("No.", "en") == 150
    assert spoken_ms("Thank you!", "en") == 8 * 45
    assert spoken_ms("你好", "zh-cn") == 6 * 45
    assert spoken_ms("A", "en") == 150
    assert spoken_ms("eighteen letterssss", "en") == 18 * 45
    assert spoken_ms("nineteen lettersssss", "en") is None
    for text in ("Well, no.", "No. Yes", "A B C", "", "…", "I told you so many times", "Uh-huh", "5"):
        assert spoken_ms(text, "en") is None, text
