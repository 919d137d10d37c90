"""SIP accounts of the store: changed at any server of those that share it, and used by one that has SIP.

Each server with SIP looks every `LOOK_EVERY_S` which started accounts there are, takes those that nobody has, and tells
the others through the store what its accounts do.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any
from uuid import uuid4

from pydantic import ValidationError

from voi.config.sip_accounts import ACCOUNT_NAME, SipAccount
from voi.errors import ClientError, NameTaken, StoreError
from voi.store import phone_accounts as table
from voi.store.store import Store
from voi.transports.sip.account_status import (
    AccountStatus,
    ListedAccount,
    NoSuchAccount,
    Statuses,
    listed_gone,
    listed_of_file,
    read_statuses,
    status_of,
    statuses_of,
    write_statuses,
)
from voi.transports.sip.registration import AccountState
from voi.transports.sip.service import SipService

log = logging.getLogger(__name__)

LOOK_EVERY_S = 2.0
"""A look costs some milliseconds of CPU, even if there are no accounts. What is changed here is followed at once."""
TELL_EVERY_S = 5.0
RENEW_MS = table.CLAIM_MS * 2 // 3
"""A claim is renewed when it holds no longer than this."""
UNREADABLE = "it cannot be read: its key was deleted, or another version of Voi made it. Give it all its fields again."
NOTHING = write_statuses({})
SHADOWED = "phones.json has an account of that name, which goes before it"


class KeptAccounts:
    """`of_file`: the accounts of phones.json now. `shared`: other servers show what this one's accounts do. `sip` is
    None where SIP is off: then accounts are changed here, and used elsewhere. `hide` is given secrets that must not be
    logged. Methods raise StoreError."""

    def __init__(
        self, store: Store, of_file: Callable[[], Mapping[str, SipAccount]], *, shared: bool,
        clock_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
        hide: Callable[[Iterable[str]], None] = lambda secrets: None,
    ) -> None:  # fmt: skip
        self.sip: SipService | None = None
        self.mine: Mapping[str, SipAccount] = {}
        """Those that this server is to use; another mapping when they have changed."""
        self._store = store
        self._of_file = of_file
        self._shared = shared
        self._clock_ms = clock_ms
        self._hide = hide
        self._server = uuid4().hex
        self._versions: dict[str, str] = {}
        """Of all that this server has claimed, the unreadable ones included."""
        self._told = ""
        self._told_s = -TELL_EVERY_S
        self._turn = asyncio.Lock()
        self._failing = False
        self._left = False

    # ---- the server that uses them ------------------------------------------------------------------

    async def run(self) -> None:
        """Follow what the store says, for ever."""
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            await self.follow()

    async def follow(self) -> None:
        """Do what the store says now. While it does not answer, what it said last counts."""
        if self.sip is None or self._left:
            return
        try:
            async with self._turn:
                await self.look()
                await self.sip.renew()
                await self._tell()
        except StoreError as error:
            if not self._failing:
                log.error("the store has no answer about telephone accounts; what it said last counts: %s", error)
            self._failing = True
        else:
            self._failing = False

    async def look(self) -> None:
        """Take what nobody has, and read what has changed."""
        if not self._store.is_open:
            return
        async with self._store.reading() as connection:
            claims = await table.read_claims(connection)
        now_ms = self._clock_ms()
        if any(each.started and self._due(each, now_ms) for each in claims):
            async with self._store.writing() as connection:
                await table.claim_accounts(connection, self._server, now_ms)
                claims = await table.read_claims(connection)
        versions = {each.name: each.version for each in claims if each.started and each.server == self._server}
        if versions == self._versions:
            return
        mine = {name: self.mine[name] for name in versions
                if versions[name] == self._versions.get(name) and name in self.mine}  # fmt: skip
        async with self._store.reading() as connection:
            for name in versions.keys() - mine.keys():
                row = await table.read_account(connection, self._store.keys, name)
                account = read_details(row.details) if row is not None else None
                if account is None:
                    log.error("the telephone account %s: %s", name, UNREADABLE)
                else:
                    self._hide(account.secrets.values())
                    mine[name] = account
        self.mine, self._versions = mine, versions

    def _due(self, claim: table.AccountClaim, now_ms: int) -> bool:
        return claim.until_ms < now_ms + (RENEW_MS if claim.server == self._server else 0)

    async def _tell(self) -> None:
        """Tell other servers what the accounts do, where others ask."""
        told = write_statuses(self._own())
        if not (self._shared or self._versions) and told == (self._told or NOTHING):
            return
        now_s = time.monotonic()
        if told != self._told or now_s - self._told_s >= TELL_EVERY_S:
            async with self._store.writing() as connection:
                await table.tell_accounts(connection, self._server, told, self._clock_ms())
            self._told, self._told_s = told, now_s

    def _own(self) -> Statuses:
        versions = {name: version for name, version in self._versions.items() if name not in self._of_file()}
        return {} if self.sip is None else statuses_of(self.sip, versions)

    async def leave(self) -> None:
        """This server ends, and its accounts have left their registrars: others may take them at once."""
        self._left = True
        if self.sip is None or not self._store.is_open:
            return
        try:
            async with self._turn, self._store.writing() as connection:
                await table.release_accounts(connection, self._server)
        except StoreError as error:
            log.warning("telephone accounts could not be given back, so others take them in some seconds: %s", error)

    # ---- what managers do ---------------------------------------------------------------------------

    async def listed(self) -> list[ListedAccount]:
        """All accounts by name: those of phones.json, then those of the store, then those that are gone and have calls
        under way."""
        of_file = self._of_file()
        async with self._store.reading() as connection:
            kept = await table.read_accounts(connection, self._store.keys)
            others = await table.read_told(connection, self._clock_ms())
        told = [self._own(), *(read_statuses(text) for server, text in others.items() if server != self._server)]
        found = listed_of_file(of_file, told)
        for row in kept:
            account = read_details(row.details)
            status = status_of(row.name, row.version, told)
            if why := _why_not(row, account, of_file):
                status = AccountStatus(why, status.calls)
            found.append(ListedAccount(row.name, account, False, row.started, status))
        return [*found, *listed_gone(found, told)]

    async def add(self, name: str, account: SipAccount, *, started: bool) -> None:
        """Raises NameTaken; ClientError if there are too many."""
        self._check_not_of_file(name)
        self._hide(account.secrets.values())
        try:
            async with self._store.writing() as connection:
                details = written_details(account)
                await table.add_account(connection, self._store.keys, name, details, self._clock_ms(), started=started)
        except table.TooManyAccounts:
            raise ClientError(f"There are {table.ACCOUNTS_MAX} accounts, which is the most.") from None
        await self.follow()

    async def change(
        self, name: str, changed: Callable[[SipAccount | None], SipAccount | None], *, started: bool | None = None
    ) -> None:
        """`changed` is given the account as it is (None: it cannot be read), and returns it as it is to be; None: as it
        is. What it raises goes through. Raises NoSuchAccount, NameTaken for one of phones.json."""
        self._check_name(name)
        async with self._store.writing() as connection:
            row = await table.read_account(connection, self._store.keys, name, to_change=True)
            if row is None:
                self._check_not_of_file(name)
                raise NoSuchAccount(f"There is no account {name}.")
            account = changed(read_details(row.details))
            if account is None and started in (None, row.started):
                return
            details = None
            if account is not None:
                self._hide(account.secrets.values())
                details = written_details(account)
            await table.change_account(connection, self._store.keys, name, details=details, started=started)
        await self._changed(shreds=details is not None)

    async def delete(self, name: str) -> None:
        """Raises NoSuchAccount, NameTaken for one of phones.json."""
        self._check_name(name)
        async with self._store.writing() as connection:
            if not await table.forget_account(connection, self._store.keys, name):
                self._check_not_of_file(name)
                raise NoSuchAccount(f"There is no account {name}.")
        await self._changed(shreds=True)

    async def _changed(self, *, shreds: bool) -> None:
        if shreds:
            try:
                await self._store.database.shred()
            except StoreError as error:  # it is done; what was is overwritten with the next deletion
                log.warning("%s", error)
        await self.follow()

    def _check_name(self, name: str) -> None:
        if not ACCOUNT_NAME.fullmatch(name):
            raise NoSuchAccount("There is no such account.")

    def _check_not_of_file(self, name: str) -> None:
        if name in self._of_file():
            raise NameTaken(f"The account {name} is of phones.json: change it there. A running server follows.")


def written_details(account: SipAccount) -> str:
    """What was given of the account, as the store keeps it: JSON without defaults."""
    return account.model_dump_json(exclude_unset=True)


def read_details(details: str | None) -> SipAccount | None:
    """None: it cannot be read."""
    if details is None:
        return None
    try:
        return SipAccount.model_validate_json(details)
    except ValidationError:
        return None


def _why_not(row: table.PhoneAccount, account: SipAccount | None, of_file: Mapping[str, Any]) -> AccountState | None:
    """Why that account of the store is not at work; None: it may be."""
    if account is None:
        return AccountState("unusable", 0.0, UNREADABLE)
    if row.name in of_file:
        return AccountState("unusable", 0.0, SHADOWED)
    return None if row.started else AccountState("stopped", 0.0)
