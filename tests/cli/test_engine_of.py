"""Engines for commands, made of the settings as the server makes them."""

from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any

import pytest

from voi.cli.engine_of import InCloud, running, running_named, running_vad, speaker
from voi.config.settings import Settings, load_settings
from voi.engines import registry
from voi.engines.info import EngineInfo
from voi.engines.vad.silero import Silero
from voi.errors import ConfigError

made: list["Spy"] = []


class Spy:
    """An engine that keeps what it was made with."""

    info = EngineInfo("spy")

    def __init__(self, *, key: str = "", models_dir: Path | None = None, device: str = "", cloud: bool = False) -> None:
        self.key, self.models_dir, self.device = key, models_dir, device
        self.info = EngineInfo("spy", cloud=cloud)
        self.warm = self.closed = False
        made.append(self)

    async def warm_up(self) -> None:
        self.warm = True

    async def close(self) -> None:
        self.closed = True


class Far(Spy):
    info = EngineInfo("far", cloud=True)


class Ear(Silero):
    """A VAD that has nothing before it is warm."""

    warm = closed = False

    async def warm_up(self) -> None:
        await super().warm_up()
        self.warm = True

    async def close(self) -> None:
        await super().close()
        self.closed = True


@pytest.fixture(autouse=True)
def brought(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    classes = {"stt.spy": Spy, "tts.spy": Spy, "stt.far": Far, "vad.ear": Ear}
    points = [EntryPoint(name, f"{__name__}:{each.__name__}", registry.GROUP) for name, each in classes.items()]
    monkeypatch.setattr(registry, "entry_points", lambda *, group: points)
    made.clear()


def settings(monkeypatch: pytest.MonkeyPatch, **environment: str) -> Settings:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    return load_settings()


async def test_an_engine_by_its_own_name_gets_all_options_of_the_settings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = settings(
        monkeypatch,
        VOI_STT_ENGINE="big",
        VOI_ENGINE_OPTIONS='{"stt.big": {"engine": "spy"}}',
        VOI_STT_OPTIONS='{"key": "${EAR_KEY}"}',
        VOI_DEVICE="cpu",
        VOI_MODELS_DIR=str(tmp_path),
        EAR_KEY="sk-ear",
    )
    async with running_named("stt", "big", given) as engine:
        assert (engine.key, engine.models_dir, engine.device) == ("sk-ear", tmp_path, "cpu")
        assert (engine.warm, engine.closed) == (True, False)
    assert engine.closed


async def test_a_secret_that_is_not_set_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("EAR_KEY", raising=False)
    with pytest.raises(ConfigError, match="EAR_KEY is not set"):
        async with running("tts", "spy", load_settings(), {"key": "${EAR_KEY}"}):
            pass


@pytest.mark.parametrize(("name", "options"), [("far", {"key": "${NOT_SET}"}), ("spy", {"cloud": True})])
async def test_a_service_is_called_only_where_that_is_allowed(name: str, options: dict[str, Any]) -> None:
    """Also one that is known as such only when it is made; a key is not asked for in vain."""
    with pytest.raises(InCloud, match=f"stt engine {name} calls an external service"):
        async with running("stt", name, load_settings(), options, cloud=False):
            pass
    assert [(engine.warm, engine.closed) for engine in made] == [(False, True)] * (name == "spy")
    async with running("stt", name, load_settings(), {**options, "key": "x"}) as engine:
        assert engine.warm


def test_the_vad_for_code_that_is_not_async(monkeypatch: pytest.MonkeyPatch) -> None:
    options = '{"vad.mine": {"engine": "ear", "compiled": false}}'
    given = settings(monkeypatch, VOI_VAD_ENGINE="mine", VOI_ENGINE_OPTIONS=options)
    with running_vad(given) as vad:
        assert (vad.warm, vad.closed) == (True, False)
        assert 0 <= vad.open().probability(bytes(1_024)) <= 1
    assert vad.closed
    with pytest.raises(RuntimeError, match="of the command"), running_vad(given) as vad:
        raise RuntimeError("of the command")
    assert vad.closed


async def test_an_engine_by_its_own_name_has_the_voice_that_was_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where it can be told which voices it has; a model of the file says them itself."""
    monkeypatch.setattr(registry, "entry_points", entry_points)
    name, options = await speaker("espeak", load_settings(), "en-gb+f2")
    assert (name, options["voices"][-1]) == ("espeak", "en-gb+f2")
    assert await speaker("espeak", load_settings(), "en-us") == ("espeak", {})
    assert await speaker("hibari", load_settings(), "en-gb+f2") == ("hibari", {})
