"""What ends a call of Asterisk's, or passes it on."""

from collections.abc import Callable

from voi.config.ari_apps import AriTransfer
from voi.session.events import Ended
from voi.tasks import Tasks
from voi.transports.ari.causes import hangup_reason
from voi.transports.ari.failure import AriError
from voi.transports.ari.leg import AriLeg
from voi.transports.telephone.line import Signalling, TransferUnsupported

TARGET_VARIABLE = "VOI_TARGET"


class AriSignalling:
    """`Signalling` of one leg. `transfer` returns how calls are passed on; None: not at all. `tasks`: own what is done
    after the call."""

    def __init__(self, leg: AriLeg, how: Callable[[], AriTransfer | None], tasks: Tasks) -> None:
        self._leg = leg
        self._how = how
        self._tasks = tasks

    async def transfer(self, target: str) -> None:
        how, leg = self._how(), self._leg
        if how is None:
            raise TransferUnsupported
        is_number = target.startswith("+")
        if how.endpoint is not None:
            if not is_number:
                raise TransferUnsupported
            await leg.operations.refer(leg.channel, how.endpoint.replace("{number}", target))
            return
        extension = how.extension or target
        if how.extension is None and not is_number:
            raise AriError("a SIP address is no extension: the transfer of phones.json needs an extension of its own")
        for name, value in {**how.variables, TARGET_VARIABLE: target}.items():
            await leg.operations.set_variable(leg.channel, name, value)
        leg.passed_on = True  # before Asterisk tells that the channel has left
        try:
            await leg.operations.go_on(leg.channel, how.context or "", extension, how.priority)
        except AriError:
            leg.passed_on = False
            raise

    async def connect(self, other: Signalling) -> None:
        """`Signalling`."""
        raise TransferUnsupported

    def hang_up(self, ended: Ended) -> None:
        self._tasks.start(self._leg.close(hangup_reason(ended.reason)), "end of a call of Asterisk's")
