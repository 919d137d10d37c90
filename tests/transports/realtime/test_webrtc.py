"""Conversations of a Realtime client over WebRTC with a whole server: aiortc in the same process, over real sockets."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("aiortc")

from tests.fakes.engines import FakeLlm, calls_of, silence, tone
from tests.server.fakes import SECRET
from tests.server.serving import RunningServer, serving
from tests.transports.realtime.rtc_client import RtcClient, post_offer, tone_engines
from tests.transports.realtime.test_functions import WEATHER, write_agents
from voi.dialogue import ToolCall
from voi.server.auth import issue_token
from voi.session.events import SoundCleared
from voi.transports.webrtc import peer as peers

pytestmark = pytest.mark.integration
Patch = pytest.MonkeyPatch
SPOKEN_MS = 50
"""Sound of one letter of the fake voice."""


@asynccontextmanager
async def talking(running: RunningServer, model: str = "echo", **session: Any) -> AsyncIterator[RtcClient]:
    client = await RtcClient.connect(running, model)
    try:
        if session:
            client.send("session.update", session={"type": "realtime", **session})
            await client.until("session.updated")
        yield client
    finally:
        await client.close()


async def left(running: RunningServer, timeout_s: float = 5.0) -> None:
    """Nothing of any call is left."""
    server = running.server
    async with asyncio.timeout(timeout_s):
        while len(server.calls) or server.web.webrtc.live or len(server.calls.services.tasks):  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    assert server.admission.active == 0
    names = [task.get_name() for task in asyncio.all_tasks()]
    assert not [name for name in names if "sound out" in name or "reports" in name]


def failures(running: RunningServer, step: str) -> float:
    return running.server.metrics.registry.get_sample_value("voi_webrtc_failures_total", {"step": step}) or 0.0


def voice(ms: int) -> bytes:
    return tone(ms, 24_000)


def quiet(ms: int) -> bytes:
    return silence(ms, 24_000)


TRANSCRIBED: dict[str, Any] = {"input": {"transcription": {"model": "whisper-1"}}}


async def test_speech_in_and_a_spoken_answer(tmp_path: Path, monkeypatch: Patch) -> None:
    async with serving(tmp_path, monkeypatch, tone_engines("one two three four")) as running:
        async with talking(running, audio=TRANSCRIBED) as client:
            client.speak(voice(800))
            await client.until("output_audio_buffer.stopped")
            kinds = [event["type"] for event in client.log]
            assert "response.output_audio.delta" not in kinds
            assert kinds.index("output_audio_buffer.started") < kinds.index("output_audio_buffer.stopped")
            done = client.all("response.done")[0]["response"]
            assert done["status"] == "completed"
            assert done["output"][0]["content"] == [{"type": "output_audio", "transcript": "one two three four"}]
            assert client.all("output_audio_buffer.started")[0]["response_id"] == done["id"]
            completed = client.all("conversation.item.input_audio_transcription.completed")
            assert [each["transcript"] for each in completed] == ["one two three four"]
            await client.until(lambda: client.heard_ms > 600, timeout_s=60)
            assert client.heard_ms == pytest.approx(18 * SPOKEN_MS, abs=120)
        await left(running)
        assert failures(running, "lost") == 0
        received = running.server.metrics.registry.get_sample_value("voi_webrtc_packets_total", {"fate": "received"})
        assert received is not None
        assert received > 50


async def test_voice_over_the_answer_stops_it_within_a_packet(tmp_path: Path, monkeypatch: Patch) -> None:
    engines = tone_engines("tell me a very long story about the sea now please", "stop it now please")
    async with serving(tmp_path, monkeypatch, engines) as running:
        async with talking(running, audio=TRANSCRIBED) as client:
            client.speak(voice(2_000))
            await client.until(lambda: client.heard_ms > 300)
            sent: list[bool] = []
            (live,) = running.server.web.webrtc.live.values()
            mouth = live._sound.mouth
            take = mouth._next_sound

            def watched() -> bytes | None:
                pcm = take()
                sent.append(pcm is not None)
                return pcm

            clear = mouth.clear

            def cleared(message_id: int) -> None:
                sent.clear()
                clear(message_id)

            monkeypatch.setattr(mouth, "_next_sound", watched)
            monkeypatch.setattr(mouth, "clear", cleared)
            client.speak(voice(700))
            await client.until("output_audio_buffer.cleared")
            cleared_at = len(client.loud)
            await client.until(lambda: client.all("response.done"))
            done = client.all("response.done")[-1]["response"]
            assert done["status_details"] == {"type": "cancelled", "reason": "turn_detected"}
            assert client.all("output_audio_buffer.cleared")[-1]["response_id"] == done["id"]
            await asyncio.sleep(0.5)
            assert len(client.loud) - cleared_at < 20  # what the client's own buffer held
            assert not any(sent[:10])
            (item,) = done["output"]
            client.send("conversation.item.truncate", item_id=item["id"], content_index=0, audio_end_ms=520)
            await client.until("conversation.item.truncated")
        await left(running)


async def test_the_client_clears_the_sound(tmp_path: Path, monkeypatch: Patch) -> None:
    async with serving(tmp_path, monkeypatch, tone_engines()) as running:
        async with talking(running) as client:
            client.send(
                "conversation.item.create",
                item={
                    "type": "message", "role": "user",
                    "content": [{"type": "input_text", "text": "Tell me all about the sea and what lives in it."}],
                },
            )  # fmt: skip
            client.send("response.create")
            await client.until("output_audio_buffer.started")
            await asyncio.sleep(0.3)
            client.send("output_audio_buffer.clear")
            await client.until("output_audio_buffer.cleared")
            await client.until(lambda: client.all("response.done"))
            done = client.all("response.done")[-1]["response"]
            assert done["status_details"] == {"type": "cancelled", "reason": "client_cancelled"}
        await left(running)


async def test_what_was_sent_keeps_pace_with_the_conversations_clock(tmp_path: Path, monkeypatch: Patch) -> None:
    """The conversation counts sound as heard by its own clock. The sender keeps to it within two packets."""
    async with serving(tmp_path, monkeypatch, tone_engines()) as running:
        async with talking(running) as client:
            words = "one two three four five six seven eight nine ten eleven twelve"
            content = [{"type": "input_text", "text": words}]
            client.send("conversation.item.create", item={"type": "message", "role": "user", "content": content})
            client.send("response.create")
            await client.until("output_audio_buffer.started")
            (live,) = running.server.web.webrtc.live.values()
            door, mouth = live._client.door, live._sound.mouth
            apart = []
            for _ in range(15):
                await asyncio.sleep(0.1)
                playing = door.agent.playing_id
                if playing is not None and door.session is not None:
                    played_ms = door.session._playback.heard_ms(playing)
                    sent_ms = mouth.sent_ms(playing)
                    apart.append((played_ms or 0) - (sent_ms or 0))
            assert len(apart) > 10
            assert sorted(map(abs, apart))[len(apart) // 2] <= 40
        await left(running)


async def test_what_was_heard_of_a_stopped_answer_is_what_was_sent(tmp_path: Path, monkeypatch: Patch) -> None:
    async with serving(tmp_path, monkeypatch, tone_engines()) as running:
        async with talking(running) as client:
            words = "one two three four five six seven eight nine ten eleven twelve"
            content = [{"type": "input_text", "text": words}]
            client.send("conversation.item.create", item={"type": "message", "role": "user", "content": content})
            client.send("response.create")
            await client.until("output_audio_buffer.started")
            (live,) = running.server.web.webrtc.live.values()
            door, mouth = live._client.door, live._sound.mouth
            heard: list[tuple[int, int | None]] = []
            tell = door.tell

            def told(event: Any) -> None:
                if isinstance(event, SoundCleared):
                    heard.append((event.played_ms, mouth.sent_ms(event.message_id)))
                tell(event)

            monkeypatch.setattr(door, "tell", told)
            await asyncio.sleep(0.7)
            client.send("response.cancel")
            await client.until("output_audio_buffer.cleared")
            ((played_ms, sent_ms),) = heard
            assert sent_ms is not None
            assert sent_ms > 300
            assert 0 <= played_ms - sent_ms <= 20  # within the packet that is on its way
        await left(running)


async def test_a_function_of_the_client(tmp_path: Path, monkeypatch: Patch) -> None:
    write_agents(tmp_path)
    llm = FakeLlm(calls_of(ToolCall("a", "get_weather", '{"place":"Rome"}')), "It is sunny in Rome.")
    engines = replace(tone_engines("how is the weather there"), llm=llm)
    async with serving(tmp_path, monkeypatch, engines) as running:
        async with talking(running, "friend", audio=TRANSCRIBED, tools=[WEATHER]) as client:
            client.speak(voice(800))
            await client.until("response.done")
            (call,) = client.all("response.done")[-1]["response"]["output"]
            assert (call["type"], call["name"]) == ("function_call", "get_weather")
            output = {"type": "function_call_output", "call_id": call["call_id"], "output": "sunny"}
            client.send("conversation.item.create", item=output)
            client.send("response.create")
            await client.until("output_audio_buffer.stopped")
            done = client.all("response.done")[-1]["response"]
            assert done["output"][0]["content"][0]["transcript"] == "It is sunny in Rome."
            assert client.heard_ms > 300
        await left(running)


async def test_the_form_of_the_sdk_and_a_client_secret(tmp_path: Path, monkeypatch: Patch) -> None:
    async with serving(tmp_path, monkeypatch, tone_engines()) as running:
        token = issue_token("test", SECRET)
        wish = {"session": {"type": "realtime", "model": "echo", "instructions": "Be brief."}}
        status, _, body = await running.http(
            "POST", "/v1/realtime/client_secrets", f"Authorization: Bearer {token}\r\n", wish
        )
        assert status == 200
        client = await RtcClient.connect(running, model="", key=json.loads(body)["value"])
        assert client.all("session.created")[0]["session"]["instructions"] == "Be brief."
        await client.close()
        other = RtcClient()
        form = (
            '--b\r\nContent-Disposition: form-data; name="sdp"\r\nContent-Type: application/sdp\r\n\r\n'
            f"{await other.offer()}\r\n"
            '--b\r\nContent-Disposition: form-data; name="session"\r\nContent-Type: application/json\r\n\r\n'
            '{"type": "realtime", "model": "echo", "instructions": "Be long."}\r\n--b--\r\n'
        )
        wrong = form.replace('"Be long."', "3")
        status, _, body = await post_offer(running, wrong.encode(), query="", kind="multipart/form-data; boundary=b")
        assert (status, json.loads(body)["error"]["param"]) == (400, "session.instructions")
        status, headers, body = await post_offer(
            running, form.encode(), query="", kind="multipart/form-data; boundary=b"
        )
        assert status == 201, body
        from aiortc import RTCSessionDescription

        await other.peer.setRemoteDescription(RTCSessionDescription(body.decode(), "answer"))
        await other.until("session.created")
        assert other.all("session.created")[0]["session"]["instructions"] == "Be long."
        status, _, _ = await running.http(
            "POST", headers["location"] + "/hangup", f"Authorization: Bearer {issue_token('another', SECRET)}\r\n"
        )
        assert status == 404
        status, _, _ = await running.http("POST", headers["location"] + "/hangup", f"Authorization: Bearer {token}\r\n")
        assert status == 200
        await left(running)
        await other.close()


async def test_offers_that_cannot_be_taken(tmp_path: Path, monkeypatch: Patch) -> None:
    async with serving(tmp_path, monkeypatch, tone_engines(), max_conversations=1) as running:
        silent, mute = RtcClient(), RtcClient()
        no_track, no_channel = await silent.offer(microphone=False), await mute.offer(channel=False)
        good_client = RtcClient()
        good = await good_client.offer()
        for body, kind, query, key, status, words in (
            (b"hello", "application/sdp", "?model=echo", "", 400, "no SDP"),
            (b"\xff\xfe", "application/sdp", "?model=echo", "", 400, "UTF-8"),
            (b"v=0\r\n" + b"a=x\r\n" * 20_000, "application/sdp", "?model=echo", "", 413, "64 KiB"),
            (b"v=0\r\n" + b"a=x\r\n" * 5_000, "application/sdp", "?model=echo", "", 400, "lines"),
            (b"{}", "application/json", "?model=echo", "", 415, "application/sdp"),
            (no_track.encode(), "application/sdp", "?model=echo", "", 400, "no audio track"),
            (no_channel.encode(), "application/sdp", "?model=echo", "", 400, "no data channel"),
            (good.replace("opus", "speex").encode(), "application/sdp", "?model=echo", "", 400, "no Opus"),
            (good.encode(), "application/sdp", "?model=nobody", "", 404, "nobody"),
            (good.encode(), "application/sdp", "?model=echo", "wrong", 401, ""),
            (good.encode(), "application/sdp", "?model=echo", "ek_wrong", 401, ""),
        ):
            got, _, answer = await post_offer(running, body, kind=kind, query=query, key=key)
            assert got == status, (words, answer)
            assert words in json.loads(answer)["error"]["message"]
        await left(running)
        async with talking(running):
            status, _, answer = await post_offer(running, good.encode())
            assert status == 503
            assert json.loads(answer)["error"]["code"] == "no_place"
        await left(running)
        for client in (silent, mute, good_client):
            await client.close()


async def test_behind_a_nat_the_address_in_front_of_it_is_told(tmp_path: Path, monkeypatch: Patch) -> None:
    monkeypatch.setattr(peers, "ICE_S", 0.2)
    async with serving(tmp_path, monkeypatch, tone_engines(), webrtc_external_address="203.0.113.7") as running:
        client = RtcClient()
        _, _, body = await post_offer(running, (await client.offer()).encode())
        found = [line.split() for line in body.decode().splitlines() if line.startswith("a=candidate:")]
        ports = {each[5] for each in found if each[4] == "203.0.113.7"}
        assert ports
        assert ports <= {each[5] for each in found if each[4] != "203.0.113.7"}
        await left(running)
        await client.close()


async def test_a_client_that_never_connects_gives_its_place_back(
    tmp_path: Path, monkeypatch: Patch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(peers, "ICE_S", 0.3)
    caplog.set_level(logging.INFO)
    async with serving(tmp_path, monkeypatch, tone_engines()) as running:
        client = RtcClient()
        status, _, _ = await post_offer(running, (await client.offer()).encode())
        assert status == 201
        assert running.server.admission.active == 1
        await left(running)
        lines = [record.getMessage() for record in caplog.records if "no_door" in record.getMessage()]
        assert len(lines) == 1
        assert "within 0.3 s: ice" in lines[0]
        assert failures(running, "ice") == 1
        await client.close()


async def test_a_client_that_vanishes_ends_its_call(
    tmp_path: Path, monkeypatch: Patch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(peers, "SILENT_S", 1.0)
    monkeypatch.setattr(peers, "REPORT_S", 0.2)
    caplog.set_level(logging.INFO)
    async with serving(tmp_path, monkeypatch, tone_engines()) as running, talking(running) as other:
        client = await RtcClient.connect(running)
        assert running.server.admission.active == 2
        ice = client.peer.sctp.transport.transport._connection
        for protocol in ice._protocols:
            protocol.transport.pause_reading = lambda: None
            monkeypatch.setattr(protocol, "send_data", _nothing)
            monkeypatch.setattr(protocol, "send_stun", lambda message, address: None)
        async with asyncio.timeout(30):
            while running.server.admission.active == 2:  # noqa: ASYNC110
                await asyncio.sleep(0.05)
        lines = [each.getMessage() for each in caplog.records if "WebRTC connection" in each.getMessage()]
        assert len(lines) == 1
        assert "has sent nothing for 1 s" in lines[0]
        assert failures(running, "lost") == 1
        other.send("response.create")
        await other.until("response.done")
        await client.close()


async def _nothing(*_: Any) -> None: ...


async def test_hostile_events_and_channels(tmp_path: Path, monkeypatch: Patch) -> None:
    async with serving(tmp_path, monkeypatch, tone_engines()) as running, talking(running) as other:
        async with talking(running) as client:
            client.channel.send("not json")
            await client.until("error")
            client.channel.send(b"\xff\x00")
            await client.until("error")
            for index in range(8):
                client.peer.createDataChannel(f"more{index}")
            async with asyncio.timeout(30):
                while running.server.admission.active == 2:  # noqa: ASYNC110
                    await asyncio.sleep(0.02)
        async with talking(running) as client:
            for _ in range(400):
                client.channel.send("{}")
            async with asyncio.timeout(30):
                while running.server.admission.active == 2:  # noqa: ASYNC110
                    await asyncio.sleep(0.02)
        other.send("response.create")
        await other.until("response.done")
