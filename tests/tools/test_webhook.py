"""Webhooks: signed so that receivers can check them, and bounded."""

import base64
import hmac
from collections.abc import AsyncIterator

import pytest
from aiohttp import web

from tests.fakes.services import FakeService
from voi.config.post_call import Webhook
from voi.errors import ConfigError
from voi.tools.base import ToolFailed
from voi.tools.clients import HttpClients
from voi.tools.webhook import WebhookGone, WebhookSender, signature, signing_key

pytestmark = pytest.mark.asyncio

SECRET = "a-secret-of-the-tests"


class Receiver(FakeService):
    def __init__(self) -> None:
        super().__init__()
        self.got: list[tuple[dict[str, str], bytes]] = []

    async def answer(self, request: web.Request) -> web.Response:
        self.got.append(({name.lower(): value for name, value in request.headers.items()}, await request.read()))
        return web.Response(status=204)


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with Receiver() as receiver:
        yield receiver


@pytest.fixture
async def sender(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[WebhookSender]:
    monkeypatch.setenv("HOOK_SECRET", SECRET)
    clients = HttpClients()
    hook = Webhook(url=f"{receiver.url}/calls", secret="${HOOK_SECRET}", headers={"X-Team": "desk"})
    yield WebhookSender(hook, clients, "here")
    await clients.close()


async def test_a_receiver_can_check_what_it_gets(receiver: Receiver, sender: WebhookSender) -> None:
    await sender.send("msg_1", b'{"a":1}', 1_700_000_000)
    ((headers, body),) = receiver.got
    assert body == b'{"a":1}'
    assert (headers["webhook-id"], headers["idempotency-key"]) == ("msg_1", "msg_1")
    assert (headers["webhook-timestamp"], headers["x-team"]) == ("1700000000", "desk")
    right = base64.b64encode(hmac.digest(SECRET.encode(), b'msg_1.1700000000.{"a":1}', "sha256")).decode()
    assert headers["webhook-signature"] == f"v1,{right}"


async def test_the_signature_is_that_of_the_standard() -> None:
    """The example of the specification: https://github.com/standard-webhooks/standard-webhooks"""
    key = signing_key("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "here")
    body = b'{"test": 2432232314}'
    made = signature(key, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, body)
    assert made == "g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


@pytest.mark.parametrize("status", [301, 400, 401, 404, 429, 500, 503])
async def test_what_was_not_taken_has_failed(receiver: Receiver, sender: WebhookSender, status: int) -> None:
    receiver.answers = [web.Response(status=status, headers={"Retry-After": "7", "Location": f"{receiver.url}/other"})]
    with pytest.raises(ToolFailed, match=f"HTTP {status}") as failed:
        await sender.send("msg_1", b"{}", 1)
    assert failed.value.retry_after_s == 7
    assert receiver.asked == ["POST /calls"]


async def test_a_receiver_that_is_gone(receiver: Receiver, sender: WebhookSender) -> None:
    receiver.answers = [web.Response(status=410)]
    with pytest.raises(WebhookGone):
        await sender.send("msg_1", b"{}", 1)


async def test_nobody_there(sender: WebhookSender, receiver: Receiver) -> None:
    await receiver.__aexit__()
    with pytest.raises(ToolFailed, match="could not be reached"):
        await sender.send("msg_1", b"{}", 1)


@pytest.mark.parametrize("secret", ["tiny-key", "whsec_abcd", "whsec_%%%", "whsec_"])
async def test_a_secret_that_protects_nothing_is_refused(secret: str) -> None:
    with pytest.raises(ConfigError, match="here: the secret") as raised:
        signing_key(secret, "here")
    assert secret == "whsec_" or secret not in str(raised.value)
