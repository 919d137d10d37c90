"""What a client chose for its conversation (the `init` message and its likes at other doors)."""

from dataclasses import dataclass

from voi.core.script import Mode


@dataclass(frozen=True, slots=True)
class SessionOptions:
    mode: Mode = "chat"
    greet: bool = True
    stream_user_stt: bool = True
    final_stt_correction: bool = True
    stream_output_audio: bool = True
    """False: each speech is wanted whole, so its sound is handed to the door as fast as it is made."""
    input_rate_hz: int = 16_000
