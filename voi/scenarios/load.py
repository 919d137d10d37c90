"""Finds and reads scenario files. A mistake is told with its file and line, and with what would be right."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from voi.config.config import Config
from voi.config.problems import Path as Place
from voi.config.problems import did_you_mean, explain, quoted
from voi.errors import ConfigError
from voi.scenarios import model
from voi.scenarios.matching import fault_of, regex_fault
from voi.scenarios.model import Expect, Scenario, ScenarioFile, ToolAnswer
from voi.scenarios.yaml_file import YamlDocument, read_yaml

FOLDER = "scenarios"
"""Name of the folder beside agents.json that holds scenarios."""
ENDINGS = (".yaml", ".yml")
FILES_MAX = 2_000
_SHORT_KINDS = {"string_type", "dict_type", "model_type", "mapping_type"}


@dataclass(frozen=True, slots=True)
class Case:
    """A scenario with what it inherits from its file. `number`: which one of the file it is."""

    scenario: Scenario
    agent: str
    tools: Mapping[str, tuple[ToolAnswer, ...]]
    document: YamlDocument
    number: int
    judge_model: str | None = None
    persons_voice: str | None = None

    @property
    def file(self) -> Path:
        return Path(self.document.source)

    @property
    def name(self) -> str:
        return self.scenario.name

    @property
    def key(self) -> str:
        """Names the scenario among those of all files."""
        return f"{self.file.name}: {self.name}"

    def at(self, *place: str | int) -> str:
        """`file:line` of that place in the scenario."""
        return self.document.at(("scenarios", self.number, *place))


def scenario_files(paths: Sequence[Path], agents_file: Path) -> list[Path]:
    """The files that are meant: those named, those in named folders; without names, those of the folder beside the
    agents. Raises ConfigError if there are none."""
    wanted = list(paths) or [agents_file.parent / FOLDER]
    found: list[Path] = []
    for path in wanted:
        if path.is_dir():
            found += sorted(each for each in path.rglob("*") if each.suffix in ENDINGS and each.is_file())
        elif path.exists():
            found.append(path)
        else:
            hint = "" if paths else "; docs/testing-agents.md shows how to write one"
            raise ConfigError(f"{path}: there is no such file or folder{hint}")
    if not found:
        raise ConfigError(f"{', '.join(map(str, wanted))}: no file there ends in .yaml or .yml")
    if len(found) > FILES_MAX:
        raise ConfigError(
            f"{', '.join(map(str, wanted))}: more than {FILES_MAX} files; name the folder of the scenarios"
        )
    return list(dict.fromkeys(found))


def load_cases(files: Iterable[Path], config: Config, *, only: str = "") -> list[Case]:
    """The scenarios of these files; `only`: those whose name has these words. Raises ConfigError with every mistake."""
    cases: list[Case] = []
    problems: list[str] = []
    for file in files:
        try:
            cases += cases_of(read_yaml(file), config)
        except ConfigError as error:
            problems += error.problems
    if problems:
        raise ConfigError(problems)
    return [case for case in cases if only.casefold() in case.name.casefold()]


def cases_of(document: YamlDocument, config: Config) -> list[Case]:
    """The scenarios of one file. Raises ConfigError with every mistake in it."""
    file = _validated(document)
    problems: list[str] = []
    cases = []
    for number, scenario in enumerate(file.scenarios):
        place = ("scenarios", number)
        agent = scenario.agent or file.agent
        if agent is None:
            problems.append(f"{document.at(place)}: names no agent; give it one, or the file: agent: NAME")
            continue
        if agent not in config.agents:
            where = (*place, "agent") if scenario.agent else ("agent",)
            hint = did_you_mean(agent, config.agents)
            problems.append(f"{document.at(where)}: {config.agents_source} has no agent {quoted(agent)}{hint}")
            continue
        case = Case(
            scenario, agent, {**file.tools, **scenario.tools}, document, number, file.judge_model, file.persons_voice
        )
        cases.append(case)
        problems += _sense(case, config)
    if problems:
        raise ConfigError(list(dict.fromkeys(problems)))
    return cases


def _validated(document: YamlDocument) -> ScenarioFile:
    raw = document.value
    if isinstance(raw, dict):
        raw = {key: value for key, value in raw.items() if not key.startswith(("$", "//", "x-"))}
    else:
        what = "is empty" if raw is None else "must be a mapping"
        raise ConfigError(f"{document.at(())}: {what}; begin with scenarios: and a list of them")
    try:
        return ScenarioFile.model_validate(raw)
    except ValidationError as failed:
        errors = failed.errors(include_url=False)
    told: dict[str, str] = {}
    for error in sorted(errors, key=lambda error: error["type"] != "extra_forbidden"):  # these explain what is missing
        place: Place = tuple(error["loc"])
        known = place
        while known and known not in document.lines:
            known = known[:-1]
        if error["type"] == "extra_forbidden":
            fields = _fields_of(_value_at(raw, place[:-1]), place)
            words = f"{quoted(place[-1])} is no field here{did_you_mean(str(place[-1]), fields)}"
        elif error["type"] == "too_short" and _value_at(raw, place):
            continue  # its items are wrong, and they are told of
        elif error["type"] in _SHORT_KINDS and len(place) > len(known) and isinstance(_value_at(raw, known), dict):
            continue  # it was to be the longer form, whose mistakes are told too
        else:
            name = next((str(step) for step in reversed(known) if isinstance(step, str)), "")
            words = explain(error).removeprefix("Value error, ")
            words = f"{name} {words}" if name else words
            if error["type"] == "missing":
                words = f"{quoted(place[-1])} is missing"
        told.setdefault(document.at(place), words)
    in_order = sorted(told.items(), key=lambda one: int(one[0].rpartition(":")[2]))
    raise ConfigError([f"{where}: {words}" for where, words in in_order])


def _value_at(value: Any, place: Place) -> Any:
    for step in place:
        try:
            value = value[step]
        except (KeyError, IndexError, TypeError):
            return value
    return value


_PARENTS: Mapping[str, type[BaseModel]] = {
    "scenarios": Scenario,
    "steps": model.Step,
    "expect": Expect,
    "say": model.SpeechPause,
    "model": model.ModelAnswer,
    "turns": model.Turns,
}


def _fields_of(value: Any, place: Place) -> list[str]:
    """Fields that an object at that place may have."""
    names = [str(step) for step in place[:-1] if isinstance(step, str)]
    if "calls" in names:
        known: type[BaseModel] = model.ExpectedCall
    else:
        known = next((_PARENTS[name] for name in reversed(names) if name in _PARENTS), ScenarioFile)
    return list(known.model_fields)


def _sense(case: Case, config: Config) -> list[str]:
    """Mistakes that only show when a scenario is read as a whole."""
    found = []
    scenario = case.scenario
    places: list[tuple[tuple[str | int, ...], Expect]] = [
        (("steps", number, "expect"), step.expect)
        for number, step in enumerate(scenario.steps)
        if step.expect is not None
    ]
    if scenario.expect is not None:
        places.append((("expect",), scenario.expect))
    for place, expect in places:
        found += [f"{case.at(*place, *where)}: {fault}" for where, fault in _vain(expect, case, config)]
    for number, step in enumerate(scenario.steps):
        if number and scenario.steps[number - 1].hang_up:
            found.append(
                f"{case.at('steps', number)}: stands behind hang_up, so it never happens; what must hold after hanging "
                "up is expected in that step"
            )
        if step.interrupts_after_ms is not None and number == 0 and not scenario.greet:
            found.append(f"{case.at('steps', 0, 'interrupts_after_ms')}: nobody speaks yet who could be interrupted")
        if step.sound is not None and (fault := _no_sound(case, step.sound)):
            found.append(f"{case.at('steps', number, 'sound')}: {fault}")
        if step.say is not None and not re.search(r"\w", step.words):
            found.append(f"{case.at('steps', number, 'say')}: has no words; for a sound without any, use noise_ms")
    return found


def _vain(expect: Expect, case: Case, config: Config) -> Iterator[tuple[Place, str]]:
    """Expectations that always hold, or never, whatever happens: most are misspelled."""
    for name in ("says", "never_says", "heard", "model_sees", "model_never_sees"):
        for text in getattr(expect, name):
            if fault := fault_of(text):
                yield (name,), f"{quoted(text)} {fault}"
    for number, call in enumerate(expect.calls or ()):
        for text in _texts_in(call.arguments):
            if fault := regex_fault(text):
                yield ("calls", number, "arguments"), f"{quoted(text)} {fault}"
    if unknown := set(expect.never_calls) - (tools := _tools_of(case, config)):
        name = min(unknown)
        hint = did_you_mean(name, tools)
        yield ("never_calls",), f"there is no tool {quoted(name)} that could be called{hint}"
    if both := set(expect.happens) & set(expect.never):
        yield (), f"{', '.join(sorted(both))} can't both happen and never happen"
    if expect.silent and (expect.says or expect.tone or expect.speakers):
        yield (), "who is silent says nothing; remove silent, or the rest"


def _texts_in(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for each in value.values() if isinstance(value, dict) else value:
            yield from _texts_in(each)


def _tools_of(case: Case, config: Config) -> set[str]:
    """Names of the tools that may be called: of every agent, since one may hand over to another, and of the scenario,
    which answers for those of servers. What the model of the scenario calls counts too."""
    return {
        "switch_agent",
        *case.tools,
        *(name for agent in config.agents.values() for name, tool in agent.tools.items() if tool.mcp is None),
        *(call.name for step in case.scenario.steps for answer in step.model or () for call in answer.calls),
    }


def _no_sound(case: Case, sound: str) -> str:
    """Why that is no sound of the scenario; "": it is one."""
    folder = case.file.parent
    try:
        file = (folder / sound).resolve()
        if not file.is_relative_to(folder.resolve()):
            return f"{quoted(sound)} is outside the folder of this file; put the sound beside it, or in a folder there"
        return "" if file.is_file() else f"there is no file {folder / sound}"
    except (OSError, ValueError, RuntimeError):  # a loop of links, a character that no name can have
        return f"{quoted(sound)} is no path of a file"
