import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("soundfile", reason="the extra `train` is not installed")
pytest.importorskip("soxr", reason="the extra `train` is not installed")

from tests.training.tiny_base import DATA, SPOKEN
from voi.training.sound import Unusable, read
from voi.training.transcript import SCRIPTS, check, cleaned, language_code


def reason(text: str, language: str = "en", speech_ms: int = 3_000) -> str:
    with pytest.raises(Unusable) as caught:
        check(text, language, speech_ms)
    return caught.value.kind


@pytest.mark.parametrize(
    ("given", "code"),
    [("en", "en"), ("en-US", "en"), ("pt_BR", "pt"), (" DE ", "de"), ("zh", "zh-cn"), ("zh-TW", "zh-cn")],
)
def test_languages_are_known_by_their_usual_names(given: str, code: str) -> None:
    assert language_code(given) == code


def test_other_languages_are_refused() -> None:
    for name in ("sv", "", "english"):
        with pytest.raises(Unusable, match="XTTS has no language"):
            language_code(name)


def test_cleaning() -> None:
    assert cleaned(' \ufeffI\u200b said\n\n"no"\tto  cafe\u0301. ') == 'I said "no" to café.'
    assert cleaned('"Why not?"') == "Why not?"
    assert cleaned("„Warum nicht?“") == "Warum nicht?"
    assert cleaned('"A" and "b"') == '"A" and "b"'


@given(st.text())
def test_cleaning_twice_changes_nothing_more_than_once(text: str) -> None:
    once = cleaned(text)
    assert "\n" not in once
    assert once == once.strip()
    assert len(cleaned(once)) <= len(once)


@pytest.mark.parametrize("name", SPOKEN)
def test_what_is_said_fits(name: str) -> None:
    check(SPOKEN[name], "en", read(DATA / f"{name}.wav").speech_ms)


@pytest.mark.parametrize(
    ("text", "language", "speech_ms"),
    [
        ("Но почему же нет, скажи мне?", "ru", 2_500),
        ("今日はとてもいい天気ですね。", "ja", 2_500),
        ("今天天气很好。", "zh-cn", 2_000),
        ("오늘은 날씨가 아주 좋네요.", "ko", 2_500),
        ("आज मौसम बहुत अच्छा है।", "hi", 2_000),
        ("الطقس جميل جدا اليوم", "ar", 2_000),
        ("It's 5 o'clock, Mr. Müller — isn't it?", "en", 2_500),
        ("They call her Ольга here, and she likes it.", "en", 2_500),
    ],
)
def test_languages_in_their_own_letters(text: str, language: str, speech_ms: int) -> None:
    check(text, language, speech_ms)


def test_what_nobody_says_is_left_out() -> None:
    assert reason("") == "no text"
    assert reason("1, 2, 3, 4, 5, 6") == "odd text"
    assert reason("hello <laughs> there my friend") == "odd text"
    assert reason("see https://example.org for more") == "odd text"
    assert reason("some letters \ufffd\ufffd are lost here") == "odd text"
    assert reason("Но почему же нет, скажи мне?", "en") == "language"
    assert reason("but why not, tell me please", "ru") == "language"


def test_text_of_something_else_is_noticed() -> None:
    assert reason("yes", speech_ms=3_000) == "text does not fit"
    assert reason("a whole long sentence that nobody could say so fast", speech_ms=1_000) == "text does not fit"


def test_every_language_of_xtts_is_known() -> None:
    assert len(SCRIPTS) == 17
