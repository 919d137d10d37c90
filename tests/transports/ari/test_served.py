"""Calls over an Asterisk: a whole server, real sockets, and an Asterisk that behaves as real ones do."""

import asyncio
import json
import logging
import random
import time
from collections.abc import Callable
from difflib import SequenceMatcher
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.asterisk import PASSWORD, USER, FakeAsterisk, FakeChannel
from tests.fakes.engines import FakeLlm, FakeStt, FakeTts, FakeVad, calls_of, silence, tone
from tests.free_ports import free_port
from tests.fuzz.mutate import mutated
from tests.fuzz.phone import PHONE
from tests.server.serving import fake_engines, serving
from tests.server.test_telephone import recorded, write_agents
from voi.audio.pcm import rms_dbfs
from voi.audio.resample import resample
from voi.dialogue import ToolCall
from voi.engines.base import SttOptions
from voi.engines.startup import Engines
from voi.engines.stt.moonshine import Moonshine
from voi.transports.telephone.dialing import Dial, NotAnswered

pytestmark = pytest.mark.integration

Patch = pytest.MonkeyPatch
WAYS: dict[str, dict[str, Any]] = {
    "rtp": {"media": "rtp"},
    "audiosocket": {"media": "audiosocket"},
    "audiosocket_wide": {"media": "audiosocket", "format": "slin16"},
    "websocket_in": {"media": "websocket"},
    "websocket_wide": {"media": "websocket", "format": "slin16"},
    "websocket_out": {"media": "websocket", "websocket_client": "voi"},
}
GREETING_MS = 22 * 50


def write_pbx(folder: Path, pbx: FakeAsterisk, monkeypatch: Patch, **more: Any) -> None:
    monkeypatch.setenv("ARI_PASSWORD", more.pop("secret", PASSWORD))
    if "websocket_client" in more and "listen_port" not in more:
        more["listen_port"] = free_port()
        pbx.client_url = f"ws://127.0.0.1:{more['listen_port']}/media"
    entry = {"url": pbx.url, "user": USER, "password": "${ARI_PASSWORD}", "stasis": {"voi": {}}, **more}
    (folder / "phones.json").write_text(json.dumps({"asterisk": {"pbx": entry}, "numbers": {"200": {"agent": "echo"}}}))


async def until(seen: Callable[[], object], timeout_s: float = 60) -> None:
    deadline_s = time.monotonic() + timeout_s
    while not seen():
        assert time.monotonic() < deadline_s, "that was never seen"
        await asyncio.sleep(0.005)


async def connected(pbx: FakeAsterisk) -> None:
    await until(lambda: pbx.sockets and any("asterisk/info" in each for each in pbx.asked))


def loud(channel: FakeChannel) -> int:
    return sum(rms_dbfs(pcm) > -90 for _, pcm in channel.heard)


def counted(running: Any, request: str, outcome: str) -> float:
    labels = {"listener": "asterisk", "request": request, "outcome": outcome}
    return running.server.metrics.registry.get_sample_value("voi_listener_requests_total", labels) or 0.0


def calls_now(running: Any) -> int | None:
    """None: Voi has not got to know this Asterisk yet."""
    service = running.server.asterisk.running.get("pbx")
    return None if service is None else len(service._live)


async def empty(pbx: FakeAsterisk, running: Any) -> None:
    """Nothing is left of any call."""
    await until(lambda: running.server.admission.active == 0 and not pbx.channels and not pbx.bridges)
    await until(lambda: calls_now(running) == 0)


@pytest.mark.parametrize("way", WAYS)
async def test_a_greeting_an_answer_and_the_caller_hangs_up(way: str, tmp_path: Path, monkeypatch: Patch) -> None:
    async with FakeAsterisk() as pbx:
        pbx.late_start_s = 0.05
        write_pbx(tmp_path, pbx, monkeypatch, **WAYS[way])
        async with serving(tmp_path, monkeypatch, fake_engines("one two three"), disclose=()) as running:
            await connected(pbx)
            channel = pbx.ring()
            rate_hz = 16_000 if way.endswith("wide") else 8_000
            await until(lambda: loud(channel) * 20 >= GREETING_MS)
            await asyncio.sleep(0.3)
            assert GREETING_MS <= loud(channel) * 20 <= GREETING_MS + 40
            before = loud(channel)
            channel.speak(tone(600, rate_hz))
            await until(lambda: loud(channel) - before >= 32)
            channel.hang_up()
            await empty(pbx, running)
            assert counted(running, "call", "answered") == 1
            assert counted(running, "media", "mistake") == counted(running, "media", "marks_missing") == 0
            assert not [each for each in pbx.asked if PASSWORD in each]


@pytest.mark.parametrize("way", ["rtp", "audiosocket", "websocket_in", "websocket_out"])
async def test_barge_in_silences_the_line(way: str, tmp_path: Path, monkeypatch: Patch) -> None:
    long = " ".join(f"word{number:02}" for number in range(40)) + "."
    engines = Engines(
        vad=FakeVad(), stt=FakeStt("stop it now", "and then"), turn=None, llm=FakeLlm("Good."),
        tts={"voice": FakeTts(speed=50)},
    )  # fmt: skip
    agent = {"llm_model": "m", "voices": {"character": {"model": "voice"}}, "greetings": {"choices": [long]}}
    write_agents(tmp_path, echo=agent)
    cleared: list[float] = []
    async with FakeAsterisk() as pbx:
        write_pbx(tmp_path, pbx, monkeypatch, **WAYS[way])
        async with serving(tmp_path, monkeypatch, engines, disclose=()) as running:
            await connected(pbx)
            channel = pbx.ring()
            await until(lambda: loud(channel) > 60)
            leg = running.server.asterisk.running["pbx"]._live.of_channel(channel.id).leg
            clear = leg.line.clear
            monkeypatch.setattr(leg.line, "clear", lambda number: (cleared.append(time.monotonic()), clear(number)))
            channel.speak(tone(700, 8_000))
            await until(lambda: cleared)
            await asyncio.sleep(0.1)
            after = [at_s for at_s, pcm in channel.heard if at_s > cleared[0] and rms_dbfs(pcm) > -90]
            late_ms = max((at_s - cleared[0] for at_s in after), default=0) * 1_000
            print(f"{way}: {len(after)} frames, the last {late_ms:.0f} ms after the decision")
            assert late_ms < 45
            channel.hang_up()
            await empty(pbx, running)


@pytest.mark.parametrize("way", ["rtp", "audiosocket", "websocket_in"])
async def test_the_goodbye_is_played_whole(way: str, tmp_path: Path, monkeypatch: Patch) -> None:
    llm = FakeLlm(calls_of(ToolCall("c1", "end", "{}"), text="Goodbye then, take care."))
    engines = Engines(vad=FakeVad(), stt=FakeStt("bye"), turn=None, llm=llm, tts={"voice": FakeTts(speed=50)})
    agent = {"llm_model": "m", "voices": {"character": {"model": "voice"}}, "tools": {"end": {"builtin": "hang_up"}}}
    write_agents(tmp_path, echo=agent)
    async with FakeAsterisk() as pbx:
        write_pbx(tmp_path, pbx, monkeypatch, **WAYS[way])
        async with serving(tmp_path, monkeypatch, engines, disclose=()) as running:
            await connected(pbx)
            channel = pbx.ring()
            await until(lambda: channel.bridge)
            channel.speak(tone(400, 8_000))
            await empty(pbx, running)
            assert loud(channel) * 20 >= 24 * 50 - 20
            assert channel.reason == "normal"


async def test_keys_hold_and_transfer(tmp_path: Path, monkeypatch: Patch) -> None:
    moves = calls_of(ToolCall("c1", "transfer", '{"target": "desk"}'))
    llm = FakeLlm(calls_of(ToolCall("c0", "keys", '{"keys": "12w3"}')), "Pressed.", moves, "Done.")
    engines = Engines(vad=FakeVad(), stt=FakeStt("one"), turn=None, llm=llm, tts={"voice": FakeTts(speed=50)})
    tools = {"transfer": {"builtin": "transfer", "targets": {"desk": "+4930999999"}},
             "keys": {"builtin": "press_keys"}}  # fmt: skip
    write_agents(tmp_path, echo={"llm_model": "m", "voices": {"character": {"model": "voice"}}, "tools": tools})
    async with FakeAsterisk() as pbx:
        pbx.twice = False
        transfer = {"context": "from-voi", "variables": {"QUEUE": "sales"}}
        write_pbx(tmp_path, pbx, monkeypatch, transfer=transfer)
        async with serving(tmp_path, monkeypatch, engines, disclose=()) as running:
            await connected(pbx)
            channel = pbx.ring()
            await until(lambda: any(call.session for call in running.server.calls))
            await asyncio.sleep(0.1)
            (call,) = running.server.calls
            assert call.about["caller"] == "+4915112345678"
            pbx.event("ChannelHold", channel=channel.json())
            await until(lambda: call.session and call.session._clock.stopped)
            pbx.event("ChannelUnhold", channel=channel.json())
            await until(lambda: call.session and not call.session._clock.stopped)
            for key in "427#":
                channel.press(key)
            await until(lambda: llm.requests)
            assert "4 2 7" in str(llm.requests[0].messages)
            await until(lambda: channel.keys == "123")
            await until(lambda: loud(channel))
            await asyncio.sleep(0.8)
            channel.speak(tone(300, 8_000))
            await until(lambda: channel.went_on)
            assert channel.went_on == {"context": "from-voi", "extension": "+4930999999", "priority": "1"}
            assert channel.vars == {"QUEUE": "sales", "VOI_TARGET": "+4930999999"}
            await until(lambda: running.server.admission.active == 0 and not pbx.bridges)
            assert channel.alive, "it goes on in the dialplan"


async def test_races_and_refusals(tmp_path: Path, monkeypatch: Patch) -> None:
    async with FakeAsterisk() as pbx:
        write_pbx(tmp_path, pbx, monkeypatch)
        async with serving(tmp_path, monkeypatch, fake_engines(), disclose=(), max_conversations=1) as running:
            await connected(pbx)
            unknown = pbx.ring("999")
            await until(lambda: unknown.reason)
            assert unknown.reason == "unallocated"
            pbx.twice, pbx.late_start_s = True, 0.2
            early = pbx.ring()  # hangs up during the setup
            await asyncio.sleep(0.1)
            early.hang_up()
            await until(lambda: counted(running, "call", "left_early") == 1)
            await empty(pbx, running)
            pbx.refuse["POST addChannel"] = 422
            stuck = pbx.ring()
            await until(lambda: stuck.reason == "failure")
            pbx.refuse.clear()
            await empty(pbx, running)
            channel = pbx.ring()
            await until(lambda: loud(channel))
            assert running.server.admission.active == 1
            full = pbx.ring()
            await until(lambda: full.reason)
            assert full.reason == "congestion"
            for text in ("{", "[]", '{"type":7}', '{"type":"StasisStart"}', "\x00" * 500):
                pbx.raw(text)
            await until(lambda: counted(running, "link", "mistake") >= 5)
            media = next(each for each in pbx.channels.values() if each.media)
            pbx.end(media)  # the channel that carries the sound dies
            await until(lambda: not channel.alive)
            await empty(pbx, running)


async def test_the_socket_drops_in_mid_call_and_orphans_are_ended(tmp_path: Path, monkeypatch: Patch) -> None:
    monkeypatch.setattr("voi.transports.ari.orphans.GRACE_S", 0.2)
    monkeypatch.setattr("voi.transports.ari.link.FIRST_WAIT_S", 0.1)
    async with FakeAsterisk() as pbx:
        write_pbx(tmp_path, pbx, monkeypatch)
        async with serving(tmp_path, monkeypatch, fake_engines("one two three"), disclose=()) as running:
            await connected(pbx)
            channel = pbx.ring()
            await until(lambda: loud(channel) * 20 >= GREETING_MS)
            await pbx.drop_events()
            await until(lambda: not pbx.sockets)
            left = FakeChannel(pbx, "left-behind")
            left.in_stasis = True
            pbx.channels[left.id] = left
            pbx.bridges["voi-bridge-voi-old"] = set()
            pbx.bridges["voi-bridge-other-one"] = set()
            before = loud(channel)
            channel.speak(tone(600, 8_000))
            await until(lambda: loud(channel) - before >= 32)  # the call goes on meanwhile
            await until(lambda: not left.alive and "voi-bridge-voi-old" not in pbx.bridges)
            assert channel.alive
            assert "voi-bridge-other-one" in pbx.bridges, "it belongs to somebody else"
            del pbx.bridges["voi-bridge-other-one"]
            await pbx.drop_events()
            pbx.end(channel)  # nobody tells
            await until(lambda: running.server.admission.active == 0)
            assert counted(running, "link", "lost") == 2


async def test_a_wrong_password_and_a_reload(tmp_path: Path, monkeypatch: Patch, caplog: Any) -> None:
    monkeypatch.setattr("voi.transports.ari.link.FIRST_WAIT_S", 0.05)
    async with FakeAsterisk() as pbx:
        write_pbx(tmp_path, pbx, monkeypatch, secret="wrong-password")
        async with serving(tmp_path, monkeypatch, fake_engines(), disclose=()) as running:
            await until(lambda: counted(running, "link", "unauthorized") >= 3)
            lines = [each.getMessage() for each in caplog.records if "no events come" in each.getMessage()]
            assert len(lines) == 1
            assert "wrong-password" not in caplog.text
            monkeypatch.setenv("ARI_RIGHT", PASSWORD)
            text = (tmp_path / "phones.json").read_text().replace("ARI_PASSWORD", "ARI_RIGHT")
            (tmp_path / "phones.json").write_text(text)
            await connected(pbx)
            channel = pbx.ring()
            await until(lambda: loud(channel))
            (tmp_path / "phones.json").unlink()
            await until(lambda: not running.server.asterisk.running and not pbx.channels and not pbx.bridges)
            assert running.server.admission.active == 0


async def test_calls_that_voi_makes(tmp_path: Path, monkeypatch: Patch) -> None:
    async with FakeAsterisk() as pbx:
        write_pbx(tmp_path, pbx, monkeypatch, outgoing={"endpoint": "PJSIP/{number}@trunk", "caller_id": "+4930123456"})
        async with serving(tmp_path, monkeypatch, fake_engines(), disclose=()) as running:
            await connected(pbx)
            await until(lambda: running.server.asterisk.dialer("pbx"))
            dialer = running.server.asterisk.dialer("pbx")
            assert dialer is not None
            rang: list[str] = []
            gone: list[str] = []

            async def dialled(number: str, what: Callable[[FakeChannel], None], ring_s: float = 5) -> Any:
                dial = Dial(number, ring_timeout_s=ring_s)
                dialing = asyncio.create_task(dialer.dial(dial, lambda: rang.append("r"), lambda: gone.append("g")))
                count = len(pbx.originated)
                await until(lambda: len(pbx.originated) > count)
                what(pbx.channels[pbx.originated[-1]["channelId"]])
                return await dialing

            def takes(channel: FakeChannel) -> None:
                pbx.rings(channel)
                pbx.answers(channel)

            answered = await dialled("+4930555555", takes)
            assert rang == ["r"]
            assert pbx.originated[0]["endpoint"] == "PJSIP/+4930555555@trunk"
            assert pbx.originated[0]["callerId"] == "+4930123456"
            assert answered.line.rate_hz == 8_000
            pbx.channels[pbx.originated[0]["channelId"]].hang_up()
            await until(lambda: gone == ["g"])
            for cause, kind in ((17, "busy"), (19, "no_answer"), (21, "refused"), (1, "unreachable")):
                with pytest.raises(NotAnswered) as failed:
                    await dialled("+4930555555", lambda channel, cause=cause: pbx.end(channel, cause))  # type: ignore[misc]
                assert failed.value.kind == kind
            with pytest.raises(NotAnswered) as failed:
                await dialled("+4930555555", pbx.rings, 1)
            assert failed.value.kind == "no_answer"
            with pytest.raises(NotAnswered):
                await dialer.dial(Dial("+4930/evil&PJSIP/9"), lambda: None, lambda: None)
            await empty(pbx, running)


@pytest.mark.parametrize("way", ["audiosocket", "websocket_in", "websocket_out"])
async def test_hostile_sound_harms_nobody_else(way: str, tmp_path: Path, monkeypatch: Patch, caplog: Any) -> None:
    """3,400 mutated messages each way: 10,200. The honest call hears the agent all the while, and is heard after it."""
    dice = random.Random(7)
    texts = [b'{"event":"MEDIA_MARK_PROCESSED","correlation_id":"1"}', b"MEDIA_XOFF", b"DTMF_END digit:1",
             b'{"event":"MEDIA_START","format":"ulaw","optimal_frame_size":160}',
             b"MEDIA_MARK_PROCESSED 3"]  # fmt: skip

    def hostile(media: Any) -> None:
        if way != "audiosocket" and dice.random() < 0.7:
            media.say(mutated(dice.choice(texts), dice).decode("latin-1"))
        elif way == "audiosocket" and dice.random() < 0.5:
            media.write_raw(mutated(PHONE["audiosocket"].seeds[0][1:], dice))  # what no AudioSocket would send
        else:
            media.write(mutated(tone(20, 8_000), dice))

    long = " ".join(f"word{number:03}" for number in range(90)) + "."  # 36 s
    agent = {"llm_model": "echo", "voices": {"character": {"model": "voice"}}, "greetings": {"choices": [long]}}
    write_agents(tmp_path, echo=agent)
    async with FakeAsterisk() as pbx:
        write_pbx(tmp_path, pbx, monkeypatch, **WAYS[way])
        async with serving(tmp_path, monkeypatch, fake_engines("one two three", speed=50), disclose=()) as running:
            await connected(pbx)
            honest = pbx.ring()
            await until(lambda: loud(honest) > 20)
            tasks, begin = own_tasks(), len(honest.heard)
            sent = 0
            while sent < 3_400:
                evil = pbx.ring()
                await until(lambda evil=evil: evil.bridge or not evil.alive)  # type: ignore[misc]
                media = next((each.media for each in pbx.channels.values() if each.media and each.bridge
                              and each.bridge == evil.bridge), None)  # fmt: skip
                for _ in range(170):
                    if media is not None and evil.alive:
                        hostile(media)
                    sent += 1
                if way == "audiosocket":
                    await strangers(running, dice)
                await asyncio.sleep(0.03)
                if evil.alive:
                    evil.hang_up()
            during = honest.heard[begin:]
            gaps_ms = sorted(1_000 * (b[0] - a[0]) for a, b in pairwise(during))
            silent = sum(rms_dbfs(pcm) < -60 for _, pcm in during)
            print(f"{way}: {len(during)} frames heard, {silent} silent; between two: p99 "
                  f"{gaps_ms[len(gaps_ms) * 99 // 100]:.0f} ms, most {gaps_ms[-1]:.0f} ms")  # fmt: skip
            assert len(during) > 20
            assert silent == 0
            assert gaps_ms[-1] < 300
            await until(lambda: calls_now(running) == 1)
            await until(lambda: own_tasks() <= tasks)
            honest.speak(tone(600, 8_000))
            await until(lambda: time.monotonic() - last_loud_s(honest) > 0.1)  # it stops the agent
            stopped = len(honest.heard)
            await until(lambda: any(rms_dbfs(pcm) > -60 for _, pcm in honest.heard[stopped:]))  # and is answered
            honest.hang_up()
            await empty(pbx, running)
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR], "a fault of Voi's own"


async def strangers(running: Any, dice: random.Random) -> None:
    """Connections to the port for AudioSockets that show what they like."""
    way = await running.server.asterisk.running["pbx"]._connection.way()
    for _ in range(5):
        _, writer = await asyncio.open_connection("127.0.0.1", way._server.port)
        writer.write(mutated(PHONE["audiosocket"].seeds[0][1:], dice))
        await asyncio.sleep(0)
        writer.close()


def own_tasks() -> int:
    """Without those of the fake's HTTP connections, which come and go."""
    return sum("RequestHandler" not in str(task.get_coro()) for task in asyncio.all_tasks())


def last_loud_s(channel: FakeChannel) -> float:
    return next(at_s for at_s, pcm in reversed(channel.heard) if rms_dbfs(pcm) > -60)


@pytest.mark.parametrize("way", ["rtp", "audiosocket", "websocket_in"])
async def test_recorded_speech(way: str, tmp_path: Path, monkeypatch: Patch) -> None:
    """With the embedded engines: recorded speech goes in, and the answer is transcribed back."""
    async with FakeAsterisk() as pbx:
        write_pbx(tmp_path, pbx, monkeypatch, **WAYS[way])
        async with serving(tmp_path, monkeypatch, turn_engine="none", disclose=()) as running:
            await connected(pbx)
            channel = pbx.ring()
            await until(lambda: loud(channel) > 30, 60)
            await asyncio.sleep(2.5)
            greeting = len(channel.heard)
            channel.speak(recorded("spk1_snt2.wav", 8_000))
            await until(lambda: any(rms_dbfs(pcm) > -60 for _, pcm in channel.heard[greeting:]), 30)
            await asyncio.sleep(4)
            answer = b"".join(pcm for _, pcm in channel.heard[greeting:])
            channel.hang_up()
            await empty(pbx, running)
    moonshine = Moonshine()
    await moonshine.warm_up()
    stream = moonshine.open(SttOptions(), None)
    stream.feed(resample(answer, 8_000, 16_000) + silence(300))
    words = (await stream.flush()).text
    await moonshine.close()
    print(f"{way}: {words}")
    # a plain synthetic voice, for ears that are small
    assert SequenceMatcher(None, words.lower(), "drop the two when you add the figures.").ratio() > 0.6, words
