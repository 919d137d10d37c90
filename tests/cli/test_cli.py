"""The command line as a whole: quick help, clean errors, tokens, certificates, and a server that starts and stops."""

import asyncio
import os
import signal
import struct
import subprocess
import sys
from pathlib import Path

import pytest

from tests.server.fakes import API_KEY, SECRET
from tests.server.serving import Person, write_config
from tests.transports.raw_client import CLOSE
from voi import __version__
from voi.cli import COMMANDS, main
from voi.cli.serve import command_of_voi
from voi.server.auth import check_token, read_token

ROOT = Path(__file__).parent.parent.parent
HEAVY = ("numpy", "fastapi", "uvicorn", "pydantic", "aiohttp", "onnxruntime", "av", "jwt", "cryptography", "uvloop")


def run(*args: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main(args)
    return int(ended.value.code or 0)


@pytest.fixture
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("TOKEN_SECRET_KEY", "API_KEY"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.usefixtures("_here")
@pytest.mark.parametrize("args", [("token", "app"), ("check",), ("voice", "list")])
def test_in_another_folder_the_folder_is_named(args: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(*args) == 1
    assert f"{Path.cwd()} has no .env" in capsys.readouterr().err
    Path(".env").write_text("")
    assert run(*args) == 1
    assert "has no .env" not in capsys.readouterr().err


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_a_full_disk_is_told_in_words() -> None:
    with Path("/dev/full").open("w") as full:
        said = subprocess.run(
            [sys.executable, "-c", "from voi.cli import main; main(['schema'])"],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            timeout=60,
        )
    assert said.returncode == 1
    assert said.stderr.startswith("voi: standard output cannot be used: No space left on device.")
    assert "Traceback" not in said.stderr


def test_help_names_every_command_and_loads_nothing_heavy() -> None:
    code = (
        "import sys; from voi.cli import main\n"
        "try: main(['--help'])\n"
        f"finally: print([name for name in {HEAVY!r} if name in sys.modules])"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=30, check=True).stdout
    assert told.splitlines()[-1] == "[]"
    for command in COMMANDS:
        assert f" {command} " in told


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(command, "--help") == 0
    assert command in capsys.readouterr().out


def test_version_and_a_wrong_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--version") == 0
    assert capsys.readouterr().out == f"voi {__version__}\n"
    assert run("dance") == 2


@pytest.mark.usefixtures("_here")
def test_mistakes_are_words_and_not_tracebacks(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("token", "app") == 1
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.startswith("voi: TOKEN_SECRET_KEY is not set")
    assert "Traceback" not in told.err


@pytest.mark.usefixtures("_here")
def test_token(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOKEN_SECRET_KEY", SECRET)
    assert run("token", "my-app", "--expire", "2") == 0
    given = read_token(capsys.readouterr().out.strip(), SECRET)
    assert (given.app, given.own_agents) == ("my-app", False)
    assert run("token", "my-app", "--own-agents") == 0
    assert read_token(capsys.readouterr().out.strip(), SECRET).own_agents
    assert run("token", "../x") == 1


def test_what_to_type_for_voi(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".venv" / "bin").mkdir(parents=True)
    monkeypatch.setattr(sys, "executable", str(tmp_path / ".venv" / "bin" / "python"))
    monkeypatch.setenv("PATH", "/nowhere")
    assert command_of_voi() == "voi"
    (script := tmp_path / ".venv" / "bin" / "voi").touch(0o755)
    assert command_of_voi() == ".venv/bin/voi"
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert command_of_voi() == str(script)
    monkeypatch.setenv("PATH", str(script.parent))
    assert command_of_voi() == "voi"


def test_token_generator_by_hand(tmp_path: Path) -> None:
    told = subprocess.run(
        [sys.executable, ROOT / "token_generator.py", "my-app", "--expire", "30"],
        capture_output=True, text=True, timeout=30, check=True, cwd=tmp_path,
        env={"TOKEN_SECRET_KEY": SECRET, "PYTHONPATH": str(ROOT), "PATH": os.environ["PATH"]},
    ).stdout  # fmt: skip
    assert check_token(told.strip(), SECRET) == "my-app"


@pytest.mark.usefixtures("_here")
def test_cert(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("cert", "--host", "voi.example") == 0
    assert "VOI_TLS_CERT_FILE=certs/cert.pem" in capsys.readouterr().out
    assert Path("certs/key.pem").stat().st_mode & 0o777 == 0o600
    assert run("cert") == 1
    assert run("cert", "--force") == 0


@pytest.mark.parametrize("script", ["ws_server.py", "token_generator.py"])
def test_entry_points_are_thin(script: str) -> None:
    assert len((ROOT / script).read_text().splitlines()) < 20


@pytest.mark.integration
async def test_the_server_starts_and_stops_on_a_signal(tmp_path: Path) -> None:
    write_config(tmp_path)
    server = await asyncio.create_subprocess_exec(
        sys.executable, ROOT / "ws_server.py", "--port", "0",
        cwd=tmp_path, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        env={
            "TOKEN_SECRET_KEY": SECRET, "API_KEY": API_KEY, "VOI_SHUTDOWN_GRACE_S": "0.1", "VOI_TURN_ENGINE": "none",
            "PYTHONPATH": str(ROOT), "PATH": os.environ["PATH"],
        },
    )  # fmt: skip
    assert server.stderr is not None
    told = b""
    try:
        async with asyncio.timeout(40):
            while b"Voi is ready at " not in told:
                line = await server.stderr.readline()
                assert line, told.decode()
                told += line
            port = int(told.split(b"127.0.0.1:")[1].split(b"/")[0])
            person = await Person.arrive(port)
            await person.until(lambda: person.sound.get("0"))
            server.send_signal(signal.SIGTERM)
            await person.until(lambda: False)
            assert person.closed == 1001
            person.client.send(CLOSE, struct.pack(">H", 1001))
            told += await server.stderr.read()
            assert await server.wait() == 0
    finally:
        if server.returncode is None:
            server.kill()
            await server.wait()
    assert b"eyJ" not in told
    assert SECRET.encode() not in told
    assert b"Hello there" not in told
