"""What managers do is on record, and nothing secret with it."""

import logging

import pytest
from starlette.types import Receive, Scope, Send

from voi.server.audit import REFUSED_EVERY_S, Audit, fingerprint

KEY = b"a-key-that-nobody-may-see"


def request(method: str, path: str, key: bytes = KEY) -> Scope:
    headers = [(b"host", b"x")] + ([(b"api-key", key)] if key else [])
    return {"type": "http", "method": method, "path": path, "headers": headers, "client": ("10.1.2.3", 5000)}


class Clock:
    now_s = 7.0

    def __call__(self) -> float:
        return self.now_s


async def audited(*requests: tuple[Scope, int], clock: Clock | None = None) -> None:
    statuses = iter([status for _, status in requests])

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": next(statuses), "headers": []})
        await send({"type": "http.response.body", "body": b""})

    async def receive() -> dict[str, object]:
        return {"type": "http.request"}

    async def send(message: object) -> None:
        pass

    audit = Audit(app, clock=clock or Clock())
    for scope, _ in requests:
        await audit(scope, receive, send)


async def test_changes_are_on_record_and_reads_are_not(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "voi.audit")
    await audited(
        (request("POST", "/integrations/shop"), 200),
        (request("GET", "/metrics"), 200),
        (request("DELETE", "/voices/anna"), 404),
        (request("GET", "/health", b""), 200),
    )
    name = fingerprint(KEY)
    assert caplog.messages == [
        f"POST /integrations/shop from 10.1.2.3 with the key {name}: 200",
        f"DELETE /voices/anna from 10.1.2.3 with the key {name}: 404",
    ]
    assert KEY.decode() not in caplog.text


async def test_what_a_token_was_granted_is_on_record_and_not_whom_it_is_for(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "voi.audit")
    for query in (b"person=anna&own_agents=true", b"own_agents=1&names_people=TRUE", b"own_agents=false"):
        asked = request("POST", "/integrations/shop")
        asked["query_string"] = query
        await audited((asked, 200))
    assert [message.partition(" from ")[0] for message in caplog.messages] == [
        "POST /integrations/shop?own_agents=true",
        "POST /integrations/shop?names_people=true&own_agents=true",
        "POST /integrations/shop",
    ]


async def test_a_key_as_bearer_is_the_same_key(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "voi.audit")
    scope = request("POST", "/voices", b"")
    scope["headers"].append((b"authorization", b"Bearer " + KEY))
    await audited((scope, 201))
    assert caplog.messages == [f"POST /voices from 10.1.2.3 with the key {fingerprint(KEY)}: 201"]


async def test_who_guesses_keys_is_told_of_once_a_second(caplog: pytest.LogCaptureFixture) -> None:
    clock = Clock()
    guess = request("GET", "/metrics", b"guess"), 403
    await audited(*[guess] * 50, (request("POST", "/voices", b""), 401), clock=clock)
    assert caplog.messages == [f"GET /metrics from 10.1.2.3 with the key {fingerprint(b'guess')}: 403"]
    assert caplog.records[0].levelname == "WARNING"


async def test_how_many_were_not_logged_is_told(caplog: pytest.LogCaptureFixture) -> None:
    class Running(Clock):
        def __call__(self) -> float:
            self.now_s += REFUSED_EVERY_S / 4
            return self.now_s

    await audited(*[(request("GET", "/metrics", b""), 401)] * 6, clock=Running())
    assert [message.partition("; ")[2] for message in caplog.messages] == [
        "",
        "3 more were refused since the last line",
    ]


async def test_paths_cannot_forge_a_line(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "voi.audit")
    await audited((request("POST", "/integrations/a\nINFO all is well" + "x" * 500), 400))
    (message,) = caplog.messages
    assert "\n" not in message
    assert len(message) < 300
