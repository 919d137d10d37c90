"""What a session needs of the door (transport) its caller came through. Doors live in `voi/transports/`."""

from typing import Protocol

from voi.core.actions import Status
from voi.dialogue import Role


class Door(Protocol):
    """Every method returns at once and never raises: a door whose client is gone drops what it is given."""

    output_rate_hz: int
    """Rate of the PCM that `play` takes."""

    def show(self, message_id: int, role: Role, text: str, image_urls: tuple[str, ...], final: bool) -> None:
        """Show a message; the same id again replaces it."""

    def announce(self, status: Status) -> None:
        """Tell the client about the state of the turn."""

    def play(self, speech_id: str, pcm: bytes) -> None:
        """Send s16le mono sound at `output_rate_hz`. The session paces it, 300 to 500 ms ahead of real time."""

    def lower(self, speech_id: str, gain_db: float) -> None:
        """What `play` is given of that speech from now on is lowered by so much already (0: as loud as it was made).
        A door that can lower, or hold, what its client has not played yet does so; others do nothing."""

    def end_speech(self, speech_id: str) -> None:
        """All sound of that speech, if it has any, was given (a door may pad or encode and send it now)."""

    def clear(self, speech_id: str) -> None:
        """The speech was stopped: drop what is not yet sent and tell the client to drop what is not yet played."""

    def complain(self, error: str) -> None:
        """Tell the client about an error."""

    def close(self, reason: str) -> None:
        """Tell the client that the conversation ended, and close."""

    @property
    def backlog_bytes(self) -> int:
        """Bytes given to the door and not yet taken by the network; the speaker waits while it is high."""
        ...
