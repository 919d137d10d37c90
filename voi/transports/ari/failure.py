"""What goes wrong between Voi and an Asterisk."""

from voi.errors import VoiError


class AriError(VoiError):
    """A request to Asterisk failed. `status`: of the answer; 0: there was none. The text has no data of callers."""

    def __init__(self, message: str, status: int = 0) -> None:
        super().__init__(message)
        self.status = status

    @property
    def gone(self) -> bool:
        """The channel or bridge is not there any more, or not under our control."""
        return self.status in (404, 409, 412)

    @property
    def kind(self) -> str:
        """A short name for a counter."""
        if self.status in (401, 403):
            return "unauthorized"
        if self.gone:
            return "gone"
        return "refused" if self.status else "unreachable"
