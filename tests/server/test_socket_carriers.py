"""Calls over Exotel and Genesys: a whole server, real sockets, and carriers that behave as the documentation says."""

import asyncio
import json
import random
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.engines import FakeLlm, FakeStt, FakeTts, FakeVad, calls_of, tone
from tests.fakes.media_carrier import CALLER, phones, post
from tests.fakes.socket_carrier import (
    PROBE,
    SOCKET_ACCOUNTS,
    ExotelLine,
    GenesysLine,
    basic,
    signed_request,
)
from tests.fuzz.mutate import mutated
from tests.server.serving import fake_engines, serving
from tests.server.test_telephone import GREETING_MS, counted, write_agents
from tests.transports.raw_client import BINARY, TEXT, RawClient
from voi.audio import g711
from voi.audio.pcm import rms_dbfs
from voi.dialogue import ToolCall
from voi.engines.startup import Engines

pytestmark = pytest.mark.integration

Patch = pytest.MonkeyPatch
LONG = " ".join(f"word{number:02}" for number in range(40)) + "."


def write_phones(folder: Path, **more: Any) -> None:
    (folder / "phones.json").write_text(json.dumps(phones(**({"carriers": SOCKET_ACCOUNTS} | more))))


@pytest.mark.parametrize("rate_hz", [8_000, 16_000])
async def test_exotel_a_greeting_an_answer_keys_and_the_caller_hangs_up(
    rate_hz: int, tmp_path: Path, monkeypatch: Patch
) -> None:
    write_phones(tmp_path, callers={CALLER: "anna"})
    async with serving(tmp_path, monkeypatch, fake_engines("one two three"), disclose=()) as running:
        async with await ExotelLine.call(running.port, rate=rate_hz) as line:
            await line.until(lambda: len(line.heard) * 20 >= GREETING_MS and not line.waiting)
            assert len(line.heard) * 20 == GREETING_MS
            assert line.sizes[0] >= 3_200, "Exotel wants no smaller ones"
            (call,) = running.server.calls
            assert (call.kind, call.about["caller"]) == ("telephone", CALLER)
            before = len(line.heard)
            line.speak(tone(600, line.rate_hz))
            await line.until(lambda: len(line.heard) * 20 >= GREETING_MS + 13 * 50 and not line.waiting)
            assert len(line.heard) - before in (32, 33)
            line.hang_up()
            await line.until(lambda: running.server.admission.active == 0)
        assert counted(running, "exotel", "media", "lost_sound") == counted(running, "exotel", "media", "mistake") == 0


async def test_exotel_barge_in(tmp_path: Path, monkeypatch: Patch) -> None:
    write_phones(tmp_path)
    engines = fake_engines("stop it now")
    agent = {"llm_model": "echo", "voices": {"character": {"model": "voice"}}, "greetings": {"choices": [LONG]}}
    write_agents(tmp_path, echo=agent)
    async with (
        serving(tmp_path, monkeypatch, engines, disclose=()) as running,
        await ExotelLine.call(running.port) as line,
    ):
        await line.until(lambda: len(line.heard) > 100)
        line.speak(tone(700, line.rate_hz))
        await line.until(lambda: line.commands)
        assert line.commands[0][1] == "clear"


@pytest.mark.parametrize("headers", ["", basic(password="password2"), basic(user="genesys"), basic(user="other"),
                                     "Authorization: Bearer x\r\n", "Authorization: Basic !!\r\n"])  # fmt: skip
async def test_exotel_without_the_right_password(
    headers: str, tmp_path: Path, monkeypatch: Patch, caplog: pytest.LogCaptureFixture
) -> None:
    write_phones(tmp_path)
    async with serving(tmp_path, monkeypatch, fake_engines()) as running:
        line = await ExotelLine.call(running.port, headers)
        assert await line.client.close_code() == 1008
        assert counted(running, "exotel", "media", "unsigned") == 1
        assert running.server.admission.active == 0
    assert "password2" not in caplog.text


async def test_only_from_its_addresses(tmp_path: Path, monkeypatch: Patch) -> None:
    write_phones(tmp_path, carriers={"exotel": SOCKET_ACCOUNTS["exotel"] | {"allow_from": ["10.0.0.0/8"]}})
    async with serving(tmp_path, monkeypatch, fake_engines()) as running:
        line = await ExotelLine.call(running.port)
        assert await line.client.close_code() == 1008
    write_phones(tmp_path, carriers={"exotel": SOCKET_ACCOUNTS["exotel"] | {"allow_from": ["10.0.0.0/8", "127.0.0.1"]}})
    async with (
        serving(tmp_path, monkeypatch, fake_engines(), disclose=()) as running,
        await ExotelLine.call(running.port) as line,
    ):
        await line.until(lambda: line.heard)


@pytest.mark.parametrize("channels", [("external",), ("external", "internal")])
async def test_genesys_a_greeting_an_answer_and_the_caller_hangs_up(
    channels: tuple[str, ...], tmp_path: Path, monkeypatch: Patch
) -> None:
    write_phones(tmp_path)
    async with serving(tmp_path, monkeypatch, fake_engines("one two three"), disclose=()) as running:
        async with await GenesysLine.call(running.port, channels=channels) as line:
            line.open()
            line.say("ping", rtt="PT0.01S")
            await line.until(lambda: len(line.heard) * 20 >= GREETING_MS and not line.waiting)
            assert line.opened == {"startPaused": False, "media": [
                {"type": "audio", "format": "PCMU", "channels": list(channels), "rate": 8_000}]}  # fmt: skip
            assert line.types() == ["opened", "pong"]
            assert len(line.sizes) <= GREETING_MS / 200 + 1, "it takes five messages a second"
            (call,) = running.server.calls
            assert call.about["caller"] == CALLER
            before = len(line.heard)
            line.speak(tone(600, 8_000))
            await line.until(lambda: len(line.heard) * 20 >= GREETING_MS + 13 * 50 and not line.waiting)
            assert len(line.heard) - before in (32, 33)
            line.say("close", reason="end")
            await line.until(lambda: line.close_code is not None)
            assert line.types()[-1] == "closed"
            assert running.server.admission.active == 0
        assert counted(running, "genesys", "media", "mistake") == 0


async def test_genesys_barge_in_and_what_was_heard(tmp_path: Path, monkeypatch: Patch) -> None:
    write_phones(tmp_path)
    engines = Engines(
        vad=FakeVad(), stt=FakeStt("stop it now", "and then"), turn=None, llm=FakeLlm("Good."),
        tts={"voice": FakeTts(speed=50)},
    )  # fmt: skip
    agent = {"llm_model": "m", "voices": {"character": {"model": "voice"}}, "greetings": {"choices": [LONG]}}
    write_agents(tmp_path, echo=agent)
    async with (
        serving(tmp_path, monkeypatch, engines, disclose=()) as running,
        await GenesysLine.call(running.port) as line,
    ):
        line.open()
        await line.until(lambda: len(line.heard) > 100)
        line.speak(tone(700, 8_000))
        await line.until(lambda: line.cleared_s)
        heard = len([at for at, _ in line.heard if at <= line.cleared_s[0]])
        (call,) = running.server.calls
        await line.until(lambda: call.session and len(call.session.dialogue()) > 1)
        assert call.session is not None
        said = call.session.dialogue()[0].text
        assert said != LONG
        assert abs(len(said) * 50 - heard * 20) < 900, "to a word and a message of sound"


async def test_genesys_hears_the_goodbye_and_is_asked_to_end(tmp_path: Path, monkeypatch: Patch) -> None:
    write_phones(tmp_path)
    llm = FakeLlm(calls_of(ToolCall("c1", "end", "{}"), text="Goodbye then, take care."))
    engines = Engines(vad=FakeVad(), stt=FakeStt("bye"), turn=None, llm=llm, tts={"voice": FakeTts(speed=50)})
    agent = {"llm_model": "m", "voices": {"character": {"model": "voice"}}, "tools": {"end": {"builtin": "hang_up"}}}
    write_agents(tmp_path, echo=agent)
    async with serving(tmp_path, monkeypatch, engines, disclose=()) as running:
        async with await GenesysLine.call(running.port) as line:
            line.open()
            line.speak(tone(400, 8_000))
            await line.until(lambda: line.close_code is not None)
            assert line.close_code == 1000
            assert line.types()[-2:] == ["disconnect", "closed"]
            assert line.told[-2]["parameters"] == {"reason": "completed", "outputVariables": {"action": "hang_up"}}
            assert not line.waiting, "all that was sent was played"
            loud = [rms_dbfs(g711.decode(frame, "ulaw")) > -60 for _, frame in line.heard]
            assert sum(loud) * 20 >= 24 * 50 - 20
        assert running.server.admission.active == 0


async def test_genesys_passes_a_call_on(tmp_path: Path, monkeypatch: Patch) -> None:
    write_phones(tmp_path)
    llm = FakeLlm(calls_of(ToolCall("c1", "transfer", '{"target": "desk"}'), text="I put you through."), "Done.")
    engines = Engines(vad=FakeVad(), stt=FakeStt("one"), turn=None, llm=llm, tts={"voice": FakeTts(speed=50)})
    tools = {"transfer": {"builtin": "transfer", "targets": {"desk": "+4930999999"}}}
    write_agents(tmp_path, echo={"llm_model": "m", "voices": {"character": {"model": "voice"}}, "tools": tools})
    async with (
        serving(tmp_path, monkeypatch, engines, disclose=()) as running,
        await GenesysLine.call(running.port) as line,
    ):
        line.open()
        line.speak(tone(300, 8_000))
        await line.until(lambda: line.close_code is not None)
        (asked,) = [each for each in line.told if each["type"] == "disconnect"]
        assert asked["parameters"]["outputVariables"] == {"action": "transfer", "target": "+4930999999"}
        assert len(line.heard) * 20 >= 18 * 50, "what it said before was heard"


async def test_genesys_finds_out_whether_there_is_a_server(tmp_path: Path, monkeypatch: Patch) -> None:
    write_phones(tmp_path)
    async with serving(tmp_path, monkeypatch, fake_engines()) as running:
        async with await GenesysLine.call(running.port) as line:
            line.open(called="", conversation=PROBE)
            await line.until(lambda: line.opened is not None)
            assert line.opened == {"startPaused": False, "media": []}
            line.say("close", reason="end")
            await line.until(lambda: line.close_code is not None)
            assert line.types() == ["opened", "closed"]
        assert running.server.admission.active == 0


@pytest.mark.parametrize(
    "wrong",
    [
        {"secret": "AAAA"},
        {"api_key": "another"},
        {"keyid": "another"},
        {"path": "/telephone/genesys/media?x=1", "headers_path": "/telephone/genesys/media"},
        {"without": ("x-api-key",)},
        {"without": ("@authority",)},
        {"at_s": 1_000_000_000},
        {"nonce": "short"},
    ],
)
async def test_genesys_requests_that_must_not_pass(wrong: dict[str, Any], tmp_path: Path, monkeypatch: Patch) -> None:
    write_phones(tmp_path)
    given = dict(wrong)
    path = given.pop("path", "/telephone/genesys/media")
    given.pop("headers_path", None)
    async with serving(tmp_path, monkeypatch, fake_engines()) as running:
        client = await RawClient.connect(running.port, path, signed_request("s-1", **given))
        assert await client.close_code() == 1008
        assert counted(running, "genesys", "media", "unsigned") == 1


async def test_a_copied_request_of_genesys_is_worth_nothing(tmp_path: Path, monkeypatch: Patch) -> None:
    write_phones(tmp_path)
    headers = signed_request("s-1")
    async with (
        serving(tmp_path, monkeypatch, fake_engines(), disclose=()) as running,
        await GenesysLine.call(running.port, headers, session_id="s-1") as line,
    ):
        line.open()
        await line.until(lambda: line.heard)
        copied = await RawClient.connect(running.port, "/telephone/genesys/media", headers)
        assert await copied.close_code() == 1008


async def test_a_session_or_organization_that_was_not_signed(tmp_path: Path, monkeypatch: Patch) -> None:
    write_phones(tmp_path)
    async with serving(tmp_path, monkeypatch, fake_engines()) as running:
        for session_id, organization in (("s-1", "org-2"), ("s-2", "org-1")):
            async with await GenesysLine.call(running.port, signed_request("s-1"), session_id=session_id) as line:
                line.open(organization=organization)
                line.session_id = "s-1"
                await line.until(lambda line=line: line.close_code is not None)
                assert line.types() == ["disconnect", "closed"]
        assert running.server.admission.active == 0


async def test_full_servers_and_numbers_that_nobody_answers(tmp_path: Path, monkeypatch: Patch) -> None:
    write_phones(tmp_path)
    async with serving(tmp_path, monkeypatch, fake_engines(), max_conversations=1) as running:
        async with await GenesysLine.call(running.port) as stranger:
            stranger.open(called="tel:+4930777777")
            await stranger.until(lambda: stranger.close_code is not None)
            assert stranger.types() == ["disconnect", "closed"]
        async with await ExotelLine.call(running.port) as line:
            await line.until(lambda: running.server.admission.active)
            async with await GenesysLine.call(running.port) as second:
                second.open()
                await second.until(lambda: second.close_code is not None)
                failed = {"reason": "error", "outputVariables": {"action": "failed"}}
                assert second.told[0]["parameters"] == failed
            other = await ExotelLine.call(running.port)
            assert await other.client.close_code() == 1013
        assert (await post(running.port, "/telephone/exotel/voice", {}, b""))[0] == 400, "it sends no webhooks"


async def test_hostile_messages_harm_nobody_else(tmp_path: Path, monkeypatch: Patch) -> None:
    write_phones(tmp_path)
    dice = random.Random(12)
    kinds = (b"dtmf", b"playback_started", b"playback_completed", b"ping", b"error", b"open", b"close")
    async with (
        serving(tmp_path, monkeypatch, fake_engines(), disclose=(), max_messages_per_s=10_000) as running,
        await ExotelLine.call(running.port) as honest,
    ):
        for _ in range(12):
            line = await GenesysLine.call(running.port)
            line.open()
            head = b'{"version":"2","id":"%s","type":"' % line.session_id.encode()
            for kind in kinds * 25:
                seed = head + kind + b'","seq":3,"serverseq":1,"parameters":{"digit":"1"}}'
                line.client.send(BINARY if dice.random() < 0.2 else TEXT, mutated(seed, dice))
            await asyncio.sleep(0)
            line.client.drop()
        await honest.until(lambda: len(honest.heard) * 20 >= GREETING_MS)
        await honest.until(lambda: running.server.admission.active == 1, 60)
