"""Which voice speaks."""

from dataclasses import replace
from typing import Any

import pytest

pytest.importorskip("wyoming")

from tests.fakes.engines import FakeTts
from tests.server.fakes import Configs
from voi.config.agents import Agent
from voi.errors import ClientError
from voi.transports.wyoming.asked import VoiceAsked
from voi.transports.wyoming.voices import WyomingVoices


def tts(*languages: str) -> Any:
    engine = FakeTts()
    engine.info = replace(FakeTts.info, languages=languages or None)
    return engine


def agent(**fields: Any) -> Agent:
    return Agent.model_validate({"llm_model": "echo", "voices": {"character": {"model": "plain", **fields}}})


def voices() -> WyomingVoices:
    config = replace(Configs().current, agents={"mute": Agent(llm_model="echo"), "robin": agent(voice="bert", speed=2)})
    return WyomingVoices(config, {"plain": tts(), "european": tts("de", "fr")}, ("mute", "robin"))


def test_all_voices_have_a_name_and_languages() -> None:
    assert [(each.name, each.languages) for each in voices().all()] == [
        ("robin", ("en",)), ("plain/anna", ("en",)), ("plain/bert", ("en",)), ("european/anna", ("de", "fr")),
        ("european/bert", ("de", "fr")),
    ]  # fmt: skip


def test_the_usual_voice_is_an_agents() -> None:
    for wish in (None, VoiceAsked(), VoiceAsked(name="robin")):
        speaker = voices().speaker(wish)
        assert (speaker.model, speaker.spec.voice, speaker.spec.speed) == ("plain", "bert", 2)


def test_a_voice_by_its_name_and_language() -> None:
    speaker = voices().speaker(VoiceAsked(name="european/bert", language="fr"))
    assert (speaker.model, speaker.spec.voice, speaker.spec.language) == ("european", "bert", "fr")


@pytest.mark.parametrize(
    ("wish", "why"),
    [
        ({"name": "european/bert", "language": "en"}, "does not speak 'en'"),
        ({"name": "european/carl"}, "no voice 'european/carl'"),
        ({"name": "mute"}, "no voice 'mute'"),
        ({"name": "nobody/anna"}, "no voice"),
    ],
)
def test_what_nobody_speaks(wish: dict[str, str], why: str) -> None:
    with pytest.raises(ClientError, match=why):
        voices().speaker(VoiceAsked(**wish))


def test_a_language_finds_a_voice_that_speaks_it() -> None:
    config = replace(voices(), tts={"english": tts("en"), "european": tts("de", "fr")})
    assert config.speaker(VoiceAsked(language="de")).model == "european"
    with pytest.raises(ClientError, match="does not speak 'ja'"):
        config.speaker(VoiceAsked(language="ja"))
    with pytest.raises(ClientError, match="No voice runs"):
        replace(voices(), tts={}).speaker(None)
