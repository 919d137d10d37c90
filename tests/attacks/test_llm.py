"""LLM servers that send what is no answer, and clients that ask them for too much."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator

import pytest

from tests.attacks.attacked import AttackedServer, beside_a_healthy_caller
from tests.fakes.openai_server import FakeOpenAi, Reply, chunk, event
from tests.server.serving import Person

pytestmark = pytest.mark.integration

PICTURE_CHARACTERS = 8_000_000
"""As large as a frame may be."""
ENDLESS = 4_000
ANSWERS = {
    "empty data lines": Reply(raw=[b"data:\n\n" * 5_000] * ENDLESS),
    "data lines without an end": Reply(raw=[b"data:\n" * 5_000] * ENDLESS),
    "comments": Reply(raw=[b": ping\n\n" * 5_000] * ENDLESS),
    "line breaks": Reply(raw=[b"\n" * 50_000] * ENDLESS),
    "a line without an end": Reply(raw=[b"data: " + b"x" * 50_000] * ENDLESS),
    "empty deltas": Reply(raw=[event(chunk("")) * 500] * ENDLESS),
    "blank deltas": Reply(raw=[event(chunk(" ")) * 500] * ENDLESS),
    "an answer without an end": Reply(raw=[event(chunk("word, ")) * 500] * ENDLESS),
    "thoughts without an end": Reply(raw=[event(chunk("<think> hm")) * 500] * ENDLESS),
    "a delta of a megabyte": Reply(raw=[event(chunk("a. " * 300_000))]),
    "arrays in arrays": Reply(raw=[b"data: " + b"[" * 500_000 + b"\n\n"]),
    "an object of many keys": Reply(raw=[b"data: {" + b",".join(b'"k%d":1' % n for n in range(80_000)) + b"}\n\n"]),
    "a body of megabytes": Reply(raw=[b"x" * 100_000] * ENDLESS, content_type="application/json"),
    "an error of megabytes": Reply(raw=[b"y" * 100_000] * ENDLESS, status=500, content_type="application/json"),
    "half of a pair": Reply(raw=[b'data: {"choices":[{"delta":{"content":"\\ud83d"}}]}\n\n' * 3_000]),
}


@contextlib.asynccontextmanager
async def llm_of(server: AttackedServer) -> AsyncIterator[FakeOpenAi]:
    async with FakeOpenAi(port=server.llm_port) as llm:
        yield llm


async def test_answers(server: AttackedServer) -> None:
    async with llm_of(server) as llm, beside_a_healthy_caller(server) as beside:
        before = (await server.looked())["rss_mib"]
        for name, reply in ANSWERS.items():
            llm.script(reply)
            attackers = [await Person.arrive(server.port, "mind", init_greeting=False) for _ in range(2)]
            for attacker in attackers:
                attacker.say("text", content="Tell me something.")
                attacker.say("create_response")
            await asyncio.sleep(1)
            for attacker in attackers:
                attacker.client.drop()
            looked = await beside.looked(name)
            assert looked["rss_mib"] < before + 300, name


async def test_pictures(server: AttackedServer) -> None:
    """They go to the LLM with every turn, and more of them are refused at some point."""
    picture = "data:image/png;base64," + "A" * PICTURE_CHARACTERS
    async with llm_of(server) as llm, beside_a_healthy_caller(server) as beside:
        llm.script(Reply())
        attacker = await Person.arrive(server.port, "mind", init_greeting=False)
        for number in range(3):
            for _ in range(5):
                attacker.say("image_url", image_url=picture)
            attacker.say("text", content="What is this?")
            attacker.say("create_response")
            await attacker.until(lambda: attacker.status("response_done") + attacker.status("response_cancelled"), 30)
            await beside.looked(f"pictures, {number}")
        assert any("too large together" in error for error in attacker.errors)
        attacker.client.drop()


async def test_invoke_llm(server: AttackedServer) -> None:
    async with llm_of(server) as llm, beside_a_healthy_caller(server) as beside:
        llm.script(Reply(hang_after=0))
        attackers = [await Person.arrive(server.port, "mind", init_greeting=False) for _ in range(2)]
        for attacker in attackers:
            attacker.say("invoke_llm", model="m", prompt="x" * 7_900_000, messages=[])
            attacker.say("invoke_llm", model="m", prompt="", messages=[{"role": "user", "content": ""}] * 100_000)
            for _ in range(20):
                attacker.say("invoke_llm", model="m", prompt="y" * 199_000, messages=[])
            attacker.say("invoke_llm", model="other", prompt="", messages=[])
            await attacker.until(lambda attacker=attacker: len(attacker.errors) >= 20)
        assert len(llm.requests) <= 2 * len(attackers)
        assert all(request["max_tokens"] == 4_000 for request in llm.requests)
        assert all(len(json.dumps(request)) < 210_000 for request in llm.requests)
        await beside.looked("invoke_llm")
        for attacker in attackers:
            attacker.client.drop()
