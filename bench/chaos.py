"""A server under attack and with failing parts, beside callers whom none of it may concern.

    .venv/bin/python bench/chaos.py --minutes 10 --seed 1

A whole `voi serve` runs with fake engines. Healthy callers talk in a loop, one utterance after another. Meanwhile, at
random: clients are killed in mid-word, sockets are cut and resumed, garbage and mutated frames are sent, a thousand
connections say nothing, clients do not read, the language model fails in eight ways, the voice and the ear of the
victims raise, break, hang and slow down, the process of a voice is killed, agents.json is broken and mended, SIGHUP
comes, Caddy is reloaded in front of half the healthy callers, the disks of the recordings and of the store are full,
and the store's file is locked. A healthy caller's turn that is not answered whole is lost, and the run has failed; so
it has when the server logs a fault of its own, ends, keeps descriptors or tasks, or has lost or not yet written what
was to be stored. Linux; loopback only.
"""

import argparse
import asyncio
import contextlib
import json
import os
import re
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

import aiohttp

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE)]

from tests.deploy.caddy import CADDY, in_front_of
from tests.fakes.gpu_engines import plug_in

from chaos_acts import RECORDINGS_MB, STEPS, STORE_MB, Chaos
from common import config as C
from common import system


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


def write_configuration(folder: Path) -> None:
    voices = {"character": {"model": "fake", "voice": "fake"}}
    turn = {"min_silence_ms": C.VAD_STOP_MS, "silence_ms": C.VAD_STOP_MS, "max_silence_ms": C.VAD_STOP_MS}
    agents = {
        "healthy": {"llm_model": "echo", "voices": voices, "turn": turn},
        "victim": {
            "llm_model": "fake", "turn": turn, "voices": {"character": {"model": "chaos", "voice": "fake"}},
            "engines": {"stt": "chaos"}, "apology": "Sorry, say that again.",
        },
        "mortal": {"llm_model": "echo", "turn": turn, "voices": {"character": {"model": "mortal"}}},
    }  # fmt: skip
    (folder / "agents.json").write_text(json.dumps(agents, indent=1))
    models = {
        "fake": {"engine": "bench"}, "chaos": {"engine": "chaos"},
        "mortal": {"engine": "batch", "options": {"report": str(folder / STEPS)}},  # in a process of its own
    }  # fmt: skip
    plug_in(folder / "plugins")
    (folder / "tts_models.json").write_text(json.dumps(models))
    (folder / "faults.json").write_text("{}")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--healthy", type=int, default=10, help="callers whom none of it may concern")
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="voi-chaos-"))
    mounted = [mount_small(folder / name, mb) for name, mb in (("recordings", RECORDINGS_MB), ("data", STORE_MB))]
    small_disk = all(mounted)
    write_configuration(folder)
    api_key, port = secrets.token_urlsafe(32), free_port()
    env = os.environ | {
        "PYTHONPATH": f"{HERE.parent}:{HERE}:{folder / 'plugins'}",
        "TOKEN_SECRET_KEY": secrets.token_urlsafe(48), "API_KEY": api_key,
        "LITELLM_API_BASE": C.LLM_URL, "VOI_STT_ENGINE": "bench", "VOI_TURN_ENGINE": "none", "VOI_VOICE_ENGINE": "none",
        "VOI_ADMIT_BY_LOAD": "false",  # whether a call is admitted must not depend on what else this machine does
        "VOI_PORT": str(port), "VOI_RECORD": "true", "VOI_RECORDINGS_DIR": str(folder / "recordings"),
        "VOI_CHAOS_FILE": str(folder / "faults.json"), "VOI_LLM_FIRST_TOKEN_TIMEOUT_S": "5",
        "VOI_LLM_NEXT_TOKEN_TIMEOUT_S": "4",
    }  # fmt: skip
    log_path = folder / "server.log"
    with log_path.open("wb") as log:
        server = subprocess.Popen(
            [sys.executable, "-c", "from voi.cli import main; main(['serve'])"],
            cwd=folder,
            env=env,
            stdout=log,
            stderr=log,
        )
    chaos = Chaos(folder, args.seed, port)
    chaos.pid = server.pid
    try:
        chaos.token = asyncio.run(ready(port, api_key))
        at_first = {"rss_mb": system.rss_mb(server.pid), "files": system.open_files(server.pid)}
        asyncio.run(behind_caddy(chaos, args.minutes, args.healthy))
        time.sleep(20)
        alive = server.poll() is None
        at_last = {"rss_mb": system.rss_mb(server.pid), "files": system.open_files(server.pid)} if alive else {}
        stored = asyncio.run(of_the_store(port, api_key)) if alive else {}  # `ready` gives it more
        asyncio.run(ready(port, api_key)) if alive else None
    finally:
        server.send_signal(signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            server.wait(60)
        server.kill()
        for name, was in zip(("recordings", "data"), mounted, strict=True):
            if was:
                subprocess.run(["umount", folder / name], check=False)
    return report(chaos, log_path, at_first, at_last, stored, small_disk)


async def behind_caddy(chaos: Chaos, minutes: float, healthy: int) -> None:
    async with contextlib.AsyncExitStack() as stack:
        if CADDY is not None:
            folder = chaos.folder / "caddy"
            folder.mkdir()
            chaos.caddy = await stack.enter_async_context(in_front_of(folder, chaos.port))
        await chaos.run(minutes, healthy)


def mount_small(folder: Path, mb: int) -> bool:
    """Make the folder a small disk of its own; False if that is not allowed here."""
    folder.mkdir()
    return subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={mb}m", "chaos", folder], check=False).returncode == 0


async def of_the_store(port: int, api_key: str) -> dict[str, float]:
    """The server's metrics of its store."""
    url = f"http://127.0.0.1:{port}/metrics?format=prometheus"
    async with aiohttp.ClientSession() as http, http.get(url, headers={"API-Key": api_key}) as response:
        found = re.findall(r"^voi_store_(\w+) ([\d.e+]+)$", await response.text(), re.MULTILINE)
    return {name: float(value) for name, value in found}


async def ready(port: int, api_key: str) -> str:
    """A token, once the server is ready."""
    base = f"http://127.0.0.1:{port}"
    async with aiohttp.ClientSession() as http, asyncio.timeout(60):
        while True:
            with contextlib.suppress(aiohttp.ClientError):
                async with http.get(f"{base}/health") as response:
                    if response.status == 200:
                        break
            await asyncio.sleep(0.2)
        async with http.post(f"{base}/integrations/chaos", headers={"API-Key": api_key}) as response:
            return str((await response.json())["token"])


def report(
    chaos: Chaos,
    log_path: Path,
    at_first: dict[str, Any],
    at_last: dict[str, Any],
    stored: dict[str, float],
    small_disk: bool,
) -> int:
    log = log_path.read_text(errors="replace")
    faults = re.findall(r".*(?:Traceback|fault in Voi|fault in voi).*", log)
    kinds = Counter(re.findall(r"\b(\w+) failed after", log))
    p95_s = system.percentile(chaos.turns_s, 95) or 0.0
    calm_ms, chaos_ms = (chaos.calm_p95_s or 0.0) * 1000, p95_s * 1000
    print(f"healthy turns: {len(chaos.turns_s)} answered, {len(chaos.lost)} lost")
    print(f"their first sound after the end of speech, p95: {chaos_ms:.0f} ms, before the chaos {calm_ms:.0f} ms")
    for what, times in sorted(chaos.done.items()):
        print(f"  {what}: {times}")
    print(f"engines killed: {chaos.killed_engines}, of which {chaos.engines_back} were heard again")
    print(f"Caddy: {'in front of every second healthy caller' if CADDY else 'not installed'}")
    print(f"full disks: {'yes' if small_disk else 'no: not allowed to mount them'}")
    print(f"store: {stored}")
    print(f"logged failures of engines: {dict(kinds)}")
    print(f"server: {at_first} -> {at_last or 'it ended'}")
    for lost in chaos.lost[:10]:
        print("lost:", lost)
    for fault in faults[:10]:
        print("fault:", fault)
    print(f"log: {log_path}")
    leaked = bool(at_last) and at_last["files"] > at_first["files"] + 20
    unstored = stored.get("waiting", 1) > 0 or stored.get("lost_total", 1) > 0
    dead = chaos.engines_back < chaos.killed_engines - 1  # the last one may not have had the time
    return 1 if dead or chaos.lost or faults or not at_last or leaked or unstored else 0


if __name__ == "__main__":
    sys.exit(main())
