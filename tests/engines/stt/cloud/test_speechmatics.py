"""What Voi asks of Speechmatics, and what it makes of its transcripts."""

import json
from typing import Any

import pytest

from tests.engines.stt.cloud.test_utterance import KINDS, in_memory, say
from tests.fakes.clock import in_virtual_time
from tests.fakes.cloud_ears import SpeechmaticsService
from tests.fakes.cloud_voices import KEY
from voi.engines.base import SttOptions
from voi.engines.stt.cloud.heard import HeardText
from voi.engines.stt.cloud.speechmatics import Speechmatics, SpeechmaticsScript
from voi.errors import ConfigError, EngineError


def asked(options: SttOptions, **given: Any) -> dict[str, Any]:
    (start,) = Speechmatics(api_key=KEY, **given)._sockets.script(options).begin()
    config: dict[str, Any] = json.loads(start)["transcription_config"]
    return config


def test_what_it_asks_for() -> None:
    assert asked(SttOptions("de", hot_words=("Voi",)), settings={"max_delay": 2, "domain": "finance"}) == {
        "language": "de", "enable_partials": True, "max_delay": 2, "max_delay_mode": "flexible",
        "operating_point": "enhanced", "domain": "finance", "additional_vocab": [{"content": "Voi"}],
    }  # fmt: skip
    assert asked(SttOptions())["language"] == "en"
    with pytest.raises(ConfigError, match="must not have conversation_config"):
        Speechmatics(api_key=KEY, settings={"conversation_config": "x"})


def result(content: str, at_s: float, **more: Any) -> dict[str, Any]:
    return {"type": "word", "start_time": at_s, "end_time": at_s + 0.2, "alternatives": [{"content": content}], **more}


def test_punctuation_stands_where_it_belongs() -> None:
    mark = {"type": "punctuation", "attaches_to": "previous"}
    results = [result("Yes", 0.0), result(",", 0.2, **mark), result("“", 0.3, type="punctuation", attaches_to="next"),
               result("sir", 0.3), result("!", 0.5, **mark, is_eos=True)]  # fmt: skip
    told = {"message": "AddTranscript", "metadata": {"end_time": 0.6}, "results": results}
    (heard,) = SpeechmaticsScript("", {"language": "en"}).hear(told)
    assert isinstance(heard, HeardText)
    assert heard.text == " Yes, “sir!"
    assert [word.text for word in heard.words] == ["Yes,", "“sir!"]
    (heard,) = SpeechmaticsScript("", {"language": "ja"}).hear(told | {"results": [result("は", 0), result("い", 1)]})
    assert isinstance(heard, HeardText)
    assert heard.text == "はい"


@pytest.mark.parametrize(
    "odd",
    [{}, {"message": "AddTranscript"}, {"message": "AddTranscript", "metadata": {"end_time": 1}, "results": [{}]},
     {"message": "AddPartialTranscript", "metadata": 7}, {"message": ["Error"]}],
    ids=repr,
)  # fmt: skip
def test_odd_messages_are_ignored(odd: dict[str, Any]) -> None:
    assert not SpeechmaticsScript("", {"language": "en"}).hear(odd)


@pytest.mark.parametrize(
    ("kind", "told", "retryable"),
    [("not_authorised", "refused the key", False), ("quota_exceeded", "no credit", False),
     ("job_error", "failed", True), ("timelimit_exceeded", "failed", True),
     ("invalid_model", "does not have that model", False)],
)  # fmt: skip
def test_errors_are_told_in_our_words(kind: str, told: str, retryable: bool) -> None:
    (error,) = SpeechmaticsScript("", {"language": "en"}).hear({"message": "Error", "type": kind, "reason": "planted"})
    assert isinstance(error, EngineError)
    assert told in str(error)
    assert "planted" not in str(error)
    assert error.retryable is retryable


@in_virtual_time
async def test_the_end_counts_all_messages_with_sound() -> None:
    service = SpeechmaticsService()
    engine = in_memory(service, KINDS["speechmatics"])
    stream = engine.open(SttOptions(), None)
    await say(stream, "alpha")
    assert (await stream.flush()).text == "alpha"
    stream.close()
    await engine.close()
    assert service.told[-1]["message"] == "EndOfStream"
    assert service.miscounted == 0
