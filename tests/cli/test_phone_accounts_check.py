"""`voi check` on telephone accounts of the store."""

import asyncio
import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

pytest.importorskip("sqlalchemy")

from tests.store.conftest import KEY
from voi.cli.check import check
from voi.config.settings import Settings
from voi.store.phone_accounts import add_account
from voi.store.store import Store

TRUNK = {"registers": False, "allow": ["127.0.0.1"], "agent": "a"}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Settings.CONTRACT_NAMES.values():
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("VOI_STORE_URL", f"sqlite:{tmp_path}/voi.db")
    Path("agents.json").write_text(json.dumps({"a": {"llm_model": "echo"}}))
    Path("tts_models.json").write_text("{}")


def run() -> Result:
    app = typer.Typer()
    app.command()(check)
    return CliRunner().invoke(app, [])


async def keep(key: str = "", **accounts: dict[str, object]) -> None:
    store = Store(f"sqlite:{Path.cwd()}/voi.db", (key,) if key else ())
    await store.open()
    async with store.writing() as connection:
        for name, account in accounts.items():
            await add_account(connection, store.keys, name, json.dumps(account), 1, started=True)
    await store.close()


def test_without_a_store_there_is_none_afterwards() -> None:
    assert run().exit_code == 0
    assert not Path("voi.db").exists()


async def checked(key: str = "", **accounts: dict[str, object]) -> Result:
    await keep(key, **accounts)
    return await asyncio.to_thread(run)


async def test_accounts_that_are_right(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VOI_STORE_KEY", KEY)
    done = await checked(KEY, desk=TRUNK, line=TRUNK)
    assert done.exit_code == 0, done.output
    assert "store: 2 telephone accounts: desk, line" in done.stdout
    assert "plain text" not in done.output


async def test_what_is_wrong_with_them() -> None:
    Path("phones.json").write_text(json.dumps({"accounts": {"twice": TRUNK}}))  # noqa: ASYNC240
    done = await checked(lost={**TRUNK, "agent": "b"}, broken={"user": 1}, twice=TRUNK)
    assert done.exit_code == 1
    assert "telephone account lost: $.agent: there is no agent" in done.output
    assert "telephone account broken: it cannot be read" in done.output
    assert "telephone account twice: phones.json has something of that name" in done.output
    assert "VOI_STORE_KEY is not set: passwords of telephone accounts lie in the store in plain text" in done.output


async def test_a_wrong_key_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VOI_STORE_KEY", KEY[::-1])
    done = await checked(KEY, desk=TRUNK)
    assert "VOI_STORE_KEY is not the key that this store was encrypted with" in done.output


def test_with_the_store_off_it_is_not_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VOI_STORE", "off")
    assert run().exit_code == 0


def test_each_account_of_the_file_is_named_with_who_answers() -> None:
    Path("phones.json").write_text(
        json.dumps({"accounts": {"desk": TRUNK, "line": TRUNK | {"agent": None}}, "numbers": {"*": {"agent": "a"}}})
    )
    done = run()
    assert "SIP account desk: a" in done.output
    assert "SIP account line: by number" in done.output


def test_a_package_that_an_account_of_the_file_needs_is_a_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    Path("phones.json").write_text(json.dumps({"accounts": {"desk": TRUNK | {"srtp": "required"}}}))
    monkeypatch.setattr("voi.transports.sip.account.srtp_is_there", lambda: False)
    done = run()
    assert done.exit_code == 1
    assert "problem: SIP account desk: srtp needs pylibsrtp. Run: ./install.sh telephone" in done.output
    monkeypatch.setenv("VOI_SIP", "false")
    assert run().exit_code == 0, "another server has the accounts"


async def test_a_package_that_an_account_of_the_store_needs_is_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VOI_STORE_KEY", KEY)
    monkeypatch.setattr("voi.transports.sip.account.srtp_is_there", lambda: False)
    done = await checked(KEY, desk=TRUNK | {"srtp": "required"})
    assert done.exit_code == 0, done.output
    assert "./install.sh telephone" in done.output


NAMES = {
    "accounts": {"line": TRUNK},
    "numbers": {"*": {"agent": "a"}, "+4930123456": {"agent": "a", "carrier": "desk"}},
}
TRANSFERS = {"sales": {"to": "+4930123457", "way": "warm", "account": "out", "briefing": "A caller. Press 1."}}


async def test_numbers_and_transfers_may_name_accounts_of_the_store(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VOI_STORE_KEY", KEY)
    Path("phones.json").write_text(json.dumps(NAMES))  # noqa: ASYNC240
    agent = {"llm_model": "echo", "telephone": {"transfers": TRANSFERS}}
    Path("agents.json").write_text(json.dumps({"a": agent}))  # noqa: ASYNC240
    done = await checked(KEY, out=TRUNK)
    assert 'there is no carrier or account "desk"' in done.output
    assert "transfers.sales.account" not in done.output
    assert "unless" not in done.output, "the store was looked at"
    done = await checked(KEY, desk=TRUNK)
    assert 'desk"' not in done.output
    monkeypatch.setenv("VOI_STORE_KEY", KEY[::-1])
    done = await asyncio.to_thread(run)
    assert "unless an account desk was added over HTTP" in done.output, "the store could not be looked at"


def test_with_the_store_off_no_account_was_added(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VOI_STORE", "off")
    Path("phones.json").write_text(json.dumps(NAMES))
    done = run()
    assert 'there is no carrier or account "desk"' in done.output
    assert "unless" not in done.output


async def test_an_account_from_before_there_was_a_key(monkeypatch: pytest.MonkeyPatch) -> None:
    await keep(desk=TRUNK)
    monkeypatch.setenv("VOI_STORE_KEY", KEY)
    assert (
        "stored before VOI_STORE_KEY was set, with passwords in plain text: desk"
        in (await asyncio.to_thread(run)).output
    )
    store = Store(f"sqlite:{Path.cwd()}/voi.db", (KEY,))
    await store.open()
    await store.close()
    assert "plain text" not in (await asyncio.to_thread(run)).output
