"""`voi phones`: telephone accounts of a whole server."""

import asyncio
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from tests.server.fakes import API_KEY, SECRET
from tests.server.serving import fake_engines, serving
from tests.server.test_phone_accounts_http import stored
from tests.transports.sip.test_real_peers import trunk, write_phones
from voi.cli.phones import phones

pytestmark = pytest.mark.integration
pytest.importorskip("sqlalchemy")

PASSWORD = "planted-password"


@pytest.fixture(autouse=True)
def keys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name, value in (("API_KEY", API_KEY), ("TOKEN_SECRET_KEY", SECRET)):
        monkeypatch.setenv(name, value)


async def test_accounts_of_a_running_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_phones(tmp_path, 0, of_file=trunk())
    (tmp_path / "password").write_text(f"{PASSWORD}\n")
    async with serving(tmp_path, monkeypatch, fake_engines(), **stored(tmp_path)) as running:
        url = f"http://127.0.0.1:{running.port}"

        async def run(*args: str, given: str = "") -> Result:
            done = await asyncio.to_thread(CliRunner().invoke, phones, [*args, "--url", url], input=given)
            assert PASSWORD not in done.output
            return done

        added = await run("add", "desk", "--server", "127.0.0.1:9", "--user", "1001", "--agent", "echo", given=PASSWORD)
        assert added.exit_code == 0, added.output
        assert "1001 at 127.0.0.1:9" in added.stdout
        config = running.server.sip.accounts["desk"].config
        assert (config.password, config.server, config.agent) == (PASSWORD, ("127.0.0.1:9",), "echo")
        allow = ("--set", "registers=false", "--set", 'allow=["127.0.0.0/8"]', "--set", "max_calls=2", "--no-start")
        added = await run("add", "line", "--agent", "mute", *allow, "--json")
        assert json.loads(added.stdout)["account"]["max_calls"] == 2
        listed = (await run("list")).stdout
        assert [line.split()[:2] for line in listed.splitlines() if not line.startswith(" ")] == [
            ["of_file", "ready"], ["desk", "trying"], ["line", "stopped"]
        ]  # fmt: skip
        assert "(phones.json)" in listed
        assert [each["name"] for each in json.loads((await run("list", "--json")).stdout)["accounts"]] == [
            "of_file", "desk", "line"
        ]  # fmt: skip
        assert "ready" in (await run("start", "line")).stdout
        assert "stopped" in (await run("stop", "line")).stdout
        changed = await run("change", "desk", "--display-name", "Desk", "--password-file", "password", "--json")
        assert json.loads(changed.stdout)["account"]["display_name"] == "Desk"
        config = running.server.sip.accounts["desk"].config
        assert (config.password, config.user) == (PASSWORD, "1001")
        changed = await run(
            "change", "desk", "--no-auto-answer", "--greeting", "Good day.", "--set", "display_name=null"
        )
        assert running.server.sip.accounts["desk"].config.auto_answer is False
        assert running.server.sip.accounts["desk"].config.display_name == ""
        assert (await run("delete", "desk")).stdout == "Deleted: desk.\n"
        assert "There is no account desk." in str((await run("delete", "desk")).exception)
        assert "is of phones.json" in str((await run("stop", "of_file")).exception)
        assert "there is no agent" in str((await run("change", "line", "--agent", "nobody")).exception)


@pytest.mark.parametrize(
    ("args", "told"),
    [
        (["change", "desk"], "say what changes"),
        (["add", "desk", "--set", "max_calls"], "FIELD=JSON"),
        (["add", "desk", "--set", "password=x"], "does not belong on the command line"),
    ],
)
def test_what_is_wrong_on_the_command_line(args: list[str], told: str) -> None:
    done = CliRunner().invoke(phones, args)
    assert done.exit_code == 2
    assert told in done.output


def test_a_server_that_is_not_there_and_a_file_that_is_not() -> None:
    done = CliRunner().invoke(phones, ["list", "--url", "http://127.0.0.1:1"])
    assert "cannot be reached" in str(done.exception)
    done = CliRunner().invoke(phones, ["change", "desk", "--password-file", "none"])
    assert "none cannot be read: No such file" in str(done.exception)
