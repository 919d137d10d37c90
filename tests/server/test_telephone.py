"""Telephone calls over carriers' media: a whole server, real sockets, and a carrier that behaves as real ones do."""

import asyncio
import json
import random
import wave
from difflib import SequenceMatcher
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from tests.fakes.engines import FakeLlm, FakeStt, FakeTts, FakeVad, calls_of, silence, tone
from tests.fakes.media_carrier import (
    ACCOUNTS,
    CALLED,
    CALLER,
    MediaLine,
    phones,
    post,
    signed_webhook,
    stream_of,
)
from tests.fuzz.mutate import mutated
from tests.server.serving import fake_engines, serving
from tests.transports.raw_client import BINARY, TEXT, RawClient
from voi.audio.pcm import rms_dbfs
from voi.audio.resample import resample
from voi.core.facts import ReplyStopped
from voi.dialogue import ToolCall
from voi.engines.base import SttOptions
from voi.engines.startup import Engines
from voi.engines.stt.moonshine import Moonshine
from voi.session.playback import Playback
from voi.transports.media_ws.connection import WAITING_MAX

pytestmark = pytest.mark.integration

AUDIO = Path(__file__).parent.parent / "data" / "audio"
KINDS = list(ACCOUNTS)
SAID = "drop the two when you add the figures."  # in spk1_snt2.wav
GREETING_MS = 22 * 50
"""Hello there my friend: 22 characters, 50 ms each."""
Patch = pytest.MonkeyPatch


def recorded(name: str, rate_hz: int) -> bytes:
    with wave.open(str(AUDIO / name)) as recording:
        return resample(recording.readframes(recording.getnframes()), recording.getframerate(), rate_hz)


def write_phones(folder: Path, **more: Any) -> None:
    (folder / "phones.json").write_text(json.dumps(phones(**more)))


def write_agents(folder: Path, **agents: Any) -> None:
    (folder / "agents.json").write_text(json.dumps(agents))
    (folder / "tts_models.json").write_text(json.dumps({"voice": {"engine": "espeak"}}))


def counted(running: Any, carrier: str, request: str, outcome: str) -> float:
    labels = {"listener": carrier, "request": request, "outcome": outcome}
    return running.server.metrics.registry.get_sample_value("voi_listener_requests_total", labels) or 0.0


@pytest.mark.parametrize("kind", KINDS)
async def test_a_greeting_an_answer_and_the_caller_hangs_up(kind: str, tmp_path: Path, monkeypatch: Patch) -> None:
    write_phones(tmp_path)
    engines = fake_engines("one two three")
    async with serving(tmp_path, monkeypatch, engines, disclose=()) as running:
        ringing = await MediaLine.ring(running.port, kind)
        async with ringing as line:
            await line.until(lambda: len(line.heard) * 20 >= GREETING_MS and not line.waiting)
            assert len(line.heard) * 20 == GREETING_MS
            before = len(line.heard)
            line.speak(tone(600, line.rate_hz))
            await line.until(lambda: len(line.heard) * 20 >= GREETING_MS + 13 * 50 and not line.waiting)
            assert len(line.heard) - before in (32, 33)  # one two three: 13 characters
            line.hang_up()
            await line.until(lambda: running.server.admission.active == 0)
        assert counted(running, kind, "voice", "answered") == 1
        assert counted(running, kind, "media", "lost_sound") == counted(running, kind, "media", "mistake") == 0


@pytest.mark.parametrize("kind", KINDS)
async def test_barge_in_silences_the_line_and_history_keeps_what_was_played(
    kind: str, tmp_path: Path, monkeypatch: Patch
) -> None:
    write_phones(tmp_path)
    engines = Engines(
        vad=FakeVad(), stt=FakeStt("stop it now", "and then"), turn=None, llm=FakeLlm("Good."),
        tts={"voice": FakeTts(speed=50)},
    )  # fmt: skip
    long = " ".join(f"word{number:02}" for number in range(40)) + "."
    write_agents(
        tmp_path, echo={"llm_model": "m", "voices": {"character": {"model": "voice"}}, "greetings": {"choices": [long]}}
    )
    decided: list[float] = []
    stop = Playback.stop

    def noted(playback: Playback, reply: int) -> ReplyStopped:
        decided.append(asyncio.get_running_loop().time())
        return stop(playback, reply)

    monkeypatch.setattr(Playback, "stop", noted)
    async with serving(tmp_path, monkeypatch, engines, disclose=()) as running:
        ringing = await MediaLine.ring(running.port, kind)
        async with ringing as line:
            await line.until(lambda: len(line.heard) > 100)
            line.speak(tone(700, line.rate_hz))
            await line.until(lambda: line.commands)
            cleared_s, _ = line.commands[0]
            await asyncio.sleep(0.1)
            heard = [at_s for at_s, _ in line.heard]
            call = next(iter(running.server.calls))
            assert call.session is not None
            greeting = call.session.dialogue()[0].text
            played = [at_s for at_s in heard if at_s <= cleared_s]
            print(f"{kind}: the line was silent {(heard[-1] + 0.02 - decided[0]) * 1_000:.0f} ms after the decision")
            assert heard[-1] + 0.02 <= decided[0] + 0.06, "60 ms after the decision the line is silent"
            played_ms = len(played) * 20
            kept_ms = len(greeting) * 50
            assert played_ms - 700 < kept_ms <= played_ms + 350  # to the word, ducked sound not counted


async def test_keys_are_entered_and_the_caller_is_named(tmp_path: Path, monkeypatch: Patch) -> None:
    write_phones(tmp_path, callers={CALLER: "anna"})
    llm = FakeLlm("Thank you.")
    engines = Engines(vad=FakeVad(), stt=FakeStt(), turn=None, llm=llm, tts={"voice": FakeTts(speed=50)})
    write_agents(tmp_path, echo={"llm_model": "m", "voices": {"character": {"model": "voice"}}})
    async with serving(tmp_path, monkeypatch, engines, disclose=()) as running:
        ringing = await MediaLine.ring(running.port)
        async with ringing as line:
            await line.until(lambda: any(call.session for call in running.server.calls))
            await asyncio.sleep(0.1)
            for key in "427#":
                line.press(key)
            await line.until(lambda: llm.requests)
            assert "[entered with the telephone's keys: 4 2 7]" in str(llm.requests[0].messages)
            (call,) = running.server.calls
            assert call.kind == "telephone"
            assert call.about["caller"] == CALLER
            assert call.about["claimed_person"] == "anna"
            assert call.about["person"] == "", "a number proves nothing"


async def test_telephones_hear_the_notice_and_the_numbers_greeting(tmp_path: Path, monkeypatch: Patch) -> None:
    numbers = {CALLED: {"agent": "echo", "greeting": "Hi.", "language": "de"}}
    write_phones(tmp_path, numbers=numbers)
    async with serving(tmp_path, monkeypatch, fake_engines()) as running:
        ringing = await MediaLine.ring(running.port)
        async with ringing as line:
            await line.until(lambda: line.heard)
            (call,) = running.server.calls
            assert call.session is not None
            await line.until(lambda: call.session and "Hi." in str(call.session.dialogue()))
            assert call.session.dialogue()[0].text.startswith("Sie sprechen mit einer künstlichen Intelligenz.")


async def test_the_call_ends_when_the_goodbye_was_heard(tmp_path: Path, monkeypatch: Patch) -> None:
    """Also where the carrier plays later than the server's clock thinks."""
    write_phones(tmp_path)
    llm = FakeLlm(calls_of(ToolCall("c1", "end", "{}"), text="Goodbye then, take care."))
    engines = Engines(vad=FakeVad(), stt=FakeStt("bye"), turn=None, llm=llm, tts={"voice": FakeTts(speed=50)})
    agent = {"llm_model": "m", "voices": {"character": {"model": "voice"}}, "tools": {"end": {"builtin": "hang_up"}}}
    write_agents(tmp_path, echo=agent)
    async with serving(tmp_path, monkeypatch, engines, disclose=()) as running:
        line = await MediaLine.ring(running.port)
        line.delay_s = 0.5
        async with line:
            line.speak(tone(400, 8_000))
            await line.until(lambda: line.close_code is not None)
            assert line.close_code == 1000
            assert not line.waiting, "all that was sent was played"
            assert sum(rms_dbfs(frame) > -100 for _, frame in line.heard) * 20 >= 24 * 50 - 20


async def test_a_carrier_without_marks_does_not_keep_a_call_for_ever(tmp_path: Path, monkeypatch: Patch) -> None:
    write_phones(tmp_path)
    llm = FakeLlm(calls_of(ToolCall("c1", "end", "{}"), text="Goodbye."))
    engines = Engines(vad=FakeVad(), stt=FakeStt("bye"), turn=None, llm=llm, tts={"voice": FakeTts(speed=50)})
    agent = {"llm_model": "m", "voices": {"character": {"model": "voice"}}, "tools": {"end": {"builtin": "hang_up"}}}
    write_agents(tmp_path, echo=agent)
    async with serving(tmp_path, monkeypatch, engines, disclose=()) as running:
        ringing = await MediaLine.ring(running.port)
        ringing.echoes_marks = False
        async with ringing as line:
            line.speak(tone(400, 8_000))
            await line.until(lambda: line.close_code is not None)
            assert not line.waiting


async def test_a_second_start_and_another_stream_are_mistakes_only(tmp_path: Path, monkeypatch: Patch) -> None:
    write_phones(tmp_path)
    async with serving(tmp_path, monkeypatch, fake_engines(), disclose=()) as running:
        ringing = await MediaLine.ring(running.port)
        async with ringing as line:
            await line.until(lambda: line.heard)
            line.start("again")
            line.say({"event": "media", "streamSid": "MZ-other", "media": {"payload": "AAAA", "chunk": "1"}})
            line.say({"event": "stop", "streamSid": "MZ-other"})
            await line.until(lambda: len(line.heard) * 20 >= GREETING_MS)
            assert counted(running, "twilio", "media", "mistake") == 3
            assert running.server.admission.active == 1
            for _ in range(120):
                line.say({"event": "nonsense"})
            await line.until(lambda: line.close_code == 1008)


async def test_a_crowd_of_silent_sockets_does_not_keep_callers_out(tmp_path: Path, monkeypatch: Patch) -> None:
    write_phones(tmp_path)
    async with serving(tmp_path, monkeypatch, fake_engines(), disclose=()) as running:
        crowd = [await RawClient.connect(running.port, "/telephone/twilio/media") for _ in range(WAITING_MAX + 3)]
        for gone in crowd[:3]:
            assert await gone.close_code() == 1008
        ringing = await MediaLine.ring(running.port)
        async with ringing as line:
            await line.until(lambda: line.heard)


async def test_an_edited_file_is_taken_over(tmp_path: Path, monkeypatch: Patch) -> None:
    write_phones(tmp_path)
    async with serving(tmp_path, monkeypatch, fake_engines()) as running:
        new = signed_webhook("twilio", "CA1", called="+4930777777")
        assert "<Reject" in (await post(running.port, "/telephone/twilio/voice", *new))[1]
        write_phones(tmp_path, numbers={"*": {"agent": "echo"}})
        await asyncio.sleep(1.6)  # it is looked at twice a second, and has to stay the same from one look to the next
        again = signed_webhook("twilio", "CA2", called="+4930777777")
        assert "<Connect" in (await post(running.port, "/telephone/twilio/voice", *again))[1]
        (tmp_path / "phones.json").write_text("{")
        await asyncio.sleep(1.5)
        assert running.server._configs.current.phones is not None, "a broken edit changes nothing"


async def test_a_call_is_passed_on_by_twilios_api(tmp_path: Path, monkeypatch: Patch) -> None:
    asked: list[tuple[str, str, str]] = []
    status = [500, 200]

    async def update(request: web.Request) -> web.Response:
        form = await request.post()
        asked.append((request.path, request.headers["Authorization"], str(form["Twiml"])))
        return web.Response(status=status[len(asked) - 1])

    api = web.Application()
    api.router.add_post("/{rest:.*}", update)
    runner = web.AppRunner(api)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    sid = "AC" + "0" * 32
    write_phones(tmp_path, carriers={"twilio": {**ACCOUNTS["twilio"], "account_sid": sid}})
    moves = calls_of(ToolCall("c1", "transfer", '{"target": "desk"}'))
    again = calls_of(ToolCall("c2", "transfer", '{"target": "desk"}'))
    llm = FakeLlm(moves, "I try again.", again, "Done.")
    engines = Engines(vad=FakeVad(), stt=FakeStt("one", "two"), turn=None, llm=llm, tts={"voice": FakeTts(speed=50)})
    tools = {"transfer": {"builtin": "transfer", "targets": {"desk": "+4930999999"}}}
    agent = {"llm_model": "m", "voices": {"character": {"model": "voice"}}, "tools": tools}
    write_agents(tmp_path, echo=agent)
    async with serving(tmp_path, monkeypatch, engines, disclose=()) as running:
        media = running.server.web.by_path["/telephone/twilio/media"]
        object.__setattr__(media.func.__self__, "twilio_api", f"http://127.0.0.1:{port}")  # type: ignore[attr-defined]
        ringing = await MediaLine.ring(running.port)
        async with ringing as line:
            line.speak(tone(300, 8_000))
            await line.until(lambda: len(llm.requests) > 1)
            assert "could not be passed on" in str(llm.requests[1].messages)
            await line.until(lambda: line.heard and not line.waiting)
            line.speak(tone(300, 8_000))
            await line.until(lambda: len(asked) == 2)
    await runner.cleanup()
    path, authorization, twiml = asked[1]
    assert path == f"/2010-04-01/Accounts/{sid}/Calls/{line.call_id}.json"
    assert authorization.startswith("Basic ")
    assert "<Dial>+4930999999</Dial>" in twiml
    assert counted(running, "twilio", "media", "transfer_failed") == 1


async def test_full_servers_unknown_numbers_and_strangers(tmp_path: Path, monkeypatch: Patch) -> None:
    write_phones(tmp_path)
    async with serving(tmp_path, monkeypatch, fake_engines(), max_conversations=1) as running:
        ringing = await MediaLine.ring(running.port)
        async with ringing as line:
            await line.until(lambda: running.server.admission.active)
            busy = {kind: await post(running.port, f"/telephone/{kind}/voice", *signed_webhook(kind, "CA2"))
                    for kind in KINDS}  # fmt: skip
            assert '<Reject reason="busy"/>' in busy["twilio"][1]
            assert '<Reject reason="busy"/>' in busy["telnyx"][1]
            assert '<Hangup reason="busy"/>' in busy["plivo"][1]
            assert busy["vonage"] == (200, "[]")
            assert counted(running, "twilio", "voice", "busy") == 1
        unknown = signed_webhook("twilio", "CA3", called="+4930999999")
        assert '<Reject reason="rejected"/>' in (await post(running.port, "/telephone/twilio/voice", *unknown))[1]
        for kind in KINDS:
            headers, body = signed_webhook(kind, "CA4")
            status, _ = await post(running.port, f"/telephone/{kind}/voice", headers, body + b"&x=1")
            assert status == 403
            assert counted(running, kind, "voice", "unsigned") == 1
            assert (await post(running.port, f"/telephone/{kind}/voice", {}, b""))[0] == 403
        assert (await post(running.port, "/telephone/nobody/voice", {}, b""))[0] == 404
        assert (await post(running.port, "/telephone/twilio/voice", {}, b"x" * 70_000))[0] == 413
        for kind in ("telnyx", "vonage"):
            old = signed_webhook(kind, "CA5", at_s=1_000_000_000)
            assert (await post(running.port, f"/telephone/{kind}/voice", *old))[0] == 403


async def test_strangers_fill_no_log(tmp_path: Path, monkeypatch: Patch, caplog: pytest.LogCaptureFixture) -> None:
    write_phones(tmp_path)
    async with serving(tmp_path, monkeypatch, fake_engines()) as running:
        for _ in range(20):
            assert (await post(running.port, "/telephone/twilio/voice", {}, b"To=%2B1"))[0] == 403
        assert counted(running, "twilio", "voice", "unsigned") == 20
    lines = [record.getMessage() for record in caplog.records if "(unsigned)" in record.getMessage()]
    assert 1 <= len(lines) <= 3
    assert not [record for record in caplog.records if record.name == "voi.audit"]


async def test_a_copied_request_is_not_answered_for_ever(tmp_path: Path, monkeypatch: Patch) -> None:
    write_phones(tmp_path)
    async with serving(tmp_path, monkeypatch, fake_engines()) as running:
        for kind in KINDS:
            webhook = signed_webhook(kind, f"CA-{kind}")
            answers = [await post(running.port, f"/telephone/{kind}/voice", *webhook) for _ in range(4)]
            assert [status for status, _ in answers] == [200, 200, 403, 403]


async def test_sockets_without_a_ticket_of_their_own(tmp_path: Path, monkeypatch: Patch) -> None:
    write_phones(tmp_path)
    async with serving(tmp_path, monkeypatch, fake_engines(), init_timeout_s=1) as running:
        silent = await RawClient.connect(running.port, "/telephone/twilio/media")
        _, document = await post(running.port, "/telephone/twilio/voice", *signed_webhook("twilio", "CA1"))
        path, ticket = stream_of("twilio", document)
        for wrong in ("", "x" * 50, ticket[:-4] + "AAAA", "A" * 5_000):
            client = await RawClient.connect(running.port, path)
            MediaLine("twilio", client, "CA1").start(wrong)
            assert await client.close_code() == 1008
        other = await RawClient.connect(running.port, "/telephone/plivo/media")
        MediaLine("plivo", other, "CA1").start(ticket)
        assert await other.close_code() == 1008, "it was for Twilio"
        _, document = await post(running.port, "/telephone/twilio/voice", *signed_webhook("twilio", "CA2"))
        path, ticket = stream_of("twilio", document)
        async with MediaLine("twilio", await RawClient.connect(running.port, path), "CA2") as line:
            line.start(ticket)
            await line.until(lambda: line.heard)
            again = await RawClient.connect(running.port, path)
            MediaLine("twilio", again, "CA2").start(ticket)
            assert await again.close_code() == 1008, "a ticket opens one socket"
        assert await silent.close_code() == 1008


async def test_hostile_messages_harm_nobody_else(tmp_path: Path, monkeypatch: Patch) -> None:
    """2,500 mutated messages for each carrier."""
    write_phones(tmp_path)
    dice = random.Random(11)
    async with serving(tmp_path, monkeypatch, fake_engines(), disclose=(), max_messages_per_s=10_000) as running:
        ringing = await MediaLine.ring(running.port, "twilio")
        async with ringing as honest:
            for kind in KINDS:
                sent = 0
                while sent < 2_500:
                    call_id = f"CA{dice.getrandbits(64):x}"
                    webhook = signed_webhook(kind, call_id)
                    _, document = await post(running.port, f"/telephone/{kind}/voice", *webhook)
                    path, ticket = stream_of(kind, document)
                    line = MediaLine(kind, await RawClient.connect(running.port, path), call_id)
                    line.start(ticket)
                    for seed in _messages(line) * 30:
                        bad = mutated(seed, dice)
                        binary = kind == "vonage" and dice.random() < 0.3
                        line.client.send(BINARY if binary else TEXT, bad)
                        sent += 1
                    await asyncio.sleep(0)
                    line.client.drop()
            await honest.until(lambda: len(honest.heard) * 20 >= GREETING_MS)
            await honest.until(lambda: running.server.admission.active == 1, 60)
            honest.hang_up()
            await honest.until(lambda: running.server.admission.active == 0)


def _messages(line: MediaLine) -> list[bytes]:
    sid = line.stream_id
    return [json.dumps(each).encode() for each in (
        {"event": "media", "streamSid": sid, "stream_id": sid, "streamId": sid,
         "media": {"chunk": "3", "payload": "f39/f39/"}},
        {"event": "mark", "streamSid": sid, "mark": {"name": "v1"}},
        {"event": "playedStream", "streamId": sid, "name": "v1"},
        {"event": "websocket:notify", "payload": {"name": "v1"}},
        {"event": "dtmf", "streamSid": sid, "dtmf": {"digit": "1"}},
        {"event": "start", "start": {"streamSid": sid, "stream_id": sid, "streamId": sid}},
    )]  # fmt: skip


@pytest.mark.parametrize("kind", ["twilio", "vonage"])
async def test_recorded_speech_over_the_telephone(kind: str, tmp_path: Path, monkeypatch: Patch) -> None:
    """With the embedded engines: recorded speech goes in over the line, and the answer is transcribed back."""
    write_phones(tmp_path)
    async with serving(tmp_path, monkeypatch, turn_engine="none", disclose=()) as running:
        ringing = await MediaLine.ring(running.port, kind)
        async with ringing as line:
            await line.until(lambda: len(line.heard) > 30 and not line.waiting, 60)
            greeting = len(line.heard)
            line.speak(recorded("spk1_snt2.wav", line.rate_hz))
            await line.until(lambda: not line.speaking)
            await line.until(lambda: len(line.heard) > greeting + 60 and not line.waiting, 60)
            await asyncio.sleep(0.3)
            answer = b"".join(frame for _, frame in line.heard[greeting:])
            (call,) = running.server.calls
            assert call.session is not None
            said = [entry.text for entry in call.session.dialogue() if entry.role == "user"]
            assert [each.lower() for each in said] == [SAID]
        moonshine = Moonshine()
        await moonshine.warm_up()
        stream = moonshine.open(SttOptions(), None)
        stream.feed(resample(answer, line.rate_hz, 16_000) + silence(300))
        heard = (await stream.flush()).text.lower()
        assert SequenceMatcher(None, heard, SAID).ratio() > 0.6, heard
        await moonshine.close()
