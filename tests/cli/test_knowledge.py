"""`voi knowledge`, and what `voi check` says of files that cannot be used."""

import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from voi.cli.check import check
from voi.cli.knowledge import knowledge
from voi.errors import ConfigError

pytestmark = pytest.mark.integration

app = typer.Typer()
app.add_typer(knowledge, name="knowledge")
app.command()(check)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LITELLM_API_BASE", "LITELLM_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    Path("docs").mkdir()
    Path("docs/hours.md").write_text("# Hours\nThe library opens at nine.")
    Path("docs/dogs.md").write_text("# Dogs\nDogs must stay outside.")
    agents = {"desk": {"llm_model": "echo", "knowledge": "docs"}, "other": {"llm_model": "echo"}}
    Path("agents.json").write_text(json.dumps(agents))


def test_search_prints_what_the_agent_would_be_given() -> None:
    result = CliRunner().invoke(app, ["knowledge", "search", "desk", "when do you open the library"])
    assert result.exit_code == 0, result.output
    assert "docs/hours.md, Hours\n# Hours\nThe library opens at nine." in result.stdout
    found = json.loads(CliRunner().invoke(app, ["knowledge", "search", "desk", "dog", "--json"]).stdout)
    assert found == [{"source": "docs/dogs.md", "place": "Dogs", "text": "# Dogs\nDogs must stay outside."}]
    result = CliRunner().invoke(app, ["knowledge", "search", "desk", "where?", "--before", "my dog", "--json"])
    assert json.loads(result.stdout)[0]["source"] == "docs/dogs.md"


def test_nothing_found() -> None:
    result = CliRunner().invoke(app, ["knowledge", "search", "desk", "zeppelin"])
    assert result.exit_code == 0
    assert result.stdout == ""
    assert "Nothing fits" in result.stderr


def test_list_names_the_files_and_what_is_wrong_with_others() -> None:
    Path("docs/broken.pdf").write_bytes(b"no")
    result = CliRunner().invoke(app, ["knowledge", "list", "desk"])
    assert "docs/hours.md" in result.stdout
    assert "docs/broken.pdf is a broken PDF" in result.stderr
    rows = json.loads(CliRunner().invoke(app, ["knowledge", "list", "desk", "--json"]).stdout)
    assert [row["source"] for row in rows] == ["docs/dogs.md", "docs/hours.md"]
    assert rows[1]["passages"] == 1


@pytest.mark.parametrize(("agent", "told"), [("nobody", "no agent 'nobody'"), ("other", "draws on no files")])
def test_agents_that_have_none(agent: str, told: str) -> None:
    result = CliRunner().invoke(app, ["knowledge", "list", agent])
    assert isinstance(result.exception, ConfigError)
    assert told in str(result.exception)


def test_check_names_the_file_and_the_reason() -> None:
    assert CliRunner().invoke(app, ["check"]).exit_code == 0
    Path("docs/broken.pdf").write_bytes(b"no")
    result = CliRunner().invoke(app, ["check"])
    assert result.exit_code == 1
    assert "agents.json: $.desk.knowledge: docs/broken.pdf is a broken PDF" in result.stderr
