"""From files to a model that speaks: recorded before it is ready, unloaded for another one, and loaded again."""

import asyncio
import logging
import threading
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch", reason="the extra `xtts` is not installed")


from tests.engines.cuda_tape import TapedGraphs, Unrecordable
from tests.engines.tts.xtts import tiny
from tests.engines.tts.xtts.speaking import close_to, new_engine, say
from voi.engines.tts.xtts import device_thread
from voi.engines.tts.xtts import engine as engine_module
from voi.engines.tts.xtts import model as model_module
from voi.engines.tts.xtts.checkpoint import load_weights
from voi.engines.tts.xtts.device_thread import DeviceThread
from voi.engines.tts.xtts.engine import Xtts
from voi.errors import ConfigError, EngineBroken, EngineError

pytestmark = pytest.mark.integration

FULL = "CUDA out of memory. Tried to allocate 2.00 GiB."


def unload(tts: Xtts) -> None:
    tts.last_used_s = float("-inf")
    assert tts._worker is not None
    assert tts._worker.call(tts.make_room).result(30)
    assert tts._running is None


# ---- recorded -----------------------------------------------------------------------------------


@pytest.fixture
def taped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(model_module, "Graphs", TapedGraphs)


def recorded(tts: Xtts) -> TapedGraphs:
    """All shapes that there are, or this fails."""
    assert tts._running is not None
    decoder, graphs = tts._running.decoder, tts._running.graphs
    assert isinstance(graphs, TapedGraphs)
    sizes = tts._running.vocoder.plan.sizes
    assert graphs.work.keys() == {
        ("step", decoder.slots, decoder.places),
        *(("fill", 1, places) for places in decoder._prefixes),
        *((kind, batch, size) for kind in ("vocoder", "short vocoder") for batch in (1, 2, 4, 8) for size in sizes),
    }
    return graphs


@pytest.mark.usefixtures("taped")
async def test_it_is_ready_when_all_is_recorded(files: dict[str, Path]) -> None:
    """And the first text that it says for a trial is replayed."""
    tts = new_engine(files)
    await tts.warm_up()
    graphs = recorded(tts)
    assert graphs.not_recorded == []
    assert {key[0] for key in graphs.tapes} >= {"step", "fill"}  # type: ignore[index]
    await tts.close()


@pytest.mark.usefixtures("taped")
async def test_a_further_model_is_recorded_when_nobody_is_about_to_wait(
    tts: Xtts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not only one that is loaded again."""
    log: list[str] = []

    class Spoken:
        """Its listeners have little sound left, and then much. Only pieces that can wait ask for it."""

        @property
        def busy(self) -> bool:
            return log.count("asked") < 30

        def slack_s(self) -> float:
            log.append("asked")
            return 0.1 if log.count("asked") <= 20 else 9.0

        def step(self) -> None: ...

    record = TapedGraphs.record
    monkeypatch.setattr(TapedGraphs, "record", lambda *of: (log.append("recorded"), record(*of)))
    monkeypatch.setattr(device_thread, "LONGEST_WAIT_S", 1e6)
    spoken: Any = Spoken()
    assert tts._worker is not None
    tts._worker.add(spoken)
    further = new_engine(tiny.make(tmp_path, seed=1))
    await asyncio.wait_for(further.warm_up(), 30)
    assert log[:20] == ["asked"] * 20
    assert "recorded" in log[20:]
    assert recorded(further).not_recorded == []
    tts._worker.remove(spoken)
    await further.close()


@pytest.mark.usefixtures("taped")
async def test_a_model_that_was_loaded_again_is_recorded_again(tts: Xtts) -> None:
    said, graphs = await say(tts), recorded(tts)
    unload(tts)
    assert close_to(await say(tts), said)
    await after_what_is_done_in_pieces(tts)
    again = recorded(tts)
    assert again is not graphs
    again.not_recorded.clear()
    assert close_to(await say(tts), said)
    assert again.not_recorded == []


async def after_what_is_done_in_pieces(tts: Xtts) -> None:
    def nothing() -> Generator[None, None, None]:
        yield

    assert tts._worker is not None
    await asyncio.wait_for(asyncio.wrap_future(tts._worker.call_in_pieces(nothing())), 30)


async def test_it_is_not_ready_where_recordings_do_not_fit(
    files: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(model_module, "Graphs", Unrecordable)
    monkeypatch.setattr(Unrecordable, "reason", FULL)
    tts = new_engine(files)
    with pytest.raises(EngineError, match="recordings do not fit: CUDA out of memory"):
        await tts.warm_up()
    assert tts._running is None
    assert not DeviceThread._all


async def test_a_model_that_was_loaded_again_speaks_where_its_recordings_do_not_fit(
    tts: Xtts, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    said = await say(tts)
    unload(tts)
    monkeypatch.setattr(model_module, "Graphs", Unrecordable)
    monkeypatch.setattr(Unrecordable, "reason", FULL)
    with caplog.at_level(logging.WARNING):
        assert close_to(await say(tts), said)
        await after_what_is_done_in_pieces(tts)
    assert caplog.messages == [f"XTTS speaks more slowly than it could: XTTS's recordings do not fit: {FULL}"]
    assert close_to(await say(tts), said)


# ---- unloaded and loaded again ------------------------------------------------------------------


async def test_an_idle_model_makes_room_and_is_loaded_again(
    files: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, two = Xtts(**files, seed=3), Xtts(**tiny.make(tmp_path, seed=1), seed=3)
    both = {one, two}

    def free_bytes(_: Any) -> int:  # room for one of them
        return 0 if any(engine._running for engine in both) else 2**30

    monkeypatch.setattr("voi.engines.tts.xtts.memory.free_bytes", free_bytes)
    await one.warm_up()
    said = await say(one)
    with pytest.raises(EngineError, match="not even one slot fits"):  # it is in use
        await two.warm_up()
    monkeypatch.setattr("voi.engines.tts.xtts.engine.IDLE_S", 0.0)
    await two.warm_up()
    assert one._running is None
    assert one.info.voices == tiny.VOICES
    assert await say(two) != said
    assert all(close_to(again, said) for again in await asyncio.gather(say(one), say(one)))
    assert two._running is None
    await one.close()
    await two.close()
    assert not DeviceThread._all


async def test_who_waits_for_a_model_that_loads_again_is_told_in_time_and_it_loads_on(
    tts: Xtts, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = await say(tts)
    unload(tts)
    go = threading.Event()
    monkeypatch.setattr(model_module, "load_weights", lambda path: go.wait(30) and load_weights(path))
    monkeypatch.setattr(engine_module, "RELOAD_PATIENCE_S", 0.01)
    for _ in range(2):
        with pytest.raises(EngineError, match="is loading its model again") as told:
            await say(tts)
        assert not told.value.retryable  # it lives: nothing is to be tried or restarted
    monkeypatch.setattr(engine_module, "RELOAD_DEADLINE_S", 0.0)
    with pytest.raises(EngineBroken, match="could not load"):
        await say(tts)
    monkeypatch.setattr(engine_module, "RELOAD_PATIENCE_S", 5.0)
    speaking = asyncio.create_task(say(tts))
    await asyncio.sleep(0)
    go.set()
    assert close_to(await speaking, said)


async def test_closing_while_it_loads_again_ends_who_waits(tts: Xtts, monkeypatch: pytest.MonkeyPatch) -> None:
    unload(tts)
    go = threading.Event()
    monkeypatch.setattr(model_module, "load_weights", lambda path: go.wait(30) and load_weights(path))
    speaking = asyncio.create_task(say(tts))
    await asyncio.sleep(0.01)
    await tts.close()
    with pytest.raises(EngineError, match="was closed"):
        await speaking
    go.set()


async def test_broken_files_are_told_when_it_loads_again(tts: Xtts, monkeypatch: pytest.MonkeyPatch) -> None:
    unload(tts)

    def broken(_: Path) -> Any:
        raise ConfigError("model.pth is gone")

    with monkeypatch.context() as patched:
        patched.setattr(model_module, "load_weights", broken)
        with pytest.raises(EngineError, match="cannot load its model again: "):
            await say(tts)
    assert await say(tts)
