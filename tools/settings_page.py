#!/usr/bin/env python3
"""Write the table of docs/settings.md from the settings themselves; with --check only say if it is stale."""

import sys
from pathlib import Path

from voi.config.settings import Settings, env_name

PAGE = Path(__file__).parent.parent / "docs" / "settings.md"
BEGIN, END = "<!-- settings: begin -->\n", "<!-- settings: end -->\n"


def _default(value: object) -> str:
    if value is None or value in ((), ""):
        return ""
    if isinstance(value, tuple):
        value = ",".join(value)
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


def table() -> str:
    rows = [
        f"| `{env_name(name)}` | {_default(field.default)} | {' '.join((field.description or '').split())} |"
        for name, field in Settings.model_fields.items()
    ]
    return "\n".join(["| name | default | meaning |", "| --- | --- | --- |", *rows]) + "\n"


def with_table(page: str) -> str:
    """The page with the table as it is now. Raises ValueError without the two markers."""
    head, rest = page.split(BEGIN)
    _, tail = rest.split(END)
    return f"{head}{BEGIN}{table()}{END}{tail}"


def main() -> int:
    page = PAGE.read_text()
    fresh = with_table(page)
    if "--check" in sys.argv:
        if page != fresh:
            print("docs/settings.md is stale; run tools/settings_page.py", file=sys.stderr)
        return int(page != fresh)
    PAGE.write_text(fresh)
    return 0


if __name__ == "__main__":
    sys.exit(main())
