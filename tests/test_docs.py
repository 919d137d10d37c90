"""Everything that people can set, send or run is documented, and the examples load."""

import dataclasses
import importlib.util
import json
import re
import tomllib
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from types import ModuleType
from typing import Any, get_args

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from pydantic import BaseModel

from voi.capture import slots
from voi.config import (
    brain,
    capture,
    classifiers,
    memory,
    oauth,
    outgoing,
    parts,
    phones,
    post_call,
    sip_accounts,
    telephone,
    tools,
    tts_models,
)
from voi.config.agents import Agent
from voi.config.knowledge import Knowledge
from voi.config.load import load_config
from voi.config.schema import FILES, json_schema
from voi.config.settings import Settings, env_name, load_settings
from voi.core.actions import Status
from voi.core.options import CallOptions
from voi.engines.registry import tts_info
from voi.transports import websocket
from voi.transports.telephone.outgoing.order import CallOrder
from voi.transports.voi_ws import from_client, wire

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
PAGES = sorted([*DOCS.glob("*.md"), *ROOT.glob("*.md"), ROOT / "bench" / "README.md"])


def page(name: str) -> str:
    return (DOCS / name).read_text()


def in_code(text: str) -> set[str]:
    """The words that stand in `code` on a page, outside of blocks."""
    spans = re.findall(r"`([^`\n]+)`", re.sub(r"^```.*?^```", "", text, flags=re.S | re.M))
    return {word for span in spans for word in re.findall(r"[\w$]+", span)}


def tool(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, ROOT / "tools" / f"{name}.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


# ---- settings


def test_settings_page_is_fresh() -> None:
    text = page("settings.md")
    assert text == tool("settings_page").with_table(text), "run tools/settings_page.py"


def test_every_setting_is_described_and_stands_in_env_example() -> None:
    lines = (ROOT / ".env.example").read_text().splitlines()
    named = {line.lstrip("#").split("=")[0] for line in lines if re.match(r"#?[A-Z][A-Z0-9_]*=", line)}
    assert named == {env_name(field) for field in Settings.model_fields}
    assert [name for name, field in Settings.model_fields.items() if not field.description] == []


# ---- agents.json, tts_models.json


def fields(*models: type[BaseModel]) -> Iterator[str]:
    for model in models:
        yield from model.model_fields


@pytest.mark.parametrize(
    "model",
    [
        Agent, classifiers.ControlAgent, classifiers.CompletenessAgent, tts_models.TtsModel, parts.TurnSettings,
        parts.NarratorChoice, parts.IdleReminder, parts.SttSettings, parts.Redact, parts.Choice, parts.Example,
        parts.Voices, parts.Disclosure, brain.SpeechBrain, telephone.Telephone,
    ],
)  # fmt: skip
def test_every_field_of_the_files_is_documented(model: type[BaseModel]) -> None:
    assert set(fields(model)) - in_code(page("agents.md")) == set()


@pytest.mark.parametrize(
    "model",
    [
        phones.Phones, phones.CarrierAccount, phones.PhoneNumber, sip_accounts.SipAccount, sip_accounts.SipListening,
        outgoing.OutgoingSettings, outgoing.OutgoingAccount, outgoing.QuietHours, outgoing.MachinesSettings, CallOrder,
    ],
)  # fmt: skip
def test_every_field_of_phones_is_documented(model: type[BaseModel]) -> None:
    assert set(fields(model)) - in_code(page("telephone.md")) == set()


@pytest.mark.parametrize("model", [memory.AgentMemory, memory.HistorySettings])
def test_memory_is_documented_with_its_defaults(model: type[BaseModel]) -> None:
    rows = {line.split("|")[1].strip(" `"): line.split("|")[-2].strip() for line in page("memory.md").splitlines()
            if line.startswith("| `")}  # fmt: skip
    assert set(fields(model)) - rows.keys() == set()
    told = {name: rows[name] for name, field in model.model_fields.items() if field.default is not None}
    assert told == {name: str(model.model_fields[name].default).replace("True", "true") for name in told}


@pytest.mark.parametrize(
    "model",
    [
        tools.AgentTool, tools.HttpRequest, tools.McpServer, tools.Filler, capture.Capture, capture.CaptureSlot,
        oauth.OAuthCredential, post_call.PostCall, post_call.PostCallTool, post_call.Webhook,
    ],
)  # fmt: skip
def test_every_field_of_a_tool_is_documented(model: type[BaseModel]) -> None:
    assert set(fields(model)) - in_code(page("tools.md")) - {"choices", "voice_tone"} == set()


def test_every_value_of_a_template_is_documented() -> None:
    words = in_code(page("tools.md"))
    assert {*post_call.ENDED_VALUES, *tools.QUERY_KINDS} - words == set()


def test_every_built_in_tool_is_documented() -> None:
    assert set(get_args(tools.BuiltInName)) - in_code(page("tools.md")) == set()


def test_every_field_of_knowledge_is_documented_with_its_default() -> None:
    rows = dict(re.findall(r"^\| `(\w+)` \|.*\| ([^|]+) \|$", page("knowledge.md"), re.M))
    assert rows.keys() == Knowledge.model_fields.keys()
    for name, field in Knowledge.model_fields.items():
        if isinstance(field.default, int):
            assert rows[name] == str(field.default).lower()


@pytest.mark.parametrize("field", parts.TurnSettings.model_fields)
def test_turn_defaults_are_as_documented(field: str) -> None:
    default = parts.TurnSettings.model_fields[field].default
    row = next(line for line in page("agents.md").splitlines() if line.startswith(f"| `{field}`"))
    assert row.split("|")[-2].strip() == (str(default).lower() if isinstance(default, bool) else str(default))


@pytest.mark.parametrize("file", FILES)
def test_schemas_are_fresh(file: Any) -> None:
    assert json.loads(page(f"{file}.schema.json")) == json_schema(file), "write it again with `voi schema`"


def test_examples_load(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".env").write_text((ROOT / ".env.example").read_text())
    settings = load_settings(
        agents_file=ROOT / "agents.example.json",
        tts_models_file=ROOT / "tts_models.example.json",
        litellm_config_file=ROOT / "litellm_config.example.yaml",
    )
    config = load_config(settings, tts_info)
    assert {"echo", "eliza"} <= config.agents.keys()
    import yaml

    models = yaml.safe_load((ROOT / "litellm_config.example.yaml").read_text())["model_list"]
    needed = {agent.llm_model for agent in config.agents.values()} - {"echo", "eliza"}
    assert needed <= {model["model_name"] for model in models}


@pytest.mark.parametrize("path", sorted((ROOT / "examples").glob("*.json")), ids=lambda path: path.name)
def test_examples_of_tools_load(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    settings = load_settings(
        agents_file=path,
        tts_models_file=ROOT / "tts_models.example.json",
        litellm_config_file=ROOT / "litellm_config.example.yaml",
    )
    (agent,) = load_config(settings, tts_info).agents.values()
    assert agent.tools
    assert agent.after_call
    assert f"examples/{path.name}" in page("tools.md")


# ---- the protocol


def test_every_message_is_documented() -> None:
    words = in_code(page("protocol.md"))
    types = set(from_client._TYPES.values())
    sent = (
        wire.init_done("x"), wire.status("x"), wire.message(0, "user", "x"), wire.message(0, "user", "", ("http://x",)),
        wire.message(0, "assistant", "She nods.", narrated=((0, 9),)),
        wire.tool_call("1", "x", "{}"), wire.tool_cancel("1"), wire.app_message("x"),
        wire.llm_response("x"), wire.error("x"), wire.audio_header(0), wire.speech_done(0),
    )  # fmt: skip
    heads = [wire.split(frame)[0] for frame in sent]
    types |= {m["type"] for m in heads} | {key for m in heads for key in m if key != "type"}
    types |= {part["type"] for m in heads for part in m.get("content", []) if isinstance(part, dict)}
    assert types - words == set()


def test_every_field_a_client_may_send_is_documented() -> None:
    words = in_code(page("protocol.md"))
    messages = (*from_client._TYPES, CallOptions)
    names = {field.name for message in messages for field in dataclasses.fields(message)}
    names = names - {
        "options",
        "input_rate_hz",
        "greet",
        "silent",
        "instructions",
        "reports_playback",
        "sound_piece_ms",
        "returns_echo",
        "holds_back",
    } | {"init_greeting"}
    names = {"interrupted_at" if name == "interrupted_at_ms" else name for name in names}  # seconds on the wire
    assert names - words == set()


def test_every_status_is_documented() -> None:
    assert {"init_done", "speech_done", *Status} - in_code(page("protocol.md")) == set()


def test_every_close_code_is_documented() -> None:
    codes = {str(value) for value in vars(websocket).values() if isinstance(value, int) and 1000 <= value < 1016}
    assert {"1000", "1013"} <= codes
    assert codes - set(re.findall(r"\b1\d{3}\b", page("protocol.md"))) == set()


# ---- the command line


def commands() -> dict[str, Any]:
    import typer.main

    from voi.cli import app

    group: Any = typer.main.get_command(app)
    return {name: group.get_command(None, name) for name in group.list_commands(None)}


def test_every_command_is_documented_with_its_options() -> None:
    text = page("cli.md")
    sections: dict[str, str] = dict(re.findall(r"^## `voi ([^`]+)`\n(.*?)(?=^## |\Z)", text, re.S | re.M))
    known = commands()
    assert sections.keys() == known.keys()
    lacking = [
        f"{name} {option}"
        for name, command in known.items()
        for parameter in command.params
        for option in parameter.opts
        if option.startswith("--") and option not in sections[name]
    ]
    assert lacking == []


# ---- the server


def test_every_metric_is_documented() -> None:
    from voi.server.metrics import Metrics

    names = {
        family.name + ("_total" if family.type == "counter" else "")
        for family in Metrics(lambda: 0).registry.collect()
        if family.name.startswith("voi_")
    }
    assert names
    assert names - in_code(page("operations.md")) == set()


# ---- pages


def test_the_state_diagram_is_fresh() -> None:
    text = page("architecture.md")
    assert text == tool("diagram").with_diagram(text), "run tools/diagram.py"


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_links_lead_somewhere(path: Path) -> None:
    links = re.findall(r"\]\(([^)#\s]+)[^)]*\)", path.read_text())
    broken = [link for link in links if not link.startswith("http") and not (path.parent / link).exists()]
    assert broken == []


def test_every_page_is_reachable_from_the_readme() -> None:
    readme = (ROOT / "README.md").read_text()
    assert [path.name for path in DOCS.glob("*.md") if f"docs/{path.name}" not in readme] == []


# ---- licences

PERMISSIVE = re.compile(r"MIT|BSD|Apache|PSF|Python Software Foundation|ISC", re.IGNORECASE)
COPYLEFT = re.compile(r"GPL|MPL|EPL|Mozilla|Lesser|General Public", re.IGNORECASE)


def runtime_packages() -> set[str]:
    """What `./install.sh` brings, dependencies of dependencies included."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    optional = project["optional-dependencies"]
    waiting = [Requirement(line) for line in [*project["dependencies"], *optional["media"], *optional["turn"]]]
    found: set[str] = set()
    while waiting:
        needed = waiting.pop()
        wanted = needed.marker is None or needed.marker.evaluate()
        if wanted and (name := canonicalize_name(needed.name)) not in found:
            found.add(name)
            waiting += [Requirement(line) for line in metadata.requires(name) or [] if "extra ==" not in line]
    return found


def licence_of(name: str) -> str:
    about: Any = metadata.metadata(name)
    declared = [about.get("License-Expression"), *(about.get_all("Classifier") or [])]
    declared = [text for text in declared if text and (text.startswith("License") or "::" not in text)]
    if not declared and "\n" not in (about.get("License") or "\n"):
        declared = [about["License"]]
    if not declared:
        files = [path for path in metadata.files(name) or [] if re.search(r"licen[cs]e|copying", path.name, re.I)]
        declared = [path.read_text()[:200] for path in files]
    return " ".join(str(text) for text in declared)


def test_every_dependency_that_is_not_permissive_is_named() -> None:
    page_words = page("licences.md")
    try:
        packages = runtime_packages()
    except metadata.PackageNotFoundError as error:
        pytest.skip(f"{error.name} is not installed: run ./install.sh")
    assert {"num2words", "numpy", "av", "onnxruntime"} <= packages
    licences = {name: licence_of(name) for name in packages}
    odd = {name for name, text in licences.items() if COPYLEFT.search(text) or not PERMISSIVE.search(text)}
    assert {name: licences[name] for name in odd if f"`{name}`" not in page_words} == {}


# ---- threats


def test_every_test_that_the_page_of_threats_names_exists() -> None:
    named = set(re.findall(r"`(tests/[\w/]+\.py)`", page("security.md")))
    assert len(named) > 20
    assert [path for path in sorted(named) if not (ROOT / path).exists()] == []


def test_every_kind_of_slot_is_documented() -> None:
    assert set(get_args(slots.SlotKind)) - in_code(page("tools.md")) == set()
