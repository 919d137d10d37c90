"""The code keeps its floors: every file imports only from floors below its own."""

import ast
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
FILES = sorted((ROOT / "voi").rglob("*.py"))

# Rooms (longest prefix wins) by floor. Rooms on one floor do not know each other; within a room anything goes.
ROOMS = {
    "voi": 0,
    "voi.errors": 0,
    "voi.dialogue": 0,
    "voi.quoting": 0,
    "voi.read_ahead": 0,
    "voi.tasks": 0,
    "voi.turn_policy": 0,
    "voi.use": 0,
    "voi.audio": 0,
    "voi.text": 0,
    "voi.text.tables": 0,
    "voi.capture": 0,
    "voi.capture.tables": 0,
    "voi.config": 0,
    "voi.sealing": 0,
    "voi.core": 1,
    "voi.engines": 1,
    "voi.knowledge": 1,
    "voi.tools": 2,
    "voi.session": 3,
    "voi.calls": 4,
    "voi.store": 4,
    "voi.transports": 5,
    "voi.client": 6,
    "voi.scenarios": 6,
    "voi.launcher": 6,
    "voi.server": 6,
    "voi.cli": 6,
    "voi.training": 6,
}
# Floors whose rooms may know each other: the foundations, and the top, where all is put together.
OPEN_FLOORS = {0, 6}
# The core and all it knows: pure.
STDLIB_ONLY = {
    "voi.core",
    "voi.errors",
    "voi.dialogue",
    "voi.quoting",
    "voi.text.tables",
    "voi.capture.tables",
    "voi.turn_policy",
}


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def room_of(module: str) -> str:
    while module not in ROOMS:
        module = module.rpartition(".")[0]
        if not module:
            raise KeyError("a module in no room: name its floor in ROOMS")
    return module


def imports_of(path: Path) -> list[tuple[int, str]]:
    """(line, module) of every import in the file, wherever it stands."""
    found = []
    module = module_name(path)
    package = module if path.name == "__init__.py" else module.rpartition(".")[0]
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found += [(node.lineno, alias.name) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            source = ".".join([*base, *([node.module] if node.module else [])])
            # `from voi import core` imports voi.core: name the submodule where there is one.
            for alias in node.names:
                name = f"{source}.{alias.name}"
                place = ROOT / name.replace(".", "/")
                is_module = place.is_dir() or place.with_suffix(".py").is_file()
                found.append((node.lineno, name if is_module else source))
    return found


def wrong_imports(path: Path) -> list[str]:
    room = room_of(module_name(path))
    return [
        f"{path.relative_to(ROOT)}:{line}: {room} imports {why}{imported}"
        for line, imported in imports_of(path)
        if (why := objection(room, imported))
    ]


def objection(room: str, imported: str) -> str:
    top = imported.partition(".")[0]
    if top != "voi":
        pure = top in sys.stdlib_module_names or room not in STDLIB_ONLY
        return "" if pure else "more than the standard library: "
    other = room_of(imported)
    if other == room:
        return ""
    if room in STDLIB_ONLY and other not in STDLIB_ONLY:
        return "from a room that needs more than the standard library: "
    if ROOMS[other] > ROOMS[room]:
        return "upward from "
    return "sideways from " if ROOMS[other] == ROOMS[room] and ROOMS[room] not in OPEN_FLOORS else ""


def test_there_is_code() -> None:
    assert {room_of(module_name(path)) for path in FILES} == set(ROOMS)


def test_imports_go_down() -> None:
    assert [wrong for path in FILES for wrong in wrong_imports(path)] == []


@pytest.mark.parametrize(
    ("where", "source", "complaint"),
    [
        ("voi/core/x.py", "import numpy", "standard library"),
        ("voi/core/x.py", "def f():\n    from voi.engines import base", "standard library"),
        ("voi/core/x.py", "import voi.config.settings", "standard library"),
        ("voi/engines/x.py", "from voi.core.facts import Heard", "sideways"),
        ("voi/session/x.py", "from ..transports import voi_ws", "upward"),
        ("voi/config/x.py", "from voi import server", "upward"),
        ("voi/server/x.py", "import voi.cli\nfrom voi.session.door import Door", None),
        ("voi/core/x.py", "import asyncio.queues\nfrom voi.dialogue import Message\nfrom . import state", None),
    ],
)
def test_the_check_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str, source: str, complaint: str | None
) -> None:
    for package in ("core", "engines", "transports", "server", "cli", "session", "config"):
        (tmp_path / "voi" / package).mkdir(parents=True)
    monkeypatch.setattr(sys.modules[__name__], "ROOT", tmp_path)
    path = tmp_path / where
    path.write_text(source)
    assert [(complaint or "") in wrong for wrong in wrong_imports(path)] == ([True] if complaint else [])
