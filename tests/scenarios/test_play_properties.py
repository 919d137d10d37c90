"""Whatever a person does, a scenario comes to its end, and the same one always goes the same way."""

from typing import Any

import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.scenarios.bench import AGENTS, config_in, played
from voi.config.config import Config
from voi.scenarios.suite import Result

WORDS = st.sampled_from(["Hello.", "mhm", "I would like", "What is the time?", "No, wait", "five five two", "yes"])
ANSWERS = st.sampled_from(
    [
        "Once upon a time there was a fox.",
        "As a language model I err.",
        {"error": "overloaded"},
        {"text": "One moment.", "calls": [{"name": "find"}]},
        {"calls": [{"name": "nobody"}, {"name": "slow"}]},
        {"raw": '{"voice_tone": '},
        {"text": "Late.", "after_ms": 9_000},
        "",
    ]
)
ACTIONS = st.one_of(
    st.fixed_dictionaries({"say": WORDS}),
    st.fixed_dictionaries({"say": st.tuples(WORDS, st.fixed_dictionaries({"pause_ms": st.integers(0, 3_000)}), WORDS)}),
    st.fixed_dictionaries({"type": WORDS}),
    st.fixed_dictionaries({"noise_ms": st.integers(32, 900)}),
    st.fixed_dictionaries({"wait_s": st.floats(0, 40)}),
)


@st.composite
def steps(draw: Any) -> list[dict[str, Any]]:
    found = []
    for number in range(draw(st.integers(1, 5))):
        step = dict(draw(ACTIONS))
        step = {name: list(value) if isinstance(value, tuple) else value for name, value in step.items()}
        step["model"] = draw(st.lists(ANSWERS, min_size=1, max_size=3))
        if number and draw(st.booleans()):
            step["interrupts_after_ms"] = draw(st.integers(0, 4_000))
        found.append(step)
    return found


def _run(made: list[dict[str, Any]], config: Config) -> Result:
    tools = {"find": "found", "slow": {"result": "done", "after_ms": 20_000}}
    scenario = {"name": "it", "agent": "teller", "answer_within_s": 20, "tools": tools, "steps": made}
    (result,) = played(yaml.safe_dump({"scenarios": [scenario]}), config)
    return result


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(steps())
def test_every_scenario_ends_and_goes_the_same_way_again(folder: Any, made: list[dict[str, Any]]) -> None:
    late = {
        "late_phrase": {"choices": ["One moment."], "after_s": 1},
        "idle_reminder": {"after_s": 9, "choices": ["Hm?"]},
    }
    config = config_in(folder, {"teller": AGENTS["teller"] | late})
    result, again = _run(made, config), _run(made, config)
    assert [broken for broken in result.broken if "a fault in Voi" in broken.text] == []
    trace = result.performances[0].trace
    assert trace.tools_running == 0 or any("slow" in str(step) for step in made)
    words = " ".join(line.text for line in result.performances[0].lines)
    assert "language model" not in words
    assert "voice_tone" not in words
    assert [str(line) for line in again.performances[0].lines] == [str(line) for line in result.performances[0].lines]
