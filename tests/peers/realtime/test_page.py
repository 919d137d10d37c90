"""docs/clients.md shows the lines that the clients' scripts run, and the versions that are installed for them."""

import json
import re
import textwrap
from pathlib import Path

import pytest

CLIENTS = Path(__file__).parent / "clients"
PAGE = (Path(__file__).parent.parent.parent.parent / "docs" / "clients.md").read_text()
SCRIPTS = [path for path in sorted(CLIENTS.glob("*.*")) if "docs: from here" in path.read_text()]
REQUIREMENTS = sorted((CLIENTS / "requirements").glob("*.txt"))


def shown(script: Path) -> str:
    """What of a script stands on the page."""
    found = re.search(r"docs: from here\n(.*?)\n[^\n]*docs: to here", script.read_text(), re.S)
    assert found
    return textwrap.indent(textwrap.dedent(found[1].rstrip()).replace("  # fmt: skip", ""), "    ")


def test_all_clients_are_there() -> None:
    assert len(SCRIPTS) == 7
    assert len(REQUIREMENTS) == 4


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.name)
def test_the_page_shows_what_runs(script: Path) -> None:
    assert shown(script) in PAGE


def test_the_page_names_the_versions() -> None:
    pinned = dict(line.split("==") for file in REQUIREMENTS for line in file.read_text().split())
    of_npm = json.loads((CLIENTS / "package.json").read_text())["dependencies"]
    names = ("openai", "openai-agents", "livekit-plugins-openai", "pipecat-ai[openai,websockets-base]")
    for version in [*(pinned[name] for name in names), of_npm["openai"], of_npm["@openai/agents-realtime"]]:
        assert version in PAGE
