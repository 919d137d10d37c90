import pytest
from hypothesis import given
from hypothesis import strategies as st

from voi.engines.tts.xtts.cutting import LONGEST, by_script, cut, language_code
from voi.engines.tts.xtts.layout import LANGUAGES
from voi.engines.tts.xtts.spelling import spelled
from voi.errors import EngineError


@given(st.text(alphabet="ab ,.!?。，\n", max_size=300), st.integers(2, 60))
def test_parts_hold_everything_and_fit(text: str, longest: int) -> None:
    parts = cut(text, longest)
    assert all(0 < len(part) <= longest for part in parts)
    assert "".join("".join(parts).split()) == "".join(text.split())


def test_cut_prefers_sentences_then_clauses_then_words() -> None:
    assert cut("One two. Three four, five six.", 22) == ["One two.", "Three four, five six."]
    assert cut("One two three, four five six", 20) == ["One two three,", "four five six"]
    assert cut("One two three four", 9) == ["One two", "three", "four"]
    assert cut("OneTwoThree", 4) == ["OneT", "woTh", "ree"]
    assert cut("你好，我们走吧。再见。", 8) == ["你好，我们走吧。", "再见。"]


def test_every_language_has_its_limit() -> None:
    assert set(LONGEST) == set(LANGUAGES)


@pytest.mark.parametrize(
    ("wish", "usual", "text", "code"),
    [
        ("en-US", None, "hi", "en"), ("pt_BR", "en", "olá", "pt"), ("zh", None, "你好", "zh-cn"),
        (None, "de", "hi", "de"),
        (None, None, "Привет", "ru"), (None, None, "我是学生です", "ja"), (None, None, "12!", "en"),
    ],
)  # fmt: skip
def test_language_codes(wish: str | None, usual: str | None, text: str, code: str) -> None:
    assert language_code(wish, usual, text, LANGUAGES) == code


def test_a_language_that_the_model_lacks_is_refused() -> None:
    with pytest.raises(EngineError, match="does not speak 'sv'"):
        language_code("sv", None, "hej", LANGUAGES)
    assert by_script("नमस्ते") == "hi"


@pytest.mark.parametrize(
    ("language", "text", "said"),
    [
        ("en", "Dr. Who’s “Box”: 1,000 at 12.5%", "doctor who's box: one thousand at twelve point five percent"),
        ("de", "1.000 Grüße & 12,5", "eintausend grüße und zwölf Komma fünf"),
        ("fr", "À 5 heures…", "à cinq heures..."),
        ("tr", "İyi", "iyi"),
    ],
)
def test_spelling(language: str, text: str, said: str) -> None:
    assert spelled(text, language) == said


@pytest.mark.parametrize(("text", "said"), [("2024年", "er4ling2er4si4nian2"), ("10500元", "yi1wan4ling2wu3bai3yuan2"),
                                            ("15.5度", "shi2wu3dian3wu3du4")])  # fmt: skip
def test_chinese_numbers(text: str, said: str) -> None:
    pytest.importorskip("pypinyin")
    assert spelled(text, "zh-cn") == said


@given(st.text(max_size=60), st.sampled_from([code for code in LANGUAGES if code not in {"zh-cn", "ja", "ko"}]))
def test_any_text_is_spelled(text: str, language: str) -> None:
    said = spelled(text, language)
    assert said == " ".join(said.split())
    assert not any(char in said for char in '&@%#$£°€"')
    if language != "hi":  # its numbers are not known to num2words
        assert not any(char in "0123456789" for char in said)
