"""What keeps calls from harm: who may order which call, to whom, and when. Asked when an order comes, and again before
it is dialled, because the file may have changed and the person may have said no in the meantime."""

from dataclasses import dataclass

from pydantic import ValidationError

from voi.config.config import Config
from voi.config.outgoing import OutgoingAccount, OutgoingSettings
from voi.config.post_call import Webhook
from voi.config.problems import quoted
from voi.errors import ClientError, VoiError
from voi.transports.telephone.outgoing.destinations import Destination, parse_destination, refusal
from voi.transports.telephone.outgoing.order import CallOrder

_WORDS = {
    "emergency": "Emergency numbers are never called.",
    "premium": "Premium, satellite and special rate numbers are never called.",
    "denied": "This destination is denied by phones.json.",
    "not_allowed": "This destination is not among those that phones.json allows (outgoing.allow).",
    "never": "The person does not want to be called again.",
}


class OrderRefused(VoiError):
    """`reason`: a word for counters. `status`: of the HTTP answer."""

    def __init__(self, reason: str, words: str, status: int = 403) -> None:
        super().__init__(words)
        self.reason = reason
        self.status = status


@dataclass(frozen=True, slots=True)
class Permitted:
    """An order that may be carried out, and what it is carried out with."""

    outgoing: OutgoingSettings
    account: OutgoingAccount
    destination: Destination
    caller_id: str


def permitted(config: Config, order: CallOrder) -> Permitted:
    """Check an order, but for what changes by the hour. Raises OrderRefused."""
    outgoing = config.phones.outgoing if config.phones else None
    if outgoing is None:
        raise OrderRefused("off", "This server makes no calls: phones.json has no outgoing.", 404)
    account = outgoing.accounts.get(order.account)
    if account is None:
        raise OrderRefused(
            "account", f"account: there is none called {quoted(order.account)} in outgoing.accounts.", 400
        )
    try:
        destination = parse_destination(order.to)
    except ClientError as error:
        raise OrderRefused("malformed", str(error), 400) from None
    why = refusal(destination, outgoing.allow, outgoing.deny)
    if not why and account.allow is not None:
        why = refusal(destination, account.allow, ())
    if why:
        raise refused_because(why)
    if order.agent not in config.agents or (outgoing.agents is not None and order.agent not in outgoing.agents):
        raise OrderRefused("agent", f"agent: {quoted(order.agent)} is no agent that may make calls here.", 400)
    if outgoing.consent_required and not order.consent.strip():
        raise OrderRefused("consent", "consent: say where it is written down that the person agreed to be called.", 400)
    if order.caller_id and order.caller_id not in account.caller_ids:
        raise OrderRefused("caller_id", "caller_id: it is none of the account's caller_ids.", 400)
    if order.webhook and not outgoing.takes_webhook(order.webhook):
        raise OrderRefused("webhook", "webhook: it is no plain address that begins like one of outgoing.webhooks.", 400)
    if order.webhook:
        try:
            Webhook(url=order.webhook, secret=str(outgoing.webhook_secret))
        except ValidationError:
            raise OrderRefused("webhook", "webhook: that is no address like https://example.com/calls.", 400) from None
    machines = order.machines.over(outgoing.machines)
    if machines.on_voicemail == "leave_message" and not machines.message.strip():
        raise OrderRefused("message", "machines: there is no message to leave.", 400)
    return Permitted(outgoing, account, destination, order.caller_id or next(iter(account.caller_ids), ""))


def refused_because(why: str) -> OrderRefused:
    """The refusal for that reason, in its usual words."""
    return OrderRefused(why, _WORDS[why])
