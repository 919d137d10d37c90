"""Recordings become scenarios that can be played, without what was private."""

import io
import json
from pathlib import Path

import pytest

from tests.scenarios.bench import cases, config_in, played, told
from voi.config.config import Config
from voi.errors import ClientError
from voi.scenarios import from_recording
from voi.scenarios.from_recording import LINE_MAX_CHARACTERS, journal_lines, scenario_from

JOURNALS = Path(__file__).parents[1] / "data" / "journals"
CARD, NUMBER, MAIL = "4242 4242 4242 4242", "0301 2345678", "ada@example.org"


def lines(name: str) -> list[str]:
    return (JOURNALS / f"{name}.jsonl").read_text().splitlines()


@pytest.mark.parametrize("name", sorted(path.stem for path in JOURNALS.glob("*.jsonl")))
def test_every_journal_becomes_a_scenario_that_loads(name: str, config: Config) -> None:
    text = scenario_from(lines(name), config, name=name, agent="teller")
    (case,) = cases(text, config)
    assert case.name == name
    assert case.scenario.steps


def test_it_plays_as_the_conversation_went(config: Config) -> None:
    (result,) = played(scenario_from(lines("v3-call"), config, name="it", agent="teller"), config)
    said = [str(line) for line in result.performances[0].lines]
    assert said[0].startswith("person: tell me a story please now")
    assert any("event: interruption" in line for line in said)
    assert "agent: It is noon." in said
    assert [call.name for call in result.performances[0].trace.called] == ["clock"]
    assert told(result) == ""


def test_what_is_private_is_left_out_of_words_answers_and_tools(config: Config) -> None:
    private = json.dumps(f"Ada, card {CARD}, call {NUMBER} or {MAIL}")[1:-1]
    told_of_it = "\n".join(lines("v3-call"))
    for plain in ("tell me a story please now", "A hare, then.", "noon"):
        assert plain in told_of_it
        told_of_it = told_of_it.replace(plain, private)
    text = scenario_from(told_of_it.splitlines(), config, name="it", agent="teller", names=["Ada"])
    for secret in (CARD, "4242", NUMBER, "2345678", MAIL, "example.org", "Ada"):
        assert secret not in text.replace("and the names that you gave", "")
    assert "Alex" in text
    assert cases(text, config)


def test_pauses_within_a_turn_are_kept(config: Config) -> None:
    script = lines("v3-call")[0]
    facts = [
        {"t": 0, "fact": "UserStarted", "audio_ms": 0, "actions": [{"action": "Listen", "utterance": 1}]},
        {"t": 600, "fact": "QuietGrew", "quiet_ms": 96, "actions": []},
        {"t": 700, "fact": "Heard", "utterance": 1, "text": "I would like", "pause": 1, "actions": []},
        {"t": 1300, "fact": "QuietGrew", "quiet_ms": 800, "actions": []},
        {"t": 1400, "fact": "UserStarted", "audio_ms": 1400, "actions": []},
        {"t": 2000, "fact": "Heard", "utterance": 1, "text": "I would like a story", "pause": 2, "actions": [
            {"action": "Show", "message_id": 0, "role": "user", "text": "I would like a story", "final": True}]},
    ]  # fmt: skip
    text = scenario_from([script, *map(json.dumps, facts)], config, name="it", agent="teller")
    (case,) = cases(text, config)
    said = case.scenario.steps[0].say
    assert said is not None
    assert [getattr(part, "pause_ms", part) for part in said] == ["I would like", 800, "a story"]


def test_the_agent_is_found_by_its_prompt(tmp_path: Path) -> None:
    config = config_in(tmp_path, {"other": {"llm_model": "m", "system_prompt": "You sing."}})
    (case,) = cases(scenario_from(lines("v3-call"), config, name="it"), config)
    assert case.agent == "teller"


def test_refusals(config: Config, tmp_path: Path) -> None:
    twins = config_in(tmp_path, {"twin": {"llm_model": "m", "system_prompt": "You tell stories."}})
    with pytest.raises(ClientError, match="give --agent"):
        scenario_from(lines("v3-call"), twins, name="it")
    with pytest.raises(ClientError, match="did you mean"):
        scenario_from(lines("v3-chat"), config, name="it", agent="telle")
    with pytest.raises(ClientError, match="empty"):
        scenario_from([], config, name="it", agent="teller")
    with pytest.raises(ClientError, match="Nobody says anything"):
        scenario_from(lines("v3-chat")[:1], config, name="it", agent="teller")


def test_a_cut_off_last_line_is_left_out_and_a_damaged_one_told(config: Config) -> None:
    whole = lines("v3-call")
    assert cases(scenario_from([*whole, '{"t": 1, "fa'], config, name="it", agent="teller"), config)
    with pytest.raises(ClientError, match="Line 4 of the journal is damaged"):
        scenario_from([*whole[:3], '{"t": 1, "fa', *whole[3:]], config, name="it", agent="teller")


def test_no_line_is_read_without_end() -> None:
    assert [len(line) for line in journal_lines(io.StringIO("a\n" + "b" * (LINE_MAX_CHARACTERS + 5)))] == [
        2, LINE_MAX_CHARACTERS, 5,
    ]  # fmt: skip


def test_turns_that_are_too_many_are_told_of(config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(from_recording, "STEPS_MAX", 1)
    text = scenario_from(lines("v3-call"), config, name="it" * 200, agent="teller")
    assert "# Only the first 1 turns of the person are here" in text
    (case,) = cases(text, config)
    assert len(case.scenario.steps) == 1


def test_who_interrupts_late_also_interrupts_a_faster_voice(config: Config) -> None:
    slow = []
    for line in lines("v3-call"):
        entry = json.loads(line)
        entry["t"] = entry.get("t", 0) * 30
        slow.append(json.dumps(entry) if "fact" in entry else line)
    text = scenario_from(slow, config, name="it", agent="teller")
    assert "interrupts_after_ms" in text
    (result,) = played(text, config)
    assert "nothing was interrupted" not in told(result)
    assert any("event: interruption" in str(line) for line in result.performances[0].lines)
