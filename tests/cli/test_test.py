import json
import os
from pathlib import Path
from xml.etree import ElementTree

import pytest
import typer
from typer.testing import CliRunner

from tests.scenarios.bench import settings_in
from voi.cli.test import test as command
from voi.errors import ClientError, ConfigError

app = typer.Typer()
app.command()(command)
app.command("other")(lambda: None)

GOOD = "agent: echo\nscenarios:\n  - name: a\n    steps:\n      - say: Hello\n        expect: {says: hello}\n"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    settings_in(tmp_path)
    (tmp_path / "scenarios").mkdir()
    (tmp_path / "scenarios" / "a.yaml").write_text(GOOD)
    return tmp_path


def run(*args: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, ["test", *args])
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.exit_code, result.output


def test_what_holds_passes() -> None:
    code, out = run()
    assert code == 0
    assert out.splitlines()[:2] == ["scenarios/a.yaml", "  ok    a"]
    assert "1 passed in" in out


def test_what_does_not_hold_has_exit_code_1_and_its_place(folder: Path) -> None:
    (folder / "scenarios" / "a.yaml").write_text(GOOD.replace("says: hello", "says: bye"))
    code, out = run()
    assert code == 1
    assert 'scenarios/a.yaml:6: did not say "bye"; it said "Hello"' in out


def test_the_next_run_tells_what_changed(folder: Path) -> None:
    run()
    (folder / "scenarios" / "a.yaml").write_text(GOOD.replace("says: hello", "says: bye"))
    assert "since the last run fails now: a.yaml: a" in run()[1]


def test_reports_for_programs(folder: Path) -> None:
    code, out = run("--json", "--junit", "report.xml")
    assert code == 0
    assert json.loads(out)["passed"] == 1
    assert ElementTree.parse(folder / "report.xml").getroot()[0].get("tests") == "1"


def test_mistakes_are_errors_of_the_command(folder: Path) -> None:
    (folder / "scenarios" / "a.yaml").write_text(GOOD.replace("say: Hello", "sai: Hello"))
    with pytest.raises(ConfigError, match=r"scenarios/a\.yaml:5"):
        run()


def test_a_run_of_nothing_is_no_success() -> None:
    with pytest.raises(ConfigError, match="No scenario has 'nothing' in its name"):
        run("--only", "nothing")


def test_only_real_answers_are_recorded() -> None:
    with pytest.raises(ClientError, match="--live"):
        run("--record")


def test_repeats_and_single_files() -> None:
    code, out = run("scenarios/a.yaml", "--repeat", "3", "--verbose")
    assert code == 0
    assert "a  3 of 3" in out
    assert "person: Hello" in out


def test_files_of_one_name_in_two_folders_have_a_last_run_each(folder: Path) -> None:
    for name, text in (("de", GOOD), ("en", GOOD.replace("says: hello", "says: bye"))):
        (folder / "scenarios" / name).mkdir()
        (folder / "scenarios" / name / "b.yaml").write_text(text)
    first, again = run()[1], run()[1]
    assert "since the last run" not in first + again
    assert "since the last run" not in run("scenarios/de")[1]


def test_a_folder_that_cannot_be_written_fails_no_run(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(path: Path, write: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("voi.scenarios.last_run.replace_file", full)
    code, out = run()
    assert code == 0
    assert "this run is not kept for the next: No space left on device" in out
    assert "1 passed in" in out


def test_a_last_run_that_is_no_file_is_no_last_run(folder: Path) -> None:
    os.mkfifo(folder / "scenarios" / ".last_run.json")
    assert run()[0] == 0
