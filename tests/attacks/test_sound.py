"""Sound in containers: broken, without an end, and files that kill their decoder."""

import asyncio
import contextlib
import os
import random
import signal
from pathlib import Path

import pytest

from tests.attacks.attacked import AttackedServer, beside_a_healthy_caller
from tests.server.serving import Person

pytest.importorskip("av")

from tests.audio.test_media import FILES

pytestmark = pytest.mark.integration


NOISE = random.Random(1).randbytes(200_000)
STREAMS = {
    "noise": ("webm", NOISE),
    "a broken webm": ("webm", b"\x1a\x45\xdf\xa3" + NOISE),
    "a webm of other bytes": ("webm", FILES["webm file"][1][:400] + NOISE),
    "a broken ogg": ("ogg", b"OggS\0\2" + NOISE),
    "pages without an end": ("ogg", FILES["ogg"][1][:200] + b"OggS\0\0" * 20_000),
    "an mp4 without an index": ("mp4", b"\0\0\0\x18ftyp" + bytes(16) + b"\x7f\xff\xff\xffmdat" + NOISE),
    "an mp4 of boxes in boxes": ("mp4", b"\0\0\0\x18ftypisom" + bytes(12) + b"\0\x01\0\0moov" * 8_000),
    "an hour in a second": ("ogg", FILES["ogg"][1] * 300),
    "files of eight bytes": ("webm", b"\x1a\x45\xdf\xa3\x80\0\0\0" * 5_000),
}


async def test_streams(server: AttackedServer) -> None:
    async with beside_a_healthy_caller(server) as beside:
        for name, (container, data) in STREAMS.items():
            attackers = [
                await Person.arrive(server.port, init_greeting=False, input_audio_format=container) for _ in range(2)
            ]
            for attacker in attackers:
                for start in range(0, len(data), 50_000):
                    attacker.say("audio", data[start : start + 50_000])
                attacker.say("create_response")
            await asyncio.sleep(1.5)
            for attacker in attackers:
                attacker.client.drop()
            await beside.looked(name)
    await until_it_has(server, 0)


def decoders_of(server: AttackedServer) -> list[int]:
    """Processes that decode for that server."""
    return [pid for forks in children_of(server.process.pid) for pid in children_of(forks)]


def children_of(pid: int) -> list[int]:
    """Its children that decode, or start what does."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
            if parent == pid and b"decoder_forks" in (folder / "cmdline").read_bytes():
                found.append(int(folder.name))
    return found


async def until_it_has(server: AttackedServer, count: int) -> list[int]:
    for _ in range(200):
        if len(found := decoders_of(server)) == count:
            return found
        await asyncio.sleep(0.05)
    pytest.fail(f"{len(found)} decoders run, not {count}")


async def test_a_decoder_that_dies_takes_nobody_with_it(server: AttackedServer) -> None:
    container, data = FILES["webm stream"]
    async with beside_a_healthy_caller(server):
        attacker = await Person.arrive(server.port, init_greeting=False, input_audio_format=container)
        attacker.say("audio", data)
        (decoder,) = await until_it_has(server, 1)
        os.kill(decoder, signal.SIGSEGV)
        await attacker.until(lambda: attacker.errors)
        assert "its file is broken" in attacker.errors[0]
        attacker.say("text", content="Are you still there?")
        attacker.say("create_response")
        await attacker.until(lambda: attacker.status("response_done"))
        attacker.client.drop()
