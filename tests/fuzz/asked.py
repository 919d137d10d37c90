"""What people dictate, models call and clients of OpenAI ask, as bytes to be fuzzed (`targets.py`)."""

from contextlib import suppress
from datetime import date
from functools import cache
from typing import get_args
from urllib.parse import unquote_to_bytes, urlsplit

from pydantic import ValidationError

from tests.fuzz.target import Target, decoded, quietly
from voi.capture.codes import mask
from voi.capture.slots import Slot, SlotKind, read
from voi.capture.spoken import read_back
from voi.capture.vocabulary import vocabulary_of
from voi.client.events import parse as parse_event
from voi.core.called_in_text import calls_in
from voi.scenarios.yaml_file import parse_yaml
from voi.server.openai.chat_request import ChatRequest, asked_of
from voi.server.openai.failures import OpenAiError
from voi.tools.arguments import Arguments
from voi.tools.templates import Values, url_part
from voi.tools.written import soql, soql_like
from voi.transports.voi_ws import wire

TODAY = date(2026, 11, 30)
KINDS: tuple[SlotKind, ...] = get_args(SlotKind)
LANGUAGES = ("en", "de", "fr", "es", "it", "zh", "ru", "pl")
SCHEMA = {
    "type": "object",
    "properties": {
        "email": {"type": "string", "format": "email"},
        "day": {"type": "string", "format": "date"},
        "many": {"type": "array", "items": {"type": "integer", "minimum": 1}},
        "kind": {"enum": ["a", "b"]},
    },
    "required": ["email"],
    "additionalProperties": False,
}


def _dictation(data: bytes) -> None:
    """The first byte says in which language, and what is dictated."""
    first, text = data[0] if data else 0, decoded(data[1:])
    words = vocabulary_of(LANGUAGES[first % len(LANGUAGES)])
    slot = Slot("it", KINDS[first // len(LANGUAGES) % len(KINDS)], masks=(mask("AA-9999"), mask("XXXXXX")))
    taken = read(slot, text, words, TODAY)
    assert bool(taken.value) is not bool(taken.problem)
    if taken.value:
        read_back(slot, taken.value, words)


def _template(data: bytes) -> None:
    """No argument leaves the place that its template has for it."""
    text = decoded(data)
    values = Values({"a": text}, {})
    url = urlsplit(values.text("https://host.example/x/{a}/y?q={a}", url_part))
    assert (url.netloc, url.path.count("/"), url.fragment) == ("host.example", 3, "")
    assert unquote_to_bytes(url.query[2:]) == text.encode("utf-8", "replace")
    for write in (soql, soql_like):
        written = write(text)
        assert "'" not in written.replace("\\\\", "").replace("\\'", "")
        assert all(ord(character) >= 32 for character in written)
    quietly(lambda: values.json({"b": "{digits:a}", "c": ["{a}", "{call:none}"]}))


@cache
def _arguments() -> Arguments:
    return Arguments(SCHEMA, foreign=True)


def _call(data: bytes) -> None:
    """What a model writes as arguments, and as a call in the middle of its words."""
    text = decoded(data)
    quietly(lambda: _arguments().read(text))
    for call in calls_in(text, ("find_order", "leave")):
        quietly(lambda call=call: _arguments().read(call.arguments))  # type: ignore[misc]


def _chat_request(data: bytes) -> None:
    with suppress(ValidationError, OpenAiError):
        asked_of(ChatRequest.model_validate_json(data))


def _scenario(data: bytes) -> None:
    quietly(lambda: parse_yaml(decoded(data), "scenario.yaml"))


def _to_client(data: bytes) -> None:
    quietly(lambda: parse_event(data))


def _dictated(language: str, kind: SlotKind, text: str) -> bytes:
    return bytes([KINDS.index(kind) * len(LANGUAGES) + LANGUAGES.index(language)]) + text.encode()


ASKED: dict[str, Target] = {
    "dictation": Target(
        _dictation,
        (
            _dictated("en", "email", "it's john dot smith, no, j as in jack, at g mail dot com"),
            _dictated("en", "phone", "plus one four one five double five five oh one two three"),
            _dictated("de", "date", "am dritten Mai zweitausendsiebenundzwanzig"),
            _dictated("fr", "amount", "quatre-vingt-dix-neuf euros cinquante"),
            _dictated("es", "address", "calle Mayor número doce, 28013 Madrid"),
            _dictated("zh", "code", "A B 一二三四"),
            _dictated("ru", "name", "Иванов, И как Иван"),
            _dictated("en", "card", "4111 1111, sorry, four one double one 1111 1111 1111"),
        ),
    ),
    "template": Target(_template, (b"O'Hara \\ 50% _ /../?a=b#c&d", "+49 (0) 30 123\n\x00é".encode())),
    "call": Target(
        _call,
        (
            b'{"email": "a@b.org", "day": "2026-11-30", "many": [1, 2], "kind": "a"}',
            b'Sure. {"name": "find_order", "arguments": {"email": "a@b.org"}} <tool_call>',
            b"I do it: find_order(email='a@b.org', many=[1, 2]) and leave()",
        ),
    ),
    "chat request": Target(
        _chat_request,
        (
            b'{"model": "echo", "stream": true, "messages": [{"role": "system", "content": "x"}, {"role": "user", '
            b'"content": [{"type": "text", "text": "hi"}, {"type": "image_url", "image_url": {"url": '
            b'"data:image/png;base64,iVBORw0KGgo="}}]}]}',
        ),
    ),
    "scenario": Target(
        _scenario,
        (b"agent: echo\nsteps:\n  - say: hello\n    expect: {says: [hi, 'no']}\n  - &a {wait: 12:30}\n  - *a\n",),
    ),
    "to client": Target(
        _to_client,
        (
            wire.join({"type": "message", "role": "assistant", "content": "Hi", "id": 1}),
            wire.join({"type": "audio", "speech_id": "1"}, b"\0\1"),
            wire.join({"type": "status", "status": "init_done", "resume_id": "x", "resume_within_s": 60}),
        ),
    ),
}
