"""What Voi asks of Deepgram, and what it makes of odd answers."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.fakes.cloud_voices import KEY
from voi.engines.base import SttOptions
from voi.engines.stt.cloud.deepgram import Deepgram, DeepgramScript
from voi.engines.stt.cloud.heard import HeardText
from voi.errors import ConfigError, EngineError


def asked(options: SttOptions, **given: Any) -> dict[str, list[str]]:
    engine = Deepgram(api_key=KEY, **given)
    return parse_qs(urlsplit(engine._sockets.script(options).address).query)


def test_what_it_asks_for() -> None:
    query = asked(
        SttOptions("de", hot_words=("Voi", "Voi", "  ", "x" * 99)), settings={"numerals": True, "tag": ["a", "b"]}
    )
    assert query["model"] == ["nova-3"]
    assert query["language"] == ["de"]
    assert query["keyterm"] == ["Voi"]
    assert (query["numerals"], query["tag"]) == (["true"], ["a", "b"])
    assert asked(SttOptions())["language"] == ["multi"]
    assert asked(SttOptions(hot_words=("Voi",)), model="nova-2", language="en")["keywords"] == ["Voi"]


def test_settings_that_cannot_be_right() -> None:
    with pytest.raises(ConfigError, match="must not have encoding"):
        Deepgram(api_key=KEY, settings={"encoding": "opus"})
    with pytest.raises(ConfigError, match="see tag"):
        Deepgram(api_key=KEY, settings={"tag": {"a": 1}})  # type: ignore[dict-item]


RESULT: dict[str, Any] = {
    "type": "Results", "start": 1.0, "duration": 0.5, "is_final": True,
    "channel": {"alternatives": [{"transcript": "你好", "languages": ["zh-CN"], "words": []}]},
}  # fmt: skip


def test_languages_without_spaces_get_none() -> None:
    assert DeepgramScript("", "multi").hear(RESULT) == (HeardText("你好", True, (), 1_500, "zh"),)
    assert DeepgramScript("", "zh").hear(RESULT) == (HeardText("你好", True, (), 1_500, None),)


@pytest.mark.parametrize(
    "odd",
    [{}, {"type": 7}, {"type": "Results"}, RESULT | {"channel": []}, RESULT | {"start": "soon"},
     RESULT | {"duration": float("nan")}, RESULT | {"channel": {"alternatives": [{"transcript": "", "words": [7]}]}}],
    ids=repr,
)  # fmt: skip
def test_odd_messages_are_ignored(odd: dict[str, Any]) -> None:
    assert not DeepgramScript("", "en").hear(odd)


def test_an_error_is_told_without_its_words() -> None:
    (error,) = DeepgramScript("", "en").hear({"type": "Error", "variant": "X", "description": "planted: rate limit"})
    assert isinstance(error, EngineError)
    assert "planted" not in str(error)
    assert error.retryable
