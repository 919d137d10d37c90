"""The real LiteLLM, against a server of ours."""

import asyncio
import importlib.util
import os
import sys
import threading
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.fakes.engines import texts
from tests.fakes.openai_server import FakeOpenAi, Reply, chunk, event
from voi.dialogue import Message
from voi.engines.base import Finished, LlmEvent, LlmRequest, TextDelta, Usage
from voi.engines.llm import attempts
from voi.engines.llm.attempts import LlmLimits
from voi.engines.llm.litellm_local import LiteLlmLocal
from voi.errors import ConfigError, EngineError

pytestmark = pytest.mark.integration

WORDS = "my spoken words"
KEY = "sk-very-secret"
if importlib.util.find_spec("litellm") is None:
    pytest.skip("LiteLLM is not installed", allow_module_level=True)


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attempts, "RETRY_DELAY_S", 0.001)


@pytest.fixture
async def server() -> AsyncIterator[FakeOpenAi]:
    async with FakeOpenAi() as fake:
        yield fake


@pytest.fixture
def file(server: FakeOpenAi, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TEST_LLM_KEY", KEY)
    path = tmp_path / "litellm_config.yaml"
    entry = "{{model_name: {0}, litellm_params: {{model: openai/{1}, api_base: {2}/v1, api_key: os.environ/{3}}}}}"
    good = entry.format("fast", "m", server.base_url, "TEST_LLM_KEY")
    keyless = entry.format("keyless", "m", server.base_url, "TEST_NO_SUCH_KEY")
    nowhere = entry.format("nowhere", "m", "http://127.0.0.1:9", "TEST_LLM_KEY")
    path.write_text(f"model_list: [{good}, {keyless}, {nowhere}]")
    return path


@pytest.fixture
async def llm(file: Path) -> AsyncIterator[LiteLlmLocal]:
    local = LiteLlmLocal(config_file=file)
    await local.warm_up()
    yield local
    await local.close()


def request(model: str = "fast", **more: object) -> LlmRequest:
    return LlmRequest(model, (Message("user", WORDS),), **more)  # type: ignore[arg-type]


async def ask(llm: LiteLlmLocal, **more: object) -> str:
    return "".join(await texts(llm.stream(request(**more))))


async def failure(llm: LiteLlmLocal, **more: object) -> EngineError:
    with pytest.raises(EngineError) as caught:
        await ask(llm, **more)
    assert KEY not in str(caught.value)
    assert WORDS not in str(caught.value)
    return caught.value


async def test_streams_what_the_configured_model_says(server: FakeOpenAi, llm: LiteLlmLocal) -> None:
    server.script(Reply(deltas=("Hel", "lo ", "there.")))
    asked = request(temperature=0.5, max_tokens=9, json_mode=True)
    assert await texts(llm.stream(asked)) == ["Hel", "lo ", "there."]
    body = server.requests[0]
    assert body["model"] == "m"
    assert body["messages"] == [{"role": "user", "content": WORDS}]
    assert (body["temperature"], body["max_tokens"]) == (0.5, 9)
    assert body["response_format"] == {"type": "json_object"}
    assert server.headers[0]["Authorization"] == f"Bearer {KEY}"


async def test_a_wrong_byte_costs_one_character(server: FakeOpenAi, llm: LiteLlmLocal) -> None:
    bad = event(chunk("Gr@ße. ")).replace(b"@", b"\xfc")
    cut = event(chunk("Bye.")).replace(b"Bye", b"By\xe2\x82")
    server.script(Reply(raw=[bad[:30], bad[30:], cut, event(chunk(None, "stop")), b"data: [DONE]\n\n"]))
    assert await ask(llm) == "Gr\ufffdße. By\ufffd."


async def test_doubts(llm: LiteLlmLocal) -> None:
    doubts = await llm.doubts(["fast", "keyless", "other"])
    assert len(doubts) == 2
    assert "'keyless': litellm_config.yaml takes TEST_NO_SUCH_KEY from the environment" in doubts[0]
    assert "'other': There is no LLM model 'other'" in doubts[1]


@pytest.mark.parametrize("reply", [Reply(hang_after=1), Reply(deltas=["and "] * 1_000, delay_ms=5)])
async def test_closing_the_iterator_closes_the_request(server: FakeOpenAi, llm: LiteLlmLocal, reply: Reply) -> None:
    server.script(reply)
    stream = llm.stream(request())
    assert await anext(stream) == TextDelta(reply.deltas[0])
    await stream.aclose()
    await server.disconnects(1)


@pytest.mark.parametrize("reply", [Reply(hang_after=0), Reply(first_delay_ms=60_000)])
async def test_cancelling_closes_the_request(server: FakeOpenAi, llm: LiteLlmLocal, reply: Reply) -> None:
    server.script(reply)
    task = asyncio.create_task(ask(llm))
    await server.asked(1)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await server.disconnects(1)


@pytest.mark.parametrize(
    ("reply", "words", "limits"),
    [
        (Reply(hang_after=0), "did not answer in time", LlmLimits(first_token_timeout_ms=50)),
        (Reply(hang_after=1), "did not go on", LlmLimits(next_token_timeout_ms=50)),
    ],
)
async def test_a_silent_provider(server: FakeOpenAi, file: Path, reply: Reply, words: str, limits: LlmLimits) -> None:
    server.script(reply)
    local = LiteLlmLocal(config_file=file, limits=limits)
    assert words in str(await failure(local))
    await server.disconnects(1)
    await local.close()


async def test_one_retry(server: FakeOpenAi, llm: LiteLlmLocal) -> None:
    server.script(Reply.refusal(503, "Overloaded"), Reply())
    assert await ask(llm) == "Hello there."
    assert len(server.requests) == 2


@pytest.mark.parametrize(
    ("reply", "words", "tries"),
    [
        (Reply.refusal(401, f"Incorrect API key provided: {KEY}"), "check its api_key in litellm_config.yaml", 1),
        (Reply.refusal(404, "The model `m` does not exist", code="model_not_found"), "does not know model", 1),
        (Reply.refusal(400, f"maximum context length. {WORDS}", code="context_length_exceeded"), "too long", 1),
        (Reply.refusal(429, "Slow down"), "rate limit", 2),
    ],
)
async def test_a_refusal_says_what_to_do(
    server: FakeOpenAi, llm: LiteLlmLocal, reply: Reply, words: str, tries: int
) -> None:
    server.script(reply)
    assert words in str(await failure(llm))
    assert len(server.requests) == tries


async def test_what_the_configuration_lacks(llm: LiteLlmLocal) -> None:
    assert "TEST_NO_SUCH_KEY from the environment" in str(await failure(llm, model="keyless"))
    assert "no LLM model 'other' in model_list" in str(await failure(llm, model="other"))
    assert "cannot be reached" in str(await failure(llm, model="nowhere"))


async def test_a_reply_without_end(server: FakeOpenAi, file: Path) -> None:
    server.script(Reply(deltas=["and on "] * 1_000, delay_ms=1))
    local = LiteLlmLocal(config_file=file, limits=LlmLimits(max_reply_chars=100))
    assert "more than 100 characters" in str(await failure(local))
    await server.disconnects(1)
    await local.close()


async def test_leaves_nothing_behind(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    local = LiteLlmLocal(config_file=file)
    await asyncio.gather(local.warm_up(), local.warm_up())
    assert [thread.name for thread in threading.enumerate()].count("litellm") == 1
    await local.close()
    await local.close()
    assert "litellm" not in [thread.name for thread in threading.enumerate()]
    assert "shutting down" in str(await failure(local))
    assert os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] == "True"


async def test_mistakes_in_the_file(tmp_path: Path) -> None:
    local = LiteLlmLocal(config_file=tmp_path / "none.yaml")
    with pytest.raises(ConfigError, match="cannot be read"):
        await local.warm_up()
    await local.close()


async def test_not_installed(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "litellm", None)
    local = LiteLlmLocal(config_file=file)
    assert "./install.sh litellm" in str(await failure(local))
    await local.close()


async def test_no_address_of_a_picture_reaches_the_library(server: FakeOpenAi, llm: LiteLlmLocal) -> None:
    """For some providers it downloads what it is given, whatever that leads to."""
    inner = "http://127.0.0.1:1/latest/meta-data"
    earlier = (Message("user", "Look.", (inner,)), Message("assistant", "Hm."), Message("user", WORDS))
    assert await texts(llm.stream(LlmRequest("fast", earlier)))
    assert inner not in str(server.requests)
    assert "could not be loaded" in str(server.requests[0]["messages"][0])
    with pytest.raises(EngineError, match="picture could not be loaded"):
        await anext(llm.stream(LlmRequest("fast", earlier[:1])))
    assert os.environ["MAX_IMAGE_URL_DOWNLOAD_SIZE_MB"] == "0"


async def test_how_an_answer_ends(server: FakeOpenAi, llm: LiteLlmLocal) -> None:
    async def end() -> LlmEvent:
        return [part async for part in llm.stream(request())][-1]

    server.script(Reply(finish_reason="length"))
    assert await end() == Finished("length")
    server.script(Reply(finish_reason="content_filter"))
    assert await end() == Finished("content_filter")
    server.script(Reply(deltas=(" ",)))
    assert await end() == Finished("nothing")
    server.script(Reply())
    assert await end() == Finished("stop")


@pytest.mark.parametrize(
    "reply",
    [
        Reply(deltas=("Half a",), finish_reason=None, done=False),
        Reply(raw=[b""]),
        Reply(raw=[event({"object": "error", "message": "overloaded", "code": 503})]),
    ],
)
async def test_an_answer_that_is_not_whole_is_an_error(server: FakeOpenAi, llm: LiteLlmLocal, reply: Reply) -> None:
    server.script(reply)
    assert (await failure(llm)).retryable


async def test_half_characters_cost_one_character(server: FakeOpenAi, llm: LiteLlmLocal) -> None:
    raw = [
        b'data: {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": '
        b'[{"index": 0, "delta": {"content": "A \\ud83d"}}]}\n\n',
        b'data: {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": '
        b'[{"index": 0, "delta": {"content": "\\ude42 b \\ud83d."}}]}\n\n',
        event(chunk(None, "stop")),
        b"data: [DONE]\n\n",
    ]
    server.script(Reply(raw=raw))
    assert "".join(await texts(llm.stream(request()))) == "A 🙂 b �."


async def test_the_usage_is_told(server: FakeOpenAi, llm: LiteLlmLocal) -> None:
    server.script(Reply(deltas=("Hel", "lo.")))
    assert [event async for event in llm.stream(request()) if isinstance(event, Usage)] == [Usage(2, 1)]


async def test_usage_is_not_asked_again_where_it_was_refused(server: FakeOpenAi, llm: LiteLlmLocal) -> None:
    server.script(Reply.refusal(400, "Unrecognized request argument supplied: stream_options"), Reply())
    assert await ask(llm) == "Hello there."
    assert await ask(llm) == "Hello there."
    assert ["stream_options" in body for body in server.requests] == [True, False, False]
