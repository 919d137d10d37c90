"""Which engines live together."""

from typing import Any

import pytest

from voi.engines.placement import Placement
from voi.engines.remote import RemoteStt, RemoteTts
from voi.engines.supervised import SupervisedStt, SupervisedTts


class ForGpu:
    name = "for-gpu"

    def __init__(self, *, device: str = "auto", **others: Any) -> None:
        self.options = {"device": device, **others}


class Plain:
    name = "plain"


@pytest.mark.parametrize(
    ("kind", "factory", "own_processes", "outer", "inner"),
    [("tts", ForGpu, True, SupervisedTts, RemoteTts), ("stt", ForGpu, True, SupervisedStt, RemoteStt),
     ("tts", ForGpu, False, SupervisedTts, ForGpu), ("stt", Plain, True, SupervisedStt, Plain),
     ("vad", Plain, True, Plain, None), ("turn", ForGpu, True, ForGpu, None)],
)  # fmt: skip
def test_engines_are_kept_going(kind: Any, factory: Any, own_processes: bool, outer: type, inner: type | None) -> None:
    engine = Placement(own_processes).engine(kind, factory.name, factory, {})
    assert type(engine) is outer
    assert inner is None or type(engine.inner) is inner


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


@pytest.mark.parametrize("own_processes", [True, False])
def test_a_voice_is_made_anew_with_its_tones_as_they_are_then(own_processes: bool) -> None:
    given = {"device": "cpu"}
    engine = Placement(own_processes).engine("tts", "for-gpu", ForGpu, given)
    engine.retone({"neutral": "anna"})
    assert given == {"device": "cpu"}
    again = engine.make()
    made_with = again._make["options"] if own_processes else again.options
    assert made_with == {"device": "cpu", "voice_tone_map": {"neutral": "anna"}}
