"""The thin client for any server of OpenAI chat completions: the LiteLLM proxy, vLLM, llama.cpp, Ollama, OpenAI itself.

One aiohttp session, and so one pool of kept-alive connections, serves all conversations. A streamed token costs one
wake-up and one JSON parse, no task and no queue.
"""

import asyncio
import re
from collections.abc import AsyncGenerator, Iterable, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import numpy as np
import numpy.typing as npt
import orjson

from voi.engines.base import LlmEvent, LlmRequest, Usage
from voi.engines.info import LlmInfo
from voi.engines.llm.attempts import LlmLimits, Passing, StreamDeadline, with_one_retry
from voi.engines.llm.chat_reply import ReplyReader
from voi.engines.llm.chat_request import chat_request, has_images
from voi.engines.llm.embeddings import BODY_MAX_BYTES, TIMEOUT_S, embedding_request, vectors_in
from voi.engines.llm.litellm_config import covers
from voi.engines.llm.pictures import Pictures
from voi.engines.llm.refusal import error_words, refusal, refuses_json_mode, refuses_key, refuses_usage, shown_name
from voi.errors import ConfigError, EngineError

NAME = "openai_compatible"
MAX_CONNECTIONS = 2_048
KEEP_ALIVE_S = 60
MAX_BODY_BYTES = 1 << 20
"""Most bytes of an answer that is not streamed: an error, a whole completion, a model list."""
MODELS_MAX = 1_000
"""Limit on the number of models whose refused options are remembered."""
NO_LIST = (404, 405, 501)
"""Statuses of servers without a model list."""
FLOOD_BYTES = 16_384
"""How much is read at once: a reply at the pace of speech is never more."""
SLICE_BYTES = 65_536
"""How much of a request with pictures is handed to the network at once."""
REST_EVENTS_MAX = 16
DRAIN_S = 0.05
"""Longest wait for the end of a response, after which its connection can be kept: it follows `[DONE]` at once or not at
all."""


class OpenAiCompatible:
    """`api_base` with or without `/v1`; `api_key` may be empty. Raises ConfigError when they cannot be right."""

    name = NAME
    info = LlmInfo(NAME, cloud=True)

    def __init__(self, *, api_base: str, api_key: str = "", limits: LlmLimits | None = None) -> None:
        self._url = completions_url(api_base)
        self._limits = limits or LlmLimits()
        self._headers = {
            "Accept": "text/event-stream",
            "Accept-Encoding": "identity",  # a compressor on the way would hold tokens back
            "Content-Type": "application/json",
        }
        if api_key:
            if not re.fullmatch(r"[\x21-\x7e]+", api_key):
                raise ConfigError("LITELLM_API_KEY has spaces, line breaks or non-ASCII characters in it.")
            self._headers["Authorization"] = f"Bearer {api_key}"
        self._session: aiohttp.ClientSession | None = None
        self._jsonless: set[str] = set()
        self._usageless: set[str] = set()
        """Models that refuse the option to report usage."""
        self._pictures = Pictures(("http",))

    async def warm_up(self) -> None:
        """Connect once. Raises EngineError when the server cannot be reached or refuses the key."""
        await self.models()

    async def close(self) -> None:
        await self._pictures.close()
        if self._session is not None:
            await self._session.close()

    async def models(self) -> frozenset[str]:
        """Names of the models that the server lists, wildcards included; empty: it has no such list. Raises EngineError
        when the server cannot be reached, refuses the key or fails."""
        url = self._url.removesuffix("/chat/completions") + "/models"
        try:
            async with (
                StreamDeadline(LlmLimits(first_token_timeout_ms=self._limits.connect_timeout_ms), "list"),
                self._open().get(url, headers=self._headers, allow_redirects=False) as response,
            ):
                body = await _whole_body(response)
        except (aiohttp.ClientError, OSError) as error:
            raise self._unreachable(error) from None
        words = _words(body)
        if refuses_key(response.status, words):
            raise refusal("list", response.status, words)
        if response.status not in (200, *NO_LIST):
            # LiteLLM answers like this when there is no key at all.
            keyless = "" if "Authorization" in self._headers else ", perhaps since LITELLM_API_KEY is empty"
            raise EngineError(f"The LLM server did not list its models (HTTP {response.status}{keyless}).")
        try:
            return frozenset(str(model["id"]) for model in orjson.loads(body)["data"])
        except (orjson.JSONDecodeError, KeyError, TypeError):
            return frozenset()

    async def doubts(self, models: Iterable[str]) -> list[str]:
        """One sentence for each model that the server does not list, or one saying that it lists none. Raises
        EngineError."""
        listed, models = await self.models(), list(models)
        if models and not listed:
            names = ", ".join(map(shown_name, models))
            return [f"The server at LITELLM_API_BASE lists no models, so it is unknown yet whether it has {names}."]
        return [
            f"LLM model {shown_name(model)} is not in the list of the server at LITELLM_API_BASE. "
            "Agents that use it will fail."
            for model in models
            if not any(covers(name, model) for name in listed)
        ]

    async def embed(self, model: str, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        """The vectors of these texts, shape (texts, dimensions). Raises EngineError."""
        url = self._url.removesuffix("/chat/completions") + "/embeddings"
        body = orjson.dumps(embedding_request(model, texts))
        headers = self._headers | {"Accept": "application/json"}
        try:
            async with (
                asyncio.timeout(TIMEOUT_S),
                self._open().post(url, data=body, headers=headers, allow_redirects=False) as response,
            ):
                answer = await _whole_body(response, BODY_MAX_BYTES if response.status == 200 else None)
        except TimeoutError:
            raise EngineError(f"The model {shown_name(model)} did not answer in time.", retryable=True) from None
        except (aiohttp.ClientError, OSError) as error:
            raise self._unreachable(error) from None
        if response.status != 200:
            raise refusal(model, response.status, _words(answer))
        return await asyncio.to_thread(vectors_in, answer, model, len(texts))

    def stream(self, request: LlmRequest) -> AsyncGenerator[LlmEvent]:
        """See `Llm.stream`. Tries once more when a retryable failure comes before the first text."""
        deadline = StreamDeadline(self._limits, shown_name(request.model), request.first_token_ms)
        return with_one_retry(lambda: self._attempt(request, deadline))

    async def _attempt(self, request: LlmRequest, deadline: StreamDeadline) -> AsyncGenerator[LlmEvent]:
        if has_images(request):
            request = replace(request, messages=await self._pictures.inlined(request.messages))
        response = await self._accepted(request, deadline)
        reader = ReplyReader(request, self._limits)
        began = False
        try:
            if response.content_type == "text/html":
                raise EngineError("The LLM server answered with a web page: is LITELLM_API_BASE right?")
            if response.content_type == "application/json":
                async with deadline:
                    body = await _whole_body(response)
                for event in reader.whole(body):
                    yield event
                return
            while not reader.done:
                async with deadline:
                    chunk = await response.content.read(FLOOD_BYTES)
                deadline.got_bytes(len(chunk))
                for event in reader.feed(chunk) if chunk else reader.lost():
                    deadline.got(event)
                    began = True
                    yield event
                if len(chunk) == FLOOD_BYTES:
                    await asyncio.sleep(0)  # let other calls run in between
            for event in await self._rest(response, reader):
                yield event
            for event in reader.end():
                yield event
        except (aiohttp.ClientError, OSError) as error:
            lost = self._lost(error)
            if isinstance(lost, Passing):
                lost.charged = True
            raise lost from None
        except EngineError as error:
            if not error.retryable or deadline.exhausted:
                raise
            raise Passing(error, charged=began) from None
        finally:
            deadline.rest()
            # Ends the upstream request at once, unless the response has ended and its connection is back in the pool.
            response.close()

    async def _rest(self, response: aiohttp.ClientResponse, reader: ReplyReader) -> list[LlmEvent]:
        """Read the response to its end if that comes soon: usage is there, and the connection can then be kept."""
        events: list[LlmEvent] = []
        with suppress(TimeoutError, EngineError):
            async with asyncio.timeout(DRAIN_S):
                while not response.content.at_eof() and len(events) < REST_EVENTS_MAX:
                    events += reader.feed(await response.content.read(FLOOD_BYTES))
                    await asyncio.sleep(0)
        return [event for event in events if isinstance(event, Usage)]

    async def _accepted(self, request: LlmRequest, deadline: StreamDeadline) -> aiohttp.ClientResponse:
        """Post the request; a response with status 200, still open."""
        json_mode = request.json_mode and request.model not in self._jsonless
        usage = request.model not in self._usageless
        while True:
            try:
                async with deadline:
                    response = await self._post(request, json_mode, usage)
                    if response.status == 200:
                        return response
                    async with response:
                        body = await _whole_body(response)
            except (aiohttp.ClientError, OSError) as error:
                raise self._lost(error) from None
            words = _words(body)
            if json_mode and refuses_json_mode(response.status, words):
                json_mode = False
                _remember(self._jsonless, request.model)
                continue
            if usage and refuses_usage(response.status, words):
                usage = False
                _remember(self._usageless, request.model)
                continue
            refused = refusal(
                request.model, response.status, words, images=has_images(request), tools=bool(request.tools)
            )
            if refused.retryable:
                raise Passing(refused, _retry_after_s(response))
            raise refused

    async def _post(self, request: LlmRequest, json_mode: bool, usage: bool) -> aiohttp.ClientResponse:
        fields, headers = chat_request(request, json_mode=json_mode, usage=usage), self._headers
        body: bytes | AsyncGenerator[bytes]
        try:
            if has_images(request):
                parts = await _in_parts(fields)
                headers = headers | {"Content-Length": str(sum(map(len, parts)))}
                body = _slices(parts)
            else:
                body = orjson.dumps(fields)
        except orjson.JSONEncodeError:
            raise EngineError(
                "The conversation has text that is not valid Unicode, or settings that are not JSON."
            ) from None
        return await self._open().post(self._url, data=body, headers=headers, allow_redirects=False)

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            connect_s = self._limits.connect_timeout_ms / 1000
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=MAX_CONNECTIONS, keepalive_timeout=KEEP_ALIVE_S),
                cookie_jar=aiohttp.DummyCookieJar(),
                timeout=aiohttp.ClientTimeout(total=None, connect=connect_s, sock_connect=connect_s),
            )
        elif self._session.closed:
            raise EngineError("Voi is shutting down.")
        return self._session

    def _lost(self, error: Exception) -> Passing | EngineError:
        # Usually a kept-alive connection that the server has closed: the next try needs no pause.
        delay_s = 0.0 if isinstance(error, aiohttp.ServerDisconnectedError) else None
        failure = self._unreachable(error)
        return Passing(failure, delay_s) if failure.retryable else failure

    def _unreachable(self, error: Exception) -> EngineError:
        address = urlsplit(self._url).netloc
        bad_tls = isinstance(error, aiohttp.ClientConnectorCertificateError | aiohttp.ClientConnectorSSLError)
        if bad_tls:
            what = f"The LLM server at {address} has no TLS certificate that this machine trusts"
        elif isinstance(error, aiohttp.ServerTimeoutError):
            what = f"The LLM server at {address} did not take the connection in time"
        elif isinstance(error, aiohttp.ServerDisconnectedError | aiohttp.ClientPayloadError | ConnectionResetError):
            what = f"The LLM server at {address} closed the connection in the middle of its answer"
        else:
            what = f"The LLM server at {address} cannot be reached"
        message = f"{what}: is it running, and is LITELLM_API_BASE right?"
        return EngineError(message, retryable=not bad_tls)


def completions_url(api_base: str) -> str:
    """URL of chat completions for a base with or without `/v1`. Raises ConfigError.

    >>> completions_url("http://localhost:4000/")
    'http://localhost:4000/v1/chat/completions'
    """
    try:
        parts = urlsplit(api_base.strip())
        usable = parts.scheme in ("http", "https") and parts.hostname and (parts.port or True)
    except ValueError:
        usable = False
    if not usable or parts.query or parts.fragment:
        raise ConfigError("LITELLM_API_BASE is not a URL like http://localhost:4000 or https://host/v1.")
    if "@" in parts.netloc:
        raise ConfigError("LITELLM_API_BASE has a user name or password in it: put the key in LITELLM_API_KEY.")
    path = parts.path.rstrip("/").removesuffix("/chat/completions") or "/v1"
    return f"{parts.scheme}://{parts.netloc}{path}/chat/completions"


async def _in_parts(fields: dict[str, Any]) -> list[bytes]:
    """The JSON of a request with pictures, which may have megabytes, without holding up the event loop for all of
    them at once."""
    messages = fields.pop("messages")
    parts, before = [orjson.dumps(fields)[:-1]], b',"messages":['
    for message in messages:
        parts += (before, orjson.dumps(message))
        before = b","
        if len(parts[-1]) > FLOOD_BYTES:
            await asyncio.sleep(0)
    return [*parts, b"]}"]


async def _slices(parts: list[bytes]) -> AsyncGenerator[bytes]:
    for part in parts:
        for at in range(0, len(part), SLICE_BYTES):
            yield part[at : at + SLICE_BYTES]


def _remember(models: set[str], model: str) -> None:
    if len(models) < MODELS_MAX:
        models.add(model)


async def _whole_body(response: aiohttp.ClientResponse, max_bytes: int | None = None) -> bytes:
    max_bytes = max_bytes or MAX_BODY_BYTES
    body = bytearray()
    async for chunk in response.content.iter_any():
        body += chunk
        if len(body) > max_bytes:
            response.close()
            raise EngineError(
                f"The LLM server sent an answer of more than {max_bytes} bytes that is not an event stream: is "
                "LITELLM_API_BASE really a chat-completions server?",
            )
    return bytes(body)


def _words(body: bytes) -> str:
    try:
        answer = orjson.loads(body)
    except orjson.JSONDecodeError:
        answer = body.decode(errors="replace")
    error = answer.get("error") or answer if isinstance(answer, dict) else answer
    return error_words(error)[1]


def _retry_after_s(response: aiohttp.ClientResponse) -> float | None:
    value = response.headers.get("Retry-After", "")
    return float(value) if re.fullmatch(r"\d{1,6}(\.\d{1,3})?", value) else None
