"""Comments, docstrings and pages are in plain present-day English."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
OLD = re.compile(r"\b(?:whoever|whomever|whosoever|anew|somebody who)\b", re.IGNORECASE)
PAGES = [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md", ".env.example")]


def old_words(text: str) -> list[str]:
    return [f"{number}: {line.strip()}" for number, line in enumerate(text.splitlines(), 1) if OLD.search(line)]


@pytest.mark.parametrize("folder", ["voi", "docs", "tools"])
def test_no_old_fashioned_words(folder: str) -> None:
    kinds = {".py", ".c", ".js", ".html", ".md"}
    files = [path for path in sorted((ROOT / folder).rglob("*")) if path.suffix in kinds]
    assert files
    found = {str(path.relative_to(ROOT)): old_words(path.read_text(encoding="utf-8")) for path in files}
    assert {name: lines for name, lines in found.items() if lines} == {}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_nor_on_the_first_pages(page: Path) -> None:
    assert old_words(page.read_text(encoding="utf-8")) == []


def test_the_check_itself() -> None:
    assert old_words("It begins.\nWhoever calls it, begins Anew.") == ["2: Whoever calls it, begins Anew."]
    assert old_words("a renewed canewood; somebody whom") == []
