"""What agents want to be done after calls: makes the jobs, and has the model, webhooks and tools of this server do
them."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING

import orjson

from voi.calls.call import Call
from voi.calls.post_call.delivery import (
    DeliveryFailed,
    NotWanted,
    may_run_twice,
    send_event,
    to_tool,
    to_webhook,
)
from voi.calls.post_call.job import PostCallJob, PostCallStep, transcript_of
from voi.calls.post_call.question import CallReport, ask_for_report
from voi.calls.post_call.runner import NotAsked, PostCalls, new_job_id
from voi.config.agents import Agent
from voi.config.config import Config
from voi.config.post_call import Webhook
from voi.core.kept import Kept
from voi.core.options import CallOptions
from voi.errors import EngineError
from voi.server.call_order_view import whole_order
from voi.server.metrics import Metrics
from voi.server.usages import Usages
from voi.session.metering import MeteredLlm, Metering
from voi.session.session import Session
from voi.tools.base import AvailableTool
from voi.tools.toolbox import Toolbox

ORDER_EVENT = "call_order.ended"

if TYPE_CHECKING:
    from voi.engines.startup import Engines
    from voi.store.store import Store
    from voi.transports.telephone.outgoing.order_store import OrderStore


class AfterCalls:
    """`PostCallWork` of this server. `why_not` returns why a model may not be asked for an app, "" if it may.
    `clock_ms`: ms since 1970. `store`: where what is to be done is kept; None: nowhere."""

    def __init__(
        self,
        config: Callable[[], Config],
        engines: "Callable[[], Engines | None]",
        toolbox: Toolbox,
        usages: Usages,
        metrics: Metrics,
        why_not: Callable[[str], str],
        clock_ms: Callable[[], int],
        store: "Store | None" = None,
    ) -> None:
        self._config = config
        self._engines = engines
        self._toolbox = toolbox
        self._usages = usages
        self._why_not = why_not
        self._clock_ms = clock_ms
        self._orders = _orders_in(store)
        outbox = None
        if store is not None:
            from voi.store.outbox import StoredOutbox

            outbox = StoredOutbox(store, clock_ms)
        self.jobs = PostCalls(self, metrics, outbox, clock_ms=clock_ms)

    def watch(self, call: Call, agent: Agent, options: CallOptions, session: Session) -> None:
        """Have done what the agent wants, when the call is over. An agent that a client brought wants nothing."""
        if agent.after_call is None or not call.agent_name:
            return
        began_ms, agent_name = self._clock_ms(), call.agent_name

        async def begin(kept: Kept) -> None:
            about = self._about(call, agent_name, options.mode, began_ms, session.about)
            job = PostCallJob(new_job_id(), "ask", call.id, agent_name, about)
            said = [each for each in kept.messages if each.message_id >= kept.first_id]
            self.jobs.begin(job, partial(transcript_of, said, session.redaction, kept.summary_of_today))

        call.afterwards.append(begin)

    def order_over(self, order_id: str, url: str) -> None:
        """Have the order's webhook told what came of it."""
        about = {"order": order_id, "url": url, "ended": _iso(self._clock_ms())}
        self.jobs.begin(PostCallJob(new_job_id(), "order", "", "", about))

    def _about(
        self, call: Call, agent: str, mode: str, began_ms: int, about: Mapping[str, str]
    ) -> dict[str, str | int]:
        ended_ms = self._clock_ms()
        seconds = max(0, ended_ms - began_ms) // 1_000
        return {
            **about, "agent": agent, "mode": mode, "began": _iso(began_ms), "ended": _iso(ended_ms),
            "duration_s": seconds, "duration": f"{seconds // 60:02}:{seconds % 60:02}",
            "reason": call.end_reason.value if call.end_reason else "",
        }  # fmt: skip

    # ---- the work ---------------------------------------------------------------------------------

    def sends(self, job: PostCallJob) -> Sequence[PostCallStep]:
        if job.step == "order":
            return ("order",) if self._order_hook(job) is not None else ()
        agent = self._config().agents.get(job.agent)
        if agent is None or agent.after_call is None:
            return ()
        wanted: dict[PostCallStep, object] = {"webhook": agent.after_call.webhook, "tool": agent.after_call.tool}
        return tuple(step for step, target in wanted.items() if target is not None)

    async def ask(self, job: PostCallJob) -> CallReport:
        engines, agent = self._engines(), self._config().agent(job.agent)
        if engines is None:
            raise EngineError("The engines are not ready yet.", retryable=True)
        app = str(job.about.get("app", ""))
        if why_not := self._why_not(app):
            raise NotAsked(why_not)
        metering = Metering(engines.llm_name, lambda use: self._usages.after_call(app, job.agent, use))
        return await ask_for_report(MeteredLlm(engines.llm, metering), agent, job.transcript)

    def _order_hook(self, job: PostCallJob) -> Webhook | None:
        """The order's webhook; None: phones.json allows it no more."""
        phones, url = self._config().phones, str(job.about["url"])
        outgoing = phones.outgoing if phones else None
        if outgoing is None or outgoing.webhook_secret is None or not outgoing.takes_webhook(url):
            return None
        return Webhook(url=url, secret=outgoing.webhook_secret)

    async def _deliver_order(self, job: PostCallJob) -> None:
        hook = self._order_hook(job)
        found = None if self._orders is None else await whole_order(self._orders, str(job.about["order"]))
        if hook is None or found is None:
            raise NotWanted("the order was deleted")
        body = orjson.dumps({"type": ORDER_EVENT, "timestamp": job.about["ended"], "data": found})
        sender = self._toolbox.webhook(hook, "phones.json: outgoing.webhook_secret", keep=False)
        await send_event(sender, job.id, body, self._clock_ms() // 1_000)

    async def deliver(self, job: PostCallJob) -> None:
        if job.step == "order":
            await self._deliver_order(job)
            return
        agent = self._config().agent(job.agent)
        if job.step not in self.sends(job):
            raise DeliveryFailed("the agent wants it no more", again=False)
        assert agent.after_call is not None
        if job.step == "tool":
            await to_tool(self._tool(job), agent, job)
        else:
            hook = agent.after_call.webhook
            assert hook is not None
            sender = self._toolbox.webhook(hook, f"{job.agent}.after_call.webhook")
            await to_webhook(sender, job, transcript=hook.transcript, now_s=self._clock_ms() // 1_000)

    def may_come_twice(self, job: PostCallJob) -> bool:
        return may_run_twice(self._tool(job))

    def _tool(self, job: PostCallJob) -> AvailableTool:
        """Raises DeliveryFailed if it is not there now, such as one of an MCP server that is away."""
        agent = self._config().agent(job.agent)
        assert agent.after_call is not None
        assert agent.after_call.tool is not None
        name = agent.after_call.tool.name
        tool = self._toolbox.of(agent, after_call=True).get(name)
        if tool is None:
            raise DeliveryFailed(f"there is no tool {name!r} at the moment", again=True)
        return tool


def _orders_in(store: "Store | None") -> "OrderStore | None":
    if store is None:
        return None
    from voi.transports.telephone.outgoing.order_store import OrderStore

    return OrderStore(store)


def _iso(at_ms: int) -> str:
    """The time in UTC, to the second, as CRMs read it."""
    return datetime.fromtimestamp(at_ms // 1_000, UTC).isoformat()
