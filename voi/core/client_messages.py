"""Messages that a client puts into the dialogue, or takes out of it. Clients are shown both."""

from voi.core.actions import Show
from voi.core.facts import MessageDeleted, MessageInserted
from voi.core.history import History, HistoryEntry


def insert(history: History, fact: MessageInserted) -> list[Show]:
    """Put the message into the history. Returns the action that shows it; none if it has neither text nor picture."""
    said = fact.message
    entry = HistoryEntry(
        fact.message_id, said.role, said.text, said.image_urls, calls=said.tool_calls, results=said.tool_results
    )
    history.insert(entry, fact.after)
    shown = entry.text or entry.image_urls
    return [Show(entry.message_id, entry.role, entry.text, entry.image_urls)] if shown else []


def delete(history: History, fact: MessageDeleted) -> list[Show]:
    """Take the message out of the history. Returns the action that withdraws it; none if there is no such message."""
    gone = next((each for each in history if each.message_id == fact.message_id), None)
    if gone is None:
        return []
    history.remove({fact.message_id})
    return [Show(fact.message_id, gone.role, "")]
