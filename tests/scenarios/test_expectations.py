"""Every expectation holds where it should, and is told where it does not."""

from pathlib import Path

import pytest

from tests.scenarios.bench import AGENTS, config_in, one, told
from voi.config.config import Config
from voi.scenarios import model

STORY = "say: Tell me a story\nmodel: Once upon a time there was a grey fox."


@pytest.mark.parametrize(
    ("expect", "wrong"),
    [
        ("says: grey fox", ""),
        ("says: [fox, wolf]", 'did not say "wolf"; it said "Once upon a time'),
        ("never_says: wolf", ""),
        ("never_says: fox", 'said "fox"'),
        ("silent: true", "was to be silent"),
        ("heard: tell me a story", ""),
        ("heard: a song", 'did not understand "a song"'),
        ("tone: neutral", ""),
        ("tone: [warm, sad]", "was to sound warm or sad, and it was neutral"),
        ("speakers: character", ""),
        ("speakers: [narrator, character]", "were to be narrator, character, and were character"),
        ("words_max: 9", ""),
        ("words_max: 8", "has 9 words, more than 8"),
        ("calls: []", ""),
        ("calls: [{name: book}]", "did not call book; it called nothing"),
        ("never_calls: switch_agent", ""),
        ("happens: interruption", "interruption did not happen"),
        ("never: interruption", ""),
        ("latency_ms: 2000", ""),
        ("latency_ms: 100", "the answer came after"),
        ("turns: 1", ""),
        ("turns: 2", "answered 1 times, and was to 2"),
        ("turns: {max: 0}", "answered 1 times, and was to 0"),
        ("turns: {min: 2}", "answered 1 times, and was to 2 to any number"),
        ("turns: {min: 1, max: 3}", ""),
        ("ends: idle_limit", "was to end with idle_limit, and did not end"),
        ("model_sees: you tell stories", ""),
        ("model_sees: you sing", 'the model was not shown "you sing"'),
        ("model_never_sees: you sing", ""),
        ("model_never_sees: stories", 'the model was shown "stories"'),
    ],
)
def test_words_and_numbers(expect: str, wrong: str, config: Config) -> None:
    result = one(f"- {STORY}\n  expect: {{{expect}}}".replace("\nmodel", "\n  model"), config)
    assert wrong in told(result)
    assert (result.status == "passed") is (wrong == "")
    assert all(broken.where == "scenarios/test.yaml:7" for broken in result.broken)


def test_every_expectation_is_tried_above_or_below() -> None:
    source = Path(__file__).read_text()
    assert [name for name in model.Expect.model_fields if f"{name}:" not in source] == []


CALLS = """
- say: Book a table for two on Friday
  model:
    - text: One moment.
      calls: [{name: find, arguments: {day: Friday}}, {name: book, arguments: {day: Friday, people: 2}}]
    - It is booked.
  expect: {EXPECT}
"""


@pytest.mark.parametrize(
    ("expect", "wrong"),
    [
        ("calls: [{name: book, arguments: {people: 2}}]", ""),
        ("calls: [{name: find}, {name: book}]", ""),
        ("calls: [{name: book}, {name: find}]", "did not call find"),
        ("calls: [{name: book}, {name: book}]", "did not call book"),
        ("calls: [{name: bok}]", 'did you mean "book"'),
        ("calls: [{name: book, arguments: {people: 3}}]", "did not call book with"),
        ("calls: []", "no tool was to be called"),
        ("never_calls: [book]", "called book with"),
        ("never: call", "call happened after"),
        ("turns: 1", ""),
        ("says: [one moment, booked]", ""),
    ],
)
def test_calls(expect: str, wrong: str, config: Config) -> None:
    head = "tools: {find: free, book: {result: {id: 7}}}"
    result = one(CALLS.replace("EXPECT", expect), config, head=head)
    assert wrong in told(result)
    assert (result.status == "passed") is (wrong == "")


def test_what_tools_return_is_shown_to_the_model(config: Config) -> None:
    steps = """
- say: Which day?
  model: [{calls: [{name: find}]}, {calls: [{name: find}]}, Saturday.]
  expect: {calls: [{name: find}, {name: find}], says: Saturday}
"""
    result = one(steps, config, head="tools: {find: [friday, {error: no more days}]}")
    assert told(result) == ""
    shown = result.performances[0].trace.asked[-1]
    results = [part.text for message in shown for part in message.tool_results]
    assert results == ["friday", "no more days"]


def test_a_tool_that_no_scenario_has_fails_in_words(config: Config) -> None:
    steps = "- say: Hello\n  model: [{calls: [{name: nobody}]}, Sorry.]\n  expect: {says: sorry}"
    result = one(steps, config)
    assert told(result) == ""
    assert "no tool of that name" in str(result.performances[0].trace.asked[-1])


@pytest.mark.parametrize(
    ("steps", "happening"),
    [
        ("- say: Hello\n  model: [As a language model I err., Hello.]", "denial"),
        ("- say: Hello\n  model: As a language model I err.", "gave_up"),
        ("- say: Hello\n  model: {error: overloaded}", "failure"),
        ("- say: Hello\n  model: {error: overloaded}", "error"),
        ("- say: Hello\n  model: {error: overloaded}", "apology"),
        ("- say: Hello\n  model: One two three four five six seven.\n- say: Stop that now\n  interrupts_after_ms: 400\n"
         "  model: I stopped.", "interruption"),
        ("- say: Hello\n  model: One two three four five six seven.\n- say: mhm\n  interrupts_after_ms: 900",
         "backchannel"),
    ],
)  # fmt: skip
def test_what_happens_and_what_does_not(steps: str, happening: str, config: Config) -> None:
    assert told(one(f"{steps}\n  expect: {{happens: {happening}}}", config)) == ""
    assert f"{happening} happened after" in told(one(f"{steps}\n  expect: {{never: {happening}}}", config))
    plain = f"- say: Hello\n  model: Hello to you.\n  expect: {{happens: {happening}}}"
    assert f"{happening} did not happen" in told(one(plain, config))


def test_tones_speakers_and_the_greeting(config: Config) -> None:
    steps = """
- expect: {happens: greeting, tone: warm, says: hello there, turns: 0}
- say: How are you?
  model: {voice_tone: sad, text: "*She sighs.* Not well."}
  expect: {tone: sad, speakers: [narrator, character], never: greeting}
"""
    assert told(one(steps, config, agent="moody")) == ""
    assert "was to sound excited, and it was warm" in told(one("- expect: {tone: excited}", config, agent="moody"))
    assert "was nothing" in told(one("- expect: {tone: warm}", config, agent="teller"))


def test_ends_reminders_and_late_phrases(folder: Path) -> None:
    agents = {
        "teller": AGENTS["teller"]
        | {
            "idle_reminder": {"after_s": 5, "choices": ["Still there?"]},
            "idle_limit_s": 30,
            "late_phrase": {"choices": ["One moment."], "after_s": 1},
        }
    }
    config = config_in(folder, agents)
    steps = """
- wait_s: 8
  expect: {happens: reminder, says: still there}
- say: Hello
  model: {text: Hello yourself., after_ms: 3000}
  expect: {happens: late_phrase}
- wait_s: 60
  expect: {happens: hang_up, ends: idle_limit}
"""
    assert told(one(steps, config)) == ""
    more = one(steps + "- say: Anybody?\n  model: Yes.\n", config)
    assert "the conversation had ended before this: idle_limit" in told(more)


def test_who_calls_by_telephone_is_told_that_it_is_an_ai(config: Config) -> None:
    steps = "- expect: {happens: disclosure}"
    assert told(one(steps, config, agent="moody", head="telephone: true")) == ""
    assert "disclosure did not happen" in told(one(steps, config, agent="moody"))


def test_a_goodbye_is_said_when_the_time_is_up(folder: Path) -> None:
    config = config_in(folder, {"teller": AGENTS["teller"] | {"duration_limit_s": 10, "goodbye": "Time is up."}})
    steps = "- wait_s: 30\n  expect: {happens: [goodbye, hang_up], ends: duration_limit}"
    assert told(one(steps, config)) == ""


def test_a_scenario_as_a_whole(config: Config) -> None:
    steps = "- say: One\n  model: First.\n- say: Two\n  model: Second."
    assert told(one(steps, config, head="expect: {turns: 2, says: [first, second]}")) == ""
    broken = one(steps, config, head="expect:\n  turns: 3").broken
    assert [each.where for each in broken] == ["scenarios/test.yaml:5"]


def test_without_an_answer_of_the_model_the_scenario_says_what_to_do(config: Config) -> None:
    result = one("- say: Hello\n  expect: {says: hello}", config)
    assert result.status == "failed"
    assert "scenarios/test.yaml:5: the scenario does not say what the model answers" in told(result)


def test_criteria_for_a_judge_are_left_out_and_it_is_said(config: Config) -> None:
    result = one("- say: Hello\n  model: Hi.\n  expect: {judge: [The agent is kind., It is short.]}", config)
    assert result.status == "passed"
    assert result.note == "2 criteria for a judge left out: --live"


def test_who_interrupts_nobody_has_not_tried_it(config: Config) -> None:
    steps = "- say: Hello\n  model: Hi.\n- say: mhm\n  interrupts_after_ms: 5000\n  expect: {never: interruption}"
    assert "spoke for less than 5000 ms" in told(one(steps, config))
    steps = "- say: mhm\n  interrupts_after_ms: 10\n  model: Hi.\n  expect: {never: interruption}"
    assert "the agent did not speak" in told(one(steps, config)), "it has no greeting"


def test_an_answer_that_does_not_come_in_time_is_told(config: Config) -> None:
    late = "- say: Hello\n  model: {text: Hi., after_ms: 9000}\n  expect: {EXPECT}"
    assert told(one(late.replace("EXPECT", "says: hi"), config)) == ""
    result = one(late.replace("EXPECT", "never_says: hi"), config, head="answer_within_s: 5")
    assert "no answer, or none that ended, within 5 s" in told(result)


def test_an_agent_that_speaks_at_length_is_heard_out(config: Config) -> None:
    steps = f"- say: Hello\n  model: {'one two three four five. ' * 12}the end\n  expect: {{says: the end}}"
    result = one(steps, config, head="answer_within_s: 5")
    assert told(result) == ""
    assert result.performances[0].trace.now_ms > 10_000


def test_the_end_of_a_conversation_that_the_person_ends(config: Config) -> None:
    steps = "- say: Hello\n  model: Hi.\n- hang_up: true\n  expect: {ends: REASON, never: hang_up}"
    assert told(one(steps.replace("REASON", "client_hung_up"), config)) == ""
    assert "was to end with idle_limit" in told(one(steps.replace("REASON", "idle_limit"), config))


def test_a_model_that_was_never_asked_was_shown_nothing(config: Config) -> None:
    steps = "- expect: {model_never_sees: stories}"
    assert "the model was never asked" in told(one(steps, config))


def test_numbers_are_looked_for_as_they_are_written(config: Config) -> None:
    steps = "- say: How much?\n  model: It is 1.50 or +49.\n  expect: {EXPECT}"
    assert told(one(steps.replace("EXPECT", "says: [1.50, +49], never_says: 1.5"), config)) == ""
    assert "said" in told(one(steps.replace("EXPECT", "never_says: 1.50"), config))
    call = "- say: Buy\n  model: [{calls: [{name: buy, arguments: {price: 1.5}}]}, Done.]\n"
    call += "  expect: {calls: [{name: buy, arguments: {price: 1.50}}]}"
    assert told(one(call, config, head="tools: {buy: ok}")) == ""


def test_words_that_go_on_an_earlier_message_are_understood_in_their_step(config: Config) -> None:
    steps = """
- say: I would like
  model: One two three four five six seven eight nine ten.
- say: a red bike
  interrupts_after_ms: 0
  model: Red it is.
  expect: {heard: a red bike, says: red it is}
- say: Bye
  model: Goodbye.
  expect: {heard: EXPECT}
"""
    assert told(one(steps.replace("EXPECT", "bye"), config)) == ""
    assert 'it understood "Bye"' in told(one(steps.replace("EXPECT", "a red bike"), config))


def test_a_missing_answer_of_a_tool_is_told_with_its_place(folder: Path) -> None:
    agents = {"shop": {**AGENTS["echo"], "tools": {"find": {"description": "Finds.", "app": True}}}}
    steps = "- say: Hello\n  model: [{calls: [{name: find}]}, Found.]\n  expect: {says: found}"
    (broken,) = one(steps, config_in(folder, agents), agent="shop").broken
    assert str(broken).startswith("scenarios/test.yaml:3: the scenario does not say what the tool find answers")
