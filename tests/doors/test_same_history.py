"""One scenario, driven through every door: the same history at the end, in the store and before the model."""

from itertools import pairwise
from pathlib import Path

import pytest

from tests.doors.clients import DOORS, FUNCTION, DoorClient, token_of
from tests.doors.served import ScriptedLlm, doors_open, needs_store, stored
from voi.scenarios.model import Scenario, ScenarioFile
from voi.scenarios.yaml_file import read_yaml

pytestmark = pytest.mark.integration

CUT = "Refreshingly... (interrupted)"
"""What was heard of the answer that is interrupted."""


def scenario() -> Scenario:
    document = read_yaml(Path(__file__).parent / "same.yaml")
    return ScenarioFile.model_validate(document.value).scenarios[0]


def history(script: Scenario, door: type[DoorClient]) -> list[tuple[str, str]]:
    """What the scenario leaves behind. A door that cannot interrupt hears out what is interrupted elsewhere."""
    said: list[tuple[str, str]] = []
    for step in script.steps:
        if step.interrupts_after_ms is not None and "interruptions" not in door.cannot:
            said[-1] = ("assistant", CUT)
        assert step.model is not None
        said += [("user", step.words), ("assistant", step.model[-1].text)]
    return said


@pytest.mark.parametrize("door", DOORS, ids=lambda door: door.name)
async def test_the_history_is_the_same(door: type[DoorClient], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    needs_store()
    script, llm = scenario(), ScriptedLlm()
    results = {name: answers[0].result for name, answers in script.tools.items()}
    heard = [step.words for step in script.steps]
    async with doors_open(tmp_path, monkeypatch, llm, door, heard, store="words") as server:
        client = await door.arrive(server, results, token_of())
        for step, following in pairwise((*script.steps, None)):
            assert step is not None
            assert step.model is not None
            llm.follow(step.model)
            cut_ms = following.interrupts_after_ms if following else None
            if cut_ms is None or "interruptions" in door.cannot:
                await client.ask(step.words)
            else:
                await client.ask_and_interrupt(step.words, cut_ms)
        assert not llm.answers
        await client.leave()
    expected = history(script, door)
    seen = [
        (each.role, each.text) for each in llm.requests[-1].messages if each.role in ("user", "assistant") and each.text
    ]
    assert seen == [(role, words.removesuffix(" (interrupted)")) for role, words in expected[:-1]]
    conversations = await stored(tmp_path)
    assert [(each.role, each.words) for kept in conversations for each in kept.transcript] == expected
    calls = [(use["tool"], use["error"]) for kept in conversations for use in kept.tools]
    assert calls == ([] if "functions of the app" in door.cannot else [(FUNCTION, "")])
