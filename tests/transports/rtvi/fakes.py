"""What stands on the two sides of the door."""

import json
from typing import Any

from voi.core.facts import Fact, ImageGiven
from voi.transports.rtvi import frames
from voi.transports.rtvi.frames import InterruptionFrame, JsonFrame, SoundFrame


class FakeRtviSocket:
    """Reads what it is sent as a client does."""

    def __init__(self) -> None:
        self.log: list[dict[str, Any]] = []
        """Messages, and in their places sounds ({"sound": bytes}) and interruptions ({"interruption": True})."""
        self.texts = 0
        self.close_code = 0
        self.closed_for = ""
        self.backlog_bytes = 0
        self.refusals = 0

    def send(self, message: bytes) -> None:
        if self.close_code:
            return
        match frames.decode(message):
            case SoundFrame(pcm, rate_hz, channels):
                assert channels == 1
                self.log.append({"sound": pcm, "rate_hz": rate_hz})
            case JsonFrame(data):
                self._take(data)
            case InterruptionFrame():
                self.log.append({"interruption": True})

    def send_text(self, message: bytes) -> None:
        if not self.close_code:
            self.texts += 1
            self._take(message)

    def _take(self, text: bytes) -> None:
        message = json.loads(text)
        assert message["label"] == "rtvi-ai"
        self.log.append(message)

    def close(self, code: int, reason: str = "") -> None:
        if not self.close_code:
            self.close_code, self.closed_for = code, reason

    def refuse(self) -> None:
        self.refusals += 1

    # ---- what a test asks

    @property
    def types(self) -> list[str]:
        """Types of the messages, in order, without repetitions next to each other."""
        types = [entry.get("type", "sound" if "sound" in entry else "interruption") for entry in self.log]
        return [kind for at, kind in enumerate(types) if not at or types[at - 1] != kind]

    def data(self, kind: str) -> list[dict[str, Any]]:
        return [entry.get("data", {}) for entry in self.log if entry.get("type") == kind]

    @property
    def sound(self) -> bytes:
        return b"".join(entry.get("sound", b"") for entry in self.log)


class FakeHeardSession:
    """What a session was told by the door."""

    def __init__(self) -> None:
        self.log: list[Fact | str | tuple[str, ...]] = []
        self.heard = b""

    def hear(self, pcm: bytes) -> None:
        self.heard += pcm

    def tell(self, fact: Fact) -> None:
        self.log.append(fact)

    def show_picture(self, url: str) -> None:
        self.log.append(ImageGiven(url))

    def door_answers(self, number: str, result: str, *, failed: bool = False) -> None:
        self.log.append((number, result))

    def key_pressed(self, key: str) -> None:
        self.log.append(key)
