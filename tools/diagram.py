#!/usr/bin/env python3
"""Put the generated state diagram between its markers in docs/architecture.md; with --check only say if it is stale."""

import sys
from pathlib import Path

from voi.core.diagram import mermaid

PAGE = Path(__file__).parent.parent / "docs" / "architecture.md"
BEGIN, END = "<!-- state diagram: begin -->\n", "<!-- state diagram: end -->\n"


def with_diagram(page: str) -> str:
    """The page with the diagram as it is now. Raises ValueError without the two markers."""
    head, rest = page.split(BEGIN)
    _, tail = rest.split(END)
    return f"{head}{BEGIN}```mermaid\n{mermaid()}```\n{END}{tail}"


def main() -> int:
    page = PAGE.read_text()
    fresh = with_diagram(page)
    if "--check" in sys.argv:
        if page != fresh:
            print("docs/architecture.md: the state diagram is stale; run tools/diagram.py", file=sys.stderr)
        return int(page != fresh)
    PAGE.write_text(fresh)
    return 0


if __name__ == "__main__":
    sys.exit(main())
