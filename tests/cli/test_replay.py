import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from tests.core.world import World
from voi.cli.replay import replay
from voi.core import facts as was
from voi.core.actions import Action
from voi.core.facts import Fact
from voi.core.journal import encode_entry, encode_script
from voi.core.script import Script
from voi.dialogue import Phrase

app = typer.Typer()
app.command()(replay)
SCRIPT = Script(greeting=Phrase("Hello there."), mode="call", reminder_after_ms=9_000, reminder=Phrase("Still there?"))


class Recorded(World):
    """A World that keeps a journal."""

    def __init__(self) -> None:
        self.lines = [json.dumps(encode_script(SCRIPT))]
        super().__init__(SCRIPT, greet=True)

    def tell(self, *facts: Fact) -> list[Action]:
        handle = self.core.handle

        def kept(fact: Fact, now_ms: int) -> list[Action]:
            actions = handle(fact, now_ms)
            self.lines.append(json.dumps(encode_entry(now_ms, fact, actions)))
            return actions

        self.core.handle = kept  # type: ignore[method-assign]
        try:
            return super().tell(*facts)
        finally:
            self.core.handle = handle  # type: ignore[method-assign]


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    """A call of a few turns, as the recorder would have kept it."""
    world = Recorded()
    for text in ("hello there", "what is the time", "thank you"):
        world.speak(800)
        world.tell(was.QuietGrew(64))
        world.pass_time(2_000)
        world.tell(was.Heard(1, text, 0), was.QuietGrew(640))
        world.pass_time(10_000)
    world.tell(was.HungUp())
    path = tmp_path / "c1" / "journal.jsonl"
    path.parent.mkdir()
    path.write_text("\n".join(world.lines) + "\n")
    return path


def run(*args: object) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, [str(arg) for arg in args])
    told = str(result.exception) if result.exception and not isinstance(result.exception, SystemExit) else ""
    return result.exit_code, result.stdout, result.stderr + told


def test_a_recording_replays_to_the_same(journal: Path) -> None:
    code, out, _ = run(journal.parent)
    assert code == 0
    assert "    0.000 < Opened greet=True\n          > SayPhrase reply=1 text='Hello there.'" in out
    assert "The same: " in out.splitlines()[-1]
    assert run(journal)[1] == out
    assert "facts without effect not shown" in out
    everything = run(journal, "--all")[1]
    assert everything.count(" < ") == len(journal.read_text().splitlines()) - 1
    assert len(everything) > len(out)


def test_the_first_difference_is_told(journal: Path) -> None:
    lines = journal.read_text().splitlines()
    at = next(number for number, line in enumerate(lines) if '"StartReply"' in line)
    line = json.loads(lines[at])
    line["actions"] = [action for action in line["actions"] if action["action"] != "StartReply"]
    lines[at] = json.dumps(line)
    journal.write_text("\n".join(lines))
    code, out, err = run(journal)
    assert code == 1
    assert f"Fact {at} is answered differently now:" in err
    assert "+ StartReply(" in err
    assert "- StartReply(" not in err
    assert "The same" not in out


def test_a_last_line_that_was_cut_off_is_let_pass(journal: Path) -> None:
    text = journal.read_text()
    journal.write_text(text[: len(text) - 10])
    code, out, _ = run(journal)
    assert (code, "The same" in out) == (0, True)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "The journal is empty"),
        ("{", "Line 1 of the journal is not JSON"),
        ('{"voi": 9, "script": {}}', "Line 1: The journal has version 9"),
        ('{"voi": 1, "script": {}}\n{"t": 1, "fact": "Heard"}', "Line 2: .*Heard lacks a field"),
        ('{"voi": 1, "script": {}}\nnonsense\n{"t": 1, "fact": "Opened"}', "Line 2 of the journal is not JSON"),
        ("\ufffd\0", "not JSON"),
    ],
)
def test_junk_is_told(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "journal.jsonl").write_text(text)
    code, _, err = run(tmp_path)
    assert code == 1
    import re

    assert re.search(words, err)


def test_no_recording_there(tmp_path: Path) -> None:
    code, _, err = run(tmp_path)
    assert code == 1
    assert "There is no journal at" in err


def test_long_values_are_shortened(tmp_path: Path) -> None:
    lines = [json.dumps(encode_script(Script(mode="chat"))), json.dumps(encode_entry(5, was.Opened(False), []))]
    lines.append(json.dumps({"t": 5, "fact": "ImageGiven", "url": "data:" + "A" * 100_000}))
    (tmp_path / "journal.jsonl").write_text("\n".join(lines))
    assert all(len(line) < 200 for line in run(tmp_path)[1].splitlines())


def test_why_a_turn_had_ended_is_told(tmp_path: Path) -> None:
    world = Recorded()
    world.pass_time(5_000)
    world.say("What is the time?")
    (tmp_path / "journal.jsonl").write_text("\n".join(world.lines) + "\n")
    code, out, _ = run(tmp_path)
    assert code == 0
    assert "= the turn ends after " in out
    assert "sound no verdict, words 0.95" in out


@pytest.mark.parametrize("name", ["c1", "2026-11-29/c1", "2026-11-29/c1/journal.jsonl"])
def test_an_id_and_the_path_that_show_prints_are_found(
    name: str, journal: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    day = tmp_path / "recordings" / "2026-11-29"
    day.mkdir(parents=True)
    (tmp_path / "recordings" / "2026-11-28").mkdir()
    journal.parent.rename(day / "c1")
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    monkeypatch.setenv("VOI_RECORDINGS_DIR", str(tmp_path / "recordings"))
    assert CliRunner().invoke(app, [name]).stdout.splitlines()[-1].startswith("The same: ")
