"""An answer is told alike, whether LiteLLM runs inside Voi or behind HTTP."""

import importlib.util
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.fakes.openai_server import FakeOpenAi, Reply, chunk, event
from voi.dialogue import Message, ToolCall
from voi.engines.base import Finished, Llm, LlmRequest, TextDelta
from voi.engines.llm import attempts
from voi.engines.llm.litellm_local import LiteLlmLocal
from voi.engines.llm.openai_compatible import OpenAiCompatible
from voi.errors import EngineError

pytestmark = pytest.mark.integration

if importlib.util.find_spec("litellm") is None:
    pytest.skip("LiteLLM is not installed", allow_module_level=True)

DONE = b"data: [DONE]\n\n"


def sent(*parts: bytes, kind: str = "text/event-stream") -> Reply:
    return Reply(raw=parts, content_type=kind)


def delta(**fields: object) -> bytes:
    return event({**chunk(None), "choices": [{"index": 0, "delta": fields, "finish_reason": None}]})


def escaped(text: str) -> bytes:
    return event(chunk("#")).replace(b"#", text.encode())


CALL = delta(tool_calls=[{"index": 0, "id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}}])
WHOLE = {"id": "1", "object": "chat.completion", "created": 1, "model": "m"}
WHOLE |= {"choices": [{"index": 0, "message": {"role": "assistant", "content": "Hi."}, "finish_reason": "stop"}]}
BROKEN = "error, may pass"

ANSWERS = {
    "text and DONE": (sent(event(chunk("Hello there.")), DONE), "Hello there. stop"),
    "DONE in mid-sentence": (sent(event(chunk("Hello the")), DONE), "Hello the stop"),
    "an end in mid-sentence": (sent(event(chunk("Hello the"))), f"Hello the {BROKEN}"),
    "an end behind a sentence": (sent(event(chunk("Hello."))), f"Hello. {BROKEN}"),
    "a reason, no DONE": (sent(event(chunk("Hello.")), event(chunk(None, "stop"))), "Hello. stop"),
    "cut at its longest": (sent(event(chunk("Hello")), event(chunk(None, "length")), DONE), "Hello length"),
    "filtered": (sent(event(chunk("Hel")), event(chunk(None, "content_filter")), DONE), "Hel content_filter"),
    "filtered whole": (sent(event(chunk(None, "content_filter"))), " content_filter"),
    "no body": (sent(b""), f" {BROKEN}"),
    "DONE alone": (sent(DONE), " nothing"),
    "an error object": (sent(event({"object": "error", "message": "boom", "code": 500})), f" {BROKEN}"),
    "an error object behind text": (
        sent(event(chunk("Hel")), event({"object": "error", "code": 500})),
        f"Hel {BROKEN}",
    ),
    "an error field": (sent(event(chunk("Hel")), event({"error": {"message": "boom"}}), DONE), f"Hel {BROKEN}"),
    "halves of a character": (
        sent(escaped(r"a\ud83d"), escaped(r"\ude00b."), event(chunk(None, "stop"))),
        "a😀b. stop",
    ),
    "half a character": (sent(escaped(r"a\ud83db."), event(chunk(None, "stop"))), "a\ufffdb. stop"),
    "a bad byte": (sent(event(chunk("a#b.")).replace(b"#", b"\xff"), event(chunk(None, "stop"))), "a\ufffdb. stop"),
    "no JSON": (sent(event(chunk("Hel")), b"data: {oops\n\n", DONE), f"Hel {BROKEN}"),
    "a web page": (sent(b"<html>hi</html>", kind="text/html"), " error"),
    "thoughts alone": (sent(delta(reasoning_content="hm"), event(chunk(None, "stop")), DONE), " nothing"),
    "a call without a reason": (sent(CALL, DONE), " f() tool_calls"),
    "no stream": (sent(json.dumps(WHOLE).encode(), kind="application/json"), "Hi. stop"),
    "dropped": (Reply(deltas=("Hel", "lo"), drop_after=1), f"Hel {BROKEN}"),
    "a refused key": (Reply.refusal(401, "no"), " error"),
    "too many": (Reply.refusal(429, "slow down"), f" {BROKEN}"),
}


@pytest.fixture
async def server() -> AsyncIterator[FakeOpenAi]:
    async with FakeOpenAi() as fake:
        yield fake


async def told(llm: Llm) -> str:
    """The text, the calls, and how the answer ends."""
    text, rest = "", ""
    try:
        async for each in llm.stream(LlmRequest("m", (Message("user", "hi"),))):
            match each:
                case TextDelta():
                    text += each.text
                case ToolCall():
                    rest += f" {each.name}()"
                case Finished():
                    rest += f" {each.reason}"
    except EngineError as error:
        rest += " error, may pass" if error.retryable else " error"
    return text + rest


async def test_answers(server: FakeOpenAi, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attempts, "RETRY_DELAY_S", 0.001)
    file = tmp_path / "litellm_config.yaml"
    params = f"{{model: openai/m, api_base: {server.base_url}/v1, api_key: k}}"
    file.write_text(f"model_list: [{{model_name: m, litellm_params: {params}}}]")
    inside, http = LiteLlmLocal(config_file=file), OpenAiCompatible(api_base=server.base_url, api_key="k")
    try:
        for name, (reply, expected) in ANSWERS.items():
            server.script(reply)
            assert (name, await told(inside), await told(http)) == (name, expected, expected)
    finally:
        await inside.close()
        await http.close()
