"""What Voi asks of AssemblyAI, and what it makes of its turns."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.fakes.cloud_voices import KEY
from voi.engines.base import SttOptions
from voi.engines.stt.cloud.assemblyai import AssemblyAi, AssemblyAiScript
from voi.engines.stt.cloud.heard import FLUSHED, HeardText
from voi.errors import EngineError


def asked(options: SttOptions, **given: Any) -> dict[str, list[str]]:
    engine = AssemblyAi(api_key=KEY, **given)
    return parse_qs(urlsplit(engine._sockets.script(options).address).query)


def test_what_it_asks_for() -> None:
    query = asked(SttOptions("en-GB", hot_words=("Voi", "a, b")), settings={"min_turn_silence": 300})
    assert query["speech_model"] == ["universal-streaming-english"]
    assert query["keyterms_prompt"] == ['["Voi","a, b"]']
    assert query["min_turn_silence"] == ["300"]
    assert asked(SttOptions("de"))["speech_model"] == ["universal-streaming-multilingual"]
    assert asked(SttOptions("de"), model="u3-rt-pro")["speech_model"] == ["u3-rt-pro"]


def turn(text: str, *, order: int = 0, end: bool = False, formatted: bool = False) -> dict[str, Any]:
    words = [{"text": each, "start": 100 * n, "end": 100 * n + 90} for n, each in enumerate(text.split())]
    return {"type": "Turn", "turn_order": order, "end_of_turn": end, "turn_is_formatted": formatted,
            "transcript": text, "words": words}  # fmt: skip


def test_the_end_of_a_turn_counts_once_with_its_punctuation() -> None:
    script = AssemblyAiScript("")
    (growing,) = script.hear(turn("hi there"))
    assert isinstance(growing, HeardText)
    assert (growing.text, growing.final, growing.end_ms) == (" hi there", False, 190)
    assert not script.hear(turn("hi there", end=True))
    heard, flushed = script.hear(turn("Hi there.", end=True, formatted=True))
    assert isinstance(heard, HeardText)
    assert (heard.text, heard.final, flushed) == (" Hi there.", True, FLUSHED)
    assert not script.hear(turn("Hi there.", end=True, formatted=True)), "a turn is told twice"
    assert script.hear(turn("yes", order=1))


@pytest.mark.parametrize(
    "odd", [{}, {"type": "Turn"}, turn("x") | {"words": [7]}, turn("x") | {"turn_order": "y"}], ids=repr
)
def test_odd_messages_are_ignored(odd: dict[str, Any]) -> None:
    assert not AssemblyAiScript("").hear(odd)


@pytest.mark.parametrize(
    ("code", "told", "retryable"),
    [(4002, "no credit", False), (3009, "takes no more", True), (3005, "failed", True),
     (4001, "refused the key", False)],
)  # fmt: skip
def test_errors_are_told_in_our_words(code: int, told: str, retryable: bool) -> None:
    (error,) = AssemblyAiScript("").hear({"type": "Error", "error_code": code, "error": "planted"})
    assert isinstance(error, EngineError)
    assert told in str(error)
    assert "planted" not in str(error)
    assert error.retryable is retryable
