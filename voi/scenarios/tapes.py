"""Answers of real models, kept beside the scenarios: with them scenarios run without the model, in milliseconds."""

import hashlib
import json
from pathlib import Path
from typing import Any

from voi.config.agents import Agent
from voi.config.json_file import read_object
from voi.config.problems import Problems
from voi.config.safe_file import replace_file
from voi.errors import ConfigError
from voi.scenarios.load import Case
from voi.scenarios.models import Tape

FOLDER = "recorded"
_KINDS = {"text": {"text": str}, "reasoning": {"text": str}, "finished": {"reason": str},
          "call": {"call_id": str, "name": str, "arguments": str}}  # fmt: skip


def tape_file(case: Case) -> Path:
    """Where the answers of the scenario's file are."""
    return case.file.parent / FOLDER / f"{case.file.stem}.json"


def prompt_mark(agent: Agent) -> str:
    """Changes when the prompt, its examples or the model do."""
    told = "\n".join([agent.llm_model, *(f"{message.role}: {message.text}" for message in agent.prompt())])
    return hashlib.sha256(told.encode()).hexdigest()[:16]


class Tapes:
    """The tapes of one run, read once a file."""

    def __init__(self) -> None:
        self._files: dict[Path, dict[str, Any]] = {}

    def of(self, case: Case) -> Tape | None:
        """The scenario's tape; None: nothing was recorded. Raises ConfigError if the file is damaged."""
        kept = self._read(tape_file(case)).get(case.name)
        return None if kept is None else Tape(kept["prompt"], kept["answers"])

    def put(self, case: Case, tape: Tape) -> None:
        """Keep a scenario's new tape. Raises OSError."""
        file = tape_file(case)
        kept = self._read(file)
        kept[case.name] = {"prompt": tape.prompt, "answers": tape.answers}
        file.parent.mkdir(parents=True, exist_ok=True)
        text = json.dumps(kept, indent=1, ensure_ascii=False) + "\n"
        replace_file(file, lambda out: out.write(text.encode()))

    def _read(self, file: Path) -> dict[str, Any]:
        if file not in self._files:
            if not file.exists():
                self._files[file] = {}
            else:
                problems = Problems()
                found = read_object(file, problems, missing="record again with: voi test --live --record")
                problems.raise_if_any()
                if not all(map(_is_tape, found.values())):
                    raise ConfigError(f"{file}: was not written by voi test; record again: voi test --live --record")
                self._files[file] = found
        return self._files[file]


def _is_tape(kept: Any) -> bool:
    if not (isinstance(kept, dict) and isinstance(kept.get("prompt"), str) and isinstance(kept.get("answers"), list)):
        return False
    return all(
        isinstance(answer, dict)
        and isinstance(answer.get("dialogue"), list)
        and isinstance(answer.get("events"), list)
        and all(map(_is_event, answer["events"]))
        for answer in kept["answers"]
    )


def _is_event(event: Any) -> bool:
    if not (isinstance(event, dict) and isinstance(event.get("after_ms"), int) and event["after_ms"] >= 0):
        return False
    shape, fields = _KINDS.get(str(event.get("kind"))), event.get("fields")
    return (
        shape is not None
        and isinstance(fields, dict)
        and fields.keys() == shape.keys()
        and all(isinstance(fields[name], kind) for name, kind in shape.items())
    )
