"""Which engines live together."""

from pathlib import Path
from typing import Any

import pytest

from voi.engines import device as device_module
from voi.engines.backoff import Backoff
from voi.engines.info import TtsInfo
from voi.engines.placement import Placement
from voi.engines.remote import RemoteStt, RemoteTts
from voi.engines.supervised import SupervisedStt, SupervisedTts
from voi.engines.supervised_judges import SupervisedTurnDetector, SupervisedVoiceJudge
from voi.engines.supervisor import Supervisor
from voi.errors import EngineError


class ForGpu:
    info = TtsInfo("for-gpu", gpu=True, reconfigures=True)

    def __init__(self, *, device: str = "auto", **others: Any) -> None:
        self.options = {"device": device, **others}

    async def reconfigure(self, options: dict[str, Any], needed: Any) -> bool:
        return "size" not in options


class Apart(ForGpu):
    info = TtsInfo("apart", own_process=True)


class Plain:
    info = TtsInfo("plain")


@pytest.mark.parametrize(
    ("kind", "factory", "own_processes", "outer", "inner"),
    [("tts", ForGpu, True, SupervisedTts, RemoteTts), ("stt", ForGpu, True, SupervisedStt, RemoteStt),
     ("tts", Apart, True, SupervisedTts, RemoteTts), ("tts", Apart, False, SupervisedTts, Apart),
     ("tts", ForGpu, False, SupervisedTts, ForGpu), ("stt", Plain, True, SupervisedStt, Plain),
     ("vad", Plain, True, Plain, None), ("turn", ForGpu, True, SupervisedTurnDetector, ForGpu),
     ("voice", Plain, True, SupervisedVoiceJudge, Plain)],
)  # fmt: skip
def test_engines_are_kept_going(kind: Any, factory: Any, own_processes: bool, outer: type, inner: type | None) -> None:
    engine = Placement(own_processes).engine(kind, factory.info.name, factory, {})
    assert type(engine) is outer
    assert inner is None or type(engine.inner) is inner  # type: ignore[attr-defined]


def test_models_of_one_provider_on_one_device_share_a_process_and_their_fate() -> None:
    placement = Placement(True)

    def tts(name: str, **options: Any) -> Any:
        return placement.engine("tts", name, ForGpu, options)

    character, narrator, elsewhere = tts("xtts"), tts("xtts", device="auto"), tts("xtts", device="cuda:1")
    other, ears = tts("other"), placement.engine("stt", "xtts", ForGpu, {})
    assert character.engine.process is narrator.engine.process
    assert character.supervisor is narrator.supervisor
    assert character.engine.process._on_end == character.supervisor.ended
    apart = [character, elsewhere, other, ears]
    assert len({id(engine.engine.process) for engine in apart}) == len({id(e.supervisor) for e in apart}) == 4
    assert len({id(engine.supervisor._loading) for engine in apart}) == 1  # memory is looked at by one after the other


def test_a_device_has_one_process_whichever_way_it_is_asked_for(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(device_module, "_DRIVERS", (tmp_path,))
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    placement = Placement(True)
    options: list[dict[str, str]] = [{}, *({"device": name} for name in ("auto", "cuda", "cuda:0", "cpu"))]
    engines: list[Any] = [placement.engine("tts", "xtts", ForGpu, each) for each in options]
    processes = [engine.engine.process for engine in engines]
    assert all(process is processes[0] for process in processes[:4])
    assert processes[4] is not processes[0]


async def test_a_voice_is_restarted_with_its_options_as_they_are_then() -> None:
    given = {"device": "cpu", "size": 1}
    engine = Placement(False).engine("tts", "for-gpu", ForGpu, given)
    assert await engine.reconfigure({"voice_tone_map": {"neutral": "anna"}})
    assert given == {"device": "cpu", "size": 1}
    assert engine.make().options == {"device": "cpu", "voice_tone_map": {"neutral": "anna"}}
    assert not await engine.reconfigure({"size": 2})
    assert engine.make().options == {"device": "cpu", "voice_tone_map": {"neutral": "anna"}}


async def test_options_that_come_while_an_engine_restarts_are_what_it_is_made_with() -> None:
    engine = Placement(False).engine("tts", "for-gpu", ForGpu, {"device": "cpu"})
    engine.supervisor.down = "It is being restarted."
    with pytest.raises(EngineError, match="being restarted"):
        await engine.reconfigure({"size": 2})
    assert engine.make().options == {"device": "cpu", "size": 2}


async def test_one_that_cannot_is_not_asked() -> None:
    engine = Placement(False).engine("tts", "plain", Plain, {})
    assert not await engine.reconfigure({"size": 2})


def test_a_cloud_is_not_supervised_as_what_computes_here() -> None:
    class Cloud(Plain):
        info = TtsInfo("cloud", cloud=True)

    assert type(Placement(True).engine("tts", "cloud", Cloud, {}).supervisor) is Backoff
    assert type(Placement(True).engine("tts", "plain", Plain, {}).supervisor) is Supervisor
