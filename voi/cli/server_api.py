"""Requests of commands to the running server, with the API key of this machine's settings."""

import asyncio
import json
from typing import Any

TIMEOUT_S = 15.0


def ask_server(method: str, path: str, body: Any = None, url: str = "") -> dict[str, Any]:
    """The answer's JSON object; empty for an answer without content. `url` "": the server of this machine's settings.
    Raises ClientError with the server's words if it refuses, or cannot be reached; ConfigError."""
    return asyncio.run(_ask(method, path, body, url))


async def _ask(method: str, path: str, body: Any, url: str) -> dict[str, Any]:
    import aiohttp

    from voi.config.settings import load_settings
    from voi.errors import ClientError

    settings = load_settings()
    _, api_key = settings.require_secrets()
    scheme = "https" if settings.tls_cert_file else "http"
    base = (url or f"{scheme}://127.0.0.1:{settings.port}").rstrip("/")
    timeout = aiohttp.ClientTimeout(total=TIMEOUT_S)
    try:
        async with (
            aiohttp.ClientSession(headers={"API-Key": api_key}, timeout=timeout) as session,
            session.request(method, f"{base}{path}", json=body) as response,
        ):
            status, text = response.status, await response.text()
    except (aiohttp.ClientError, TimeoutError) as error:
        raise ClientError(
            f"The server at {base} cannot be reached ({type(error).__name__}). Is `voi serve` running?"
        ) from None
    try:
        found = json.loads(text) if text else {}
    except ValueError:
        found = {}
    if not isinstance(found, dict):
        found = {}
    if status >= 400:
        raise ClientError(str(found.get("detail", "")) or f"The server answered with HTTP {status}.")
    return found
