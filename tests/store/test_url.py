from pathlib import Path

import pytest

from voi.errors import ConfigError
from voi.store.url import parse_store_url


@pytest.mark.parametrize(
    ("url", "path"),
    [("sqlite:data/voi.db", "data/voi.db"), ("sqlite:/var/voi.db", "/var/voi.db"), ("sqlite:///a.db", "a.db"),
     ("sqlite:////var/a.db", "/var/a.db")],
)  # fmt: skip
def test_sqlite(url: str, path: str) -> None:
    parsed = parse_store_url(url)
    assert parsed.path == Path(path)
    assert parsed.driver_url == f"sqlite+aiosqlite:///{path}"


@pytest.mark.parametrize("scheme", ["postgresql", "postgres"])
def test_postgresql(scheme: str) -> None:
    parsed = parse_store_url(f"{scheme}://voi:pass%20word@db:5433/calls")
    assert parsed.path is None
    assert parsed.driver_url == "postgresql+asyncpg://voi:pass%20word@db:5433/calls"
    assert "pass" not in repr(parsed)


@pytest.mark.parametrize(
    "url",
    ["", "voi.db", "sqlite:", "sqlite://host/a.db", "mysql://a/b", "postgresql://secret", "postgresql://h:secret/x"],
)
def test_what_is_no_address_is_told_without_it(url: str) -> None:
    with pytest.raises(ConfigError, match="VOI_STORE_URL") as raised:
        parse_store_url(url)
    assert "secret" not in str(raised.value)
