"""Headless Chromium with a page that runs one script and reports once."""

import asyncio
import contextlib
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from aiohttp import web

CHROMIUM = next((found for name in ("chromium", "google-chrome") if (found := shutil.which(name))), None)


@contextlib.asynccontextmanager
async def page(folder: Path, script: str) -> AsyncIterator[tuple[str, "asyncio.Future[dict[str, Any]]"]]:
    """Serves a page that runs `script`, and the files of `folder`. Returns its address, and what it will POST to
    /report."""
    report: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()

    async def index(_: web.Request) -> web.Response:
        return web.Response(text=f'<!doctype html><script type="module" src="{script}"></script>',
                            content_type="text/html")  # fmt: skip

    async def reported(request: web.Request) -> web.Response:
        report.set_result(await request.json())
        return web.Response()

    app = web.Application(client_max_size=1 << 28)
    app.router.add_get("/", index)
    app.router.add_post("/report", reported)
    app.router.add_static("/", folder)
    runner = web.AppRunner(app)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}", report
    finally:
        await runner.cleanup()


@contextlib.asynccontextmanager
async def browser(url: str, folder: Path, *options: str) -> AsyncIterator[None]:
    """Chromium with that page; its profile lies in `folder`."""
    assert CHROMIUM
    process = await asyncio.create_subprocess_exec(
        CHROMIUM, "--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run",
        "--disable-background-networking", f"--user-data-dir={folder / 'profile'}", *options, url,
        stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    try:
        yield
    finally:
        process.terminate()
        await process.wait()


async def bundle(script: Path, into: Path) -> None:
    """Make one file of the script and the packages of npm that lie beside it."""
    process = await asyncio.create_subprocess_exec(
        str(script.parent / "node_modules/.bin/esbuild"), str(script), "--bundle", "--format=esm",
        "--platform=browser", "--log-level=error", f"--outfile={into}",
    )  # fmt: skip
    assert await asyncio.wait_for(process.wait(), 120) == 0
