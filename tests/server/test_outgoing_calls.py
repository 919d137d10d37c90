"""Calls that Voi makes, through a whole server: ordered over HTTP, dialled by a dialer that is not real, talked."""

import asyncio
import base64
import hmac
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from tests.fakes.dialer import FakeDialer, PhoneInRealTime
from tests.fakes.engines import FakeLlm, FakeStt, FakeTts, FakeVad, calls_of, silence, tone
from tests.server.fakes import API_KEY, SECRET
from tests.server.serving import RunningServer, serving
from voi.dialogue import ToolCall
from voi.engines.startup import Engines
from voi.server.auth import issue_token

pytestmark = pytest.mark.integration
pytest.importorskip("sqlalchemy")

KEY = f"API-Key: {API_KEY}\r\n"
Patch = pytest.MonkeyPatch
ORDER = {"to": "+4930123456", "account": "desk", "agent": "ada"}
HOOK_SECRET = "a-secret-of-the-tests"


def write(folder: Path, agent: dict[str, Any] | None = None, **outgoing: Any) -> None:
    account = {"calls_per_second": 50, "calls_at_once": 5, **outgoing.pop("account", {})}
    phones = {
        "public_url": "https://x.example",
        "outgoing": {"accounts": {"desk": account}, "allow": ["+49*"], **outgoing},
    }
    (folder / "phones.json").write_text(json.dumps(phones))
    usual = {"llm_model": "m", "voices": {"character": {"model": "voice"}}, "greetings": {"choices": ["Good day."]}}
    (folder / "agents.json").write_text(json.dumps({"ada": {**usual, **(agent or {})}}))
    (folder / "tts_models.json").write_text(json.dumps({"voice": {"engine": "espeak"}}))


def engines(*heard: str, llm: FakeLlm | None = None) -> Engines:
    return Engines(
        vad=FakeVad(), stt=FakeStt(*heard), turn=None, llm=llm or FakeLlm("Fine."), tts={"voice": FakeTts(speed=50)}
    )


def settings(folder: Path, **more: Any) -> dict[str, Any]:
    return {"store": "words", "store_url": f"sqlite:{folder}/voi.db", "disclose": (), **more}


async def ask(running: RunningServer, method: str, path: str, body: Any = None, headers: str = KEY) -> tuple[int, Any]:
    status, _, answer = await running.http(method, path, headers, body)
    return status, json.loads(answer)


async def until(condition: Callable[[], Any], timeout_s: float = 60) -> None:
    async with asyncio.timeout(timeout_s):
        while not condition():  # noqa: ASYNC110
            await asyncio.sleep(0.02)


async def over(running: RunningServer, order_id: str) -> Any:
    async with asyncio.timeout(60):
        while True:
            _, found = await ask(running, "GET", f"/calls/{order_id}")
            if found["state"] == "over":
                return found
            await asyncio.sleep(0.05)


def counted(running: RunningServer, name: str, **labels: str) -> float:
    return running.server.metrics.registry.get_sample_value(name, labels) or 0.0


async def test_a_person_is_rung_up_greeted_and_answered(tmp_path: Path, monkeypatch: Patch) -> None:
    write(tmp_path, {"system_prompt": "You call {vars:name}."})
    llm = FakeLlm("Fine, thank you.")
    async with serving(
        tmp_path, monkeypatch, engines("hello", "how are you", llm=llm), **settings(tmp_path)
    ) as running:
        dialer = FakeDialer(ring_s=0.05)
        running.server.outgoing.dialers.sources.insert(0, {"desk": dialer}.get)
        status, made = await ask(
            running, "POST", "/calls", {**ORDER, "variables": {"name": "Anna"}, "metadata": {"a": [1]}}
        )
        assert (status, made["state"]) == (201, "queued")
        await until(lambda: dialer.phones)
        (phone,) = dialer.phones
        await asyncio.sleep(0.6)
        assert not phone.heard, "nothing is said before they have said hello"
        phone.say(tone(250, 8_000) + silence(200, 8_000))
        await until(lambda: len(phone.heard) >= 9 * 50 * 16)  # Good day.
        await asyncio.sleep(0.3)
        phone.say(tone(600, 8_000) + silence(1_500, 8_000))
        await until(lambda: llm.requests and len(phone.heard) > 20 * 50 * 16)
        assert llm.requests[0].messages[0].text == "You call Anna."
        (call,) = running.server.calls
        assert call.about["caller"] == "+4930123456"
        phone.leave()
        found = await over(running, made["id"])
        assert (found["outcome"], found["taken_by"], found["metadata"]) == ("answered", "person", {"a": [1]})
        assert found["duration_s"] > 1
        assert [line["text"] for line in found["transcript"]][:3] == ["hello", "Good day.", "how are you"]
        assert running.server.admission.active == 0
        await until(lambda: phone.closed)


async def test_the_hello_is_answered_within_the_usual_gap(tmp_path: Path, monkeypatch: Patch) -> None:
    write(tmp_path)
    async with serving(tmp_path, monkeypatch, engines("hello"), **settings(tmp_path)) as running:
        dialer = FakeDialer()
        running.server.outgoing.dialers.sources.insert(0, {"desk": dialer}.get)
        await ask(running, "POST", "/calls", ORDER)
        await until(lambda: dialer.phones)
        (phone,) = dialer.phones
        phone.say(silence(300, 8_000) + tone(400, 8_000))
        await until(lambda: not phone.said)
        ended_s = asyncio.get_running_loop().time()
        await until(lambda: phone.heard_at)
        gap_s = phone.heard_at[0] - ended_s
        print(f"the greeting came {gap_s * 1_000:.0f} ms after their hello")
        assert gap_s < 1.5  # 420 ms of silence, and what a busy machine adds
        phone.leave()
        await until(lambda: running.server.admission.active == 0)


@pytest.mark.parametrize(
    ("behaviour", "outcome"),
    [
        ("busy", "busy"), ("no_answer", "no_answer"), ("refused", "refused"), ("unreachable", "unreachable"),
        ("failed", "failed"), ("breaks", "failed"), ("gone at once", "answered"),
    ],
)  # fmt: skip
async def test_what_may_come_of_a_call(behaviour: Any, outcome: str, tmp_path: Path, monkeypatch: Patch) -> None:
    write(tmp_path)
    async with serving(tmp_path, monkeypatch, engines(), **settings(tmp_path)) as running:
        running.server.outgoing.dialers.sources.insert(0, {"desk": FakeDialer(behaviour)}.get)
        _, made = await ask(running, "POST", "/calls", ORDER)
        found = await over(running, made["id"])
        assert found["outcome"] == outcome
        assert "\n" not in (found["cause"] or "")
        assert running.server.admission.active == 0
        assert counted(running, "voi_outgoing_calls_total", outcome=outcome) == 1


async def test_a_voicemail_is_left_a_message_after_the_beep(tmp_path: Path, monkeypatch: Patch) -> None:
    import math
    import struct

    machines = {"on_voicemail": "leave_message", "message": "This is Ada. Please call {vars:shop} back."}
    write(tmp_path, machines=machines)
    heard = engines("hello this is the mailbox of anna please leave a message after the tone")
    async with serving(tmp_path, monkeypatch, heard, **settings(tmp_path)) as running:
        dialer = FakeDialer()
        running.server.outgoing.dialers.sources.insert(0, {"desk": dialer}.get)
        _, made = await ask(running, "POST", "/calls", {**ORDER, "variables": {"shop": "the shop"}})
        await until(lambda: dialer.phones)
        (phone,) = dialer.phones
        phone.say(silence(300, 8_000) + tone(3_000, 8_000) + silence(600, 8_000))
        await until(lambda: not phone.said)
        assert not phone.heard, "nothing is said into an announcement"
        beep = b"".join(struct.pack("<h", round(600 * math.sin(2 * math.pi * 1_000 * i / 8_000))) for i in range(4_000))
        phone.say(beep)
        found = await over(running, made["id"])
        assert (found["outcome"], found["taken_by"]) == ("voicemail", "voicemail")
        assert found["transcript"][-1]["text"] == "This is Ada. Please call the shop back."
        assert len(phone.heard) >= 38 * 50 * 16 * 0.9, "it was heard to its end"
        assert phone.ended


async def test_a_call_is_cancelled_queued_ringing_and_talking(tmp_path: Path, monkeypatch: Patch) -> None:
    write(tmp_path)
    async with serving(tmp_path, monkeypatch, engines(), **settings(tmp_path)) as running:
        _, waits = await ask(running, "POST", "/calls", ORDER)
        assert (await ask(running, "DELETE", f"/calls/{waits['id']}"))[1]["outcome"] == "cancelled"
        late, ringing = FakeDialer("answers late"), FakeDialer(ring_s=30)
        for dialer in (ringing, late):
            running.server.outgoing.dialers.sources.insert(0, {"desk": dialer}.get)
            _, made = await ask(running, "POST", "/calls", ORDER)
            await until(lambda dialer=dialer: dialer.dials)
            await ask(running, "DELETE", f"/calls/{made['id']}")
            assert (await over(running, made["id"]))["outcome"] == "cancelled"
            await until(lambda: running.server.admission.active == 0)
        await until(lambda: late.phones and late.phones[0].ended)  # answered too late: hung up at once
        talking = FakeDialer()
        running.server.outgoing.dialers.sources.insert(0, {"desk": talking}.get)
        _, made = await ask(running, "POST", "/calls", ORDER)
        await until(lambda: talking.phones and len(running.server.calls))
        await asyncio.sleep(0.1)
        await ask(running, "DELETE", f"/calls/{made['id']}")
        await over(running, made["id"])
        assert talking.phones[0].ended
        assert running.server.admission.active == 0
        assert (await ask(running, "DELETE", "/calls/unknown"))[0] == 404


async def test_who_may_order_what(tmp_path: Path, monkeypatch: Patch) -> None:
    write(tmp_path, apps=["shop"], consent_required=True, deny=["+4930999*"])
    async with serving(tmp_path, monkeypatch, engines(), **settings(tmp_path)) as running:
        order = {**ORDER, "consent": "form 7"}
        assert (await ask(running, "POST", "/calls", order, ""))[0] == 401
        assert (await ask(running, "POST", "/calls", order, "API-Key: wrong\r\n"))[0] == 403
        bank = f"Authorization: Bearer {issue_token('bank', SECRET)}\r\n"
        shop = f"Authorization: Bearer {issue_token('shop', SECRET)}\r\n"
        assert (await ask(running, "POST", "/calls", order, bank))[0] == 403
        status, made = await ask(running, "POST", "/calls", order, shop)
        assert (status, made["app"]) == (201, "shop")
        status, other = await ask(running, "POST", "/calls", order)
        assert (await ask(running, "GET", f"/calls/{other['id']}", None, shop))[0] == 404, "another app's"
        assert [each["id"] for each in (await ask(running, "GET", "/calls", None, shop))[1]["calls"]] == [made["id"]]
        for change, wrong in (
            ({"consent": ""}, 400), ({"to": "+33123456789"}, 403), ({"to": "+4930999123"}, 403),
            ({"to": "+49900123456"}, 403), ({"to": "030123456"}, 400), ({"to": "sip:112@pbx.example"}, 403),
            ({"agent": "nobody"}, 400), ({"account": "other"}, 400), ({"caller_id": "+49301"}, 400),
            ({"webhook": "http://127.0.0.1/"}, 400), ({"first": "text"}, 400), ({"x": 1}, 400),
        ):  # fmt: skip
            assert (await ask(running, "POST", "/calls", {**order, **change}))[0] == wrong, change
        once = {**order, "idempotency_key": "k1"}
        first, second = [await ask(running, "POST", "/calls", once) for _ in range(2)]
        assert (first[0], second[0], first[1]["id"]) == (201, 200, second[1]["id"])
        assert (await ask(running, "POST", "/calls", {**once, "agent": "ada", "person": "x"}))[0] == 409
        assert counted(running, "voi_outgoing_orders_refused_total", reason="premium") == 1


async def test_never_again_by_the_agents_tool(tmp_path: Path, monkeypatch: Patch, caplog: Any) -> None:
    write(tmp_path, {"tools": {"stop_calling": {"builtin": "never_call_again"}}})
    llm = FakeLlm(calls_of(ToolCall("c1", "stop_calling", "{}")), "Goodbye.")
    async with serving(tmp_path, monkeypatch, engines("never call me again", llm=llm), **settings(tmp_path)) as running:
        dialer = FakeDialer()
        running.server.outgoing.dialers.sources.insert(0, {"desk": dialer}.get)
        _, made = await ask(running, "POST", "/calls", {**ORDER, "first": "wait"})
        _, later = await ask(running, "POST", "/calls", {**ORDER, "not_before": 9_999_999_999})
        await until(lambda: dialer.phones)
        (phone,) = dialer.phones
        phone.say(silence(200, 8_000) + tone(800, 8_000))
        await until(lambda: phone.heard)
        phone.leave()
        await over(running, made["id"])
        assert (await over(running, later["id"]))["outcome"] == "not_allowed"
        assert (await ask(running, "POST", "/calls", ORDER))[0] == 403
        assert "30123456" not in caplog.text
        status, _ = await ask(running, "POST", "/calls/never", {"number": "+4930 777777"})
        assert status == 201
        assert (await ask(running, "POST", "/calls", {**ORDER, "to": "tel:+49-30-777777"}))[0] == 403


async def test_a_webhook_is_told_signed_and_again(tmp_path: Path, monkeypatch: Patch) -> None:
    monkeypatch.setenv("CALLS_SECRET", HOOK_SECRET)
    monkeypatch.setattr("voi.calls.post_call.runner.WAITS_S", (0.1,) * 8)
    got: list[tuple[Any, bytes]] = []

    async def receive(request: web.Request) -> web.Response:
        got.append((request.headers, await request.read()))
        return web.Response(status=500 if len(got) == 1 else 200)

    receiver = web.Application()
    receiver.router.add_post("/calls/done", receive)
    runner = web.AppRunner(receiver)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    address = f"http://127.0.0.1:{runner.addresses[0][1]}/calls/"
    write(tmp_path, webhook_secret="${CALLS_SECRET}", webhooks=[address])
    try:
        async with serving(tmp_path, monkeypatch, engines(), **settings(tmp_path)) as running:
            running.server.outgoing.dialers.sources.insert(0, {"desk": FakeDialer("busy")}.get)
            for wrong in ("${CALLS_SECRET}", "../admin"):  # else a token reads the server's environment
                status, _ = await ask(running, "POST", "/calls", {**ORDER, "webhook": f"{address}{wrong}"})
                assert status == 400
            _, made = await ask(running, "POST", "/calls", {**ORDER, "webhook": f"{address}done", "metadata": {"n": 7}})
            await until(lambda: len(got) == 2)
        headers, body = got[1]
        told = json.loads(body)
        assert (told["type"], told["data"]["id"], told["data"]["outcome"]) == ("call_order.ended", made["id"], "busy")
        assert told["data"]["metadata"] == {"n": 7}
        signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
        right = base64.b64encode(hmac.digest(HOOK_SECRET.encode(), signed, "sha256")).decode()
        assert headers["webhook-signature"] == f"v1,{right}"
        assert got[0][0]["webhook-id"] == headers["webhook-id"]
    finally:
        await runner.cleanup()


async def test_calls_a_second_and_at_once(tmp_path: Path, monkeypatch: Patch) -> None:
    write(tmp_path, account={"calls_per_second": 10, "calls_at_once": 2})
    async with serving(tmp_path, monkeypatch, engines(), **settings(tmp_path)) as running:
        dialer = FakeDialer("no_answer", ring_s=0.3)
        running.server.outgoing.dialers.sources.insert(0, {"desk": dialer}.get)
        made = [(await ask(running, "POST", "/calls", {**ORDER, "to": f"+4930100{n}"}))[1]["id"] for n in range(6)]
        for order_id in made:
            await over(running, order_id)
        assert dialer.most_ringing == 2
        assert [dial.destination for dial in dialer.dials] == [f"+4930100{n}" for n in range(6)], (
            "first come, first served"
        )
        # the exact distances are tried in virtual time; here other work of the machine lies between turn and dialling
        assert dialer.dialled_at[-1] - dialer.dialled_at[0] >= 0.45


async def test_queued_calls_outlive_the_server_and_none_is_dialled_twice(tmp_path: Path, monkeypatch: Patch) -> None:
    write(tmp_path, account={"calls_at_once": 1})
    async with serving(tmp_path, monkeypatch, engines(), **settings(tmp_path)) as running:
        dialer = FakeDialer(ring_s=60)
        running.server.outgoing.dialers.sources.insert(0, {"desk": dialer}.get)
        _, rings = await ask(running, "POST", "/calls", ORDER)
        _, waits = await ask(running, "POST", "/calls", {**ORDER, "to": "+4930200"})
        await until(lambda: dialer.dials)
    async with serving(tmp_path, monkeypatch, engines(), **settings(tmp_path)) as running:
        dialer = FakeDialer("busy")
        running.server.outgoing.dialers.sources.insert(0, {"desk": dialer}.get)
        assert (await over(running, rings["id"]))["outcome"] == "interrupted"
        assert (await over(running, waits["id"]))["outcome"] == "busy"
        assert [dial.destination for dial in dialer.dials] == ["+4930200"]


async def test_without_a_store_no_calls_are_made(tmp_path: Path, monkeypatch: Patch) -> None:
    write(tmp_path)
    async with serving(tmp_path, monkeypatch, engines(), disclose=()) as running:
        assert (await ask(running, "POST", "/calls", ORDER))[0] == 503
        assert (await ask(running, "GET", "/calls"))[0] == 503


async def test_the_first_words_at_once(tmp_path: Path, monkeypatch: Patch) -> None:
    write(tmp_path)
    async with serving(tmp_path, monkeypatch, engines(), **settings(tmp_path, disclose=("telephone",))) as running:
        phones: list[PhoneInRealTime] = []
        running.server.outgoing.dialers.sources.insert(0, {"desk": FakeDialer(on_answer=phones.append)}.get)
        order = {**ORDER, "when": "at_once", "first": "text", "text": "Hello {vars:n}.", "variables": {"n": "Anna"}}
        _, made = await ask(running, "POST", "/calls", order)
        await until(lambda: phones and phones[0].heard)
        await asyncio.sleep(4.5)
        phones[0].leave()
        said = [line["text"] for line in (await over(running, made["id"]))["transcript"] if line["role"] == "assistant"]
        assert said[-1] == "Hello Anna."
        assert len(said) == 2, "the notice comes first"
