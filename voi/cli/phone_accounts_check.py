"""What `voi check` finds about telephone accounts of the store. It changes nothing, and makes no store."""

from importlib.util import find_spec
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from voi.config.config import Config
    from voi.config.problems import Problems
    from voi.config.settings import Settings
    from voi.store.phone_accounts import PhoneAccount

LIMIT_S = 10.0
SOURCE = "store: telephone account"


def check_accounts_of_file(config: "Config", settings: "Settings", problems: "Problems") -> None:
    """Packages that accounts of phones.json need and this machine lacks: `voi serve` would not start."""
    if config.phones is None or not config.phones.accounts or not settings.sip:
        return
    from voi.transports.sip.account import lacking

    problems.errors += [mistake for name, one in config.phones.accounts.items() if (mistake := lacking(name, one))]


async def check_phone_accounts(config: "Config", settings: "Settings", problems: "Problems") -> list[str]:
    """Mistakes go to `problems`. Returns the names of the accounts that there are."""
    from voi.config.phones import settled_over_http

    if settings.store == "off":
        problems.warnings[:] = settled_over_http(problems.warnings, set())
        return []
    if find_spec("sqlalchemy") is None:
        return []
    from voi.config.sip_accounts import check_account
    from voi.errors import ConfigError, StoreError
    from voi.transports.sip.account import lacking
    from voi.transports.sip.kept_accounts import UNREADABLE, read_details

    try:
        rows = await _rows(settings)
    except (StoreError, ConfigError) as error:
        problems.warnings.append(f"store: telephone accounts could not be looked at: {error}")
        return []
    if rows is None:
        return []
    problems.warnings[:] = settled_over_http(problems.warnings, {row.name for row in rows})
    if (plain := [row.name for row in rows if row.plain]) and settings.store_secrets():
        problems.warnings.append(
            f"store: telephone accounts stored before VOI_STORE_KEY was set, with passwords in plain text: "
            f"{', '.join(plain)}. The next start of the server encrypts them, and so does `voi store rekey`"
        )
    phones = config.phones
    taken = {*phones.accounts, *phones.carriers, *phones.asterisk} if phones else set()
    for row in rows:
        source = f"{SOURCE} {row.name}"
        account = read_details(row.details)
        if account is None:
            problems.errors.append(f"{source}: {UNREADABLE}")
        else:
            check_account(account, config.agents, source, (), problems)
            if mistake := lacking(row.name, account):
                problems.warnings.append(f"store: {mistake}")
        if row.name in taken:
            problems.errors.append(f"{source}: phones.json has something of that name, which goes before it")
    if rows and not settings.store_secrets():
        problems.warnings.append(
            "environment: VOI_STORE_KEY is not set: passwords of telephone accounts lie in the store in plain text; "
            "put one into .env (docs/store.md)"
        )
    return [row.name for row in rows]


async def _rows(settings: "Settings") -> "list[PhoneAccount] | None":
    """None: the store is of another version. Raises StoreError, ConfigError."""
    from voi.store.database import Database
    from voi.store.keys import Keys
    from voi.store.migrate import HEAD, revision
    from voi.store.phone_accounts import read_accounts
    from voi.store.url import parse_store_url

    url = parse_store_url(settings.store_url)
    if url.path is not None and not url.path.exists():
        return []
    database = Database(url, LIMIT_S)
    try:
        async with database.reading() as connection:
            if await revision(connection) != HEAD:
                return None  # a server of another version made it, and this one has not begun: nothing to say yet
            return await read_accounts(connection, Keys(settings.store_secrets()))
    finally:
        await database.close()
