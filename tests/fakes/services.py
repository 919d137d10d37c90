"""Services that tools call, which answer as the real ones do: Zoho CRM, Salesforce, a booking service.

Their addresses are in the answers of their token servers. They note what they were asked, and misbehave when told to.
"""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

from aiohttp import web

EXAMPLES = Path(__file__).parents[2] / "examples"


class FakeService:
    """Listens on 127.0.0.1 while the context is open. `asked`: method and path of each request, but for those to the
    token server, of which `tokens` counts."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.tokens = 0
        self.valid: set[str] = set()
        """Access tokens that are accepted."""
        self.answers: list[web.Response] = []
        """Given instead of the right ones, one each."""
        self.url = ""
        self._runner: web.AppRunner | None = None

    async def token(self, request: web.Request) -> web.Response:
        raise NotImplementedError

    async def answer(self, request: web.Request) -> web.Response:
        raise NotImplementedError

    def issue(self) -> str:
        self.tokens += 1
        token = f"00Dxx!secret.{self.tokens}"
        self.valid.add(token)
        return token

    async def _any(self, request: web.Request) -> web.Response:
        if "oauth" in request.path:
            return await self.token(request)
        self.asked.append(f"{request.method} {request.path}")
        return self.answers.pop(0) if self.answers else await self.answer(request)

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.router.add_route("*", "/{rest:.*}", self._any)
        self._runner = web.AppRunner(app)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._runner is not None
        await self._runner.cleanup()


def example(name: str, replaced: Mapping[str, str]) -> dict[str, Any]:
    """An example's agent, with its addresses replaced."""
    text = (EXAMPLES / f"{name}.json").read_text()
    for address, other in replaced.items():
        assert address in text
        text = text.replace(address, other)
    agent: dict[str, Any] = json.loads(text)["reception"]
    return agent


# ---- Zoho CRM


class FakeZoho(FakeService):
    """Zoho CRM, API version 8. Refuses with HTTP 200 where Zoho's token server does so."""

    def __init__(self, contacts: Mapping[str, Mapping[str, str]]) -> None:
        super().__init__()
        self.contacts = contacts
        """By the digits of their number."""
        self.records: list[tuple[str, dict[str, Any]]] = []

    async def token(self, request: web.Request) -> web.Response:
        form = dict(await request.post())
        right = {"grant_type": "refresh_token", "client_id": "id", "client_secret": "sec", "refresh_token": "ref"}
        if form != right:
            return web.json_response({"error": "invalid_code"})
        if self.tokens >= 10:
            told = "You have made too many requests continuously. Please try again after some time."
            return web.json_response({"error_description": told, "error": "Access Denied", "status": "failure"})
        return web.json_response(
            {"access_token": self.issue(), "api_domain": self.url, "token_type": "Bearer", "expires_in": 3600}
        )

    async def answer(self, request: web.Request) -> web.Response:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme != "Zoho-oauthtoken" or token not in self.valid:
            return self.refusal(401, "INVALID_TOKEN", "invalid oauth token")
        if request.path == "/crm/v8/Contacts/search":
            if not (digits := request.query.get("phone", "")):
                return self.refusal(400, "REQUIRED_PARAM_MISSING", "One of the expected parameter is missing")
            found = [contact for number, contact in self.contacts.items() if number.endswith(digits[-9:])]
            if not found:
                return web.Response(status=204)
            return web.json_response({"data": found, "info": {"per_page": 200, "count": len(found), "page": 1}})
        module = request.path.rpartition("/")[2]
        ((record,),) = (await request.json()).values()
        lacking = {"Leads": "Last_Name", "Notes": "Parent_Id", "Calls": "Call_Start_Time"}[module]
        if lacking not in record:
            wrong = {"code": "MANDATORY_NOT_FOUND", "details": {"api_name": lacking}, "status": "error"}
            return web.json_response({"data": [{**wrong, "message": "required field not found"}]}, status=202)
        self.records.append((module, record))
        done = {"code": "SUCCESS", "details": {"id": "48768760001"}, "message": "record added", "status": "success"}
        return web.json_response({"data": [done]}, status=201)

    @staticmethod
    def refusal(status: int, code: str, message: str) -> web.Response:
        return web.json_response({"code": code, "details": {}, "message": message, "status": "error"}, status=status)


# ---- Salesforce


class FakeSalesforce(FakeService):
    """Salesforce's REST API. `public_key`: of the External Client App, in PEM. Its tokens name no expiry and there is
    no refresh token."""

    def __init__(self, contacts: Mapping[str, Mapping[str, str]], public_key: bytes = b"") -> None:
        super().__init__()
        self.contacts = contacts
        """By their e-mail address, or the digits of their number."""
        self.records: list[tuple[str, dict[str, Any]]] = []
        self.literals: list[list[str]] = []
        """The texts in each SOQL query."""
        self.instance_url = ""
        self._public_key = public_key

    async def token(self, request: web.Request) -> web.Response:
        form = dict(await request.post())
        if not (self._signed(form) if "assertion" in form else self._knows(form)):
            return web.json_response({"error": "invalid_grant", "error_description": "no"}, status=400)
        token, place = self.issue(), self.instance_url or self.url
        who = {"id": f"{place}/id/00D/005", "token_type": "Bearer", "scope": "api"}
        return web.json_response({"access_token": token, "instance_url": place, **who})

    def _signed(self, form: Mapping[str, Any]) -> bool:
        import jwt

        try:
            claims = jwt.decode(form["assertion"], self._public_key, ["RS256"], audience="https://login.salesforce.com")
        except jwt.PyJWTError:
            return False
        right = form["grant_type"] == "urn:ietf:params:oauth:grant-type:jwt-bearer"
        return right and (claims["iss"], claims["sub"]) == ("id", "a@b.example") and claims["exp"] - claims["iat"] < 300

    @staticmethod
    def _knows(form: Mapping[str, Any]) -> bool:
        return form == {"grant_type": "client_credentials", "client_id": "id", "client_secret": "sec"}

    async def answer(self, request: web.Request) -> web.Response:
        if request.headers.get("Authorization", "").removeprefix("Bearer ") not in self.valid:
            return self.refusal(401, "INVALID_SESSION_ID", "Session expired or invalid")
        what = request.path.removeprefix("/services/data/v66.0/")
        if what == "query":
            return self._query(request.query["q"])
        if what == "search":
            return self._search(request.query["q"])
        kind, record = what.removeprefix("sobjects/"), await request.json()
        lacking = {"Lead": "Company", "Note": "ParentId", "Task": "WhoId"}[kind]
        if lacking not in record:
            wrong = {"errorCode": "REQUIRED_FIELD_MISSING", "message": f"Required fields are missing: [{lacking}]"}
            return web.json_response([{**wrong, "fields": [lacking]}], status=400)
        self.records.append((kind, record))
        return web.json_response({"id": "00T000000000001", "success": True, "errors": []}, status=201)

    def _search(self, text: str) -> web.Response:
        """Only the whole digits of a number match, with or without its country code, as it was typed in."""
        wanted = re.fullmatch(r"FIND \{(\d+) OR (\d+)\} IN PHONE FIELDS RETURNING Contact\((.*) LIMIT 3\)", text)
        if wanted is None:
            return self.refusal(400, "MALFORMED_SEARCH", "No search term found.")
        found = [self.contacts[term] for term in dict.fromkeys(wanted.groups()[:2]) if term in self.contacts]
        about = {"attributes": {"type": "Contact", "url": "/services/data/v66.0/sobjects/Contact/003"}}
        return web.json_response({"searchRecords": [{**about, **each} for each in found]})

    def _query(self, text: str) -> web.Response:
        try:
            rest, literals = soql_literals(text)
        except ValueError as error:
            return self.refusal(400, "MALFORMED_QUERY", str(error))
        if rest != "SELECT Id, FirstName, LastName FROM Contact WHERE Email = ? LIMIT 3":
            return self.refusal(400, "MALFORMED_QUERY", "unexpected token")
        self.literals.append(literals)
        found = self.contacts.get(literals[0])
        records = [found] if found else []
        return web.json_response({"totalSize": len(records), "done": True, "records": records})

    @staticmethod
    def refusal(status: int, code: str, message: str) -> web.Response:
        return web.json_response([{"message": message, "errorCode": code}], status=status)


_SOQL_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f", "'": "'", '"': '"', "\\": "\\"}
_SOQL_TOKEN = re.compile(r"\\u([0-9a-fA-F]{4})|\\(.)|(')|(.)", re.DOTALL)


def soql_literals(query: str) -> tuple[str, list[str]]:
    """The query with ? in place of each quoted text, and these texts, by the rules of SOQL. Raises ValueError for a
    query that is not well formed."""
    rest, texts, inside = "", [], False
    for match in _SOQL_TOKEN.finditer(query):
        code, escaped, quote, plain = match.groups()
        if quote:
            inside = not inside
            if inside:
                texts.append("")
                rest += "?"
        elif not inside:
            rest += match[0]
        elif plain and ord(plain) < 32:
            raise ValueError("line breaks not allowed in string literals")
        elif escaped and escaped not in _SOQL_ESCAPES:
            raise ValueError("Illegal escape sequence")
        else:
            texts[-1] += chr(int(code, 16)) if code else _SOQL_ESCAPES[escaped] if escaped else plain
    if inside:
        raise ValueError("unterminated string literal")
    return rest, texts


# ---- booking


class FakeBooking(FakeService):
    """A booking service. `slots`: free times, by their id."""

    def __init__(self, slots: Mapping[str, str]) -> None:
        super().__init__()
        self.slots = dict(slots)
        self.bookings: dict[str, dict[str, Any]] = {}
        self.told: list[tuple[dict[str, str], bytes]] = []
        """Headers and bodies of the webhook's requests."""
        self._by_key: dict[str, str] = {}

    async def answer(self, request: web.Request) -> web.Response:
        if request.path == "/v1/calls":
            self.told.append((dict(request.headers), await request.read()))
            return web.Response(status=204)
        if request.headers.get("Authorization") != "Bearer booking-key":
            return web.json_response({"error": "unauthorized"}, status=401)
        if request.path == "/v1/slots":
            assert {"day", "people"} == set(request.query)
            return web.json_response({"slots": [{"id": slot, "time": time} for slot, time in self.slots.items()]})
        if request.path == "/v1/bookings":
            return self._book(request.headers["Idempotency-Key"], await request.json())
        booking = request.path.split("/")[3]
        if booking not in self.bookings:
            return web.json_response({"error": "The hold has run out."}, status=410)
        self.bookings[booking]["state"] = "confirmed"
        return web.json_response({"booking": booking, **self.bookings[booking]})

    def _book(self, key: str, wanted: Mapping[str, Any]) -> web.Response:
        if key not in self._by_key:
            time = self.slots.pop(wanted["slot"], None)
            if time is None:
                return web.json_response({"error": "That time is taken."}, status=409)
            self._by_key[key] = booking = f"b-{len(self.bookings) + 1}"
            self.bookings[booking] = {"state": "held", "time": time, "name": wanted["name"]}
        booking = self._by_key[key]
        return web.json_response({"booking": booking, **self.bookings[booking]}, status=201)
