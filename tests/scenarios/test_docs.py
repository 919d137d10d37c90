"""The page for prompt designers names every field and option, and its examples are right."""

import re
from pathlib import Path

import pytest

from tests.scenarios.bench import config_in
from voi.scenarios import model
from voi.scenarios.load import cases_of
from voi.scenarios.yaml_file import parse_yaml

PAGE = (Path(__file__).parents[2] / "docs" / "testing-agents.md").read_text()
CODE = {word for span in re.findall(r"`([^`\n]+)`", PAGE) for word in re.findall(r"\w+", span)}


@pytest.mark.parametrize("kind", [model.Step, model.Expect, model.ModelAnswer, model.ToolAnswer])
def test_every_field_is_named(kind: type) -> None:
    assert set(kind.model_fields) - CODE - {"expect", "model"} == set()  # type: ignore[attr-defined]


def test_every_happening_is_named() -> None:
    assert set(model.HAPPENINGS) - CODE == set()


def test_the_examples_are_right(tmp_path: Path) -> None:
    blocks = re.findall(r"```yaml\n(.*?)```", PAGE, re.S)
    config = config_in(tmp_path, {"friend": {"llm_model": "some-model"}})
    assert len(blocks) >= 2
    for block in blocks:
        if "scenarios:" not in block:
            indented = "".join(f"    {line}\n" for line in block.splitlines())
            block = f"agent: friend\nscenarios:\n  - name: it\n{indented}"
        assert cases_of(parse_yaml(block, "docs/testing-agents.md"), config)
