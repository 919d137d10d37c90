"""Why a WebRTC client cannot be reached, or is gone."""

from typing import Literal

from voi.errors import VoiError

PeerStep = Literal["ice", "dtls", "channel", "lost", "closed"]


class PeerFailed(VoiError):
    """The client cannot be reached, or is gone. `step`: what failed; "closed": it hung up."""

    def __init__(self, step: PeerStep, words: str) -> None:
        super().__init__(words)
        self.step: PeerStep = step
