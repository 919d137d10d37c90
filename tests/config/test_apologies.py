"""The words themselves were chosen by hand; these tests see that none is missing, mixed up or too long to be spoken."""

import pytest

from voi.config.apologies import APOLOGIES, apology_in
from voi.config.goodbyes import GOODBYES, goodbye_in
from voi.config.welcomes import WELCOMES, welcome_in
from voi.text.language import LANGUAGES, likeliest
from voi.text.speakable import speakable

SENTENCES = pytest.mark.parametrize("sentences", [APOLOGIES, WELCOMES, GOODBYES], ids=["sorry", "welcome", "goodbye"])


@SENTENCES
def test_every_language_of_xtts_has_one(sentences: dict[str, str]) -> None:
    assert set(sentences) == set(LANGUAGES)
    assert len(LANGUAGES) == 17
    assert len(set(sentences.values())) == 17


@SENTENCES
@pytest.mark.parametrize("language", LANGUAGES)
def test_each_is_in_its_language(language: str, sentences: dict[str, str]) -> None:
    pytest.importorskip("py3langid")
    other = "de" if language == "en" else "en"
    assert likeliest(sentences[language], other) == language


@SENTENCES
@pytest.mark.parametrize("language", LANGUAGES)
def test_each_is_spoken_as_it_is_written_and_in_one_go(language: str, sentences: dict[str, str]) -> None:
    from voi.engines.tts.xtts.cutting import LONGEST

    said = speakable(sentences[language], language)
    assert sum(map(str.isalpha, said)) == sum(map(str.isalpha, sentences[language]))
    assert len(said) <= LONGEST["zh-cn" if language == "zh" else language]


@pytest.mark.parametrize(
    ("language", "means"),
    [
        (None, "en"),
        ("auto", "en"),
        ("en-GB", "en"),
        ("zh-cn", "zh"),
        ("pt-BR", "pt"),
        ("DE", "de"),
        ("sv", None),
        ("enm", None),
    ],
)
def test_languages_as_agents_name_them(language: str | None, means: str | None) -> None:
    assert apology_in(language) == (APOLOGIES[means] if means else None)
    assert welcome_in(language) == (WELCOMES[means] if means else None)
    assert goodbye_in(language) == (GOODBYES[means] if means else None)
