from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from voi.engines import registry
from voi.engines.llm.echo import Echo
from voi.errors import ConfigError, EngineError


class Parrot:
    """An engine as another package would bring it."""

    def __init__(self, *, colour: str = "green") -> None:
        self.colour = colour


NO_FACTORY = 3


@pytest.fixture(autouse=True)
def brought(monkeypatch: pytest.MonkeyPatch) -> None:
    points = {
        "tts.parrot": "tests.engines.test_registry:Parrot",
        "llm.echo": "tests.engines.test_registry:Parrot",
        "stt.gone": "no_such_package.stt:Stt",
        "stt.seven": "tests.engines.test_registry:NO_FACTORY",
        "vad.broken": "tests.engines.test_registry:Missing",
    }
    found = [EntryPoint(name, value, registry.GROUP) for name, value in points.items()]
    monkeypatch.setattr(registry, "entry_points", lambda *, group: found if group == "voi.engines" else [])


def test_an_engine_of_another_package() -> None:
    assert registry.create("tts", "parrot", {"colour": "red"}).colour == "red"
    assert registry.create("tts", "parrot").colour == "green"
    assert registry.names("tts") == (*registry.BUILT_IN["tts"], "parrot")


def test_built_in_engines_are_not_replaced() -> None:
    assert isinstance(registry.create("llm", "echo"), Echo)
    assert registry.names("llm").count("echo") == 1


def test_unknown_name() -> None:
    with pytest.raises(ConfigError, match=r"no tts engine 'parot'; there are: .*espeak, .*hibari, .*xtts, parrot"):
        registry.find("tts", "parot")


def test_unknown_option() -> None:
    with pytest.raises(ConfigError, match=r"tts engine parrot cannot be made .*'weight'"):
        registry.create("tts", "parrot", {"weight": 1})


@pytest.mark.parametrize(
    ("kind", "name", "words"),
    [
        ("stt", "gone", "needs the package no_such_package"),
        ("stt", "seven", "must name one"),
        ("vad", "broken", "AttributeError"),
    ],
)
def test_an_engine_that_cannot_be_loaded(kind: registry.Kind, name: str, words: str) -> None:
    with pytest.raises(EngineError, match=words):
        registry.find(kind, name)


def test_every_built_in_engine_exists() -> None:
    for kind, engines in registry.BUILT_IN.items():
        for name in engines:
            assert callable(registry.find(kind, name))


def test_every_kind_has_its_folder() -> None:
    folder = Path(registry.__file__).parent
    assert all((folder / kind).is_dir() for kind in registry.BUILT_IN)


def test_a_voice_that_takes_no_language_goes_without() -> None:
    """The language of a model in tts_models.json counts for its text, too."""
    assert registry.build(Parrot, "tts", "parrot", {"colour": "blue", "language": "de"}).colour == "blue"
    with pytest.raises(ConfigError, match="language"):
        registry.build(Parrot, "stt", "parrot", {"language": "de"})
