"""Tools that are HTTP requests, against a real server."""

import gzip
import json
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from aiohttp import web

from voi.config.tools import HttpRequest
from voi.errors import ConfigError
from voi.tools.base import RESULT_MAX_CHARACTERS, ToolFailed
from voi.tools.clients import HttpClients
from voi.tools.http import ANSWER_MAX_BYTES, HttpTool, depends_on_arguments, field_of
from voi.tools.templates import LEFT_OUT

from .hands import context

pytestmark = pytest.mark.asyncio


class Shop:
    """Notes requests and answers with the next of `answers` (the last over and over): status and body."""

    def __init__(self) -> None:
        self.requests: list[tuple[str, str, dict[str, str], bytes]] = []
        self.answers: list[tuple[int, Any]] = [(200, {"status": "sent", "items": [{"name": "hat"}, {"name": "shoe"}]})]
        self.url = ""

    async def answer(self, request: web.Request) -> web.Response:
        self.requests.append((request.method, request.raw_path, dict(request.headers), await request.read()))
        status, body = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if body is None:
            assert request.transport is not None
            request.transport.abort()
        if isinstance(body, bytes):
            return web.Response(status=status, body=body, headers={"Content-Encoding": "gzip"})
        return web.json_response(body, status=status)


@pytest.fixture
async def shop() -> AsyncIterator[Shop]:
    shop = Shop()
    app = web.Application()
    app.router.add_route("*", "/{rest:.*}", shop.answer)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    shop.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield shop
    await runner.cleanup()


@pytest.fixture
async def tool() -> AsyncIterator[Callable[..., HttpTool]]:
    clients = HttpClients()
    yield lambda **fields: HttpTool(HttpRequest.model_validate(fields), clients, "tools.find")
    await clients.close()


async def test_arguments_fill_the_request(shop: Shop, tool: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOP_KEY", "s3cret")
    find = tool(
        method="POST", url=f"{shop.url}/orders/{{number}}", query={"full": "{full}", "who": "{call:person}"},
        headers={"Authorization": "Bearer ${SHOP_KEY}"},
        body={"note": "For {name}.", "people": "{people}", "gone": "{gone}"},
        returns=["status", "items.name", "nothing"],
    )  # fmt: skip
    result = await find({"number": "a/b?c", "name": "Ada", "people": 2}, context())
    assert json.loads(result) == {"status": "sent", "items.name": ["hat", "shoe"]}
    ((method, path, headers, body),) = shop.requests
    assert (method, path) == ("POST", "/orders/a%2Fb%3Fc?who=ada")
    assert headers["Authorization"] == "Bearer s3cret"
    assert json.loads(body) == {"note": "For Ada.", "people": 2}


async def test_a_missing_variable_is_named_and_no_value_is() -> None:
    with pytest.raises(ConfigError, match="NOT_SET_ANYWHERE"):
        HttpTool(HttpRequest(url="https://a.example/", headers={"X": "${NOT_SET_ANYWHERE}"}), HttpClients(), "here")


@pytest.mark.parametrize("argument", ["..", ".", "../../admin", "a/../../b", "..\\x"])
async def test_an_argument_cannot_leave_its_place(shop: Shop, tool: Any, argument: str) -> None:
    with pytest.raises(ToolFailed, match="another place"):
        await tool(url=f"{shop.url}/orders/{{number}}/x")({"number": argument}, context())
    assert not shop.requests


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "169.254.169.254", "[::1]", "a.internal", "x@a.example"])
async def test_a_host_that_a_model_fills_in_must_be_public(tool: Any, host: str) -> None:
    with pytest.raises(ToolFailed, match="not a public one"):
        await tool(url="http://{host}/")({"host": host}, context())


async def test_a_public_name_of_an_internal_address_is_not_reached(
    shop: Shop, tool: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    import socket

    def resolve(*_: Any, **__: Any) -> Any:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", int(shop.url.rsplit(":", 1)[1])))]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    with pytest.raises(ToolFailed, match="could not be reached"):
        await tool(url="http://{host}/", retries=0)({"host": "evil.example.com"}, context())
    assert not shop.requests


@pytest.mark.parametrize(
    ("url", "depends"),
    [("https://a.b/{x}", False), ("https://{x}/", True), ("{x}", True), ("https://a.{x}:80/", True), ("{s}://a", True)],
)
async def test_which_hosts_depend_on_arguments(url: str, depends: bool) -> None:
    assert depends_on_arguments(url) is depends


@pytest.mark.parametrize(("method", "requests"), [("GET", 2), ("PUT", 2), ("DELETE", 2), ("POST", 1), ("PATCH", 1)])
@pytest.mark.parametrize("first", [(503, {}), (200, None)])
async def test_only_what_is_idempotent_is_repeated(
    shop: Shop, tool: Any, method: str, requests: int, first: tuple[int, Any]
) -> None:
    shop.answers.insert(0, first)
    if requests == 1:
        with pytest.raises(ToolFailed):
            await tool(method=method, url=f"{shop.url}/")({}, context())
    else:
        assert "sent" in await tool(method=method, url=f"{shop.url}/")({}, context())
    assert len(shop.requests) == requests


async def test_an_error_of_the_service_is_told_in_its_words(shop: Shop, tool: Any) -> None:
    shop.answers = [(404, {"error": "no such order " + "x" * 5_000})]
    with pytest.raises(ToolFailed, match=r"HTTP 404.*no such order") as raised:
        await tool(url=f"{shop.url}/")({}, context())
    assert len(str(raised.value)) < 1_200


async def test_answers_are_bounded_after_they_were_expanded(shop: Shop, tool: Any) -> None:

    shop.answers = [(200, gzip.compress(bytes(20 * ANSWER_MAX_BYTES)))]
    with pytest.raises(ToolFailed, match="more than"):
        await tool(url=f"{shop.url}/")({}, context())
    shop.answers = [(200, "x" * (RESULT_MAX_CHARACTERS + 10))]
    assert len(await tool(url=f"{shop.url}/")({}, context())) == RESULT_MAX_CHARACTERS


async def test_redirects_are_not_followed_and_headers_have_no_lines(shop: Shop, tool: Any) -> None:
    shop.answers = [(302, {})]
    with pytest.raises(ToolFailed, match="HTTP 302"):
        await tool(url=f"{shop.url}/")({}, context())
    with pytest.raises(ToolFailed, match="line break"):
        await tool(url=f"{shop.url}/", headers={"X": "{x}"})({"x": "a\r\nHost: b"}, context())


@pytest.mark.parametrize(
    ("path", "found"),
    [("a.b", 1), ("l.c", [2, 3]), ("l.1.c", 3), ("l.9", LEFT_OUT), ("a.x", LEFT_OUT), ("a", {"b": 1})],
)
async def test_fields_by_path(path: str, found: Any) -> None:
    assert field_of({"a": {"b": 1}, "l": [{"c": 2}, {"c": 3}, 4]}, path) == found


@pytest.mark.parametrize("answer", ["[" * 600 + "]" * 600, '{"a":' + "[" * 600 + "]" * 600 + "}"])
async def test_an_answer_that_is_nested_too_deeply_is_a_failure_of_the_service(
    shop: Shop, tool: Any, answer: str
) -> None:
    shop.answers = [(200, gzip.compress(answer.encode()))]
    with pytest.raises(ToolFailed, match="nested too deeply"):
        await tool(url=shop.url, returns=["a"])({}, context())


async def test_control_characters_reach_no_header(shop: Shop, tool: Any) -> None:
    for text in ("a\r\nX: y", "a\x01", "\x7f", "a\0"):
        with pytest.raises(ToolFailed, match="control character"):
            await tool(url=shop.url, headers={"X": "{x}"})({"x": text}, context())
    assert not shop.requests


async def test_a_template_in_an_argument_stays_text(shop: Shop, tool: Any) -> None:
    await tool(url=f"{shop.url}/{{x}}", query={"q": "{x}"}, body=None)({"x": "{call:person} ${HOME} {x}"}, context())
    assert shop.requests[0][1].count("%7Bcall%3Aperson%7D%20%24%7BHOME%7D%20%7Bx%7D") == 2
