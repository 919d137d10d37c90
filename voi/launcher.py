"""Used by the scripts beside `voi/`, which people start with any Python: continues with the Python of .venv, which has
Voi's packages.

Imports nothing but the standard library, and every Python 3 understands it.
"""

import os
import sys
from importlib.util import find_spec

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
NEEDED = ("aiohttp", "fastapi", "jwt", "numpy", "pydantic_settings", "typer", "uvicorn")


def run(*arguments: str) -> None:
    """Run `voi` with these arguments. If this Python lacks Voi's packages, the script starts again with the Python of
    .venv; if there is none, the program exits with 1 and a line that says what to do."""
    if sys.version_info < (3, 11) or not all(find_spec(name) for name in NEEDED):
        venv = os.path.join(ROOT, ".venv")
        python = os.path.join(venv, "bin", "python")
        if os.path.exists(python) and os.path.realpath(sys.prefix) != os.path.realpath(venv):
            os.execv(python, [python, *sys.argv])
        sys.exit("voi: Voi is not installed. Run " + os.path.join(ROOT, "install.sh"))
    from voi.cli import main

    main(arguments)
