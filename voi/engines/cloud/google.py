"""Google's services over gRPC: credentials, a channel, and refusals in our words. Needs the extra `google`, whose
packages are imported when an engine warms up.

https://cloud.google.com/docs/authentication/application-default-credentials
"""

import asyncio
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import orjson
from babel.core import get_global

from voi.config.usual_variables import variable
from voi.engines.cloud.client import CONNECT_S, CloudSocket, checked_key, checked_url
from voi.engines.cloud.refusal import refusal
from voi.errors import ConfigError, EngineError

CREDENTIALS = "GOOGLE_APPLICATION_CREDENTIALS"
SCOPES = ("https://www.googleapis.com/auth/cloud-platform",)
ANSWER_S = 10.0
ANSWER_MAX_BYTES = 32 * 1024 * 1024
"""Largest answer taken: the sound of the longest text in one piece."""
STATUSES = {
    "INVALID_ARGUMENT": 400, "FAILED_PRECONDITION": 400, "UNAUTHENTICATED": 401, "PERMISSION_DENIED": 403,
    "NOT_FOUND": 404, "RESOURCE_EXHAUSTED": 429, "INTERNAL": 500, "UNKNOWN": 500, "UNAVAILABLE": 503,
    "DEADLINE_EXCEEDED": 504, "ABORTED": 503, "OUT_OF_RANGE": 503, "CANCELLED": 503,
}  # fmt: skip
"""What codes of gRPC mean in HTTP. The streams that Google ends after five minutes are ABORTED or OUT_OF_RANGE."""
NO_TOKEN = "metadata from plugin failed"
UNREACHED = ("failed to connect", "connection refused", "dns resolution", "name resolution", "socket closed")
END = '{"end":true}'
"""As a message to a `GrpcSocket`: no more comes. As one from it: all was answered."""
CHINESE = {"zh": "cmn-Hans-CN"}
"""Codes of languages that Google has its own way."""


def imported(name: str, module: str) -> Any:
    """That module of Google's packages. Blocks. Raises EngineError when the extra is missing."""
    import importlib

    try:
        return importlib.import_module(module)
    except ModuleNotFoundError:
        raise EngineError(f"{name} needs Google's packages: ./install.sh google") from None


def locale_of(language: str) -> str:
    """The code with a region, as Google wants it: "en-US" for "en"."""
    if "-" in language or language == "auto":
        return language
    likely = str(get_global("likely_subtags").get(language, "")).split("_")
    return CHINESE.get(language) or (f"{language}-{likely[2]}" if len(likely) == 3 else language)


class GoogleChannel:
    """One connection to one of Google's services, which all calls share. Opened by `open`, in the loop that uses it.
    `credentials_file`: of a service account; None: `GOOGLE_APPLICATION_CREDENTIALS`, in the environment or in .env, or
    what the machine itself has. `api_key` counts before both. Raises ConfigError."""

    def __init__(self, name: str, url: str, *, api_key: str | None, credentials_file: str | None) -> None:
        self.name = name
        self.project = ""
        """The project of the credentials, once it is open."""
        self._url = checked_url(name, url, ("https", "http"))
        self._key = checked_key(name, api_key) if api_key is not None else None
        self._file = credentials_file
        self._channel: Any = None

    async def open(self) -> None:
        """Read the credentials and connect. Raises ConfigError, EngineError."""
        if self._channel is None:
            os.environ.setdefault("GRPC_VERBOSITY", "ERROR")  # else it writes lines of its own into the server's
            await asyncio.to_thread(imported, self.name, "grpc.aio")
            credentials = await asyncio.to_thread(self._credentials)
            self._channel = self._made(credentials)
        await self.reached()

    async def close(self) -> None:
        if self._channel is not None:
            await self._channel.close()

    async def reached(self) -> None:
        """Wait until the connection is there. Raises EngineError."""
        if self._channel is None:
            raise EngineError(f"{self.name} is not connected.", retryable=True)
        grpc = imported(self.name, "grpc")
        try:
            async with asyncio.timeout(CONNECT_S):
                while (state := self._channel.get_state(try_to_connect=True)) is not grpc.ChannelConnectivity.READY:
                    if state is grpc.ChannelConnectivity.TRANSIENT_FAILURE:
                        raise self._unreachable()
                    await self._channel.wait_for_state_change(state)
        except TimeoutError:
            raise EngineError(
                f"{self.name} did not take the connection within {CONNECT_S:g} s.", retryable=True
            ) from None

    async def ask(
        self, method: str, request: Any, answer: Any, routed_by: str = "", timeout_s: float = ANSWER_S
    ) -> Any:
        """One answer. `request`: a protobuf message. `answer`: the class of the answer. Raises EngineError."""
        await self.reached()
        call = self._channel.unary_unary(method, _bytes_of, answer.FromString)
        try:
            return await call(request, timeout=timeout_s, metadata=self._metadata(routed_by))
        except imported(self.name, "grpc").RpcError as error:
            raise refused(self.name, error) from None

    def stream(self, method: str, answer: Any, routed_by: str = "") -> Any:
        """A call with many messages both ways: a `grpc.aio.StreamStreamCall`."""
        call = self._channel.stream_stream(method, _bytes_of, answer.FromString)
        return call(metadata=self._metadata(routed_by))

    def _metadata(self, routed_by: str) -> tuple[tuple[str, str], ...]:
        key = (("x-goog-api-key", self._key),) if self._key is not None else ()
        return (*key, ("x-goog-request-params", routed_by)) if routed_by else key

    def _made(self, credentials: Any) -> Any:
        aio = imported(self.name, "grpc.aio")
        options = (
            ("grpc.max_receive_message_length", ANSWER_MAX_BYTES),
            ("grpc.initial_reconnect_backoff_ms", 200),
            ("grpc.max_reconnect_backoff_ms", 3_000),
        )
        parts = urlsplit(self._url)
        if credentials is None:
            return aio.insecure_channel(f"{parts.hostname}:{parts.port or 80}", options)
        return aio.secure_channel(f"{parts.hostname}:{parts.port or 443}", credentials, options)

    def _credentials(self) -> Any:
        """Credentials of the channel; None: the address has no TLS, which only servers of one's own are. Blocks."""
        if self._url.startswith("http:"):
            return None
        grpc = imported(self.name, "grpc")
        if self._key is not None:
            return grpc.ssl_channel_credentials()
        auth, plugin = imported(self.name, "google.auth"), imported(self.name, "google.auth.transport.grpc")
        requests = imported(self.name, "google.auth.transport.requests")
        file = self._file or variable(CREDENTIALS)
        try:
            found, project = self._found_in(file) if file else auth.default(scopes=SCOPES)
        except (auth.exceptions.GoogleAuthError, OSError, ValueError):
            raise ConfigError(
                f"{self.name}: there are no credentials: set {CREDENTIALS} (or the option `credentials_file`) to the "
                "file of a service account, or give an `api_key`."
            ) from None
        self.project = project or ""
        tokens = plugin.AuthMetadataPlugin(credentials=found, request=requests.Request())
        return grpc.composite_channel_credentials(
            grpc.ssl_channel_credentials(), grpc.metadata_call_credentials(tokens)
        )

    def _found_in(self, file: str) -> tuple[Any, str | None]:
        """Credentials of that file, and their project. Blocks. Raises OSError, ValueError, GoogleAuthError."""
        told = orjson.loads(Path(file).read_bytes())
        if isinstance(told, dict) and told.get("type") == "service_account":
            accounts = imported(self.name, "google.oauth2.service_account")
            return accounts.Credentials.from_service_account_info(told, scopes=SCOPES), told.get("project_id")
        auth = imported(self.name, "google.auth")
        return auth.load_credentials_from_file(file, scopes=SCOPES)  # type: ignore[no-any-return]

    def _unreachable(self) -> EngineError:
        return EngineError(f"{self.name} cannot be reached: is its `url` right, and the network up?", retryable=True)


class GrpcSocket(CloudSocket):
    """A call with many messages both ways, in place of a WebSocket. `request_of`: the protobuf message of what is sent.
    `told`: what an answer says, for JSON. The last message is `END`."""

    def __init__(
        self, name: str, call: Any, request_of: Callable[[str | bytes], Any], told: Callable[[Any], dict[str, Any]]
    ) -> None:
        self._name, self._call = name, call
        self._request_of, self._told = request_of, told
        self._closed = self._ended = False

    @property
    def open(self) -> bool:
        return not self._closed and not self._call.done()

    async def send(self, message: str | bytes) -> None:
        """See `CloudSocket.send`."""
        try:
            await (self._call.done_writing() if message == END else self._call.write(self._request_of(message)))
        except (imported(self._name, "grpc").RpcError, asyncio.InvalidStateError) as error:
            lost = EngineError(f"{self._name} closed the connection.", retryable=True)
            ended_badly = self._call.done() and (await self._call.code()).name != "OK"
            raise (await failure(self._name, self._call, error) if ended_badly else lost) from None

    async def receive(self) -> str | None:
        """See `CloudSocket.receive`."""
        if self._ended:
            return None
        try:
            answer = await self._call.read()
        except imported(self._name, "grpc").RpcError as error:
            raise refused(self._name, error) from None
        except asyncio.CancelledError:
            if self._closed:  # by us
                return None
            raise
        if answer is imported(self._name, "grpc.aio").EOF:
            self._ended = True
            return END
        return orjson.dumps(self._told(answer)).decode()

    async def close(self) -> None:
        """See `CloudSocket.close`. A call that is not cancelled keeps its memory."""
        self._closed = True
        self._call.cancel()


def refused(name: str, error: Any) -> EngineError:
    """The error of a call."""
    return _explained(name, error.code().name, str(error.details() or ""))


def _explained(name: str, code: str, words: str) -> EngineError:
    if NO_TOKEN in words.lower():
        return EngineError(f"{name} got no access token: check the credentials, and the network.", retryable=True)
    if code == "UNAVAILABLE" and any(sign in words.lower() for sign in UNREACHED):
        return EngineError(f"{name} cannot be reached: is its `url` right, and the network up?", retryable=True)
    if code == "OUT_OF_RANGE" or (code == "ABORTED" and "stream" in words.lower()):
        return EngineError(f"{name} ended a stream.", retryable=True)
    return refusal(name, STATUSES.get(code, 500), words)


async def failure(name: str, call: Any, error: Exception) -> EngineError:
    """The error of a call that could not be written to or read from: the call itself knows why."""
    if hasattr(error, "details"):
        return refused(name, error)
    code = await call.code()
    words = str(await call.details() or "")
    return _explained(name, code.name, words)


def _bytes_of(message: Any) -> bytes:
    return message.SerializeToString()  # type: ignore[no-any-return]
