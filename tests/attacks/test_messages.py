"""Messages of a client who has a conversation: huge, nested, senseless, or without end."""

import asyncio
import json
import os
from collections.abc import Callable

import pytest

from tests.attacks.attacked import AttackedServer, beside_a_healthy_caller
from tests.server.serving import Person
from tests.transports.raw_client import BINARY, PING, TEXT
from voi.transports.voi_ws import from_client

pytestmark = pytest.mark.integration

CHARACTERS = 20_000
MESSAGE_BYTES = 8 * 2**20
TEXTS = {
    "one word": "a" * CHARACTERS,
    "short words": "a " * (CHARACTERS // 2),
    "digits": "9" * CHARACTERS,
    "numbers": "1.234,5 " * (CHARACTERS // 8),
    "dates": "3/4/2024 " * (CHARACTERS // 9),
    "points": "." * CHARACTERS,
    "sentences": "A. " * (CHARACTERS // 3),
    "abbreviations": "Dr. " * (CHARACTERS // 4),
    "brackets": "(" * CHARACTERS,
    "brackets in brackets": "[(" * (CHARACTERS // 2),
    "quotes": "\"'" * (CHARACTERS // 2),
    "stars": "*" * CHARACTERS,
    "stars and words": "*a" * (CHARACTERS // 2),
    "backticks": "`" * CHARACTERS,
    "links": "[a](http://b.c/" * (CHARACTERS // 15),
    "addresses": "a@b.c " * (CHARACTERS // 6),
    "entities": "&amp;" * (CHARACTERS // 5),
    "tags": "<b>" * (CHARACTERS // 3),
    "thoughts": "<think>" * (CHARACTERS // 7),
    "JSON": '{"text": "' * (CHARACTERS // 10),
    "blanks": "a" + " " * (CHARACTERS - 2) + "b",
    "line breaks": "a\n" * (CHARACTERS // 2),
    "marks on a letter": "a" + "\u0301" * (CHARACTERS - 1),
    "nothing to see": "\u200b\u034f" * (CHARACTERS // 2),
    "right to left": "\u202e\u05d0" * (CHARACTERS // 2),
    "emoji": "\U0001f469\u200d\U0001f4bb" * (CHARACTERS // 4),
    "Chinese": "中" * CHARACTERS,
    "Thai": "ก็" * (CHARACTERS // 2),
    "half pairs": "\\ud800" * 3_000,
    "minus signs": "-1" * (CHARACTERS // 2),
    "Roman numerals": "MCMXCIV " * (CHARACTERS // 8),
    "hashes": "# " * (CHARACTERS // 2),
    "pipes": "|-" * (CHARACTERS // 2),
    "slashes": "a/" * (CHARACTERS // 2),
    "one long number": "1" + ",000" * (CHARACTERS // 4 - 1),
    "units": "5km/h" * (CHARACTERS // 5),
    "times": "12:30:15 " * (CHARACTERS // 9),
    "money": "$1.5M" * (CHARACTERS // 5),
}


async def test_texts(server: AttackedServer) -> None:
    """`echo` answers with the text, so that it is cut, made speakable and spoken."""
    async with beside_a_healthy_caller(server) as beside:
        for name, text in TEXTS.items():
            attacker = await Person.arrive(server.port, init_greeting=False)
            attacker.say("text", content=text)
            attacker.say("create_response")
            await attacker.until(lambda seen=attacker: seen.status("response_done") or seen.sound, 30)
            await asyncio.sleep(0.2)
            attacker.client.drop()
            await beside.looked(name)


def metadata(text: str) -> bytes:
    return len(text).to_bytes(4, "big") + text.encode()


FRAMES: dict[str, Callable[[], bytes]] = {
    "nothing": lambda: b"",
    "a length without a message": lambda: b"\xff\xff\xff\xff",
    "zeros": lambda: bytes(MESSAGE_BYTES),
    "noise": lambda: os.urandom(MESSAGE_BYTES),
    "arrays in arrays": lambda: metadata("[" * 4_000_000),
    "objects in objects": lambda: metadata('{"type":' * 900_000),
    "an array of numbers": lambda: metadata('{"type":"text","x":[' + "1," * 400_000 + "1]}"),
    "many keys": lambda: metadata("{" + ",".join(f'"k{n}":1' for n in range(100_000)) + ',"type":"text"}'),
    "a long type": lambda: metadata(json.dumps({"type": "x" * 4_000_000})),
    "a long text": lambda: metadata(json.dumps({"type": "text", "content": "y" * 7_000_000})),
    "a long number": lambda: metadata('{"type":"interrupt","interrupted_at":' + "9" * 1_000_000 + "}"),
    "a long id": lambda: metadata(json.dumps({"type": "interrupt", "speech_id": "1" * 4_000_000})),
    "a long address": lambda: metadata(json.dumps({"type": "image_url", "image_url": "http://" + "a." * 2_000_000})),
    "an address of colons": lambda: metadata(json.dumps({"type": "image_url", "image_url": "data:" * 1_000_000})),
    "many LLM messages": lambda: metadata(json.dumps({
        "type": "invoke_llm", "model": "m", "prompt": "", "messages": [{"role": "user", "content": ""}] * 100_000
    })),
    "minutes of sound": lambda: from_client.PLAIN_AUDIO + bytes(3_000_000),
    "noise as sound": lambda: from_client.PLAIN_AUDIO + os.urandom(1_500_001),
}  # fmt: skip


async def test_frames(server: AttackedServer) -> None:
    async with beside_a_healthy_caller(server) as beside:
        for name, frame in FRAMES.items():
            attacker = await Person.arrive(server.port, init_greeting=False)
            attacker.client.send(BINARY, frame())
            attacker.client.send(BINARY, metadata('{"type":"interrupt"}'))
            await asyncio.sleep(0.3)
            attacker.client.drop()
            await beside.looked(name)


async def floods(person: Person, kind: str) -> None:
    client = person.client
    for _ in range(100):
        match kind:
            case "pings":
                for _ in range(100):
                    client.send(PING, b"x" * 100)
            case "empty fragments":
                client.send(BINARY, b"a", fin=False)
                for _ in range(200):
                    client.send(0, b"", fin=False)
            case "texts":
                client.send(TEXT, b"hello")
            case "mistakes":
                client.send(BINARY, b"????")
            case "answers":
                person.say("text", content="a")
                person.say("create_response")
            case "interruptions":
                person.say("interrupt", speech_id=None, interrupted_at=1e308)
            case "sound in single bytes":
                for _ in range(50):
                    client.send(BINARY, from_client.PLAIN_AUDIO + b"a")
            case "sound of a second":
                client.send(BINARY, from_client.PLAIN_AUDIO + os.urandom(32_000))
        await asyncio.sleep(0)


async def test_floods(server: AttackedServer) -> None:
    """What comes too fast is refused, or its sender is disconnected."""
    kinds = ("pings", "empty fragments", "texts", "mistakes", "answers", "interruptions", "sound in single bytes",
             "sound of a second")  # fmt: skip
    async with beside_a_healthy_caller(server) as beside:
        for kind in kinds:
            attackers = [await Person.arrive(server.port, init_greeting=False) for _ in range(3)]
            await asyncio.gather(*(floods(attacker, kind) for attacker in attackers))
            await asyncio.sleep(0.3)
            for attacker in attackers:
                attacker.client.drop()
            await beside.looked(kind)


async def test_a_client_that_reads_nothing(server: AttackedServer) -> None:
    async with beside_a_healthy_caller(server) as beside:
        attackers = [await Person.connected(server.port, narrow=True) for _ in range(3)]
        for attacker in attackers:
            attacker.say("init", agent_name="echo", agent_config=None, mode="chat")
            for _ in range(5):
                attacker.say("text", content="How long will you talk to me? " * 600)
                attacker.say("create_response")
        await asyncio.sleep(2)
        looked = await beside.looked("it reads nothing")
        assert looked["rss_mib"] < 1_500
        for attacker in attackers:
            attacker.client.drop()
