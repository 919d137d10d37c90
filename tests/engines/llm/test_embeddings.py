"""Vectors of texts, from a server of the OpenAI format and from LiteLLM in this process."""

import importlib.util
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.fakes.openai_server import FakeOpenAi, Reply
from voi.engines.llm.embeddings import TEXT_MAX_CHARACTERS, embedding_request, vectors_in
from voi.engines.llm.litellm_local import LiteLlmLocal
from voi.engines.llm.router import LlmRouter
from voi.errors import EngineError


async def test_vectors_come_in_the_order_of_their_texts() -> None:
    async with FakeOpenAi() as server:
        router = LlmRouter(api_base=server.base_url, api_key="k")
        vectors = await router.embed("e", ["four", "fifteen letters"])
        assert vectors.dtype == np.float32
        assert vectors.tolist() == [[4, 1], [15, 1]]
        assert server.requests == [{"model": "e", "input": ["four", "fifteen letters"], "encoding_format": "float"}]
        assert server.headers[0]["Authorization"] == "Bearer k"
        await router.close()


@pytest.mark.parametrize(
    ("reply", "told"),
    [
        (Reply.refusal(401, "no"), "key"),
        (Reply.refusal(404, "model not found"), "model 'e'"),
        (Reply(raw=[b"<html>"], content_type="text/html"), "holds no embeddings"),
        (Reply(raw=[b'{"data": []}']), "holds no embeddings|one embedding for each"),
        (Reply(raw=[b'{"data": [{"index": 0, "embedding": [NaN]}]}']), "holds no embeddings"),
        (Reply(raw=[b'{"data": [{"index": 0, "embedding": ["a"]}]}']), "holds no embeddings"),
        (Reply(raw=[b'{"data": [{"index": 0, "embedding": [1e999]}]}']), "holds no embeddings|one embedding"),
        (Reply(raw=[b'{"data": [{"index": 0, "embedding": []}]}']), "one embedding for each"),
        (
            Reply(raw=[b'{"data": [{"index": 0, "embedding": [1]}, {"index": 1, "embedding": [1, 2]}]}']),
            "no embeddings",
        ),
        (Reply(raw=[b" " * (33 << 20)]), "more than"),
    ],
)
async def test_a_wrong_answer_is_told(reply: Reply, told: str) -> None:
    async with FakeOpenAi() as server:
        server.script(reply)
        router = LlmRouter(api_base=server.base_url)
        with pytest.raises(EngineError, match=told):
            await router.embed("e", ["text"])
        await router.close()


async def test_nobody_to_ask() -> None:
    with pytest.raises(EngineError, match="set LITELLM_API_BASE"):
        await LlmRouter().embed("e", ["text"])
    router = LlmRouter(api_base="http://127.0.0.1:9")
    with pytest.raises(EngineError, match="cannot be reached"):
        await router.embed("e", ["text"])
    await router.close()


def test_texts_are_bounded_and_encodable() -> None:
    assert embedding_request("e", ["x" * 99_999, "a\ud800b"])["input"] == ["x" * TEXT_MAX_CHARACTERS, "a?b"]


def test_rows_are_put_in_order() -> None:
    rows: dict[str, Any] = {"data": [{"index": 1, "embedding": [2.0]}, {"index": 0, "embedding": [1.0]}]}
    assert vectors_in(json.dumps(rows).encode(), "e", 2).tolist() == vectors_in(rows, "e", 2).tolist() == [[1.0], [2.0]]


@pytest.mark.integration
@pytest.mark.skipif(importlib.util.find_spec("litellm") is None, reason="LiteLLM is not installed")
async def test_litellm_in_this_process(tmp_path: Path) -> None:
    async with FakeOpenAi() as server:
        config = tmp_path / "litellm_config.yaml"
        params = f"{{model: openai/real, api_base: {server.base_url}/v1, api_key: k}}"
        config.write_text(f"model_list:\n  - model_name: e\n    litellm_params: {params}\n")
        local = LiteLlmLocal(config_file=config)
        try:
            assert (await local.embed("e", ["four", "fifteen letters"])).tolist() == [[4, 1], [15, 1]]
            assert server.requests[0]["model"] == "real"
            with pytest.raises(EngineError, match="no LLM model 'other'"):
                await local.embed("other", ["four"])
            server.script(Reply.refusal(401, "no"))
            with pytest.raises(EngineError, match="key"):
                await local.embed("e", ["four"])
        finally:
            await local.close()
