"""What Voi asks of Flux, and what it makes of its turns."""

import asyncio
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.engines.stt.cloud.test_utterance import ALL_KINDS, play, say
from tests.fakes.cloud_ears import WORDS, EarService
from tests.fakes.cloud_voices import KEY
from voi.engines.base import SttOptions
from voi.engines.stt.cloud.deepgram_flux import DeepgramFlux, FluxScript
from voi.engines.stt.cloud.heard import FLUSHED, HeardText
from voi.engines.stt.cloud.utterance import SocketEar
from voi.errors import EngineError


def asked(options: SttOptions, **given: Any) -> dict[str, list[str]]:
    engine = DeepgramFlux(api_key=KEY, **given)
    return parse_qs(urlsplit(engine._sockets.script(options).address).query)


def test_what_it_asks_for() -> None:
    query = asked(SttOptions("en", hot_words=("Voi", "Zöe")), settings={"eot_threshold": 0.8})
    assert (query["model"], query["keyterm"], query["eot_threshold"]) == (["flux-general-en"], ["Voi", "Zöe"], ["0.8"])
    assert "language_hint" not in query
    assert asked(SttOptions("de"))["language_hint"] == ["de"]


def turn(event: str, text: str, *, index: int = 0, **more: Any) -> dict[str, Any]:
    return {
        "type": "TurnInfo",
        "event": event,
        "turn_index": index,
        "transcript": text,
        "audio_window_end": 1.5,
        **more,
    }


def test_a_turn_changes_until_its_end() -> None:
    ear = FluxScript("")
    assert ear.hear(turn("Update", "I scream", languages=["en"])) == (HeardText(" I scream", False, (), 1_500, "en"),)
    assert ear.hear(turn("EagerEndOfTurn", "Ice cream")) == (HeardText(" Ice cream", False, (), 1_500),)
    assert ear.hear(turn("EndOfTurn", "Ice cream", trigger="model")) == (HeardText(" Ice cream", True, (), 1_500),)
    assert not ear.hear(turn("Update", "Ice cream"))
    assert FLUSHED in ear.hear(turn("EndOfTurn", "Yes", index=1, trigger="manual"))


@pytest.mark.parametrize("odd", [{}, {"type": "TurnInfo"}, turn("Update", "x") | {"turn_index": None}], ids=repr)
def test_odd_messages_are_ignored(odd: dict[str, Any]) -> None:
    assert not FluxScript("").hear(odd)


def test_its_confidence_judges_turns_where_that_is_wanted() -> None:
    ear = FluxScript("", judges=True)
    told = [
        turn("Update", "Ice", end_of_turn_confidence=0.2), turn("EndOfTurn", "Ice", end_of_turn_confidence=1.2),
        turn("EndOfTurn", "Ice", index=1, end_of_turn_confidence=1.0, trigger="manual"), turn("Update", "So", index=2),
    ]  # fmt: skip
    heard = [item for each in told for item in ear.hear(each) if isinstance(item, HeardText)]
    assert [item.turn_end for item in heard] == [0.2, 1.0, None, None]
    assert not ear.hear(turn("Update", "So", index=2, end_of_turn_confidence="much"))


def test_a_flush_waits_a_little_for_its_own_end_of_the_turn() -> None:
    async def scene(service: EarService, engine: SocketEar) -> None:
        assert engine.info.judges_turns
        stream = engine.open(SttOptions("en"), None)
        await say(stream, *WORDS[:5], quiet_ms=200)
        began_s = asyncio.get_running_loop().time()
        heard = await stream.flush()
        assert (heard.text, heard.turn_end) == (" ".join(WORDS[:5]), 0.9)
        assert asyncio.get_running_loop().time() - began_s < 0.01, "the end had come"
        await say(stream, "kilo", quiet_ms=200)
        heard = await stream.flush()
        assert (heard.text.split()[-1], heard.turn_end) == ("kilo", 0.1)
        assert 0.3 < asyncio.get_running_loop().time() - began_s < 1.5
        assert [told["type"] for told in service.told] == ["ForceEndTurn"]
        stream.close()

    play(ALL_KINDS["flux"], scene, turns=True)


def test_an_error_is_told_without_its_words() -> None:
    (error,) = FluxScript("").hear({"type": "Error", "code": "INTERNAL", "description": "planted: invalid model"})
    assert isinstance(error, EngineError)
    assert "does not have that model" in str(error)
    assert not FluxScript("").hear({"type": "Warning", "code": "x", "description": "y"})
