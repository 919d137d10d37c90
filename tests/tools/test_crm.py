"""The examples for Zoho CRM, Salesforce and bookings, against fakes that answer as the real services do."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from typing import Any

import pytest
from aiohttp import web
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.fakes.services import FakeBooking, FakeSalesforce, FakeService, FakeZoho, example
from voi.config.agents import Agent
from voi.config.config import Config
from voi.errors import ConfigError
from voi.tools import http
from voi.tools.base import AvailableTool, ToolFailed
from voi.tools.oauth import AGAIN_S
from voi.tools.toolbox import Toolbox, secrets_in

from .hands import context

pytestmark = pytest.mark.asyncio

ADA = {"id": "4876876000001", "First_Name": "Ada", "Last_Name": "Lovelace"}
ADA_AT_SALESFORCE = {"Id": "003000000000001", "FirstName": "Ada", "LastName": "Lovelace"}
CALLER = {"caller": "+49 (30) 901820-1"}
DIGITS = "49309018201"


class Desk:
    """The tools of one agent."""

    def __init__(self, toolbox: Toolbox, agent: Agent) -> None:
        self.toolbox = toolbox
        self.agent = agent
        self.tools: Mapping[str, AvailableTool] = {}

    async def open(self) -> None:
        await self.toolbox.prepare(config_of(self.agent))
        self.tools = self.toolbox.of(self.agent, after_call=True)

    async def call(self, name: str, arguments: Any = None, **about: str) -> Any:
        tool = self.tools[name]
        result = await tool.body(tool.arguments.read(json.dumps(arguments or {})), context(None, **about))
        assert isinstance(result, str)
        return json.loads(result) if result.startswith("{") else result


def config_of(agent: Agent) -> Config:
    return Config({"reception": agent}, {}, {}, {})


@pytest.fixture(scope="module")
def key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)


@pytest.fixture
def secrets(monkeypatch: pytest.MonkeyPatch, key: rsa.RSAPrivateKey) -> None:
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()
    given = {
        "ZOHO_CLIENT_ID": "id", "ZOHO_CLIENT_SECRET": "sec", "ZOHO_REFRESH_TOKEN": "ref", "SALESFORCE_CLIENT_ID": "id",
        "SALESFORCE_CLIENT_SECRET": "sec", "SALESFORCE_USER": "a@b.example",
        "SALESFORCE_PRIVATE_KEY": pem.replace("\n", "\\n"), "BOOKING_KEY": "booking-key",
        "WEBHOOK_SECRET": "a-secret-of-the-tests",
    }  # fmt: skip
    for name, value in given.items():
        monkeypatch.setenv(name, value)


async def opened(service: FakeService, name: str, replaced: Mapping[str, str]) -> Desk:
    desk = Desk(Toolbox(), Agent.model_validate(example(name, replaced)))
    await desk.open()
    return desk


@pytest.fixture
async def zoho(secrets: None) -> AsyncIterator[tuple[FakeZoho, Desk]]:
    async with FakeZoho({DIGITS: ADA}) as service:
        desk = await opened(service, "zoho", {"https://accounts.zoho.com": service.url})
        yield service, desk
        await desk.toolbox.close()


@pytest.fixture(params=["salesforce", "salesforce_by_secret"])
async def salesforce(
    secrets: None, key: rsa.RSAPrivateKey, request: pytest.FixtureRequest
) -> AsyncIterator[tuple[FakeSalesforce, Desk]]:
    public = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    async with FakeSalesforce({"ada@example.org": ADA_AT_SALESFORCE, DIGITS: ADA_AT_SALESFORCE}, public) as service:
        replaced = {
            "https://login.salesforce.com/services": f"{service.url}/services",
            "https://your-domain.my.salesforce.com": service.url,
            '"auth": "salesforce"': f'"auth": "{request.param}"',
        }
        desk = await opened(service, "salesforce", replaced)
        yield service, desk
        await desk.toolbox.close()


# ---- Zoho


async def test_zoho_knows_the_caller_takes_notes_and_leads(zoho: tuple[FakeZoho, Desk]) -> None:
    service, desk = zoho
    found = await desk.call("find_caller", **CALLER)
    assert found == {"data.id": [ADA["id"]], "data.First_Name": ["Ada"], "data.Last_Name": ["Lovelace"]}
    assert await desk.call("find_contact", {"phone": "030 / 901 82 01"}) == found
    assert await desk.call("find_contact", {"phone": "555 0100"}) == "Nothing was found."  # HTTP 204
    await desk.call("add_note", {"contact_id": ADA["id"], "note": 'Wants "tea".'})
    await desk.call("create_lead", {"last_name": "Byron", "wish": "a poem"})
    assert service.records == [
        (
            "Notes",
            {
                "Note_Title": "From a call", "Note_Content": 'Wants "tea".',
                "Parent_Id": {"module": {"api_name": "Contacts"}, "id": ADA["id"]},
            },
        ),
        ("Leads", {"Last_Name": "Byron", "Description": "a poem"}),
    ]  # fmt: skip
    assert service.tokens == 1


async def test_who_calls_without_a_number_is_asked_for_it(zoho: tuple[FakeZoho, Desk]) -> None:
    service, desk = zoho
    for about in ({}, {"caller": "anonymous"}):
        with pytest.raises(ToolFailed, match="no telephone number"):
            await desk.call("find_caller", **about)
    assert service.asked == []


async def test_an_expired_token_is_renewed_once_for_all_who_wait(zoho: tuple[FakeZoho, Desk]) -> None:
    service, desk = zoho
    await desk.call("find_caller", **CALLER)
    service.valid.clear()
    found = await asyncio.gather(*(desk.call("find_caller", **CALLER) for _ in range(20)))
    assert all(each["data.First_Name"] == ["Ada"] for each in found)
    assert service.tokens == 2


async def test_a_write_is_repeated_after_a_refused_token_and_done_once(zoho: tuple[FakeZoho, Desk]) -> None:
    service, desk = zoho
    await desk.call("find_caller", **CALLER)
    service.valid.clear()
    await desk.call("add_note", {"contact_id": ADA["id"], "note": "tea"})
    assert len(service.records) == 1
    assert service.asked[-2:] == ["POST /crm/v8/Notes"] * 2


async def test_a_service_that_refuses_every_token_is_not_asked_for_tokens_on_and_on(
    zoho: tuple[FakeZoho, Desk],
) -> None:
    service, desk = zoho
    for _ in range(5):
        service.answers += [FakeZoho.refusal(401, "OAUTH_SCOPE_MISMATCH", "invalid oauth scope") for _ in range(2)]
        with pytest.raises(ToolFailed, match="OAUTH_SCOPE_MISMATCH"):
            await desk.call("find_caller", **CALLER)
        service.answers.clear()
    assert service.tokens == 2


async def test_wrong_secrets_are_told_in_the_log_without_their_values(
    zoho: tuple[FakeZoho, Desk], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    _, desk = zoho
    monkeypatch.setenv("ZOHO_REFRESH_TOKEN", "an-old-refresh-token")
    toolbox = Toolbox()
    other = Desk(toolbox, desk.agent)
    await other.open()
    for _ in range(3):  # only the first of them asks
        with pytest.raises(ToolFailed, match="did not let us sign in"):
            await other.call("find_caller", **CALLER)
    (record,) = [each for each in caplog.records if "access token" in each.getMessage()]
    assert "HTTP 200, invalid_code" in record.getMessage()
    assert "an-old-refresh-token" not in caplog.text
    assert "an-old-refresh-token" in secrets_in(config_of(desk.agent))
    await toolbox.close()


async def test_an_error_inside_of_a_success_is_a_failure(zoho: tuple[FakeZoho, Desk]) -> None:
    service, desk = zoho
    wrong = {"data": [{"code": "DUPLICATE_DATA", "status": "error", "message": "duplicate data", "details": {}}]}
    service.answers = [web.json_response(wrong, status=202)]
    with pytest.raises(ToolFailed, match=r"refused.*duplicate data"):
        await desk.call("create_lead", {"last_name": "Byron", "wish": "a poem"})


async def test_a_limit_of_requests_is_waited_for_if_it_is_short(
    zoho: tuple[FakeZoho, Desk], monkeypatch: pytest.MonkeyPatch
) -> None:
    service, desk = zoho
    monkeypatch.setattr(http, "RETRY_S", 0.0)

    def limited(after_s: str) -> web.Response:
        refusal = FakeZoho.refusal(429, "TOO_MANY_REQUESTS", "Too many requests")
        refusal.headers["Retry-After"] = after_s
        return refusal

    service.answers = [limited("0")]
    assert "data.id" in await desk.call("find_caller", **CALLER)
    service.answers = [limited("30")]
    with pytest.raises(ToolFailed, match="HTTP 429") as failed:
        await desk.call("find_caller", **CALLER)
    assert (failed.value.undone, failed.value.retry_after_s) == (True, 30.0)


# ---- Salesforce


async def test_salesforce_knows_the_caller_takes_notes_and_leads(salesforce: tuple[FakeSalesforce, Desk]) -> None:
    service, desk = salesforce
    found = await desk.call("find_caller", **CALLER)
    assert found["searchRecords.FirstName"] == ["Ada"]
    assert (await desk.call("find_contact", {"email": "ada@example.org"}))["records.Id"] == ["003000000000001"]
    assert await desk.call("find_caller", caller="+1 555 0100") == {
        f"searchRecords.{name}": [] for name in ADA_AT_SALESFORCE
    }
    await desk.call("add_note", {"contact_id": "003000000000001", "note": "tea"})
    await desk.call("create_lead", {"last_name": "Byron", "company": "Private", "wish": "a poem"})
    arguments = {"contact_id": "003000000000001", "summary": "Tea.", "duration_s": 65}
    await desk.call("log_call", arguments)
    assert [kind for kind, _ in service.records] == ["Note", "Lead", "Task"]
    assert service.records[2][1]["CallDurationInSeconds"] == 65
    assert service.tokens == 1


async def test_salesforce_finds_numbers_without_a_country_code(salesforce: tuple[FakeSalesforce, Desk]) -> None:
    """Its pages keep "+1 415 555 0199" as (415) 555-0199 for users in the USA."""
    service, desk = salesforce
    service.contacts = {"4155550199": ADA_AT_SALESFORCE, "0301234567": ADA_AT_SALESFORCE}
    for caller in ("+14155550199", "+49301234567", "0049 30 1234567", "0301234567"):
        assert (await desk.call("find_caller", caller=caller))["searchRecords.FirstName"] == ["Ada"]


async def test_an_invalid_session_is_renewed_once(salesforce: tuple[FakeSalesforce, Desk]) -> None:
    service, desk = salesforce
    await desk.call("find_caller", **CALLER)
    service.valid.clear()
    await asyncio.gather(*(desk.call("find_contact", {"email": "ada@example.org"}) for _ in range(5)))
    assert service.tokens == 2


async def test_its_errors_are_told_in_its_words(salesforce: tuple[FakeSalesforce, Desk]) -> None:
    service, desk = salesforce
    service.answers = [FakeSalesforce.refusal(403, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.")]
    with pytest.raises(ToolFailed, match=r"HTTP 403.*REQUEST_LIMIT_EXCEEDED"):
        await desk.call("find_caller", **CALLER)
    service.answers = [web.Response(text="echo 00Dxx!secret.1", status=500) for _ in range(2)]
    with pytest.raises(ToolFailed, match="token") as failed:
        await desk.call("find_caller", **CALLER)
    assert "secret" not in str(failed.value)


@pytest.mark.parametrize(
    "email", ["x' OR Name LIKE '%", "a\\", "\\' OR '1'='1", "o'brien@example.org", "a\n' b", "%_", "ünï'"]
)
async def test_no_argument_changes_a_query(salesforce: tuple[FakeSalesforce, Desk], email: str) -> None:
    service, desk = salesforce
    assert await desk.call("find_contact", {"email": email}) == {
        "records.Id": [], "records.FirstName": [], "records.LastName": []
    }  # fmt: skip
    assert service.literals == [[email]]


@pytest.mark.parametrize(
    ("place", "told"),
    [
        ("http://169.254.169.254", "not a public one"),
        ("https://internal.corp", "not a public one"),
        ("http://127.0.0.1:1", "not a public one"),
        ("https://a.example/path", "did not say where"),
        ("javascript:x", "did not say where"),
    ],
)
async def test_a_token_server_leads_to_no_internal_address(
    salesforce: tuple[FakeSalesforce, Desk], place: str, told: str
) -> None:
    service, desk = salesforce
    service.instance_url = place
    with pytest.raises(ToolFailed, match=told):
        await desk.call("find_caller", **CALLER)
    assert service.asked == []


async def test_a_key_that_is_none_is_told_at_the_start_without_it(
    secrets: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SALESFORCE_PRIVATE_KEY", "no key at all")
    with pytest.raises(ConfigError, match="no RSA key") as raised:
        await Desk(Toolbox(), Agent.model_validate(example("salesforce", {}))).open()
    assert "no key at all" not in str(raised.value)


# ---- tokens


async def test_failures_are_not_repeated_at_once_and_a_cancelled_call_takes_nothing_along(
    zoho: tuple[FakeZoho, Desk],
) -> None:
    service, desk = zoho
    body: Any = desk.tools["find_caller"].body
    tokens, now = body._tokens, 100.0
    tokens._clock = lambda: now
    waiting = [asyncio.create_task(desk.call("find_caller", **CALLER)) for _ in range(2)]
    await asyncio.sleep(0)
    waiting[0].cancel()
    assert (await waiting[1])["data.First_Name"] == ["Ada"]
    assert service.tokens == 1
    now += 3_600
    service.tokens = 10  # locked out
    for wait_s in (*AGAIN_S, AGAIN_S[-1]):
        for _ in range(3):
            with pytest.raises(ToolFailed, match="sign in"):
                await desk.call("find_caller", **CALLER)
        now += wait_s - 0.01
        with pytest.raises(ToolFailed, match="sign in"):
            await desk.call("find_caller", **CALLER)
        now += 0.02
    service.tokens = 1
    assert (await desk.call("find_caller", **CALLER))["data.First_Name"] == ["Ada"]


async def test_an_answer_that_comes_late_does_not_throw_the_new_token_away(zoho: tuple[FakeZoho, Desk]) -> None:
    service, desk = zoho
    body: Any = desk.tools["find_caller"].body
    first = await body._tokens.get()
    second = await body._tokens.instead_of(first)
    assert second is not first
    assert await body._tokens.instead_of(first) is second
    assert service.tokens == 2


async def test_no_token_is_ever_logged(zoho: tuple[FakeZoho, Desk], caplog: pytest.LogCaptureFixture) -> None:
    service, desk = zoho
    caplog.set_level(logging.DEBUG)
    await desk.call("find_caller", **CALLER)
    service.valid.clear()
    await desk.call("find_caller", **CALLER)
    assert "00Dxx!secret" not in caplog.text
    body: Any = desk.tools["find_caller"].body
    assert "secret" not in repr(body._tokens._token)
    assert "secret" not in repr(replace(body._tokens._token))


# ---- booking


async def test_a_table_is_offered_held_and_confirmed(secrets: None) -> None:
    async with FakeBooking({"s1": "19:00", "s2": "20:30"}) as service:
        desk = await opened(service, "booking", {"https://booking.example.com": service.url})
        free = await desk.call("free_times", {"day": "2026-12-01", "people": 2})
        assert free == {"slots.id": ["s1", "s2"], "slots.time": ["19:00", "20:30"]}
        wanted = {"slot": "s2", "people": 2, "name": "Ada"}
        held = await desk.call("book", wanted)
        assert await desk.call("book", wanted) == held  # a model that books twice in a call has one table
        with pytest.raises(ToolFailed, match=r"HTTP 409.*taken"):
            await desk.call("book", wanted, id="another-call")
        assert (await desk.call("confirm", {"booking": held["booking"]}))["state"] == "confirmed"
        with pytest.raises(ToolFailed, match=r"HTTP 410.*run out"):
            await desk.call("confirm", {"booking": "b-9"})
        await desk.toolbox.close()
