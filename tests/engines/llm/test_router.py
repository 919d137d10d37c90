import json
from collections.abc import AsyncIterator
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from tests.fakes.engines import texts
from tests.fakes.openai_server import FakeOpenAi, Reply
from voi.dialogue import Message
from voi.engines import registry
from voi.engines.base import LlmRequest
from voi.engines.llm.echo import Echo
from voi.engines.llm.router import LlmRouter
from voi.errors import EngineError


async def ask(llm: LlmRouter, model: str) -> str:
    return "".join(await texts(llm.stream(LlmRequest(model, (Message("user", "I need a dog"),)))))


@pytest.fixture
async def server() -> AsyncIterator[FakeOpenAi]:
    async with FakeOpenAi() as fake:
        yield fake


async def test_embedded_models_need_nothing() -> None:
    router = LlmRouter(models=("echo", "eliza"))
    await router.warm_up()
    assert await ask(router, "echo") == "I need a dog"
    assert "dog" in await ask(router, "eliza")
    assert await router.doubts() == []
    await router.close()


async def test_other_models_come_from_the_proxy(server: FakeOpenAi, tmp_path: Path) -> None:
    config = tmp_path / "litellm_config.yaml"
    config.write_text("not looked at")
    router = LlmRouter(api_base=server.base_url, api_key="k", config_file=config, models=("echo", "m", "n"))
    await router.warm_up()
    assert len(await router.doubts()) == 1
    assert await ask(router, "m") == "Hello there."
    assert await ask(router, "echo") == "I need a dog"
    assert [body["model"] for body in server.requests] == ["m"]
    await router.close()


@pytest.mark.integration
async def test_without_a_proxy_from_litellm_in_process(server: FakeOpenAi, tmp_path: Path) -> None:
    pytest.importorskip("litellm")
    server.script(Reply(deltas=("In process.",)))
    config = tmp_path / "litellm_config.yaml"
    params = {"model": "openai/m", "api_base": f"{server.base_url}/v1", "api_key": "k"}
    config.write_text(json.dumps({"model_list": [{"model_name": "mine", "litellm_params": params}]}))
    router = LlmRouter(config_file=config, models=("mine",))
    await router.warm_up()
    assert await router.doubts() == []
    assert await ask(router, "mine") == "In process."
    await router.close()


async def test_with_neither(tmp_path: Path) -> None:
    router = LlmRouter(config_file=tmp_path / "none.yaml", models=("gpt", "eliza"))
    for attempt in (router.warm_up(), ask(router, "gpt")):
        with pytest.raises(EngineError, match="'gpt': set LITELLM_API_BASE"):
            await attempt
    assert await ask(router, "eliza")
    await router.close()


async def test_a_model_of_another_package(monkeypatch: pytest.MonkeyPatch) -> None:
    point = EntryPoint("llm.parrot", "voi.engines.llm.echo:Echo", registry.GROUP)
    monkeypatch.setattr(registry, "entry_points", lambda *, group: [point])
    router = LlmRouter(models=("parrot",))
    await router.warm_up()
    assert await ask(router, "parrot") == "I need a dog"
    assert isinstance(router._engine("parrot"), Echo)


async def test_the_clients_are_no_models(server: FakeOpenAi) -> None:
    router = LlmRouter(api_base=server.base_url)
    assert router.provider_of("litellm_local") == "openai_compatible"
