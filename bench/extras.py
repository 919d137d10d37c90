"""What a benchmark needs besides the packages of a server."""

from importlib.util import find_spec


def require(package: str, extra: str) -> None:
    """Exit with a line that says what to install where the package is missing. Call it before the imports that need
    it."""
    if find_spec(package) is None:
        raise SystemExit(f"This benchmark needs the package {package}: ./install.sh {extra}")
