"""`voi talk`: a conversation with a running server, by file, by typed text, or by microphone and speaker."""

import itertools
import sys
import threading
import time
from collections.abc import Mapping
from concurrent.futures import CancelledError
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from voi.cli.transcript import JsonLines, TalkOutput, TranscriptLog
from voi.core.options import Mode
from voi.errors import ClientError, ConfigError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from voi.cli.exchange import Exchange
    from voi.cli.soundcard import SoundCard
    from voi.cli.why import Why
    from voi.client import VoiClient

FRAME_MS = 20
GREETING_WAIT_S = 2.0
"""An agent that has not begun to greet by then is assumed to have no greeting."""
APP = "voi-talk"


def talk(
    agent: Annotated[str, typer.Option(help="Whom to talk to: a name in the server's agents.json.")],
    in_file: Annotated[
        Path | None, typer.Option("--in", metavar="WAV", help="Say this sound instead of using the microphone.")
    ] = None,
    out_file: Annotated[Path | None, typer.Option("--out", metavar="WAV", help="Save the answer's sound.")] = None,
    text: Annotated[
        str | None, typer.Option(help="Type this instead of speaking; - types the lines of standard input.")
    ] = None,
    url: Annotated[str | None, typer.Option(help="Default: the server that .env describes, on this machine.")] = None,
    token: Annotated[
        str | None, typer.Option(envvar="VOI_TOKEN", help="Default: made with TOKEN_SECRET_KEY of .env.")
    ] = None,
    mode: Annotated[
        Mode | None, typer.Option(help="In a call both may speak at any time. Default: call, for typed text chat.")
    ] = None,
    greeting: Annotated[
        bool | None, typer.Option(help="Have the agent greet. Default: only with the microphone.", show_default=False)
    ] = None,
    session: Annotated[
        str | None, typer.Option(help="Save the conversation under this name, or go on with the one of that name.")
    ] = None,
    insecure: Annotated[
        bool, typer.Option("--insecure", help="Take any certificate, such as one from `voi cert`.")
    ] = False,
    why: Annotated[
        bool, typer.Option("--why", help="Tell why turns end and replies stop, from this machine's recordings.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object a line, for other programs.")] = False,
    tool: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=ANSWER", help="Run this tool of the app: answer its calls so. May be repeated."),
    ] = None,
    timeout: Annotated[float, typer.Option(min=0.1, metavar="S", help="Wait for an answer so long.")] = 30.0,
) -> None:
    """Talk to an agent. Prints who says what and how long each step took; exits with 1 if no answer came."""
    import asyncio

    if in_file and text is not None:
        raise ClientError("Give --in or --text, not both.")
    chosen: Mode = mode or ("call" if text is None else "chat")
    if text is not None and not text.strip():
        raise ClientError("--text is empty. Give some words, or - for the lines of standard input.")
    if text is not None and chosen == "call":
        raise ClientError("Typed text needs --mode chat.")
    if text is None and in_file is None and chosen == "chat":
        raise ClientError("The microphone needs --mode call.")
    if out_file is not None:
        _check_out(out_file)
    answers = _tool_answers(tool or [])
    talker = Talker(
        wants={
            "url": url or own_url(),
            "token": token or own_token(),
            "agent_name": agent,
            "mode": chosen,
            "insecure": insecure,
            "resume": True,
            "session": session or "",
            "app_tools": list(answers),
            "app_messages": True,
            "lowers_sound": text is None and in_file is None,
            "init_greeting": greeting if greeting is not None else text is None and in_file is None,
        },
        timeout_s=timeout,
        out_file=out_file,
        recordings_dir=_own_recordings() if why else None,
        as_json=as_json,
        tool_answers=answers,
    )
    if text is not None:
        asyncio.run(talker.type(text))
    elif in_file is not None:
        asyncio.run(talker.say_file(in_file))
    else:
        asyncio.run(talker.speak())


def _tool_answers(given: list[str]) -> dict[str, str]:
    """The answers of the app's tools, by name. Raises ClientError."""
    answers = {}
    for each in given:
        name, sign, answer = each.partition("=")
        if not (name and sign):
            raise ClientError(f"--tool {each!r} is not NAME=ANSWER.")
        answers[name] = answer
    return answers


def _check_out(file: Path) -> None:
    """Raises ClientError if the sound could not be saved there after the talk."""
    import os

    wrong = (
        "it is a folder" if file.is_dir()
        else f"there is no folder {file.parent}" if not file.parent.is_dir()
        else "permission denied" if not os.access(file if file.exists() else file.parent, os.W_OK)
        else ""
    )  # fmt: skip
    if wrong:
        raise ClientError(f"{file} cannot be written: {wrong}.")


def own_url() -> str:
    """The WebSocket of the server whose settings are in this folder. Raises ConfigError."""
    from voi.config.settings import load_settings

    settings = load_settings()
    host = settings.host if settings.host not in ("0.0.0.0", "::", "") else "127.0.0.1"
    return f"{'wss' if settings.tls_cert_file else 'ws'}://{f'[{host}]' if ':' in host else host}:{settings.port}/ws"


def own_token() -> str:
    """A token for that server, valid for a day. Raises ConfigError if the settings have no secret to sign it with."""
    from voi.config.settings import load_settings
    from voi.server.auth import issue_token

    try:
        return issue_token(APP, load_settings().require_token_secret(), life_days=1)
    except ConfigError as error:
        raise ConfigError([*error.problems, "Or give --token TOKEN (or VOI_TOKEN)."]) from None


def _own_recordings() -> Path:
    from voi.config.settings import load_settings

    settings = load_settings()
    if not settings.record:
        raise ConfigError("--why reads what the server on this machine records: set VOI_RECORD=true and restart it.")
    if settings.store_key is not None:
        raise ConfigError("--why cannot read recordings that are encrypted while they are made (VOI_STORE_KEY).")
    return settings.recordings_dir


class Talker:
    """Holds one conversation. Raises ClientError when the server is not there, refuses, or does not answer."""

    def __init__(
        self,
        wants: dict[str, Any],
        timeout_s: float,
        out_file: Path | None,
        recordings_dir: Path | None = None,
        *,
        as_json: bool = False,
        tool_answers: Mapping[str, str] | None = None,
    ) -> None:
        """`recordings_dir`: where the server records, to tell why it decided what it did. `as_json`: print for other
        programs. `tool_answers`: what calls of the app's tools are answered with, by name."""
        self._wants = wants
        self._tool_answers = tool_answers or {}
        self._timeout_s = timeout_s
        self._out_file = out_file
        self._recordings_dir = recordings_dir
        self._began_s = time.monotonic()
        log = JsonLines if as_json else TranscriptLog
        self._transcript: TalkOutput = log(lambda: time.monotonic() - self._began_s)

    async def type(self, text: str) -> None:
        """Type a text, or each line of standard input, and wait for the answers."""
        async with self._conversation() as (client, exchange):
            await self._greeting(client, exchange)
            async for line in _input_lines() if text == "-" else _just(text):
                exchange.expect()
                exchange.spoke()
                await client.send_text(line)
                await client.create_response()
                await self._answer(client, exchange)

    async def say_file(self, in_file: Path) -> None:
        """Say a sound file in real time and wait for the answer."""
        from voi.audio.framing import Framer
        from voi.audio.pcm import ms_to_samples
        from voi.audio.resample import resample
        from voi.audio.wav import read_wav
        from voi.cli.exchange import Hearing
        from voi.client import INPUT_RATE_HZ

        pcm, rate_hz = read_wav(in_file)
        try:
            pcm = resample(pcm, rate_hz, INPUT_RATE_HZ)
        except ValueError as error:
            raise ClientError(f"{in_file}: {error}") from error
        framer = Framer(ms_to_samples(FRAME_MS, INPUT_RATE_HZ))
        hearing = Hearing()
        async with self._conversation() as (client, exchange):
            await self._greeting(client, exchange)
            exchange.expect()
            pace = _Pace()
            for frame in [*framer.push(pcm), framer.flush()]:
                await pace.wait()
                await client.send_audio(frame)
                if hearing.is_voice(frame):
                    exchange.spoke()
            if self._wants["mode"] == "chat":
                await client.create_response()
                exchange.spoke()
            await self._answer(client, exchange)

    async def speak(self) -> None:
        """Use the microphone and the speaker, until Ctrl-C or the server's end."""
        from voi.cli.exchange import Hearing
        from voi.cli.soundcard import SoundCard

        hearing = Hearing()
        with SoundCard() as card:
            async with self._conversation(card) as (client, exchange):
                typer.echo("Speak; Ctrl-C ends. Use headphones, or the agent hears itself.", err=True)
                while True:
                    frame = await card.frame()
                    await client.send_audio(frame)
                    if hearing.is_voice(frame):
                        exchange.spoke()

    @asynccontextmanager
    async def _conversation(self, speaker: "SoundCard | None" = None) -> "AsyncIterator[tuple[VoiClient, Exchange]]":
        """A conversation whose events are taken and printed meanwhile; at its end the answer's sound is saved."""
        import asyncio

        from voi.cli.exchange import Exchange, HeardSound
        from voi.cli.why import Why
        from voi.client import VoiClient

        playback = HeardSound(speaker)
        exchange = Exchange(playback, self._transcript)
        why = Why(self._recordings_dir) if self._recordings_dir else None
        try:
            async with VoiClient.connect(**self._wants) as client, asyncio.TaskGroup() as group:
                self._began_s = time.monotonic()
                tasks = [group.create_task(_take_all(client, exchange, self._tool_answers), name="events")]
                if why:
                    tasks.append(group.create_task(self._tell_why(why), name="why"))
                yield client, exchange
                for task in tasks:
                    task.cancel()
            if exchange.failed:
                raise ClientError("The agent could not answer; the error is above.")
        except BaseExceptionGroup as several:
            raise several.exceptions[0] from None
        finally:
            if why:
                self._say_why(why)
            self._transcript.finish()
            if self._out_file and playback.heard:
                self._save(bytes(playback.heard))

    async def _tell_why(self, why: "Why") -> None:
        import asyncio

        from voi.cli.why import LOOK_EVERY_S

        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            self._say_why(why)

    def _say_why(self, why: "Why") -> None:
        for reason in why.news():
            self._transcript.say("why", reason)

    async def _greeting(self, client: "VoiClient", exchange: "Exchange") -> None:
        """Let the agent finish its greeting, if it has one, rather than talk over it."""
        if self._wants["init_greeting"]:

            def is_over() -> bool:  # however slow the voice is once it has begun
                return exchange.silent_s >= (self._timeout_s if exchange.is_underway else GREETING_WAIT_S)

            await self._wait(client, is_over)

    async def _answer(self, client: "VoiClient", exchange: "Exchange") -> None:
        """Wait until the answer has been heard."""

        def is_over() -> bool:
            if exchange.is_over(may_be_cancelled=self._wants["mode"] == "chat"):
                return True
            if exchange.silent_s > self._timeout_s:
                raise ClientError(f"No answer came within {self._timeout_s:g} s.")
            return False

        await self._wait(client, is_over)
        exchange.tell_latency()

    async def _wait(self, client: "VoiClient", is_over: "Callable[[], bool]") -> None:
        """Wait until `is_over`. In call mode silence is sent meanwhile, as from a microphone."""
        from voi.audio.pcm import silence
        from voi.client import INPUT_RATE_HZ

        quiet = silence(FRAME_MS, INPUT_RATE_HZ)
        pace = _Pace()
        while not is_over():
            await pace.wait()
            if self._wants["mode"] == "call":
                await client.send_audio(quiet)

    def _save(self, pcm: bytes) -> None:
        from voi.audio.wav import to_wav
        from voi.client import OUTPUT_RATE_HZ

        assert self._out_file is not None
        try:
            self._out_file.write_bytes(to_wav(pcm, OUTPUT_RATE_HZ))
        except OSError as error:
            raise ClientError(f"{self._out_file} cannot be written: {error.strerror}.") from error
        seconds = len(pcm) / 2 / OUTPUT_RATE_HZ
        words = f"{seconds:.1f} s of the answer in {self._out_file}"
        self._transcript.say("saved", words, file=str(self._out_file), seconds=round(seconds, 3))


class _Pace:
    """Paces frames in real time; after a delay the late ones follow at once."""

    def __init__(self) -> None:
        self._next_s = time.monotonic()

    async def wait(self) -> None:
        import asyncio

        await asyncio.sleep(max(0.0, self._next_s - time.monotonic()))
        self._next_s += FRAME_MS / 1000


async def _take_all(client: "VoiClient", exchange: "Exchange", tool_answers: Mapping[str, str]) -> None:
    from voi.client import ToolCallEvent

    async for event in client:
        exchange.take(event)
        if isinstance(event, ToolCallEvent):
            await client.send_tool_result(event.call_id, tool_answers.get(event.name, ""))
    why = f"{client.close_code} {client.close_reason}".rstrip()
    raise ClientError(f"The server ended the conversation ({why}).")


async def _just(text: str) -> "AsyncIterator[str]":
    yield text


async def _input_lines() -> "AsyncIterator[str]":
    """Lines of standard input that are not blank, as they are typed. Reads one ahead, in a daemon thread."""
    import asyncio

    loop = asyncio.get_running_loop()
    typed: asyncio.Queue[str | None] = asyncio.Queue(1)

    def read() -> None:
        with suppress(CancelledError, RuntimeError):  # the conversation is over, and the loop with it
            for line in itertools.chain(sys.stdin, [None]):
                asyncio.run_coroutine_threadsafe(typed.put(line), loop).result()

    threading.Thread(target=read, name="stdin", daemon=True).start()
    while (line := await typed.get()) is not None:
        if line.strip():
            yield line.strip()
