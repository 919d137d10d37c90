"""Answers a carrier's request when somebody calls: is it signed, who answers that number, is there a place?"""

import logging
import time
from collections.abc import Callable

from voi.calls.admission import Refused
from voi.calls.calls import Calls
from voi.config.config import Config
from voi.config.phones import CarrierAccount, CarrierKind, Phones
from voi.config.secret_refs import resolved
from voi.errors import ClientError, ConfigError
from voi.transports.media_ws.carrier import PhoneDocument, PhoneWebhook, Unsigned
from voi.transports.media_ws.carriers import WEBHOOK_CARRIERS, codec_of, e164, media_path
from voi.transports.media_ws.tickets import SeenKeys, SeenMemory, Tickets

log = logging.getLogger(__name__)

ANSWERS_MAX = 2
"""A request is answered so often: carriers send some again, and so do people who have copied one."""
LINE_EVERY_S = 1.0
"""Strangers who send much fill no log."""
REMEMBERED_S = 24 * 3_600.0
REMEMBERED_MAX = 20_000

CountRequest = Callable[[str, str, str], None]
"""Counts a request by carrier, kind of request and outcome."""


class CarrierKeys:
    """What carriers' requests are checked with, looked up once for each configuration."""

    def __init__(self) -> None:
        self._phones: Phones | None = None
        self._keys: dict[tuple[str, str], str] = {}

    def of(self, phones: Phones, name: str, field: str = "") -> str:
        """The account's secret of that field; "": what its requests are checked with. Raises ConfigError if the
        environment has none."""
        if phones is not self._phones:
            self._phones, self._keys = phones, {}
        account = phones.carriers[name]
        field = field or account.key_field
        if (name, field) not in self._keys:
            found = resolved({field: account.secrets.get(field, "")}, f"phones.json: carriers.{name}")
            self._keys[name, field] = str(found[field])
        return self._keys[name, field]


class PhoneAnswers:
    """`clock`: Unix time. `seen`: what was answered before; None: a memory of its own."""

    def __init__(
        self,
        calls: Calls,
        tickets: Tickets,
        config: Callable[[], Config],
        count: CountRequest,
        clock: Callable[[], float] = time.time,
        seen: SeenMemory | None = None,
    ) -> None:
        self.keys = CarrierKeys()
        self._calls = calls
        self._tickets = tickets
        self._config = config
        self._count = count
        self._clock = clock
        self._logged: dict[tuple[str, str], float] = {}
        """When there was a line of that carrier and outcome."""
        self._unlogged = 0
        self.seen = seen or SeenKeys(REMEMBERED_S, REMEMBERED_MAX)

    @property
    def phones(self) -> Phones | None:
        return self._config().phones

    def answer(self, name: str, webhook: PhoneWebhook, client: str) -> PhoneDocument:
        """What the carrier of that name is told to do. Raises Unsigned, ClientError for a request that makes no sense,
        and ConfigError."""
        phones = self.phones
        if phones is None or name not in phones.carriers:
            raise ClientError("There is no such carrier in phones.json.")
        account = phones.carriers[name]
        try:
            return self._answered(phones, name, account, webhook, client)
        except Unsigned as error:
            self.note(account.kind, "unsigned", client, str(error))
            raise
        except ClientError as error:
            self.note(account.kind, "malformed", client, str(error))
            raise
        except ConfigError as error:
            self.note(account.kind, "misconfigured", client, str(error))
            raise

    def _answered(
        self, phones: Phones, name: str, account: CarrierAccount, webhook: PhoneWebhook, client: str
    ) -> PhoneDocument:
        carrier = WEBHOOK_CARRIERS.get(account.kind)
        if carrier is None:
            raise ClientError(f"{account.kind} sends no webhooks: it opens {media_path(account.kind)}.")
        nonce = carrier.nonce(webhook, self.keys.of(phones, name), self._clock())
        call = carrier.ringing(webhook)
        if self.seen.note(f"{name} {nonce}") > ANSWERS_MAX or self.seen.note(f"{name} {call.call_id}") > ANSWERS_MAX:
            raise Unsigned("The request was answered before.")
        if phones.answering(e164(call.called), name) is None:
            self.note(account.kind, "nobody_answers", client, "phones.json has no agent for the number that was called")
            return carrier.reject(busy=False)
        try:
            self._calls.admission.check(account.app)
        except Refused as refused:
            self._calls.note_refused(refused.ended, f"{client} ({name})")
            self._count(account.kind, "voice", "busy")
            return carrier.reject(busy=True)
        self._count(account.kind, "voice", "answered")
        scheme, _, rest = phones.public_url.partition("://")
        url = f"{'wss' if scheme == 'https' else 'ws'}://{rest}{media_path(account.kind)}"
        return carrier.connect(url, self._tickets.issue(name, call), codec_of(account))

    def note(self, kind: CarrierKind, outcome: str, client: str, why: str, request: str = "voice") -> None:
        """A request of that kind did not become a call: count it, and write a line if there was none just now."""
        self._count(kind, request, outcome)
        now_s = self._clock()
        if now_s - self._logged.get((kind, outcome), 0.0) < LINE_EVERY_S:
            self._unlogged += 1
            return
        self._logged[kind, outcome] = now_s
        more = f" ({self._unlogged} other requests have no line)" if self._unlogged else ""
        self._unlogged = 0
        log.warning("a call over %s from %s was not answered (%s): %s%s", kind, client, outcome, why, more)
