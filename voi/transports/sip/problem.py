"""What is wrong with a request, as the response that says so."""

from voi.errors import VoiError
from voi.transports.sip.reasons import reason_of


class SipProblem(VoiError):
    """`code`, `reason`: of the response. `headers`: what it carries besides."""

    def __init__(self, code: int, reason: str = "", headers: tuple[tuple[str, str], ...] = ()) -> None:
        self.code = code
        self.reason = reason or reason_of(code)
        self.headers = headers
        super().__init__(f"{self.code} {self.reason}")
