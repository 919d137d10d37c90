from pathlib import Path

import pytest

from tests.scenarios.bench import cases
from voi.config.config import Config
from voi.errors import ConfigError
from voi.scenarios.load import load_cases, scenario_files

GOOD = "agent: echo\nscenarios:\n  - name: a\n    steps:\n      - say: Hello\n"


def mistakes(text: str, config: Config) -> list[str]:
    with pytest.raises(ConfigError) as error:
        cases(text, config, "f.yaml")
    return error.value.problems


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "f.yaml:1: is empty; begin with scenarios:"),
        ("- a", "f.yaml:1: must be a mapping"),
        (GOOD.replace("agent: echo", "agent: ecko"), 'f.yaml:1: '),
        (GOOD.replace("agent: echo", "agent: ecko"), 'did you mean "echo"'),
        (GOOD.replace("agent: echo\n", ""), "f.yaml:2: names no agent"),
        (GOOD.replace("say: Hello", "sai: Hello"), 'f.yaml:5: "sai" is no field here (did you mean "say"?)'),
        (GOOD.replace("say: Hello", "say: true"), "f.yaml:5: say must be text"),
        (GOOD.replace("say: Hello", "say: Hello\n        type: Bye"), "f.yaml:5: "),
        (GOOD.replace("say: Hello", "say: Hello\n        type: Bye"), "say and type at once"),
        (GOOD.replace("say: Hello", "say: [a, {pause: 7}]"), 'f.yaml:5: "pause" is no field here'),
        (GOOD.replace("say: Hello", "say: '…'"), "f.yaml:5: has no words"),
        (GOOD.replace("say: Hello", "sound: a.wav"), "has a sound; give its words as say"),
        (GOOD.replace("say: Hello", "say: Hello\n        sound: a.wav"), "f.yaml:6: there is no file"),
        (GOOD.replace("say: Hello", "wait_s: -1"), "f.yaml:5: wait_s must be at least 0"),
        (GOOD.replace("say: Hello", "keys: abc"), "f.yaml:5: keys"),
        (GOOD.replace("say: Hello", "expect: {turns: 1}\n        interrupts_after_ms: 5"), "nothing that interrupts"),
        (GOOD.replace("say: Hello", "{}"), "f.yaml:5: steps does nothing"),
        (GOOD.replace("say: Hello", "expect: {happens: nonsense}"), "f.yaml:5: happens must be"),
        (GOOD.replace("say: Hello", "expect: {turn: 3}"), 'did you mean "turns"'),
        (GOOD.replace("say: Hello", "expect: {turns: lots}"), "f.yaml:5: turns must be an object"),
        (GOOD.replace("say: Hello", "expect: {says: '/(/'}"), "f.yaml:5: "),
        (GOOD.replace("say: Hello", "expect: {says: '/(/'}"), "is no regular expression"),
        (GOOD.replace("say: Hello", "expect: {happens: call, never: call}"), "can't both happen and never happen"),
        (GOOD.replace("say: Hello", "expect: {silent: true, says: a}"), "who is silent says nothing"),
        (GOOD + "      - hang_up: true\n      - say: more\n", "f.yaml:7: stands behind hang_up"),
        (GOOD + "  - name: a\n    steps: [say: b]\n", "two scenarios named 'a'"),
        (GOOD.replace("steps:", "stepz:"), 'f.yaml:3: "steps" is missing'),
        ("agent: echo\nscenarios: []", "f.yaml:2: scenarios"),
        (GOOD.replace("say: Hello", "say: Hello\n        model: {txt: a}"), 'did you mean "text"'),
        (GOOD + "      - hang_up: true\n      - expect: {says: more}\n", "f.yaml:7: stands behind hang_up"),
        (GOOD.replace("say: Hello", "say: Hello\n        expect:"), '"expect" has no value'),
        (GOOD.replace("say: Hello", "expect: {}"), "expect expects nothing"),
        (GOOD.replace("say: Hello", "expect: {silent: false}"), "expect expects nothing"),
        (GOOD.replace("say: Hello", "expect: {never_says: }"), '"never_says" has no value'),
        (GOOD.replace("say: Hello", "expect: {never_says: [], turns: 1}"), "never_says lists nothing"),
        (GOOD.replace("say: Hello", "expect: {turns: {}}"), "turns says no number"),
        (GOOD.replace("say: Hello", "expect: {turns: {min: 2, max: 1}}"), "so no number fits"),
        (GOOD.replace("say: Hello", "expect: {says: ''}"), '"" is empty, and every text has that'),
        (GOOD.replace("say: Hello", "expect: {says: 'bye | '}"), "has a choice without words"),
        (GOOD.replace("say: Hello", "expect: {never_says: hello|bye}"), "write this | that"),
        (GOOD.replace("say: Hello", "expect: {never_says: /hello/i}"), "has letters behind its last /"),
        (GOOD.replace("say: Hello", "expect: {says: /.*/}"), "is found in every text"),
        (GOOD.replace("say: Hello", "expect: {never_calls: bok}"), 'there is no tool "bok"'),
        (GOOD.replace("say: Hello", "expect: {calls: [{name: a, arguments: {b: [/(/]}}]}"), "is no regular expression"),
        (GOOD + "    tools: {free: []}\n", "free has no answer"),
        (GOOD + "    tools: {free: {result: 1, aftr_ms: 4}}\n", 'did you mean "after_ms"'),
    ],
)  # fmt: skip
def test_mistakes_are_told_with_their_line(text: str, told: str, config: Config) -> None:
    problems = mistakes(text, config)
    assert told in "\n".join(problems)
    assert all(problem.startswith("f.yaml:") for problem in problems)


def test_what_can_fail_and_hold_is_no_mistake(config: Config) -> None:
    expect = "{says: [yes | sure, '?', '/gr[ae]y/', /usr/bin], heard: /^$/, calls: [], never_calls: [free, bok]}"
    model = "{calls: [{name: bok}]}"
    text = GOOD.replace("say: Hello", f"say: Hello\n        model: {model}\n        expect: {expect}")
    assert cases(text + "    tools: {free: {result: 1, status: ok}, book: null}\n", config)


def test_a_sound_is_beside_its_scenario(folder: Path, config: Config) -> None:
    place = folder / "scenarios"
    (place / "sounds").mkdir(parents=True)
    for file in (folder / "secret.wav", place / "sounds" / "a.wav"):
        file.write_bytes(b"")
    (place / "link.wav").symlink_to(folder / "secret.wav")
    text = GOOD.replace("say: Hello", "say: Hello\n        sound: SOUND")
    source = str(place / "f.yaml")
    assert cases(text.replace("SOUND", "sounds/a.wav"), config, source)
    for sound in ("../secret.wav", str(folder / "secret.wav"), "sounds/../../secret.wav", "link.wav"):
        with pytest.raises(ConfigError, match=r"f\.yaml:6: .* is outside the folder of this file"):
            cases(text.replace("SOUND", sound), config, source)
    with pytest.raises(ConfigError, match="is no path of a file"):
        cases(text.replace("SOUND", '"a\\0b"'), config, source)


def test_all_mistakes_are_told_at_once(config: Config) -> None:
    text = GOOD.replace("say: Hello", "sai: Hello") + "      - wait_s: -1\n"
    assert len(mistakes(text, config)) == 2


def test_comments_of_editors_are_no_fields(config: Config) -> None:
    assert len(cases(f"$schema: x\nx-note: y\n{GOOD}", config)) == 1


def test_files_are_found(folder: Path, config: Config) -> None:
    place = folder / "scenarios"
    place.mkdir()
    for name in ("b.yaml", "a.yml", "notes.txt"):
        (place / name).write_text(GOOD)
    assert [file.name for file in scenario_files([], folder / "agents.json")] == ["a.yml", "b.yaml"]
    assert scenario_files([place / "notes.txt"], folder / "agents.json") == [place / "notes.txt"]
    assert [case.key for case in load_cases([place / "a.yml", place / "b.yaml"], config)] == ["a.yml: a", "b.yaml: a"]
    assert load_cases([place / "b.yaml"], config, only="nothing") == []
    with pytest.raises(ConfigError, match="there is no such file"):
        scenario_files([folder / "elsewhere"], folder / "agents.json")


def test_without_a_folder_the_docs_are_named(folder: Path) -> None:
    with pytest.raises(ConfigError, match=r"docs/testing-agents\.md"):
        scenario_files([], folder / "agents.json")
