"""The store's address, as operators write it: `sqlite:data/voi.db` or `postgresql://user:password@host/name`."""

from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from voi.errors import ConfigError

POSTGRES = ("postgresql", "postgres")
_FORMS = "VOI_STORE_URL is an address like sqlite:data/voi.db or postgresql://user:password@host/name."


@dataclass(frozen=True, slots=True)
class StoreUrl:
    """`path`: the SQLite file; None for PostgreSQL. `driver_url`: for SQLAlchemy; it may hold a password."""

    path: Path | None
    driver_url: str

    def __repr__(self) -> str:
        return f"StoreUrl({self.path or 'postgresql'})"


def parse_store_url(url: str) -> StoreUrl:
    """Parse an address. Raises ConfigError, which never quotes it."""
    scheme, colon, rest = url.strip().partition(":")
    if scheme == "sqlite" and colon:
        path = rest.removeprefix("///") if rest.startswith("///") else rest
        if not path or path.startswith("//") or "\0" in path:
            raise ConfigError(_FORMS)
        return StoreUrl(Path(path), f"sqlite+aiosqlite:///{path}")
    if scheme in POSTGRES and rest.startswith("//"):
        try:
            parts = urlsplit(url.strip())
            named = parts.path.strip("/") and (parts.port or True)
        except ValueError:
            named = False
        if named:
            return StoreUrl(None, f"postgresql+asyncpg:{rest}")
    raise ConfigError(_FORMS)
