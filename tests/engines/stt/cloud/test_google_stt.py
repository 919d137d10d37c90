"""Google's recognition over real gRPC, and long utterances in virtual time."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest

from tests.engines.stt.cloud.test_utterance import ALL_KINDS, play, say
from tests.fakes.cloud_ears import ABORT, WORDS, EarService, speech
from tests.fakes.cloud_voices import KEY, Close
from voi.engines.base import SttOptions
from voi.engines.cloud.google import locale_of
from voi.engines.stt.cloud.google_stt import GoogleScript, GoogleStt
from voi.engines.stt.cloud.heard import FLUSHED, HeardText
from voi.engines.stt.cloud.utterance import SocketEar
from voi.errors import ConfigError, EngineError


def test_of_several_results_only_those_after_the_last_final_grow() -> None:
    def result(text: str, *, final: bool = False) -> dict[str, Any]:
        return {"text": text, "final": final, "end_ms": 100, "language": "en-us", "words": []}

    script = GoogleScript("r", {}, "en-US")
    heard = script.hear({"results": [result("old"), result("Hello.", final=True), result(" how are"), result(" you")]})
    assert [(item.text, item.final) for item in heard if isinstance(item, HeardText)] == [
        (" Hello.", True), (" how are you", False)
    ]  # fmt: skip
    assert script.hear({"end": True}) == (FLUSHED,)
    assert GoogleScript("r", {}, "ja-JP").hear({"results": [result("はい") | {"language": "ja-jp"}]})[0].text == "はい"


def test_languages_have_regions() -> None:
    codes = ("en", "de", "vi", "zh", "pt-PT", "auto", "xx")
    assert [locale_of(each) for each in codes] == ["en-US", "de-DE", "vi-VN", "cmn-Hans-CN", "pt-PT", "auto", "xx"]


def test_an_endless_utterance_goes_over_to_another_call() -> None:
    """Eleven minutes of speech in one utterance, where Google ends calls after five."""

    async def scene(service: EarService, engine: SocketEar) -> None:
        said = [WORDS[n % len(WORDS)] for n in range(660 * 4)]
        stream = engine.open(SttOptions(), None)
        await say(stream, *said)
        assert (await stream.flush()).text == " ".join(said)
        assert service.opened == 4
        assert not engine.troubles
        stream.close()

    play(ALL_KINDS["google"], scene)


def test_minutes_of_quiet_in_an_utterance_cost_no_call() -> None:
    async def scene(service: EarService, engine: SocketEar) -> None:
        stream = engine.open(SttOptions(), None)
        await say(stream, "alpha")
        assert (await stream.flush()).text == "alpha"
        await say(stream, quiet_ms=120_000)
        assert (service.opened, service.sockets) == (2, 0)
        await say(stream, "bravo")
        heard = await stream.flush()
        assert heard.text == "alpha bravo"
        assert abs(heard.words[1].start_ms - 120_256) <= 64
        stream.close()

    play(ALL_KINDS["google"], scene)


def test_options() -> None:
    with pytest.raises(ConfigError, match="v2 or v1"):
        GoogleStt(version="v3")
    with pytest.raises(ConfigError, match="must not have enable_word_time_offsets"):
        GoogleStt(settings={"enable_word_time_offsets": True})
    with pytest.raises(ConfigError, match="at least one"):
        GoogleStt(language=[])
    assert GoogleStt(model="chirp_2").info.word_times == "none"
    engine = GoogleStt(project="p", location="eu", language=["en-GB", "vi-VN"])
    script = engine._script(SttOptions("en", hot_words=("Voi",)))
    assert script.address == "projects/p/locations/eu/recognizers/_"
    config = script._config["config"]
    assert config["language_codes"] == ["en-GB"]
    assert config["adaptation"]["phrase_sets"][0]["inline_phrase_set"]["phrases"] == [{"value": "Voi"}]
    assert engine._script(SttOptions())._config["config"]["language_codes"] == ["en-GB", "vi-VN"]


# ---- over real gRPC ---------------------------------------------------------------------------------


@pytest.fixture
async def google() -> AsyncIterator[tuple[Any, str]]:
    pytest.importorskip("google.cloud.speech_v2")
    pytest.importorskip("google.cloud.texttospeech_v1")
    from tests.fakes.google_services import GoogleServices

    services = GoogleServices()
    async with services.serve() as url:
        yield services, url
        for _ in range(300):
            await asyncio.sleep(0.01 if services.calls else 0)
        assert not services.calls, "a call is left"


async def hear(engine: SocketEar, words: Sequence[str]) -> str:
    stream = engine.open(SttOptions("en"), None)
    stream.feed(speech(*words))
    try:
        return (await stream.flush()).text
    finally:
        stream.close()


@pytest.mark.parametrize("version", ["v2", "v1"])
async def test_an_utterance_over_grpc(google: tuple[Any, str], version: Any) -> None:
    services, url = google
    engine = GoogleStt(
        api_key=KEY, url=url, project="p", version=version, settings={"profanity_filter": True}, at_once=3
    )
    await engine.warm_up()
    stream = engine.open(SttOptions("en", hot_words=("Voi",)), None)
    stream.feed(speech(*WORDS[:6]))
    heard = await stream.flush()
    assert heard.text == " ".join(WORDS[:6])
    assert [word.text for word in heard.words] == list(WORDS[:6])
    assert heard.words[1].start_ms == 256
    assert heard.language == "en"
    stream.feed(speech("kilo"))
    assert (await stream.flush()).text == " ".join((*WORDS[:6], "kilo"))
    stream.close()
    assert (engine.info.cloud, engine.info.at_once_max) == (True, 3)
    config = services.told[-1].streaming_config.config
    if version == "v2":
        assert services.told[-1].recognizer == "projects/p/locations/global/recognizers/_"
        assert (config.features.profanity_filter, config.features.enable_word_time_offsets) == (True, True)
    else:
        assert (config.profanity_filter, config.model, config.sample_rate_hertz) == (True, "latest_long", 16_000)
        assert list(config.speech_contexts[0].phrases) == ["Voi"]
    await engine.close()


@pytest.mark.parametrize(
    "lost",
    [Close(1011, "Max duration of 5 minutes reached for stream."),
     Close(1012, "Exceeded maximum allowed stream duration of 305 seconds."), ABORT],
    ids=["ABORTED", "OUT_OF_RANGE", "UNAVAILABLE"],
)  # fmt: skip
async def test_a_call_that_is_cut_loses_no_word(google: tuple[Any, str], lost: Close) -> None:
    services, url = google
    engine = GoogleStt(api_key=KEY, url=url, project="p")
    await engine.warm_up()
    services.ears.lose_at_ms, services.ears.lose_with = [1_300, 700], lost
    assert await hear(engine, WORDS[:12]) == " ".join(WORDS[:12])
    assert engine.troubles["lost_connection"] == 2
    await engine.close()


async def test_ten_at_once_and_some_who_leave(google: tuple[Any, str]) -> None:
    _, url = google
    engine = GoogleStt(api_key=KEY, url=url, project="p")
    await engine.warm_up()
    said = [WORDS[n : n + 5] for n in range(10)]
    for n in range(6):
        stream = engine.open(SttOptions(), None)
        stream.feed(speech(*said[n]))
        await asyncio.sleep(0.005 * n)
        stream.close()
    assert await asyncio.gather(*(hear(engine, words) for words in said)) == [" ".join(words) for words in said]
    await engine.close()


async def test_a_wrong_key(google: tuple[Any, str]) -> None:
    _, url = google
    engine = GoogleStt(api_key="other-key", url=url, project="p")
    with pytest.raises(EngineError, match="refused the key") as raised:
        await engine.warm_up()
    assert not raised.value.retryable
    with pytest.raises(EngineError, match="refused the key"):
        await hear(engine, WORDS[:3])
    await engine.close()


@pytest.mark.parametrize(
    ("code", "words", "told", "retryable"),
    [("RESOURCE_EXHAUSTED", "Quota exceeded for concurrent requests", "no credit|no more at once", None),
     ("PERMISSION_DENIED", "Cloud Speech API has not been used", "refused the key", False),
     ("INVALID_ARGUMENT", 'The model "x" does not exist in the location', "does not have that model", False),
     ("NOT_FOUND", "Requested entity was not found", "nothing at that address", False),
     ("UNAVAILABLE", "try again", "failed", True)],
)  # fmt: skip
async def test_refusals(google: tuple[Any, str], code: str, words: str, told: str, retryable: bool | None) -> None:
    import grpc

    services, url = google
    services.refusal = getattr(grpc.StatusCode, code), words
    engine = GoogleStt(api_key=KEY, url=url, project="p")
    with pytest.raises(EngineError, match=told) as raised:
        await engine.warm_up()
    assert retryable in (None, raised.value.retryable)
    assert words not in str(raised.value)
    await engine.close()


async def test_the_service_is_away_and_credentials_are_missing(
    google: tuple[Any, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = GoogleStt(api_key=KEY, url="http://127.0.0.1:1", project="p")
    with pytest.raises(EngineError, match="cannot be reached"):
        await engine.warm_up()
    await engine.close()
    engine = GoogleStt(api_key=KEY, url=google[1])
    with pytest.raises(ConfigError, match="`project` must name"):
        await engine.warm_up()
    await engine.close()
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", "/nowhere/key.json")
    engine = GoogleStt(project="p")
    with pytest.raises(ConfigError, match="there are no credentials: set GOOGLE_APPLICATION_CREDENTIALS"):
        await engine.warm_up()
    await engine.close()
