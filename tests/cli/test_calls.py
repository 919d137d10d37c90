"""`voi calls` and `voi store`, on a store with three conversations."""

import asyncio
import csv
import importlib.util
import json
import secrets
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from voi.cli import app

if importlib.util.find_spec("sqlalchemy") is None:
    pytest.skip("./install.sh brings what the store needs", allow_module_level=True)

from tests.store.calls import BEGAN_MS, looked_up, told
from tests.store.conftest import KEY
from tests.store.test_import_recordings import NAME, recording
from voi.errors import ClientError, ConfigError, StoreError
from voi.store.batch import write
from voi.store.deletion import DAY_MS
from voi.store.store import Store


def voi(*args: str) -> Result:
    return CliRunner().invoke(app, list(args), catch_exceptions=False)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("VOI_STORE_KEY", KEY)
    monkeypatch.setenv("VOI_STORE", "words")

    async def fill() -> None:
        store = Store("sqlite:data/voi.db", (KEY,))
        await store.open()
        async with store.writing() as connection:
            for number, fields in enumerate(({"person": "anna"}, {"app": "bank"}, {"agent": "bob"})):
                entries = [*told(f"c{number}", began_ms=BEGAN_MS + number * DAY_MS, **fields), looked_up(f"c{number}")]
                await write(connection, store.keys, entries, {})
        await store.close()

    asyncio.run(fill())
    return tmp_path


@pytest.mark.parametrize(
    ("args", "ids"),
    [
        ("", ["c2", "c1", "c0"]),
        ("--limit 1", ["c2"]),
        ("--app bank", ["c1"]),
        ("--agent bob", ["c2"]),
        ("--app shop --person anna", ["c0"]),
        ("--app shop --person nobody", []),
        ("--since 2026-09-22", ["c2", "c1"]),
        ("--until 2026-09-22", ["c0"]),
    ],
)
def test_list(args: str, ids: list[str]) -> None:
    found = json.loads(voi("calls", "list", "--json", *args.split()).stdout)
    assert [one["id"] for one in found] == ids
    told = voi("calls", "list", *args.split()).stdout
    assert (
        [line.split()[0] for line in told.splitlines()] == ids if ids else told == "There are no such conversations.\n"
    )


def test_list_is_for_people_too() -> None:
    line = voi("calls", "list", "--app", "bank").stdout
    assert all(word in line for word in ("2026-09-22 14:13:20", "bank", "ada", "1 answer ", "finished"))


def test_an_empty_store_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VOI_STORE_URL", f"sqlite:{tmp_path}/new.db")
    assert voi("apps", "set", "shop", "--minutes-per-day", "5").exit_code == 0
    assert voi("calls", "list").stdout == "No conversation was stored yet.\n"
    assert json.loads(voi("calls", "list", "--json").stdout) == []
    assert voi("tokens", "list").stdout == "No token was issued yet.\n"


def test_show() -> None:
    text = voi("calls", "show", "c0").stdout
    assert all(
        word in text
        for word in (
            "planted words",
            "finished",
            "first sent 300 ms",
            "llm of openai after 1200 ms",
            "planted.pdf, page 3; a.md",
        )
    )
    assert json.loads(voi("calls", "show", "c0", "--json").stdout)["transcript"][0]["words"] == "Hello."
    with pytest.raises(ClientError, match="no conversation 'c9'"):
        voi("calls", "show", "c9")


def test_export(folder: Path) -> None:
    assert len(voi("calls", "export", "--app", "shop").stdout.splitlines()) == 2
    voi("calls", "export", "--format", "messages.csv", "--out", "out.csv")
    with (folder / "out.csv").open() as file:
        assert [row["words"] for row in csv.DictReader(file)] == ["Hello.", "planted words"] * 3
    assert (folder / "out.csv").stat().st_mode & 0o777 == 0o600


def test_delete() -> None:
    assert voi("calls", "delete", "c2").stdout == "Deleted: 1 conversations.\n"
    with pytest.raises(ClientError, match="nothing of that name"):
        voi("calls", "delete", "c2")
    assert json.loads(voi("calls", "delete", "--app", "shop", "--person", "anna", "--json").stdout) == {
        "conversations": 1
    }
    assert [one["id"] for one in json.loads(voi("calls", "list", "--json").stdout)] == ["c1"]
    assert voi("calls", "delete", "--older-than-days", "30").exit_code == 0


def test_what_was_changed_is_on_record(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("getpass.getuser", lambda: "olga")
    monkeypatch.setenv("TOKEN_SECRET_KEY", secrets.token_urlsafe(48))
    assert voi("audit").stdout == "Nothing is on record.\n"
    token = voi("token", "shop", "--person", "anna").stdout.strip()
    monkeypatch.setenv("SUDO_USER", "anton")
    voi("people", "export", "anna", "--app", "shop", "--out", "anna")
    voi("people", "delete", "anna", "--app", "shop")
    voi("apps", "set", "shop", "--minutes-per-day", "60")
    voi("tokens", "revoke", "--app", "shop")
    with pytest.raises(ClientError):
        voi("calls", "delete", "c9")
    voi("calls", "list")  # reads are not
    acts = json.loads(voi("audit", "--json").stdout)
    assert [(act["what"].partition(": ")[0], act["result"]) for act in reversed(acts)] == [
        ("voi token shop", "done"), ("voi people export of the app shop", "done"), ("voi calls delete", "done"),
        ("voi apps set shop minutes_per_day=60", "done"), ("voi tokens revoke --app shop", "done"),
        ("voi calls delete", "failed"),
    ]  # fmt: skip
    assert {act["who"] for act in acts} == {"olga on the machine", "olga (anton with sudo) on the machine"}
    told = voi("audit", "--most", "1").stdout
    assert told.rstrip().endswith("voi calls delete: conversation c9: failed")
    assert not [secret for secret in (token, "anna") if secret in json.dumps(acts)]
    assert json.loads(voi("audit", "--since", "2200-01-01", "--json").stdout) == []


@pytest.mark.parametrize("args", ["", "c0 --older-than-days 3", "--person anna", "--older-than-days 0"])
def test_delete_wants_one_thing(args: str) -> None:
    assert voi("calls", "delete", *args.split()).exit_code == 2
    assert len(json.loads(voi("calls", "list", "--json").stdout)) == 3


def test_a_wrong_date_is_told() -> None:
    done = voi("calls", "list", "--since", "yesterday")
    assert done.exit_code == 2
    assert "2026-11-28T14:30" in done.output


def test_backup_and_restore(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "3 conversations, 1 people" in voi("store", "backup", "voi.tar", "--keys", "voi.keys").stdout
    voi("calls", "delete", "c2")
    assert json.loads(voi("store", "restore", "voi.tar", "--json").stdout)["conversations"] == 2
    monkeypatch.setenv("VOI_STORE_URL", "sqlite:new/voi.db")
    assert voi("store", "restore", "voi.tar", "--keys", "voi.keys").exit_code == 0
    assert "planted words" in voi("calls", "show", "c2").stdout
    with pytest.raises(ClientError, match=r"none\.tar cannot be used"):
        voi("store", "restore", "none.tar")
    with pytest.raises(StoreError, match="keys of its own"):
        voi("store", "restore", "voi.tar", "--keys", "voi.keys")


def test_import_and_the_way_back(folder: Path) -> None:
    asyncio.run(recording(folder / "recordings"))
    assert voi("store", "import").stdout.startswith("1 recordings were taken, 0")
    assert json.loads(voi("store", "import", "--json").stdout) == {"taken": 0, "refused": 0}
    assert voi("calls", "export", "--recording", NAME).exit_code == 2
    assert voi("calls", "export", "--recording", NAME, "--out", "call").exit_code == 0
    replayed = voi("replay", "call")
    assert "planted words" in replayed.stdout


def test_rekey(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VOI_STORE_KEY", secrets.token_urlsafe(40))
    with pytest.raises(ConfigError, match="not the key"):
        voi("calls", "list")
    monkeypatch.setenv("VOI_OLD_STORE_KEY", KEY)
    assert "4 keys" in voi("store", "rekey").stdout  # a person's, two conversations without one, that of the names
    monkeypatch.delenv("VOI_OLD_STORE_KEY")
    assert "planted words" in voi("calls", "show", "c0").stdout


def test_without_a_store_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VOI_STORE", "off")
    monkeypatch.delenv("VOI_STORE_KEY")
    with pytest.raises(ConfigError, match="VOI_STORE is off"):
        voi("calls", "list")


def test_a_person_is_handed_all_of_it_and_deleted(folder: Path) -> None:
    told = voi("people", "export", "anna", "--app", "shop", "--out", "anna", "--json")
    assert json.loads(told.stdout)["conversations"] == 1
    assert "planted words" in (folder / "anna" / "conversations.jsonl").read_text()
    with pytest.raises(ClientError, match="File exists"):
        voi("people", "export", "anna", "--app", "shop", "--out", "anna")
    assert voi("people", "delete", "anna", "--app", "shop").stdout == "Deleted: 1 conversations.\n"
    with pytest.raises(ClientError, match="Nobody of that name"):
        voi("people", "export", "anna", "--app", "shop", "--out", "more")


@pytest.mark.parametrize(
    "command",
    [
        "calls list", "calls show c0", "calls show c0 --json", "calls export", "calls delete c0", "usage", "audit",
        "apps list", "tokens list", "people export anna --app shop --out out", "store backup b.tar", "store rekey",
    ],
)  # fmt: skip
def test_a_command_that_reads_makes_no_store(command: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    empty = folder / "empty"
    empty.mkdir()
    monkeypatch.chdir(empty)
    with pytest.raises(ConfigError, match="There is no store yet"):
        voi(*command.split())
    assert not list(empty.iterdir())


@pytest.mark.parametrize(
    "command", ["calls list", "calls list --app shop --person anna", "apps list", "tokens list", "audit", "usage"]
)
def test_json_of_a_list_without_a_store_is_an_empty_list(
    command: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    empty = folder / "empty"
    empty.mkdir()
    monkeypatch.chdir(empty)
    told = voi(*command.split(), "--json")
    assert (told.exit_code, json.loads(told.stdout)) == (0, [])
    assert "There is no store yet" in told.stderr
    assert not list(empty.iterdir())


def test_mistakes_are_told_without_a_store_too(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "empty").mkdir()
    monkeypatch.chdir(folder / "empty")
    for command in ("calls list --json --since soon", "calls list --json --person anna", "usage --json --from soon"):
        assert voi(*command.split()).exit_code == 2
    told = voi("usage", "--csv")
    assert (told.exit_code, told.stdout.count("\n")) == (0, 1)


def test_a_command_that_writes_makes_the_store(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    empty = folder / "empty"
    empty.mkdir()
    monkeypatch.chdir(empty)
    assert voi("apps", "set", "shop", "--minutes-per-day", "5").exit_code == 0
    assert (empty / "data" / "voi.db").exists()
