"""`voi memory`, on a store with two people."""

import asyncio
import importlib.util
import json
from pathlib import Path

import pytest

from tests.cli.test_calls import voi

if importlib.util.find_spec("sqlalchemy") is None:
    pytest.skip("./install.sh brings what the store needs", allow_module_level=True)

from tests.store.conftest import KEY
from voi.errors import ClientError
from voi.store.person_memory import add_fact, set_name
from voi.store.store import Store


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("VOI_STORE_KEY", KEY)

    async def fill() -> None:
        store = Store("sqlite:data/voi.db", (KEY,))
        await store.open()
        await set_name(store, "shop", "anna-7", "Anna")
        await add_fact(store, "shop", "anna-7", "Likes tea.")
        await add_fact(store, "shop", "berta", "Likes coffee.")
        await store.close()

    asyncio.run(fill())
    return tmp_path


def remembered(person: str = "anna-7") -> dict[str, str]:
    """Texts by id."""
    return {
        each["id"]: each["text"] for each in json.loads(voi("memory", "list", person, "--app", "shop", "--json").stdout)
    }


def test_list() -> None:
    told = voi("memory", "list", "anna-7", "--app", "shop").stdout
    assert "Anna" in told
    assert "Likes tea." in told
    assert "coffee" not in told
    assert sorted(remembered().values()) == ["Anna", "Likes tea."]
    with pytest.raises(ClientError, match="Nobody of that name"):
        voi("memory", "list", "anna-7", "--app", "bank")


def test_export(folder: Path) -> None:
    on_screen = json.loads(voi("memory", "export", "anna-7", "--app", "shop").stdout)
    voi("memory", "export", "anna-7", "--app", "shop", "--out", "anna.json")
    assert json.loads((folder / "anna.json").read_text()) == on_screen
    assert (folder / "anna.json").stat().st_mode & 0o777 == 0o600
    assert [each["text"] for each in on_screen["memory"]] == list(remembered().values())
    with pytest.raises(ClientError, match="cannot be written"):
        voi("memory", "export", "anna-7", "--app", "shop", "--out", "anna.json")


def test_forget() -> None:
    tea = next(memory_id for memory_id, text in remembered().items() if "tea" in text)
    assert voi("memory", "forget", "anna-7", "--app", "shop", "--id", tea).stdout == "Deleted: 1 memories.\n"
    assert list(remembered().values()) == ["Anna"]
    with pytest.raises(ClientError, match="Nothing of that id"):
        voi("memory", "forget", "anna-7", "--app", "shop", "--id", tea)
    assert json.loads(voi("memory", "forget", "anna-7", "--app", "shop", "--json").stdout) == {"deleted": 1}
    assert remembered() == {}
    assert voi("memory", "list", "anna-7", "--app", "shop").stdout == "Nothing is remembered of this person.\n"
    assert list(remembered("berta").values()) == ["Likes coffee."]
