"""A door that writes down what it is given, with the time."""

import asyncio
from typing import Any

from voi.core.actions import Status
from voi.dialogue import Role


class FakeDoor:
    """`log` holds (ms since it was made, method, arguments...)."""

    def __init__(self, output_rate_hz: int = 24_000) -> None:
        self.output_rate_hz = output_rate_hz
        self.log: list[tuple[Any, ...]] = []
        self.backlog_bytes = 0
        self._opened_s = asyncio.get_running_loop().time()

    def _note(self, *event: Any) -> None:
        now_s = asyncio.get_running_loop().time()
        self.log.append((round((now_s - self._opened_s) * 1_000), *event))

    def show(self, message_id: int, role: Role, text: str, image_urls: tuple[str, ...], final: bool) -> None:
        self._note("show", message_id, role, text, final)

    def announce(self, status: Status) -> None:
        self._note("announce", str(status))

    def play(self, speech_id: str, pcm: bytes) -> None:
        self._note("play", speech_id, pcm)

    def lower(self, speech_id: str, gain_db: float) -> None:
        self._note("lower", speech_id, gain_db)

    def end_speech(self, speech_id: str) -> None:
        self._note("end_speech", speech_id)

    def clear(self, speech_id: str) -> None:
        self._note("clear", speech_id)

    def complain(self, error: str) -> None:
        self._note("complain", error)

    def close(self, reason: str) -> None:
        self._note("close", reason)

    # ---- what a test asks -----------------------------------------------------------------------

    def all(self, kind: str) -> list[tuple[Any, ...]]:
        """Arguments of every call of that method."""
        return [event[2:] for event in self.log if event[1] == kind]

    def played_ms(self, speech_id: str) -> int:
        """How much sound the door was given of that speech."""
        size = sum(len(pcm) for name, pcm in self.all("play") if name == speech_id)
        return size * 500 // self.output_rate_hz

    def shown(self) -> dict[int, tuple[str, str]]:
        """Messages as the client sees them now: id -> (role, text)."""
        return {event[0]: (event[1], event[2]) for event in self.all("show")}

    def statuses(self) -> list[str]:
        return [status for (status,) in self.all("announce")]
