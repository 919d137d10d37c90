"""The bench as an MCP server, by a real client over standard input and output."""

import asyncio
import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.scenarios.bench import settings_in
from voi.errors import ClientError
from voi.scenarios import mcp_server
from voi.scenarios.mcp_server import run_voi

pytestmark = pytest.mark.integration

ROOT = Path(__file__).parents[2]
SCENARIO = "agent: echo\nscenarios:\n  - name: a\n    steps:\n      - say: Hello\n        expect: {says: hello}\n"


@pytest.fixture
def agents(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    settings_in(folder)
    (folder / "scenarios").mkdir()
    (folder / "scenarios" / "a.yaml").write_text(SCENARIO)
    return folder


async def asked(folder: Path, *calls: tuple[str, dict[str, Any]]) -> tuple[list[str], list[Any]]:
    """Names of the server's tools, and what calls of them return."""
    from mcp import Client, StdioServerParameters
    from mcp.client.stdio import stdio_client

    parameters = StdioServerParameters(
        command=sys.executable, args=["-c", "from voi.cli import main; main(['mcp'])"], cwd=str(folder),
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    async with Client(stdio_client(parameters)) as client:
        names = [tool.name for tool in (await client.list_tools()).tools]
        return names, [await client.call_tool(name, arguments) for name, arguments in calls]


def test_an_assistant_checks_and_tests(agents: Path) -> None:
    pytest.importorskip("mcp")
    names, (checked, tested, schema, refused, outside) = asyncio.run(
        asked(
            agents, ("check", {}), ("test", {"only": "a"}), ("scenario_schema", {}),
            ("simulate", {"agent": "echo", "persona": "@/etc/passwd", "model": "m"}),
            ("test", {"files": ["/etc/passwd"]}),
        )
    )  # fmt: skip
    assert set(names) == {
        "check", "test", "compare", "simulate", "scenario_schema", "scenario_from_recording", "list_calls", "show_call",
    }  # fmt: skip
    page = (ROOT / "docs" / "testing-agents.md").read_text()
    assert [name for name in names if f"`{name}`" not in page] == []
    assert "problems" in json.loads(checked.content[0].text)
    found = json.loads(tested.content[0].text)
    assert (found["ok"], found["passed"]) == (True, 1)
    assert "scenarios" in json.loads(schema.content[0].text)["properties"]
    assert refused.is_error
    assert "persona: give the text itself" in refused.content[0].text, "the assistant is told why"
    assert outside.is_error
    assert "root:" not in outside.content[0].text


def test_what_an_option_holds_is_never_an_option(agents: Path) -> None:
    out = asyncio.run(run_voi(["test", *mcp_server._options(only="--live")]))
    assert "No scenario has '--live' in its name" in out


def test_mistakes_are_told_in_words(agents: Path) -> None:
    (agents / "scenarios" / "a.yaml").write_text(SCENARIO.replace("say:", "sai:"))
    assert "scenarios/a.yaml:5" in asyncio.run(run_voi(["test", "--json"]))


def test_what_takes_too_long_or_prints_too_much_is_ended(agents: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ClientError, match=r"more than 0\.01 s"):
        asyncio.run(run_voi(["test"], 0.01))
    monkeypatch.setattr(mcp_server, "OUTPUT_MAX_BYTES", 100)
    with pytest.raises(ClientError, match="ask for less"):
        asyncio.run(run_voi(["schema"]))


def test_files_outside_are_not_read(agents: Path) -> None:
    (agents / "link.yaml").symlink_to("/etc/passwd")
    for path in ("/etc/passwd", "../x", "scenarios/../../x", "link.yaml", "a\0b"):
        for call in (
            mcp_server.check(path), mcp_server.play(files=[path]), mcp_server.play(agents_file=path),
            mcp_server.compare("agents.json", path), mcp_server.compare(path, "agents.json"),
            mcp_server.simulate("echo", "You.", agents_file=path), mcp_server.scenario_from_recording(path),
        ):  # fmt: skip
            with pytest.raises(ClientError, match="is outside of"):
                asyncio.run(call)
    assert '"ok": true' in asyncio.run(mcp_server.play(files=[str(agents / "scenarios" / "a.yaml")]))


def test_the_configured_agents_and_recordings_may_be_elsewhere(
    agents: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path_factory.mktemp("elsewhere"))
    monkeypatch.setenv("VOI_AGENTS_FILE", str(agents / "agents.json"))
    monkeypatch.setenv("VOI_RECORDINGS_DIR", str(agents / "kept"))
    for path in (agents / "draft.json", agents / "kept" / "it"):
        assert mcp_server._inside(str(path)) == str(path)
