"""What an agent may draw on: files below the folder of agents.json, and nothing else of the disk."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from tests.config.conftest import load, problems
from voi.config import knowledge
from voi.config.client_agent import parse_client_agent
from voi.config.knowledge import find_files
from voi.errors import ClientError


def agents(drawn_on: Any, **fields: Any) -> dict[str, Any]:
    return {"desk": {"llm_model": "echo", "knowledge": drawn_on, **fields}}


def names(root: Path, *named: str) -> list[str]:
    return [file.name for file in find_files(root, named).files]


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    """`root/docs` with files, beside `outside`."""
    root = tmp_path / "root"
    (root / "docs" / "sub").mkdir(parents=True)
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "secret.md").write_text("secret")
    for name in ("docs/a.md", "docs/sub/b.PDF", "docs/c.txt", "docs/.hidden.md", "docs/tool.py", "prices.csv"):
        (root / name).write_text("text")
    return root


@pytest.mark.parametrize("written", ["docs.md", ["docs.md"], {"files": ["docs.md"]}, {"files": "docs.md"}])
def test_a_name_or_names_or_an_object(folder: Path, written: Any) -> None:
    Path("docs.md").write_text("text")
    if written == {"files": "docs.md"}:
        assert "array" in problems(agents(written))[0]
        return
    drawn_on = load(agents(written)).agents["desk"].knowledge
    assert drawn_on is not None
    assert drawn_on.files == ("docs.md",)
    assert drawn_on.context


def test_files_and_folders(docs: Path) -> None:
    assert names(docs, "docs", "prices.csv", "docs/a.md") == ["docs/a.md", "docs/c.txt", "docs/sub/b.PDF", "prices.csv"]
    watched = find_files(docs, ["docs"]).watched
    assert {docs / "docs", docs / "docs" / "sub", docs / "docs" / "a.md"} <= set(watched)


@pytest.mark.parametrize(
    ("named", "why"),
    [
        ("../outside/secret.md", "is outside of the folder"),
        ("../outside", "is outside of the folder"),
        ("/etc/passwd", "is outside of the folder"),
        ("docs/../../outside/secret.md", "is outside of the folder"),
        ("link.md", "is outside of the folder"),
        ("linked", "is outside of the folder"),
        ("docs/.hidden.md", "is hidden"),
        ("docs/tool.py", "of a kind that is not read"),
        ("missing.md", "does not exist"),
        ("pipe.md", "is no file"),
        ("circle.md", "is a link that leads nowhere|Too many levels"),
        ("a\0b.md", "is no path"),
        ("x" * 400 + ".md", "cannot be read: File name too long"),
    ],
)
def test_nothing_leads_out_of_the_folder(docs: Path, named: str, why: str) -> None:
    (docs / "link.md").symlink_to(docs.parent / "outside" / "secret.md")
    (docs / "linked").symlink_to(docs.parent / "outside")
    (docs / "circle.md").symlink_to(docs / "circle.md")
    os.mkfifo(docs / "pipe.md")
    found = find_files(docs, [named])
    assert found.files == ()
    (problem,) = found.problems
    import re

    assert re.search(why, problem)
    assert "secret" not in problem.replace("secret.md", "")


def test_links_in_a_folder(docs: Path) -> None:
    (docs / "docs" / "out.md").symlink_to(docs.parent / "outside" / "secret.md")
    (docs / "docs" / "away").symlink_to(docs.parent / "outside")
    (docs / "docs" / "in.csv").symlink_to(docs / "prices.csv")
    found = find_files(docs, ["docs"])
    assert "docs/in.csv" in [file.name for file in found.files]
    assert len(found.problems) == 2
    assert "out.md" in found.problems[1]
    assert "away" in found.problems[0]


def test_there_are_limits(docs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(knowledge, "FILES_MAX", 2)
    (problem,) = find_files(docs, ["docs"]).problems
    assert "more than 2 files" in problem


def test_mistakes_are_told_with_their_place(folder: Path) -> None:
    Path("empty").mkdir()
    assert '$.desk.knowledge: "missing.md" does not exist' in problems(agents("missing.md"))[0]
    assert "names no file that can be read" in problems(agents("empty"))[0]
    assert "max_passages" in problems(agents({"files": ["empty"], "max_passages": 0}))[0]
    assert "files" in problems(agents({}))[0]


def test_a_tool_that_searches_needs_something_to_search(folder: Path) -> None:
    Path("docs.md").write_text("text")
    tools = {"look": {"builtin": "search_knowledge"}}
    assert load(agents("docs.md", tools=tools)).agents["desk"].tools["look"].builtin == "search_knowledge"
    (problem,) = problems(agents(None, tools=tools))
    assert 'has the tool "look", which searches its knowledge, and has no knowledge' in problem


def test_a_clients_own_agent_reads_no_files(folder: Path) -> None:
    Path("docs.md").write_text("text")
    config = load(agents("docs.md"))
    with pytest.raises(ClientError, match="only its own agents may read"):
        parse_client_agent(json.dumps({"llm_model": "echo", "knowledge": "docs.md"}), "app", config)
