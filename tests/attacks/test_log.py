"""Whatever clients do, nothing that they say stands in the log, and none of them fills it."""

import asyncio
import json

import pytest

from tests.attacks.attacked import AttackedServer, beside_a_healthy_caller
from tests.attacks.test_agents_of_clients import init
from tests.server.fakes import API_KEY
from tests.server.serving import Person
from tests.transports.raw_client import BINARY, TEXT

pytestmark = pytest.mark.integration

CANARY = "myveryprivatewords"
MISTAKES = 40
"""After so many a client is disconnected at the latest."""
AGENTS = [
    {"system_prompt": CANARY, "sytem_prompt": CANARY},
    {"system_prompt": f"{{vars:{CANARY}}} {{character_agent_{CANARY}}}"},
    {"system_prompt": "{vars:a}" * 3_700, "vars": {"a": CANARY * 1_000}},
    {"examples": [{"user": CANARY, "asistant": CANARY}]},
    {"greetings": {"choices": [{"content": CANARY, "file": f"/etc/{CANARY}"}]}},
    {"llm_model": CANARY},
    {"voices": {"character": {"model": CANARY}}},
    {"language": CANARY},
    {"control_agent": CANARY},
    {"redact": {"names": CANARY}},
    {CANARY: CANARY},
]
MESSAGES = [
    {"type": CANARY},
    {"type": "text", "content": CANARY * 2_000},
    {"type": "text", "content": {"a": CANARY}},
    {"type": "image_url", "image_url": f"file:///{CANARY}"},
    {"type": "image_url", "image_url": f"http://{CANARY}/"},
    {"type": "invoke_llm", "model": CANARY, "prompt": CANARY, "messages": []},
    {"type": "invoke_llm", "model": "m", "prompt": CANARY, "messages": [{"role": CANARY, "content": CANARY}]},
    {"type": "invoke_llm", "model": "m", "prompt": CANARY, "messages": []},
    {"type": "interrupt", "speech_id": CANARY, "interrupted_at": CANARY},
    {"type": "init", "agent_name": CANARY, "agent_config": CANARY},
    {"type": "text", "content": CANARY},
]
INITS = [
    {"agent_name": CANARY},
    {"agent_name": "echo", "mode": CANARY},
    {"agent_name": "echo", "session": f"{CANARY}/.."},
    {"agent_name": "echo", "input_audio_format": CANARY},
    {"agent_name": "x", "agent_config": f'{{"{CANARY}": '},
    {"agent_name": "x", "agent_config": f"[{CANARY}]"},
]
# an address that the API was asked for, with a key, is in the audit log on purpose
REQUESTS = [
    f"GET /{CANARY} HTTP/1.1\r\nHost: x\r\n\r\n",
    f"GET /ws?token={CANARY} HTTP/1.1\r\nHost: x\r\n\r\n",
    f"GET / HTTP/1.1\r\nHost: x\r\n{CANARY}\r\n\r\n",
    f"{CANARY}\r\n\r\n",
    f"POST /integrations/app HTTP/1.1\r\nHost: x\r\nAPI-Key: {CANARY}\r\nContent-Length: 0\r\n\r\n",
    f"POST /v1/audio/speech HTTP/1.1\r\nHost: x\r\nAPI-Key: {API_KEY}\r\nContent-Length: {len(CANARY)}\r\n\r\n{CANARY}",
]


async def test_no_word_of_a_client_stands_in_the_log(server: AttackedServer) -> None:
    async with beside_a_healthy_caller(server):
        for fields in AGENTS:
            person = await init(server.port, fields)
            person.say("text", content=CANARY)
            person.say("create_response")
            await asyncio.sleep(0.1)
            person.client.drop()
        for opening in INITS:
            person = await Person.connected(server.port)
            person.say("init", **opening)
            await asyncio.sleep(0.05)
            person.client.drop()
        for agent in ("echo", "mind"):
            for message in MESSAGES:
                person = await Person.arrive(server.port, agent, init_greeting=False)
                metadata = json.dumps(message).encode()
                person.client.send(BINARY, len(metadata).to_bytes(4, "big") + metadata)
                person.client.send(TEXT, CANARY.encode())
                person.client.send(BINARY, CANARY.encode())
                person.say("create_response")
                await asyncio.sleep(0.1)
                person.client.drop()
        for request in REQUESTS:
            _, writer = await asyncio.open_connection("127.0.0.1", server.port)
            writer.write(request.encode())
            await asyncio.sleep(0.1)
            writer.transport.abort()
    assert "ended" in server.log, "the log is written"
    told = [line for line in server.log.splitlines() if CANARY in line]
    assert not told, told[0]


async def leave(server: AttackedServer, stage: int) -> None:
    """A client who hangs up without a word, at one of the stages of a conversation."""
    person = await Person.connected(server.port)
    if stage >= 1:
        person.say("init", agent_name="echo", agent_config=None, mode="chat" if stage % 2 else "call")
    if stage >= 2:
        await person.until(lambda: person.status("init_done"))
    if stage >= 3:
        person.say("text", content="Talk to me for a long time, will you? " * 40)
        person.say("create_response")
    if stage >= 4:
        await person.until(lambda: person.sound)
    if stage >= 5:
        person.say("image_url", image_url="data:image/png;base64," + "A" * 500_000)
    person.client.drop()


async def test_clients_that_leave_early_are_a_line_or_two_each(server: AttackedServer) -> None:
    before = len(server.log.splitlines())
    async with beside_a_healthy_caller(server):
        for stage in range(6):
            await asyncio.gather(*(leave(server, stage) for _ in range(10)))
        await asyncio.sleep(1)
    lines = server.log.splitlines()[before:]
    assert "Traceback" not in server.log
    assert "which led to:" not in server.log
    assert len(lines) <= 3 * 60 + 20, "\n".join(lines[:50])
