"""No two classes of Voi have one name: somebody who searches for one finds that one, and a reader needs no path to know
which is meant."""

import ast
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).parent.parent


def places_of_classes(files: Iterable[Path]) -> dict[str, list[str]]:
    """Where each class is defined, by its name."""
    found: dict[str, list[str]] = defaultdict(list)
    for path in files:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ClassDef):
                found[node.name].append(f"{path.name}:{node.lineno}")
    return found


def test_a_class_name_is_used_once() -> None:
    places = places_of_classes(sorted((ROOT / "voi").rglob("*.py")))
    assert len(places) > 300
    assert {name: where for name, where in places.items() if len(where) > 1} == {}


def test_the_check_itself(tmp_path: Path) -> None:
    for name, source in (("a", "class Heard: ..."), ("b", "def f():\n    class Heard: ..."), ("c", "class Said: ...")):
        (tmp_path / f"{name}.py").write_text(source)
    assert places_of_classes(sorted(tmp_path.glob("*.py"))) == {"Heard": ["a.py:1", "b.py:2"], "Said": ["c.py:1"]}
