"""A server under attack, beside a healthy caller whose turns must come through."""

import asyncio
import contextlib
import json
import os
import signal
import ssl
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

from tests.free_ports import free_port
from tests.server.fakes import API_KEY, SECRET
from tests.server.serving import Person
from voi.server.certificate import write_self_signed

HELD_MAX_MS = 50.0
"""No client may keep the event loop for longer, in CPU time: frames of sound come every 20 ms."""
CROWDED_MAX = 2.0
"""Where many processes share the cores, and so their caches, the same work takes up to so many times the CPU time."""
BLOCKED_MAX_MS = 500.0
"""A wait for a disk or for another thread. Generous: threads of a busy machine wait for each other."""
START_TIMEOUT_S = 60
TURN_TIMEOUT_S = 30
ROOT = Path(__file__).parent.parent.parent
AGENTS = {
    "echo": {"llm_model": "echo", "voices": {"character": {"model": "espeak"}}},
    "mind": {"llm_model": "m", "voices": {"character": {"model": "espeak"}}},
}


class AttackedServer:
    def __init__(
        self, process: "subprocess.Popen[str]", port: int, llm_port: int, log: Path, tls: ssl.SSLContext | None = None
    ) -> None:
        self.process = process
        self.port = port
        self.llm_port = llm_port
        """Where it looks for its LLMs."""
        self._log = log
        self.tls = tls
        """What its clients trust; None: it speaks plain HTTP."""

    @property
    def log(self) -> str:
        return self._log.read_text(errors="replace")

    def _ask(self, what: str) -> dict[str, Any]:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(what + "\n")
        self.process.stdin.flush()
        answer: dict[str, Any] = json.loads(self.process.stdout.readline())
        return answer

    async def forget(self) -> None:
        await asyncio.to_thread(self._ask, "forget")

    async def looked(self) -> dict[str, Any]:
        """See `LoopWatch`; and `rss_mib`, the memory that the process has."""
        return await asyncio.to_thread(self._ask, "look")

    async def health(self) -> int:
        return await self.status("/health")

    async def status(self, path: str) -> int:
        reader, writer = await asyncio.open_connection(
            "127.0.0.1", self.port, ssl=self.tls, server_hostname="localhost" if self.tls else None
        )
        writer.write(f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
        head = await asyncio.wait_for(reader.read(), 60)
        writer.close()
        return int(head.split()[1])


@contextlib.contextmanager
def running_server(
    folder: Path, *, descriptors: int = 0, tls: bool = False, **settings: str
) -> Iterator[AttackedServer]:
    """`descriptors`: how many the process may have. `tls`: it has a certificate. `settings`: environment variables."""
    trust = None
    if tls:
        cert, key = write_self_signed(folder / "certs", [], 1)
        settings |= {"VOI_TLS_CERT_FILE": str(cert), "VOI_TLS_KEY_FILE": str(key)}
        trust = ssl.create_default_context(cafile=str(cert))
    (folder / "agents.json").write_text(json.dumps(AGENTS))
    (folder / "perch").write_text("Polly\t1000\n")
    models = {"espeak": {"engine": "espeak"}, "bird": {"engine": "parrot", "options": {"perch": "perch"}}}
    (folder / "tts_models.json").write_text(json.dumps(models))
    llm_port = free_port()
    environment = {name: value for name, value in os.environ.items() if not name.startswith("VOI_")} | {
        "PYTHONPATH": str(ROOT),
        "TOKEN_SECRET_KEY": SECRET,
        "API_KEY": API_KEY,
        "LITELLM_API_BASE": f"http://127.0.0.1:{llm_port}",
        "VOI_PORT": "0",
        "VOI_TURN_ENGINE": "none",
        "VOI_SHUTDOWN_GRACE_S": "0",
        "VOI_ADMIT_BY_LOAD": "false",  # the machine may be busy with other things
        **settings,
    }
    log = folder / "server.log"
    command = [sys.executable, "-m", "tests.attacks.watched_server"]
    if descriptors:
        command = ["/bin/sh", "-c", f'ulimit -n {descriptors} && exec "$@"', "sh", *command]
    with log.open("w") as errors:
        process = subprocess.Popen(
            command, cwd=folder, env=environment, text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors,
        )  # fmt: skip
    try:
        assert process.stdout is not None
        said = process.stdout.readline()
        assert said, f"the server did not start: {log.read_text()}"
        yield AttackedServer(process, json.loads(said)["port"], llm_port, log, trust)
        assert process.poll() is None, f"the server died: {log.read_text()[-4000:]}"
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


async def turn(person: Person) -> None:
    """The person says something, and hears the answer: its text is whole, and its sound has come to its end."""
    done, spoken = person.status("response_done"), person.status("speech_done")
    person.say("text", content="Hi you.")
    person.say("create_response")
    await person.until(
        lambda: person.status("response_done") > done and person.status("speech_done") > spoken, TURN_TIMEOUT_S
    )
    assert person.closed is None
    assert not person.errors


def held_max_ms() -> float:
    if os.environ.get("CI"):  # its machines are shared with others, and their load average tells it late
        return HELD_MAX_MS * CROWDED_MAX
    return HELD_MAX_MS * min(CROWDED_MAX, max(1.0, _crowd() / (os.cpu_count() or 1)))


def _crowd() -> float:
    """How many threads want a processor: on average lately or, as that is told late, right now."""
    average = os.getloadavg()[0]
    told = Path("/proc/loadavg")
    return max(average, float(told.read_text().split()[3].partition("/")[0])) if told.exists() else average


class Beside:
    """A healthy caller who has one turn after the other, while things are done to the server that they share."""

    def __init__(self, server: AttackedServer) -> None:
        self.server = server
        self.turns = 0
        self.harm: dict[str, dict[str, Any]] = {}
        """By attack: what the loop's watch saw, where that is too much."""

    async def looked(self, attack: str) -> dict[str, Any]:
        """What has been done since the last call goes under that name."""
        seen = await self.server.looked()
        await self.server.forget()
        if seen["held_ms"] > held_max_ms() or seen["blocked_ms"] > BLOCKED_MAX_MS:
            self.harm[attack] = seen
        return seen

    async def talk(self, person: Person) -> None:
        while True:
            await turn(person)
            self.turns += 1


@contextlib.asynccontextmanager
async def beside_a_healthy_caller(server: AttackedServer) -> AsyncIterator[Beside]:
    """What happens inside harms nobody: the caller's turns come through meanwhile and afterwards, and the server's loop
    is never held."""
    beside = Beside(server)
    person = await Person.arrive(server.port, init_greeting=False, tls=server.tls)
    await turn(person)
    await server.forget()
    talking = asyncio.create_task(beside.talk(person))
    try:
        yield beside
        await beside.looked("the last of it")
        after = beside.turns + 2  # one had begun before
        while beside.turns < after:
            assert not talking.done() or await talking
            await asyncio.sleep(0.05)
        assert await server.health() == 200
        await beside.looked("afterwards")
        assert not beside.harm, "\n".join(f"{name}: {seen}" for name, seen in beside.harm.items())
    finally:
        talking.cancel()
        await asyncio.gather(talking, return_exceptions=True)
        person.client.drop()
