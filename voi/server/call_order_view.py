"""An order as its owner is shown it, over HTTP and by webhook."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from voi.transports.telephone.outgoing.order import order_of

if TYPE_CHECKING:
    from voi.store.call_orders import KeptOrder
    from voi.transports.telephone.outgoing.order_store import OrderStore


def order_as_dict(kept: "KeptOrder") -> dict[str, Any]:
    """What is known of the call, times as ISO 8601 in UTC."""
    order = order_of(kept.details)
    talked_ms = kept.ended_ms - kept.answered_ms if kept.ended_ms and kept.answered_ms else None
    told: dict[str, Any] = {
        "id": kept.id, "state": kept.state, "outcome": kept.outcome, "taken_by": kept.taken_by, "cause": kept.cause,
        "app": kept.app, "account": kept.account, "agent": kept.agent, "conversation_id": kept.conversation_id,
        "duration_s": None if talked_ms is None else round(talked_ms / 1_000, 1),
    }  # fmt: skip
    for name in ("ordered", "not_before", "expires", "dialled", "answered", "ended"):
        at_ms: int | None = getattr(kept, f"{name}_ms")
        told[name] = (
            None if at_ms is None else datetime.fromtimestamp(at_ms / 1_000, UTC).isoformat(timespec="milliseconds")
        )
    if order is not None:
        told |= {
            "to": order.to,
            "person": order.person or None,
            "metadata": order.metadata,
            "consent": order.consent or None,
        }
    return told


async def whole_order(store: "OrderStore", order_id: str, app: str = "") -> dict[str, Any] | None:
    """The same with the transcript, as far as the store keeps words. Raises StoreError."""
    kept = await store.read(order_id, app)
    if kept is None:
        return None
    said = await store.transcript(kept.conversation_id) if kept.conversation_id else []
    return {**order_as_dict(kept), "transcript": said}
