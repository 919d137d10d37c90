import io
import json
import tarfile
from pathlib import Path

import pytest

from tests.store.calls import BEGAN_MS, keep, kept, told
from voi.errors import ClientError, StoreError
from voi.store.backup import back_up, restore
from voi.store.phone_accounts import add_account, read_accounts
from voi.store.store import Store

pytestmark = pytest.mark.integration


async def test_a_new_machine_has_everything_back(store: Store, secrets: tuple[str, ...], tmp_path: Path) -> None:
    recordings, backup, keys = tmp_path / "recordings", tmp_path / "voi.tar", tmp_path / "keys"
    (recordings / "2026-11-28" / "c1").mkdir(parents=True)
    (recordings / "2026-11-28" / "c1" / "user.wav").write_bytes(b"RIFF")
    await keep(store, *told("c1", person="anna"))
    async with store.writing() as connection:
        account = await add_account(connection, store.keys, "desk", '{"password": "secret"}', BEGAN_MS, started=True)
    counts = await back_up(store, recordings, backup, keys)
    assert (counts["conversations"], counts["messages"], counts["people"]) == (1, 2, 1)
    assert backup.stat().st_mode & 0o777 == keys.stat().st_mode & 0o777 == 0o600

    new = Store(f"sqlite:{tmp_path}/new/voi.db", secrets)
    await new.open()
    assert await restore(new, tmp_path / "new-recordings", backup, keys) == counts
    found = await kept(new)
    assert found
    assert found == await kept(store)
    async with new.reading() as connection:
        assert await read_accounts(connection, new.keys) == [account]
    assert (tmp_path / "new-recordings" / "2026-11-28" / "c1" / "user.wav").read_bytes() == b"RIFF"
    await new.close()


async def test_what_is_newer_than_the_backup_stays(store: Store, tmp_path: Path) -> None:
    await keep(store, *told("c1"))
    await back_up(store, tmp_path / "none", tmp_path / "voi.tar", None)
    await keep(store, *told("c1", words="newer words"), *told("c2"))
    await restore(store, tmp_path / "none", tmp_path / "voi.tar", None)
    assert (await kept(store, "c1")).transcript[1].words == "newer words"
    assert await kept(store, "c2")


async def test_keys_are_restored_into_an_empty_store_only(sealed_store: Store, tmp_path: Path) -> None:
    await keep(sealed_store, *told())
    await back_up(sealed_store, tmp_path / "none", tmp_path / "voi.tar", tmp_path / "keys")
    with pytest.raises(StoreError, match="keys of its own"):
        await restore(sealed_store, tmp_path / "none", tmp_path / "voi.tar", tmp_path / "keys")


def tar_of(path: Path, **members: bytes) -> Path:
    with tarfile.open(path, "w") as archive:
        for name, content in members.items():
            info = tarfile.TarInfo(name.replace("__", "/").replace("_json", ".json"))
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return path


def names_below(folder: Path) -> set[str]:
    return {path.name for path in folder.rglob("*")}


HEAD = json.dumps({"voi_store": 1, "revision": "0001", "made_ms": 0}).encode()


@pytest.mark.parametrize(
    "members",
    [
        {},
        {"other": b""},
        {"voi-store_json": b"{}"},
        {"voi-store_json": b"no JSON"},
        {"voi-store_json": HEAD.replace(b"0001", b"9999")},
        {"voi-store_json": HEAD, "tables__messages_jsonl": b"no JSON\n"},
        {"voi-store_json": HEAD, "tables__messages_jsonl": b"[]\n"},
        {"voi-store_json": HEAD, "tables__messages_jsonl": b'{"words": 3}\n'},
    ],
)
async def test_what_is_no_backup_is_told(store: Store, tmp_path: Path, members: dict[str, bytes]) -> None:
    with pytest.raises(ClientError):
        await restore(store, tmp_path / "none", tar_of(tmp_path / "voi.tar", **members), None)


async def test_any_other_file_is_told(store: Store, tmp_path: Path) -> None:
    (tmp_path / "voi.tar").write_bytes(b"hello" * 500)
    with pytest.raises(ClientError):
        await restore(store, tmp_path / "none", tmp_path / "voi.tar", None)


async def test_a_backup_writes_only_below_the_recordings(store: Store, tmp_path: Path) -> None:
    members = {"recordings__..__..__evil": b"x", "recordings__..__evil": b"x", "/recordings": b"x", "evil": b"x"}
    backup = tar_of(tmp_path / "voi.tar", **{"voi-store_json": HEAD, **members})
    await restore(store, tmp_path / "deep" / "recordings", backup, None)
    assert names_below(tmp_path) & {"evil", "deep"} == set()


async def test_a_backup_that_fails_leaves_the_former_one(store: Store, tmp_path: Path) -> None:
    (tmp_path / "voi.tar").write_bytes(b"former")
    await store.close()
    (tmp_path / "data" / "voi.db").write_bytes(b"broken" * 1_000)
    with pytest.raises(StoreError):
        await back_up(store, tmp_path / "none", tmp_path / "voi.tar", None)
    assert (tmp_path / "voi.tar").read_bytes() == b"former"
    assert not any(name.startswith(".") for name in names_below(tmp_path))
