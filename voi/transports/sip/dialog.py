"""A dialog (RFC 3261, section 12): who talks to whom, by which way, and with which numbers."""

import secrets
from dataclasses import dataclass, field

from voi.transports.sip.fields import parse_address
from voi.transports.sip.message import SipRequest, SipResponse
from voi.transports.sip.problem import SipProblem
from voi.transports.sip.uri import SipUri, parse_uri


def new_tag() -> str:
    """A new tag of ours: our half of a dialog's name."""
    return secrets.token_hex(8)


@dataclass(slots=True)
class SipDialog:
    """`local`, `remote`: values of From and To of our requests. `target`: where the other side wants them. `route`:
    values of Route, the nearest first. `remote_seq`: of their last request; -1: there was none."""

    call_id: str
    local_tag: str
    remote_tag: str
    local: str
    remote: str
    target: str
    route: list[str] = field(default_factory=list)
    local_seq: int = 0
    remote_seq: int = -1

    @property
    def key(self) -> tuple[str, str]:
        return self.call_id, self.local_tag

    @classmethod
    def of_callee(cls, request: SipRequest, tag: str) -> "SipDialog":
        """We were asked by that INVITE. Raises SipProblem if it has no Contact."""
        contacts = request.all("contact")
        if not contacts:
            raise SipProblem(400, "No Contact")
        target = parse_address(contacts[0]).uri
        parse_uri(target)
        route = _route(request.all("record-route"))
        local = request.get("to")
        sender = request.sender
        return cls(request.call_id, tag, sender.tag, f"{local};tag={tag}", request.get("from"), target,
                   route, secrets.randbelow(1 << 16), request.cseq[0])  # fmt: skip

    @classmethod
    def of_caller(cls, request: SipRequest, response: SipResponse) -> "SipDialog":
        """We asked by that INVITE, and this response begins the dialog. Raises SipProblem."""
        made = cls(request.call_id, request.sender.tag, response.tag, request.get("from"), response.get("to"),
                   request.uri, [], request.cseq[0])  # fmt: skip
        made.established(response)
        return made

    def established(self, response: SipResponse) -> None:
        """A response to our INVITE says how to reach them. Raises SipProblem."""
        route = _route(response.all("record-route")[::-1])
        self.remote_tag, self.remote, self.route = response.tag, response.get("to"), route
        self.retarget(response)

    def retarget(self, message: SipRequest | SipResponse) -> None:
        """They may have moved (RFC 3261, section 12.2). Raises SipProblem."""
        if contacts := message.all("contact"):
            target = parse_address(contacts[0]).uri
            parse_uri(target)
            self.target = target

    def next_hop(self) -> SipUri:
        """Where requests are sent. Raises SipProblem."""
        return parse_uri(parse_address(self.route[0]).uri if self.route else self.target)

    def request(self, method: str, seq: int | None = None) -> SipRequest:
        """A request within the dialog, without Via and Contact. `seq`: of an ACK or a CANCEL, its INVITE's."""
        if seq is None:
            self.local_seq += 1
            seq = self.local_seq
        uri, route = self.target, list(self.route)
        if route:
            first = parse_address(route[0])
            if parse_uri(first.uri).param("lr") is None:  # a strict router (RFC 3261, section 12.2.1.1)
                uri, route = first.uri, [*route[1:], f"<{self.target}>"]
        headers = [("max-forwards", "70"), *(("route", each) for each in route), ("from", self.local),
                   ("to", self.remote), ("call-id", self.call_id), ("cseq", f"{seq} {method}")]  # fmt: skip
        return SipRequest(headers, b"", method, uri)

    def take(self, request: SipRequest) -> None:
        """A request of theirs. Raises SipProblem for one that is out of order."""
        seq = request.cseq[0]
        if seq <= self.remote_seq:
            raise SipProblem(500, "Out Of Order", (("Retry-After", "1"),))
        self.remote_seq = seq

    def belongs(self, request: SipRequest) -> bool:
        """Whether the other side's tag is right."""
        try:
            return request.sender.tag == self.remote_tag
        except SipProblem:
            return False


def _route(values: list[str]) -> list[str]:
    """Raises SipProblem for one that no request could be sent by."""
    for value in values:
        parse_uri(parse_address(value).uri)
    return values
