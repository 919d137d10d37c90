"""Prepares a conversation to be continued another day: it keeps what was said and heard, and nothing unfinished."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from voi.core.kept import Kept, KeptMessage, KeptReply
from voi.core.ledger import Ledger
from voi.core.replies import CUT_MARK
from voi.dialogue import Message


def for_later(kept: Kept, heard_ms: int | None) -> Kept:
    """The conversation, to be continued another day. `heard_ms`: how much of its newest reply was heard; None: all of
    it. What the person was saying becomes their last message, and waits for no answer."""
    messages, next_id = kept.messages, kept.next_id
    if kept.reply is not None and heard_ms is not None:
        messages = tuple(_as_heard(messages, kept.reply, heard_ms))
    draft = kept.draft
    if draft is not None and (draft.text or draft.image_urls):
        message_id = next_id if draft.message_id is None else draft.message_id
        messages += (KeptMessage(message_id, Message("user", draft.text, draft.image_urls)),)
        next_id = max(next_id, message_id + 1)
    return Kept(
        messages=messages, next_id=next_id, agent=kept.agent,
        summary=kept.summary, first_id=kept.first_id, own_summary=kept.own_summary,
    )  # fmt: skip


def _as_heard(messages: Iterable[KeptMessage], reply: KeptReply, heard_ms: int) -> Iterator[KeptMessage]:
    """The messages, with the reply cut to what was heard of it."""
    ledger = Ledger.of(reply.pieces)
    heard = ledger.heard_segments(heard_ms)
    is_whole = not ledger.rest(heard)
    for each in messages:
        if each.message_id != reply.message_id or is_whole:
            yield each
        elif heard:
            cut = (*heard[:-1], replace(heard[-1], text=heard[-1].text.rstrip() + CUT_MARK))
            yield KeptMessage(each.message_id, Message("assistant", ledger.heard(heard_ms) + CUT_MARK), cut)
