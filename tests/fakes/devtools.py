"""A page in headless Chromium, driven over the DevTools protocol."""

import asyncio
import base64
import contextlib
import itertools
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp

from tests.peers.browser import browser

_KEYS = {"Tab": 9, "Enter": 13, "Escape": 27, " ": 32}


class ScriptFailed(Exception):
    """A script of the test, not of the page."""


class Page:
    """`problems`: errors of the console, uncaught exceptions, and violations of the page's security policy."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.problems: list[str] = []
        self._socket = socket
        self._numbers = itertools.count(1)
        self._answers: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._reading = asyncio.ensure_future(self._read())

    async def _read(self) -> None:
        async for message in self._socket:
            told = json.loads(message.data)
            if "id" in told:
                self._answers.pop(told["id"]).set_result(told)
            elif told["method"] == "Log.entryAdded" and told["params"]["entry"]["level"] == "error":
                self.problems.append(told["params"]["entry"]["text"])
            elif told["method"] == "Runtime.exceptionThrown":
                self.problems.append(json.dumps(told["params"]["exceptionDetails"]))

    async def send(self, method: str, **params: Any) -> dict[str, Any]:
        number = next(self._numbers)
        answer = self._answers[number] = asyncio.get_running_loop().create_future()
        await self._socket.send_json({"id": number, "method": method, "params": params})
        told = await asyncio.wait_for(answer, 60)
        if "error" in told:
            raise ScriptFailed(f"{method}: {told['error']['message']}")
        return dict(told["result"])

    async def run(self, script: str) -> Any:
        """The value of that expression."""
        done = await self.send("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in done:
            raise ScriptFailed(f"{script}: {done['exceptionDetails'].get('exception', {}).get('description')}")
        return done["result"].get("value")

    async def until(self, script: str, timeout_s: float = 60.0) -> None:
        """Wait until that is true."""
        try:
            async with asyncio.timeout(timeout_s):
                while not await self.run(f"!!({script})"):  # noqa: ASYNC110
                    await asyncio.sleep(0.05)
        except TimeoutError:
            shown = await self.run("document.body.innerText")
            raise ScriptFailed(f"{script} never came true. The page shows:\n{shown}") from None

    async def press(self, key: str, *, shift: bool = False) -> None:
        code = {"key": key, "code": "Space" if key == " " else key, "windowsVirtualKeyCode": _KEYS[key],
                "modifiers": 8 if shift else 0}  # fmt: skip
        text = {"Enter": {"text": "\r"}, " ": {"text": " "}}.get(key, {})
        await self.send("Input.dispatchKeyEvent", type="keyDown", **code, **text)
        await self.send("Input.dispatchKeyEvent", type="keyUp", **code)

    async def write(self, text: str) -> None:
        """Into what has the focus."""
        await self.send("Input.insertText", text=text)

    async def size(self, width: int, height: int, *, dark: bool = False) -> None:
        await self.send("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1,
                        mobile=width < 600)  # fmt: skip
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        await self.send("Emulation.setEmulatedMedia", features=[scheme])

    async def names(self) -> dict[str, list[str]]:
        """What a screen reader says of the controls: their names, by role."""
        tree = await self.send("Accessibility.getFullAXTree")
        found: dict[str, list[str]] = {}
        for node in tree["nodes"]:
            if not node.get("ignored"):
                role = str(node.get("role", {}).get("value", ""))
                found.setdefault(role, []).append(str(node.get("name", {}).get("value", "")))
        return found

    async def picture(self, file: Path) -> None:
        shot = await self.send("Page.captureScreenshot", captureBeyondViewport=True)
        await asyncio.to_thread(file.write_bytes, base64.b64decode(shot["data"]))

    async def close(self) -> None:
        self._reading.cancel()
        await asyncio.wait([self._reading])


@contextlib.asynccontextmanager
async def opened(url: str, folder: Path) -> AsyncIterator[Page]:
    """Chromium with that page."""
    async with browser("about:blank", folder, "--remote-debugging-port=0"), aiohttp.ClientSession() as session:
        port_file = folder / "profile" / "DevToolsActivePort"
        async with asyncio.timeout(60):
            while not port_file.exists() or "\n" not in port_file.read_text():  # noqa: ASYNC110
                await asyncio.sleep(0.05)
        port = port_file.read_text().splitlines()[0]
        async with asyncio.timeout(60):
            while True:
                targets = await (await session.get(f"http://127.0.0.1:{port}/json/list")).json()
                if pages := [each for each in targets if each["type"] == "page"]:
                    break
                await asyncio.sleep(0.05)
        async with session.ws_connect(pages[0]["webSocketDebuggerUrl"], max_msg_size=1 << 26) as socket:
            page = Page(socket)
            try:
                for domain in ("Runtime", "Log", "Page", "Accessibility"):
                    await page.send(f"{domain}.enable")
                await page.send("Page.navigate", url=url)
                await page.until("document.readyState === 'complete' && location.href !== 'about:blank'")
                yield page
            finally:
                await page.close()
