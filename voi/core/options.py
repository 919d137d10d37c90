"""What a client chooses for its conversation: one object from the wire to the core."""

from dataclasses import dataclass
from typing import Literal

Mode = Literal["call", "chat"]
ANY_TOOL = "*"
"""Among the names of `CallOptions.app_tools`: all of the agent's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallOptions:
    """A door makes it from what the client sent. It is passed on as it is; only the code that uses a field reads it."""

    mode: Mode = "call"
    greet: bool = True
    """Begin with a greeting, if the agent has one."""
    holds_back: bool = False
    """Say and answer nothing before `FloorGiven`: it is not known yet who, or what, took a call that Voi makes."""
    stream_user_stt: bool = True
    """Show the person's words while they speak."""
    final_stt_correction: bool = True
    """Show the person's message again when the final transcript differs."""
    stream_output_audio: bool = True
    """False: the client wants each speech whole, so its sound is given to the door as fast as it is made."""
    app_tools: tuple[str, ...] = ()
    """Names of the tools that the client can run."""
    app_messages: bool = False
    """The client shows messages that the agent sends (`send_message`)."""
    silent: bool = False
    """The client only reads: neither the agent nor anything else is voiced."""
    instructions: str = ""
    """What the app adds to the prompt of each agent of the conversation."""
    lowers_sound: bool = False
    """The client lowers sound that it has not played yet when it is told to."""
    reports_playback: bool = False
    """The door reports all sound that was played (`Session.sound_played`), so that what was heard is no estimate."""
    sound_piece_ms: int = 100
    """How much sound the door is given at a time. Longer pieces cost less and lie further ahead of what is heard."""
    returns_echo: bool = False
    """The person's line may give the agent's voice back, as telephones do: it is kept from interrupting the agent."""
    input_rate_hz: int = 16_000
    """Sample rate of the person's sound, s16le mono."""
