"""A door without a wire, for tests: it keeps what it is given."""

from dataclasses import dataclass, field

from voi.core.actions import Status
from voi.dialogue import Role


@dataclass(frozen=True, slots=True)
class Shown:
    message_id: int
    role: Role
    text: str
    image_urls: tuple[str, ...] = ()
    final: bool = True


@dataclass
class MemoryDoor:
    """`Door` that collects. `backlog_bytes` is for the test to set."""

    output_rate_hz: int = 24_000
    backlog_bytes: int = 0
    log: list[tuple[object, ...]] = field(default_factory=list)
    """Every call in order: its name and arguments."""
    shown: list[Shown] = field(default_factory=list)
    statuses: list[Status] = field(default_factory=list)
    sound: dict[str, bytearray] = field(default_factory=dict)
    """By speech id."""
    ended: list[str] = field(default_factory=list)
    cleared: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    closed: str | None = None
    """The reason, once it is closed."""

    def show(self, message_id: int, role: Role, text: str, image_urls: tuple[str, ...], final: bool) -> None:
        self.log.append(("show", message_id, role, text, image_urls, final))
        self.shown.append(Shown(message_id, role, text, image_urls, final))

    def announce(self, status: Status) -> None:
        self.log.append(("announce", status))
        self.statuses.append(status)

    def play(self, speech_id: str, pcm: bytes) -> None:
        self.log.append(("play", speech_id, len(pcm)))
        self.sound.setdefault(speech_id, bytearray()).extend(pcm)

    def lower(self, speech_id: str, gain_db: float) -> None:
        self.log.append(("lower", speech_id, gain_db))

    def end_speech(self, speech_id: str) -> None:
        self.log.append(("end_speech", speech_id))
        self.ended.append(speech_id)

    def clear(self, speech_id: str) -> None:
        self.log.append(("clear", speech_id))
        self.cleared.append(speech_id)

    def complain(self, error: str) -> None:
        self.log.append(("complain", error))
        self.errors.append(error)

    def close(self, reason: str) -> None:
        self.log.append(("close", reason))
        self.closed = reason

    @property
    def messages(self) -> dict[int, str]:
        """What a client would show: the newest text by message id."""
        return {shown.message_id: shown.text for shown in self.shown}
