"""Google's streaming recognition, v2 and v1, over gRPC. Each utterance is a call of its own, which its end completes.
Needs the extra `google`.

https://cloud.google.com/speech-to-text/v2/docs/streaming-recognize
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal
from urllib.parse import quote

import orjson

from voi.engines.base import SttOptions, TimedWord
from voi.engines.cloud.google import END, GoogleChannel, GrpcSocket, locale_of
from voi.engines.info import SttInfo
from voi.engines.stt.cloud.ear_script import EarHabits, EarItem
from voi.engines.stt.cloud.google_forms import V1, V2, GoogleForms
from voi.engines.stt.cloud.heard import FLUSHED, HeardText
from voi.engines.stt.cloud.options import ServiceSetting, checked_settings, hot_words, iso, spaced
from voi.engines.stt.cloud.sockets import EarSockets
from voi.engines.stt.cloud.utterance import SocketEar
from voi.errors import ConfigError, EngineError

NAME = "google-stt"
ROTATE_S = 240.0
"""Google ends a call after five minutes."""
HABITS = EarHabits(NAME, keep_alive_s=4.0, unconfirmed_ms=60_000, flush_ends=True, rotate_s=ROTATE_S)
QUIET_MS = 100
"""Silence that is sent while no sound comes: Google ends a call that gets none."""
SETTLED = ("that model", "the key", "credit", "address")
"""A call without sound is always refused: these refusals tell of something else."""


class GoogleScript:
    """An `EarScript`. Tentative results in one answer belong together; only those after the last final count."""

    def __init__(self, address: str, config: Mapping[str, Any], language: str) -> None:
        self.address = address
        self._config, self._language = config, language

    def begin(self) -> Sequence[str]:
        return (orjson.dumps(self._config).decode(),)

    def sound(self, pcm: bytes) -> bytes:
        return pcm

    def flush(self) -> Sequence[str]:
        return (END,)

    def drop(self) -> Sequence[str]:
        return ()

    def keep_alive(self) -> bytes:
        return bytes(QUIET_MS * 32)

    def end(self) -> Sequence[str]:
        return ()

    def hear(self, message: dict[str, Any]) -> Sequence[EarItem]:
        if message.get("end"):
            return (FLUSHED,)
        heard: list[EarItem] = []
        growing: list[dict[str, Any]] = []
        for result in message["results"]:
            if result["final"]:
                heard.append(self._text(result["text"], [result], final=True))
                growing.clear()
            else:
                growing.append(result)
        if growing:
            heard.append(self._text("".join(each["text"] for each in growing), growing, final=False))
        return heard

    def _text(self, text: str, results: Sequence[dict[str, Any]], *, final: bool) -> HeardText:
        language = iso(results[0]["language"])
        words = tuple(TimedWord(*word) for each in results for word in each["words"])
        end_ms = max((each["end_ms"] for each in results), default=0) or None
        return HeardText(spaced(text, language or self._language), final, words, end_ms, language)


class GoogleCalls:
    """In place of a `CloudClient`: begins calls."""

    def __init__(self, channel: GoogleChannel, forms: GoogleForms) -> None:
        self._channel, self._forms = channel, forms

    async def connect(self, address: str) -> GrpcSocket:
        """A new call. `address`: its recognizer. Raises EngineError."""
        await self._channel.reached()
        forms = self._forms
        routed_by = f"recognizer={quote(address, safe='')}" if address else ""
        call = self._channel.stream(forms.method, forms.answer, routed_by=routed_by)

        def request_of(message: str | bytes) -> Any:
            return forms.sound(message) if isinstance(message, bytes) else forms.first(address, orjson.loads(message))

        return GrpcSocket(NAME, call, request_of, forms.told)

    async def close(self) -> None:
        await self._channel.close()


class GoogleStt(SocketEar):
    """An `Stt`. Credentials: those of `GoogleChannel`. `project`: that of the recognizer; None: the credentials'.
    `location`: where it hears, such as "eu"; not every one has every model. `language`: what agents without a language
    hear; several are told apart where the model can. `word_times`: None: where the model has them. `settings`: Google's
    own, `features` of v2 or the `RecognitionConfig` of v1. `at_once`: the quota of calls. Raises ConfigError."""

    info = SttInfo(NAME, cloud=True, word_times="exact")

    def __init__(
        self,
        *,
        api_key: str | None = None,
        credentials_file: str | None = None,
        project: str | None = None,
        location: str = "global",
        url: str | None = None,
        version: Literal["v2", "v1"] = "v2",
        model: str | None = None,
        language: str | Sequence[str] = "en-US",
        word_times: bool | None = None,
        settings: Mapping[str, ServiceSetting] | None = None,
        at_once: int | None = None,
    ) -> None:
        if version not in ("v2", "v1"):
            raise ConfigError(f"{NAME}: `version` is v2 or v1.")
        host = "speech.googleapis.com" if location == "global" else f"{location}-speech.googleapis.com"
        self._channel = GoogleChannel(
            NAME, url or f"https://{host}", api_key=api_key, credentials_file=credentials_file
        )
        self._forms: GoogleForms = V2() if version == "v2" else V1()
        self._project, self._location = project, location
        self._has_recognizer = version == "v2"
        self._model = model or ("long" if version == "v2" else "latest_long")
        self._languages = [language] if isinstance(language, str) else list(language)
        if not self._languages:
            raise ConfigError(f"{NAME}: `language` names at least one.")
        self._settings = checked_settings(NAME, settings, self._forms.ours)
        self._timed = not self._model.startswith("chirp") if word_times is None else word_times
        calls = GoogleCalls(self._channel, self._forms)
        sockets = EarSockets(HABITS, self._script, calls, idle_s=0, at_once=at_once)
        info = replace(GoogleStt.info, at_once_max=at_once, word_times="exact" if self._timed else "none")
        super().__init__(info, sockets, calls)

    async def warm_up(self) -> None:
        """Read the credentials, connect, and begin a call without sound, which costs nothing. Raises EngineError,
        ConfigError."""
        await self._open()
        if self._has_recognizer and not (self._project or self._channel.project):
            raise ConfigError(f"{NAME}: `project` must name your project: the credentials do not.")
        script = self._script(SttOptions())
        socket = await self._client.connect(script.address)
        try:
            async with asyncio.timeout(10.0):
                for message in (*script.begin(), END):
                    await socket.send(message)
                while await socket.receive() not in (END, None):
                    pass
        except TimeoutError:
            raise EngineError(f"{NAME} did not answer within 10 s.", retryable=True) from None
        except EngineError as error:
            if error.retryable or any(sign in str(error) for sign in SETTLED):
                raise
        finally:
            await socket.close()

    async def _open(self) -> None:
        await asyncio.to_thread(self._forms.load, NAME)
        await self._channel.open()

    def _script(self, options: SttOptions) -> GoogleScript:
        languages = [options.language] if options.language else self._languages
        languages = [self._with_region(each) for each in languages]
        config = self._forms.config(
            self._model, languages, hot_words(options.hot_words), times=self._timed, more=self._settings
        )
        project = self._project or self._channel.project
        recognizer = f"projects/{project}/locations/{self._location}/recognizers/_" if self._has_recognizer else ""
        return GoogleScript(recognizer, config, languages[0])

    def _with_region(self, language: str) -> str:
        """The code with a region: that of our own languages, if one of them is the same language."""
        same = [each for each in self._languages if iso(each) == iso(language) and "-" in each]
        return same[0] if same and "-" not in language else locale_of(language)
