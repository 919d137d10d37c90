"""No two classes or types of Voi have one name: a search for one finds that one, and a reader needs no path to know
which is meant."""

import ast
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path

ROOT = Path(__file__).parent.parent


SHARED = {
    "Floats": "NDArray[np.float32]",
    "Json": "dict[str, Any]",
    "Samples": "NDArray[np.int16]",
}
"""Short names for one and the same type, in modules that do not import each other."""


def names_in(node: ast.AST, *, at_the_top: bool) -> list[str]:
    """Classes, and at the top of a module types that are given a name in CamelCase."""
    if isinstance(node, ast.ClassDef):
        return [node.name]
    if not at_the_top:
        return []
    targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
    named = [target.id for target in targets if isinstance(target, ast.Name)]
    return [name for name in named if name[0].isupper() and not name.isupper()]


def statements_in(node: ast.AST) -> Iterator[ast.AST]:
    """All of them, at any depth. `ast.walk` looks at every expression besides, which takes much longer."""
    for field in ("body", "orelse", "finalbody", "handlers", "cases"):
        for inner in getattr(node, field, ()):
            yield inner
            yield from statements_in(inner)


def places_of_types(files: Iterable[Path]) -> dict[str, list[str]]:
    """Where each class or named type is defined, by its name."""
    found: dict[str, list[str]] = defaultdict(list)
    for path in files:
        module = ast.parse(path.read_text(encoding="utf-8"))
        top = set(map(id, module.body))
        for node in statements_in(module):
            for name in names_in(node, at_the_top=id(node) in top):
                found[name].append(f"{path.name}:{node.lineno}")  # type: ignore[attr-defined]
    return found


def test_a_name_is_used_once() -> None:
    places = places_of_types(sorted((ROOT / "voi").rglob("*.py")))
    assert len(places) > 300
    twice = {name: where for name, where in places.items() if len(where) > 1}
    assert {name: where for name, where in twice.items() if name not in SHARED} == {}
    assert twice.keys() == SHARED.keys()


def test_a_shared_name_is_one_type() -> None:
    named: dict[str, set[str]] = defaultdict(set)
    texts = [path.read_text(encoding="utf-8") for path in sorted((ROOT / "voi").rglob("*.py"))]
    for text in texts:
        if not any(f"\n{name} = " in text for name in SHARED):
            continue
        for node in ast.parse(text).body:
            if isinstance(node, ast.Assign) and (name := ast.unparse(node.targets[0])) in SHARED:
                named[name].add(ast.unparse(node.value).removeprefix("npt."))
    assert named == {name: {type_} for name, type_ in SHARED.items()}


def test_the_check_itself(tmp_path: Path) -> None:
    sources = {
        "a": "class Heard: ...",
        "b": "def f():\n    class Heard: ...",
        "c": "class Said: ...",
        "d": "Said = int\nMAX = 1",
    }
    for name, source in sources.items():
        (tmp_path / f"{name}.py").write_text(source)
    found = places_of_types(sorted(tmp_path.glob("*.py")))
    assert found == {"Heard": ["a.py:1", "b.py:2"], "Said": ["c.py:1", "d.py:1"]}
