"""A PostgreSQL server of the tests' own, in a folder of its own, on a Unix socket."""

import contextlib
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any


def binaries() -> Path | None:
    """Where the newest installed server's programs are; None: none is installed."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda path: int(path.parts[-3]))
    if found:
        return found[-1].parent
    on_path = shutil.which("postgres")
    return Path(on_path).parent if on_path else None


class Postgres:
    """Started and stopped at will. `url`: for VOI_STORE_URL."""

    def __init__(self, folder: Path, programs: Path) -> None:
        self._folder = folder
        self._programs = programs
        # initdb and postgres refuse to run as root
        self._user = pwd.getpwnam("postgres") if os.geteuid() == 0 else None
        if self._user:
            os.chown(folder, self._user.pw_uid, self._user.pw_gid)
        self._run("initdb", "-D", str(folder / "data"), "-U", "voi", "-A", "trust", "--no-sync", "--no-instructions")

    @property
    def url(self) -> str:
        return f"postgresql://voi@/voi?host={self._folder}"

    def start(self) -> None:
        options = f"-c listen_addresses='' -c unix_socket_directories={self._folder} -c fsync=off"
        log = str(self._folder / "log")
        self._run("pg_ctl", "-D", str(self._folder / "data"), "-w", "-l", log, "-o", options, "start")

    def stop(self) -> None:
        self._run("pg_ctl", "-D", str(self._folder / "data"), "-w", "-m", "immediate", "stop")

    def empty(self) -> None:
        """A new, empty database."""
        for statement in ("DROP DATABASE IF EXISTS voi WITH (FORCE)", "CREATE DATABASE voi"):
            self._run("psql", "-h", str(self._folder), "-U", "voi", "-d", "postgres", "-q", "-c", statement)

    def dump(self) -> bytes:
        return self._run("pg_dump", "-h", str(self._folder), "-U", "voi", "voi")

    def _run(self, program: str, *arguments: str) -> bytes:
        environment = {"PATH": os.environ["PATH"], "LC_ALL": "C"}
        who: dict[str, Any] = (
            {"user": self._user.pw_uid, "group": self._user.pw_gid, "extra_groups": []} if self._user else {}
        )
        done = subprocess.run(
            [str(self._programs / program), *arguments], cwd=self._folder, env=environment,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, timeout=50, check=False, **who,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout.decode()
        return done.stdout


@contextlib.contextmanager
def postgres(programs: Path) -> Iterator[Postgres]:
    """A running server; its folder is removed at the end."""
    with tempfile.TemporaryDirectory(prefix="voi-pg-") as name:  # short: a socket's path has at most 107 bytes
        server = Postgres(Path(name), programs)
        server.start()
        try:
            yield server
        finally:
            with contextlib.suppress(AssertionError):  # a test may have stopped it
                server.stop()
