"""The words themselves were chosen by hand; these tests see that none is missing, mixed up or too long to be spoken."""

import pytest

from voi.config.apologies import APOLOGIES, apology_in
from voi.text.language import LANGUAGES, likeliest
from voi.text.speakable import speakable


def test_every_language_of_xtts_has_one() -> None:
    assert set(APOLOGIES) == set(LANGUAGES)
    assert len(LANGUAGES) == 17
    assert len(set(APOLOGIES.values())) == 17


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_is_in_its_language(language: str) -> None:
    pytest.importorskip("py3langid")
    other = "de" if language == "en" else "en"
    assert likeliest(APOLOGIES[language], other) == language


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_is_spoken_as_it_is_written_and_in_one_go(language: str) -> None:
    from voi.engines.tts.xtts.cutting import LONGEST

    said = speakable(APOLOGIES[language], language)
    assert sum(map(str.isalpha, said)) == sum(map(str.isalpha, APOLOGIES[language]))
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
