"""A real Caddy with docker/Caddyfile.example, for tests and for the chaos of bench/."""

import asyncio
import contextlib
import os
import re
import shutil
import ssl
import subprocess
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp

from tests.free_ports import free_port
from tests.server.fakes import SECRET
from voi.client import VoiClient
from voi.server.auth import issue_token

CADDY = shutil.which("caddy")
EXAMPLE = Path(__file__).parents[2] / "docker" / "Caddyfile.example"
START_S = 20.0


def keeps_calls() -> bool:
    """Caddy knows `stream_close_delay`: since 2.7."""
    assert CADDY
    told = subprocess.run([CADDY, "version"], capture_output=True, text=True, check=True, timeout=10).stdout
    found = re.search(r"(\d+)\.(\d+)", told)
    assert found
    return (int(found[1]), int(found[2])) >= (2, 7)


@dataclass
class Caddy:
    folder: Path
    port: int
    admin_port: int
    environ: dict[str, str]
    pid: int = 0
    workers: list[int] = field(default_factory=list)

    @property
    def log(self) -> str:
        return (self.folder / "caddy.log").read_text()

    @property
    def trusting(self) -> ssl.SSLContext:
        """Trusts Caddy's own authority, and no other."""
        root = self.folder / "data" / "caddy" / "pki" / "authorities" / "local" / "root.crt"
        return ssl.create_default_context(cafile=str(root))

    def write(self, **replaced: str) -> Path:
        """The example as it is, but for ports, what this Caddy is too old for, and what `replaced` says."""
        text = EXAMPLE.read_text()
        first, _, rest = text.partition("\n{\n")
        ports = f"\tadmin 127.0.0.1:{self.admin_port}\n\tauto_https disable_redirects\n\tskip_install_trust\n"
        text = f"{first}\n{{\n{ports}{rest}"
        if not keeps_calls():
            text = re.sub(r"^\s*stream_close_delay.*\n", "", text, flags=re.MULTILINE)
        for old, new in replaced.items():
            assert old in text
            text = text.replace(old, new)
        path = self.folder / "Caddyfile"
        path.write_text(text)
        return path

    async def command(self, *arguments: str) -> str:
        assert CADDY
        process = await asyncio.create_subprocess_exec(
            CADDY, *arguments, env=self.environ, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )
        output, _ = await asyncio.wait_for(process.communicate(), 30)
        assert process.returncode == 0, output.decode()
        return output.decode()

    def address(self, path: str, scheme: str = "https") -> str:
        return f"{scheme}://localhost:{self.port}{path}"

    def call(self, *, resume: bool = False) -> contextlib.AbstractAsyncContextManager[VoiClient]:
        token = issue_token("test", SECRET)
        address = self.address("/ws", "wss")
        return VoiClient.connect(address, token=token, agent_name="echo", insecure=True, resume=resume)

    async def reload(self, max_age_s: int = 300) -> None:
        """Take up a changed file: one that has another `max_age_s`."""
        path = self.write(**{"max-age=31536000": f"max-age={max_age_s}"})
        admin = f"127.0.0.1:{self.admin_port}"
        await self.command("reload", "--config", str(path), "--adapter", "caddyfile", "--address", admin)


@contextlib.asynccontextmanager
async def in_front_of(folder: Path, *workers: int) -> AsyncIterator[Caddy]:
    assert CADDY
    port = free_port()
    environ = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "XDG_DATA_HOME": str(folder / "data"),
        "XDG_CONFIG_HOME": str(folder / "config"),
        "DOMAIN": f"localhost:{port}",
        "WORKERS": " ".join(f"127.0.0.1:{worker}" for worker in workers),
    }
    caddy = Caddy(folder, port, free_port(), environ, list(workers))
    command = [CADDY, "run", "--config", str(caddy.write()), "--adapter", "caddyfile"]
    with (folder / "caddy.log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(*command, env=environ, stdout=log, stderr=log)
    caddy.pid = process.pid
    try:
        await answers(caddy)
        yield caddy
    finally:
        process.terminate()
        await asyncio.wait_for(process.wait(), 20)


async def answers(caddy: Caddy) -> None:
    """The certificate is made, and Caddy knows that the workers are well."""
    deadline_s = time.monotonic() + START_S
    async with aiohttp.ClientSession() as http:
        while True:
            with contextlib.suppress(aiohttp.ClientError, OSError):
                async with http.get(caddy.address("/health"), ssl=False) as response:
                    if response.status == 200:
                        return
            assert time.monotonic() < deadline_s, caddy.log
            await asyncio.sleep(0.1)
