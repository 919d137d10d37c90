"""What a server makes of the files that agents draw on; the library itself has tests of its own."""

from types import SimpleNamespace
from typing import Any

import pytest

from voi.config.config import Config
from voi.errors import ConfigError
from voi.server import knowledge_files
from voi.server.knowledge_files import KnowledgeFiles


class FakeLibrary:
    """`notes`: what `take` says of files that it leaves out; an exception is raised."""

    notes: tuple[str, ...] | Exception = ()

    def __init__(self, folder: Any, on_embedded: Any) -> None:
        self.folder, self.embedded = folder, on_embedded

    async def take(self, config: Config) -> tuple[str, ...]:
        if isinstance(self.notes, Exception):
            raise self.notes
        return self.notes


class World:
    def __init__(self, monkeypatch: pytest.MonkeyPatch, notes: tuple[str, ...] | Exception = ()) -> None:
        monkeypatch.setattr(knowledge_files, "Library", FakeLibrary)
        monkeypatch.setattr(FakeLibrary, "notes", notes)
        self.progress: list[str] = []
        self.left_out: list[int] = []
        self.used: list[tuple[str, Any]] = []
        self.engines: Any = None
        self.files = KnowledgeFiles(
            SimpleNamespace(knowledge_dir="data/knowledge"),  # type: ignore[arg-type]
            SimpleNamespace(indexed=lambda agent, use: self.used.append((agent, use))),  # type: ignore[arg-type]
            lambda: self.engines,
            self.progress.append,
            self.left_out.append,
        )


def config_of(*paths: str) -> Any:
    found = SimpleNamespace(files=[SimpleNamespace(path=path) for path in paths])
    return SimpleNamespace(knowledge_files={("docs",): found, ("docs", "more"): found} if paths else {})


async def test_files_are_counted_once_and_those_left_out_are_told(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    world = World(monkeypatch, notes=("docs/broken.pdf: it is no PDF",))
    await world.files.read(config_of("a.md", "b.md"))
    assert [line.partition(" in ")[0] for line in world.progress] == ["knowledge: 2 files ready"]
    assert [record.getMessage() for record in caplog.records] == ["docs/broken.pdf: it is no PDF"]
    assert world.left_out == [1]


async def test_without_files_there_is_nothing_to_tell(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(monkeypatch)
    await world.files.read(config_of())
    assert (world.progress, world.left_out) == ([], [0])


async def test_a_mistake_in_the_configuration_is_passed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(monkeypatch, notes=ConfigError("knowledge: no such folder"))
    with pytest.raises(ConfigError, match="no such folder"):
        await world.files.read(config_of("a.md"))
    assert world.left_out == []


def test_what_an_embedding_model_was_asked_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(monkeypatch)
    embedded: Any = world.files.library.embedded  # type: ignore[attr-defined]
    embedded("desk", "embed-small", ["some words", "more words"], 120)
    world.engines = SimpleNamespace(llm_name=lambda model: f"the provider of {model}")
    embedded("desk", "embed-small", ["some words"], 60)
    (_, cold), (agent, warm) = world.used
    assert (agent, warm.model, warm.provider, warm.took_ms) == (
        "desk",
        "embed-small",
        "the provider of embed-small",
        60,
    )
    assert warm.estimated
    assert 0 < warm.input_tokens < cold.input_tokens
    assert cold.provider == "", "no engines are warm yet"
