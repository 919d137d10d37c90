"""`voi serve` with VOI_WORKERS: several servers on one machine, and one process of engines that they share.

This process serves no clients itself. It starts the workers one after the other (so that one of them makes the database
and fetches weights), each at a port of its own, and keeps them running. Signals apply to all: SIGTERM ends them in
order, SIGHUP makes them read their configuration again, SIGUSR2 renews the workers one by one while the others go on.
"""

import asyncio
import logging
import shutil
import signal
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from voi.config.settings import Settings, env_name
from voi.errors import ConfigError
from voi.server.kept_process import VOI, KeptProcess
from voi.server.logging import set_up_logging
from voi.tasks import Tasks

ENGINES_END_S = 15.0
END_S = 30.0
"""A worker that has not ended this long after its `shutdown_grace_s` hangs."""
NAME = "workers"

log = logging.getLogger(__name__)


class Workers:
    """`environ`: settings for all workers, by their variables, that are not in this process's own environment.
    `command`: of `voi`."""

    def __init__(self, settings: Settings, environ: Mapping[str, str], command: Sequence[str] = VOI) -> None:
        if not settings.port or settings.port + settings.workers - 1 > 65_535:
            raise ConfigError(f"VOI_WORKERS: {settings.workers} ports from VOI_PORT={settings.port} on do not exist.")
        settings.require_secrets()
        self.ports = range(settings.port, settings.port + settings.workers)
        self._settings = settings
        self._environ = dict(environ) | {env_name("workers"): "1", env_name("host"): settings.host}
        self._command = command
        self._folder: Path | None = None
        self._tasks = Tasks()
        self._keeping: dict[KeptProcess, asyncio.Task[None]] = {}
        self._ends = asyncio.Event()
        self._started = False
        self._stops = 0
        self.engines: KeptProcess | None = None
        self.workers: list[KeptProcess] = []

    async def serve(self, on_ready: Callable[[range], None]) -> None:
        """Run the workers until SIGTERM or SIGINT. Raises ConfigError if a worker does not become ready at the
        start."""
        loop = asyncio.get_running_loop()
        for sig in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(sig, self.stop)
        loop.add_signal_handler(signal.SIGHUP, self.reload)
        loop.add_signal_handler(signal.SIGUSR2, self.renew)
        try:
            await self._start()
            self._started = not self._ends.is_set()
            if self._started:
                on_ready(self.ports)
            await self._ends.wait()
        finally:
            await self._end()

    # ---- signals ------------------------------------------------------------------------------------

    def stop(self) -> None:
        """End all workers in order; at once when called again; the third call kills those that are left."""
        self._stops += 1
        if self._stops == 1:
            log.info("stopping %d workers. Once more to stop at once.", len(self.workers))
        self._ends.set()
        for worker in self.workers:
            worker.stop() if self._stops < 3 else worker.kill()

    def reload(self) -> None:
        for worker in self.workers:
            worker.tell(signal.SIGHUP)

    def renew(self) -> None:
        """Have the workers end in order and start again, one by one."""
        if not self._started:
            log.warning("the workers are still starting: they are not renewed")
        elif any(task.get_name() == "renewal" for task in self._tasks):
            log.warning("the workers are being renewed already")
        else:
            self._tasks.start(self._renew(), "renewal")

    # ---- the life of it -----------------------------------------------------------------------------

    async def _start(self) -> None:
        if self._settings.engines_socket is None and self._settings.engine_processes:
            self._folder = Path(tempfile.mkdtemp(prefix="voi-engines-"))
            self._environ[env_name("engines_socket")] = str(self._folder / "socket")
            self.engines = KeptProcess("the process of shared engines", (*self._command, "engines"), self._environ)
            self._keep(self.engines)
            if not await self.engines.ready():
                raise ConfigError("The process of shared engines does not start; it says why above.")
        for port in self.ports:
            if self._ends.is_set():
                return
            worker = self._worker(port)
            self.workers.append(worker)
            self._keep(worker)
            if not await worker.ready() and not self._ends.is_set():
                raise ConfigError(f"{worker.name} does not start; it says why above.")

    def _worker(self, port: int) -> KeptProcess:
        name = f"worker-{port}"
        environ = self._environ | {env_name("port"): str(port), env_name("worker_name"): name}
        if port != self.ports[0]:
            environ[env_name("listeners")] = "{}"  # only one process can open their ports
            environ[env_name("asterisk")] = "false"
            environ[env_name("sip")] = "false"
        return KeptProcess(name, (*self._command, "serve"), environ)

    def _keep(self, process: KeptProcess) -> None:
        self._keeping[process] = self._tasks.start(process.keep(), f"keeping {process.name}")

    async def _renew(self) -> None:
        for number, worker in enumerate(self.workers, 1):
            if number > 1:
                await asyncio.sleep(self._settings.renew_pause_s)  # until a proxy knows that the one before is back
            log.info("%s is renewed (%d of %d)", worker.name, number, len(self.workers))
            if not await worker.renew(self._settings.shutdown_grace_s + END_S):
                if not self._ends.is_set():
                    log.error("%s did not become ready: the other workers stay as they are", worker.name)
                return
        log.info("all %d workers are renewed", len(self.workers))

    async def _end(self) -> None:
        if not self._stops:
            self.stop()
        keeping = [self._keeping[worker] for worker in self.workers]
        if keeping:
            await asyncio.wait(keeping)
        if self.engines is not None:
            self.engines.stop()
            _, late = await asyncio.wait([self._keeping[self.engines]], timeout=ENGINES_END_S)
            if late:
                log.warning("the shared engines do not end, and are killed")
                self.engines.kill()
                await asyncio.wait(late)
        await self._tasks.close()
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)


def run(settings: Settings, environ: Mapping[str, str], on_ready: Callable[[range], None]) -> None:
    """See `Workers`."""
    secrets = list(settings.require_secrets()[0])
    set_up_logging(settings.log_level, settings.log_format, secrets, worker=NAME)
    asyncio.run(Workers(settings, environ).serve(on_ready))
