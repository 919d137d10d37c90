"""Brings a store to the tables of this version, with Alembic. Several processes may try at once; one does it."""

from pathlib import Path
from typing import Any

from sqlalchemy import inspect, text

from voi.errors import ConfigError
from voi.store.database import Connection, Database
from voi.store.schema import metadata

VERSIONS = Path(__file__).parent / "migrations"
HEAD = "0013"
"""The newest revision. Known without Alembic, whose import would delay every start."""
_LOCK = 0x766F6973746F7265 >> 1
"""PostgreSQL's advisory lock of Voi's migrations."""


async def migrate(database: Database, target: str = HEAD) -> bool:
    """Bring the store to that revision. True if that changed anything. Raises StoreError; ConfigError for a store that
    was made by a newer Voi."""
    async with database.writing() as connection:
        if not database.is_sqlite:
            await connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
        current = await revision(connection)
        if current == target:
            return False
        if current is not None and current > HEAD:
            raise ConfigError(
                f"The store has revision {current}, and this Voi knows those up to {HEAD}: a newer one made it. "
                "Use that version, or another store."
            )
        if current is None and target == HEAD:
            await connection.run_sync(_make)
        else:
            await connection.run_sync(_upgrade, target)
        return True


async def revision(connection: Connection) -> str | None:
    """The store's revision; None: it is empty."""
    if not await connection.run_sync(lambda sync: inspect(sync).has_table("alembic_version")):
        return None
    found: str | None = (await connection.execute(text("SELECT version_num FROM alembic_version"))).scalar()
    return found


def _make(connection: Any) -> None:
    """Make the tables of an empty store as `schema.py` has them, and note their revision as Alembic does, whose import
    would take 9 MB of the server."""
    metadata.create_all(connection, checkfirst=False)
    primary_key = "CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)"
    connection.execute(text(f"CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL, {primary_key})"))
    connection.execute(text("INSERT INTO alembic_version (version_num) VALUES (:head)"), {"head": HEAD})


def _upgrade(connection: Any, target: str) -> None:
    from alembic.migration import MigrationContext
    from alembic.operations import Operations
    from alembic.runtime.migration import MigrationStep, RevisionStep
    from alembic.script import ScriptDirectory

    scripts = ScriptDirectory(str(VERSIONS))

    def steps(current: tuple[str, ...], _: Any) -> list[RevisionStep]:
        newer = list(scripts.iterate_revisions(target, current or "base"))
        return [MigrationStep.upgrade_from_script(scripts.revision_map, script) for script in reversed(newer)]

    context = MigrationContext.configure(connection, opts={"fn": steps})
    with Operations.context(context):
        context.run_migrations()
