"""The tools of an agent, as its author writes them in agents.json."""

import re
from collections.abc import Callable, Iterator
from typing import Annotated, Any, Literal, Self
from urllib.parse import unquote_plus, urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from voi.config.capture import Capture
from voi.config.oauth import OAuthCredential
from voi.config.parts import FileModel, Phrases, choices_of
from voi.config.problems import quoted

BODIES = ("http", "mcp", "python", "app", "builtin", "capture")
"""Fields of which a tool has exactly one: what its call does."""
CALL_VALUES = ("id", "app", "person", "claimed_person", "caller", "order", "agent")
"""What templates know of the conversation, as {call:NAME}."""
BuiltInName = Literal[
    "hang_up",
    "wait",
    "send_message",
    "switch_agent",
    "remember",
    "search_knowledge",
    "transfer",
    "press_keys",
    "never_call_again",
]
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,63}")
PLACEHOLDER = re.compile(r"\{(?:(soql_like|soql|digits|local):)?(?:(call|auth|captured):)?([A-Za-z_][A-Za-z0-9_-]*)\}")
"""{NAME}: an argument. {call:NAME}: a value of the conversation. {captured:NAME}: what the person has dictated.
{auth:NAME}: a value of the token server's answer. `${NAME}` is none of these. {soql:…}, {soql_like:…}, {digits:…},
{local:…}: how the value is written (`voi.tools.written`)."""
QUERY_KINDS = ("soql", "soql_like", "digits", "local")
"""How values may be written into a text of a query language."""
_BARE_KINDS = ("digits", "local")
"""Those that write nothing but digits, so that they need no quotes."""
_REFERENCE = re.compile(r"\$\{[^}]*\}")
_HOST_ENDS_OPEN = re.compile(r"[^/?#]*//[^/?#]*\}(?::\w+)?(?:[/?#]|\Z)")
"""A URL whose host ends with an argument, so that it may be anybody's."""
_AUTH_BASE = re.compile(r"\{auth:([A-Za-z_][A-Za-z0-9_]*)\}(?=/)")
_QUERY_LANGUAGE = re.compile(r"\bselect\b.*\bfrom\b|\bfind\s*\{", re.IGNORECASE | re.DOTALL)
_QUERY_FIELDS = ("select_query",)
"""Fields of a body that hold a whole query (Zoho's COQL)."""
_QUERY_PATH = re.compile(r"/(?:query|queryAll|search)/?$")
"""Addresses whose parameter q is a whole query (Salesforce's SOQL and SOSL)."""


def placeholders(text: str) -> Iterator[tuple[str, str, str]]:
    """The placeholders of a template: how each is written ("": as it is), where its value comes from ("": the
    arguments; call; captured; auth), and its name."""
    for found in PLACEHOLDER.finditer(_REFERENCE.sub("", text)):
        yield found[1] or "", found[2] or "", found[3]


def auth_base(url: str) -> tuple[str, str]:
    """The name of the token answer's value that a URL begins with, "" if there is none, and the rest of the URL."""
    found = _AUTH_BASE.match(url)
    return (found[1], url[found.end() :]) if found else ("", url)


def _tool_name(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise ValueError(f"has letters, digits, _ and -, and begins with a letter: {quoted(name)} is no name of a tool")
    return name


ToolName = Annotated[str, AfterValidator(_tool_name)]


class HttpRequest(FileModel):
    """An HTTP request that a tool's call makes. {NAME} stands for an argument, {call:NAME} for a value of the
    conversation, ${NAME} for an environment variable, {soql:NAME} for an argument inside a quoted text of SOQL."""

    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"] = "GET"
    """What is done. GET, PUT and DELETE may be repeated."""
    url: str = Field(max_length=4_000)
    """Arguments in it are percent-encoded. If its host depends on an argument, only public addresses are called."""
    query: dict[str, str] = Field(default_factory=dict, max_length=100)
    """Parameters behind the URL's ?. One whose arguments were not given is left out."""
    headers: dict[str, str] = Field(default_factory=dict, max_length=100)
    """Headers of the request, by name."""
    body: str | dict[str, Any] | list[Any] | None = None
    """JSON, or a text. A text in it that is just {NAME} becomes the argument itself, whatever its type, and is left out
    if the argument was not given."""
    returns: tuple[str, ...] = Field(default=(), max_length=100)
    """Which fields of a JSON answer the model gets, like order.status or items.name; without it, all."""
    retries: int = Field(default=1, ge=0, le=5)
    """How often a request is repeated that failed on the way. POST and PATCH never are."""
    auth: str | OAuthCredential | None = None
    """How it signs in: one of the agent's credentials by name, or one of its own. {auth:NAME} at the beginning of the
    url stands for a value of the token server's answer, such as instance_url."""
    expect: dict[str, str | int | bool] = Field(default_factory=dict, max_length=20)
    """Fields of a JSON answer, by path, that must have these values; with others the call has failed."""

    @model_validator(mode="after")
    def _is_right(self) -> Self:
        base, rest = auth_base(self.url)
        if base and self.auth is None:
            raise ValueError(f"begins its url with {{auth:{base}}} and has no auth")
        plain = PLACEHOLDER.sub("x", _REFERENCE.sub("x", f"https://x{rest}" if base else self.url))
        try:
            parts = urlsplit(plain)
            right = (
                parts.scheme in ("http", "https", "x") and bool(parts.hostname) and bool(base or self.url[:1] != "{")
            )
        except ValueError:
            right = False
        if not (right or self.url.startswith("${")):
            raise ValueError("needs a url like https://example.com/orders/{number}")
        secret = self.auth is not None or any(map(_REFERENCE.search, self.templates()))
        if secret and _HOST_ENDS_OPEN.match(_REFERENCE.sub("x", self.url)):
            raise ValueError(
                "sends a secret to a host that an argument names; write how the host ends: https://{region}.example.com/"
            )
        if self.method == "GET" and self.body is not None:
            raise ValueError("has a body, which GET does not send; use query, or another method")
        if self.auth is not None and any(name.lower() == "authorization" for name in self.headers):
            raise ValueError("has an auth, and a header Authorization of its own")
        if any(source == "auth" for text in (rest, *self._other_templates()) for _, source, _ in placeholders(text)):
            raise ValueError("has {auth:…} elsewhere than at the beginning of its url, followed by /")
        for text in self._queries():
            _check_query(text)
        return self

    def templates(self) -> Iterator[str]:
        """All texts that may have placeholders."""
        yield self.url
        yield from self._other_templates()

    def _other_templates(self) -> Iterator[str]:
        yield from self.query.values()
        yield from self.headers.values()
        yield from texts_in(self.body)

    def _queries(self) -> Iterator[str]:
        """The templates that are a query, in a language in which an argument could say more than it should."""
        yield from (text for text in map(unquote_plus, self.templates()) if _QUERY_LANGUAGE.search(text))
        if "q" in self.query and _QUERY_PATH.search(urlsplit(_REFERENCE.sub("x", self.url)).path):
            yield self.query["q"]
        if isinstance(self.body, dict):
            yield from (text for name in _QUERY_FIELDS if isinstance(text := self.body.get(name), str))


class McpServer(FileModel):
    """A server of the Model Context Protocol whose tools the agent may call: a program, or an address."""

    command: tuple[str, ...] = Field(default=(), max_length=100)
    """A program and its arguments, which speaks over its standard input and output."""
    env: dict[str, str] = Field(default_factory=dict, max_length=100)
    """Environment variables of the program, beside a few harmless ones."""
    url: str | None = Field(default=None, max_length=4_000)
    """The address of a server that speaks streamable HTTP."""
    headers: dict[str, str] = Field(default_factory=dict, max_length=100)
    """Headers of the requests to that address, by name."""
    allow: tuple[str, ...] = Field(default=("*",), max_length=1_000)
    """Names of the tools that the agent may call; * stands for any characters."""

    @model_validator(mode="after")
    def _is_one(self) -> Self:
        if bool(self.command) == bool(self.url):
            raise ValueError("needs either a command or a url")
        return self


class Filler(Phrases):
    """What the agent says while a tool runs, if it said nothing itself."""

    after_s: float = Field(default=0.8, ge=0, le=60)
    """How long the tool has run then, in seconds; 0: said at once."""

    @property
    def after_ms(self) -> int:
        return round(self.after_s * 1000)


FillerOrText = Annotated[Filler, BeforeValidator(choices_of, json_schema_input_type=str | list[str] | Filler)]
"""What is said while a tool runs, or just a text or an array of texts."""


class AgentTool(FileModel):
    """Something that the agent can do, beside talking."""

    description: str = Field(default="", max_length=4_000)
    """For the model: what the tool does, and when to call it."""
    parameters: dict[str, Any] | None = None
    """JSON Schema of the arguments, which are an object."""
    http: HttpRequest | None = None
    """An HTTP request."""
    mcp: McpServer | None = None
    """Brings tools of its own. Each is called NAME_ITS-NAME, with the description and parameters that it has there."""
    python: str | None = None
    """A function of a Python package: the name of an entry point of the group "voi.tools"."""
    app: bool = False
    """The connected app runs it. It is offered only to apps that say that they can."""
    builtin: BuiltInName | None = None
    """A tool that Voi has itself."""
    capture: Capture | None = None
    """Takes down what the person dictates, checked: an address, a number, a date."""
    agents: tuple[str, ...] = Field(default=(), max_length=100)
    """For switch_agent: agents of this file that may go on with the conversation."""
    targets: dict[str, str] = Field(default_factory=dict, max_length=1_000)
    """For transfer: where calls may be passed to, a telephone number or SIP address by the name that the model uses.
    Without it, the transfers of the agent's telephone."""
    filler: FillerOrText | None = None
    """Said while the tool runs, if the agent said nothing itself."""
    timeout_s: float = Field(default=10, gt=0, le=300)
    """Longest time for a call."""
    on_interrupt: Literal["finish", "cancel"] = "finish"
    """What becomes of a call when the person speaks on before it has returned."""
    safe: bool = False
    """It changes nothing. So it may run before it is certain that the person has finished speaking."""
    offered: bool = True
    """False: the model is not offered it; it is for after_call alone."""
    proves_person: str | None = Field(default=None, min_length=1, max_length=200)
    """It checks who the person is, by a PIN say: the field of its result, like account.verified, that is true then."""
    private: tuple[str, ...] = Field(default=(), max_length=100)
    """Arguments that are kept out of recordings, the store, traces and logs."""

    def with_files(self, resolve: Callable[[str], str | None]) -> Self:
        """The same tool with `resolve(file)` in place of each sound file of its filler."""
        if self.filler is None or not any(choice.file for choice in self.filler.choices):
            return self
        choices = tuple(
            choice.model_copy(update={"file": resolve(choice.file) if choice.file else None})
            for choice in self.filler.choices
        )
        return self.model_copy(update={"filler": self.filler.model_copy(update={"choices": choices})})

    @property
    def body(self) -> str:
        """Which of `BODIES` it has."""
        return next(name for name in BODIES if getattr(self, name))

    @property
    def timeout_ms(self) -> int:
        return round(self.timeout_s * 1000)

    @model_validator(mode="after")
    def _is_right(self) -> Self:
        bodies = [name for name in BODIES if getattr(self, name)]
        if len(bodies) != 1:
            raise ValueError(f"needs exactly one of {', '.join(BODIES)}, and has {' and '.join(bodies) or 'none'}")
        if self.parameters is not None:
            check_schema(self.parameters)
        if self.http:
            self._check_placeholders(self.http)
        if self.http:  # others may know more parameters than their author writes down
            known = (self.parameters or {}).get("properties", {})
            for name in self.private:
                if name not in known:
                    raise ValueError(f"keeps {quoted(name)} private, which is none of its parameters")
        if self.body in ("http", "app") and self.offered and not self.description:
            raise ValueError("needs a description, by which the model knows when to call it")
        if self.proves_person and (self.builtin or self.capture or self.mcp or self.safe):
            raise ValueError("proves_person is for http, python and app, and not for a safe tool: it changes something")
        if self.builtin == "switch_agent" and not self.agents:
            raise ValueError("needs agents: the names of those that may go on")
        return self

    @property
    def captured_names(self) -> frozenset[str]:
        """What its request takes from what the person has dictated."""
        if self.http is None:
            return frozenset()
        found = (place for text in self.http.templates() for place in placeholders(text))
        return frozenset(name for _, source, name in found if source == "captured")

    def _check_placeholders(self, http: HttpRequest) -> None:
        known = (self.parameters or {}).get("properties", {})
        for text in http.templates():
            for _, source, name in placeholders(text):
                if source == "call" and name not in CALL_VALUES:
                    raise ValueError(f"has {{call:{name}}}; known are: {', '.join(CALL_VALUES)}")
                if not source and name not in known:
                    raise ValueError(f"has {{{name}}} in its request, which is none of its parameters")


def _check_query(text: str) -> None:
    """Raises ValueError for a value that could change the query it stands in."""
    text = _REFERENCE.sub("", text)
    for found in PLACEHOLDER.finditer(text):
        kind, shown = found[1] or "", found[0]
        if found[2] == "auth":
            continue
        if kind not in QUERY_KINDS:
            raise ValueError(
                f"has {shown} in a query, where an argument could change what is asked; write '{{soql:{found[3]}}}' in "
                f"quotes, '{{soql_like:{found[3]}}}' in a pattern, or {{digits:{found[3]}}}"
            )
        before = re.sub(r"\\.", "", PLACEHOLDER.sub("", text[: found.start()]))
        if kind not in _BARE_KINDS and before.count("'") % 2 == 0:
            raise ValueError(f"has {shown} in a query, which has to stand between single quotes: '{shown}'")


def texts_in(value: Any) -> Iterator[str]:
    """Every text in a JSON value, but for names of fields."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for item in value.values() if isinstance(value, dict) else value:
            yield from texts_in(item)


def check_schema(schema: dict[str, Any]) -> None:
    """Raises ValueError if it is no JSON Schema of an object."""
    from jsonschema import Draft202012Validator, SchemaError

    try:
        Draft202012Validator.check_schema(schema)
        references = list(references_in(schema))
    except SchemaError as error:
        raise ValueError(f"has parameters that are no JSON Schema: {error.message[:200]}") from None
    except RecursionError:
        raise ValueError("has parameters that are nested too deeply") from None
    if schema.get("type") != "object":
        raise ValueError('needs parameters of the type "object": {"type": "object", "properties": {…}}')
    if any(not reference.startswith("#") for reference in references):
        raise ValueError("has parameters with a $ref to another document, which is not fetched")


def references_in(schema: Any) -> Iterator[str]:
    """Every $ref in a JSON Schema."""
    if isinstance(schema, dict):
        if isinstance(reference := schema.get("$ref"), str):
            yield reference
        for value in schema.values():
            yield from references_in(value)
    elif isinstance(schema, list):
        for value in schema:
            yield from references_in(value)


Credentials = Annotated[dict[ToolName, OAuthCredential], Field(max_length=32)]
"""Name -> credential."""
AgentTools = Annotated[dict[ToolName, AgentTool], Field(max_length=128)]
"""Name -> tool."""
