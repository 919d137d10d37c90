"""A session, a socket and a configuration that do what a test says."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

from voi.calls.admission import Admission
from voi.calls.calls import Calls
from voi.calls.services import Services
from voi.config.agents import Agent
from voi.config.config import Config
from voi.core.end_reason import EndReason
from voi.core.facts import Fact, HungUp, ImageGiven
from voi.core.history import HistoryEntry
from voi.core.options import CallOptions
from voi.server.auth import read_token, token_in
from voi.server.metrics import Metrics
from voi.session.events import Ended
from voi.session.line import Line
from voi.tasks import Tasks
from voi.transports.resumables import Resumables
from voi.transports.voi_ws import wire
from voi.transports.voi_ws.connection import VoiWebSockets
from voi.transports.voi_ws.resumption import Resumable

SECRET = "kq3Jd82hDkSl20dkEEl1kqPzmVbTYw91xZ"
API_KEY = "Zm93kd03kDkw8sKw92jd"


class FakeSession:
    """Runs until it is hung up, ended, or told to fail."""

    def __init__(self, conversation_id: str, line: Line, agent: Agent, options: CallOptions) -> None:
        self.conversation_id = conversation_id
        self.line = line
        self.agent = agent
        self.options = options
        self.heard = bytearray()
        self.told: list[Fact] = []
        self.over: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.stubborn = False
        self.held = 0
        self.unheard: list[dict[int, int]] = []
        """What each return of the client brought."""

    async def run(self) -> None:
        await self.over

    def hear(self, pcm: bytes) -> None:
        if pcm == b"boom":
            raise RuntimeError("secret words")
        self.heard += pcm

    def tell(self, fact: Fact) -> None:
        self.told.append(fact)
        if isinstance(fact, HungUp) and not self.stubborn:
            self.finish()

    def show_picture(self, url: str) -> None:
        self.tell(ImageGiven(url))

    def end(self, reason: EndReason, words: str = "") -> None:
        if not self.stubborn:
            self.line.end(Ended(reason, words))
            self.finish()

    def adapt(self, change: Callable[[Agent], Agent]) -> None:
        """No other agent takes over."""

    def hold(self) -> None:
        self.held += 1

    def go_on(self, unheard: Mapping[int, int]) -> None:
        self.unheard.append(dict(unheard))

    def dialogue(self) -> list[HistoryEntry]:
        return [HistoryEntry(0, "assistant", "Hello."), HistoryEntry(1, "user", "Hi.")]

    def finish(self, error: BaseException | None = None) -> None:
        if self.over.done():
            return
        if error is None:
            self.over.set_result(None)
        else:
            self.over.set_exception(error)

    async def invoke_llm(self, model: str, prompt: str, messages: list[dict[str, Any]]) -> str:
        return "yes"


class FakeSocket:
    """What a connection sees of a WebSocket."""

    def __init__(self) -> None:
        self.frames: list[bytes] = []
        self.close_code = 0
        self.backlog_bytes = 0
        self.parted = False
        self.on_pong: Callable[[bytes], None] | None = None
        self.pings: list[bytes] = []

    @property
    def closed(self) -> bool:
        return self.close_code != 0

    def send(self, message: bytes) -> None:
        if not self.closed:
            self.frames.append(message)

    def ping(self, payload: bytes) -> None:
        self.pings.append(payload)

    def close(self, code: int, reason: str = "") -> None:
        self.close_code = self.close_code or code
        self.parted = True

    def refuse(self) -> None:
        """It may be dropped soon."""

    @property
    def sent(self) -> list[dict[str, Any]]:
        return [wire.split(frame)[0] for frame in self.frames]

    @property
    def errors(self) -> list[str]:
        return [metadata["error"] for metadata in self.sent if metadata["type"] == "error"]


class Sessions:
    """`OpenSession` that keeps what it opened."""

    def __init__(self) -> None:
        self.opened: list[FakeSession] = []
        self.error: Exception | None = None

    def __call__(
        self, conversation_id: str, line: Line, agent: Agent, config: Config, options: CallOptions
    ) -> FakeSession:
        if self.error is not None:
            raise self.error
        self.opened.append(FakeSession(conversation_id, line, agent, options))
        return self.opened[-1]


class Configs:
    def __init__(self) -> None:
        self.current = Config(
            agents={"friend": Agent(llm_model="echo")}, control_agents={}, completeness_agents={}, tts_models={},
            llm_models=frozenset({"echo"}),
        )  # fmt: skip


def some_calls(sessions: Sessions, *, max_conversations: int = 3) -> Calls:
    admission = Admission(max_conversations)
    admission.open()
    metrics = Metrics(lambda: admission.active)
    return Calls(admission, Services(Configs(), sessions, metrics, Tasks()))  # type: ignore[arg-type]


def voi_ws(
    sessions: Sessions, *, init_timeout_s: float = 5.0, max_conversations: int = 3, resume_s: float = 0
) -> VoiWebSockets:
    calls = some_calls(sessions, max_conversations=max_conversations)
    resumables: Resumables[Resumable] = Resumables(resume_s)
    return VoiWebSockets(calls, lambda query: read_token(token_in(query), SECRET), init_timeout_s, resumables)
