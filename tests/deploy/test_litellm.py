"""A conversation through a real LiteLLM proxy whose provider, or which itself, fails in every way: the caller hears the
answer or the apology within the time that the settings choose."""

import contextlib
import json
import re
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.deploy.litellm_proxy import MASTER_KEY, LiteLlmProxy, program
from tests.fakes.openai_server import FakeOpenAi, Reply
from tests.free_ports import free_port
from tests.server.fakes import API_KEY
from tests.server.serving import Person, RunningServer, fake_engines, serving
from voi.config.settings import load_settings
from voi.engines.llm.router import LlmRouter
from voi.engines.startup import llm_limits
from voi.errors import EngineError

pytestmark = [
    pytest.mark.integration,
    pytest.mark.timeout(240),  # the proxy takes half a minute to start on a busy machine, and may need a second try
    pytest.mark.skipif(
        program() is None,
        reason="the LiteLLM proxy is not installed: pip install --no-deps -r locks/litellm-proxy.lock in .venv-litellm",
    ),
]
APOLOGY = "I lost my words for a moment."
FIRST_TOKEN_S, NEXT_TOKEN_S = 8.0, 5.0
ON_TOP_S = 2.5
"""Of the deadline: the proxy's own time, a retry and the apology's way to the caller, on a busy machine."""


class Guest(Person):
    """Knows the server that it talks to, and the server's log."""

    server: RunningServer
    log_of_server: pytest.LogCaptureFixture

    def failures_logged(self) -> list[str]:
        """Kinds, in order."""
        lines = [record.getMessage() for record in self.log_of_server.records]
        return [found[1] for line in lines if (found := re.search(r"\b(llm\w*) failed after \d+ ms", line))]

    async def failures_counted(self) -> dict[str, int]:
        """By kind."""
        _, _, body = await self.server.http("GET", "/metrics?format=prometheus", f"API-Key: {API_KEY}\r\n")
        counts: dict[str, int] = {}
        for kind, count in re.findall(
            r'^voi_engine_failures_total\{.*kind="(llm\w*)".*\} (\d+)', body.decode(), re.MULTILINE
        ):
            counts[kind] = counts.get(kind, 0) + int(count)
        return counts


Serve = Callable[..., contextlib.AbstractAsyncContextManager[Guest]]


@pytest.fixture(scope="module")
def upstream_port() -> int:
    return free_port()


@pytest.fixture(scope="module")
def proxy(tmp_path_factory: pytest.TempPathFactory, upstream_port: int) -> Iterator[LiteLlmProxy]:
    running = LiteLlmProxy(tmp_path_factory.mktemp("litellm"), free_port(), upstream_port)
    try:
        running.start()
        yield running
    finally:
        running.kill()


@pytest.fixture
async def provider(upstream_port: int) -> AsyncIterator[FakeOpenAi]:
    async with FakeOpenAi(port=upstream_port) as fake:
        yield fake


def router_to(proxy: LiteLlmProxy, key: str, first_token_s: float) -> LlmRouter:
    settings = load_settings(llm_first_token_timeout_s=first_token_s, llm_next_token_timeout_s=NEXT_TOKEN_S)
    address = f"http://127.0.0.1:{proxy.port}"
    models = ("m", "with-a-fallback")
    return LlmRouter(api_base=address, api_key=key, models=models, limits=llm_limits(settings))


@pytest.fixture
def serve(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, proxy: LiteLlmProxy
) -> Serve:
    """A person at a server whose agents speak through the proxy."""
    apology = {"choices": [APOLOGY]}
    agent: dict[str, Any] = {"voices": {"character": {"model": "voice"}}, "apology": apology}
    agents = {"one": agent | {"llm_model": "m"}, "two": agent | {"llm_model": "with-a-fallback"}}
    (tmp_path / "agents.json").write_text(json.dumps(agents))
    (tmp_path / "tts_models.json").write_text(json.dumps({"voice": {"engine": "espeak"}}))

    @contextlib.asynccontextmanager
    async def served(
        agent: str = "one", *, key: str = MASTER_KEY, first_token_s: float = FIRST_TOKEN_S
    ) -> AsyncIterator[Guest]:
        engines = fake_engines()
        engines.llm = router_to(proxy, key, first_token_s)
        async with serving(tmp_path, monkeypatch, engines) as running:
            person = await Guest.arrive(running.port, agent)
            person.server, person.log_of_server = running, caplog
            yield person

    return served


async def ask(person: Person, text: str = "How are you?") -> None:
    person.say("text", content=text)
    person.say("create_response")


def heard(person: Person, text: str) -> bool:
    """Its sound came: 50 ms for each character is what the fake voice makes."""
    ids = [str(message_id) for message_id, said in person.texts.items() if text in said]
    return any(len(person.sound.get(speech_id, b"")) > 20_000 for speech_id in ids)


async def apology_within(person: Guest, limit_s: float) -> None:
    """The caller hears it by then; the log has one line for the failure, and the metrics count it."""
    began_s = time.monotonic()
    await person.until(lambda: heard(person, APOLOGY), limit_s)
    assert time.monotonic() - began_s <= limit_s
    assert person.closed is None
    logged = person.failures_logged()
    assert len(logged) == 1
    assert await person.failures_counted() == {logged[0]: 1}


async def test_an_answer(serve: Serve, provider: FakeOpenAi) -> None:
    provider.script(Reply(deltas=("All is well ", "with me, my friend.")))
    async with serve() as person:
        await ask(person)
        await person.until(lambda: heard(person, "All is well with me, my friend."))
        assert provider.requests[0]["messages"][-1]["content"] == "How are you?"
        assert not person.errors


@pytest.mark.parametrize("status", [500, 429])
async def test_the_provider_refuses(serve: Serve, provider: FakeOpenAi, status: int) -> None:
    provider.script(Reply.refusal(status, "not now"))
    async with serve() as person:
        await ask(person)
        await apology_within(person, 2 * ON_TOP_S)
        assert len(provider.requests) == 2  # Voi's one retry, not multiplied by LiteLLM


async def test_a_passing_failure_is_not_heard(serve: Serve, provider: FakeOpenAi) -> None:
    provider.script(Reply.refusal(500, "not now"), Reply(deltas=("Here I am again, as before.",)))
    async with serve() as person:
        await ask(person)
        await person.until(lambda: heard(person, "Here I am again"))
        assert not person.errors


async def test_a_fallback_answers(serve: Serve, provider: FakeOpenAi) -> None:
    provider.script(Reply.refusal(500, "not now"), Reply(deltas=("I answer in her place today.",)))
    async with serve("two") as person:
        await ask(person)
        await person.until(lambda: heard(person, "I answer in her place today."))
        assert [request["model"] for request in provider.requests] == ["first", "second"]
        assert not person.errors


@pytest.mark.parametrize(
    "nonsense",
    [
        Reply(raw=[b"<html><body>Bad gateway</body></html>"], content_type="text/html"),
        Reply(raw=[b'data: {"choices": 3}\n\n', b"data: [DONE]\n\n"]),
        Reply(raw=[b"\x00\xff\x00\xff" * 50]),
    ],
    ids=["a web page", "JSON of another kind", "bytes"],
)
async def test_nonsense(serve: Serve, provider: FakeOpenAi, nonsense: Reply) -> None:
    provider.script(nonsense)
    async with serve() as person:
        await ask(person)
        await apology_within(person, FIRST_TOKEN_S + 2 * ON_TOP_S)


async def test_a_wrong_key(serve: Serve, provider: FakeOpenAi, proxy: LiteLlmProxy) -> None:
    wrong = "sk-00000000000000000000000000000000"
    router = router_to(proxy, wrong, FIRST_TOKEN_S)
    with pytest.raises(EngineError, match="Wrong key"):  # what `voi doctor` and the start say
        await router.warm_up()
    await router.close()
    async with serve(key=wrong) as person:
        await ask(person)
        await apology_within(person, ON_TOP_S)
        assert "Wrong key" in person.errors[0]
        assert wrong not in person.errors[0]
        assert provider.requests == []


async def test_no_key(proxy: LiteLlmProxy) -> None:
    router = router_to(proxy, "", FIRST_TOKEN_S)
    with pytest.raises(EngineError, match="LITELLM_API_KEY is empty"):
        await router.warm_up()
    await router.close()


async def test_models_that_are_not_there(proxy: LiteLlmProxy) -> None:
    router = LlmRouter(api_base=f"http://127.0.0.1:{proxy.port}", api_key=MASTER_KEY, models=("m", "elsewhere"))
    await router.warm_up()
    assert ["'elsewhere'" in doubt for doubt in await router.doubts()] == [True]
    await router.close()


async def test_six_seconds_are_waited_for(serve: Serve, provider: FakeOpenAi) -> None:
    provider.script(Reply(deltas=("Late, but here at last.",), first_delay_ms=6_000))
    async with serve(first_token_s=12.0) as person:
        await ask(person)
        await person.until(lambda: heard(person, "Late, but here"), 60)
        assert not person.errors
        assert len(provider.requests) == 1


async def test_a_provider_that_never_answers(serve: Serve, provider: FakeOpenAi) -> None:
    provider.script(Reply(first_delay_ms=60_000))
    async with serve() as person:
        began_s = time.monotonic()
        await ask(person)
        await apology_within(person, FIRST_TOKEN_S + ON_TOP_S)
        assert time.monotonic() - began_s >= FIRST_TOKEN_S


async def test_a_stall_in_mid_sentence(serve: Serve, provider: FakeOpenAi) -> None:
    provider.script(Reply(deltas=("I have begun to say this. ", "And now "), hang_after=2))
    async with serve() as person:
        await ask(person)
        await apology_within(person, NEXT_TOKEN_S + 2 * ON_TOP_S)
        assert heard(person, "I have begun to say this.")


async def test_the_proxy_dies_in_mid_sentence_and_comes_back(
    serve: Serve, provider: FakeOpenAi, proxy: LiteLlmProxy
) -> None:
    provider.script(Reply(deltas=("I have begun to say this. ", *["And on. "] * 100), delay_ms=200))
    async with serve() as person:
        await ask(person)
        await person.until(lambda: heard(person, "I have begun to say this."))
        proxy.kill()
        await apology_within(person, NEXT_TOKEN_S + 2 * ON_TOP_S)
        before = person.status("response_done") + person.status("response_cancelled")
        await ask(person, "Are you there?")  # it is not
        await person.until(lambda: person.status("response_done") + person.status("response_cancelled") > before)
        assert person.closed is None
    proxy.start()
    provider.script(Reply(deltas=("Now I am back with you.",)))
    async with serve() as person:
        await ask(person, "And now?")
        await person.until(lambda: heard(person, "Now I am back with you."))
