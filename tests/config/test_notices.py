"""The words themselves were chosen by hand; these tests see that none is missing, mixed up or too long to be spoken."""

import pytest

from voi.config.agents import Agent
from voi.config.notices import AI_NOTICES, RECORDING_NOTICES, ai_notice, recording_notice
from voi.dialogue import Phrase
from voi.text.language import LANGUAGES, likeliest
from voi.text.speakable import speakable

TABLES = [AI_NOTICES, RECORDING_NOTICES]


@pytest.mark.parametrize("notices", TABLES)
def test_every_language_of_xtts_has_one(notices: dict[str, str]) -> None:
    assert set(notices) == set(LANGUAGES)
    assert len(set(notices.values())) == 17


@pytest.mark.parametrize("notices", TABLES)
@pytest.mark.parametrize("language", LANGUAGES)
def test_each_is_in_its_language(language: str, notices: dict[str, str]) -> None:
    pytest.importorskip("py3langid")
    other = "de" if language == "en" else "en"
    assert likeliest(notices[language], other) == language


@pytest.mark.parametrize("notices", TABLES)
@pytest.mark.parametrize("language", LANGUAGES)
def test_each_is_spoken_as_it_is_written_and_in_one_go(language: str, notices: dict[str, str]) -> None:
    from voi.engines.tts.xtts.cutting import LONGEST

    said = speakable(notices[language], language)
    assert sum(map(str.isalpha, said)) == sum(map(str.isalpha, notices[language]))
    assert len(said) <= LONGEST["zh-cn" if language == "zh" else language]


@pytest.mark.parametrize("language", [None, "auto", "en-GB", "xx"])
def test_english_where_there_is_no_other(language: str | None) -> None:
    assert ai_notice(language) == AI_NOTICES["en"]
    assert recording_notice(language) == RECORDING_NOTICES["en"]


def test_an_agents_notice() -> None:
    agent = Agent.model_validate({"llm_model": "echo", "language": "de-AT", "disclosure": {"recording": "Band läuft."}})
    assert agent.notice(ai=False, recorded=False) is None
    assert agent.notice(ai=True, recorded=False) == Phrase("Sie sprechen mit einer künstlichen Intelligenz.")
    both = agent.notice(ai=True, recorded=True)
    assert both == Phrase("Sie sprechen mit einer künstlichen Intelligenz. Band läuft.")
