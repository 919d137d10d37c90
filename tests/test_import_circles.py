"""No module needs itself, not even for its types or inside of a function."""

from graphlib import CycleError, TopologicalSorter

import pytest

from tests.test_floors import FILES, imports_of, module_name

pytestmark = pytest.mark.integration


def circle_in(needs: dict[str, set[str]]) -> list[str]:
    """The modules of one circle; none: there is no circle."""
    try:
        TopologicalSorter(needs).prepare()
    except CycleError as found:
        return list(found.args[1])
    return []


def test_no_module_needs_itself() -> None:
    modules = {module_name(path) for path in FILES}
    needs = {
        module_name(path): {name for _, name in imports_of(path) if name in modules} - {module_name(path)}
        for path in FILES
    }
    assert circle_in(needs) == []


@pytest.mark.parametrize(
    ("needs", "length"), [({"a": {"b"}, "b": {"c"}, "c": set()}, 0), ({"a": {"b"}, "b": {"a"}}, 3)]
)
def test_the_check_itself(needs: dict[str, set[str]], length: int) -> None:
    assert len(circle_in(needs)) == length
