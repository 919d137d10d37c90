"""A session, a socket and a configuration that do what a test says."""

import asyncio
from typing import Any

from voi.config.agents import Agent
from voi.config.config import Config
from voi.core.end_reason import EndReason
from voi.core.facts import Fact, HungUp
from voi.server.admission import Admission
from voi.server.caller import Desk
from voi.server.metrics import Metrics
from voi.session.events import Ended
from voi.session.options import SessionOptions
from voi.tasks import Tasks
from voi.transports.voi_ws import wire
from voi.transports.voi_ws.door import VoiDoor

SECRET = "kq3Jd82hDkSl20dkEEl1kqPzmVbTYw91xZ"
API_KEY = "Zm93kd03kDkw8sKw92jd"


class FakeSession:
    """Runs until it is hung up, ended, or told to fail."""

    def __init__(self, conversation_id: str, door: VoiDoor, agent: Agent, options: SessionOptions) -> None:
        self.conversation_id = conversation_id
        self.door = door
        self.agent = agent
        self.options = options
        self.heard = bytearray()
        self.told: list[Fact] = []
        self.over: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.stubborn = False

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

    def end(self, reason: EndReason, words: str = "") -> None:
        if not self.stubborn:
            self.door.tell(Ended(reason, words))
            self.finish()

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
    """What a Caller sees of a WebSocket."""

    def __init__(self) -> None:
        self.frames: list[bytes] = []
        self.close_code = 0
        self.backlog_bytes = 0

    @property
    def closed(self) -> bool:
        return self.close_code != 0

    def send(self, message: bytes) -> None:
        if not self.closed:
            self.frames.append(message)

    def close(self, code: int, reason: str = "") -> None:
        self.close_code = self.close_code or code

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
        self, conversation_id: str, door: VoiDoor, agent: Agent, config: Config, options: SessionOptions
    ) -> FakeSession:
        if self.error is not None:
            raise self.error
        self.opened.append(FakeSession(conversation_id, door, agent, options))
        return self.opened[-1]


class Configs:
    def __init__(self) -> None:
        self.current = Config(
            agents={"friend": Agent(llm_model="echo")}, control_agents={}, completeness_agents={}, tts_models={},
            llm_models=frozenset({"echo"}),
        )  # fmt: skip


def a_desk(sessions: Sessions, *, init_timeout_s: float = 5.0, max_conversations: int = 3) -> Desk:
    admission = Admission(max_conversations)
    admission.open()
    return Desk(
        token_secret=SECRET,
        init_timeout_s=init_timeout_s,
        configs=Configs(),
        admission=admission,
        metrics=Metrics(lambda: admission.active),
        tasks=Tasks(),
        open_session=sessions,
    )
