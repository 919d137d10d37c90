"""Transfers between two telephones that people use (baresip), whose sound goes through a whole server."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.server.serving import AGENTS, RunningServer, fake_engines, serving
from tests.transports.sip.peers.baresip import Baresip, baresip, needs_baresip
from tests.transports.sip.peers.processes import free_port
from tests.transports.sip.test_real_peers import trunk, until
from tests.transports.telephone.test_consulted_transfer import level
from voi.audio.pcm import from_scaled
from voi.core.end_reason import EndReason

pytestmark = [pytest.mark.integration, needs_baresip]

CALLER_HZ, COLLEAGUE_HZ, MUSIC_HZ = 1_000, 3_000, 440
Patch = pytest.MonkeyPatch


def tone(hz: int, seconds: int = 60) -> bytes:
    return from_scaled(8_000 * np.sin(2 * np.pi * hz * np.arange(seconds * 8_000) / 8_000))


@contextlib.asynccontextmanager
async def two_telephones(
    tmp_path: Path, monkeypatch: Patch, *heard: str, transfer: dict[str, Any], outgoing: dict[str, Any] | None = None,
    codecs: tuple[str, str] = ("pcmu", "pcma"), said: tuple[bytes, bytes] | None = None, **account: Any,
) -> AsyncIterator[tuple[RunningServer, Baresip, Baresip, str]]:  # fmt: skip
    """A server, a caller who is talking with its agent, and a colleague who answers by himself. Also his address."""
    port, there = free_port(), free_port()
    address = f"sip:bob@127.0.0.1:{there}"
    desk = trunk(server=f"127.0.0.1:{there}", keep_alive_s=0, agent="desk", **account)
    phones: dict[str, Any] = {"sip": {"host": "127.0.0.1", "port": port}, "accounts": {"desk": desk}}
    if outgoing is not None:
        phones["outgoing"] = outgoing | {"allow": [address]}
    (tmp_path / "phones.json").write_text(json.dumps(phones))
    there_is = {"to": address, "way": "warm", "briefing": "A call for you.", **transfer}
    telephone = {"keys": {"0": {"transfer": "bob"}}, "transfers": {"bob": there_is}}
    echo: Any = AGENTS["echo"]
    (tmp_path / "agents.json").write_text(json.dumps(AGENTS | {"desk": {**echo, "telephone": telephone}}))
    (tmp_path / "tts_models.json").write_text(json.dumps({"voice": {"engine": "espeak"}}))
    for name in ("caller", "colleague"):
        (tmp_path / name).mkdir()
    colleague_says, caller_says = said or (tone(COLLEAGUE_HZ), tone(CALLER_HZ))
    colleagues = f"<sip:bob@127.0.0.1>;regint=0;answermode=auto;audio_codecs={codecs[1]}"
    async with (
        baresip(tmp_path / "colleague", colleagues, colleague_says, 8_000, port=there) as colleague,
        serving(tmp_path, monkeypatch, fake_engines(*heard), disclose=(), store="facts") as running,
        baresip(tmp_path / "caller", f"<sip:anna@127.0.0.1>;regint=0;audio_codecs={codecs[0]}", caller_says, 8_000
                ) as caller,
    ):  # fmt: skip
        await until(lambda: running.server.sip.states["desk"].name == "ready")
        caller.command("dial", f"sip:1001@127.0.0.1:{port}")
        await caller.event("CALL_ESTABLISHED")
        yield running, caller, colleague, address


async def ended(running: RunningServer) -> None:
    await until(lambda: running.server.admission.active == 0)
    await until(lambda: not running.server.sip.accounts["desk"].legs)
    assert not running.server.outgoing.second_calls.under_way


def silence_then_voice() -> bytes:
    """Five seconds of silence, in which the briefing is said; then a voice now and then."""
    voice = tone(COLLEAGUE_HZ, 1) + bytes(16_000 * 2)
    return bytes(16_000 * 5) + voice * 10


def parts(pcm: bytes, hz: int, rate_hz: int = 8_000) -> list[int]:
    """The seconds of a recording in which there is such a tone."""
    size = rate_hz * 2
    return [at // size for at in range(0, len(pcm) - size, size) if level(pcm[at : at + size], hz) > 0.02]


async def test_a_warm_transfer_taken_by_a_key(tmp_path: Path, monkeypatch: Patch) -> None:
    async with two_telephones(tmp_path, monkeypatch, transfer={}) as (running, caller, colleague, _):
        (call,) = running.server.calls
        await asyncio.sleep(1)
        caller.command("sndcode", "0")
        await colleague.event("CALL_ESTABLISHED")
        await asyncio.sleep(4)
        colleague.command("sndcode", "1")
        await until(lambda: call.door is not None and call.door.passed_on)  # type: ignore[attr-defined]
        await asyncio.sleep(4)
        assert not call.over
        colleague.command("hangup")
        await ended(running)
        assert call.end_reason is EndReason.TRANSFERRED
        await asyncio.sleep(0.5)
    to_caller, to_colleague = caller.heard_pcm(8_000), colleague.heard_pcm(8_000)
    music, voice = parts(to_caller, MUSIC_HZ), parts(to_caller, COLLEAGUE_HZ)
    assert len(music) >= 3
    assert len(voice) >= 3
    assert voice[0] >= music[-1], "first the music, then the colleague"
    assert not parts(to_colleague, MUSIC_HZ), "no music for the colleague"
    assert 3 <= len(parts(to_colleague, CALLER_HZ)) <= 6, "who hears the caller when they have taken the call"


@pytest.mark.parametrize("how", ["refused", "caller hangs up"])
async def test_a_warm_transfer_that_comes_to_nothing(how: str, tmp_path: Path, monkeypatch: Patch) -> None:
    async with two_telephones(tmp_path, monkeypatch, transfer={}) as (running, caller, colleague, _):
        (call,) = running.server.calls
        await asyncio.sleep(1)
        caller.command("sndcode", "0")
        await colleague.event("CALL_ESTABLISHED")
        await asyncio.sleep(2)
        if how == "refused":
            colleague.command("sndcode", "2")
            await colleague.event("CALL_CLOSED")
            session = call.session
            assert session is not None
            await until(lambda: any("put through" in each.text for each in session.dialogue()))
            assert not call.ending
            await asyncio.sleep(1)
        caller.command("hangup")
        if how != "refused":
            await colleague.event("CALL_CLOSED")
        await ended(running)
    assert not parts(caller.heard_pcm(8_000), COLLEAGUE_HZ)
    heard = colleague.heard_pcm(8_000)
    assert not parts(heard, MUSIC_HZ)
    assert not parts(heard, CALLER_HZ)


async def test_nobody_answers(tmp_path: Path, monkeypatch: Patch) -> None:
    transfer = {"to": "sip:nobody@127.0.0.1:1"}
    async with two_telephones(tmp_path, monkeypatch, transfer=transfer) as (running, caller, colleague, _):
        (call,) = running.server.calls
        session = call.session
        assert session is not None
        await asyncio.sleep(1)
        caller.command("sndcode", "0")
        await until(lambda: any("put through" in each.text for each in session.dialogue()), 60)
        caller.command("hangup")
        await ended(running)
    assert not [event for event in colleague.events if event.get("type") == "CALL_ESTABLISHED"]


async def test_baresip_passes_us_on(tmp_path: Path, monkeypatch: Patch) -> None:
    outgoing: dict[str, Any] = {"accounts": {"desk": {}}}
    async with two_telephones(
        tmp_path, monkeypatch, transfer={}, outgoing=outgoing, takes_refer=True
    ) as (running, caller, colleague, address):  # fmt: skip
        (call,) = running.server.calls
        await asyncio.sleep(1)
        caller.command("transfer", address)
        await colleague.event("CALL_ESTABLISHED")
        await asyncio.sleep(3)
        assert not call.ending, "the agent talks with the colleague now"
        colleague.command("hangup")
        await ended(running)


async def test_baresip_is_refused(tmp_path: Path, monkeypatch: Patch) -> None:
    async with two_telephones(tmp_path, monkeypatch, transfer={}) as (running, caller, colleague, address):
        (call,) = running.server.calls
        await asyncio.sleep(1)
        caller.command("transfer", address)
        await caller.event("TRANSFER_FAILED")
        assert not call.ending
        caller.command("hangup")
        await ended(running)
    assert not [event for event in colleague.events if event.get("type") == "CALL_ESTABLISHED"]


async def test_baresip_calls_the_colleague_itself(tmp_path: Path, monkeypatch: Patch) -> None:
    """An attended transfer. (This baresip knows no Replaces: the colleague sees another call, and ours ends.)"""
    transfer = {"way": "attended", "briefing": ""}
    same = ("pcmu", "pcmu")
    async with two_telephones(tmp_path, monkeypatch, transfer=transfer, codecs=same) as (running, caller, colleague, _):
        (call,) = running.server.calls
        await asyncio.sleep(1)
        caller.command("sndcode", "0")
        await colleague.event("CALL_ESTABLISHED")
        await colleague.event("CALL_ESTABLISHED")
        await ended(running)
        assert call.end_reason is EndReason.TRANSFERRED
        await colleague.event("CALL_CLOSED")
        closed = [event for event in colleague.events if event.get("type") == "CALL_CLOSED"]
        assert len(closed) == 1, "the two talk without us"


async def test_an_attended_transfer_goes_on_through_us_where_the_telephones_cannot(
    tmp_path: Path, monkeypatch: Patch
) -> None:
    transfer = {"way": "attended", "briefing": ""}
    async with two_telephones(tmp_path, monkeypatch, transfer=transfer) as (running, caller, colleague, _):
        (call,) = running.server.calls
        await asyncio.sleep(1)
        caller.command("sndcode", "0")
        await colleague.event("CALL_ESTABLISHED")
        await asyncio.sleep(4)  # the caller speaks PCMU alone, the colleague PCMA
        assert not call.ending
        caller.command("hangup")
        await ended(running)
        assert call.end_reason is EndReason.TRANSFERRED
    assert len(parts(colleague.heard_pcm(8_000), CALLER_HZ)) >= 3


async def test_a_warm_transfer_taken_by_a_word(tmp_path: Path, monkeypatch: Patch) -> None:
    """The colleague's recording is heard by an ear that says what it was."""
    transfer = {"accept_words": ["yes"], "briefing": "Anna."}
    async with two_telephones(
        tmp_path, monkeypatch, *["yes please"] * 20, transfer=transfer, said=(silence_then_voice(), tone(CALLER_HZ))
    ) as (running, caller, colleague, _):  # fmt: skip
        (call,) = running.server.calls
        await asyncio.sleep(1)
        caller.command("sndcode", "0")
        await colleague.event("CALL_ESTABLISHED")
        await until(lambda: call.door is not None and call.door.passed_on, 60)  # type: ignore[attr-defined]
        caller.command("hangup")
        await ended(running)
        assert call.end_reason is EndReason.TRANSFERRED
    assert not parts(colleague.heard_pcm(8_000), MUSIC_HZ)
