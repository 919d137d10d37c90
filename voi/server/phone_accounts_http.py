"""`/phones/accounts`: telephone accounts over HTTP, for services that have the API key: made, changed, started,
stopped, deleted, and listed with what they do. Passwords come in and never go out."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, HTTPException, Request, Response
from pydantic import BaseModel, ConfigDict, Field, ValidationError, create_model

from voi.config.config import Config
from voi.config.phones import Phones
from voi.config.problems import Problems
from voi.config.sip_accounts import ACCOUNT_NAME, SipAccount, check_account
from voi.errors import ClientError, NameTaken, StoreError
from voi.server.bodies import SOURCE, BodyLimits, body_route, told_mistakes
from voi.server.phone_accounts_view import account_as_dict
from voi.server.usage_http import Rate
from voi.transports.sip.account_status import ListedAccount, NoSuchAccount, listed_gone, listed_of_file, statuses_of
from voi.transports.sip.service import SipService

if TYPE_CHECKING:
    from voi.transports.sip.kept_accounts import KeptAccounts

HINT = (
    "Send JSON, with the header Content-Type: application/json: "
    '{"server": "pbx.example.com", "user": "1001", "agent": "ada"}'
)
BODY = BodyLimits("application/json", HINT, max_bytes=64 * 1024, timeout_s=10.0)
AT_ONCE_MAX, EVERY_S = 100, 0.02
"""So many requests at once, and then fifty a second: each is a transaction of the store."""
OFF = "VOI_STORE is off: accounts are kept only in the store. Write them into phones.json, or set VOI_STORE."
SIP_OFF = "VOI_SIP is false: no account is used by this server."
NOT_ENCRYPTED = (
    "VOI_STORE_KEY is not set: passwords of accounts lie in the store in plain text. Put one into .env (docs/store.md)."
)
FILES = "tls_ca_file: names a file of the server, which only phones.json may."
NAME_HINT = "name: an account's name has 1 to 41 of a-z, 0-9, - and _, and begins with a letter or digit."


class AccountBody(SipAccount):
    """The body of PUT /phones/accounts/NAME: an account as in phones.json, with its secrets as they are."""

    password: str | None = Field(default=None, repr=False, max_length=256)
    """Its password. It is never given back; left out, it stays as it is."""
    secret: str | None = Field(default=None, repr=False, max_length=256)
    """Calls to this user name are the trunk's, whatever address they come from. It is never given back; left out, it
    stays as it is."""
    started: bool = True
    """Use it."""

    @property
    def fields(self) -> dict[str, Any]:
        """What was given of the account itself."""
        return self.model_dump(exclude_unset=True, include=set(SipAccount.model_fields))


class NewAccount(AccountBody):
    """The body of POST /phones/accounts."""

    name: str = Field(max_length=200)
    """A name of yours: a-z, 0-9, - and _."""


class _Changes(BaseModel):
    """The body of PATCH /phones/accounts/NAME: fields to change. null: as if the field had never been given."""

    model_config = ConfigDict(extra="forbid")


if TYPE_CHECKING:
    AccountChanges = _Changes
else:
    AccountChanges = create_model(
        "AccountChanges", __base__=_Changes, __doc__=_Changes.__doc__,
        **{name: (Any, Field(default=None, description=field.description, repr=False))
           for name, field in AccountBody.model_fields.items()},
    )  # fmt: skip


@dataclass(frozen=True)
class PhoneAccountsService:
    """`kept` None: the store is off. `sip_here`: this server has SIP, or another worker of it. `encrypted`: what is
    kept is."""

    config: Callable[[], Config]
    sip: SipService
    kept: "KeptAccounts | None"
    sip_here: bool
    encrypted: bool

    @property
    def phones(self) -> Phones:
        return self.config().phones or Phones()

    @property
    def notes(self) -> list[str]:
        """What the operator should know."""
        if self.kept is None:
            return [OFF]
        return [*([] if self.sip_here else [SIP_OFF]), *([] if self.encrypted else [NOT_ENCRYPTED])]

    def there(self) -> "KeptAccounts":
        if self.kept is None:
            raise HTTPException(503, OFF)
        return self.kept

    async def listed(self) -> list[ListedAccount]:
        """Raises StoreError."""
        if self.kept is not None:
            return await self.kept.listed()
        told = [statuses_of(self.sip, {})]
        found = listed_of_file(self.phones.accounts, told)
        return [*found, *listed_gone(found, told)]

    async def shown(self, name: str) -> dict[str, Any]:
        """Raises HTTPException, StoreError."""
        for listed in reversed(await self.listed()):  # that of the store before one of phones.json
            if listed.name == name:
                return account_as_dict(listed, self.config().agents)
        raise HTTPException(404, "There is no such account.")

    def check_new(self, name: str) -> None:
        """Raises HTTPException."""
        phones = self.phones
        if not ACCOUNT_NAME.fullmatch(name):
            raise HTTPException(400, NAME_HINT)
        for what, names in (("a carrier", phones.carriers), ("an Asterisk", phones.asterisk)):
            if name in names:
                raise HTTPException(409, f"{name} is the name of {what} in phones.json.")

    def checked(self, raw: Mapping[str, Any]) -> SipAccount:
        """Raises HTTPException for what is wrong with that account."""
        try:
            account = SipAccount.model_validate(raw)
        except ValidationError as error:
            mistakes = told_mistakes(error.errors(include_url=False), list(AccountBody.model_fields))
            raise HTTPException(400, mistakes) from None
        problems = Problems()
        check_account(account, self.config().agents, SOURCE, (), problems)
        if account.tls_ca_file is not None:
            raise HTTPException(400, FILES)
        if problems.errors:
            raise HTTPException(400, "\n".join(problems.errors))
        return account


def phone_accounts_router(service: PhoneAccountsService, check: Callable[[Request], None]) -> APIRouter:
    """`check`: raises HTTPException for callers without the API key."""
    whole = APIRouter()
    writing = APIRouter(prefix="/phones/accounts", route_class=body_route(BODY, check))
    limit = Rate(AT_ONCE_MAX, EVERY_S)

    @writing.post("", status_code=201)
    async def made(body: NewAccount, response: Response) -> dict[str, Any]:
        service.check_new(body.name)
        async with _answering(limit, response):
            await service.there().add(body.name, service.checked(body.fields), started=body.started)
            response.headers["Location"] = f"/phones/accounts/{body.name}"
            return await service.shown(body.name)

    @writing.put("/{name}")
    async def replaced(name: str, body: AccountBody, response: Response) -> dict[str, Any]:
        service.check_new(name)

        def changed(before: SipAccount | None) -> SipAccount:
            return service.checked((before.secrets if before else {}) | body.fields)

        async with _answering(limit, response):
            try:
                await service.there().change(name, changed, started=body.started)
            except NoSuchAccount:
                await service.there().add(name, service.checked(body.fields), started=body.started)
                response.status_code = 201
            return await service.shown(name)

    @writing.patch("/{name}")
    async def changed(name: str, body: AccountChanges, response: Response) -> dict[str, Any]:
        changes = {field: getattr(body, field) for field in body.model_fields_set}
        started = changes.pop("started", None)
        if started is not None and not isinstance(started, bool):
            raise HTTPException(400, f"{SOURCE}: $.started: must be true or false")

        def merged(before: SipAccount | None) -> SipAccount | None:
            known = {} if before is None else before.model_dump(exclude_unset=True)
            return service.checked(known | changes) if changes else None

        async with _answering(limit, response):
            await service.there().change(name, merged, started=started)
            return await service.shown(name)

    whole.include_router(writing)
    whole.include_router(_plain_router(service, check, limit))
    return whole


def _plain_router(service: PhoneAccountsService, check: Callable[[Request], None], limit: Rate) -> APIRouter:
    """The routes without a body."""
    router = APIRouter(prefix="/phones/accounts")

    @router.get("")
    async def listed(request: Request, response: Response) -> dict[str, Any]:
        check(request)
        async with _answering(limit, response):
            agents = service.config().agents
            accounts = [account_as_dict(each, agents) for each in await service.listed()]
        return {"accounts": accounts, "agents": sorted(agents), "notes": service.notes}

    @router.get("/{name}")
    async def one(name: str, request: Request, response: Response) -> dict[str, Any]:
        check(request)
        async with _answering(limit, response):
            return await service.shown(name)

    @router.post("/{name}/start")
    async def started(name: str, request: Request, response: Response) -> dict[str, Any]:
        check(request)
        async with _answering(limit, response):
            await service.there().change(name, lambda before: None, started=True)
            return await service.shown(name)

    @router.post("/{name}/stop")
    async def stopped(name: str, request: Request, response: Response) -> dict[str, Any]:
        check(request)
        async with _answering(limit, response):
            await service.there().change(name, lambda before: None, started=False)
            return await service.shown(name)

    @router.delete("/{name}", status_code=204)
    async def deleted(name: str, request: Request, response: Response) -> None:
        check(request)
        async with _answering(limit, response):
            await service.there().delete(name)

    return router


@asynccontextmanager
async def _answering(limit: Rate, response: Response) -> AsyncIterator[None]:
    """Turns errors into answers."""
    if not limit.take():
        raise HTTPException(429, "Too many requests about accounts.", {"Retry-After": "1"})
    response.headers["Cache-Control"] = "no-store"
    try:
        yield
    except NameTaken as error:
        raise HTTPException(409, str(error)) from None
    except StoreError as error:
        raise HTTPException(503, str(error)) from None
    except NoSuchAccount as error:
        raise HTTPException(404, str(error)) from None
    except ClientError as error:
        raise HTTPException(400, str(error)) from None
