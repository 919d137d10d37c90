import asyncio
import contextlib
import logging
import os
from pathlib import Path

import pytest

from tests.config.conftest import write
from voi.config.store import Config, ConfigStore
from voi.engines.registry import tts_info
from voi.errors import ConfigError

ONE, TWO = {"one": {"llm_model": "echo"}}, {"two": {"llm_model": "echo"}}
MODEL = {"checkpoint": "model.pth", "config": "config.json", "voices": "a.pth"}


def put(*names: str, text: str = "") -> None:
    for name in names:
        Path(name).write_text(text)


async def settle(store: ConfigStore) -> bool:
    """Look twice: an edit counts when it has stayed the same from one look to the next."""
    return any([await store.poll(), await store.poll()])


async def test_edits_are_taken_over() -> None:
    store = ConfigStore(write(ONE), tts_info)
    before = store.current
    assert not await settle(store)
    write(TWO)
    assert await settle(store)
    assert set(store.current.agents) == {"two"}
    assert set(before.agents) == {"one"}  # conversations that run keep theirs
    assert not await settle(store)


async def test_the_tts_file_is_watched_too() -> None:
    store = ConfigStore(write(ONE), tts_info)
    write(ONE, {"espeak": {"engine": "espeak"}, "other": {"engine": "other"}})
    assert await settle(store)
    assert "other" in store.current.tts_models


async def test_the_files_of_voices_are_watched_too() -> None:
    """Those of the models that the present configuration has."""
    put("model.pth", "config.json", "a.pth", "b.pth")
    store = ConfigStore(write(ONE, {"mine": MODEL}), tts_info)
    checked: list[Config] = []

    async def check(config: Config) -> None:
        checked.append(config)

    store.check = check
    assert not await settle(store)
    put("a.pth", text="new")
    assert not await store.poll()  # it may be half written
    assert await store.poll()
    assert not await settle(store)

    write(ONE, {"mine": MODEL | {"voices": "b.pth"}})
    assert await settle(store)
    assert not await settle(store)
    put("b.pth", text="new")
    assert await settle(store)
    put("a.pth", text="newer")
    assert not await settle(store)
    assert len(checked) == 3


async def test_voices_that_change_while_they_are_taken_over_are_looked_at_again() -> None:
    put("model.pth", "config.json", "a.pth")
    store = ConfigStore(write(ONE), tts_info)
    texts = iter(["x", "xx"])

    async def check(config: Config) -> None:
        for text in texts:
            put("a.pth", text=text)
            return

    store.check = check
    write(ONE, {"mine": MODEL})
    assert [await settle(store) for _ in range(4)] == [True, True, True, False]


async def test_a_broken_edit_keeps_the_last_good_one_and_says_so_once(caplog: pytest.LogCaptureFixture) -> None:
    store = ConfigStore(write(ONE), tts_info)
    with caplog.at_level(logging.WARNING):
        write('{"one": {"llm_model": 3}')
        for _ in range(4):
            assert not await store.poll()
        assert set(store.current.agents) == {"one"}
        assert len(caplog.records) == 1
        assert "agents.json:1:25" in caplog.text
        write({"one": {"llm_model": 3}})
        assert not await settle(store)
        assert len(caplog.records) == 2
        assert "$.one.llm_model: must be text, not 3" in caplog.text
        os.unlink("agents.json")
        assert not await settle(store)
        assert len(caplog.records) == 3
    write(TWO)
    assert await settle(store)
    assert set(store.current.agents) == {"two"}


async def test_a_file_that_is_still_being_written_is_left_alone(caplog: pytest.LogCaptureFixture) -> None:
    store = ConfigStore(write(ONE), tts_info)
    for text in ('{"two"', '{"two": {"llm_', '{"two": {"llm_model": "echo"}}'):
        write(text)
        assert not await store.poll()
    assert not caplog.records
    assert await store.poll()


async def test_an_edit_of_the_same_length_is_seen() -> None:
    store = ConfigStore(write(ONE), tts_info)
    write(TWO)
    status = os.stat("agents.json")
    os.utime("agents.json", ns=(status.st_atime_ns, status.st_mtime_ns + 1))
    assert await settle(store)


async def test_the_server_may_refuse_an_edit(caplog: pytest.LogCaptureFixture) -> None:
    async def check(config: Config) -> None:
        raise ConfigError("there is no such voice")

    store = ConfigStore(write(ONE), tts_info)
    store.check = check
    write(TWO)
    assert not await settle(store)
    assert set(store.current.agents) == {"one"}
    assert "there is no such voice" in caplog.text


def test_a_broken_start_is_an_error() -> None:
    with pytest.raises(ConfigError):
        ConfigStore(write("{"), tts_info)


async def test_watching_goes_on_after_a_fault_of_ours(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    store = ConfigStore(write(ONE), tts_info)
    looks = asyncio.Queue[int]()

    async def poll() -> bool:
        looks.put_nowait(1)
        raise RuntimeError("a bug")

    monkeypatch.setattr(store, "poll", poll)
    watching = asyncio.create_task(store.watch(interval_s=0))
    async with asyncio.timeout(60):
        await looks.get()
        await looks.get()
    watching.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await watching
    assert "a bug" in caplog.text
