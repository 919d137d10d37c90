"""Files become an index in a process of their own, once, and none of them can harm the server."""

import asyncio
import os
import stat
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from tests.fakes.pdf import assembled, pdf, pdf_of
from voi.config.agents import Agent
from voi.config.config import Config
from voi.config.knowledge import find_files
from voi.errors import ConfigError, EngineError
from voi.knowledge import library
from voi.knowledge.collection import Query
from voi.knowledge.library import Library, build_index

pytestmark = pytest.mark.integration

DATA = Path("data/knowledge")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "docs").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def put(name: str, content: str | bytes) -> None:
    Path(name).write_bytes(content.encode() if isinstance(content, str) else content)


def kept(pattern: str = "*") -> list[Path]:
    return sorted(DATA.glob(pattern))


def modes(*paths: Path) -> set[int]:
    return {stat.S_IMODE(path.stat().st_mode) for path in paths}


def exchange_for_link(name: str, target: Path) -> None:
    Path(name).unlink()
    Path(name).symlink_to(target)


def make_old(*names: str) -> None:
    for name in names:
        (DATA / name).touch()
        os.utime(DATA / name, (0, time.time() - 40 * 86_400))


def config(folder: Path, **knowledge: object) -> Config:
    agent = Agent.model_validate({"llm_model": "m", "knowledge": {"files": ["docs"], **knowledge}})
    assert agent.knowledge
    named = agent.knowledge.files
    return Config({"desk": agent}, {}, {}, {}, knowledge_files={named: find_files(folder, named)})


async def found(shelf: Library, config: Config, words: str) -> list[str]:
    collection = shelf.of(config.agents["desk"].knowledge)
    assert collection
    return [passage.source for passage in await collection.search(Query(words))]


async def test_files_of_all_kinds_are_found(folder: Path) -> None:
    put("docs/a.md", "# Dogs\nDogs must stay outside.")
    put("docs/b.pdf", pdf(["Parking costs 3 EUR.", "Bicycles are free."]))
    put("docs/c.csv", "plan,price\nblue,9\n")
    put("docs/d.html", "<h1>Lost property</h1><p>Ask for umbrellas at the desk.")
    shelf, current = Library(DATA), config(folder)
    assert await shelf.take(current) == []
    assert await found(shelf, current, "where is my bicycle") == ["docs/b.pdf"]
    assert await found(shelf, current, "blue plan") == ["docs/c.csv"]
    assert await found(shelf, current, "lost umbrella") == ["docs/d.html"]
    assert modes(DATA) == {0o700}
    assert modes(*kept()) == {0o600}


async def test_what_was_read_is_not_read_again(folder: Path) -> None:
    put("docs/a.pdf", pdf(["Parking costs 3 EUR."]))
    first = await build_index(config(folder).knowledge_files["docs",].files, DATA)
    text = kept("*.text.json")[0]
    text.write_text(text.read_text().replace("Parking", "Sailing"))
    written = first.path.stat().st_ino
    again = await build_index(config(folder).knowledge_files["docs",].files, DATA)
    assert (again.path, again.path.stat().st_ino) == (first.path, written)
    put("docs/b.md", "more")  # another collection: the PDF's text is taken from the folder
    shelf, current = Library(DATA), config(folder)
    await shelf.take(current)
    assert await found(shelf, current, "sailing") == ["docs/a.pdf"]


async def test_an_edit_makes_another_index_and_old_conversations_keep_theirs(folder: Path) -> None:
    put("docs/a.md", "Tea costs two euros.")
    shelf, current = Library(DATA), config(folder)
    await shelf.take(current)
    before = shelf.of(current.agents["desk"].knowledge)
    put("docs/a.md", "Coffee costs two euros.")
    await shelf.take(current)
    assert await found(shelf, current, "tea") == []
    assert await found(shelf, current, "coffee") == ["docs/a.md"]
    assert before
    assert [each.words for each in await before.search(Query("tea"))] == ["Tea costs two euros."]


HOSTILE = {
    "bomb.pdf": pdf_of([b"0 " * 200_000_000]),
    "loop.pdf": pdf_of([b"(x) Tj " * 6_000_000]),
    "circle.pdf": assembled(
        [b"<< /Type /Catalog /Pages 2 0 R >>", b"<< /Type /Pages /Kids [2 0 R 2 0 R 2 0 R] /Count 1000000000 >>"]
    ),
    "cut.pdf": pdf(["x"] * 50)[:900],
    "quote.csv": b'a,b\n"' + b"x" * 5_000_000,
    "not.md": b"\0\1\2",
}


async def test_hostile_files_are_left_out_with_their_reasons(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(library, "FILE_DEADLINE_S", 2.0)
    for name, data in HOSTILE.items():
        put(f"docs/{name}", data)
    put("docs/big.txt", b"x" * (33 << 20))
    put("docs/good.md", "The good file is found.")
    shelf, current = Library(DATA), config(folder)
    notes = await shelf.take(current)
    assert await found(shelf, current, "good file") == ["docs/good.md"]
    told = "\n".join(notes)
    assert all(note.startswith("agents.json: $.desk.knowledge: docs/") for note in notes)
    assert {note.split()[2].removeprefix("docs/") for note in notes} == HOSTILE.keys() | {"big.txt"}
    assert "docs/big.txt is larger than 32 MiB" in told
    assert "docs/loop.pdf takes more than 2 s to read" in told
    assert await shelf.take(current) == notes  # and again, from what is kept


async def test_a_page_is_as_deep_as_it_likes(folder: Path) -> None:
    put("docs/deep.html", "<div>" * 200_000 + "depths of the page")
    shelf, current = Library(DATA), config(folder)
    assert await shelf.take(current) == []
    assert await found(shelf, current, "depths") == ["docs/deep.html"]


async def test_a_file_that_was_exchanged_for_a_link_is_not_followed(folder: Path) -> None:
    put("secret.md", "secret words")
    put("docs/a.md", "innocent")
    current = config(folder)
    exchange_for_link("docs/a.md", folder / "secret.md")
    shelf = Library(DATA)
    (note,) = await shelf.take(current)
    assert "docs/a.md cannot be read" in note
    assert await found(shelf, current, "secret words") == []


async def test_a_folder_that_was_exchanged_for_a_link_is_not_followed(folder: Path) -> None:
    for name in ("docs/sub", "private"):
        (folder / name).mkdir()
    put("docs/sub/a.md", "innocent")
    put("private/a.md", "secret words")
    current = config(folder)
    (folder / "docs/sub").rename(folder / "away")
    (folder / "docs/sub").symlink_to(folder / "private")
    shelf = Library(DATA)
    (note,) = await shelf.take(current)
    assert "docs/sub/a.md cannot be read" in note
    assert await found(shelf, current, "secret words") == []


async def test_a_file_that_was_deleted_is_found_no_more(folder: Path) -> None:
    put("docs/a.md", "Tea costs two euros.")
    put("docs/b.md", "Coffee costs three euros.")
    shelf = Library(DATA)
    await shelf.take(config(folder))
    (folder / "docs/a.md").unlink()
    current = config(folder)
    assert await shelf.take(current) == []
    assert await found(shelf, current, "tea") == []
    (folder / "docs/b.md").unlink()
    current = config(folder)
    assert await shelf.take(current) == []
    assert await found(shelf, current, "coffee") == []


FAKE = """
import json, os, signal, sys, time
job = json.loads(sys.stdin.read())
for name, path, kind in job["files"]:
    if name in job["leave_out"]:
        continue
    print(json.dumps({"reads": name}), flush=True)
    if "kill" in name:
        os.kill(os.getpid(), signal.SIGKILL)
    if "sleep" in name:
        time.sleep(600)
os.execv(sys.executable, [sys.executable, "-c", "import io,sys; sys.stdin=io.TextIOWrapper(io.BytesIO(" + repr(
    json.dumps(job).encode()) + ")); from voi.knowledge.build import main; main()"])
"""


async def test_a_file_that_ends_its_reader_is_left_out(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(library, "READER", (sys.executable, "-c", FAKE))
    for name in ("a", "kill1", "kill2", "z"):
        put(f"docs/{name}.md", f"words of {name}")
    shelf, current = Library(DATA), config(folder)
    notes = await shelf.take(current)
    assert [note.split()[2] for note in notes] == ["docs/kill1.md", "docs/kill2.md"]
    assert await found(shelf, current, "z") == ["docs/z.md"]


async def test_a_reader_that_never_ends_is_ended(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(library, "READER", (sys.executable, "-c", FAKE))
    monkeypatch.setattr(library, "BUILD_DEADLINE_S", 1.0)
    put("docs/sleep.md", "x")
    with pytest.raises(ConfigError, match=r"not read within 1 s\. It was reading docs/sleep.md"):
        await Library(DATA).take(config(folder))


async def test_a_reader_that_only_dies_is_given_up(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(library, "READER", (sys.executable, "-c", "raise SystemExit(3)"))
    put("docs/a.md", "x")
    with pytest.raises(ConfigError, match="ended before it was done"):
        await Library(DATA).take(config(folder))


async def test_too_much_text_is_refused(folder: Path) -> None:
    for number in range(6):
        put(f"docs/{number}.txt", "x" * 3_900_000)
    shelf = Library(DATA)
    with pytest.raises(ConfigError, match=r"more than 20,000,000 characters"):
        await shelf.take(config(folder))
    assert not kept("*.partial")


async def test_a_folder_that_cannot_be_written(folder: Path) -> None:
    put("docs/a.md", "x")
    with pytest.raises(ConfigError, match=r"cannot be made: .*Not a directory"):
        await Library(folder / "docs" / "a.md" / "data").take(config(folder))


async def test_what_is_not_used_for_long_is_deleted(folder: Path) -> None:
    put("docs/a.md", "x")
    shelf, current = Library(DATA), config(folder)
    await shelf.take(current)
    make_old("old.sqlite", "old.text.json", "old.db", kept("*.sqlite")[0].name)
    await shelf.take(current)
    assert not kept("old*")
    assert await found(shelf, current, "x") == ["docs/a.md"], "what is used stays"
    assert len(kept("*.sqlite")) == 1


class FakeModel:
    """Makes vectors of how often a text names animals and money, and counts what it is asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.broken = False

    async def __call__(self, model: str, texts: list[str]) -> np.ndarray:
        await asyncio.sleep(0)
        if self.broken:
            raise EngineError("The model is away.")
        self.asked += texts
        words = [("dog", "cat", "pet", "hound"), ("euro", "cost", "price", "cheap")]
        return np.array(
            [[0.1 + sum(word in text.lower() for word in kind) for kind in words] for text in texts], np.float32
        )


async def test_meaning_finds_what_words_do_not(folder: Path) -> None:
    put("docs/a.md", "Dogs and cats must stay outside.")
    put("docs/b.md", "The price is nine euros.")
    model = FakeModel()
    shelf, current = Library(DATA, model), config(folder, embeddings="e", max_passages=1)
    assert await shelf.take(current) == []
    assert len(model.asked) == 2
    assert await found(shelf, current, "my hound") == ["docs/a.md"]
    put("docs/c.md", "Tea is cheap.")
    await shelf.take(config(folder, embeddings="e", max_passages=1))
    assert len(model.asked) == 4  # the question, and the new file alone


async def test_what_an_index_asks_of_its_model_is_told(folder: Path) -> None:
    for number in range(70):
        put(f"docs/{number}.md", f"Dogs and cats must stay outside of the house of number {number}.")
    used: list[tuple[str, str, int]] = []
    shelf = Library(DATA, FakeModel(), lambda agent, model, texts, took_ms: used.append((agent, model, len(texts))))
    current = config(folder, embeddings="e")
    await shelf.take(current)
    assert used == [("desk", "e", 64), ("desk", "e", 6)]
    await shelf.take(current)
    assert len(used) == 2, "kept vectors cost nothing"


async def test_an_embedding_model_that_comes_back_is_used(folder: Path) -> None:
    put("docs/a.md", "Dogs and cats must stay outside.")
    model = FakeModel()
    model.broken = True
    shelf, current = Library(DATA, model), config(folder, embeddings="e")
    await shelf.take(current)
    await shelf.ask_again()
    assert await found(shelf, current, "my hound") == []
    model.broken = False
    await shelf.ask_again()
    assert await found(shelf, current, "my hound") == ["docs/a.md"]
    asked = len(model.asked)
    await shelf.ask_again()
    assert len(model.asked) == asked, "it is there"


async def test_without_the_embedding_model_words_decide(folder: Path) -> None:
    put("docs/a.md", "Dogs and cats must stay outside.")
    model = FakeModel()
    model.broken = True
    shelf, current = Library(DATA, model), config(folder, embeddings="e")
    (note,) = await shelf.take(current)
    assert "only words find passages. The model is away." in note
    assert await found(shelf, current, "cats") == ["docs/a.md"]
    assert await found(shelf, current, "hound") == []


async def test_a_model_of_other_dimensions(folder: Path) -> None:
    put("docs/a.md", "Dogs.")
    sizes = iter([2, 3])

    async def embed(model: str, texts: list[str]) -> np.ndarray:
        return np.ones((len(texts), next(sizes)), np.float32)

    shelf, current = Library(DATA, embed), config(folder, embeddings="e")
    await shelf.take(current)
    collection = shelf.of(current.agents["desk"].knowledge)
    assert collection
    with pytest.raises(EngineError, match="3 numbers, not of 2"):
        await collection.rank_by_meaning(Query("dogs"))
