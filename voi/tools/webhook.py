"""Sends events to a webhook, signed as Standard Webhooks has it (https://www.standardwebhooks.com), so that receivers
can check who sent them, when, and whether they had them before.

The address is its author's: no part of it comes from a model or a client, and redirects are not followed.
"""

import asyncio
import binascii
import hmac
from base64 import b64decode, b64encode

import aiohttp

from voi.config.post_call import Webhook
from voi.config.secret_refs import resolved
from voi.errors import ConfigError
from voi.tools.base import ToolFailed
from voi.tools.clients import HttpClients
from voi.tools.http import retry_after_s

KEY_MIN_BYTES = 16
PREFIX = "whsec_"
"""Before a key in base64, in the notation of the standard."""
ANSWER_MAX_BYTES = 64 * 1024
"""How much of an answer is read, so that its connection can be used again."""
GONE = 410


class WebhookGone(ToolFailed):
    """The receiver says that it is there no more."""


class WebhookSender:
    """One webhook. `where`: its place in agents.json. Raises ConfigError if an environment variable that it refers to
    is not set, or the secret is too short."""

    def __init__(self, hook: Webhook, clients: HttpClients, where: str) -> None:
        secrets = resolved({"url": hook.url, "secret": hook.secret, "headers": hook.headers}, where)
        self._clients = clients
        self._url: str = secrets["url"]
        self._headers: dict[str, str] = secrets["headers"]
        self._key = signing_key(secrets["secret"], where)
        self._timeout_s = hook.timeout_s

    async def send(self, message_id: str, body: bytes, now_s: int) -> None:
        """Send the event, once. `message_id`: the same for every try. `now_s`: seconds since 1970. Raises
        ToolFailed, WebhookGone."""
        headers = {
            **self._headers, "Content-Type": "application/json", "Idempotency-Key": message_id,
            "webhook-id": message_id, "webhook-timestamp": str(now_s),
            "webhook-signature": f"v1,{signature(self._key, message_id, now_s, body)}",
        }  # fmt: skip
        session = self._clients.of(public=False)
        try:
            async with (
                asyncio.timeout(self._timeout_s),
                session.post(self._url, data=body, headers=headers, allow_redirects=False) as response,
            ):
                await response.content.read(ANSWER_MAX_BYTES)
                status, wanted_s = response.status, retry_after_s(response.headers)
        except TimeoutError:
            raise ToolFailed("it did not answer in time") from None
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise ToolFailed(f"it could not be reached ({type(error).__name__})") from None
        if status == GONE:
            raise WebhookGone(f"it answered with HTTP {status}")
        if not 200 <= status < 300:
            raise ToolFailed(f"it answered with HTTP {status}", retry_after_s=wanted_s)


def signing_key(secret: str, where: str) -> bytes:
    """The key that a secret stands for: base64 behind `whsec_`, or any other text as it is. Raises ConfigError."""
    try:
        key = b64decode(secret.removeprefix(PREFIX), validate=True) if secret.startswith(PREFIX) else secret.encode()
    except binascii.Error:
        raise ConfigError(f"{where}: the secret begins with {PREFIX} and is not base64") from None
    if len(key) < KEY_MIN_BYTES:
        raise ConfigError(f"{where}: the secret is shorter than {KEY_MIN_BYTES} bytes; make one: openssl rand -hex 32")
    return key


def signature(key: bytes, message_id: str, now_s: int, body: bytes) -> str:
    """HMAC-SHA256 of the id, the time and the body, in base64."""
    return b64encode(hmac.digest(key, f"{message_id}.{now_s}.".encode() + body, "sha256")).decode()
