"""`voi call`: a whole server is ordered a call; and numbers that nobody calls again."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner, Result

from tests.fakes.dialer import FakeDialer
from tests.server.fakes import API_KEY, SECRET
from tests.server.serving import serving
from tests.server.test_outgoing_calls import engines, settings, write
from voi.cli.call import call

pytestmark = pytest.mark.integration
pytest.importorskip("sqlalchemy")


def run(*args: str) -> Result:
    app = typer.Typer()
    app.command()(call)
    return CliRunner().invoke(app, list(args))


@pytest.fixture
def there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name, value in (
        ("API_KEY", API_KEY), ("TOKEN_SECRET_KEY", SECRET), ("VOI_STORE_URL", f"sqlite:{tmp_path}/voi.db"),
        ("VOI_API_KEY", API_KEY), ("VOI_TOKEN_SECRET_KEY", SECRET),
    ):  # fmt: skip
        monkeypatch.setenv(name, value)
    return tmp_path


async def test_a_call_is_ordered_and_followed(there: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(there)
    async with serving(there, monkeypatch, engines(), **settings(there)) as running:
        running.server.outgoing.dialers.sources.insert(0, {"desk": FakeDialer("busy")}.get)
        args = ("+4930123456", "--agent", "ada", "--url", f"http://127.0.0.1:{running.port}", "--json")
        result: Any = await asyncio.to_thread(run, *args, "--var", "name=Anna")
        assert result.exit_code == 1
        assert json.loads(result.stdout)["outcome"] == "busy"
        refused = await asyncio.to_thread(run, "+33123456789", *args[1:])
        assert refused.exit_code == 1
        assert "allow" in str(refused.exception)
    away = await asyncio.to_thread(run, "+4930123456", *args[1:])
    assert "cannot be reached" in str(away.exception)


def test_never_again_and_taken_back(there: Path) -> None:
    assert "Kept" in run("+49 30 123456", "--never").stdout
    assert "allowed again" in run("tel:+4930123456", "--again").stdout
    assert "not kept" in run("+4930123456", "--again").stdout


def test_what_is_missing_is_told(there: Path) -> None:
    assert run("+4930123456").exit_code == 2
    assert run("+4930123456", "--agent", "ada").exit_code == 2, "there is no account"
    assert run("+4930123456", "--agent", "ada", "--account", "desk", "--var", "x").exit_code == 2
